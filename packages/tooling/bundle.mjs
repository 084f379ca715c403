/**
 * Makes of the command what an installed package is, with all its code in a few files: nothing is resolved and no types are
 * stripped at a start, which then takes a third of the time.
 *
 *     node packages/tooling/bundle.mjs FOLDER
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
import { join } from "node:path"
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
 * Writes the package of the command: `bin`, and `dist` with every module that it loads, those of its dependencies too. One
 * file for what each start needs and some for what a command loads when it is given; source maps beside them.
 *
 * @param {string} folder a new one, in a folder `node_modules`
 */
export const bundle = async (folder) => {
  const build = await rolldown({
    input: { main: join(command, "src/main.ts") },
    cwd: root,
    platform: "node",
    external: [/^node:/],
    plugins: [namesOfUndici],
    onLog: (_level, log) => {
      throw new Error(`bundle: ${log.message}`)
    }
  })
  try {
    await build.write({ dir: join(folder, "dist"), format: "esm", sourcemap: true, chunkFileNames: "[name]-[hash].js" })
  } finally {
    await build.close()
  }
  cpSync(join(command, "bin"), join(folder, "bin"), { recursive: true })
  const { bin, engines, name, type, version } = JSON.parse(readFileSync(join(command, "package.json"), "utf8"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version, type, engines, bin }))
}

/** How long a bundle is kept after a run last asked for it; no run of the tests takes as long. */
const KEPT = 60 * 60_000

const kept = join(root, "node_modules/.scanpoll/command")

const sources = () =>
  globSync(["packages/{*,vendors/*}/{src,bin}/**/*.{ts,js}", "packages/{*,vendors/*}/package.json"], { cwd: root })
    .concat("pnpm-lock.yaml", "packages/tooling/bundle.mjs")
    .toSorted()

/**
 * The program of a bundle of the sources as they are now; what was made of the same sources is taken. Bundles that were not
 * asked for lately are removed.
 *
 * @returns {Promise<{ program: string, compiled: string }>} the path of `scanpoll.js`, and a folder for what Node makes of
 *   its code, to be named in `NODE_COMPILE_CACHE`
 */
export const bundledCommand = async () => {
  const hash = createHash("sha256").update(process.version)
  for (const file of sources()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  const name = hash.digest("hex").slice(0, 16)
  mkdirSync(kept, { recursive: true })
  const now = Date.now()
  for (const other of readdirSync(kept)) {
    const age = now - (statSync(join(kept, other), { throwIfNoEntry: false })?.mtimeMs ?? now)
    if (other !== name && age > KEPT) rmSync(join(kept, other), { recursive: true, force: true })
  }
  const home = join(kept, name)
  if (!existsSync(home)) {
    const work = mkdtempSync(join(kept, ".new-"))
    try {
      await bundle(join(work, "node_modules/scanpoll"))
      renameSync(work, home)
    } catch (error) {
      // Where another run was quicker, its bundle is the same.
      if (!existsSync(home)) throw error
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  utimesSync(home, new Date(now), new Date(now))
  return { program: join(home, "node_modules/scanpoll/bin/scanpoll.js"), compiled: join(home, "compiled") }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) {
    console.error("usage: bundle.mjs FOLDER")
    process.exitCode = 2
  } else await bundle(folder)
}
