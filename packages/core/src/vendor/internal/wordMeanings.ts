// What each status word means, made ready once for all answers.
import * as Option from "effect/Option"
import * as WireFields from "../../http/WireFields.ts"
import type * as Observation from "../../model/Observation.ts"
import type { Meaning, When } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import type { Status } from "./calls.ts"
import * as Judging from "./judging.ts"

/** A meaning, ready to be used. */
export type Known<P> =
  | "queued"
  | "running"
  | "ended"
  | "missing"
  | "gone"
  | { readonly moved: (body: unknown, scanId: string) => unknown }
  | { readonly running: (body: unknown) => Partial<Observation.Progress> | null }
  | When<P>

const percentAt =
  (place: Wire.Place) =>
  (body: unknown): Partial<Observation.Progress> | null => {
    const percent = WireFields.count.read(Wire.get(body, place))
    return percent === null || percent > 100 ? null : { fraction: percent / 100 }
  }

const isCount = (value: number | null | undefined): boolean => WireFields.count.read(value) !== null

/** Progress is for people alone: what is odd about it is left out. */
export const progressOf = (told: Partial<Observation.Progress> | null): Option.Option<Observation.Progress> => {
  const { done = null, fraction = null, total = null } = told ?? {}
  const fits = total === null || (isCount(total) && (done ?? 0) <= total)
  const counts = isCount(done) && fits ? { done, total } : { done: null, total: null }
  const share = fraction !== null && fraction >= 0 && fraction <= 1 ? fraction : null
  return share === null && counts.done === null ? Option.none() : Option.some({ fraction: share, ...counts })
}

const known = <A, P>(answers: Wire.Reader<A>, meaning: Meaning<A, P>): Known<P> => {
  if (meaning === "cancelled") return Judging.cancelled
  if (typeof meaning === "string" || "_tag" in meaning) return meaning
  if ("moved" in meaning) {
    const { moved } = meaning
    return { moved: typeof moved === "function" ? moved : (body) => Wire.get(body, moved) }
  }
  if (!("running" in meaning)) return Judging.when(answers, meaning)
  const { running } = meaning
  return { running: typeof running === "function" ? running : percentAt(running) }
}

/** The meaning of a word; null where the definition gives none. */
export const make = <A, P>(
  words: Status<A, P>["words"],
  answers: Wire.Reader<A>
): ((word: string) => Known<P> | null) => {
  if (typeof words === "function") {
    return (word) => {
      const meaning = words(word)
      return meaning === null ? null : known(answers, meaning)
    }
  }
  const byWord = new Map(Object.entries(words).map(([word, meaning]) => [word, known(answers, meaning)]))
  return (word) => byWord.get(word) ?? null
}
