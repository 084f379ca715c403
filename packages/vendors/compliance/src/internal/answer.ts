// How answers are read. Two shapes of one answer are read alike: that of the vendor's documentation and that of its
// server, which sends numbers, nulls and offsets where the documentation has texts and `Z`.
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"

const rest = [Schema.Record(Schema.String, Wire.json)] as const
const text = Schema.optionalKey(Wire.text())
const object = Schema.optionalKey(Schema.StructWithRest(Schema.Struct({}), rest))

/** What a completed scan says. Numbers are looked at one by one in `verdict`: what is no count must not hide the rest. */
export const Answer = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    status: Schema.String,
    violation_count: Wire.decides(Wire.number),
    compliance_score: Schema.optionalKey(Wire.json),
    rules_processed: Wire.decides(Wire.number),
    rules_total: Wire.decides(Wire.number),
    record_count: Wire.decides(Wire.number),
    created_at: Wire.decides(Schema.String),
    completed_at: text,
    audit_name: text,
    policy_id: text,
    upload_id: text,
    mapping_id: text,
    audit_id: text,
    mapping_config: object,
    temporal_scale: Schema.optionalKey(
      Schema.Union([Schema.String, Schema.Finite]).annotate({ expected: "a text or a number" })
    ),
    score_history: Schema.optionalKey(
      Wire.sieve(
        Schema.StructWithRest(
          Schema.Struct({
            score: Schema.optionalKey(Schema.Finite),
            timestamp: text,
            action: text,
            violation_id: text
          }),
          rest
        )
      )
    ),
    delta: Schema.optionalKey(
      Schema.StructWithRest(
        Schema.Struct({
          new_count: Wire.count,
          resolved_count: Wire.count,
          unchanged_count: Wire.count,
          previous_scan_id: text,
          previous_violation_count: Schema.optionalKey(Wire.count)
        }),
        rest
      )
    ),
    data_source: text,
    file_name: text,
    // Looked at in `verdict`: what cannot be read must not pass for nothing.
    review_summary: Schema.optionalKey(Wire.json)
  }),
  rest
)

export type Answer = typeof Answer.Type

/** A failed scan: the word alone decides, and the zeros beside it are no results. */
export const Failure = Schema.Struct({ created_at: text, completed_at: text })

/** A submission whose scan has failed says why, as an error does. */
export const RunFailure = Schema.Struct({
  error: Schema.optionalKey(Wire.words(64)),
  message: Schema.optionalKey(Wire.words(1000)),
  details: Schema.optionalKey(Schema.Unknown)
})

/** One row of an audit's list of scans. */
export const ListedScan = Schema.Struct({ id: Schema.String, created_at: Schema.optionalKey(Wire.time) })
