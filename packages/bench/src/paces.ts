/**
 * What learned paces save, and what they cost where the model is wrong: a calculation, the same on every machine.
 *
 * Scans of a known law teach the project's own model; the polls it then plans are held against the law itself, never
 * against the scans that taught it. Nothing here measures time.
 *
 *     node packages/bench/src/paces.ts [repetitions] [--json]
 */
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as PollPlanner from "@scanpoll/core/unstable/policy/PollPlanner"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { appvet, exona, type Law, lognormal, normal, seeded, stretched, type Vendor, vendors } from "./laws.ts"

/** Polls per scan, and the mean and the 95th percentile of the lag in milliseconds. */
export type Result = PollPlanner.Expectation

// The law as fine as a twentieth of the floor, up to where next to nothing is left.
const truthOf = (vendor: Vendor): PollPlanner.Grid => {
  const step = vendor.floor / 20
  const count = Math.ceil(vendor.deadline / step)
  const end = count * step
  const open = vendor.law.survival(end)
  let beyond = 0
  for (let age = end; age < 30 * end && open > 1e-6; age += end / 100) {
    beyond += (vendor.law.survival(age) / open) * (end / 100)
  }
  return PollPlanner.grid(vendor.law.survival, { step, count, beyond })
}

/** The vendor's documented pace: sleeping first, as the project does. */
export const documentedOf = (vendor: Vendor, interval = vendor.interval): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil(vendor.deadline / interval) + 1 }, (_, i) => (i + 1) * interval)

/** The documented pace as people write it by hand, with one poll at once. */
export const loopOf = (vendor: Vendor): Result => {
  const documented = documentedOf(vendor)
  const { meanLag, p95Lag, polls } = PollPlanner.expectation(truthOf(vendor), documented, documented)
  return { polls: polls + 1, meanLag, p95Lag }
}

// Many schedules, each for the same number of scans: their polls and lags pooled.
const pooled = (vendor: Vendor, schedules: ReadonlyArray<ReadonlyArray<number>>): Result => {
  const truth = truthOf(vendor)
  const documented = documentedOf(vendor)
  const found = schedules.map((times) => PollPlanner.expectation(truth, times, documented))
  const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
  let low = Math.min(...found.map((each) => each.p95Lag))
  let high = Math.max(...found.map((each) => each.p95Lag))
  while (high - low > 1) {
    const lag = (low + high) / 2
    if (mean(schedules.map((times) => PollPlanner.lateShare(truth, times, documented, lag))) > 0.05) low = lag
    else high = lag
  }
  return {
    polls: mean(found.map((each) => each.polls)),
    meanLag: mean(found.map((each) => each.meanLag)),
    p95Lag: high
  }
}

export interface Options {
  readonly repetitions: number
  /** The wait the vendor asks for with every answer, in milliseconds. Default none. */
  readonly hint?: number
  /** Whether the mean lag alone has to be kept, and not the 95th percentile. Default false. */
  readonly meanAlone?: boolean
  /** Whether the vendor tells no times, so that an end is known to lie between two polls only. Default false. */
  readonly silent?: boolean
  readonly seed?: number
}

const policyOf = (vendor: Vendor, meanAlone: boolean): PollPolicy.PollPolicy => {
  const documented = PollPolicy.make({
    first: vendor.interval,
    pace: vendor.interval,
    floor: vendor.floor,
    deadline: vendor.deadline,
    spread: 0
  })
  return meanAlone ? DurationModel.learnedTo({ p95Lag: null })(documented) : documented
}

const aboutOf = (vendor: Vendor): DurationModel.About => ({
  vendor: vendor.name,
  origin: "https://vendor.test",
  kind: "",
  prior: { low: vendor.low, high: vendor.high },
  limits: VendorLimits.make({ floor: vendor.floor })
})

let scans = 0
// What the engine would teach of a scan: exact where the vendor tells times, and cut off at the deadline.
const lessonOf = (vendor: Vendor, duration: number, options: Omit<Options, "repetitions">): DurationModel.Lesson => {
  const { kind, origin } = aboutOf(vendor)
  const common = {
    vendor: vendor.name,
    origin,
    kind,
    scan: `scan ${++scans}`,
    ...(options.hint === undefined ? {} : { hintMs: options.hint })
  }
  if (duration > vendor.deadline) return { ...common, ended: "censored", durationMs: vendor.deadline }
  if (options.silent !== true) return { ...common, ended: "settled", durationMs: duration }
  const seen = Math.ceil(duration / vendor.interval) * vendor.interval
  return { ...common, ended: "settled", durationMs: seen, atLeastMs: seen - vendor.interval }
}

/** The polls that are planned for a vendor once `samples` of its scans are known. */
export const planned = (
  vendor: Vendor,
  samples: number,
  dice: () => number,
  options: Omit<Options, "repetitions"> = {}
): PollPlanner.Plan | null => {
  const model = DurationModel.makeMemory({ least: samples })
  const about = aboutOf(vendor)
  while (model.known(about) < samples) model.learn(lessonOf(vendor, vendor.law.draw(dice), options))
  return model.plan(about, policyOf(vendor, options.meanAlone === true))
}

// The tables and the figures ask for many of them twice.
const computed = new Map<string, Result>()

/** What learning from `samples` scans brings on scans that were not among them. */
export const learned = (vendor: Vendor, samples: number, options: Options): Result => {
  const name = JSON.stringify([vendor.name, samples, options])
  const before = computed.get(name)
  if (before !== undefined) return before
  const result = learnedAnew(vendor, samples, options)
  computed.set(name, result)
  return result
}

const learnedAnew = (vendor: Vendor, samples: number, options: Options): Result => {
  const dice = seeded((options.seed ?? 1) * 7_919 + samples)
  const schedules: Array<ReadonlyArray<number>> = []
  for (let i = 0; i < options.repetitions; i++) {
    schedules.push(planned(vendor, samples, dice, options)?.times ?? documentedOf(vendor))
  }
  return pooled(vendor, schedules)
}

/** What the best plan brings where the law is known. Null where none beats the documented pace. */
export const known = (vendor: Vendor, options: { readonly hint?: number } = {}): Result | null => {
  const leastGap = Math.max(vendor.floor, options.hint ?? 0)
  const step = leastGap / 20
  let end = vendor.deadline
  while (vendor.law.survival(end - 1_000) < 0.005 && end > leastGap * 4) end -= 1_000
  const truth = truthOf(vendor)
  const beyond = truth.beyond
  const grid = PollPlanner.grid(vendor.law.survival, { step, count: Math.ceil(end / step), beyond })
  const plan = PollPlanner.plan(grid, { documented: documentedOf(vendor), leastGap })
  return plan === null ? null : PollPlanner.expectation(truth, plan.times, documentedOf(vendor))
}

/** The polls of the fixed interval, sleeping first, that has this mean lag. */
export const fixedPolls = (vendor: Vendor, meanLag: number): number => {
  const truth = truthOf(vendor)
  const at = (interval: number): Result => {
    const times = documentedOf(vendor, interval)
    return PollPlanner.expectation(truth, times, times)
  }
  let low = vendor.floor / 50
  let high = vendor.deadline / 2
  for (let i = 0; i < 30; i++) {
    const interval = (low + high) / 2
    if (at(interval).meanLag > meanLag) high = interval
    else low = interval
  }
  return at(low).polls
}

/** A stretch of scans, one after the other, each planned with what the ones before it have taught. */
export interface Stretch {
  readonly polls: number
  readonly meanLag: number
  /** Scans until the old plan is given up; null when it never is. */
  readonly givenUpAfter: number | null
  /** The most polls any scan had beyond those of the documented pace. */
  readonly worst: number
}

/** A vendor whose scans were learned changes to another law, and is learned anew. */
export const changed = (
  vendor: Vendor,
  to: Law,
  options: {
    readonly learnedFrom: number
    readonly scans: number
    readonly repetitions: number
    readonly seed?: number
  }
): { readonly first: Stretch; readonly later: Stretch; readonly documented: Result } => {
  const about = aboutOf(vendor)
  const policy = policyOf(vendor, false)
  const dice = seeded((options.seed ?? 1) * 104_729)
  const sums = [0, 1].map(() => ({ polls: 0, lag: 0, count: 0 }))
  let worst = 0
  const givenUp: Array<number> = []
  for (let round = 0; round < options.repetitions; round++) {
    const model = DurationModel.makeMemory()
    for (let i = 0; i < options.learnedFrom; i++) model.learn(lessonOf(vendor, vendor.law.draw(dice), {}))
    let over: number | null = null
    for (let i = 0; i < options.scans; i++) {
      const plan = model.plan(about, policy)
      if (plan === null && over === null) over = i
      const duration = to.draw(dice)
      const { lag, polls } = walk(vendor, plan, duration)
      worst = Math.max(worst, polls - Math.ceil(Math.min(duration, vendor.deadline) / vendor.interval))
      const sum = sums[i < 25 ? 0 : 1]
      if (sum !== undefined && duration <= vendor.deadline) {
        sum.polls += polls
        sum.lag += lag
        sum.count += 1
      }
      model.learn(lessonOf(vendor, duration, {}))
    }
    if (over !== null) givenUp.push(over)
  }
  const middle =
    givenUp.length * 2 > options.repetitions ? (givenUp.toSorted((a, b) => a - b)[givenUp.length >> 1] ?? null) : null
  const [first, later] = sums.map(({ count, lag, polls }): Stretch => ({
    polls: polls / count,
    meanLag: lag / count,
    givenUpAfter: middle,
    worst
  }))
  if (first === undefined || later === undefined) throw new RangeError("no scans")
  const documented = documentedOf(vendor)
  return { first, later, documented: PollPlanner.expectation(truthOf({ ...vendor, law: to }), documented, documented) }
}

// The polls of one scan, step by step as the engine asks the plan; `spread` lengthens the waits between polls.
const walk = (
  vendor: Vendor,
  plan: PollPlanner.Plan | null,
  duration: number,
  spread: () => number = () => 0
): { readonly polls: number; readonly lag: number } => {
  let age = plan?.times[0] ?? vendor.interval
  let polls = 1
  while (age < duration && age < vendor.deadline) {
    const next = (plan === null ? null : PollPlanner.nextPoll(plan, age, polls)) ?? age + vendor.interval
    age += Math.max(vendor.floor, next - age) * (1 + spread())
    polls++
  }
  return { polls, lag: age - duration }
}

const summed = (lags: Array<number>, polls: number): Result => ({
  polls: polls / lags.length,
  meanLag: lags.reduce((sum, lag) => sum + lag, 0) / lags.length,
  p95Lag: lags.toSorted((a, b) => a - b)[Math.floor(0.95 * lags.length)] ?? 0
})

/** A plan walked scan by scan, every wait after the first poll up to `spread` (a fraction) longer. */
export const walked = (
  vendor: Vendor,
  plan: PollPlanner.Plan | null,
  options: { readonly scans: number; readonly spread: number }
): Result => {
  const dice = seeded(31)
  const jitter = seeded(37)
  const lags: Array<number> = []
  let polls = 0
  for (let i = 0; i < options.scans; i++) {
    const found = walk(vendor, plan, Math.min(vendor.deadline, vendor.law.draw(dice)), () => options.spread * jitter())
    polls += found.polls
    lags.push(found.lag)
  }
  return summed(lags, polls)
}

/**
 * How a vendor's progress may run: the fraction it tells at a part of the duration, both from 0 to 1. `own` is a normal
 * variate of the scan's own.
 */
export interface Curve {
  readonly name: string
  readonly at: (part: number, own: number) => number
}

export const curves: ReadonlyArray<Curve> = [
  { name: "honest", at: (part) => part },
  { name: "honest but for an exponent, spread 0.1", at: (part, own) => part ** Math.exp(0.1 * own) },
  { name: "honest but for an exponent, spread 0.3", at: (part, own) => part ** Math.exp(0.3 * own) },
  { name: "in six steps, honest at each", at: (part) => Math.floor(part * 6) / 6 },
  { name: "quick to 90 %, then stuck", at: (part) => Math.min(0.9, 1.8 * part) },
  { name: "slow at first (cube of the time)", at: (part) => part ** 3 },
  { name: "45 % all the time", at: () => 0.45 }
]

/**
 * What waiting for a part of the time that progress promises would bring: after an answer that says `f` at age `a`, the
 * next poll after `share` of `a / f - a`, never below the floor and never later than `cap` milliseconds.
 */
export const byProgress = (
  vendor: Vendor,
  curve: Curve,
  options: { readonly first: number; readonly share: number; readonly cap: number; readonly scans: number }
): Result => {
  const dice = seeded(31)
  const lags: Array<number> = []
  let polls = 0
  for (let i = 0; i < options.scans; i++) {
    const duration = Math.min(vendor.deadline, vendor.law.draw(dice))
    const own = normal(dice)
    let age = options.first
    polls++
    while (age < duration) {
      const fraction = Math.min(0.99, Math.max(0.001, curve.at(age / duration, own)))
      age += Math.min(options.cap, Math.max(vendor.floor, options.share * age * (1 / fraction - 1)))
      polls++
    }
    lags.push(age - duration)
  }
  return summed(lags, polls)
}

const seconds = (millis: number): string => (millis / 1_000).toFixed(2)
const percent = (part: number): string => `${part > 0 ? "-" : "+"}${Math.abs(100 * part).toFixed(0)} %`
const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`
const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(row)].join("\n")
const said = (result: Result): string =>
  `${result.polls.toFixed(2)} / ${seconds(result.meanLag)} / ${seconds(result.p95Lag)}`
const against = (result: Result, loop: Result): string =>
  `${said(result)} (${percent(1 - result.polls / loop.polls)}, ${percent(1 - result.polls / (loop.polls - 1))})`

const sizes = [20, 50, 200]

const noMoreLag = (repetitions: number, hint?: number): string =>
  table(
    ["law", "documented loop", "law known", ...sizes.map((n) => `learned from ${n}`)],
    vendors
      .filter((vendor) => hint === undefined || vendor.interval >= hint)
      .map((vendor) => {
        const loop = loopOf(vendor)
        const best = known(vendor, hint === undefined ? {} : { hint })
        const options = hint === undefined ? { repetitions } : { repetitions, hint }
        return [
          vendor.name,
          said(loop),
          best === null ? "no better" : against(best, loop),
          ...sizes.map((n) => against(learned(vendor, n, options), loop))
        ]
      })
  )

const equalMean = (repetitions: number): string =>
  table(
    ["law", ...[10, 20, 50, 200].map((n) => `from ${n}`)],
    vendors.map((vendor) => [
      vendor.name,
      ...[10, 20, 50, 200].map((n) => {
        const found = learned(vendor, n, { repetitions, meanAlone: true })
        return `${percent(1 - found.polls / fixedPolls(vendor, found.meanLag))} (lag ${seconds(found.meanLag)})`
      })
    ])
  )

const silentVendor = (repetitions: number): string =>
  table(
    ["law", "times told", "no times told"],
    vendors
      .filter((vendor) => vendor.interval >= 5_000)
      .map((vendor) => [
        vendor.name,
        against(learned(vendor, 50, { repetitions }), loopOf(vendor)),
        against(learned(vendor, 50, { repetitions, silent: true }), loopOf(vendor))
      ])
  )

const wrongModel = (repetitions: number): string =>
  table(
    [
      "the vendor becomes",
      "documented: polls / lag",
      "first 25 scans",
      "next 175 scans",
      "plan given up after",
      "most polls beyond documented"
    ],
    [
      ["as it was", exona.law] as const,
      ["1.5 times as fast", stretched(exona.law, 1 / 1.5)] as const,
      ["3 times as fast", stretched(exona.law, 1 / 3)] as const,
      ["1.5 times as slow", stretched(exona.law, 1.5)] as const,
      ["3 times as slow", stretched(exona.law, 3)] as const,
      ["much wider (lognormal, sigma 0.9)", lognormal(60_000, 0.9)] as const
    ].map(([name, to]) => {
      const { documented, first, later } = changed(exona, to, { learnedFrom: 100, scans: 200, repetitions })
      const short = ({ meanLag, polls }: { readonly polls: number; readonly meanLag: number }): string =>
        `${polls.toFixed(2)} / ${seconds(meanLag)}`
      return [
        name,
        short(documented),
        short(first),
        short(later),
        first.givenUpAfter === null ? "never" : `${first.givenUpAfter} scans`,
        String(first.worst)
      ]
    })
  )

const spreading = (): string =>
  table(
    ["law", "no spread", "waits up to 10 % longer"],
    [exona, appvet].map((vendor) => {
      const plan = planned(vendor, 200, seeded(43))
      return [
        vendor.name,
        said(walked(vendor, plan, { scans: 20_000, spread: 0 })),
        said(walked(vendor, plan, { scans: 20_000, spread: 0.1 }))
      ]
    })
  )

const progress = (): string => {
  const plan = planned(appvet, 200, seeded(43))
  const base = walked(appvet, plan, { scans: 20_000, spread: 0 })
  const options = { first: plan?.times[0] ?? appvet.interval, scans: 20_000 }
  // The share that brings the learned pace's mean lag on the nearly honest curve.
  const nearly = curves[1] ?? { name: "honest", at: (part: number) => part }
  let [low, high] = [0.1, 1.5]
  for (let i = 0; i < 12; i++) {
    const share = (low + high) / 2
    if (byProgress(appvet, nearly, { ...options, share, cap: 60_000 }).meanLag > base.meanLag) high = share
    else low = share
  }
  return [
    table(
      ["progress", "waits of up to a minute", "waits of up to the documented interval"],
      [
        ["not read: the learned pace", said(base), said(base)],
        ...curves.map((curve) => [
          curve.name,
          said(byProgress(appvet, curve, { ...options, share: low, cap: 60_000 })),
          said(byProgress(appvet, curve, { ...options, share: low, cap: appvet.interval }))
        ])
      ]
    ),
    `First poll as learned, then ${low.toFixed(2)} of the time that is left by the progress told, never less than the floor. That share gives the second curve the learned pace's mean lag.`
  ].join("\n\n")
}

/** The whole study as Markdown. */
export const report = (repetitions: number): string =>
  [
    "## Learned paces",
    `Polls per scan / mean lag / 95th percentile of the lag, in seconds. In brackets: polls against the documented loop, which polls once at once, and against the same loop sleeping first. Each learned figure is the mean of ${repetitions} models, held against the law itself.`,
    "### No more lag than the documented loop",
    noMoreLag(repetitions),
    "### The same, where every answer asks for 10 seconds",
    noMoreLag(repetitions, 10_000),
    "### Polls against a fixed interval, sleeping first, tuned to the same mean lag",
    equalMean(repetitions),
    "### Learned from 50 scans whose vendor tells no times",
    silentVendor(repetitions),
    "### When the model is wrong: Exona-like, learned from 100 scans",
    wrongModel(repetitions),
    "### When waits are spread, learned from 200 scans",
    spreading(),
    "### What progress would bring: AppVet-like, learned from 200 scans",
    progress()
  ].join("\n\n")

/**
 * What the aims are held against, as shares of the polls of the documented loop, or of the tuned fixed interval, that are
 * saved.
 */
export const figures = (repetitions: number): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {}
  const saved = (vendor: Vendor, result: Result | null): number =>
    result === null ? 0 : 1 - result.polls / loopOf(vendor).polls
  for (const [name, like] of [
    ["lognormal", "Exona-like: lognormal"],
    ["uniform", "Exona-like: uniform"]
  ] as const) {
    const vendor = named(like)
    found[`${name}, known`] = saved(vendor, known(vendor))
    found[`${name}, learned from 50`] = saved(vendor, learned(vendor, 50, { repetitions }))
    found[`${name}, learned from 50, hinted`] = saved(vendor, learned(vendor, 50, { repetitions, hint: 10_000 }))
    for (const samples of [10, 50]) {
      const result = learned(vendor, samples, { repetitions, meanAlone: true })
      found[`${name}, against fixed, ${samples}`] = 1 - result.polls / fixedPolls(vendor, result.meanLag)
    }
  }
  for (const [name, like] of [
    ["AppVet-like", "AppVet-like"],
    ["log-logistic", "heavy tail"]
  ] as const) {
    const vendor = named(like)
    const loop = loopOf(vendor)
    const results = sizes.map((samples) => learned(vendor, samples, { repetitions }))
    found[`${name}, least`] = Math.min(...results.map((result) => saved(vendor, result)))
    found[`${name}, 50`] = saved(vendor, learned(vendor, 50, { repetitions }))
    found[`${name}, later`] = Math.max(
      ...results.flatMap(({ meanLag, p95Lag }) => [meanLag / loop.meanLag - 1, p95Lag / loop.p95Lag - 1])
    )
  }
  const nothing = vendors.map((vendor) => {
    const documented = documentedOf(vendor)
    return saved(vendor, PollPlanner.expectation(truthOf(vendor), documented, documented))
  })
  found["nothing learned"] = Math.min(...nothing)
  return found
}

const named = (beginning: string): Vendor => {
  const vendor = vendors.find(({ name }) => name.startsWith(beginning))
  if (vendor === undefined) throw new RangeError(`no law begins with ${beginning}`)
  return vendor
}

if (import.meta.main) {
  const repetitions = Math.max(1, Number(process.argv[2] ?? 60) || 60)
  const text = report(repetitions)
  const said = process.argv.includes("--json") ? JSON.stringify({ report: text, figures: figures(repetitions) }) : text
  Effect.runSync(Console.log(said))
}
