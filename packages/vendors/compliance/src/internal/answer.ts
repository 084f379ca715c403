// How answers are read. Two shapes of one answer are read alike: that of the vendor's documentation and that of its
// server, which sends numbers, nulls and offsets where the documentation has texts and `Z`. A field that may be absent
// here is null in the payload.
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Wire from "@scanpoll/core/vendor/Wire"

const rest = [Schema.Record(Schema.String, Wire.json)] as const

const maybe = Struct.map(Schema.optionalKey)

interface ToNull extends Struct.Lambda {
  (field: unknown): null
  readonly "~lambda.out": null
}

const nulls = Struct.map(Struct.lambda<ToNull>(() => null))

export const told = {
  completed_at: Wire.text(),
  audit_name: Wire.text(),
  policy_id: Wire.text(),
  upload_id: Wire.text(),
  mapping_id: Wire.text(),
  audit_id: Wire.text(),
  mapping_config: Schema.StructWithRest(Schema.Struct({}), rest),
  temporal_scale: Schema.Union([Schema.String, Schema.Finite]).annotate({ expected: "a text or a number" }),
  data_source: Wire.text(),
  file_name: Wire.text()
}

export const change = { score: Schema.Finite, timestamp: Wire.text(), action: Wire.text(), violation_id: Wire.text() }

export const compared = { new_count: Wire.count, resolved_count: Wire.count, unchanged_count: Wire.count }

export const previous = { previous_scan_id: Wire.text(), previous_violation_count: Wire.count }

/** What a payload has where the vendor sent none of them. */
export const untold = { answer: nulls(told), change: nulls(change), delta: nulls(previous) }

const number = Wire.decides(Wire.number)

/** What a completed scan says. Numbers are looked at one by one in `verdict`: what is no count must not hide the rest. */
export const Answer = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    status: Schema.String,
    violation_count: number,
    compliance_score: Schema.optionalKey(Wire.json),
    rules_processed: number,
    rules_total: number,
    record_count: number,
    created_at: Wire.decides(Schema.String),
    ...maybe(told),
    score_history: Schema.optionalKey(Wire.sieve(Schema.StructWithRest(Schema.Struct(maybe(change)), rest))),
    delta: Schema.optionalKey(Schema.StructWithRest(Schema.Struct({ ...compared, ...maybe(previous) }), rest)),
    // Looked at in `verdict`: what cannot be read must not pass for nothing.
    review_summary: Schema.optionalKey(Wire.json)
  }),
  rest
)

export type Answer = typeof Answer.Type

const times = maybe({ created_at: Wire.text(), completed_at: Wire.text() })

/** A failed scan: the word alone decides, and the zeros beside it are no results. */
export const Failure = Schema.Struct(times)

/** A submission whose scan has failed says why, as an error does. */
export const RunFailure = Schema.Struct(
  maybe({ error: Wire.words(64), message: Wire.words(1000), details: Schema.Unknown })
)

/** One row of an audit's list of scans. */
export const ListedScan = Schema.Struct({ id: Schema.String, created_at: Schema.optionalKey(Wire.time) })
