/** What a vendor says it does while a scan runs is shown to people and streams, each line once. */
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import { scanpollInside } from "../support/inside.ts"
import { hurriedVendors } from "../support/vendors.ts"

const events = [
  { time: "12:00:05", message: "Starting HSTS check" },
  { time: "12:00:08", message: "Starting CSP check" }
]

const vendors = hurriedVendors({
  appvet: { rateLimit: null, fate: () => ({ settleAfterPolls: 3, words: ["scanning"], progress: 45, events }) }
})

const times = (text: string, part: string): number => text.split(part).length - 1

describe("what a vendor says it does", () => {
  layer(vendors, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("is a line of progress and of the event stream, once, however often the vendor sends it (AV-08)", () =>
      Effect.gen(function* () {
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const ran = yield* scanpollInside(["run", "appvet:https://shop.example", "-o", "events"], { environment })
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.include(ran.stderr, "running 45 %: 12:00:05 Starting HSTS check; 12:00:08 Starting CSP check\n")
        for (const { message } of events) {
          assert.strictEqual(times(ran.stderr, message), 1, ran.stderr)
          assert.strictEqual(times(ran.stdout, message), 1, ran.stdout)
        }
        const pending = ran.stdout
          .split("\n")
          .flatMap((line) => (line.includes('"pending"') ? [JSON.parse(line)] : []))
          .at(0)
        assert.deepStrictEqual(pending?.messages, ["12:00:05 Starting HSTS check", "12:00:08 Starting CSP check"])
      })
    )

    it.effect("is what `status` shows of a running scan, the last line for people and all for programs", () =>
      Effect.gen(function* () {
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const bought = yield* scanpollInside(["submit", "appvet:https://status.example"], { environment })
        const [key = ""] = /appvet:scan_\w+/.exec(bought.stdout) ?? []
        const text = yield* scanpollInside(["status", key], { environment })
        assert.include(text.stdout, "running 45 %: 12:00:08 Starting CSP check\n")
        const json = yield* scanpollInside(["status", key, "-o", "json"], { environment })
        assert.deepStrictEqual(JSON.parse(json.stdout).scans[0].messages, [
          "12:00:05 Starting HSTS check",
          "12:00:08 Starting CSP check"
        ])
      })
    )
  })
})
