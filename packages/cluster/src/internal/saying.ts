// What a worker says of itself in the database, and how it is read back.
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Lateness = Schema.Struct({ p50: Schema.Finite, p99: Schema.Finite, max: Schema.Finite })

export const phases = ["joining", "working", "cut-off", "leaving"] as const

export const Saying = Schema.Struct({
  phase: Schema.Literals(phases),
  slices: Schema.Array(Schema.Int),
  open: Schema.Int,
  polls: Schema.Int,
  settled: Schema.Int,
  lateness: Schema.NullOr(Lateness)
})
export type Saying = typeof Saying.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Saying))

export const write = (saying: Saying): string => JSON.stringify(saying)

// Null for what another version wrote.
export const read = (text: unknown): Saying | null => Option.getOrNull(decode(text))
