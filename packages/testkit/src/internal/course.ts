// One simulated scan from its submission to its end. Touches nothing: the caller has the time.
import * as Duration from "effect/Duration"
import type { Fate } from "../Simulator.ts"

/** How far one scan has come. Nothing runs in the background: time is looked at when somebody asks. */
export interface Course {
  readonly createdAt: number
  /** Vendor time of the end; Infinity until known. */
  endsAt: number
  readonly settleAfterPolls: number | null
  settled: boolean
  /** Status answers of the simulator's own so far. */
  seen: number
  /** Requests for the status so far, scripted answers included. */
  asked: number
}

export const begin = (fate: Fate, createdAt: number, drawnDuration: number): Course => ({
  createdAt,
  endsAt: createdAt + (fate.duration === undefined ? drawnDuration : Duration.toMillis(fate.duration)),
  settleAfterPolls: fate.settleAfterPolls ?? null,
  settled: false,
  seen: 0,
  asked: 0
})

export const hasEnded = (course: Course, now: number): boolean => {
  if (!course.settled && course.settleAfterPolls === null && now >= course.endsAt) course.settled = true
  return course.settled
}

/** Counts one look at the status and says whether it shows the end. */
export const look = (course: Course, now: number): boolean => {
  if (!hasEnded(course, now) && course.settleAfterPolls !== null && course.seen >= course.settleAfterPolls) {
    course.settled = true
    if (course.endsAt === Infinity) course.endsAt = now
  }
  course.seen++
  return course.settled
}

/** How much is done, in [0, 1): by time, or by polls where polls decide. A scan without an end crawls towards it. */
export const share = (course: Course, now: number, nominal: number): number => {
  if (course.settleAfterPolls !== null) return course.seen / (course.settleAfterPolls + 1)
  const length = course.endsAt - course.createdAt
  const passed = Math.max(0, now - course.createdAt)
  return length === Infinity ? 1 - 1 / (1 + passed / nominal) : Math.min(0.99, passed / Math.max(1, length))
}

/** When so much of it is done by time, in milliseconds. */
export const timeOf = (course: Course, share: number, nominal: number): number => {
  const length = course.endsAt - course.createdAt
  return course.createdAt + (length === Infinity ? (nominal * share) / Math.max(0.01, 1 - share) : length * share)
}

export const word = (fate: Fate, course: Course): string | undefined =>
  fate.words?.[Math.min(course.seen, fate.words.length) - 1]

/** A map that forgets its oldest entries past a bound. */
export interface Store<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, value: A) => void
  readonly remove: (key: string) => void
  readonly newestFirst: () => ReadonlyArray<A>
}

export const makeStore = <A>(capacity: number): Store<A> => {
  const items = new Map<string, A>()
  return {
    get: (key) => items.get(key),
    set: (key, value) => {
      items.set(key, value)
      for (const oldest of items.keys()) {
        if (items.size <= capacity) break
        items.delete(oldest)
      }
    },
    remove: (key) => void items.delete(key),
    newestFirst: () => [...items.values()].reverse()
  }
}

/** Counts per key: 0 for the first time. */
export const makeCounter = (capacity: number): ((key: string) => number) => {
  const counts = makeStore<number>(capacity)
  return (key) => {
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    return count
  }
}

/** `failed` of `https://failed.shop.example/`: the first label of a host that can exist in no real DNS. */
export const reservedWord = (url: URL): string | undefined =>
  /\.(example|test)$/.test(url.hostname) ? url.hostname.split(".")[0] : undefined

/** `2026-04-03T09:00:00Z` */
export const isoSeconds = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`

export const parseJson = (text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } => {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)
