/**
 * Says in words what is wrong with the shape of a target, from the schema of a vendor's requests.
 *
 * @since 0.1.0
 */
import type { RequestFault } from "@scanpoll/core/engine/ScanAdapter"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { didYouMean } from "../config/Nearest.ts"

/**
 * How the message of a fault begins whose path ends at a key that the schema does not have.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unknownKey = "unknown key"

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? unknownKey : SchemaIssue.defaultLeafHook(issue))
})

const under = (ast: SchemaAST.AST, step: string | number): SchemaAST.AST | null => {
  if (ast._tag === "Objects") return ast.propertySignatures.find((signature) => signature.name === step)?.type ?? null
  if (ast._tag === "Arrays") return ast.elements[Number(step)] ?? ast.rest[0] ?? null
  if (ast._tag === "Union") {
    for (const member of ast.types) {
      const found = under(member, step)
      if (found !== null) return found
    }
  }
  return null
}

/**
 * The names of the keys a schema of an object has.
 *
 * @category destructors
 * @since 0.1.0
 */
export const keys = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  if (ast._tag === "Objects") return ast.propertySignatures.map((signature) => String(signature.name))
  return ast._tag === "Union" ? ast.types.flatMap(keys) : []
}

const words: ReadonlyArray<readonly [RegExp, string]> = [
  [/^Missing key$/, "is missing"],
  [/^Expected string$/, "must be a text"],
  [/^Expected number$/, "must be a number"],
  [/^Expected boolean$/, "must be true or false"],
  [/^Expected object$/, "must be a map"],
  [/^Expected array$/, "must be a list"]
]

const humane = (message: string): string => {
  const plain = message.replace(/ \| undefined$/, "")
  for (const [pattern, text] of words) if (pattern.test(plain)) return text
  const choices = /^Expected ("[^"]*"(?: \| "[^"]*")*)$/.exec(plain)?.[1]
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', "").replaceAll(" | ", ", ")}`
  return plain.replace(/^Expected /, "must be ")
}

/**
 * The faults behind a failed decoding, each with the path of its field.
 *
 * @category destructors
 * @since 0.1.0
 */
export const faults = (issue: SchemaIssue.Issue, ast: SchemaAST.AST): ReadonlyArray<RequestFault> =>
  format(issue).issues.map(({ message, path }) => {
    const steps = (path ?? []).flatMap((part) => (typeof part === "string" || typeof part === "number" ? [part] : []))
    if (message !== unknownKey) return { path: steps, message: humane(message) }
    const name = String(steps.at(-1))
    let parent: SchemaAST.AST | null = ast
    for (const step of steps.slice(0, -1)) parent = parent === null ? null : under(parent, step)
    const known = parent === null ? [] : keys(parent)
    const hint = didYouMean(name, known) || (known.length > 0 ? `; known are ${known.join(", ")}` : "")
    return { path: steps, message: `${unknownKey}${hint}` }
  })
