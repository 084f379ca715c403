/**
 * The runs of a journal: what was asked for in one go, and what came of each target.
 *
 * A run is stored before its first submission, with everything needed to ask for its targets again, and is written to as
 * it goes. What was bought stands in the claims; a row of a run names its claim. So a run that was killed at any point can
 * be continued, and a finished one be reported again.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Reason } from "../model/ScanOutcome.ts"
import { type ScanRecord, type ScanState, states } from "../model/ScanRecord.ts"
import { ScanTicket } from "../model/ScanTicket.ts"
import { Subject } from "../model/Subject.ts"
import type { ClaimKey, JournalError } from "./internal/journalError.ts"

/**
 * Where a target is written: a file as it was named, and the line and column in it, from 1.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Written = Schema.Struct({ file: Schema.String, line: Schema.Natural, column: Schema.Natural })

/**
 * @category models
 * @since 0.2.0
 */
export type Written = typeof Written.Type

/**
 * One target of a run, as it was asked for.
 *
 * - `key`: what makes it the same purchase; null for a scan that exists already.
 * - `kind`: the vendor's type of scan; null where it is not known.
 * - `request`: the target as JSON, enough to ask for it again; null where nothing may be asked for again.
 * - `forced`: it asked for a new scan, whatever is known.
 * - `claimId`: the claim it continues; null while there is none.
 * - `written`: the place in a file that asks for it; left out or null where there is none.
 *
 * @category models
 * @since 0.2.0
 */
export interface RowStart {
  readonly vendor: string
  readonly account: string
  readonly key: ClaimKey | null
  readonly subject: Subject
  readonly kind: string | null
  readonly request: unknown
  readonly forced: boolean
  readonly claimId: string | null
  readonly written?: Written | null
}

/**
 * How a row of a run ended: its record, without the outcome, which stands in the claim.
 *
 * @category models
 * @since 0.2.0
 */
export type RowEnd = Omit<ScanRecord, "outcome">

/**
 * A row of a stored run. `ended` is null until the row has ended, and stays so where the run was killed before.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredRow extends RowStart {
  readonly index: number
  readonly ended: RowEnd | null
}

/**
 * What a run is when it begins. Times are milliseconds since 1970.
 *
 * - `runId`: unique in the journal, 1 to 64 of letters, digits, `_` and `-`.
 * - `command`: what started it, such as `run`.
 * - `plan`, `planDigest`: the plan's name as it was given, and the SHA-256 of its bytes in hexadecimal digits; null where
 *   there was no plan file.
 * - `options`: what else is needed to continue it, as JSON.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunStart {
  readonly runId: string
  readonly command: string
  readonly plan: string | null
  readonly planDigest: string | null
  readonly options: unknown
  readonly startedAt: number
  readonly rows: ReadonlyArray<RowStart>
}

/**
 * A stored run, without its rows.
 *
 * - `endedAt`, `exitCode`: null while it runs, and where it was killed.
 * - `heldBy`: names the living process that runs it; null when none does.
 * - `total`: how many rows it has. `byState`: how many of them ended in each state; the others have not ended.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredRun extends Omit<RunStart, "rows"> {
  readonly endedAt: number | null
  readonly exitCode: number | null
  readonly heldBy: string | null
  readonly total: number
  readonly byState: { readonly [State in ScanState]?: number }
}

/**
 * Which runs to list, the newest first.
 *
 * - `before`: only those that began before this time, in milliseconds since 1970, or at it with a smaller id where
 *   `beforeId` is given: the last run of one page leads to the next.
 * - `limit`: from 1 to 1 000, default 100.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunFilter {
  readonly before?: number
  readonly beforeId?: string
  readonly limit?: number
}

/**
 * The runs of a journal. Each effect is durable when it returns.
 *
 * - `begin`: stores a run and its rows, before anything of it is bought. Where the journal has more runs than it keeps
 *   (`runsKept`, `rowsKept`), the oldest are forgotten.
 * - `reopen`: the run is continued, by this process. Fails with `conflict` where there is no such run.
 * - `claimed`, `rowEnded`: a row has its claim, and its end. Kept as soon as convenient, and at the latest by `end`: what
 *   is lost is known from the claims, which were made since the run began. The last word about a row counts.
 * - `end`: the run is over, with an exit code.
 * - `get`: a run with its rows in their order; null where there is none. `list`: runs without their rows.
 *
 * @category models
 * @since 0.2.0
 */
export interface Runs {
  readonly begin: (run: RunStart) => Effect.Effect<void, JournalError>
  readonly reopen: (runId: string) => Effect.Effect<void, JournalError>
  readonly claimed: (runId: string, index: number, claimId: string) => void
  readonly rowEnded: (runId: string, end: RowEnd) => void
  readonly end: (
    runId: string,
    how: { readonly endedAt: number; readonly exitCode: number }
  ) => Effect.Effect<void, JournalError>
  readonly get: (
    runId: string
  ) => Effect.Effect<{ readonly run: StoredRun; readonly rows: ReadonlyArray<StoredRow> } | null, JournalError>
  readonly list: (filter: RunFilter) => Effect.Effect<ReadonlyArray<StoredRun>, JournalError>
}

/**
 * How many runs a journal keeps.
 *
 * @category constructors
 * @since 0.2.0
 */
export const runsKept = 1_000

/**
 * How many rows the runs that a journal keeps have at most; the newest run is kept whatever its size.
 *
 * @category constructors
 * @since 0.2.0
 */
export const rowsKept = 200_000

/**
 * The runs that are more than a journal keeps.
 *
 * @category destructors
 * @since 0.2.0
 */
export const surplus = (
  newestFirst: ReadonlyArray<{ readonly runId: string; readonly total: number }>
): ReadonlyArray<string> => {
  let rows = 0
  return newestFirst.flatMap(({ runId, total }, at) => {
    rows += total
    return at > 0 && (at >= runsKept || rows > rowsKept) ? [runId] : []
  })
}

/**
 * Whether a text can be the id of a run.
 *
 * @category guards
 * @since 0.2.0
 */
export const isRunId = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text)

const Count = Schema.NullOr(Schema.Finite)

/**
 * The end of a row, to read it back.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RowEnd: Schema.Codec<RowEnd> = Schema.Struct({
  index: Schema.Finite,
  claimId: Schema.NullOr(Schema.String),
  vendor: Schema.String,
  account: Schema.String,
  subject: Subject,
  ticket: Schema.NullOr(ScanTicket),
  state: Schema.Literals(states),
  reason: Schema.NullOr(Reason),
  because: Schema.Literals(["outcome", "stop", "vendor-refusal", "credential", "journal", "not-begun", "defect"]),
  submittedAt: Count,
  observedAt: Schema.Finite,
  polls: Schema.Finite,
  progress: Schema.NullOr(Schema.Struct({ fraction: Count, done: Count, total: Count })),
  notBefore: Count,
  reused: Schema.Boolean,
  ageMs: Count,
  warnings: Schema.Array(Schema.String)
})

/**
 * The end of a row, from its record.
 *
 * @category constructors
 * @since 0.2.0
 */
export const endOf = (record: ScanRecord): RowEnd => Struct.omit(record, ["outcome"])
