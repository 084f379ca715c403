/**
 * What a scan looks at: a company, a web address or a dataset.
 *
 * `id` is canonical by the vendor's own rule of equality, so two subjects with one `id` at one vendor are the same
 * thing; `name` is for people and decides nothing.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What is scanned. `id` is the same for equal subjects of one kind, `name` is for people.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Subject = Schema.Struct({
  kind: Schema.Literals(["company", "url", "dataset"]),
  id: Schema.String,
  name: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type Subject = typeof Subject.Type
