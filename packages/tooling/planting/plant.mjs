/**
 * A planted mistake: one search and replacement in the sources, the promise it breaks, and the tests that must turn red.
 *
 * The place is found by its code, in whatever file of the pattern it stands by then, and white space may differ: moving
 * or indenting code does not spoil a plant, changing it does. A plant that fits nowhere or in two places is an error.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * - `id`: the package and a number, such as `journal-07`; never used again for something else.
 * - `promise`: what users are promised, and do not get with the mistake.
 * - `in`: a pattern of files, from the root of the repository.
 * - `find`, `put`: the code that must be there exactly once, and what replaces it.
 * - `more`: further replacements, where one alone would not compile or would be undone by a second guard.
 * - `tests`: test files, from the root; `only`: a part of the titles that are run, where the files are slow.
 * - `survives`: why no test can catch it; whoever finds one that can, deletes this.
 *
 * @typedef {{ in: string, find: string, put: string }} Change
 * @typedef {Change & { id: string, promise: string, tests: ReadonlyArray<string>, only?: string, survives?: string,
 *   more?: ReadonlyArray<Change> }} Plant
 */

/** @param {string} code */
const pattern = (code) =>
  new RegExp(
    code
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("\\s+"),
    "g"
  )

/**
 * The files a plant changes, with their new text; or why it cannot be planted.
 *
 * @param {string} root of the tree that is planted in
 * @param {Plant} plant
 * @returns {ReadonlyMap<string, string> | string}
 */
export const changed = (root, plant) => {
  /** @type {Map<string, string>} */
  const texts = new Map()
  for (const change of [plant, ...(plant.more ?? [])]) {
    const files = globSync(change.in, { cwd: root })
    const wanted = pattern(change.find)
    const hits = files.flatMap((file) => {
      const text = texts.get(file) ?? readFileSync(join(root, file), "utf8")
      return [...text.matchAll(wanted)].map((match) => ({ file, text, match }))
    })
    const [hit] = hits
    if (hit === undefined || hits.length > 1) {
      const where =
        hits.length === 0 ? "nowhere" : `in ${hits.length} places (${hits.map(({ file }) => file).join(", ")})`
      return `its code is found ${where} in ${change.in}: ${change.find.trim().split("\n")[0] ?? ""}`
    }
    const { file, match, text } = hit
    texts.set(file, text.slice(0, match.index) + change.put + text.slice(match.index + match[0].length))
  }
  return texts
}
