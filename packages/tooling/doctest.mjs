/**
 * Turns the checks of an example into code: `expr // => value` and `console.log(...) // => text`, behind a statement.
 */
import { parseSync } from "oxc-parser"

/**
 * @typedef {{ readonly type: string, readonly start: number, readonly end: number, readonly [key: string]: unknown }} Node
 */

/**
 * @param {unknown} value
 * @returns {value is Node}
 */
const isNode = (value) =>
  typeof value === "object" && value !== null && "type" in value && "start" in value && "end" in value

/**
 * The innermost statement that ends at one of these places, by place.
 *
 * @param {Node} node
 * @param {(end: number) => number | undefined} placeOf
 * @param {Map<number, Node>} found
 */
const statements = (node, placeOf, found) => {
  if (node.type === "ExpressionStatement" || node.type === "VariableDeclaration") {
    const place = placeOf(node.end)
    if (place !== undefined) found.set(place, node)
  }
  for (const child of Object.values(node)) {
    for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) statements(one, placeOf, found)
  }
}

/**
 * The code with its checks, and the lines they stand on. `support` is the module that has `is` and `says`; `name` tells
 * the examples of a process apart.
 *
 * @param {string} name
 * @param {string} code
 * @param {string} support
 * @returns {{ readonly code: string, readonly lines: ReadonlyArray<number> }}
 */
export const withChecks = (name, code, support) => {
  const { comments, errors, program } = parseSync("example.ts", code, { sourceType: "module", range: true })
  const [error] = errors
  if (error !== undefined) throw new Error(`${name}: ${error.message}`)
  /** @param {number} at */
  const lineOf = (at) => code.slice(0, at).split("\n").length
  const checks = comments.filter(({ type, value }) => type === "Line" && value.startsWith(" => "))
  const ends = new Map(checks.map((check) => [code.slice(0, check.start).trimEnd().length, check.start]))
  /** @type {Map<number, Node>} */
  const found = new Map()
  if (isNode(program)) statements(program, (end) => ends.get(end), found)

  let out = code
  for (const check of checks.toReversed()) {
    const line = lineOf(check.start)
    const node = found.get(check.start)
    if (node === undefined)
      throw new Error(`${name}: line ${line}: a check stands behind a statement, on its last line`)
    const text = code.slice(node.start, node.end)
    const value = check.value.slice(" => ".length).trim()
    const at = `${JSON.stringify(name)}, ${line}`
    const printed = /^console\.log\(([\s\S]*)\)$/.exec(text)?.[1]
    const lazily = `() => (${value})`
    let replaced
    if (printed !== undefined) replaced = `;__says(${at}, ${JSON.stringify(value)}, ${printed})`
    else if (node.type === "ExpressionStatement") replaced = `;__is(${at}, (${text}), ${lazily})`
    else {
      const [bound] = /^(?:const|let) (\w+)/.exec(text)?.slice(1) ?? []
      if (bound === undefined) throw new Error(`${name}: line ${line}: a check of a declaration needs one name`)
      replaced = `${text};__is(${at}, ${bound}, ${lazily})`
    }
    out = out.slice(0, node.start) + replaced + out.slice(node.end)
  }
  return {
    code: checks.length === 0 ? out : `${out}import { is as __is, says as __says } from ${JSON.stringify(support)}\n`,
    lines: checks.map((check) => lineOf(check.start))
  }
}
