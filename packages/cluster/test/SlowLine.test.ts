/** Workers on a real PostgreSQL, one of them over a line that is slow. `lines.ts` has more of those, and measures. */
import { assert, describe, it } from "@effect/vitest"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { make as makeVendor, type Vendor } from "@scanpoll/test-support/conversation"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as FaultyLine from "./support/faultyLine.ts"
import { buy, start, until } from "./support/inProcess.ts"
import { database } from "./support/scenes.ts"

const settings = { lease: "3 seconds", lookEvery: "100 millis", assignEvery: "100 millis", shards: 4 } as const
const names = Array.from({ length: 12 }, (_, n) => `s${n}`)
const policy = () =>
  PollPolicy.make({ pace: "200 millis", first: "100 millis", floor: "100 millis", deadline: "1 day" })
const vendor = () => makeVendor({ polls: [{ say: "running" }], limits: { floor: "100 millis" } })

/** From now on, every scan is polled by whoever asks this vendor. */
const allArePolled = ({ ledger }: Vendor) =>
  Effect.suspend(() => {
    const before = ledger.polls.length
    return until(
      "every scan is polled",
      Effect.sync(() => new Set(ledger.polls.slice(before).map(({ scanId }) => scanId)).size === names.length)
    )
  })

describe("a worker whose line to the database takes half a second each way", () => {
  const own = database()

  it.live(
    "leaves its scans to another one for as long as that lasts, and polls them again when it is the only one (D-01)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const url = yield* Effect.promise(() => own().schema())
          yield* buy(url, names)
          const line = yield* FaultyLine.scoped(url)
          const [far, near] = [vendor(), vendor()]
          const one = yield* start({ journal: line.url, name: "one", adapters: [far.adapter], policy, settings })
          yield* allArePolled(far)
          const two = yield* start({ journal: url, name: "two", adapters: [near.adapter], policy, settings })
          yield* line.be({ latency: 500 })
          yield* allArePolled(near)
          const { phase, ready } = yield* one.worker.state
          assert.deepStrictEqual([phase, ready], ["cut-off", false])
          yield* line.be({})
          yield* two.end
          yield* allArePolled(far)
        })
        // What they complain of meanwhile is no news.
      ).pipe(Effect.provide(Logger.layer([])))
  )
})
