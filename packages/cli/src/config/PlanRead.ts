// What reading a part of a plan gives: its value, and every fault in the order of reading. A fault never stops the reading:
// where there is one, the value is what could be read in spite of it, or null. Nothing here keeps anything.
import type { LocatedFault, Place } from "./Located.ts"

export interface PlanRead<out A> {
  readonly value: A
  readonly faults: ReadonlyArray<LocatedFault>
}

const none: ReadonlyArray<LocatedFault> = []

/** A value with the faults that were found on the way to it. */
export const make = <A>(value: A, faults: ReadonlyArray<LocatedFault> = none): PlanRead<A> => ({ value, faults })

/** No value, and why. */
export const refuse = (at: Place, message: string): PlanRead<null> => make(null, [{ at, message }])

/** Nothing was given, and nothing is wrong with that. */
export const absent: PlanRead<null> = make(null)

/** Another value with the same faults. */
export const map = <A, B>(read: PlanRead<A>, f: (value: A) => B): PlanRead<B> => make(f(read.value), read.faults)

// Most reads have no fault, and a plan may have a hundred thousand targets.
const joined = (one: ReadonlyArray<LocatedFault>, other: ReadonlyArray<LocatedFault>): ReadonlyArray<LocatedFault> =>
  other.length === 0 ? one : one.length === 0 ? other : [...one, ...other]

/** The next reading, made from the value, with the faults of both. */
export const andThen = <A, B>(read: PlanRead<A>, next: (value: A) => PlanRead<B>): PlanRead<B> => {
  const then = next(read.value)
  return make(then.value, joined(read.faults, then.faults))
}

/** The next reading where there is a value; null with the faults of the first where there is none. */
export const andThenSome = <A, B>(read: PlanRead<A | null>, next: (value: A) => PlanRead<B>): PlanRead<B | null> =>
  andThen(read, (value): PlanRead<B | null> => (value === null ? absent : next(value)))

/** The same value with more faults after its own. */
export const and = <A>(read: PlanRead<A>, faults: ReadonlyArray<LocatedFault>): PlanRead<A> =>
  make(read.value, joined(read.faults, faults))

/** A reading of each part, in their order, as one reading of a list. */
export const each = <A, B>(parts: Iterable<A>, read: (part: A) => PlanRead<B>): PlanRead<ReadonlyArray<B>> => {
  const values: Array<B> = []
  const faults: Array<LocatedFault> = []
  for (const part of parts) {
    const one = read(part)
    values.push(one.value)
    for (const fault of one.faults) faults.push(fault)
  }
  return make(values, faults)
}

/** The same, without the parts that gave no value. */
export const eachSome = <A, B>(parts: Iterable<A>, read: (part: A) => PlanRead<B | null>): PlanRead<ReadonlyArray<B>> =>
  map(each(parts, read), (values) => values.flatMap((value) => (value === null ? [] : [value])))
