/**
 * The packages whose code a bundle holds, with their licences: what the published command's bill of materials and its file of
 * licences list.
 */
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"

/**
 * - `folder`: where it is installed here.
 * - `licence`: what its manifest says, an SPDX expression.
 *
 * @typedef {{ name: string, version: string, licence: string, folder: string }} Bundled
 */

/**
 * @param {string} file a module
 * @returns {Bundled | undefined} the package that it is of
 */
const packageOf = (file) => {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    const manifest = join(folder, "package.json")
    if (!existsSync(manifest)) continue
    const { license, name, version } = JSON.parse(readFileSync(manifest, "utf8"))
    // A manifest in a folder of a package, which says of which kind its modules are.
    if (name === undefined || version === undefined) continue
    return { name, version, licence: typeof license === "string" ? license : "", folder }
  }
  return undefined
}

// Its build holds the code of what it depends on.
const within = new Map([["junit-report-builder", ["lodash", "make-dir", "semver", "xmlbuilder"]]])

/**
 * The packages that are part of the build of another one, found as that one would.
 *
 * @param {Bundled} one
 * @returns {ReadonlyArray<Bundled>}
 */
const inside = (one) => {
  let from = one.folder
  return (within.get(one.name) ?? []).map((name) => {
    // One may be a dependency of the one before it.
    const found = [one.folder, from].flatMap((folder) => {
      const path = join(realpathSync(folder), name.startsWith("@") ? "../.." : "..", name, "package.json")
      return existsSync(path) ? [path] : []
    })[0]
    const held = found === undefined ? undefined : packageOf(realpathSync(found))
    if (held === undefined) throw new Error(`${name}, whose code is in ${one.name}, is not installed`)
    from = held.folder
    return held
  })
}

/**
 * The packages of modules, each once, in the order of their names, with those that are part of another one's build.
 *
 * @param {ReadonlyArray<string>} files as a bundler names them
 * @returns {ReadonlyArray<Bundled>}
 */
export const packagesOf = (files) => {
  /** @type {Map<string, Bundled>} */
  const found = new Map()
  for (const file of files) {
    const path = file.replace(/^\0/, "").replace(/\?.*$/s, "")
    const one = existsSync(path) ? packageOf(path) : undefined
    if (one === undefined || found.has(`${one.name}@${one.version}`)) continue
    for (const part of [one, ...inside(one)]) found.set(`${part.name}@${part.version}`, part)
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** @param {Bundled} one */
const isOurs = (one) => one.name === "scanpoll" || one.name.startsWith("@scanpoll/")

/** @param {Bundled} one */
const textsOf = (one) =>
  readdirSync(one.folder)
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    .toSorted()
    .map((name) => readFileSync(join(one.folder, name), "utf8").trim())

/**
 * What the licences of these packages ask to be passed on: each name, version and licence, and the text. A package that names no
 * licence is an error: nobody may pass it on.
 *
 * @param {ReadonlyArray<Bundled>} packages
 */
export const licencesOf = (packages) => {
  const others = packages.filter((one) => !isOurs(one))
  const bare = others.filter((one) => one.licence === "").map((one) => one.name)
  if (bare.length > 0) throw new Error(`these packages name no licence: ${bare.join(", ")}`)
  const parts = others.map((one) => [`${one.name} ${one.version}, ${one.licence}`, ...textsOf(one)].join("\n\n"))
  const line = "-".repeat(80)
  return `scanpoll holds code of these packages, under their own licences.\n\n${line}\n${parts.join(`\n\n${line}\n`)}\n`
}
