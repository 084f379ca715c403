/**
 * What is sent to VirusTotal and what is read of its answers.
 *
 * @see {@link https://docs.virustotal.com/reference/scan-url}
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"

/**
 * An address for the engines. It becomes part of VirusTotal's corpus, which its partners can read.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalRequest = Schema.Struct({ url: Vendor.publicUrl })

export type VirusTotalRequest = typeof VirusTotalRequest.Type

/**
 * How many engines said what. `undetected` is no opinion, and not "clean". `timeout`: engines that did not answer.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalStats = Schema.Struct({
  malicious: Wire.count,
  suspicious: Wire.count,
  harmless: Wire.count,
  undetected: Wire.count,
  timeout: Schema.optionalKey(Wire.count)
})

export type VirusTotalStats = typeof VirusTotalStats.Type

/**
 * What one engine said. The words of `result` are an open set, such as `phishing` or `clean`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalEngine = Schema.Struct({
  category: Wire.words(64),
  result: Schema.optionalKey(Wire.words(200))
})

/**
 * What is kept of an analysis: the counts, and what each engine with an opinion said.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalPayload = Schema.Struct({
  stats: VirusTotalStats,
  opinions: Schema.Record(Schema.String, VirusTotalEngine)
})

export type VirusTotalPayload = typeof VirusTotalPayload.Type

/**
 * What is read of an analysis. An engine that cannot be read is not left out: it may have found something.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalAnswer = Schema.Struct({
  data: Schema.Struct({
    attributes: Schema.Struct({
      stats: VirusTotalStats,
      results: Wire.decides(Schema.Record(Schema.String, Schema.Unknown))
    })
  })
})

/**
 * The report of an address, by which a lost submission is found.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VirusTotalObject = Schema.Struct({
  id: Wire.words(64),
  attributes: Schema.Struct({ last_submission_date: Schema.optionalKey(Wire.count) })
})
