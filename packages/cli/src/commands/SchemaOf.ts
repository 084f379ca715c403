/**
 * `scanpoll schema`: the JSON Schemas of what scanpoll writes and reads.
 *
 * @since 0.1.0
 */
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as PlanSchema from "../config/PlanSchema.ts"
import { say, Streams } from "../output/Streams.ts"
import { Vendors } from "../vendors/Vendors.ts"

const print = Effect.fnUntraced(function* (schema: unknown): Effect.fn.Return<number, never, Streams> {
  const streams = yield* Streams
  return yield* Effect.matchEffect(streams.out(SafeText.document(schema)), {
    onFailure: (why) => Effect.as(say(`error: standard output failed: ${why}`), 74),
    onSuccess: () => Effect.succeed(0)
  })
})

/**
 * `scanpoll schema plan`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan: Effect.Effect<number, never, Streams | Vendors> = Effect.flatMap(Vendors, (vendors) =>
  print(PlanSchema.make(vendors))
)

/**
 * `scanpoll schema report`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const report: Effect.Effect<number, never, Streams> = Effect.flatMap(
  Effect.promise(() => import("@scanpoll/report/ScanReport")),
  (module) => print(module.jsonSchema())
)
