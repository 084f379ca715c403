/**
 * What goes over the wire to AppVet and back, as the vendor documents it.
 *
 * Three rules hold for every answer read here. Unknown fields are kept where they are the vendor's result and ignored
 * elsewhere. A needed field that is missing or of another type makes the answer unreadable; any other field of the
 * wrong type is left out with a warning. No value is coerced or mended: a score in quotes is not a score.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import { isScanId } from "@scanpoll/core/model/ScanTicket"

/**
 * The four kinds of scan; one scan is of one kind.
 *
 * @see {@link https://appvet.dev/docs}
 * @category schemas
 * @since 0.1.0
 */
export const ScanType = Schema.Literals(["security", "performance", "accessibility", "seo"])

/**
 * @category models
 * @since 0.1.0
 */
export type ScanType = typeof ScanType.Type

/**
 * What to scan.
 *
 * - `url`: an http or https address that is reachable from the internet; AppVet tries it when the scan is submitted.
 * - `type`: the kind of scan.
 * - `callbackUrl`: https; AppVet posts to it when the scan ends. Nothing here waits for that.
 *
 * @see {@link https://appvet.dev/docs}
 * @category schemas
 * @since 0.1.0
 */
export const AppVetRequest = Schema.Struct({
  url: Schema.String.annotate({
    description: "The site: an http or https address that can be reached from the internet.",
    examples: ["https://example.com"]
  }),
  type: ScanType.annotate({ description: "The kind of scan." }),
  callbackUrl: Schema.optionalKey(
    Schema.String.annotate({
      description: "An https address of yours that AppVet posts to when the scan ends. Nothing here waits for that.",
      examples: ["https://hooks.example.com/appvet"]
    })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export interface AppVetRequest extends Schema.Schema.Type<typeof AppVetRequest> {}

/**
 * One line of the vendor's log of a running scan. `time` is a time of day without a date or a zone, so it stays a text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanEvent = Schema.Struct({ time: Schema.String, message: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export type ScanEvent = typeof ScanEvent.Type

const rest = Schema.Record(Schema.String, Schema.Json)

/**
 * The short result of a finished scan: `score` from 0 to 100, an open `grade` such as `B` or `A-`, and the address of
 * the web report as the vendor wrote it. Fields the vendor adds are kept.
 *
 * @see {@link https://appvet.dev/docs}
 * @category schemas
 * @since 0.1.0
 */
export const ScanResult = Schema.StructWithRest(
  Schema.Struct({
    score: Schema.optionalKey(Schema.Finite),
    grade: Schema.optionalKey(Schema.String),
    report_url: Schema.optionalKey(Schema.String)
  }),
  [rest]
)

/**
 * @category models
 * @since 0.1.0
 */
export type ScanResult = typeof ScanResult.Type

/**
 * The vendor's own answer to a finished scan, under the vendor's own names.
 *
 * **Details**
 *
 * Fields the vendor left out, sent as null or sent in a wrong type are absent. Fields it added are kept. Of `events`
 * the last 20 are kept, so that the payload of a talkative scan stays small.
 *
 * @see {@link https://appvet.dev/docs}
 * @category schemas
 * @since 0.1.0
 */
export const AppVetPayload = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    status: Schema.Literals(["completed", "partial"]),
    type: Schema.optionalKey(Schema.String),
    url: Schema.optionalKey(Schema.String),
    progress: Schema.optionalKey(Schema.Finite),
    events: Schema.optionalKey(Schema.Array(ScanEvent)),
    result: Schema.optionalKey(ScanResult),
    error: Schema.optionalKey(Schema.String),
    created_at: Schema.optionalKey(Schema.String),
    completed_at: Schema.optionalKey(Schema.String)
  }),
  [rest]
)

/**
 * @category models
 * @since 0.1.0
 */
export interface AppVetPayload extends Schema.Schema.Type<typeof AppVetPayload> {}

/**
 * Why an answer cannot be used: a code of ours in lower case, such as `id-mismatch` or `not-json`, and words for people.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unusable {
  readonly code: string
  readonly message: string
}

const unusable = (code: string, message: string): Result.Result<never, Unusable> => Result.fail({ code, message })

const invalid = (message: string): Result.Result<never, Unusable> => unusable("invalid-answer", message)

/**
 * Vendor texts are scrubbed of credentials with this before they are kept.
 *
 * @category models
 * @since 0.1.0
 */
export type Scrub = (text: string) => string

const clean = (value: string, scrub: Scrub, max?: number): string => WireFields.cut(scrub(value), max)

/**
 * The head of a status answer: the id, which is the asked one, and the vendor's status word as it stands.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusHead {
  readonly status: string
  readonly fields: WireFields.WireRecord
}

/**
 * Reads the two fields every status answer must have.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readStatusHead = (body: unknown, askedId: string): Result.Result<StatusHead, Unusable> => {
  if (!WireFields.isRecord(body)) return invalid("the answer is not an object")
  const id = WireFields.required(body, "id", WireFields.text)
  if (Result.isFailure(id)) return invalid(id.failure)
  if (id.success !== askedId) return unusable("id-mismatch", "the answer is about another scan than the asked one")
  const status = WireFields.required(body, "status", WireFields.text)
  if (Result.isFailure(status)) return invalid(status.failure)
  return Result.succeed({ status: status.success, fields: body })
}

/** A whole number from 0 to 100, as the vendor promises its progress. */
const percent: WireFields.Reader<number> = {
  expected: "a whole number from 0 to 100",
  read: (value) => {
    const whole = WireFields.count.read(value)
    return whole !== null && whole <= 100 ? whole : null
  }
}

/**
 * The progress of a running scan in percent, or null when there is none or it is an odd value.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readProgress = (fields: WireFields.WireRecord): number | null =>
  WireFields.optional(fields, "progress", percent, [])

/**
 * The times and the error text of a finished scan.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusTail {
  readonly createdAt: number | null
  readonly completedAt: number | null
  readonly error: string | null
}

/**
 * Reads the fields a finished scan may have; what is odd about them is added to `warnings` and cannot change the
 * verdict.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readStatusTail = (fields: WireFields.WireRecord, scrub: Scrub, warnings: Array<string>): StatusTail => {
  const createdAt = WireFields.optional(fields, "created_at", WireFields.time, warnings)
  const completedAt = WireFields.optional(fields, "completed_at", WireFields.time, warnings)
  const reversed = createdAt !== null && completedAt !== null && completedAt < createdAt
  if (reversed) warnings.push("completed_at is before created_at: left out")
  const error = WireFields.optional(fields, "error", WireFields.nonEmptyText, warnings)
  return {
    createdAt,
    completedAt: reversed ? null : completedAt,
    error: error === null ? null : clean(error, scrub)
  }
}

/**
 * The short result as it was read. `score` is from 0 to 100.
 *
 * @category models
 * @since 0.1.0
 */
export interface ShortResult {
  readonly score: number | null
  readonly grade: string | null
  readonly reportUrl: string | null
}

/**
 * Reads the short result of a finished scan; null when there is none. A score that is no number, or is outside 0 to
 * 100, makes the answer unusable: it is never clamped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readShortResult = (
  fields: WireFields.WireRecord,
  scrub: Scrub,
  warnings: Array<string>
): Result.Result<ShortResult | null, Unusable> => {
  const result = WireFields.optional(fields, "result", WireFields.record, warnings)
  if (result === null) return Result.succeed(null)
  const score = Object.hasOwn(result, "score") ? (result["score"] ?? null) : null
  if (score !== null && typeof score !== "number") return invalid("result.score is not a number")
  if (score !== null && !(score >= 0 && score <= 100)) {
    return unusable("score-out-of-range", "result.score is not from 0 to 100")
  }
  const grade = WireFields.optional(result, "grade", WireFields.nonEmptyText, warnings, "result.")
  const reportUrl = WireFields.optional(result, "report_url", WireFields.nonEmptyText, warnings, "result.")
  return Result.succeed({
    score,
    grade: grade === null ? null : clean(grade, scrub, 64),
    reportUrl: reportUrl === null ? null : clean(reportUrl, scrub, 4000)
  })
}

/** Deeper than any answer that gets here; a bound for callers with an HTTP layer of their own. */
const maxDepth = 100

/** A value that came out of a JSON parser as plain JSON: endless numbers become null, texts are scrubbed. */
const plain = (value: unknown, scrub: Scrub, depth = 0): Schema.Json => {
  if (typeof value === "string") return scrub(value)
  if (typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : null
  if (depth >= maxDepth) return null
  if (Array.isArray(value)) return value.map((entry) => plain(entry, scrub, depth + 1))
  return WireFields.isRecord(value) ? plainRecord(value, scrub, depth + 1) : null
}

// `fromEntries` and spread define a key named __proto__ as plain data; an assignment would not.
const plainRecord = (
  fields: WireFields.WireRecord,
  scrub: Scrub,
  depth: number,
  without: ReadonlyArray<string> = []
): Readonly<Record<string, Schema.Json>> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => !without.includes(name))
      .map(([name, value]) => [name, plain(value, scrub, depth)])
  )

const resultFields = ["score", "grade", "report_url"]

const payloadFields = [
  "id",
  "status",
  "type",
  "url",
  "progress",
  "events",
  "result",
  "error",
  "created_at",
  "completed_at"
]

const keptEvents = 20

const readEvents = (
  fields: WireFields.WireRecord,
  scrub: Scrub,
  warnings: Array<string>
): ReadonlyArray<ScanEvent> | null => {
  const events = WireFields.optional(fields, "events", WireFields.list, warnings)
  if (events === null) return null
  const kept: Array<ScanEvent> = []
  let odd = 0
  for (const event of events.slice(-keptEvents)) {
    const time = WireFields.isRecord(event) ? WireFields.text.read(event["time"]) : null
    const message = WireFields.isRecord(event) ? WireFields.text.read(event["message"]) : null
    if (time === null || message === null) odd++
    else kept.push({ time: clean(time, scrub, 64), message: clean(message, scrub, 300) })
  }
  if (odd > 0) warnings.push(`events: ${odd} of the last ${keptEvents} are not a time and a message: left out`)
  return kept
}

/**
 * The payload of a finished scan: the answer itself, its documented fields checked, its texts scrubbed. Warns only of
 * fields that no other reader here warns of.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readPayload = (
  fields: WireFields.WireRecord,
  status: AppVetPayload["status"],
  id: string,
  short: ShortResult | null,
  scrub: Scrub,
  warnings: Array<string>
): AppVetPayload => {
  const text = (name: string, into: Array<string>): string | null => {
    const value = WireFields.optional(fields, name, WireFields.text, into)
    return value === null ? null : clean(value, scrub, 4000)
  }
  const type = text("type", warnings)
  const url = text("url", warnings)
  const progress = WireFields.optional(fields, "progress", percent, warnings)
  const events = readEvents(fields, scrub, warnings)
  const result = WireFields.optional(fields, "result", WireFields.record, [])
  const error = text("error", [])
  const createdAt = text("created_at", [])
  const completedAt = text("completed_at", [])
  return {
    ...plainRecord(fields, scrub, 0, payloadFields),
    id,
    status,
    ...(type === null ? {} : { type }),
    ...(url === null ? {} : { url }),
    ...(progress === null ? {} : { progress }),
    ...(events === null ? {} : { events }),
    ...(result === null || short === null
      ? {}
      : {
          result: {
            ...plainRecord(result, scrub, 1, resultFields),
            ...(short.score === null ? {} : { score: short.score }),
            ...(short.grade === null ? {} : { grade: short.grade }),
            ...(short.reportUrl === null ? {} : { report_url: short.reportUrl })
          }
        }),
    ...(error === null ? {} : { error }),
    ...(createdAt === null ? {} : { created_at: createdAt }),
    ...(completedAt === null ? {} : { completed_at: completedAt })
  }
}

/**
 * The scan id in the answer to a submission; null when it has none that we would send again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readScanId = (body: unknown): string | null => {
  const id = WireFields.isRecord(body) && Object.hasOwn(body, "id") ? body["id"] : null
  return typeof id === "string" && isScanId(id) ? id : null
}

/**
 * One check of a report. `status` and `severity` are the vendor's words as they stand.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReportCheck {
  readonly category: string
  readonly name: string
  readonly status: "pass" | "fail" | "warn"
  readonly severity: string | null
  readonly message: string | null
  readonly fix: string | null
}

/**
 * A report as far as it could be read.
 *
 * - `unreadable`: checks and categories that could not be read, or whose status is not a documented word.
 * - `notPassed`: the vendor's own count of failed checks and warnings; null when it gives none.
 * - `counts`: the vendor's own count of each severity; null where it gives none.
 * - `score` and `grade`: the report's own, which should be those of the status answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly type: string | null
  readonly url: string | null
  readonly checks: ReadonlyArray<ReportCheck>
  readonly unreadable: number
  readonly notPassed: number | null
  readonly counts: Readonly<Record<(typeof countedSeverities)[number], number | null>>
  readonly score: number | null
  readonly grade: string | null
}

/**
 * The severities that a report's summary counts, worst first.
 *
 * @category constants
 * @since 0.2.0
 */
export const countedSeverities = ["critical", "high", "medium", "low"] as const

const checkStatus = WireFields.oneOf(["pass", "fail", "warn"])

const readCheck = (category: string, value: unknown, scrub: Scrub): ReportCheck | null => {
  if (!WireFields.isRecord(value)) return null
  const name = WireFields.required(value, "name", WireFields.nonEmptyText)
  const status = WireFields.required(value, "status", checkStatus)
  if (Result.isFailure(name) || Result.isFailure(status)) return null
  const text = (field: string): string | null => {
    const read = WireFields.optional(value, field, WireFields.nonEmptyText, [])
    return read === null ? null : clean(read, scrub, 4000)
  }
  return {
    category,
    name: clean(name.success, scrub, 255),
    status: status.success,
    severity: text("severity"),
    message: text("message"),
    fix: text("fix")
  }
}

/**
 * Reads a report. It must be about the asked scan and have a list of categories; a check or category that cannot be
 * read is counted, not guessed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readReport = (body: unknown, askedId: string, scrub: Scrub): Result.Result<Report, Unusable> => {
  if (!WireFields.isRecord(body)) return invalid("the report is not an object")
  const id = WireFields.required(body, "id", WireFields.text)
  if (Result.isFailure(id)) return invalid(id.failure)
  // The vendor documents the scan's id here, and elsewhere says that reports have ids of their own.
  if (id.success !== askedId && !id.success.startsWith("rpt_")) {
    return unusable("id-mismatch", "the report is about another scan than the asked one")
  }
  const categories = WireFields.required(body, "categories", WireFields.list)
  if (Result.isFailure(categories)) return invalid(categories.failure)
  const checks: Array<ReportCheck> = []
  let unreadable = 0
  for (const category of categories.success) {
    const name = WireFields.isRecord(category) ? WireFields.nonEmptyText.read(category["name"]) : null
    const entries = WireFields.isRecord(category) ? WireFields.list.read(category["checks"]) : null
    if (name === null || entries === null) {
      unreadable++
      continue
    }
    const label = clean(name, scrub, 255)
    for (const entry of entries) {
      const check = readCheck(label, entry, scrub)
      if (check === null) unreadable++
      else checks.push(check)
    }
  }
  const summary = WireFields.optional(body, "summary", WireFields.record, [])
  const failed = summary === null ? null : WireFields.count.read(summary["failed"])
  const warned = summary === null ? null : WireFields.count.read(summary["warnings"])
  const counted = (word: string): number | null => (summary === null ? null : WireFields.count.read(summary[word]))
  const text = (field: string): string | null => {
    const read = WireFields.optional(body, field, WireFields.nonEmptyText, [])
    return read === null ? null : clean(read, scrub, 4000)
  }
  return Result.succeed({
    type: text("type"),
    url: text("url"),
    checks,
    unreadable,
    counts: { critical: counted("critical"), high: counted("high"), medium: counted("medium"), low: counted("low") },
    score: WireFields.finite.read(body["score"]),
    grade: text("grade"),
    notPassed: failed === null || warned === null ? null : failed + warned
  })
}

/**
 * One row of the list of scans, as far as it is needed to find a scan again.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListedScan {
  readonly id: string
  readonly type: string
  readonly url: string
  readonly createdAt: number
}

/**
 * One page of the list of scans. `rows` is how many the vendor sent; rows without a usable id, type, address or time
 * are left out of `scans`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListPage {
  readonly scans: ReadonlyArray<ListedScan>
  readonly rows: number
}

/**
 * Reads one page of the list of scans.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readListPage = (body: unknown): Result.Result<ListPage, Unusable> => {
  if (!WireFields.isRecord(body)) return invalid("the list is not an object")
  const rows = WireFields.required(body, "scans", WireFields.list)
  if (Result.isFailure(rows)) return invalid(rows.failure)
  const scans: Array<ListedScan> = []
  for (const row of rows.success) {
    if (!WireFields.isRecord(row)) continue
    const id = readScanId(row)
    const type = WireFields.text.read(row["type"])
    const url = WireFields.text.read(row["url"])
    const createdAt = WireFields.timestamp(row["created_at"])
    if (id !== null && type !== null && url !== null && createdAt !== null) scans.push({ id, type, url, createdAt })
  }
  return Result.succeed({ scans, rows: rows.success.length })
}
