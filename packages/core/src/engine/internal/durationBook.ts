// What is known about the durations of one kind of scans: lessons, the law that they follow, and the plans made from it.
// Touches nothing but itself. Law: a plan is made again every few dozen lessons, and what surprises forgets what is old.
import * as Duration from "effect/Duration"
import * as Observation from "../../model/Observation.ts"
import * as DurationLaw from "../../policy/DurationLaw.ts"
import * as PollPlanner from "../../policy/PollPlanner.ts"
import type * as PollPolicy from "../../policy/PollPolicy.ts"
import { documentedPace, marks } from "./learnedPace.ts"
import type { About, Lesson } from "./lesson.ts"

// So many scans are remembered; older ones say little about a vendor of today.
const remembered = 256
// New lessons between two plans.
const replanAfter = 24
const rememberedHints = 9
// A look at the last few scans: how far they may be from the law, in standard deviations of chance.
const recentMost = 16
const recentLeast = 10
const surprise = 3.7
// A duration that is known this well was told by the vendor, in milliseconds; and by how many standard errors the scans that
// a plan was made from must speak against it.
const toldWithin = 1_000
const doubted = 2.5
// A grid has about this many points, and at the most so many to the least gap.
const points = 800
const finest = 20
// Scans beyond this part of the law are left to the documented pace.
const planned = 0.995
// Of a scan that takes longer than all but this part of them nothing is known.
const unheard = 0.01
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

export class DurationBook {
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

  left(about: About, age: number, p: number, least: number): number | null {
    const law = this.lawOf(about, least)?.law
    if (law === undefined) return null
    const open = DurationLaw.survival(law, age)
    return open < unheard ? null : Math.max(0, DurationLaw.quantile(law, 1 - open * (1 - p)) - age)
  }

  private lawOf(about: About, least: number): typeof this.law {
    if (this.law === null && this.known >= least) {
      const samples = this.kept.map(({ sample }) => sample)
      this.law = { law: DurationLaw.estimate(about.prior, samples), samples: samples.length }
      this.sinceLaw = 0
    }
    return this.law
  }

  plan(about: About, policy: PollPolicy.PollPolicy<unknown>, open: number, least: number): PollPlanner.Plan | null {
    const found = this.lawOf(about, least)
    if (found === null) return null
    const { law, samples } = found
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
    const made = documented === null ? null : planOf(law, documented, leastGap, end, deadline, wanted, samples)
    const isDoubted =
      made !== null &&
      isContradicted(
        made,
        this.kept.map(({ sample }) => sample)
      )
    const plan = isDoubted ? null : made
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

// Whether the scans that a plan was made from are seen later by it than by the documented pace, and by more than chance: a
// law is smooth, and jobs that end on full minutes are not.
const isContradicted = (
  { documented, guarded, times }: PollPlanner.Plan,
  samples: ReadonlyArray<DurationLaw.Sample>
): boolean => {
  // A goal of its own was asked for, and is what counts.
  if (!guarded) return false
  const told = samples.filter(({ atLeast, atMost }) => atMost - atLeast <= toldWithin)
  if (told.length < recentLeast) return false
  const later = told.map(
    ({ atMost }) => PollPlanner.lagOf(times, documented, atMost) - PollPlanner.lagOf(documented, documented, atMost)
  )
  const mean = later.reduce((sum, value) => sum + value, 0) / later.length
  const variance = later.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (later.length - 1)
  return mean > doubted * Math.sqrt(variance / later.length)
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
