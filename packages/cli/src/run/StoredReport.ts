/**
 * The report of a stored run, made again from the journal: its rows, and the outcomes of their claims.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { version } from "../process/Version.ts"

const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ScanOutcome.schema(Schema.Unknown)))

const recordOf = ({ ended }: StoredRow): Effect.Effect<ScanRecord | null, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    if (ended === null || ended.claimId === null) return null
    const entry = yield* (yield* ScanJournal).get(ended.claimId)
    const outcome = entry === null ? Option.none() : decode(entry.outcome)
    return Option.isNone(outcome) ? null : { ...ended, outcome: outcome.value }
  })

// Null where an outcome of it was forgotten or cannot be read.
const reportOf = (run: StoredRun, rows: ReadonlyArray<StoredRow>) =>
  Effect.gen(function* () {
    const records = yield* Effect.forEach(rows, recordOf)
    const whole = records.filter((record) => record !== null)
    if (whole.length < rows.length) return null
    return ScanReport.fromRecords(whole, {
      version,
      id: run.runId,
      startedAt: run.startedAt,
      finishedAt: run.endedAt ?? run.startedAt,
      plan: run.plan,
      row: ({ index }) => ({ scanType: rows[index]?.kind ?? "" })
    })
  })

// So many runs are looked at, the newest first.
const lookedAt = 100

/**
 * The newest run of the journal all of whose scans completed, as a report; null where there is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const lastComplete: Effect.Effect<ScanReport.ScanReport | null, JournalError, ScanJournal> = Effect.gen(
  function* () {
    const { runs } = yield* ScanJournal
    for (const { byState, command, runId, total } of yield* runs.list({ limit: lookedAt })) {
      if (command !== "run" || total === 0 || (byState.completed ?? 0) < total) continue
      const found = yield* runs.get(runId)
      const report = found === null ? null : yield* reportOf(found.run, found.rows)
      if (report !== null) return report
    }
    return null
  }
)
