/**
 * Texts that a template left behind: they would be bought as they stand.
 *
 * @since 0.2.0
 */
import type { RequestFault } from "@scanpoll/core/engine/ScanAdapter"
import * as Predicate from "effect/Predicate"
import { quote } from "./InputFault.ts"

const marks: ReadonlyArray<RegExp> = [
  // A shell, a template, a Windows batch file.
  /\$\{[^}]*\}?/,
  /\$\([^)]*\)?/,
  /#\{[^}]*\}?/,
  /\{\{.*?(?:\}\}|$)/s,
  /%[A-Za-z_][A-Za-z0-9_]*%/,
  /<no value>/,
  /\[object [A-Z]\w*\]/
]

const isAddress = (text: string): boolean => /^\s*https?:/i.test(text)

// A bare variable of a shell: the whole text, or in the host of an address. Elsewhere a dollar sign may be meant.
const bareVariable = /^\s*(?:(\$[A-Za-z_]\w*)\s*$|https?:\/\/[^/?#]*?(\$[A-Za-z_]\w*))/i

// What a program writes for a value it does not have.
const absent = /^(?:undefined|null|NaN)$/

const hostOf = (text: string): string => /^\s*https?:\/\/(?:[^/?#@]*@)?([^/?#:]*)/i.exec(text)?.[1] ?? ""

const remedy =
  "only `${NAME}` of a plan that lists NAME in its variables is filled in; write the value itself, or fill it in before this program reads the target"

/**
 * Why a text of a target cannot be meant, or null.
 *
 * @category guards
 * @since 0.2.0
 */
export const faultOf = (text: string): string | null => {
  for (const mark of marks) {
    const found = mark.exec(text)?.[0]
    // An encoded path may look like a variable of a batch file.
    if (found !== undefined && !(isAddress(text) && /^(?:%[0-9a-f]{2}\w*)+%$/i.test(found))) {
      return `holds ${quote(found)}: ${remedy}`
    }
  }
  const [, whole, inHost] = bareVariable.exec(text) ?? []
  const bare = whole ?? inHost
  if (bare !== undefined) return `holds ${quote(bare)}: ${remedy}`
  if (absent.test(text.trim())) return `is ${quote(text.trim())}: ${remedy}`
  if (!isAddress(text)) return null
  const escape = /%(?![0-9a-f]{2}).{0,2}/i.exec(text)?.[0]
  if (escape !== undefined) return `holds ${quote(escape)}, which is no percent-escape; a percent sign itself is %25`
  const label = hostOf(text)
    .split(".")
    .find((part) => /^(?:undefined|null|nan)$/i.test(part))
  return label === undefined ? null : `has the host ${quote(hostOf(text))}: ${remedy}`
}

/**
 * The fields of a target that hold what a template left behind, at every depth.
 *
 * @category destructors
 * @since 0.2.0
 */
export const faults = (input: unknown, path: ReadonlyArray<string | number> = []): ReadonlyArray<RequestFault> => {
  if (typeof input === "string") {
    const message = faultOf(input)
    return message === null ? [] : [{ path, message }]
  }
  if (Array.isArray(input)) return input.flatMap((each, at) => faults(each, [...path, at]))
  if (!Predicate.isObject(input)) return []
  return Object.entries(input).flatMap(([name, value]) => faults(value, [...path, name]))
}
