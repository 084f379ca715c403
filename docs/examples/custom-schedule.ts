/**
 * A retry policy of your own, composed from Effect schedules.
 *
 * Any `Schedule` can be a pace or a failure policy. The vendor's floor, its hints and the account's pause hold whatever
 * you compose, and combinators may be applied in any order.
 */
import { PollPolicy, Preview, Scans, VendorLimits } from "@scanpoll/core"
import { AppVet } from "@scanpoll/appvet"
import { Console, Effect, Schedule } from "effect"

/** Impatient at first, patient later: 4 s, 8 s, 16 s, then every 30 s. */
export const pace = Schedule.exponential("4 seconds").pipe(
  Schedule.upTo({ times: 3 }),
  Schedule.concat(Schedule.spaced("30 seconds"))
)

/** After a fault: Fibonacci waits, and no more than eight of them in a row. */
export const failures = Schedule.fibonacci("2 seconds").pipe(Schedule.upTo({ times: 8 }))

/** The vendor's recommended policy, with our pace, our failure policy and ten minutes of patience. */
export const patient = (recommended: PollPolicy.PollPolicy) =>
  recommended.pipe(PollPolicy.withPace(pace), PollPolicy.withFailures(failures), PollPolicy.withDeadline("10 minutes"))

/** When the policy would poll, in seconds, before anything is bought. */
export const plannedPolls = Effect.map(
  Preview.preview(patient(PollPolicy.make({ first: "5 seconds" })), VendorLimits.make({ floor: "3 seconds" }), 6),
  (polls) => polls.map((poll) => poll.at / 1000)
)

/** A scan under that policy. */
export const program = Effect.gen(function* () {
  const outcome = yield* Scans.run(yield* AppVet, { url: "https://shop.example/", type: "seo" }, { policy: patient })
  return outcome._tag
})

if (import.meta.main) {
  await Effect.runPromise(Effect.flatMap(plannedPolls, (polls) => Console.log(`polls at ${polls.join(", ")} s`)))
}
