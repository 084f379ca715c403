/**
 * YAML or JSON text as a tree in which every value knows where it stands.
 *
 * Reading never throws: whatever the text is, there is a tree or a list of faults, each with a line and a column, both
 * counted from 1. A tree is bounded in size and depth, aliases are resolved within that bound, and keys are plain data: no
 * key of a text can change an object's prototype.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Yaml from "yaml"

/**
 * A place in a text, counted from 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly key: string
  readonly keyAt: Place
  readonly value: Located
}

/**
 * A value and where it stands.
 *
 * @category models
 * @since 0.1.0
 */
export type Located =
  | { readonly _tag: "Map"; readonly at: Place; readonly entries: ReadonlyArray<Entry> }
  | { readonly _tag: "List"; readonly at: Place; readonly items: ReadonlyArray<Located> }
  | { readonly _tag: "Scalar"; readonly at: Place; readonly value: string | number | boolean | null }

/**
 * Something that is wrong at a place.
 *
 * @category models
 * @since 0.1.0
 */
export interface LocatedFault {
  readonly at: Place
  readonly message: string
}

const maxNodes = 200_000
const maxDepth = 64
const maxFaults = 50

// A text that is shorter than this cannot hold too much of anything.
const small = 64 * 1024
// Of a text: its words (names and values), and everything its reader would make a token of, comments and blanks as well.
const maxWords = 2 * maxNodes
const maxTokens = 6 * maxNodes

const words = new Set(["null", "single-quoted-scalar", "double-quoted-scalar", "block-scalar-header", "alias"])
// Marks that the lexer sets and that are not in the text.
const marks = new Set(["doc-mode", "scalar", "flow-error-end"])

const maxWord = 1024 * 1024

const placeIn = (source: string, offset: number): Place => {
  let line = 1
  let start = 0
  for (let end = source.indexOf("\n"); end >= 0 && end < offset; end = source.indexOf("\n", start)) {
    line++
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}

/**
 * What a text has too much of, and where, or null: found before anything is built from it, because the reader of YAML needs
 * minutes for some texts that it refuses in the end. Ask it before `parse`.
 *
 * @category guards
 * @since 0.2.0
 */
export const excess = (source: string): LocatedFault | null => {
  if (source.length <= small) return null
  const fault = (message: string): LocatedFault => ({ at: placeIn(source, at), message })
  let at = 0
  let tokens = 0
  let count = 0
  let flow = 0
  // Lists and maps that begin on one line: `- - - a`.
  let begun = 0
  for (const token of new Yaml.Lexer().lex(source)) {
    const type = Yaml.CST.tokenType(token) ?? "null"
    if (marks.has(type)) continue
    if (words.has(type)) count++
    else if (type === "flow-map-start" || type === "flow-seq-start") flow++
    else if (type === "flow-map-end" || type === "flow-seq-end") flow--
    else if (type === "newline") begun = 0
    else if (type === "seq-item-ind" || type === "explicit-key-ind" || (type === "map-value-ind" && flow <= 0)) begun++
    if (flow > maxDepth || begun > maxDepth) return fault(`nested deeper than ${maxDepth} levels`)
    if (count > maxWords) return fault(`more than ${maxNodes} values`)
    if (++tokens > maxTokens) return fault(`more than ${maxTokens} words, signs and blanks`)
    if (token.length > maxWord) return fault(`a text of more than ${maxWord} characters`)
    at += token.length
  }
  return null
}

const sentence = (text: string): string => text.split("\n", 1)[0]?.trim() ?? ""

/**
 * Reads a text. A text that holds nothing is a scalar null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Located, ReadonlyArray<LocatedFault>> => {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const lines = new Yaml.LineCounter()
  const placeOf = (offset: number): Place => {
    const { col, line } = lines.linePos(Math.max(0, Math.min(offset, source.length)))
    return line === 0 ? { line: 1, column: 1 } : { line, column: col }
  }
  let document: Yaml.Document.Parsed
  const { stackTraceLimit } = Error
  try {
    // A text may have a fault in each of its lines, and nobody reads where in the reader each was found.
    Error.stackTraceLimit = 0
    document = Yaml.parseDocument(source, {
      lineCounter: lines,
      prettyErrors: false,
      // Its own check compares every key with every other.
      uniqueKeys: false,
      stringKeys: true,
      resolveKnownTags: false,
      logLevel: "error"
    })
  } catch (error) {
    const why = error instanceof Error ? sentence(error.message) : "not YAML or JSON"
    return Result.fail([{ at: { line: 1, column: 1 }, message: `cannot be read: ${why}` }])
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  const broken = [...document.errors, ...document.warnings]
  // The parser itself gave up on the depth, in words that are no one's business.
  const tooDeep = broken.find((error) => /call stack|stack overflow/i.test(error.message))
  if (tooDeep !== undefined) {
    return Result.fail([{ at: placeOf(tooDeep.pos[0]), message: `nested deeper than ${maxDepth} levels` }])
  }
  if (broken.length > 0) {
    return Result.fail(
      broken.slice(0, maxFaults).map((error) => ({ at: placeOf(error.pos[0]), message: wordsOf(error) }))
    )
  }
  return treeOf(document.contents, placeOf)
}

class Unreadable extends Error {
  readonly at: Place
  constructor(at: Place, message: string) {
    super(message)
    this.at = at
  }
}

// The values of a document with their places. Its size is bounded on the way, because an alias repeats all it stands for.
const treeOf = (
  contents: unknown,
  placeOf: (offset: number) => Place
): Result.Result<Located, ReadonlyArray<LocatedFault>> => {
  let nodes = 0
  const twice: Array<LocatedFault> = []
  // An alias means the last node before it that has its name. The reader's own look-up reads the whole document each time.
  const anchors = new Map<string, unknown>()
  let resolving = 0
  const name = (node: unknown): void => {
    if (resolving === 0 && Yaml.isNode(node) && "anchor" in node && typeof node.anchor === "string") {
      anchors.set(node.anchor, node)
    }
  }
  const walk = (node: unknown, at: Place, depth: number): Located => {
    name(node)
    if (++nodes > maxNodes) throw new Unreadable(at, `more than ${maxNodes} values`)
    if (depth > maxDepth) throw new Unreadable(at, `nested deeper than ${maxDepth} levels`)
    if (Yaml.isAlias(node)) {
      const here = node.range ? placeOf(node.range[0]) : at
      const target = anchors.get(node.source)
      if (target === undefined) throw new Unreadable(here, `there is no anchor &${node.source} before this`)
      resolving++
      const found = walk(target, here, depth + 1)
      resolving--
      return found
    }
    const here = Yaml.isNode(node) && node.range ? placeOf(node.range[0]) : at
    if (Yaml.isMap(node)) {
      const keys = new Set<string>()
      return {
        _tag: "Map",
        at: here,
        entries: node.items.map((pair) => {
          name(pair.key)
          const keyAt = Yaml.isNode(pair.key) && pair.key.range ? placeOf(pair.key.range[0]) : here
          const key = keyOf(pair.key)
          if (keys.has(key) && twice.length < maxFaults) {
            twice.push({ at: keyAt, message: `the key ${quotedKey(key)} is there twice` })
          }
          keys.add(key)
          return { key, keyAt, value: walk(pair.value, keyAt, depth + 1) }
        })
      }
    }
    if (Yaml.isSeq(node)) {
      return { _tag: "List", at: here, items: node.items.map((item) => walk(item, here, depth + 1)) }
    }
    return { _tag: "Scalar", at: here, value: Yaml.isScalar(node) ? scalarOf(node.value) : null }
  }
  try {
    const tree = walk(contents, { line: 1, column: 1 }, 0)
    return twice.length === 0 ? Result.succeed(tree) : Result.fail(twice)
  } catch (error) {
    const at = error instanceof Unreadable ? error.at : { line: 1, column: 1 }
    return Result.fail([{ at, message: error instanceof Error ? sentence(error.message) : "cannot be read" }])
  }
}

const quotedKey = (key: string): string => (/^[^\s:,{}[\]"']{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60)))

const wordsOf = (error: Yaml.YAMLError): string => {
  if (error.code === "MULTIPLE_DOCS") return "there is a second document; one file holds one plan"
  return sentence(error.message)
}

const scalarOf = (value: unknown): string | number | boolean | null =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null

const keyOf = (key: unknown): string => {
  const value = Yaml.isScalar(key) ? key.value : key
  return typeof value === "string" ? value : String(value)
}

/**
 * The plain value of a tree.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toPlain = (located: Located): unknown => {
  switch (located._tag) {
    case "Scalar":
      return located.value
    case "List":
      return located.items.map(toPlain)
    case "Map": {
      // A null prototype: `__proto__` is a key like any other.
      const out: Record<string, unknown> = Object.create(null)
      for (const entry of located.entries) out[entry.key] = toPlain(entry.value)
      return out
    }
  }
}

/**
 * The value under a key, or null.
 *
 * @category destructors
 * @since 0.1.0
 */
export const get = (located: Located, key: string): Entry | null =>
  located._tag === "Map" ? (located.entries.find((entry) => entry.key === key) ?? null) : null

/**
 * Where a path leads, as far as it exists: the key of its last existing step.
 *
 * @category destructors
 * @since 0.1.0
 */
export const placeAt = (located: Located, path: ReadonlyArray<PropertyKey>): Place => {
  let at = located.at
  let here: Located | undefined = located
  for (const step of path) {
    if (here._tag === "Map") {
      const entry: Entry | null = get(here, String(step))
      if (entry === null) return at
      at = entry.keyAt
      here = entry.value
    } else if (here._tag === "List") {
      here = here.items[Number(step)]
      if (here === undefined) return at
      at = here.at
    } else {
      return at
    }
  }
  return at
}

/**
 * What a value is, in words for a message.
 *
 * @category destructors
 * @since 0.1.0
 */
export const describe = (located: Located): string => {
  switch (located._tag) {
    case "Map":
      return "a map"
    case "List":
      return "a list"
    case "Scalar":
      return located.value === null
        ? "nothing"
        : `the ${typeof located.value === "string" ? "text" : typeof located.value} ${brief(located.value)}`
  }
}

const brief = (value: string | number | boolean): string => {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
