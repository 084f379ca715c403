/**
 * The shapes of the compliance API: what a request needs, and what is kept of a completed scan.
 *
 * @see https://github.com/Basit-Ali0/Yggdrasil
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Answers from "./internal/answer.ts"

/**
 * One scan to run: the rules of a policy over the rows of an upload, read through a confirmed mapping. The documentation
 * leaves `auditId` out; the server refuses a run without it.
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

export interface ComplianceRequest extends Schema.Schema.Type<typeof ComplianceRequest> {}

const rest = [Schema.Record(Schema.String, Schema.Json)] as const

const orNull = Struct.map(Schema.NullOr)

/**
 * One change of a scan's score: the scan itself, or a person's review of a violation later. `violation_id` is null for
 * the scan itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScoreChange = Schema.StructWithRest(Schema.Struct(orNull(Answers.change)), rest)

export type ScoreChange = typeof ScoreChange.Type

/**
 * The vendor's comparison with the previous completed scan of the same policy. Violations are matched by rule and
 * account, so many violations of one account by one rule count once here.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComplianceDelta = Schema.StructWithRest(
  Schema.Struct({ ...Answers.compared, ...orNull(Answers.previous) }),
  rest
)

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
    ...orNull(Answers.told),
    score_history: Schema.Array(ScoreChange),
    delta: Schema.NullOr(ComplianceDelta),
    review_summary: Schema.NullOr(Schema.JsonObject)
  }),
  rest
)

export interface CompliancePayload extends Schema.Schema.Type<typeof CompliancePayload> {}

/** The form of a UUID: 32 hexadecimal digits in five groups. The vendor's own examples have versions that do not exist. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Whether a text has the form of a UUID, of whatever version.
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
