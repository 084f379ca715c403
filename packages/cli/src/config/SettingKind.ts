/**
 * The kinds of settings: how a text, a duration, a number, a word of a list or a switch is read, refused and shown.
 *
 * A value is read by the same function wherever it comes from, so a flag, a variable and a plan accept the same words and
 * refuse the same nonsense.
 *
 * @since 0.2.0
 */
import type * as Gate from "@scanpoll/report/Gate"
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { didYouMean } from "./Nearest.ts"

/**
 * What a value is in a plan. On the command line and in the environment everything is text.
 *
 * @category models
 * @since 0.1.0
 */
export type PlanKind = "text" | "duration" | "number" | "switch" | "list" | "scores"

/**
 * The heading under which a help page lists a setting.
 *
 * @category models
 * @since 0.1.0
 */
export type Group = "output" | "gate" | "targets" | "time" | "vendors" | "journal" | "screen"

/**
 * How a setting looks from outside, whatever its value is.
 *
 * - `flag`: without the dashes. Its variable is `SCANPOLL_` and the flag in capitals.
 * - `many`: the flag may be repeated; a variable then holds the values separated by commas.
 * - `plan`: the section and key in a plan, or null where a plan has no say.
 * - `choices`: every value there is, or null where there are more than can be listed.
 * - `range`: the least and the greatest of a number.
 * - `words`: what it does, for help, plan schema, reference and the inputs of the action. Its first clause stands alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface Face {
  readonly flag: string
  readonly alias: string | null
  readonly group: Group
  readonly kind: PlanKind
  readonly many: boolean
  readonly plan: readonly [section: "defaults" | "gate", key: string] | null
  readonly metavar: string
  readonly choices: ReadonlyArray<string> | null
  readonly range: readonly [least: number, most: number] | null
  readonly words: string
}

/**
 * One setting.
 *
 * - `parse`: reads the texts given, at least one; the failure says what is accepted.
 * - `fallback`: the value where nothing was given.
 * - `hide`: a text that was refused, without what must not be repeated. Default: as it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Setting<in out A> extends Face {
  readonly parse: (texts: ReadonlyArray<string>) => Result.Result<A, string>
  readonly fallback: A
  readonly show: (value: A) => string
  readonly hide?: (text: string) => string
}

interface Common {
  readonly flag: string
  readonly group: Group
  readonly alias?: string
  readonly plan?: readonly ["defaults" | "gate", string]
  readonly words: string
}

// Of a flag that is given twice the last word counts, as everywhere.
const lastOf = (texts: ReadonlyArray<string>): string => texts.at(-1) ?? ""

/**
 * One value, read from the last of the texts, without the white space around it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const one = <A>(
  fields: Common & {
    readonly kind: PlanKind
    readonly metavar: string
    readonly choices?: ReadonlyArray<string>
    readonly range?: readonly [least: number, most: number]
    readonly fallback: A
    readonly parse: (text: string) => Result.Result<A, string>
    readonly show: (value: A) => string
    readonly hide?: (text: string) => string
  }
): Setting<A> => ({
  alias: null,
  many: false,
  plan: null,
  choices: null,
  range: null,
  ...fields,
  parse: (texts) => fields.parse(lastOf(texts).trim())
})

/**
 * A duration of at least `least` milliseconds (default 1) and at most `most` (default 30 days). `unset`: how no duration is
 * shown.
 *
 * @category constructors
 * @since 0.2.0
 */
export const duration = <D extends Duration.Duration | null>(
  fields: Common & { readonly fallback: D; readonly least?: number; readonly most?: number; readonly unset?: string }
): Setting<Duration.Duration | D> =>
  one<Duration.Duration | D>({
    ...fields,
    kind: "duration",
    metavar: "DURATION",
    parse: (text) => Durations.parse(text, fields.least, fields.most),
    show: (value) => (value === null ? (fields.unset ?? "not set") : Durations.format(value))
  })

/**
 * A whole number in a range, or null where none is given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const number = (
  fields: Common & { readonly low: number; readonly high: number; readonly unset: string }
): Setting<number | null> =>
  one<number | null>({
    ...fields,
    kind: "number",
    metavar: "N",
    range: [fields.low, fields.high],
    fallback: null,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
      return value >= fields.low && value <= fields.high
        ? Result.succeed(value)
        : Result.fail(`must be a whole number from ${fields.low} to ${fields.high}`)
    },
    show: (value) => (value === null ? fields.unset : String(value))
  })

/**
 * One word of a list, in capitals or not.
 *
 * @category constructors
 * @since 0.2.0
 */
export const word = <W extends string, F extends W | null>(
  fields: Common & {
    readonly choices: ReadonlyArray<W>
    readonly metavar?: string
    readonly fallback: F
    readonly unset?: string
  }
): Setting<W | F> =>
  one<W | F>({
    ...fields,
    kind: "text",
    metavar: fields.metavar ?? fields.choices.join("|"),
    parse: (text) => {
      const found = fields.choices.find((choice) => choice === text.toLowerCase())
      return found === undefined
        ? Result.fail(`must be one of ${fields.choices.join(", ")}${didYouMean(text, fields.choices)}`)
        : Result.succeed(found)
    },
    show: (value) => value ?? fields.unset ?? "not set"
  })

/**
 * A text that is not empty, or null where none is given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const text = (fields: Common & { readonly metavar: string; readonly unset?: string }): Setting<string | null> =>
  one<string | null>({
    ...fields,
    kind: "text",
    fallback: null,
    parse: (given) => (given === "" ? Result.fail("must not be empty") : Result.succeed(given)),
    show: (value) => value ?? fields.unset ?? "not set"
  })

const yes = ["1", "true", "yes", "on"]
const no = ["0", "false", "no", "off"]

/**
 * A switch, off unless it is given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const toggle = (fields: Common): Setting<boolean> =>
  one<boolean>({
    ...fields,
    kind: "switch",
    metavar: "",
    fallback: false,
    parse: (given) => {
      const lower = given.toLowerCase()
      if (yes.includes(lower)) return Result.succeed(true)
      return no.includes(lower) ? Result.succeed(false) : Result.fail("must be true or false")
    },
    show: (value) => String(value)
  })

/**
 * A severity at which a gate breaks; `off`, and nothing, is null.
 *
 * @category constructors
 * @since 0.2.0
 */
export const threshold = (fields: Common): Setting<Gate.Threshold | null> => {
  const inner = word<Gate.Threshold | "off", "off">({
    ...fields,
    choices: ["info", "low", "medium", "high", "critical", "off"],
    metavar: "SEVERITY",
    fallback: "off"
  })
  return {
    ...inner,
    fallback: null,
    parse: (texts) => Result.map(inner.parse(texts), (value) => (value === "off" ? null : value)),
    show: (value: Gate.Threshold | null) => value ?? "off"
  }
}
