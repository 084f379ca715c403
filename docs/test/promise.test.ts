import { assert, describe, it } from "@effect/vitest"
import { Journal } from "@scanpoll/journal"
import { createScanpoll } from "@scanpoll/promise"
import { Simulators } from "@scanpoll/testkit"
import { Effect, Exit, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestContext } from "vitest"
import * as Example from "../examples/promise.ts"

// The example runs as it stands, against the simulators, on the real clock.
const simulated = async (test: TestContext) => {
  const scope = Scope.makeUnsafe()
  const vendors = await Effect.runPromise(
    Effect.provideService(Simulators.make({ seed: 7, speed: 60, exona: { retryAfter: null } }), Scope.Scope, scope)
  )
  const { appvet, exona } = vendors
  const options = {
    exona: { apiKey: exona.key, baseUrl: exona.baseUrl, insecureHosts: [`127.0.0.1:${exona.port}`] },
    appvet: { apiKey: appvet.key, baseUrl: appvet.baseUrl, insecureHosts: [`127.0.0.1:${appvet.port}`] }
  }
  const scanpoll = createScanpoll(options)
  test.onTestFinished(async () => {
    await scanpoll.dispose()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
  return { options, scanpoll, vendors }
}

describe.concurrent("docs/examples/promise", () => {
  it("awaits one typed outcome, and a batch that joins what was bought", async (test) => {
    const { scanpoll, vendors } = await simulated(test)
    const [said, lines] = await Promise.all([Example.one(scanpoll), Example.batch(scanpoll)])
    assert.match(said, /^score \d+, severity \w+$/)
    assert.match(
      lines.join("\n"),
      /^exona completed: (Low|Medium|High|Very High) risk\nappvet completed: grade [A-F][+-]?$/
    )
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
  })

  it("watches the steps of a scan", async (test) => {
    const { scanpoll } = await simulated(test)
    const steps = await Example.steps(scanpoll)
    assert.deepStrictEqual([steps[0], steps.at(-1)], ["bought as appvet", "completed"])
  })

  it("goes on in another process with what a journal in a file has", async (test) => {
    const folder = await mkdtemp(join(tmpdir(), "scanpoll-promise-"))
    const { options, vendors } = await simulated(test)
    const again = () => createScanpoll({ ...options, journal: Journal.layer(join(folder, "scans.db")) })
    const request = { url: "https://shop.example/", type: "security" } as const
    const first = again()
    const { ticket } = await first.appvet.submit(request)
    await first.dispose()
    const second = again()
    assert.deepStrictEqual((await second.appvet.run(request)).ticket, ticket)
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
    await second.dispose()
    await rm(folder, { recursive: true })
  })

  it("ends with its signal, and says how to resume", async (test) => {
    const { scanpoll } = await simulated(test)
    assert.strictEqual(await Example.one(scanpoll, AbortSignal.abort()), "aborted: nothing was bought")
    assert.match(
      await Example.one(scanpoll, AbortSignal.timeout(1000)),
      /^aborted while waiting for appvet:scan_\w+; `wait\(ticket\)` resumes it$/
    )
  })
})
