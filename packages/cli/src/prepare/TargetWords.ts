/**
 * Targets as words: `appvet:https://example.com`, `exona@team-b:Acme AI Ltd=https://acme.ai`.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { quote } from "../config/InputFault.ts"
import { didYouMean } from "../config/Nearest.ts"
import * as Plan from "../config/Plan.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import type { Known } from "../vendors/Vendors.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Checked from "./Checked.ts"

interface Wanted {
  readonly vendor: Vendor
  readonly account: string
  readonly where: string
}

const targetOf = (
  rest: string,
  { account, vendor, where }: Wanted,
  fields = {}
): Checked.Checked<Plan.Target | null> => {
  const parsed = vendor.parse(rest)
  if (Result.isFailure(parsed)) return Checked.faulty(null, where, `a target of ${vendor.name} ${parsed.failure}`)
  const input = { ...parsed.success, ...fields }
  const wrong = vendor.faults(input)
  const target: Plan.Target = {
    vendor,
    account,
    name: null,
    input,
    isSound: wrong.length === 0,
    pace: null,
    deadline: null,
    gate: null,
    where,
    declaredAt: null,
    plan: null,
    lane: null,
    from: "command line"
  }
  const faults = wrong.map(({ message, path }) => ({
    where,
    message: path.length === 0 ? message : `${path.join(".")} ${message}`
  }))
  return Checked.make(target, { faults })
}

const isUrl = (word: string): boolean => /^https?:\/\//i.test(word)

// A name of a host, with or without a path, which is no plan by its ending.
const isHost = (word: string): boolean =>
  /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:\d+)?(\/\S*)?$/i.test(word) && !/\.(ya?ml|json)$/i.test(word)

/**
 * The targets that a word without its vendor could be: the end of a message, or nothing.
 *
 * @category destructors
 * @since 0.2.0
 */
export const suggestion = (word: string, vendors: ReadonlyArray<Vendor>): string => {
  const what = isHost(word) ? `https://${word}` : word
  const found = vendors.flatMap((vendor) => {
    const { faults, value } = targetOf(what, { vendor, account: Plan.defaultAccount, where: "" })
    return value === null || faults.length > 0 ? [] : [JSON.stringify(`${vendor.name}:${what}`)]
  })
  return found.length === 0 ? "" : `; did you mean ${found.join(" or ")}?`
}

/**
 * How a word's vendor would be brought, for a word such as `harbour:moorings`: the end of a message, or nothing.
 *
 * @category destructors
 * @since 0.2.0
 */
export const bringing = (word: string): string => {
  const name = /^([a-z][a-z0-9-]{0,31})(?:@[A-Za-z0-9_-]+)?:./.exec(word)?.[1]
  return name === undefined ? "" : `; ${howToBring(name)}`
}

/**
 * A target of `--targets-as`: the vendor of lines that name none, and its type.
 *
 * @category models
 * @since 0.2.0
 */
export interface As {
  readonly vendor: string
  readonly type: string | null
}

/**
 * A word as a target, or null where it is none. `where`: what a fault about it names.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (
  word: string,
  vendors: Known,
  where: string = quote(word)
): Checked.Checked<Plan.Target | null> | null => {
  const head = word.includes(":") ? word.slice(0, word.indexOf(":")) : null
  if (head === null) return null
  const rest = word.slice(head.length + 1)
  const at = head.indexOf("@")
  const name = at < 0 ? head : head.slice(0, at)
  const account = at < 0 ? Plan.defaultAccount : head.slice(at + 1)
  const vendor = vendors.byName(name)
  if (vendor !== null && account === "") return Checked.faulty(null, where, `names no account after ${name}@`)
  if (vendor !== null) return targetOf(rest, { vendor, account, where })
  const near = didYouMean(name, vendors.names)
  if (near !== "") return Checked.faulty(null, where, `unknown vendor ${quote(name)}${near}`)
  return isUrl(word) ? Checked.faulty(null, where, `a target names its vendor${suggestion(word, vendors.all)}`) : null
}

/**
 * A line of a list as a target: with its vendor, or a bare address for the vendor of `--targets-as`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const readLine = (
  text: string,
  where: string,
  vendors: Known,
  as: As | null
): Checked.Checked<Plan.Target | null> => {
  const vendor = as === null ? null : vendors.byName(as.vendor)
  const named = vendors.byName(/^[^:@]*/.exec(text)?.[0] ?? "")
  if (as !== null && vendor !== null && named === null) {
    const typed = as.type === null ? {} : { type: as.type }
    return targetOf(text, { vendor, account: Plan.defaultAccount, where }, typed)
  }
  const found = read(text, vendors, where)
  if (found !== null) return found
  const hint = suggestion(text, vendors.all) || bringing(text)
  return Checked.faulty(null, where, `is no target: a target is VENDOR:WHAT, see \`scanpoll vendors\`${hint}`)
}
