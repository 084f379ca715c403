/**
 * The shapes of the compliance API: what a request needs, what an answer holds, and how each is read.
 *
 * Two shapes of one answer are read alike: that of the vendor's documentation and that of its server, which sends
 * numbers, nulls and offsets where the documentation has texts and `Z`. Unknown fields are kept, nothing is coerced,
 * and the zeros of a scan that has not completed are never read as results.
 *
 * @see https://github.com/Basit-Ali0/Yggdrasil
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import type { Progress } from "@scanpoll/core/model/Observation"
import { isScanId } from "@scanpoll/core/model/ScanTicket"
import type * as Severity from "@scanpoll/core/model/Severity"

/**
 * One scan to run: the rules of a policy over the rows of an upload, read through a confirmed mapping.
 *
 * - `policyId`, `uploadId`, `mappingId`: ids of the vendor's earlier steps, in the form of a UUID.
 * - `auditId`: the audit the scan belongs to. The documentation leaves it out, the server refuses a run without it, and
 *   only with it can a scan whose answer was lost be found again.
 * - `auditName`: a label for people, kept by the vendor; it changes nothing about the scan.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComplianceRequest = Schema.Struct({
  policyId: Schema.String.annotate({
    description: "The policy whose rules are applied, by its UUID.",
    examples: ["550e8400-e29b-41d4-a716-446655440000"]
  }),
  uploadId: Schema.String.annotate({
    description: "The upload whose rows are scanned, by its UUID.",
    examples: ["123e4567-e89b-12d3-a456-426614174000"]
  }),
  mappingId: Schema.String.annotate({
    description: "The confirmed mapping by which the rows are read, by its UUID.",
    examples: ["789e0123-e45b-67c8-d901-234567890123"]
  }),
  auditId: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "The audit the scan belongs to, by its UUID. The vendor asks for it, and only with it can a scan be found again whose answer was lost."
    })
  ),
  auditName: Schema.optionalKey(
    Schema.String.annotate({ description: "A label for people. It changes nothing about the scan." })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ComplianceRequest extends Schema.Schema.Type<typeof ComplianceRequest> {}

const rest = [Schema.Record(Schema.String, Schema.Json)] as const

/**
 * One change of a scan's score: the scan itself, or a person's review of a violation later. `violation_id` is null for
 * the scan itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScoreChange = Schema.StructWithRest(
  Schema.Struct({
    score: Schema.NullOr(Schema.Finite),
    timestamp: Schema.NullOr(Schema.String),
    action: Schema.NullOr(Schema.String),
    violation_id: Schema.NullOr(Schema.String)
  }),
  rest
)

/**
 * @category models
 * @since 0.1.0
 */
export type ScoreChange = typeof ScoreChange.Type

/**
 * The vendor's comparison with the previous completed scan of the same policy. Violations are matched by rule and
 * account, so many violations of one account by one rule count once here.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComplianceDelta = Schema.StructWithRest(
  Schema.Struct({
    new_count: Schema.Finite,
    resolved_count: Schema.Finite,
    unchanged_count: Schema.Finite,
    previous_scan_id: Schema.NullOr(Schema.String),
    previous_violation_count: Schema.NullOr(Schema.Finite)
  }),
  rest
)

/**
 * @category models
 * @since 0.1.0
 */
export interface ComplianceDelta extends Schema.Schema.Type<typeof ComplianceDelta> {}

/**
 * The result of a completed scan in the vendor's own names. What the vendor left out, or sent in a form that cannot be
 * read, is null; fields we do not know are kept as they are.
 *
 * - `violation_count`: the true number of violations; the vendor stores, and counts in its delta, at most 1000 a rule.
 * - `compliance_score`: 0 to 100, 100 is perfect. Later reviews change it at the vendor.
 * - `temporal_scale`: a word such as `daily` in the documentation, a number of hours from the server.
 * - `score_history`: oldest first, in the vendor's order.
 * - `review_summary`, `data_source`, `file_name`: sent by the server, not documented.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CompliancePayload = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    status: Schema.String,
    violation_count: Schema.NullOr(Schema.Finite),
    compliance_score: Schema.Finite,
    rules_processed: Schema.NullOr(Schema.Finite),
    rules_total: Schema.NullOr(Schema.Finite),
    record_count: Schema.NullOr(Schema.Finite),
    created_at: Schema.NullOr(Schema.String),
    completed_at: Schema.NullOr(Schema.String),
    audit_name: Schema.NullOr(Schema.String),
    policy_id: Schema.NullOr(Schema.String),
    upload_id: Schema.NullOr(Schema.String),
    mapping_id: Schema.NullOr(Schema.String),
    audit_id: Schema.NullOr(Schema.String),
    mapping_config: Schema.NullOr(Schema.JsonObject),
    temporal_scale: Schema.NullOr(Schema.Union([Schema.String, Schema.Finite])),
    score_history: Schema.Array(ScoreChange),
    delta: Schema.NullOr(ComplianceDelta),
    data_source: Schema.NullOr(Schema.String),
    file_name: Schema.NullOr(Schema.String),
    review_summary: Schema.NullOr(Schema.JsonObject)
  }),
  rest
)

/**
 * @category models
 * @since 0.1.0
 */
export interface CompliancePayload extends Schema.Schema.Type<typeof CompliancePayload> {}

/**
 * Why an answer with status 200 cannot be used: a stable code in lower case, and words for people.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unusable {
  readonly code: "unreadable-answer" | "score-out-of-range"
  readonly message: string
}

const unreadable = (message: string): Unusable => ({ code: "unreadable-answer", message })

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Whether a text has the form of a UUID: 32 hexadecimal digits in five groups. Version and variant are not looked at;
 * ids in the vendor's own examples have none that exist.
 *
 * @category guards
 * @since 0.1.0
 */
export const isUuid = (value: string): boolean => uuid.test(value)

/**
 * Whether two scan ids name the same scan. UUIDs are one id in upper and lower case, and the server answers in lower.
 *
 * @category guards
 * @since 0.1.0
 */
export const sameId = (a: string, b: string): boolean =>
  a === b || (isUuid(a) && isUuid(b) && a.toLowerCase() === b.toLowerCase())

/**
 * The part of an answer that every scan has: its id and its status word, whatever that is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanHead {
  readonly id: string
  readonly status: string
}

/**
 * Reads the id and the status of a scan.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readHead = (body: unknown): Result.Result<ScanHead, Unusable> => {
  if (!WireFields.isRecord(body)) return Result.fail(unreadable("the answer is not an object"))
  const id = WireFields.required(body, "id", WireFields.nonEmptyText)
  if (Result.isFailure(id)) return Result.fail(unreadable(id.failure))
  const status = WireFields.required(body, "status", WireFields.nonEmptyText)
  if (Result.isFailure(status)) return Result.fail(unreadable(status.failure))
  return Result.succeed({ id: id.success, status: status.success })
}

/**
 * Reads how many rules a running scan has processed. None at 0: the server sends 0 until the scan has completed, so 0
 * says nothing. None as well when the numbers contradict each other.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readProgress = (body: WireFields.WireRecord): Option.Option<Progress> => {
  const ignored: Array<string> = []
  const done = WireFields.optional(body, "rules_processed", WireFields.count, ignored)
  const total = WireFields.optional(body, "rules_total", WireFields.count, ignored)
  if (done === null || done === 0) return Option.none()
  if (total === null) return Option.some({ fraction: null, done, total: null })
  return done > total ? Option.none() : Option.some({ fraction: done / total, done, total })
}

/**
 * When a scan was created and when it ended, in milliseconds since 1970; null where the vendor gave no readable time,
 * which is noted in `warnings`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readTimes = (
  body: WireFields.WireRecord,
  warnings: Array<string>
): { readonly createdAt: number | null; readonly completedAt: number | null } => {
  const createdAt = WireFields.optional(body, "created_at", WireFields.time, warnings)
  const completedAt = WireFields.optional(body, "completed_at", WireFields.time, warnings)
  if (createdAt !== null && completedAt !== null && completedAt < createdAt) {
    warnings.push("completed_at is earlier than created_at")
  }
  return { createdAt, completedAt }
}

const absent = (from: WireFields.WireRecord, name: string): boolean =>
  !Object.hasOwn(from, name) || from[name] === null || from[name] === undefined

const anyNumber: WireFields.Reader<number> = {
  expected: "a number",
  read: (value) => (typeof value === "number" ? value : null)
}

const isJson = Schema.is(Schema.Json)

const isJsonObject = Schema.is(Schema.JsonObject)

const jsonObject: WireFields.Reader<Schema.JsonObject> = {
  expected: "an object",
  read: (value) => (WireFields.isRecord(value) && isJsonObject(value) ? value : null)
}

const scale: WireFields.Reader<string | number> = {
  expected: "a text or a number",
  read: (value) => WireFields.text.read(value) ?? WireFields.finite.read(value)
}

// A field documented as required that no verdict hangs on: missing or out of its range is noted, another type is refused.
const number = (
  body: WireFields.WireRecord,
  name: string,
  warnings: Array<string>
): Result.Result<number | null, string> => {
  if (absent(body, name)) {
    warnings.push(`${name} is missing`)
    return Result.succeed(null)
  }
  return Result.map(WireFields.required(body, name, anyNumber), (value) => {
    const count = WireFields.count.read(value)
    if (count === null) warnings.push(`${name} is not ${WireFields.count.expected}: left out`)
    return count
  })
}

const unknownFields = (
  from: WireFields.WireRecord,
  known: Readonly<Record<string, unknown>>,
  warnings: Array<string>,
  inside = ""
): Readonly<Record<string, Schema.Json>> => {
  const kept: Array<readonly [string, Schema.Json]> = []
  for (const [name, value] of Object.entries(from)) {
    if (Object.hasOwn(known, name)) continue
    if (isJson(value)) kept.push([name, value])
    // Numbers beyond what a double holds are read as endless by every JSON parser, and no JSON can hold them again.
    else warnings.push(`${inside}${WireFields.cut(name, 64)} holds a number that is too large: left out`)
  }
  return Object.fromEntries(kept)
}

/**
 * A JSON object with every text in it, names of fields included, passed through `scrub`: a vendor may repeat a
 * credential anywhere, and results are stored.
 *
 * @category combinators
 * @since 0.1.0
 */
export const scrubbed = (fields: WireFields.WireRecord, scrub: (text: string) => string): WireFields.WireRecord => {
  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return scrub(value)
    if (Array.isArray(value)) return value.map(clean)
    return WireFields.isRecord(value) ? scrubbed(value, scrub) : value
  }
  // `fromEntries` defines a field named __proto__ as plain data; an assignment would not.
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [scrub(name), clean(value)]))
}

const readScoreHistory = (body: WireFields.WireRecord, warnings: Array<string>): ReadonlyArray<ScoreChange> => {
  const inside = "score_history[]."
  const out: Array<ScoreChange> = []
  for (const entry of WireFields.optional(body, "score_history", WireFields.list, warnings) ?? []) {
    if (!WireFields.isRecord(entry)) {
      warnings.push("an entry of score_history is not an object: left out")
      continue
    }
    const change = {
      score: WireFields.optional(entry, "score", WireFields.finite, warnings, inside),
      timestamp: WireFields.optional(entry, "timestamp", WireFields.text, warnings, inside),
      action: WireFields.optional(entry, "action", WireFields.text, warnings, inside),
      violation_id: WireFields.optional(entry, "violation_id", WireFields.text, warnings, inside)
    }
    out.push({ ...unknownFields(entry, change, warnings, inside), ...change })
  }
  return out
}

const readDelta = (body: WireFields.WireRecord, warnings: Array<string>): ComplianceDelta | null => {
  const delta = WireFields.optional(body, "delta", WireFields.record, warnings)
  if (delta === null) return null
  const inside = "delta."
  const counts = {
    new_count: WireFields.required(delta, "new_count", WireFields.count, inside),
    resolved_count: WireFields.required(delta, "resolved_count", WireFields.count, inside),
    unchanged_count: WireFields.required(delta, "unchanged_count", WireFields.count, inside)
  }
  const { new_count, resolved_count, unchanged_count } = counts
  if (Result.isFailure(new_count) || Result.isFailure(resolved_count) || Result.isFailure(unchanged_count)) {
    const faults = Object.values(counts).flatMap((count) => (Result.isFailure(count) ? [count.failure] : []))
    warnings.push(`delta is left out: ${faults.join(", ")}`)
    return null
  }
  const known = {
    new_count: new_count.success,
    resolved_count: resolved_count.success,
    unchanged_count: unchanged_count.success,
    previous_scan_id: WireFields.optional(delta, "previous_scan_id", WireFields.text, warnings, inside),
    previous_violation_count: WireFields.optional(delta, "previous_violation_count", WireFields.count, warnings, inside)
  }
  return { ...unknownFields(delta, known, warnings, inside), ...known }
}

/**
 * What an answer counts by severity, in `review_summary.by_severity` or in a `by_severity` of its own, whichever counts
 * more. A word that is not a severity, and a count that is none, is `unknown` and noted in `warnings`. Zeros are left out;
 * null where nothing is counted.
 *
 * @category destructors
 * @since 0.2.0
 */
export const countedBySeverity = (
  payload: CompliancePayload,
  warnings: Array<string>
): Readonly<Partial<Record<Severity.Severity, number>>> | null => {
  const counted = new Map<Severity.Severity, number>()
  const sources = [
    ["review_summary.by_severity", payload.review_summary?.["by_severity"]],
    ["by_severity", payload["by_severity"]]
  ] as const
  for (const [name, source] of sources) {
    if (source === undefined || source === null) continue
    const mine = new Map<Severity.Severity, number>()
    if (!WireFields.isRecord(source)) {
      warnings.push(`${name} is not an object: left out`)
      continue
    }
    for (const [word, value] of Object.entries(source)) {
      if (value === 0 || value === null) continue
      const count = WireFields.count.read(value)
      const known = severityWords.get(word.toLowerCase())
      // A field that is neither a severity nor a count says nothing about violations.
      if (count === null && known === undefined) continue
      const severity = count === null ? "unknown" : (known ?? "unknown")
      if (severity === "unknown") {
        warnings.push(`${name} counts ${JSON.stringify(WireFields.cut(word, 64))}, which is not understood: unknown`)
      }
      mine.set(severity, (mine.get(severity) ?? 0) + (count ?? 1))
    }
    for (const [severity, count] of mine) counted.set(severity, Math.max(counted.get(severity) ?? 0, count))
  }
  return counted.size === 0 ? null : Object.fromEntries(counted)
}

const severityWords = new Map<string, Severity.Severity>([
  ["critical", "critical"],
  ["high", "high"],
  ["medium", "medium"],
  ["low", "low"],
  ["info", "info"]
])

const readScore = (body: WireFields.WireRecord): Result.Result<number, Unusable> => {
  const outOfRange = (message: string): Unusable => ({ code: "score-out-of-range", message })
  const score = WireFields.required(body, "compliance_score", WireFields.finite)
  if (Result.isFailure(score)) return Result.fail(outOfRange(`${score.failure} from 0 to 100`))
  return score.success >= 0 && score.success <= 100
    ? Result.succeed(score.success)
    : Result.fail(outOfRange(`compliance_score is ${score.success}, not a number from 0 to 100`))
}

/**
 * Reads the result of a completed scan.
 *
 * **Details**
 *
 * Unusable without a score from 0 to 100 or without a violation count, and when a field that the vendor documents as
 * required is of another type. A count that is negative or fractional, an optional field of another type and a missing
 * count that no verdict hangs on are null and noted in `warnings`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readResult = (
  body: WireFields.WireRecord,
  head: ScanHead,
  warnings: Array<string>
): Result.Result<CompliancePayload, Unusable> => {
  const score = readScore(body)
  if (Result.isFailure(score)) return Result.fail(score.failure)
  if (absent(body, "violation_count")) return Result.fail(unreadable("violation_count is missing"))
  const violations = number(body, "violation_count", warnings)
  if (Result.isFailure(violations)) return Result.fail(unreadable(violations.failure))
  const processed = number(body, "rules_processed", warnings)
  if (Result.isFailure(processed)) return Result.fail(unreadable(processed.failure))
  const total = number(body, "rules_total", warnings)
  if (Result.isFailure(total)) return Result.fail(unreadable(total.failure))
  const records = number(body, "record_count", warnings)
  if (Result.isFailure(records)) return Result.fail(unreadable(records.failure))
  const created = absent(body, "created_at") ? null : WireFields.required(body, "created_at", WireFields.text)
  if (created === null) warnings.push("created_at is missing")
  else if (Result.isFailure(created)) return Result.fail(unreadable(created.failure))
  const text = (name: string): string | null => WireFields.optional(body, name, WireFields.text, warnings)
  const known = {
    id: head.id,
    status: head.status,
    violation_count: violations.success,
    compliance_score: score.success,
    rules_processed: processed.success,
    rules_total: total.success,
    record_count: records.success,
    created_at: created === null ? null : created.success,
    completed_at: WireFields.text.read(body["completed_at"]),
    audit_name: text("audit_name"),
    policy_id: text("policy_id"),
    upload_id: text("upload_id"),
    mapping_id: text("mapping_id"),
    audit_id: text("audit_id"),
    mapping_config: WireFields.optional(body, "mapping_config", jsonObject, warnings),
    temporal_scale: WireFields.optional(body, "temporal_scale", scale, warnings),
    score_history: readScoreHistory(body, warnings),
    delta: readDelta(body, warnings),
    data_source: text("data_source"),
    file_name: text("file_name"),
    review_summary: WireFields.optional(body, "review_summary", jsonObject, warnings)
  }
  return Result.succeed({ ...unknownFields(body, known, warnings), ...known })
}

/**
 * What an answer to a submission holds, whatever its status: the scan's id under `scan_id` (elsewhere it is `id`) if it
 * is one we can use, and the status word if there is one.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readSubmitted = (body: unknown): { readonly scanId: string | null; readonly status: string | null } => {
  if (!WireFields.isRecord(body)) return { scanId: null, status: null }
  const ignored: Array<string> = []
  const scanId = WireFields.optional(body, "scan_id", WireFields.text, ignored)
  return {
    scanId: scanId !== null && isScanId(scanId) ? scanId : null,
    status: WireFields.optional(body, "status", WireFields.text, ignored)
  }
}

/**
 * One row of an audit's list of scans. `createdAt` is in milliseconds since 1970, null when it cannot be read.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListedScan {
  readonly id: string
  readonly createdAt: number | null
}

/**
 * Reads an audit's list of scans. Rows without an id we can use are left out: no scan could be found again under them.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readScanList = (body: unknown, auditId: string): Result.Result<ReadonlyArray<ListedScan>, Unusable> => {
  if (!WireFields.isRecord(body)) return Result.fail(unreadable("the answer is not an object"))
  const scans = WireFields.required(body, "scans", WireFields.list)
  if (Result.isFailure(scans)) return Result.fail(unreadable(scans.failure))
  const listed = WireFields.optional(body, "audit_id", WireFields.text, [])
  if (listed !== null && !sameId(listed, auditId)) return Result.fail(unreadable("the list is of another audit"))
  return Result.succeed(
    scans.success.flatMap((row): ReadonlyArray<ListedScan> => {
      if (!WireFields.isRecord(row)) return []
      const id = WireFields.optional(row, "id", WireFields.text, [])
      if (id === null || !isScanId(id)) return []
      return [{ id, createdAt: WireFields.optional(row, "created_at", WireFields.time, []) }]
    })
  )
}

/**
 * Whether a scan was made from the request's policy, upload and mapping. What the vendor does not say of them does not
 * count against it.
 *
 * @category guards
 * @since 0.1.0
 */
export const isMadeFrom = (body: WireFields.WireRecord, request: ComplianceRequest): boolean => {
  const agrees = (name: string, asked: string): boolean => {
    const said = WireFields.optional(body, name, WireFields.text, [])
    return said === null || sameId(said, asked)
  }
  return (
    agrees("policy_id", request.policyId) &&
    agrees("upload_id", request.uploadId) &&
    agrees("mapping_id", request.mappingId)
  )
}
