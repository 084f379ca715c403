// What a test of a user's own program needs: simulated vendors, their time, and the client's log lines.
import { createScanpoll } from "@scanpoll/promise"
import { createSimulators } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import { site } from "./world.ts"

type Line = readonly [level: string, message: string, fields: Readonly<Record<string, unknown>>]

const loggerInto = (lines: Array<Line>) => ({
  debug: (message: string, fields: Readonly<Record<string, unknown>>) => void lines.push(["debug", message, fields]),
  info: (message: string, fields: Readonly<Record<string, unknown>>) => void lines.push(["info", message, fields]),
  warn: (message: string, fields: Readonly<Record<string, unknown>>) => void lines.push(["warn", message, fields]),
  error: (message: string, fields: Readonly<Record<string, unknown>>) => void lines.push(["error", message, fields])
})

describe("a test without Effect", () => {
  it("has simulated vendors, a time in which minutes pass in moments, and the log lines of its client (U-13)", async () => {
    const lines: Array<Line> = []
    await using simulators = await createSimulators({
      appvet: { fate: () => ({ settleAfterPolls: 1, duration: "2 minutes" }) }
    })
    await using client = createScanpoll({ ...simulators.options, logger: loggerInto(lines) })
    const outcome = await client.appvet.run(site("shop"))
    assert.strictEqual(outcome._tag, "Completed")
    assert.lengthOf(simulators.appvet.ledger.accepted(), 1)
    assert.strictEqual((outcome.completedAt ?? 0) - (outcome.createdAt ?? 0), 120_000)
    const [level, message, fields] = lines.find(([, text]) => text.startsWith("scan completed")) ?? []
    assert.deepStrictEqual([level, message], ["info", "scan completed"])
    assert.strictEqual(fields?.["vendor"], "appvet")
    assert.notInclude(JSON.stringify(lines), simulators.options.appvet.apiKey)
  })

  it("is disturbed by no logger that throws, and told nothing below its level (U-13)", async () => {
    const lines: Array<Line> = []
    await using simulators = await createSimulators({ appvet: { fate: () => ({ settleAfterPolls: 0 }) } })
    const throwing = () => {
      throw new Error("no disk")
    }
    const broken = { debug: throwing, info: throwing, warn: throwing, error: throwing }
    await using first = createScanpoll({ ...simulators.options, logger: broken })
    assert.strictEqual((await first.appvet.run(site("shop")))._tag, "Completed")
    await using second = createScanpoll({ ...simulators.options, logger: loggerInto(lines), logLevel: "error" })
    assert.strictEqual((await second.appvet.run(site("shop")))._tag, "Completed")
    assert.deepStrictEqual(lines, [])
  })

  it("refuses a speed that leaves requests no time", async () => {
    for (const speed of [0, 21, Number.NaN]) {
      assert.match(
        String(await createSimulators({ speed }).catch((error: unknown) => error)),
        /speed must be from 1 to 20/
      )
    }
  })

  it("is told what cannot be a logger, a level or a time", () => {
    const wrong = { appvet: { apiKey: "avk_live_abcdefghijklmnop" }, logger: {}, logLevel: "loud", time: 7 }
    assert.throws(
      () => Reflect.apply(createScanpoll, undefined, [wrong]),
      /time is not that of createSimulators[^]*logger has no methods[^]*logLevel is none of debug, info, warn, error, none/
    )
  })
})
