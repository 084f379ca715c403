/**
 * What goes over the wire to AppVet and back, as the vendor documents it.
 *
 * Each schema is read by `Wire.reader`: null is absent, a wrong optional field is left out with a warning, nothing is
 * coerced. Unknown fields are kept where they are the vendor's result and ignored elsewhere.
 *
 * @see {@link https://appvet.dev/docs}
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"

/**
 * The four kinds of scan; one scan is of one kind.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanType = Schema.Literals(["security", "performance", "accessibility", "seo"])

export type ScanType = typeof ScanType.Type

/**
 * What to scan. AppVet tries the address when the scan is submitted.
 *
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

export interface AppVetRequest extends Schema.Schema.Type<typeof AppVetRequest> {}

/**
 * One line of the vendor's log of a running scan. `time` is a time of day without a date or a zone, so it stays a text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanEvent = Schema.Struct({ time: Wire.text(64), message: Wire.text(300) })

export type ScanEvent = typeof ScanEvent.Type

/**
 * The short result of a finished scan: `score` from 0 to 100, an open `grade` such as `B` or `A-`, and the address of
 * the web report as the vendor wrote it. Fields the vendor adds are kept.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanResult = Wire.open({
  score: Wire.decides(Schema.Number),
  grade: Schema.optionalKey(Wire.words(64)),
  report_url: Schema.optionalKey(Wire.words())
})

export type ScanResult = typeof ScanResult.Type

/**
 * The vendor's own answer to a finished scan, under the vendor's own names.
 *
 * **Details**
 *
 * Fields the vendor left out, sent as null or sent in a wrong type are absent. Fields it added are kept. Of `events`
 * the last 20 are kept, so that the payload of a talkative scan stays small.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AppVetPayload = Wire.open({
  id: Schema.String,
  status: Schema.Literals(["completed", "partial"]),
  type: Schema.optionalKey(Wire.text()),
  url: Schema.optionalKey(Wire.text()),
  progress: Schema.optionalKey(Wire.percent),
  events: Schema.optionalKey(Wire.last(20, ScanEvent)),
  result: Schema.optionalKey(ScanResult),
  error: Schema.optionalKey(Wire.words(1000)),
  created_at: Schema.optionalKey(Wire.text()),
  completed_at: Schema.optionalKey(Wire.text())
})

export interface AppVetPayload extends Schema.Schema.Type<typeof AppVetPayload> {}
