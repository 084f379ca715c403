/**
 * A story: one journal, vendors with moods of their own, and a buyer that is killed at the end of each chapter, until in
 * the last one it may do everything it wants. The books are audited after each. A story is its seed and its chapters, so
 * that it can be told again; what happens at a moment of real time alone may then happen otherwise.
 */
import type { ClaimEntry, ClaimState } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { audit, claims, dice, live, world } from "./harness.ts"
import { calls, type Chapter, type End, faults, read, sides, spell } from "./order.ts"

export interface Story {
  readonly seed: number
  readonly chapters: ReadonlyArray<Chapter>
}

export const spellStory = ({ chapters, seed }: Story): string => [seed, ...chapters.map(spell)].join(",")

/** Null for a text that is none. */
export const readStory = (text: string): Story | null => {
  const [seed, ...rest] = text.trim().split(",")
  const chapters = rest.map(read)
  const whole = chapters.filter((chapter) => chapter !== null)
  return /^\d{1,9}$/.test(seed ?? "") && whole.length === chapters.length
    ? { seed: Number(seed), chapters: whole }
    : null
}

/** Before and after every call: each is a chapter of its own. */
export const labels: ReadonlyArray<Chapter> = calls.flatMap((call) =>
  sides.map((when): Chapter => ({ end: { _tag: "Call", when, call, nth: 1 }, trouble: null }))
)

type Dice = ReturnType<typeof dice>

const anyEnd = (random: Dice): End => {
  const when = random.below(2) === 0 ? "before" : "after"
  switch (random.below(4)) {
    case 0:
      return { _tag: "Call", when, call: calls[random.below(calls.length)] ?? "claim", nth: 1 + random.below(6) }
    case 1:
      return { _tag: "Statement", when, nth: 1 + random.below(250) }
    case 2:
      return { _tag: "Moment", after: random.below(900) }
    default:
      return { _tag: "Accepted", nth: 1 + random.below(6) }
  }
}

/** A story of chance: one label in turn, then anything at all, with a database that is in trouble in every third life. */
export const chance = (seed: number, length: number): Story => {
  const random = dice(seed)
  const chapters = Array.from({ length }, (_, i): Chapter => {
    const label = labels[seed % labels.length]
    if (i === 0 && label !== undefined) return label
    // A flush of small writes may be some sixteen statements in one transaction, which a fault among them begins anew.
    const every = 20 + random.below(30)
    const fault = faults[random.below(faults.length)] ?? "fails"
    return { end: anyEnd(random), trouble: random.below(3) === 0 ? { every, fault } : null }
  })
  return { seed, chapters }
}

export interface Account {
  lives: number
  deaths: number
  accepted: number
  polls: number
  readonly claims: Record<ClaimState, number>
  /** How often each chapter's end killed; a life can be over before its end comes. */
  readonly killed: Map<string, number>
  /** From the start of a process that went on to its first poll, in milliseconds. */
  readonly firstPolls: Array<number>
  /** What was wrong, and the story it happened in. */
  readonly wrong: Array<string>
}

export const blank = (): Account => ({
  lives: 0,
  deaths: 0,
  accepted: 0,
  polls: 0,
  claims: { intent: 0, submitted: 0, settled: 0, "in-doubt": 0, refused: 0, released: 0 },
  killed: new Map(),
  firstPolls: [],
  wrong: []
})

const perStory = 9

// As many claims as there ever were: none is forgotten, and none becomes another.
const vanished = (before: ReadonlyArray<ClaimEntry>, after: ReadonlyArray<ClaimEntry>): ReadonlyArray<string> => {
  const now = new Set(after.map(({ claimId }) => claimId))
  return before.filter(({ claimId }) => !now.has(claimId)).map(({ claimId }) => `${claimId}: vanished`)
}

/** Tells a story on an empty journal and adds it up. It ends at the first thing that is wrong. */
export const tell = (address: string, story: Story, account: Account): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const where = yield* world(address, perStory, story.seed)
    const random = dice(story.seed + 1)
    // One transaction with more statements than a trouble leaves alone never gets through: the tables are there already.
    let before: ReadonlyArray<ClaimEntry> = (story.chapters[0]?.trouble ?? null) === null ? [] : yield* claims(where)
    for (const [i, chapter] of [...story.chapters, null].entries()) {
      const life = yield* live(where, {
        end: chapter?.end ?? null,
        trouble: chapter?.trouble ?? null,
        resume: random.below(2) === 0
      })
      account.lives++
      if (life.died) account.deaths++
      if (life.died && chapter !== null) {
        const name = chapter.end._tag === "Call" ? `${chapter.end.when} ${chapter.end.call}` : chapter.end._tag
        account.killed.set(name, (account.killed.get(name) ?? 0) + 1)
      }
      if (i > 0) account.firstPolls.push(...life.sayings.flatMap((one) => (one.said === "polled" ? [one.after] : [])))
      const entries = yield* claims(where)
      // In trouble without end a life may end with something open; the last one is in no trouble.
      const wrong = [
        ...(life.complaint === "" ? [] : [life.complaint]),
        ...audit(where, entries, chapter === null),
        ...vanished(before, entries)
      ]
      before = entries
      if (wrong.length > 0) {
        const said = chapter === null ? "to its end" : spell(chapter)
        account.wrong.push(...wrong.map((line) => `life ${i + 1} (${said}): ${line}`))
        return
      }
    }
    for (const { state } of before) account.claims[state]++
    for (const simulator of Object.values(where.simulators)) {
      account.accepted += simulator.ledger.totals().accepted
      account.polls += simulator.ledger.requests({ route: "status" }).length
    }
  })

const quantile = (values: ReadonlyArray<number>, q: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN)

/** What an account comes to, for people. */
export const lines = (name: string, account: Account): ReadonlyArray<string> => {
  const { claims, deaths, firstPolls, killed, lives } = account
  const sum = Object.values(claims).reduce((total, count) => total + count, 0)
  return [
    `${name}: ${deaths} kills in ${lives} lives; ${sum} claims = ${claims.settled} settled + ` +
      `${claims.intent + claims.submitted} open + ${claims["in-doubt"]} in doubt + ${claims.refused} refused + ` +
      `${claims.released} released; ${account.accepted} accepted submissions, none twice; ${account.polls} polls`,
    `  from the start of a process that went on to its first poll: median ${quantile(firstPolls, 0.5)} ms, ` +
      `p95 ${quantile(firstPolls, 0.95)} ms of ${firstPolls.length}`,
    `  killed ${[...killed]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, times]) => `${what} ${times}`)
      .join(", ")}`
  ]
}

/** The command that tells a story again. */
export const replay = (database: string, story: Story): string =>
  `pnpm --filter @scanpoll/journal kill --database ${database} --story ${spellStory(story)}`
