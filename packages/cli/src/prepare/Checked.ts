/**
 * A value together with everything that checks found wrong with it: what the stages of a command's preparation pass on.
 *
 * A stage never stops at its first fault. It gives the value it could make, and its faults; the command refuses them all
 * at once, before the first request.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type InputFault, UsageError } from "../config/InputFault.ts"
import * as Secrets from "../output/Secrets.ts"
import { say, type Streams } from "../output/Streams.ts"

/**
 * A text the user gave and where: searched for keys once all keys were read.
 *
 * @category models
 * @since 0.2.0
 */
export interface GivenText {
  readonly where: string
  readonly text: string
}

/**
 * What checks found.
 *
 * @category models
 * @since 0.2.0
 */
export interface Findings {
  readonly faults: ReadonlyArray<InputFault>
  readonly warnings: ReadonlyArray<string>
  readonly given: ReadonlyArray<GivenText>
}

/**
 * A value and what checks found. Where there are faults, the value is what could be read in spite of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Checked<out A> extends Findings {
  readonly value: A
}

/**
 * A value and what checks found, nothing unless said.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <A>(value: A, { faults = [], given = [], warnings = [] }: Partial<Findings> = {}): Checked<A> => ({
  value,
  faults,
  warnings,
  given
})

/**
 * A value with one fault.
 *
 * @category constructors
 * @since 0.2.0
 */
export const faulty = <A>(value: A, where: string, message: string): Checked<A> =>
  make(value, { faults: [{ where, message }] })

/**
 * Another value with the same findings.
 *
 * @category mapping
 * @since 0.2.0
 */
export const map = <A, B>(checked: Checked<A>, f: (value: A) => B): Checked<B> => ({
  ...checked,
  value: f(checked.value)
})

/**
 * The same value with the findings of another check after its own.
 *
 * @category combinators
 * @since 0.2.0
 */
export const and = <A>(checked: Checked<A>, other: Findings): Checked<A> => ({
  value: checked.value,
  faults: [...checked.faults, ...other.faults],
  warnings: [...checked.warnings, ...other.warnings],
  given: [...checked.given, ...other.given]
})

/**
 * The next stage, made from the value, with the findings of both.
 *
 * @category sequencing
 * @since 0.2.0
 */
export const andThen = <A, B>(checked: Checked<A>, next: (value: A) => Checked<B>): Checked<B> => {
  const then = next(checked.value)
  return and(make(then.value, checked), then)
}

/**
 * A list of checked values as one checked list.
 *
 * @category combinators
 * @since 0.2.0
 */
export const all = <A>(checked: ReadonlyArray<Checked<A>>): Checked<ReadonlyArray<A>> => ({
  value: checked.map((one) => one.value),
  faults: checked.flatMap((one) => one.faults),
  warnings: checked.flatMap((one) => one.warnings),
  given: checked.flatMap((one) => one.given)
})

// The lines of a text that hold a key, or the text where only several lines together do.
const misplacedIn = ({ text, where }: GivenText): ReadonlyArray<InputFault> => {
  const why = Secrets.misplaced(text)
  if (why === null) return []
  const lines = text.split("\n")
  const faults = lines.flatMap((line, at) =>
    lines.length > 1 && Secrets.misplaced(line) !== null ? [{ where: `${where}:${at + 1}`, message: why }] : []
  )
  return faults.length > 0 ? faults : [{ where, message: why }]
}

/**
 * The value, or a failure with every fault; with those alone that name a key in the wrong place, where there are such.
 *
 * @category destructors
 * @since 0.2.0
 */
export const orRefuse = <A>({ faults, given, value }: Checked<A>): Effect.Effect<A, UsageError> => {
  const misplaced = given.flatMap(misplacedIn)
  // Another fault may quote a part of the key, which nobody would recognise.
  if (misplaced.length > 0) return Effect.fail(new UsageError({ faults: misplaced }))
  if (faults.length === 0) return Effect.succeed(value)
  // Two checks may find the same fault.
  const seen = new Set<string>()
  const distinct = faults.filter((fault) => {
    const text = `${fault.where}\n${fault.message}`
    return !seen.has(text) && seen.add(text)
  })
  return Effect.fail(new UsageError({ faults: distinct }))
}

/**
 * The value after its warnings were shown, each once, or a failure with every fault.
 *
 * @category destructors
 * @since 0.2.0
 */
export const accept = <A>(checked: Checked<A>): Effect.Effect<A, UsageError, Streams> =>
  Effect.tap(orRefuse(checked), () => warn(checked))

const warn = ({ warnings }: Findings) => say(...[...new Set(warnings)].map((line) => `warning: ${line}`))
