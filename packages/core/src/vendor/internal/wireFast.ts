// Reads an answer in which everything is as documented, in one walk that is made once for a schema. Nearly all answers are
// such, and a decoder that can say what is wrong costs twice as much. Whatever is odd is left to that decoder.
import type * as SchemaAST from "effect/SchemaAST"
import * as WireFields from "../../http/WireFields.ts"
import { annotation, deepest, takesNull } from "./wireSchema.ts"

/** Something is not as documented, or not for this walk to judge. */
export const odd = Symbol("odd")

type Walk = (value: unknown) => unknown

const options = {}

const passes = (check: SchemaAST.Checks[number], value: unknown, ast: SchemaAST.AST): boolean =>
  check._tag === "Filter"
    ? check.run(value, ast, options) === undefined
    : check.checks.every((inner) => passes(inner, value, ast))

const checked = (ast: SchemaAST.AST, walk: Walk): Walk => {
  const { checks } = ast
  if (checks === undefined) return walk
  return (value) => {
    const made = walk(value)
    return made === odd || checks.every((check) => passes(check, made, ast)) ? made : odd
  }
}

const isJson = (value: unknown, depth = 0): boolean => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true
  if (typeof value === "number") return Number.isFinite(value)
  if (depth >= deepest) return false
  if (Array.isArray(value)) return value.every((entry) => isJson(entry, depth + 1))
  return WireFields.isRecord(value) && Object.keys(value).every((name) => isJson(value[name], depth + 1))
}

const json: Walk = (value) => (isJson(value) ? value : odd)

const typed =
  (type: "string" | "number" | "boolean"): Walk =>
  (value) =>
    typeof value === type ? value : odd

// The reading of whatever is odd leaves an endless number out, and says so.
const finite: Walk = (value) => (typeof value === "number" && Number.isFinite(value) ? value : odd)

const text = (max: unknown): Walk =>
  typeof max === "number" ? (value) => (typeof value === "string" ? WireFields.cut(value, max) : odd) : typed("string")

const same =
  (one: unknown): Walk =>
  (value) =>
    value === one ? value : odd

const list = ({ elements, rest }: SchemaAST.Arrays, max: unknown): Walk | null => {
  const [type, ...more] = rest
  const entry = type === undefined || more.length > 0 || elements.length > 0 ? null : walkOf(type)
  if (entry === null) return null
  return (value) => {
    if (!Array.isArray(value)) return odd
    const all: ReadonlyArray<unknown> = typeof max === "number" && value.length > max ? value.slice(-max) : value
    const out: Array<unknown> = []
    for (const one of all) {
      const made = entry(one)
      if (made === odd) return odd
      out.push(made)
    }
    return out
  }
}

interface Field {
  readonly name: string
  readonly isOptional: boolean
  /** Null is absent. */
  readonly drops: boolean
  /** What passes is JSON. */
  readonly isJson: boolean
  readonly walk: Walk
}

const isPlain = (ast: SchemaAST.AST): boolean => ast.annotations?.[annotation.plain] === true

/** Whether all that a schema takes is JSON. A number may be endless. */
const takesJson = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "String":
    case "Boolean":
    case "Null":
    case "Literal":
      return true
    case "Arrays":
      return ast.rest.every(takesJson)
    case "Objects":
      return ast.indexSignatures.some(({ type }) => isPlain(type))
    case "Union":
      return ast.types.every(takesJson)
    default:
      return isPlain(ast)
  }
}

const fieldOf = ({ name, type }: SchemaAST.PropertySignature): Field | null => {
  const walk = walkOf(type)
  if (walk === null || typeof name !== "string" || name === "__proto__") return null
  const isOptional = type.context?.isOptional === true
  return { name, isOptional, drops: isOptional && !takesNull(type), isJson: takesJson(type), walk }
}

const object = ({ encodingChecks, indexSignatures, propertySignatures }: SchemaAST.Objects): Walk | null => {
  const fields = propertySignatures.flatMap((signature) => fieldOf(signature) ?? [])
  const [others, ...more] = indexSignatures
  const rest = others === undefined ? null : walkOf(others.type)
  const isUsual =
    encodingChecks === undefined &&
    fields.length === propertySignatures.length &&
    more.length === 0 &&
    (others === undefined
      ? fields.length > 0
      : rest !== null && others.parameter._tag === "String" && others.parameter.checks === undefined)
  if (!isUsual) return null
  const known = new Set(fields.map(({ name }) => name))
  const restIsPlain = others !== undefined && isPlain(others.type)
  return (value) => {
    if (!WireFields.isRecord(value)) return odd
    const out: Record<string, unknown> = {}
    for (const { drops, isJson, isOptional, name, walk } of fields) {
      if (!Object.hasOwn(value, name)) {
        if (isOptional) continue
        return odd
      }
      const old = value[name]
      if (drops && old === null) continue
      const made = walk(old)
      if (made === odd) return odd
      // The schema of further fields is that of the known ones as well.
      if (rest !== null && !(restIsPlain && isJson) && rest(old) === odd) return odd
      out[name] = made
    }
    if (rest === null) return out
    for (const name of Object.keys(value)) {
      if (known.has(name)) continue
      // An assignment would change the prototype.
      const made = name === "__proto__" ? odd : rest(value[name])
      if (made === odd) return odd
      out[name] = made
    }
    return out
  }
}

const isPrimitive = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Literal" ||
  ast._tag === "Number" ||
  ast._tag === "Boolean" ||
  ast._tag === "Undefined" ||
  (ast._tag === "String" && ast.annotations?.[annotation.max] === undefined)

const union = ({ encodingChecks, options, types }: SchemaAST.Union): Walk | null => {
  const values = types.filter(({ _tag }) => _tag !== "Null")
  // Which of several kinds a value is may depend on what was taken out of it before.
  if (values.length > 1 && !values.every(isPrimitive)) return null
  const walks = types.flatMap((type) => walkOf(type) ?? [])
  if (walks.length < types.length || options?.mode === "oneOf" || encodingChecks !== undefined) return null
  return (value) => {
    for (const walk of walks) {
      const made = walk(value)
      if (made !== odd) return made
    }
    return odd
  }
}

const bare = (ast: SchemaAST.AST): Walk | null => {
  switch (ast._tag) {
    case "String":
      return text(ast.annotations?.[annotation.max])
    case "Number":
      return ast.annotations?.[annotation.endless] === true ? finite : typed("number")
    case "Boolean":
      return typed("boolean")
    case "Null":
      return same(null)
    case "Undefined":
      return same(undefined)
    case "Literal":
      return same(ast.literal)
    case "Unknown":
      return (value) => value
    case "Arrays":
      return list(ast, ast.annotations?.[annotation.last])
    case "Objects":
      return object(ast)
    case "Union":
      return union(ast)
    default:
      return null
  }
}

/** The walk of a schema; null where the schema has something that it does not know. */
const walkOf = (ast: SchemaAST.AST): Walk | null => {
  if (ast.encoding !== undefined) return null
  if (isPlain(ast)) return checked(ast, json)
  const walk = bare(ast)
  return walk === null ? null : checked(ast, walk)
}

/** Reads what is as documented, and gives `odd` for the rest. */
export const make = <A>(schema: {
  readonly ast: SchemaAST.AST
  readonly Type: A
}): ((input: unknown) => A | typeof odd) => {
  const walk = walkOf(schema.ast)
  const isMade = (made: unknown): made is A => made !== odd
  return (input) => {
    const made = walk === null ? odd : walk(input)
    return isMade(made) ? made : odd
  }
}
