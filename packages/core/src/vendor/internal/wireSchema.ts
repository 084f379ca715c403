// What the rules of reading need to know of a schema, found by walking its AST: which nulls are dropped, and what may be
// left out in the place of an error.
import type * as SchemaAST from "effect/SchemaAST"
import * as WireFields from "../../http/WireFields.ts"

/**
 * Annotations of the combinators in `Wire`. `words` says for people what a value is: "a text". What a value is cut to
 * (`max`, `last`) or made into (`plain`) is done before it is decoded: transformations of schemas cost far more.
 */
export const annotation = {
  words: "wireWords",
  max: "wireMax",
  plain: "wirePlain",
  endless: "wireEndless",
  sieve: "wireSieve",
  last: "wireLast",
  decides: "wireDecides"
} as const

export type Path = ReadonlyArray<PropertyKey>

/** The AST on the side of the wire. */
const wireSide = (ast: SchemaAST.AST): SchemaAST.AST => {
  const link = ast.encoding?.at(-1)
  return link === undefined ? ast : wireSide(link.to)
}

const kinds: Partial<Record<SchemaAST.AST["_tag"], string>> = {
  String: "a text",
  Number: "a number",
  Boolean: "true or false",
  Arrays: "a list",
  Objects: "an object",
  Null: "null"
}

/** What a value should have been, for people. */
export const wordsOf = (ast: SchemaAST.AST): string => {
  const own = ast.annotations?.[annotation.words] ?? ast.annotations?.["expected"]
  if (typeof own === "string") return own
  if (ast._tag === "Literal") return JSON.stringify(ast.literal)
  const [first, ...others] = ast._tag === "Union" ? ast.types.filter(({ _tag }) => _tag !== "Null") : []
  if (first !== undefined && others.length === 0) return wordsOf(first)
  if (ast._tag === "Union" && ast.types.every((type) => type._tag === "Literal")) {
    return `one of ${ast.types.map((type) => (type._tag === "Literal" ? String(type.literal) : "")).join(", ")}`
  }
  return kinds[ast._tag] ?? "as documented"
}

/**
 * How many steps of `path` lead to the innermost thing that may be left out: an optional key, an entry of a record or of
 * a sieve. 0 when nothing may. `isNull`: there is nothing at the end of the path.
 */
export const leavable = (root: SchemaAST.AST, path: Path, isNull: boolean): number => {
  let best = 0
  let decided = 0
  const walk = (ast: SchemaAST.AST, at: number): void => {
    if (ast.encoding !== undefined) visit(wireSide(ast), at)
    visit(ast, at)
  }
  const visit = (node: SchemaAST.AST, at: number): void => {
    const step = path[at]
    if (step === undefined) return
    if (node._tag === "Union") {
      for (const type of node.types) walk(type, at)
    } else if (node._tag === "Arrays") {
      if (node.annotations?.[annotation.sieve] === true) best = Math.max(best, at + 1)
      const inner = node.elements[Number(step)] ?? node.rest[0]
      if (inner !== undefined) walk(inner, at + 1)
    } else if (node._tag === "Objects") {
      const known = node.propertySignatures.find((signature) => signature.name === step)
      if (known === undefined) {
        const entry = node.indexSignatures[0]
        if (entry === undefined) return
        best = Math.max(best, at + 1)
        walk(entry.type, at + 1)
        return
      }
      const { context } = known.type
      // Null is absent, also for a field that decides. A wrong one is not hidden by leaving out what is around it.
      const decides = context?.annotations?.[annotation.decides] === true && !(isNull && at + 1 === path.length)
      if (decides) decided = Math.max(decided, at + 1)
      else if (context?.isOptional === true) best = Math.max(best, at + 1)
      walk(known.type, at + 1)
    }
  }
  walk(root, 0)
  return best > decided ? best : 0
}

export const takesNull = (ast: SchemaAST.AST): boolean =>
  ast.annotations?.[annotation.plain] === true ||
  ast._tag === "Null" ||
  ast._tag === "Unknown" ||
  (ast._tag === "Union" && ast.types.some(takesNull))

/** What was odd about a value that was made ready to be read. `endless`: it held a number that JSON cannot carry. */
export interface Notes {
  endless: boolean
}

/** Makes one value ready to be read; gives the same value back where nothing is to be done. */
export type Tidy = (value: unknown, notes: Notes) => unknown

const asIs: Tidy = (value) => value

const listTidier = (list: SchemaAST.Arrays, max: unknown): Tidy => {
  const [rest] = list.rest
  const entry = rest === undefined || list.elements.length > 0 ? asIs : tidier(rest)
  if (entry === asIs && typeof max !== "number") return asIs
  return (value, notes) => {
    if (!Array.isArray(value)) return value
    let out: Array<unknown> | null = typeof max === "number" && value.length > max ? value.slice(-max) : null
    const all: ReadonlyArray<unknown> = out ?? value
    if (entry === asIs) return all
    for (let index = 0; index < all.length; index++) {
      const next = entry(all[index], notes)
      if (next !== all[index]) (out ??= all.slice())[index] = next
    }
    return out ?? value
  }
}

/** Deeper than any answer that gets here; a bound for callers with an HTTP layer of their own. */
export const deepest = 100

/** Plain JSON: endless numbers, and what JSON does not have, become null. */
const plain = (value: unknown, notes: Notes, depth = 0): unknown => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value
    notes.endless = true
    return null
  }
  if (typeof value !== "object" || depth >= deepest) return null
  if (Array.isArray(value)) {
    const all = value.map((entry) => plain(entry, notes, depth + 1))
    return all.some((entry, index) => entry !== value[index]) ? all : value
  }
  const entries = Object.entries(value)
  const all = entries.map(([name, inner]) => [name, plain(inner, notes, depth + 1)] as const)
  return all.some(([, inner], index) => inner !== entries[index]?.[1]) ? Object.fromEntries(all) : value
}

const structTidier = (node: SchemaAST.Objects): Tidy => {
  const known = new Set(node.propertySignatures.map(({ name }) => name))
  const fields = node.propertySignatures.flatMap(({ name, type }) => {
    const inner = type.annotations?.[annotation.endless] === true ? plain : tidier(type)
    const optional = type.context?.isOptional === true && !takesNull(type)
    return typeof name === "string" && (optional || inner !== asIs) ? [{ name, optional, inner }] : []
  })
  const [others] = node.indexSignatures
  const rest = others === undefined ? asIs : tidier(others.type)
  if (fields.length === 0 && rest === asIs) return asIs
  return (value, notes) => {
    if (!WireFields.isRecord(value)) return value
    // Collected first, so that what stays the same is not copied.
    let changes: Map<string, unknown> | null = null
    for (const { inner, name, optional } of fields) {
      if (!Object.hasOwn(value, name)) continue
      const old = value[name]
      const tidied = inner(old, notes)
      const next = optional && tidied === null ? undefined : tidied
      if (next !== old) (changes ??= new Map()).set(name, next)
    }
    if (rest !== asIs) {
      for (const name of Object.keys(value)) {
        if (known.has(name)) continue
        const next = rest(value[name], notes)
        if (next !== value[name]) (changes ??= new Map()).set(name, next)
      }
    }
    if (changes === null) return value
    const changed = changes
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, old]) => {
        const next = changed.has(name) ? changed.get(name) : old
        return next === undefined ? [] : [[name, next]]
      })
    )
  }
}

/** A value or null is made ready as the value is; where there are several kinds of it, none is. */
const nullableTidier = ({ types }: SchemaAST.Union): Tidy => {
  const [type, ...others] = types.filter(({ _tag }) => _tag !== "Null")
  const inner = type === undefined || others.length > 0 ? asIs : tidier(type)
  return inner === asIs ? asIs : (value, notes) => (value === null ? value : inner(value, notes))
}

/**
 * Takes the nulls out of optional fields, and cuts long texts and lists. Made once for a schema. What stays the same is
 * not copied.
 */
export const tidier = (ast: SchemaAST.AST): Tidy => {
  if (ast.annotations?.[annotation.plain] === true) return (value, notes) => plain(value, notes)
  const node = wireSide(ast)
  if (node._tag === "Arrays") return listTidier(node, ast.annotations?.[annotation.last])
  if (node._tag === "Objects") return structTidier(node)
  if (node._tag === "Union") return nullableTidier(node)
  const max = node.annotations?.[annotation.max]
  if (node._tag !== "String" || typeof max !== "number") return asIs
  return (value) => (typeof value === "string" ? WireFields.cut(value, max) : value)
}

/** The value at a path of own fields; undefined where there is none. */
export const at = (value: unknown, path: Path): unknown => {
  let here: unknown = value
  for (const step of path) {
    if (Array.isArray(here)) here = typeof step === "number" ? here[step] : undefined
    else if (WireFields.isRecord(here) && typeof step === "string" && Object.hasOwn(here, step)) here = here[step]
    else return undefined
  }
  return here
}

/** What is to be left out of a value: names (or indices) here, and deeper. */
export interface Cuts {
  readonly leave: Set<string>
  readonly into: Map<string, Cuts>
}

export const cuts = (): Cuts => ({ leave: new Set(), into: new Map() })

/** Notes that the end of a path is to be left out; false where it was noted before. */
export const cut = (all: Cuts, path: Path): boolean => {
  let here = all
  for (const step of path.slice(0, -1)) {
    const next = here.into.get(String(step)) ?? cuts()
    here.into.set(String(step), next)
    here = next
  }
  const key = String(path.at(-1))
  const fresh = !here.leave.has(key)
  here.leave.add(key)
  return fresh
}

/** The value without what is to be left out; only what changes is copied. */
export const without = (value: unknown, { into, leave }: Cuts): unknown => {
  const keep = ([name, inner]: readonly [string, unknown]): ReadonlyArray<readonly [string, unknown]> => {
    if (leave.has(name)) return []
    const deeper = into.get(name)
    return [[name, deeper === undefined ? inner : without(inner, deeper)]]
  }
  if (Array.isArray(value)) return value.flatMap((inner, index) => keep([String(index), inner]).map(([, kept]) => kept))
  return WireFields.isRecord(value) ? Object.fromEntries(Object.entries(value).flatMap(keep)) : value
}
