import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { Simulators } from "@scanpoll/testkit"
import * as BatchExample from "../examples/mixed-batch.ts"
import * as OneExample from "../examples/one-adapter.ts"
import * as ScheduleExample from "../examples/custom-schedule.ts"

// The examples run as they stand, against the simulators, on the real clock: vendor time is sped up.
const simulated = <A, E, R>(run: (vendors: Simulators.Shape) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const vendors = yield* Simulators.make({ seed: 7, speed: 60, exona: { retryAfter: null } })
    const environment = ConfigProvider.fromUnknown(Simulators.environment(vendors))
    return yield* run(vendors).pipe(Effect.provideService(ConfigProvider.ConfigProvider, environment))
  }).pipe(Effect.scoped)

describe("docs/examples", () => {
  it.live("one-adapter: imports one adapter and reads a typed outcome", () =>
    simulated((vendors) =>
      Effect.gen(function* () {
        const said = yield* OneExample.program.pipe(Effect.provide(OneExample.services))
        assert.match(said, /^score \d+, severity \w+, \d+ findings$/)
        assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
      })
    )
  )

  it.live("custom-schedule: a pace composed from schedules polls when the example says", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ScheduleExample.plannedPolls, [5, 9, 17, 33, 63, 93])
    })
  )

  it.live("custom-schedule: a scan runs under it", () =>
    simulated(() =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ScheduleExample.program.pipe(Effect.provide(OneExample.services)), "Completed")
      })
    )
  )

  it.live("mixed-batch: three vendors, one list of records, each bought once", () =>
    simulated((vendors) =>
      Effect.gen(function* () {
        const lines = yield* BatchExample.lines.pipe(Effect.provide(BatchExample.services))
        assert.strictEqual(lines.length, 3)
        assert.isTrue(
          lines.every((line) => line.includes("completed")),
          lines.join("\n")
        )
        for (const vendor of [vendors.exona, vendors.appvet, vendors.compliance]) {
          assert.strictEqual(vendor.ledger.accepted().length, 1)
        }
      })
    )
  )
})
