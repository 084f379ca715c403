/** What every journal promises about pages of claims, the polls of one, and what changed. */
import { assert, describe, it } from "@effect/vitest"
import {
  claimStates,
  type JournalError,
  openStates,
  type Operations,
  type PageFilter
} from "@scanpoll/core/engine/ScanJournal"
import * as StoredPolls from "@scanpoll/core/unstable/engine/StoredPolls"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { fresh, keyOf, outcomeOf, reason, ticketOf } from "./fixtures.ts"
import { inTime } from "./moments.ts"
import { runOf } from "./runs.ts"

const note = (at: number, other: Partial<StoredPolls.PollNote> = {}): StoredPolls.PollNote => ({
  at,
  kind: "poll",
  because: "pace",
  until: at + 10_000,
  seen: "running",
  code: null,
  percent: null,
  message: null,
  ...other
})

/** All claims, page by page, with what is done between two pages. */
const walk = (
  journal: Operations,
  filter: PageFilter,
  between: Effect.Effect<void, JournalError> = Effect.void
): Effect.Effect<ReadonlyArray<string>, JournalError> =>
  Effect.gen(function* () {
    const ids: Array<string> = []
    let after: string | undefined
    for (;;) {
      const { entries, next } = yield* journal.page({ ...filter, ...(after === undefined ? {} : { after }) })
      ids.push(...entries.map(({ claimId }) => claimId))
      if (next === null) return ids
      yield* between
      after = next
    }
  })

export const pageSuite = (name: string, open: Effect.Effect<Operations, unknown, Scope.Scope>): void => {
  const promise = (says: string, body: (journal: Operations) => Effect.Effect<void, JournalError, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(Effect.orDie(open), body)))

  const stored = (
    journal: Operations,
    claimId: string,
    is: (polls: ReadonlyArray<StoredPolls.StoredPoll>) => boolean
  ) => {
    const ask: Effect.Effect<ReadonlyArray<StoredPolls.StoredPoll>, JournalError> = Effect.flatMap(
      journal.polls(claimId),
      (polls) => (is(polls) ? Effect.succeed(polls) : Effect.andThen(Effect.sleep("5 millis"), ask))
    )
    return inTime("the polls are stored", ask)
  }

  const openClaim = (journal: Operations, id: string) =>
    Effect.gen(function* () {
      const { claimId } = yield* journal.claim(keyOf(id), fresh)
      yield* journal.submitted(claimId, ticketOf(id), 0)
      yield* journal.take(claimId)
      return claimId
    })

  describe(`pages and polls of a journal: ${name}`, () => {
    promise(
      "lists what is open in short, as a whole listing has it, and reads claims by their ids in that order (D-19)",
      (journal) =>
        Effect.gen(function* () {
          const [first = "", second = ""] = yield* Effect.forEach(["short-1", "short-2"], (id) =>
            openClaim(journal, id)
          )
          journal.faulted(second, { code: "E1", message: "said", at: 5, until: 10_000, stopped: "denied" })
          const over = yield* openClaim(journal, "short-over")
          yield* journal.settled(over, outcomeOf("short-over"))
          const doubt = yield* journal.claim(keyOf("short-doubt"), fresh)
          yield* journal.inDoubt(doubt.claimId, reason)
          const wanted = new Set([first, second, over, doubt.claimId])
          const inShort = Effect.map(journal.open, (all) => all.filter(({ claimId }) => wanted.has(claimId)))
          const told: Effect.Effect<void, JournalError> = Effect.flatMap(inShort, (all) =>
            all.some(({ lastFault }) => lastFault !== null)
              ? Effect.void
              : Effect.andThen(Effect.sleep("5 millis"), told)
          )
          yield* inTime("the fault is stored", told)
          const short = yield* inShort
          const whole = (yield* journal.list(openStates)).filter(({ claimId }) => wanted.has(claimId))
          const names = whole.map(({ claimId }) => claimId)
          assert.strictEqual(names.length, 3)
          for (const [at, entry] of whole.entries()) {
            const { claimedAt, claimId, heldBy, lastFault, notBefore, state } = entry
            assert.deepInclude(short[at], { claimedAt, claimId, heldBy, lastFault, notBefore, state })
            assert.deepInclude(entry.key, Object(short[at]?.key))
          }
          const ids = [over, first, "clm_0missing", second]
          const read = yield* journal.entries(ids)
          assert.deepStrictEqual(
            read.map(({ claimId }) => claimId),
            [over, first, second]
          )
        })
    )

    promise(
      "leaves the vendor's own result out of a listing on demand, a few outcomes at a time, and nothing else of them (D-19)",
      (journal) =>
        Effect.gen(function* () {
          const large = "x".repeat(3 * 1024 * 1024)
          const keyed = ["big-1", "big-2", "big-3"]
          yield* Effect.forEach(keyed, (id) =>
            Effect.flatMap(openClaim(journal, id), (claimId) =>
              journal.settled(claimId, { ...Object(outcomeOf(id)), payload: { large } })
            )
          )
          const filter = { subject: fresh.subject, limit: 3 }
          const whole = yield* journal.history(filter)
          const light = yield* journal.history({ ...filter, payloads: false })
          assert.strictEqual(light.length, 3)
          assert.deepStrictEqual(
            light,
            whole.map((entry) => ({ ...entry, outcome: { ...Object(entry.outcome), payload: null } }))
          )
        })
    )

    promise(
      "a walk from page to page meets each claim once, whatever changes between two pages, and `states` leaves out the others",
      (journal) =>
        Effect.gen(function* () {
          const ids = yield* Effect.forEach(Array.from({ length: 7 }), (_, n) => openClaim(journal, `walk-${n}`))
          const doubtful = yield* journal.claim(keyOf("walk-doubt"), fresh)
          yield* journal.inDoubt(doubtful.claimId, reason)
          let settled = 0
          // Settles one claim and makes a new one between any two pages.
          const between = Effect.gen(function* () {
            const id = ids[settled]
            settled += 1
            if (id !== undefined) yield* journal.settled(id, outcomeOf(id))
            yield* Effect.sleep("2 millis")
            yield* journal.claim(keyOf(`walk-new-${settled}`), fresh)
          })
          const newestFirst = [...ids, doubtful.claimId].toSorted().reverse()
          assert.deepStrictEqual(yield* walk(journal, { limit: 3 }, between), newestFirst)
          assert.isAbove(settled, 0)
          const doubts = yield* journal.page({ states: ["in-doubt"] })
          assert.deepStrictEqual(
            [doubts.entries.map(({ claimId }) => claimId), doubts.next],
            [[doubtful.claimId], null]
          )
          const both = yield* walk(journal, { states: ["settled", "in-doubt"], limit: 1 })
          assert.deepStrictEqual(both, [...ids.slice(0, settled), doubtful.claimId].toSorted().reverse())
          const all = yield* walk(journal, { limit: 100 })
          assert.deepStrictEqual(yield* walk(journal, { states: claimStates, limit: 2 }), all)
          assert.deepStrictEqual((yield* journal.page({ states: [] })).entries, [])
          assert.deepStrictEqual((yield* journal.page({ vendor: "nobody" })).entries, [])
        })
    )

    promise("a page can have the claims of one run, or of one subject, alone", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("of-run"), fresh)
        const other = { kind: "url", id: "https://other.test/", name: "other" } as const
        yield* journal.claim(keyOf("of-none"), { ...fresh, subject: other })
        yield* journal.runs.begin(runOf("run_page", ["of-run"]))
        journal.runs.claimed("run_page", 0, claimId)
        yield* journal.runs.end("run_page", { endedAt: 9, exitCode: 0 })
        assert.deepStrictEqual(yield* walk(journal, { run: "run_page" }), [claimId])
        assert.deepStrictEqual(yield* walk(journal, { run: "run_none" }), [])
        const found = yield* journal.page({ subject: other })
        assert.deepStrictEqual(
          found.entries.map(({ subject }) => subject),
          [other]
        )
      })
    )

    promise("equal polls in a row are one entry with a count, and what changed is another entry", (journal) =>
      Effect.gen(function* () {
        const claimId = yield* openClaim(journal, "folds")
        const { seen: _, ...begun } = note(1, { kind: "wait", because: "first" })
        journal.polled(claimId, { ...begun, seen: null })
        for (const at of [2, 3]) journal.polled(claimId, note(at))
        yield* stored(journal, claimId, (polls) => polls.at(-1)?.count === 2)
        // In another transaction, so that they meet what is stored.
        journal.polled(claimId, note(4))
        const fault = { seen: "fault", code: "http-503", because: "back-off" } as const
        journal.polled(claimId, note(5, { ...fault, message: "busy \u0000" }))
        journal.polled(claimId, note(6, { ...fault, message: "busy again" }))
        const polls = yield* stored(journal, claimId, (found) => found.length === 3 && found[2]?.count === 2)
        assert.deepStrictEqual(
          polls.map(({ at, because, count, lastAt, message, seen, seq, until }) => [
            seq,
            seen,
            because,
            count,
            at,
            lastAt,
            until,
            message
          ]),
          [
            [1, null, "first", 1, 1, 1, 10_001, null],
            [2, "running", "pace", 3, 2, 4, 10_004, null],
            [3, "fault", "back-off", 2, 5, 6, 10_006, "busy again"]
          ]
        )
      })
    )

    promise(
      "a claim keeps its newest 100 entries, also when they come in parts, and none once it is forgotten",
      (journal) =>
        Effect.gen(function* () {
          const claimId = yield* openClaim(journal, "bounded")
          for (let percent = 0; percent < 70; percent++) journal.polled(claimId, note(percent, { percent }))
          yield* stored(journal, claimId, (polls) => polls.length === 70)
          for (let percent = 70; percent < 160; percent++) journal.polled(claimId, note(percent, { percent }))
          const polls = yield* stored(journal, claimId, (found) => found.at(-1)?.percent === 159)
          assert.deepStrictEqual(
            polls.map(({ percent, seq }) => [seq, percent]),
            Array.from({ length: StoredPolls.pollsKept }, (_, n) => [n + 61, n + 60])
          )
          yield* journal.settled(claimId, outcomeOf("bounded"))
          assert.strictEqual((yield* journal.polls(claimId)).length, 100)
          yield* journal.purge({ before: Number.MAX_SAFE_INTEGER })
          assert.deepStrictEqual(yield* journal.polls(claimId), [])
          journal.polled(claimId, note(200))
          assert.deepStrictEqual(yield* journal.polls(claimId), [])
        })
    )

    promise("forgets on demand what polls saw before a time, and keeps their claims", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("a"), fresh)
        yield* journal.submitted(claimId, ticketOf("a"), 0)
        yield* journal.take(claimId)
        const now = yield* Clock.currentTimeMillis
        journal.polled(claimId, note(now))
        yield* stored(journal, claimId, (polls) => polls.length === 1)
        assert.strictEqual(yield* journal.forgetPolls(now - 60_000), 0)
        assert.strictEqual(yield* journal.forgetPolls(now + 60_000), 1)
        assert.deepStrictEqual(yield* journal.polls(claimId), [])
        assert.strictEqual((yield* journal.get(claimId))?.state, "submitted")
      })
    )

    promise("what changed since a time is told, oldest first: claims, their polls and runs", (journal) =>
      Effect.gen(function* () {
        const first = yield* journal.claim(keyOf("changes-1"), fresh)
        const since = ((yield* journal.get(first.claimId))?.changedAt ?? 0) + 1
        yield* Effect.sleep("2 millis")
        const claimId = yield* openClaim(journal, "changes-2")
        // One entry that began before.
        journal.polled(claimId, note(since - 60_000))
        yield* stored(journal, claimId, (polls) => polls.length === 1)
        assert.isFalse((yield* journal.changes({ since })).some(({ kind }) => kind === "poll"))
        journal.polled(claimId, note(since + 60_000))
        yield* stored(journal, claimId, (polls) => polls[0]?.count === 2)
        yield* journal.runs.begin(runOf("run_changes", ["a"], { startedAt: since + 90_000 }))
        const told = yield* journal.changes({ since })
        assert.deepStrictEqual(
          told.map(({ id, kind }) => [kind, id]),
          [
            ["claim", claimId],
            ["poll", claimId],
            ["run", "run_changes"]
          ]
        )
        assert.strictEqual((yield* journal.changes({ since, limit: 1 })).length, 1)
      })
    )
  })
}
