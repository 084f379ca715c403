/**
 * The demonstration of a vendor that a user brings: its own sample targets, and what the simulated vendor makes of them.
 *
 * @since 0.2.0
 */
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import * as Script from "@scanpoll/testkit/Script"
import type * as SimulatedVendor from "@scanpoll/testkit/SimulatedVendor"
import type { Simulator } from "@scanpoll/testkit/Simulator"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Playable } from "../vendors/Simulated.ts"
import type { Sight } from "./Scenario.ts"

/**
 * What is demonstrated of one vendor.
 *
 * - `targets`: as a plan has them. The last one is the first again, in another spelling where the samples have one.
 * - `expected`: what must become of each. `bought`: how many purchases.
 *
 * @category models
 * @since 0.2.0
 */
export interface BroughtScenario {
  readonly targets: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly expected: ReadonlyArray<ScanState>
  readonly bought: number
  readonly fate: NonNullable<SimulatedVendor.Options["fate"]>
  readonly sights: (simulator: Simulator) => ReadonlyArray<Sight>
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(textsOf)
      : []

/** Targets of which no two are one purchase; the sample is the first. */
const distinct = ({ samples, vendor }: Playable): ReadonlyArray<unknown> => {
  const { different, valid = [] } = samples.requests
  const seen = new Set<string>()
  return [vendor.sample, ...valid, ...different.flat()].filter((target) => {
    const purchase = vendor.fingerprint(target)
    return seen.has(purchase) ? false : seen.add(purchase).has(purchase)
  })
}

/**
 * How long its scans take in the demonstration: three quarters of the usual time, or as long as four polls where that is less.
 *
 * @category destructors
 * @since 0.2.0
 */
export const durationOf = ({ vendor }: Playable): Duration.Duration => {
  const { first } = vendor.policies.default
  const usual = Duration.times(vendor.budget.typicalDuration, 0.75)
  return first === null || Duration.isZero(first) ? usual : Duration.min(usual, Duration.times(first, 4))
}

/**
 * The demonstration of a vendor, as long as its samples have targets for it: one whose first poll is answered 429, one that
 * fails, and one whose first poll meets a gateway's 503.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (playable: Playable): BroughtScenario => {
  const { samples, vendor } = playable
  const encode = Schema.encodeUnknownResult(vendor.target)
  const written = (target: unknown): Readonly<Record<string, unknown>> => {
    const plain = Result.getOrElse(encode(target), () => target)
    return { vendor: vendor.name, ...(isRecord(plain) ? plain : {}) }
  }
  const duration = durationOf(playable)
  const fails = [...samples.poll.scans, ...(samples.result?.scans ?? [])].some(({ means }) => means === "Failed")
  const busy: Script.Step = { status: 429, headers: { "Retry-After": "20" } }
  // A gateway's trouble, and not what the vendor itself says with that status.
  const gateway = [503, 502, 504].find((status) => !Object.hasOwn(vendor.errors.rows, String(status))) ?? 503
  const fates: ReadonlyArray<SimulatedVendor.Fate> = [
    { duration, polls: [busy] },
    { duration, ...(fails ? { outcome: "Failed" } : {}) },
    { duration, polls: [Script.html(gateway)] }
  ]
  const wanted = distinct(playable).slice(0, fates.length)
  // The same purchase in other words, where the samples have some.
  const again = samples.requests.equal
    .flat()
    .find((target) => target !== vendor.sample && vendor.fingerprint(target) === vendor.fingerprint(vendor.sample))
  const states: ReadonlyArray<ScanState> = ["completed", fails ? "failed" : "completed", "completed"]
  const expected = states.slice(0, wanted.length)
  // What is only waited for is not bought.
  const waits = "waits" in samples.submit
  const purchases = waits ? 0 : wanted.length
  const told = waits
    ? "scans that others started are only waited for"
    : "the target that was listed twice was bought once"
  // Submissions may come in another order than the plan's.
  const texts = wanted.map((target) => textsOf(target))
  const left = new Set(wanted.keys())
  const indexOf = (subject: string): number => {
    const scores = texts.map((each) => each.reduce((sum, text) => sum + (subject.includes(text) ? text.length : 0), 0))
    const best = [...left].toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))[0] ?? 0
    left.delete(best)
    return best
  }
  return {
    targets: [...wanted, again ?? vendor.sample].map(written),
    expected: [...expected, "completed"],
    bought: purchases,
    fate: ({ subject }) => fates[indexOf(subject)],
    sights: ({ ledger }) => {
      const busyOnes = ledger.requests({ status: 429 }).length
      const broken = ledger.requests({ status: gateway }).length
      const bought = ledger.accepted().length
      return [
        {
          words: `${vendor.title}: ${wanted.length + 1} targets, ${bought} purchases: ${told}`,
          seen: bought === purchases
        },
        {
          words: "a 429 with Retry-After: the polls waited it out, and it counted as no failure",
          seen: busyOnes === 1
        },
        ...(wanted.length > 2
          ? [{ words: `a ${gateway} in the middle of a scan: asked again later, nothing was lost`, seen: broken === 1 }]
          : [])
      ]
    }
  }
}

/**
 * The plan of several such demonstrations, as a file anybody could have written.
 *
 * @category constructors
 * @since 0.2.0
 */
export const plan = (scenarios: ReadonlyArray<BroughtScenario>): string =>
  [
    "# The plan of the demonstration: the targets of your vendor's samples. The last one of a vendor is its first one again.",
    "version: 1",
    "",
    "targets:",
    ...scenarios.flatMap(({ targets }) => targets.map((target) => `  - ${JSON.stringify(target)}`)),
    ""
  ].join("\n")
