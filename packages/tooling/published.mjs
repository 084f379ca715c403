/**
 * The packages that are published, and what each of them offers: read from their sources, never from what an earlier
 * build left behind.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url))

/**
 * - `modules`: what a user may import, such as `engine/Scans`; `index` is left out. Empty where the package is a command.
 *   A package whose `exports` has no `./*` names each of its modules there.
 * - `unstable`: what its siblings may import besides, such as `engine/Keeper`, as `unstable/engine/Keeper`.
 * - `closed`: paths that must not resolve.
 *
 * @typedef {{
 *   name: string, version: string, description: string, folder: string, isCommand: boolean,
 *   modules: ReadonlyArray<string>, unstable: ReadonlyArray<string>, closed: ReadonlyArray<string>
 * }} Published
 */

/**
 * @param {string} [of] another root
 * @returns {ReadonlyArray<Published>} in the order of their names
 */
export const published = (of = root) =>
  globSync("packages/{*,vendors/*}/package.json", { cwd: of })
    .map((file) => ({
      folder: dirname(join(of, file)),
      manifest: JSON.parse(readFileSync(join(of, file), "utf8"))
    }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => {
      const names = globSync("src/**/*.ts", { cwd: folder })
        .map((file) => file.replaceAll("\\", "/").slice("src/".length, -".ts".length))
        .toSorted()
      const isCommand = manifest.bin !== undefined
      const open = names.filter((name) => !isInternal(name) && name !== "index")
      const { exports = {} } = manifest
      /** @param {string} name */
      const isNamed = (name) => exports["./*"] !== undefined || exports[`./${name}`] !== undefined
      const modules = isCommand ? [] : open.filter(isNamed)
      const unstable = exports["./unstable/*"] === undefined ? [] : open.filter((name) => !isNamed(name))
      return {
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        folder,
        isCommand,
        modules,
        unstable,
        closed: [
          "index",
          ...unstable,
          ...names.filter(isInternal),
          ...(unstable.length === 0 ? [] : names.filter(isInternal).map((name) => `unstable/${name}`))
        ]
      }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** @param {string} name of a module */
const isInternal = (name) => /(^|\/)internal\//.test(name)
