// Whose `AsyncLocalStorage` requests run in: tracing, request and tenant ids are kept there.
import { assert, describe, it } from "@effect/vitest"
import { AsyncLocalStorage } from "node:async_hooks"
import { channel } from "node:diagnostics_channel"
import { clientOf, dataset, hasty, simulators } from "./world.ts"

const tenants = ["anne", "ben", "cleo"] as const

const uploadOf = (at: number) => ({ ...dataset, uploadId: `b2fe6812-d820-47d4-8cd3-e7cd622457c${at}` })

describe("a client that several callers share", () => {
  it("sends each request in the asynchronous context of the caller it is for (issue 21)", async (test) => {
    const vendors = await simulators(test, { compliance: { fate: () => ({ settleAfterPolls: 2 }) } })
    const scanpoll = clientOf(test, vendors)
    const storage = new AsyncLocalStorage<string>()
    const sent: Array<readonly [path: string, tenant: string | undefined]> = []
    const requests = channel("undici:request:create")
    const listen = (message: unknown): void => {
      if (typeof message !== "object" || message === null || !("request" in message)) return
      const { request } = message
      if (typeof request !== "object" || request === null || !("path" in request)) return
      sent.push([String(request.path), storage.getStore()])
    }
    requests.subscribe(listen)
    test.onTestFinished(() => {
      requests.unsubscribe(listen)
    })
    const scans = await Promise.all(
      tenants.map((tenant, at) => storage.run(tenant, () => scanpoll.compliance.run(uploadOf(at), { policy: hasty })))
    )
    tenants.forEach((tenant, at) => {
      const id = scans[at]?.ticket.scanId ?? "none"
      const polls = sent.filter(([path]) => path.includes(id))
      assert.isAtLeast(polls.length, 3)
      assert.deepStrictEqual(
        polls.filter(([, inside]) => inside !== tenant),
        []
      )
    })
    assert.deepStrictEqual(
      sent.filter(([, inside]) => inside === undefined),
      []
    )
  })
})
