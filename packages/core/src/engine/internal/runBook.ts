// The runs of one journal in memory. Touches nothing; law: a run keeps its rows in their order, and the oldest runs go where
// there are more than a journal keeps.
import * as Effect from "effect/Effect"
import type { Subject } from "../../model/Subject.ts"
import type { ScanState } from "../../model/ScanRecord.ts"
import * as Waits from "../../time/Waits.ts"
import type { JournalError } from "./journalError.ts"
import { type RunFilter, type Runs, type StoredRow, type StoredRun, surplus } from "../StoredRuns.ts"

type Kept = Omit<StoredRun, "byState">

const isAfter = (run: Kept, { before, beforeId = "" }: RunFilter): boolean =>
  before === undefined || run.startedAt < before || (run.startedAt === before && run.runId < beforeId)

export class RunBook implements Runs {
  private readonly runs = new Map<string, Kept>()
  private readonly rowsOf = new Map<string, Array<StoredRow>>()
  private readonly conflict: (message: string) => JournalError

  constructor(conflict: (message: string) => JournalError) {
    this.conflict = conflict
  }

  begin: Runs["begin"] = ({ rows, ...run }) =>
    Effect.sync(() => {
      this.runs.set(run.runId, { ...run, endedAt: null, exitCode: null, heldBy: null, total: rows.length })
      this.rowsOf.set(
        run.runId,
        rows.map((row, index) => ({ ...row, index, ended: null }))
      )
      for (const runId of surplus(this.newestFirst())) this.forget(runId)
    })

  reopen: Runs["reopen"] = (runId) => this.change(runId, { endedAt: null, exitCode: null })

  claimed: Runs["claimed"] = (runId, index, claimId) => this.write(runId, index, { claimId })

  rowEnded: Runs["rowEnded"] = (runId, ended) =>
    this.write(runId, ended.index, { ended, ...(ended.claimId === null ? {} : { claimId: ended.claimId }) })

  end: Runs["end"] = (runId, how) => this.change(runId, how)

  get: Runs["get"] = (runId) =>
    Effect.sync(() => {
      const run = this.runs.get(runId)
      return run === undefined ? null : { run: this.counted(run), rows: [...(this.rowsOf.get(runId) ?? [])] }
    })

  list: Runs["list"] = (filter) =>
    Effect.sync(() =>
      this.newestFirst()
        .filter((run) => isAfter(run, filter))
        .slice(0, Waits.clamp(Math.floor(filter.limit ?? 100), 1, 1_000))
        .map((run) => this.counted(run))
    )

  // Forgets the runs that began before a time, and none that has a claim which `isOpen`. With `about`, those that name such a
  // subject and have ended.
  purge(before: number, isOpen: (claimId: string) => boolean, about?: (subject: Subject) => boolean): void {
    for (const { endedAt, runId, startedAt } of this.newestFirst()) {
      const rows = this.rowsOf.get(runId) ?? []
      const isOver =
        about === undefined
          ? !rows.some(({ claimId }) => claimId !== null && isOpen(claimId))
          : endedAt !== null && rows.some(({ subject }) => about(subject))
      if (startedAt < before && isOver) this.forget(runId)
    }
  }

  private newestFirst(): ReadonlyArray<Kept> {
    return [...this.runs.values()].sort((a, b) => b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : -1))
  }

  private counted(run: Kept): StoredRun {
    const byState: { [State in ScanState]?: number } = {}
    for (const { ended } of this.rowsOf.get(run.runId) ?? []) {
      if (ended !== null) byState[ended.state] = (byState[ended.state] ?? 0) + 1
    }
    return { ...run, byState }
  }

  private change(runId: string, change: Pick<Kept, "endedAt" | "exitCode">): Effect.Effect<void, JournalError> {
    return Effect.suspend(() => {
      const run = this.runs.get(runId)
      if (run === undefined) return Effect.fail(this.conflict(`there is no run ${runId}`))
      this.runs.set(runId, { ...run, ...change })
      return Effect.void
    })
  }

  private write(runId: string, index: number, change: Partial<Pick<StoredRow, "claimId" | "ended">>): void {
    const rows = this.rowsOf.get(runId)
    const row = rows?.[index]
    if (rows !== undefined && row !== undefined) rows[index] = { ...row, ...change }
  }

  private forget(runId: string): void {
    this.runs.delete(runId)
    this.rowsOf.delete(runId)
  }
}
