/**
 * The variables of a plan: `${NAME}` and `${NAME:-other}` in its targets, for the names that the plan declares. A value
 * comes from `--var NAME=VALUE` or from `SCANPOLL_VAR_NAME`, never from another variable: a plan cannot read the environment.
 *
 * A value is put into a text that was read already, so it cannot add a key, a line or a target.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { quote } from "./InputFault.ts"
import * as Located from "./Located.ts"
import { didYouMean } from "./Nearest.ts"

/**
 * What a variable's name looks like.
 *
 * @category guards
 * @since 0.2.0
 */
export const isName = (text: string): boolean => /^[A-Z_][A-Z0-9_]{0,63}$/.test(text)

const prefix = "SCANPOLL_VAR_"

/**
 * Whether a variable of the environment gives a value to a plan.
 *
 * @category guards
 * @since 0.2.0
 */
export const isEnvironment = (name: string): boolean => name.startsWith(prefix) && isName(name.slice(prefix.length))

/**
 * A name and the value that the command line gives it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Assignment {
  readonly name: string
  readonly value: string
}

/**
 * Reads `NAME=VALUE`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string): Result.Result<Assignment, string> => {
  const at = text.indexOf("=")
  const name = text.slice(0, Math.max(at, 0)).trim()
  return at > 0 && isName(name)
    ? Result.succeed({ name, value: text.slice(at + 1) })
    : Result.fail("must be NAME=VALUE; a name has capital letters, digits and _")
}

/**
 * The values that are there: the command line's over the environment's. An empty value counts as none, as in a shell's
 * `${NAME:-other}`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const values = (
  assignments: ReadonlyArray<Assignment>,
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyMap<string, string> => {
  const out = new Map<string, string>()
  for (const [name, text = ""] of Object.entries(environment)) {
    if (isEnvironment(name) && text !== "") out.set(name.slice(prefix.length), text)
  }
  for (const { name, value } of assignments) {
    if (value === "") out.delete(name)
    else out.set(name, value)
  }
  return out
}

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/**
 * Fills a plan's targets in. `declared`: the names of its `variables`. `given`: their values.
 *
 * @category models
 * @since 0.2.0
 */
export interface Filling {
  readonly declared: ReadonlyArray<string>
  readonly given: ReadonlyMap<string, string>
}

/**
 * A target with its variables filled in, and what was missing. A name that is not declared is left as it stands.
 *
 * @category combinators
 * @since 0.2.0
 */
export const fill = (
  located: Located.Located,
  { declared, given }: Filling
): { readonly located: Located.Located; readonly faults: ReadonlyArray<Located.LocatedFault> } => {
  const faults: Array<Located.LocatedFault> = []
  const walk = (node: Located.Located): Located.Located => {
    switch (node._tag) {
      case "List":
        return { ...node, items: node.items.map(walk) }
      case "Map":
        return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: walk(entry.value) })) }
      case "Scalar":
        return typeof node.value === "string" ? { ...node, value: filled(node.value, node.at) } : node
    }
  }
  const filled = (text: string, at: Located.Place): string =>
    text.replace(reference, (whole, name: string, other: string | undefined) => {
      if (!declared.includes(name)) return whole
      const value = given.get(name) ?? other
      if (value !== undefined) return value
      faults.push({
        at,
        message: `the variable ${name} has no value; give it with --var ${name}=VALUE or ${prefix}${name}, or write \${${name}:-VALUE}`
      })
      return whole
    })
  return { located: walk(located), faults }
}

/**
 * What is wrong with the names that the command line gives values to: those that no plan declares.
 *
 * @category guards
 * @since 0.2.0
 */
export const strangers = (
  assignments: ReadonlyArray<Assignment>,
  declared: ReadonlyArray<string>
): ReadonlyArray<string> =>
  assignments
    .filter(({ name }) => !declared.includes(name))
    .map(({ name }) => `the plan declares no variable ${quote(name)}${didYouMean(name, declared)}`)
