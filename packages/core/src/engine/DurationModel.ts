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
import * as PollPlanner from "../policy/PollPlanner.ts"
import * as PollPolicy from "../policy/PollPolicy.ts"
import type { PollTick } from "../policy/internal/pollTick.ts"
import type { VendorLimits } from "../policy/VendorLimits.ts"
import { DurationBook } from "./internal/durationBook.ts"
import { documentedPace, marks } from "./internal/learnedPace.ts"
import { type About, kindKey, type Lesson, type ScanKind } from "./internal/lesson.ts"
import type { KnownDurations } from "./ScanAdapter.ts"
import { ScanJournal } from "./ScanJournal.ts"

export { type About, kindKey, type Lesson, lessonKey, type ScanKind } from "./internal/lesson.ts"

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
 * - `left`: how many milliseconds more pass until the part `p` (0 to 1, default 0.5) of the scans of a kind that took at least
 *   `age` milliseconds has ended; null where too little is known of the kind, or of scans that take so long.
 *
 * @category models
 * @since 0.1.0
 */
export interface Durations {
  readonly learn: (lesson: Lesson) => void
  readonly known: (kind: ScanKind) => number
  readonly left: (about: About, age: number, p?: number) => number | null
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
// Vendors that move, or a service with many tenants, bring new origins without an end.
const mostKinds = 256
/**
 * A model in the memory of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: Options = {}): Durations => {
  const least = Math.max(1, options.least ?? defaultLeast)
  const books = new Map<string, DurationBook>()
  const learn = (lesson: Lesson): boolean => {
    const name = kindKey(lesson)
    const book = books.get(name) ?? new DurationBook()
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
        // A failure of the store of lessons cannot disturb the scans.
      }
    },
    known: (kind) => books.get(kindKey(kind))?.known ?? 0,
    left: (about, age, p = 0.5) => books.get(kindKey(about))?.left(about, age, p, least) ?? null,
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

const none: ReadonlyArray<Lesson> = []

/**
 * A model that lives in the journal: what scans have taught outlasts the process that learned it. What is known when the
 * layer is built is known at once; what other processes learn meanwhile, the next one knows. Losing a lesson costs polls
 * and nothing else, so a journal that cannot be read teaches nothing and stops nobody.
 *
 * **Example** (Learning across runs)
 *
 * ```ts
 * import { DurationModel, ScanJournal } from "@scanpoll/core"
 * import * as Layer from "effect/Layer"
 *
 * export const live = DurationModel.layerJournal.pipe(Layer.provideMerge(ScanJournal.layerMemory))
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerJournal: Layer.Layer<never, never, ScanJournal> = Layer.unwrap(
  Effect.map(ScanJournal, (journal) =>
    layerStored({ load: Effect.catch(journal.lessons, () => Effect.succeed(none)), keep: journal.learned })
  )
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
