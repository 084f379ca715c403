/** What a caller's log shows of an error, as for any error of Node's. */
import { AbortError, createScanpoll, InvalidPolicy, PollStopped, SubmitError } from "@scanpoll/promise"
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"
import { clientOf, hasty, rejection, simulators, site } from "./world.ts"

const lines = (error: unknown): ReadonlyArray<string> => inspect(error).split("\n")

describe.concurrent("an error in a log", () => {
  it("of a wait that ended first names its class, the scan and the line that called (U-13)", async (test) => {
    const scanpoll = clientOf(test, await simulators(test))
    const policy = { ...hasty, missingGrace: 0 }
    const callOfMine = async () => scanpoll.appvet.wait("appvet:scan_unknown0001", { policy })
    const error = await rejection(callOfMine())
    if (!(error instanceof PollStopped)) return assert.fail(inspect(error))
    const [first, second] = lines(error)
    assert.match(
      first ?? "",
      /^PollStopped: appvet:scan_unknown0001 stopped: not-found after 1 poll, last seen Missing /
    )
    assert.match(second ?? "", /^ {4}at (async )?callOfMine /)
    assert.include(error.stack, `PollStopped: ${error.message}\n`)
    assert.include(inspect(error), "reason: 'not-found'")
    assert.notInclude(inspect(error), "_id")
  })

  it("that the vendor's words make names the vendor, the account and what was scanned (U-13)", async (test) => {
    const { appvet } = await simulators(test)
    const place = { baseUrl: appvet.baseUrl, insecureHosts: [`127.0.0.1:${appvet.port}`] }
    const accounts = { "team-b": { apiKey: `avk_live_${"1".repeat(32)}` } }
    await using scanpoll = createScanpoll({ appvet: { apiKey: appvet.key, ...place, accounts } })
    const denied = await rejection(scanpoll.appvet.account("team-b").run(site("shop")))
    assert.match(inspect(denied).split("\n")[0] ?? "", /^SubmitError: appvet@team-b https:\/\/shop\S*: The API key /)
    const missing = await rejection(scanpoll.appvet.status("appvet:scan_unknown0001"))
    assert.match(inspect(missing).split("\n")[0] ?? "", /^PollFault: appvet:scan_unknown0001: /)
  })

  it("that two callers share has the stack of each of them (U-13)", async () => {
    // No server listens there.
    const away = { baseUrl: "http://127.0.0.1:9", insecureHosts: ["127.0.0.1:9"] }
    await using scanpoll = createScanpoll({ appvet: { apiKey: `avk_live_${"0".repeat(32)}`, ...away } })
    const one = async () => scanpoll.appvet.run(site("shop"))
    const two = async () => scanpoll.appvet.run(site("shop"))
    const [first, second] = await Promise.all([rejection(one()), rejection(two())])
    if (!(first instanceof SubmitError) || !(second instanceof SubmitError))
      return assert.fail(inspect([first, second]))
    assert.match(first.stack ?? "", /^SubmitError: .*\n\s+at (async )?one /)
    assert.match(second.stack ?? "", /^SubmitError: .*\n\s+at (async )?two /)
  })

  it("of an aborted call, and of options that cannot be used, says where the call was (U-13)", async (test) => {
    const scanpoll = clientOf(test, await simulators(test))
    const callOfMine = async (options: object) => scanpoll.appvet.run(site("shop"), options)
    const aborted = await rejection(callOfMine({ signal: AbortSignal.abort() }))
    assert.instanceOf(aborted, AbortError)
    assert.match(inspect(aborted), /^AbortError: aborted: nothing was bought\n\s+at (async )?callOfMine /)
    const invalid = await rejection(callOfMine({ policy: { deadline: "soon" } }))
    assert.instanceOf(invalid, InvalidPolicy)
    assert.match(inspect(invalid), /^InvalidPolicy: .*deadline is not a time such as 5000, "5s" or "5 seconds"/)
    assert.include(inspect(invalid), "callOfMine")
  })
})
