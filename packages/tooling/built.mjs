/**
 * Before a library is packed: is every module of its sources in `dist`? The type check writes that folder, and without it a
 * tarball installs and has nothing to import. The `prepack` of each library runs it in the library's folder.
 *
 *     node packages/tooling/built.mjs      0 where all is built; else 1, in words
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

/**
 * The modules below a folder, by the end of their files' names. Node 20 runs this, too, which has no `globSync`.
 *
 * @param {string} folder
 * @param {string} ending
 */
const modules = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(ending))
        .map((file) => file.replaceAll("\\", "/").slice(0, -ending.length))
    : []

/**
 * What `dist` lacks of the sources, and what it has besides.
 *
 * @param {string} folder of a package
 */
export const buildOf = (folder) => {
  const wanted = modules(join(folder, "src"), ".ts")
  const dist = join(folder, "dist")
  const built = modules(dist, ".js")
  const typed = new Set(modules(dist, ".d.ts"))
  return {
    missing: wanted.filter((name) => !built.includes(name) || !typed.has(name)),
    surplus: built.filter((name) => !wanted.includes(name))
  }
}

/**
 * @param {string} name of a package
 * @param {ReadonlyArray<string>} missing
 */
export const notBuilt = (name, missing) =>
  `${name} is not built: dist lacks ${missing[0]}${missing.length > 1 ? ` and ${missing.length - 1} more` : ""}. Run \`npm run check\` first, which builds it`

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.cwd()
  const { missing } = buildOf(folder)
  if (missing.length > 0) {
    console.error(notBuilt(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name, missing))
    process.exitCode = 1
  }
}
