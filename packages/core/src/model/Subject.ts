/**
 * What a scan looks at: a company, a web address, a dataset, or whatever else a vendor scans.
 *
 * `id` is canonical by the vendor's own rule of equality, so two subjects with one `id` at one vendor are the same
 * thing; `name` is for people and decides nothing.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What kind of thing is scanned: a word of 1 to 32 lower-case letters, digits and hyphens that begins with a letter, such
 * as `company`, `url`, `dataset`, `file`, `image`, `repository`, `host`. The vendor says it; `unknown` where a scan is
 * known by its id alone.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Kind = Schema.String.check(
  Schema.isPattern(/^[a-z][a-z0-9-]{0,31}$/, {
    description: "A word of 1 to 32 of a-z, 0-9 and -, a letter first, such as company, url, dataset, file or host."
  })
)

/**
 * What is scanned. `id` is the same for equal subjects of one kind, `name` is for people. Of a scan that is known by its
 * key alone, the kind is `unknown`, the id the scan's, and the name the key.
 * `series` stays the same when a new version of the subject gets a new `id`, such as a new upload of a dataset; left out
 * where that is the `id`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Subject = Schema.Struct({
  kind: Kind,
  id: Schema.String,
  name: Schema.String,
  series: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Subject = typeof Subject.Type
