/** Runs to store, and what every journal promises about them. */
import { assert, describe, it } from "@effect/vitest"
import type { JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as StoredRuns from "@scanpoll/core/unstable/engine/StoredRuns"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { fresh, keyOf, outcomeOf, reason, subject, ticketOf, vendor } from "./fixtures.ts"

const rowOf = (name: string, other: Partial<StoredRuns.RowStart> = {}): StoredRuns.RowStart => ({
  vendor: vendor.vendor,
  account: vendor.account,
  key: keyOf(name),
  subject: { ...subject, name },
  kind: "deep",
  request: { url: `https://a.test/${name}`, depth: [1, "\u0000"] },
  forced: false,
  claimId: null,
  ...other
})

export const runOf = (
  runId: string,
  names: ReadonlyArray<string>,
  other: Partial<StoredRuns.RunStart> = {}
): StoredRuns.RunStart => ({
  runId,
  command: "run",
  plan: "scans.yaml",
  planDigest: "ab12",
  options: { gate: { failOn: "high" } },
  startedAt: 1_000,
  rows: names.map((name) => rowOf(name)),
  ...other
})

export const endOf = (
  index: number,
  claimId: string | null,
  other: Partial<StoredRuns.RowEnd> = {}
): StoredRuns.RowEnd => ({
  index,
  claimId,
  vendor: vendor.vendor,
  account: vendor.account,
  subject,
  ticket: claimId === null ? null : ticketOf("s1"),
  state: "completed",
  reason: null,
  because: "outcome",
  submittedAt: 5,
  observedAt: 9,
  polls: 2,
  progress: { fraction: 0.5, done: null, total: 3 },
  notBefore: null,
  reused: true,
  ageMs: 7,
  warnings: ["w"],
  ...other
})

const reasonOf = <A, R>(effect: Effect.Effect<A, JournalError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : "no error"))

export const runSuite = (name: string, open: Effect.Effect<Operations, unknown, Scope.Scope>): void => {
  const promise = (says: string, body: (journal: Operations) => Effect.Effect<void, JournalError, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(Effect.orDie(open), body)))

  const idsOf = (journal: Operations, filter: StoredRuns.RunFilter = {}) =>
    Effect.map(journal.runs.list(filter), (runs) => runs.map(({ runId }) => runId))

  describe(`the runs of a journal: ${name}`, () => {
    promise("a run is read back as it began, its rows in their order, nothing of it ended (V-08)", ({ runs }) =>
      Effect.gen(function* () {
        const names = Array.from({ length: 450 }, (_, n) => `t${n}`)
        const begun = runOf("run_a", names)
        yield* runs.begin(begun)
        // Told again, as where the answer of the first time was lost.
        yield* runs.begin(begun)
        const found = yield* runs.get("run_a")
        const { heldBy: _, ...run } = found?.run ?? assert.fail("there is no such run")
        const { rows, ...start } = begun
        assert.deepStrictEqual(run, { ...start, endedAt: null, exitCode: null, total: 450, byState: {} })
        assert.deepStrictEqual(
          found?.rows,
          rows.map((row, index) => ({ ...row, index, ended: null }))
        )
        assert.isNull(yield* runs.get("run_b"))
      })
    )

    promise("what became of the rows is there once the run has ended, and counted by state (V-08)", ({ runs }) =>
      Effect.gen(function* () {
        yield* runs.begin(runOf("run_a", ["a", "b", "c"]))
        runs.claimed("run_a", 0, "clm_1")
        runs.claimed("run_a", 1, "clm_2")
        const left = endOf(2, null, { state: "not-started", because: "not-begun", reason })
        runs.rowEnded("run_a", endOf(0, "clm_1"))
        runs.rowEnded("run_a", left)
        // A run of another program is not touched.
        runs.claimed("run_b", 0, "clm_9")
        yield* runs.end("run_a", { endedAt: 2_000, exitCode: 3 })
        const found = yield* runs.get("run_a")
        assert.deepStrictEqual(
          found?.rows.map(({ claimId, ended }) => [claimId, ended]),
          [
            ["clm_1", endOf(0, "clm_1")],
            ["clm_2", null],
            [null, left]
          ]
        )
        assert.deepStrictEqual(
          [found?.run.endedAt, found?.run.exitCode, found?.run.heldBy, found?.run.byState],
          [2_000, 3, null, { completed: 1, "not-started": 1 }]
        )
      })
    )

    promise("a run that is gone on with has no end until it ends again, and keeps its rows (V-08)", ({ runs }) =>
      Effect.gen(function* () {
        yield* runs.begin(runOf("run_a", ["a", "b"]))
        runs.rowEnded("run_a", endOf(0, "clm_1"))
        runs.rowEnded("run_a", endOf(1, null, { state: "not-started" }))
        yield* runs.end("run_a", { endedAt: 2_000, exitCode: 130 })
        yield* runs.reopen("run_a")
        const again = (yield* runs.get("run_a"))?.run
        assert.deepStrictEqual([again?.endedAt, again?.exitCode, again?.byState.completed], [null, null, 1])
        runs.rowEnded("run_a", endOf(1, "clm_2"))
        yield* runs.end("run_a", { endedAt: 3_000, exitCode: 0 })
        const found = yield* runs.get("run_a")
        assert.deepStrictEqual(
          [found?.run.exitCode, found?.run.byState, found?.rows.map(({ claimId }) => claimId)],
          [0, { completed: 2 }, ["clm_1", "clm_2"]]
        )
        for (const lost of [runs.reopen("run_x"), runs.end("run_x", { endedAt: 1, exitCode: 0 })]) {
          assert.strictEqual(yield* reasonOf(lost), "conflict")
        }
      })
    )

    promise("runs are listed newest first, page after page, none twice and none left out", (journal) =>
      Effect.gen(function* () {
        for (const [n, startedAt] of [10, 20, 20, 20, 30].entries()) {
          yield* journal.runs.begin(runOf(`run_${n}`, [], { startedAt }))
        }
        assert.deepStrictEqual(yield* idsOf(journal), ["run_4", "run_3", "run_2", "run_1", "run_0"])
        assert.deepStrictEqual(yield* idsOf(journal, { before: 20 }), ["run_0"])
        const pages: Array<string> = []
        let filter: StoredRuns.RunFilter = { limit: 2 }
        for (;;) {
          const page = yield* journal.runs.list(filter)
          pages.push(...page.map(({ runId }) => runId))
          const last = page.at(-1)
          if (last === undefined) break
          filter = { limit: 2, before: last.startedAt, beforeId: last.runId }
        }
        assert.deepStrictEqual(pages, ["run_4", "run_3", "run_2", "run_1", "run_0"])
      })
    )

    promise("a purge forgets old runs with the claims, and none that has an open claim", (journal) =>
      Effect.gen(function* () {
        const open = yield* journal.claim(keyOf("open"), fresh)
        yield* journal.submitted(open.claimId, ticketOf("open"), 0)
        const done = yield* journal.claim(keyOf("done"), fresh)
        yield* journal.settled(done.claimId, outcomeOf("done"), ticketOf("done"))
        yield* journal.runs.begin(runOf("run_open", ["open"], { rows: [rowOf("open", { claimId: open.claimId })] }))
        yield* journal.runs.begin(runOf("run_done", ["done"], { rows: [rowOf("done", { claimId: done.claimId })] }))
        yield* journal.runs.begin(runOf("run_new", ["x"], { startedAt: 5_000 }))
        assert.strictEqual(yield* journal.purge({ before: 4_000 }), 0)
        assert.deepStrictEqual(yield* idsOf(journal), ["run_new", "run_open"])
        assert.strictEqual(yield* journal.purge({ before: Number.MAX_SAFE_INTEGER }), 1)
        assert.deepStrictEqual(yield* idsOf(journal), ["run_open"])
      })
    )
  })
}
