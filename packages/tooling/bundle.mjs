/**
 * Programs with all their code in a few files: nothing is resolved and no types are stripped at a start, which then takes a
 * third of the time.
 *
 *     node packages/tooling/bundle.mjs FOLDER      the command, as the package that a user installs
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
import { basename, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

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
 * Writes programs with every module that they load, those of dependencies too: one file for what each of them needs at its
 * start and some for what it loads later, with source maps beside them.
 *
 * @param {Record<string, string>} input the path of each program, by the name that it gets
 * @param {string} dir
 */
const write = async (input, dir) => {
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
    await build.write({ dir, format: "esm", sourcemap: true, chunkFileNames: "[name]-[hash].js" })
  } finally {
    await build.close()
  }
}

/**
 * Writes the package of the command: `bin`, and `dist` with all its code.
 *
 * @param {string} folder a new one, in a folder `node_modules`
 */
export const writeCommand = async (folder) => {
  await write({ main: join(command, "src/main.ts") }, join(folder, "dist"))
  cpSync(join(command, "bin"), join(folder, "bin"), { recursive: true })
  const { bin, engines, name, type, version } = JSON.parse(readFileSync(join(command, "package.json"), "utf8"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version, type, engines, bin }))
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
    .concat("pnpm-lock.yaml", "packages/tooling/bundle.mjs", "packages/tooling/testPrograms.mjs")
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) {
    console.error("usage: bundle.mjs FOLDER")
    process.exitCode = 2
  } else await writeCommand(folder)
}
