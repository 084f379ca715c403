// What a worker says of itself in the database, and how it is read back. Earlier versions do not say the optional fields.
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
  lateness: Schema.NullOr(Lateness),
  // Whether its last word was stored in time, and how long that took, in milliseconds.
  prompt: Schema.optionalKey(Schema.Boolean),
  trip: Schema.optionalKey(Schema.Finite),
  // The keys of the accounts it polls, and of those whose vendor refuses its credential.
  accounts: Schema.optionalKey(Schema.Array(Schema.String)),
  denied: Schema.optionalKey(Schema.Array(Schema.String))
})
export type Saying = typeof Saying.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Saying))

export const write = (saying: Saying): string => JSON.stringify(saying)

// Whether it polls what it has, and its line to the database is good.
export const isBetterOff = ({ phase, prompt }: Saying): boolean => phase === "working" && prompt !== false

// Null for what another version wrote.
export const read = (text: unknown): Saying | null => Option.getOrNull(decode(text))
