/**
 * Programs with all their code in a few files: nothing is resolved and no types are stripped at a start, which then takes a
 * third of the time.
 */
import { createHash } from "node:crypto"
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join, relative, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import { licencesOf, packagesOf } from "./bundled.mjs"

/**
 * @import { CodeSplittingGroup, OutputOptions } from "rolldown"
 * @import { Bundled } from "./bundled.mjs"
 */

const root = fileURLToPath(new URL("../../", import.meta.url))
const command = join(root, "packages/cli")

// The platform re-exports all of a CommonJS module whose names nobody knows before it runs, and imports it later: such an
// import would find no names in a bundle.
const namesOfUndici = {
  name: "names of undici",
  /** @param {string} id */
  load: (id) => {
    if (!/[\\/]platform-node[\\/]dist[\\/]Undici\.js$/.test(id)) return null
    const names = Object.keys(createRequire(id)("undici")).filter((name) => name !== "default")
    return `export { default, ${names.join(", ")} } from "undici"`
  }
}

/**
 * Writes programs with every module that they load, those of dependencies too, with source maps beside them.
 *
 * @param {Record<string, string>} input the path of each program, by the name that it gets
 * @param {string} dir
 * @param {OutputOptions} [options]
 * @returns {Promise<ReadonlyArray<string>>} the files whose code is in it
 */
const write = async (input, dir, options = {}) => {
  const build = await rolldown({
    input,
    cwd: root,
    platform: "node",
    external: [/^node:/],
    plugins: [namesOfUndici],
    onLog: (_level, log) => {
      throw new Error(`bundle: ${log.message}`)
    }
  })
  try {
    const { output } = await build.write({
      dir,
      format: "esm",
      sourcemap: true,
      // As paths of the repository: the folder of the build stays private.
      sourcemapPathTransform: (source, map) => relative(root, resolve(dirname(map), source)).replaceAll("\\", "/"),
      chunkFileNames: "[name]-[hash].js",
      ...options
    })
    return output.flatMap((one) => (one.type === "chunk" ? one.moduleIds : [])).toSorted()
  } finally {
    await build.close()
  }
}

// A start opens few files: what every command loads, what all that know vendors load besides, and what a run loads besides.
// Each takes what its modules import, so no file needs one that comes later.
/** @type {Array<CodeSplittingGroup>} */
const parts = [
  { name: "start", tags: ["$initial"], priority: 3 },
  { name: "vendors", test: /[\\/]cli[\\/]src[\\/](?:vendors[\\/]Shipped|commands[\\/]VendorList)\.ts$/, priority: 2 },
  { name: "run", test: /[\\/]cli[\\/]src[\\/](?:vendors[\\/]Http|commands[\\/]Run)\.ts$/, priority: 1 }
]

// What the manifest of the published package repeats of the source's. It asks for no package: all code is in it.
const repeated = ["name", "version", "description", "license", "keywords", "homepage", "bugs", "repository", "type"]

/**
 * Writes the package of the command, as it is published: `bin`, and `dist` with all its code, readable and without comments.
 *
 * @param {string} folder a new one; in a folder `node_modules` it runs as if it were installed
 * @returns {Promise<ReadonlyArray<Bundled>>} the packages whose code is in it
 */
export const writeCommand = async (folder) => {
  const files = await write({ main: join(command, "src/main.ts") }, join(folder, "dist"), {
    comments: { legal: true, annotation: false, jsdoc: false },
    codeSplitting: { groups: parts },
    sourcemapExcludeSources: true
  })
  const bundled = packagesOf(files)
  for (const name of ["bin", "plan.schema.json", "README.md"]) {
    cpSync(join(command, name), join(folder, name), { recursive: true })
  }
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"))
  writeFileSync(join(folder, "THIRD-PARTY-LICENSES.txt"), licencesOf(bundled))
  const source = JSON.parse(readFileSync(join(command, "package.json"), "utf8"))
  const { access, exports, provenance } = source.publishConfig
  const manifest = {
    ...Object.fromEntries(repeated.map((key) => [key, source[key]])),
    engines: source.engines,
    bin: source.bin,
    files: ["bin", "dist", "plan.schema.json", "sbom.cdx.json", "THIRD-PARTY-LICENSES.txt"],
    exports,
    publishConfig: { access, provenance }
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`)
  return bundled
}

/**
 * Writes programs of tests into a folder: `support/worker.ts` becomes `worker.js`.
 *
 * @param {ReadonlyArray<string>} programs their paths in the repository
 * @param {string} folder a new one
 */
export const writePrograms = async (programs, folder) => {
  const input = programs.map((path) => [basename(path, ".ts"), join(root, path)])
  await write(Object.fromEntries(input), folder)
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
}

/** How long a bundle is kept after a run last asked for it; no run of the tests takes as long. */
const KEPT = 60 * 60_000

const shelf = join(root, "node_modules/.scanpoll/bundles")

const sources = () =>
  globSync(["packages/{*,vendors/*}/{src,bin,test}/**/*.{ts,js}", "packages/{*,vendors/*}/package.json"], { cwd: root })
    .filter((file) => !file.endsWith(".test.ts"))
    .concat("pnpm-lock.yaml", ...["bundle", "bundled", "testPrograms"].map((name) => `packages/tooling/${name}.mjs`))
    .toSorted()

/**
 * A folder with bundles of the sources as they are now; what was made of the same sources is taken. Those that were not asked
 * for lately are removed.
 *
 * @param {(folder: string) => Promise<void>} make
 * @returns {Promise<string>}
 */
export const kept = async (make) => {
  const hash = createHash("sha256").update(process.version)
  for (const file of sources()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  const name = hash.digest("hex").slice(0, 16)
  mkdirSync(shelf, { recursive: true })
  const now = Date.now()
  for (const other of readdirSync(shelf)) {
    const age = now - (statSync(join(shelf, other), { throwIfNoEntry: false })?.mtimeMs ?? now)
    if (other !== name && age > KEPT) rmSync(join(shelf, other), { recursive: true, force: true })
  }
  const home = join(shelf, name)
  if (!existsSync(home)) {
    const work = mkdtempSync(join(shelf, ".new-"))
    try {
      await make(work)
      renameSync(work, home)
    } catch (error) {
      // Where another run was quicker, its bundle is the same.
      if (!existsSync(home)) throw error
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  utimesSync(home, new Date(now), new Date(now))
  return home
}
