// What is wrong with a value, as a path and words for each place. No words hold the value: a vendor may repeat a key
// anywhere. That is why Effect's own formatters are not used.
import type * as SchemaIssue from "effect/SchemaIssue"
import { annotation, type Path, wordsOf } from "./wireSchema.ts"

export interface Wrong {
  readonly path: Path
  /** "is missing", "is not a text". */
  readonly message: string
}

const filterWords = ({ filter }: SchemaIssue.Filter): string => {
  const words = filter.annotations?.[annotation.words] ?? filter.annotations?.["expected"]
  return typeof words === "string" ? words : "as documented"
}

/** Every place that is wrong, from the outside in. */
export const flatten = (
  issue: SchemaIssue.Issue,
  path: Path = [],
  message: string | null = null
): ReadonlyArray<Wrong> => {
  switch (issue._tag) {
    case "Pointer":
      return flatten(issue.issue, [...path, ...issue.path], message)
    case "Encoding":
      return flatten(issue.issue, path, message)
    case "Filter":
      return flatten(issue.issue, path, message ?? `is not ${filterWords(issue)}`)
    case "Composite":
      return issue.issues.flatMap((inner) => flatten(inner, path, message))
    case "AnyOf":
      return issue.issues.length > 0
        ? issue.issues.flatMap((inner) => flatten(inner, path, message))
        : [{ path, message: message ?? `is not ${wordsOf(issue.ast)}` }]
    case "MissingKey":
      return [{ path, message: "is missing" }]
    case "InvalidType":
      return [{ path, message: message ?? `is not ${wordsOf(issue.ast)}` }]
    case "UnexpectedKey":
      return [{ path, message: "is unknown" }]
    case "InvalidValue":
    case "Forbidden":
    case "OneOf":
      return [{ path, message: message ?? "is not as documented" }]
  }
}
