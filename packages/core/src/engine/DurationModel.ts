/**
 * What past scans have taught about how long scans take, and the paces that follow from it.
 *
 * Each (vendor, origin, kind of scan) is learned for itself. Under twenty known durations, and wherever a plan would not
 * be better, the pace the vendor documents is the pace. A plan is made again every few dozen scans, never for each; it
 * polls a scan never more often than the documented pace would have up to any age, never below the floor, and after its
 * last planned poll the documented pace goes on. When new scans stop looking like the old ones, the old ones are
 * forgotten and the documented pace holds until enough new ones are known. Of more than 256 such kinds the ones taught
 * longest ago are forgotten, so a process that lives long stays small. Durations are milliseconds.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Observation from "../model/Observation.ts"
import * as DurationLaw from "../policy/DurationLaw.ts"
import * as PollPlanner from "../policy/PollPlanner.ts"
import * as PollPolicy from "../policy/PollPolicy.ts"
import type { PollTick } from "../policy/PollTick.ts"
import type { VendorLimits } from "../policy/VendorLimits.ts"
import type { KnownDurations } from "./ScanAdapter.ts"

/**
 * Scans whose durations belong together.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanKind {
  readonly vendor: string
  readonly origin: string
  readonly kind: string
}

/**
 * What one scan has taught.
 *
 * - `scan`: which scan it was; a later lesson about the same one takes the place of the earlier.
 * - `ended`: `settled`, or `censored` for a scan that was still running when we stopped.
 * - `durationMs`: how long a settled scan took at the most, and how long a censored one ran at the least.
 * - `atLeastMs`: how long a settled scan took at the least; left out when `durationMs` is exact.
 * - `hintMs`: the longest wait the vendor asked for while it ran, 0 when it asked for none; left out when no answer that
 *   could have held one was seen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lesson extends ScanKind {
  readonly scan: string
  readonly ended: "settled" | "censored"
  readonly durationMs: number
  readonly atLeastMs?: number
  readonly hintMs?: number
}

/**
 * A text that only equal kinds of scans share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const kindKey = ({ kind, origin, vendor }: ScanKind): string => JSON.stringify([vendor, origin, kind])

/**
 * A text that only lessons of the same scan share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const lessonKey = ({ kind, origin, scan, vendor }: Pick<Lesson, keyof ScanKind | "scan">): string =>
  JSON.stringify([vendor, origin, kind, scan])

/**
 * The scans a plan is for: their kind, what the vendor says about their durations, and what it bears.
 *
 * @category models
 * @since 0.1.0
 */
export interface About extends ScanKind {
  readonly prior: DurationLaw.Prior
  readonly limits: VendorLimits
}

/**
 * What a plan for an adapter's scans of one kind is about; null for a vendor whose durations are not learned. The kind of a
 * request is `adapter.durations.kind(request)`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const about = (
  adapter: {
    readonly vendor: string
    readonly origin: string
    readonly limits: VendorLimits
    readonly durations?: Pick<KnownDurations<never>, "prior">
  },
  kind: string
): About | null =>
  adapter.durations === undefined
    ? null
    : {
        vendor: adapter.vendor,
        origin: adapter.origin,
        kind,
        prior: {
          low: Duration.toMillis(adapter.durations.prior.low),
          high: Duration.toMillis(adapter.durations.prior.high)
        },
        limits: adapter.limits
      }

/**
 * - `learn`: takes a lesson in; one that is no duration is dropped.
 * - `known`: how many settled scans of a kind are remembered.
 * - `plan`: the plan in force for a kind under a policy while `open` scans of the account are open (default 1); null where
 *   the policy's own pace is the pace.
 *
 * @category models
 * @since 0.1.0
 */
export interface Durations {
  readonly learn: (lesson: Lesson) => void
  readonly known: (kind: ScanKind) => number
  readonly plan: (about: About, policy: PollPolicy.PollPolicy<unknown>, open?: number) => PollPlanner.Plan | null
}

/**
 * - `least`: how many durations must be known before a plan is made, from 1. Default 20.
 * - `lessons`: what is known already, oldest first. Default nothing.
 * - `keep`: told of each new lesson, to store it. What it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly least?: number
  readonly lessons?: ReadonlyArray<Lesson>
  readonly keep?: (lesson: Lesson) => void
}

const defaultLeast = 20
// So many scans are remembered; older ones say little about a vendor of today.
const remembered = 256
// Vendors that move, or a service with many tenants, bring new origins without an end.
const mostKinds = 256
// New lessons between two plans.
const replanAfter = 24
const rememberedHints = 9
// A look at the last few scans: how far they may be from the law, in standard deviations of chance.
const recentMost = 16
const recentLeast = 10
const surprise = 3.7
// A grid has about this many points, and at the most so many to the least gap.
const points = 800
const finest = 20
// Scans beyond this part of the law are left to the documented pace.
const planned = 0.995
// The number of open scans makes different documented paces; more than these are not kept.
const mostPlans = 64
const mostNames = 1024
const mostDocumented = 4000

interface Remembered {
  readonly scan: string
  readonly sample: DurationLaw.Sample
}

const sampleOf = (lesson: Lesson): DurationLaw.Sample | null => {
  const { atLeastMs = lesson.durationMs, durationMs, ended } = lesson
  if (!(Number.isFinite(durationMs) && durationMs >= 0 && atLeastMs >= 0)) return null
  return ended === "settled"
    ? { atLeast: Math.min(atLeastMs, durationMs), atMost: durationMs }
    : { atLeast: durationMs, atMost: Number.POSITIVE_INFINITY }
}

// The middle of where a sample lies in a law, from 0 to 1.
const placeIn = (law: DurationLaw.DurationLaw, { atLeast, atMost }: DurationLaw.Sample): number =>
  1 - (DurationLaw.survival(law, atLeast) + (Number.isFinite(atMost) ? DurationLaw.survival(law, atMost) : 0)) / 2

const millis = (duration: Duration.Duration): number => Math.ceil(Duration.toMillis(duration))

// The policy's own pace, read ahead: the polls of a scan that answers every one of them with "running".
const readAhead = (
  policy: PollPolicy.PollPolicy<unknown>,
  least: number,
  until: number,
  open: number
): Array<number> | null => {
  const pace = documentedPace(policy)
  if (pace === null) return null
  const seen = Observation.pending("running")
  const times: Array<number> = []
  let age = policy.first === null ? least : millis(policy.first)
  while (times.length < mostDocumented) {
    times.push(age)
    if (age > until) return times
    const wait = Duration.toMillis(pace({ seen, polls: times.length, faultsInARow: 0, age, scanAge: age, open }))
    age += Math.max(1, least, Number.isFinite(wait) ? Math.ceil(wait) : 0)
  }
  return null
}

class Book {
  private kept: Array<Remembered> = []
  private hints: Array<number> = []
  private law: { readonly law: DurationLaw.DurationLaw; readonly samples: number } | null = null
  private sinceLaw = 0
  private recent: Array<number> = []
  private readonly plans = new Map<string, PollPlanner.Plan | null>()
  private readonly names = new WeakMap<object, Map<string, string>>()

  get known(): number {
    return this.kept.reduce((sum, { sample }) => sum + (Number.isFinite(sample.atMost) ? 1 : 0), 0)
  }

  learn(lesson: Lesson): boolean {
    const sample = sampleOf(lesson)
    if (sample === null) return false
    const earlier = this.kept.findIndex(({ scan }) => scan === lesson.scan)
    if (earlier >= 0) this.kept.splice(earlier, 1)
    this.kept.push({ scan: lesson.scan, sample })
    if (this.kept.length > remembered) this.kept.shift()
    if (lesson.hintMs !== undefined && lesson.hintMs >= 0) {
      this.hints.push(lesson.hintMs)
      if (this.hints.length > rememberedHints) this.hints.shift()
    }
    this.sinceLaw += 1
    if (this.law !== null) {
      this.recent.push(placeIn(this.law.law, sample))
      if (this.recent.length > recentMost) this.recent.shift()
      if (this.isSurprised(this.law.samples)) {
        this.kept = this.kept.slice(-this.recent.length)
        this.recent = []
        this.forgetPlans()
      } else if (this.sinceLaw >= replanAfter) this.forgetPlans()
    }
    return true
  }

  plan(about: About, policy: PollPolicy.PollPolicy<unknown>, open: number, least: number): PollPlanner.Plan | null {
    if (this.law === null) {
      if (this.known < least) return null
      const samples = this.kept.map(({ sample }) => sample)
      this.law = { law: DurationLaw.estimate(about.prior, samples), samples: samples.length }
      this.sinceLaw = 0
    }
    const { law, samples } = this.law
    const wanted = marks.get(policy.pace)?.goal ?? {}
    const hint = Math.min(this.usualHint(), millis(about.limits.hintCap))
    const floor = Math.max(1, millis(policy.floor), millis(about.limits.floor))
    const deadline = millis(policy.deadline)
    const rules = [floor, hint, deadline, policy.first === null ? -1 : millis(policy.first), ...goalKey(wanted)].join()
    // Read ahead once for each number of open scans: many of them come to the same documented pace.
    const asked = `${open},${rules}`
    const named = this.names.get(policy.pace)?.get(asked)
    const known = named === undefined ? undefined : this.plans.get(named)
    if (known !== undefined) return known
    const leastGap = Math.max(floor, hint)
    const end = Math.min(deadline, Math.ceil(DurationLaw.quantile(law, planned)) + leastGap)
    const documented = readAhead(policy, leastGap, end, open)
    const name = documented === null ? "" : `${rules};${documented.join()}`
    this.name(policy.pace, asked, name)
    const same = this.plans.get(name)
    if (same !== undefined) return same
    const plan = documented === null ? null : planOf(law, documented, leastGap, end, deadline, wanted, samples)
    if (this.plans.size >= mostPlans) this.plans.clear()
    this.plans.set(name, plan)
    return plan
  }

  private name(pace: object, asked: string, name: string): void {
    let names = this.names.get(pace)
    if (names === undefined) {
      names = new Map()
      this.names.set(pace, names)
    }
    if (names.size >= mostNames) names.clear()
    names.set(asked, name)
  }

  private forgetPlans(): void {
    this.law = null
    this.plans.clear()
  }

  // The last scans lie too low or too high in the law, or too far out at both ends.
  private isSurprised(samples: number): boolean {
    const count = this.recent.length
    if (count < recentLeast) return false
    let low = 0
    let far = 0
    for (const place of this.recent) {
      low += place - 0.5
      far += Math.abs(place - 0.5) - 0.25
    }
    // Chance moves both the few new scans and the law that was learned from few.
    const chance = Math.sqrt((1 / count + 1 / samples) / 12)
    return Math.abs(low / count) > surprise * chance || far / count > (surprise * chance) / 2
  }

  private usualHint(): number {
    const sorted = this.hints.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
}

const goalKey = (goal: PollPlanner.Goal): ReadonlyArray<string> => [String(goal.meanLag), String(goal.p95Lag)]

const planOf = (
  law: DurationLaw.DurationLaw,
  documented: PollPlanner.Documented,
  leastGap: number,
  end: number,
  deadline: number,
  goal: PollPlanner.Goal,
  samples: number
): PollPlanner.Plan | null => {
  // Steps divide the least gap where they can, so that the grid costs no more waiting than the vendor asks for.
  const parts = Math.min(finest, Math.floor((leastGap * points) / end))
  const step = parts < 1 ? Math.ceil(end / points) : Math.ceil(leastGap / parts)
  const count = Math.floor(end / step)
  if (count < 2) return null
  const last = count * step
  const beyond = Math.min(DurationLaw.meanBeyond(law, last), Math.max(0, deadline - last))
  const grid = PollPlanner.grid((age) => DurationLaw.survival(law, age), { step, count, beyond })
  return PollPlanner.plan(grid, { documented, leastGap, goal, samples })
}

/**
 * A model in the memory of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: Options = {}): Durations => {
  const least = Math.max(1, options.least ?? defaultLeast)
  const books = new Map<string, Book>()
  const learn = (lesson: Lesson): boolean => {
    const name = kindKey(lesson)
    const book = books.get(name) ?? new Book()
    if (!book.learn(lesson)) return false
    // The map is in the order of teaching: its first one was taught longest ago.
    books.delete(name)
    books.set(name, book)
    const [oldest] = books.keys()
    if (books.size > mostKinds && oldest !== undefined) books.delete(oldest)
    return true
  }
  for (const lesson of options.lessons ?? []) learn(lesson)
  return {
    learn: (lesson) => {
      if (!learn(lesson)) return
      try {
        options.keep?.(lesson)
      } catch {
        // Whoever stores lessons cannot disturb the scans.
      }
    },
    known: (kind) => books.get(kindKey(kind))?.known ?? 0,
    plan: (about, policy, open = 1) => books.get(kindKey(about))?.plan(about, policy, open, least) ?? null
  }
}

/**
 * The model in force. Without a layer, all scans of this process share one, and it begins with nothing.
 *
 * @category services
 * @since 0.1.0
 */
export const DurationModel: Context.Reference<Durations> = Context.Reference<Durations>(
  "@scanpoll/core/engine/DurationModel",
  { defaultValue: () => makeMemory() }
)

/**
 * A model of its own for what this layer is provided to, such as one test.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<never> = Layer.effect(
  DurationModel,
  Effect.sync(() => makeMemory())
)

/**
 * A model that outlives its process: `load` brings what was learned before, oldest first, and `keep` is told of each new
 * lesson. The last few hundred lessons of each kind are all that is ever used.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStored = <E, R>(store: {
  readonly load: Effect.Effect<ReadonlyArray<Lesson>, E, R>
  readonly keep: (lesson: Lesson) => void
}): Layer.Layer<never, E, R> =>
  Layer.effect(
    DurationModel,
    Effect.map(store.load, (lessons) => makeMemory({ lessons, keep: store.keep }))
  )

/**
 * What a learned pace has to keep; what is left out is what the documented pace comes to. A `p95Lag` of null counts the
 * mean alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface LearnedGoal {
  readonly meanLag?: Duration.Input
  readonly p95Lag?: Duration.Input | null
}

interface Mark {
  readonly pace: (tick: PollTick) => Duration.Duration
  readonly goal: PollPlanner.Goal
}

// Paces that ask to be planned, and what they are until then.
const marks = new WeakMap<object, Mark>()

const documentedPace = (policy: PollPolicy.PollPolicy<unknown>): ((tick: PollTick) => Duration.Duration) | null => {
  const { pace } = policy
  return marks.get(pace)?.pace ?? (typeof pace === "function" ? pace : null)
}

/**
 * The policy with the pace that past scans have taught, and with the goal given. See `learned`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const learnedTo =
  (goal: LearnedGoal) =>
  <R>(policy: PollPolicy.PollPolicy<R>): PollPolicy.PollPolicy<R> => {
    const documented = documentedPace(policy)
    if (documented === null) return policy
    const until = PollPolicy.paceInWords(policy)
    const pace = PollPolicy.paceNamed(`as past scans have taught, ${until} until they have`, documented)
    const lag = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))
    marks.set(pace, {
      pace: documented,
      goal: {
        ...(goal.meanLag === undefined ? {} : { meanLag: lag(goal.meanLag) }),
        ...(goal.p95Lag === undefined ? {} : { p95Lag: goal.p95Lag === null ? null : lag(goal.p95Lag) })
      }
    })
    return PollPolicy.withPace(policy, pace)
  }

/**
 * The policy with the pace that past scans have taught: the fewest polls with neither the mean lag nor the lag of the
 * slowest five in a hundred above the policy's own.
 *
 * **When to use**
 *
 * As the `policy` of a request: `Scans.request(adapter, wanted, { policy: DurationModel.learned })`. Batches do so by
 * themselves where no policy is given.
 *
 * **Details**
 *
 * It says what is wished; `Scans` asks the model in force when the wait begins. Until enough durations are known, for
 * scans we did not submit and outside of `Scans` the policy's own pace holds. Once there is a plan, it is in charge of
 * the first poll too: `first` counts only as the documented time of the first poll, before which none is planned.
 *
 * **Gotchas**
 *
 * A policy whose pace is a `Schedule` is returned as it is: a schedule cannot be read ahead.
 *
 * @category combinators
 * @since 0.1.0
 */
export const learned: <R>(policy: PollPolicy.PollPolicy<R>) => PollPolicy.PollPolicy<R> = learnedTo({})

/**
 * Whether a policy asks for a learned pace.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLearned = (policy: PollPolicy.PollPolicy<unknown>): boolean => marks.has(policy.pace)

/**
 * The policy a wait runs under: with the model's plan as its first poll and its pace, wherever and as long as there is
 * one. `fresh` is true for a wait that begins with the submission; a wait on a scan that is known already polls at once
 * and never at shorter gaps than documented.
 *
 * @category combinators
 * @since 0.1.0
 */
export const paced = <R>(
  model: Durations,
  about: About,
  policy: PollPolicy.PollPolicy<R>,
  options: { readonly fresh: boolean; readonly open?: number }
): PollPolicy.PollPolicy<R> => {
  const documented = documentedPace(policy)
  if (documented === null) return policy
  const pace = (tick: PollTick): Duration.Duration => {
    const wait = documented(tick)
    const age = tick.scanAge ?? null
    const plan = age === null ? null : model.plan(about, policy, tick.open)
    const next = plan === null || age === null ? null : PollPlanner.nextPoll(plan, age, tick.polls)
    if (next === null || age === null) return wait
    const left = Duration.millis(next - age)
    return options.fresh ? left : Duration.max(left, wait)
  }
  const first = model.plan(about, policy, options.open ?? 1)?.times[0]
  const planned = PollPolicy.withPace(policy, PollPolicy.paceNamed(PollPolicy.paceInWords(policy), pace))
  return first === undefined ? planned : PollPolicy.withFirst(planned, Duration.millis(first))
}
