import { ConfigError, createScanpoll, PollFault, PollStopped, SubmitError } from "@scanpoll/promise"
import { Script } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:http"
import { inspect } from "node:util"
import { clientOf, company, dataset, hasty, placesOf, rejection, simulators, site } from "./world.ts"

const configError = (options: unknown): ConfigError => {
  try {
    // What a user without a compiler may pass.
    Reflect.apply(createScanpoll, undefined, [options])
  } catch (error) {
    if (error instanceof ConfigError) return error
    assert.fail(inspect(error))
  }
  return assert.fail("was taken")
}

describe("options that cannot be used", () => {
  it("throw one ConfigError that names every fault, and no key", () => {
    const error = configError({
      exona: { apiKey: "two words of a secret", baseUrl: "http://exona.example", apikey: "x" },
      compliance: { token: undefined, baseUrl: "", organizationId: "secret-org", insecureHosts: ["a b"] },
      appvet: { apiKey: 7, baseUrl: "https://u:secret@appvet.example/?q" },
      apvet: {}
    })
    assert.deepStrictEqual(
      error.faults.map((fault) => fault.split(" ").slice(0, 3).join(" ")),
      [
        "there is no",
        "exona: there is",
        "exona: apiKey holds",
        "exona: baseUrl must",
        "compliance: token is",
        "compliance: there is",
        "compliance: the organization",
        "appvet: apiKey is",
        "appvet: baseUrl must",
        "appvet: baseUrl must"
      ]
    )
    assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "secret")
  })

  it("are refused also when nothing is configured or something is of another kind", () => {
    for (const [options, fault] of [
      [{}, "no vendor is configured: add one, such as appvet: { apiKey }"],
      [undefined, "there are no options"],
      [{ exona: "key" }, "exona: the options are not an object"],
      [{ exona: { apiKey: "k", baseUrl: 7 } }, "exona: baseUrl is not a text"],
      [{ exona: { apiKey: "" } }, "exona: apiKey is empty"],
      [{ exona: { apiKey: "k" }, journal: "scans.db" }, "journal is not the layer of a journal"]
    ] as const) {
      assert.deepStrictEqual(configError(options).faults, [fault])
    }
  })

  it("a vendor that is not configured is not there", () => {
    const scanpoll = createScanpoll({ exona: { apiKey: "k" } })
    assert.deepStrictEqual(Object.keys(scanpoll), ["exona", "runAll", "watch", "wait", "status", "cancel", "dispose"])
    assert.isFalse("appvet" in scanpoll)
  })
})

describe.concurrent("what cannot be meant rejects before anything is sent", () => {
  it("options that nobody reads, and signals and listeners that are none", async (test) => {
    const vendors = await simulators(test)
    const { appvet, ...scanpoll } = clientOf(test, vendors)
    // What a user without a compiler may pass.
    const odd = (options: object) => JSON.parse(JSON.stringify(options))
    const request = appvet.request(site("shop"))
    for (const [attempt, says] of [
      [
        () => appvet.run(site("shop"), odd({ deadline: "5 minutes" })),
        /no option deadline: write policy: \{ deadline: /
      ],
      [
        () => appvet.run(site("shop"), odd({ signals: {}, reuse: 0 })),
        /no option signals: policy, lane, signal, onEvent/
      ],
      [() => appvet.run(site("shop"), odd({ signal: {} })), /signal is not an AbortSignal/],
      [() => appvet.submit(site("shop"), odd({ onEvent: "log" })), /onEvent is not a function/],
      [() => appvet.submit(site("shop"), JSON.parse("null")), /the options are not an object/],
      [() => appvet.wait("appvet:scan_1", odd({ timeout: "1 minute" })), /no option timeout/],
      [() => appvet.status("appvet:scan_1", odd({ signal: 7 })), /signal is not/],
      [() => scanpoll.wait("appvet:scan_1", odd({ a: 1, b: 2 })), /no option a: .*; there is no option b: /],
      [async () => appvet.request(site("shop"), odd({ signal: {} })), /no option signal: policy, lane/],
      [async () => appvet.ticket("appvet:scan_1", odd({ deadline: 1 })), /write policy: /],
      [
        async () => scanpoll.runAll([request], odd({ deadline: "5 minutes" })),
        /no option deadline: signal, concurrency/
      ],
      [async () => scanpoll.watch(request, odd({ signal: {} })), /signal is not an AbortSignal/]
    ] as const) {
      const error = await rejection(attempt())
      if (!(error instanceof TypeError)) return assert.fail(inspect(error))
      assert.match(error.message, says)
    }
    const { signal } = new AbortController()
    const shared = { policy: hasty, lane: "a", signal, onEvent: () => {}, reuse: 0 }
    assert.strictEqual(vendors.appvet.ledger.requests().length, 0)
    const { ticket } = await appvet.submit(site("shop"), shared)
    await scanpoll.wait(ticket, shared)
  })

  it("keys, tickets, requests and numbers", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const other = createScanpoll({ exona: { ...placesOf(vendors).exona, account: "other" } })
    const foreign = {
      v: 1,
      vendor: "exona",
      origin: "https://x.example",
      account: "a",
      scanId: "s",
      submittedAt: 0
    } as const
    const request = scanpoll.exona.request(company("acme"))
    for (const [attempt, says] of [
      [() => scanpoll.exona.wait("scn_1"), /write "exona:" and the scan's id/],
      [() => scanpoll.exona.wait("appvet:scn_1"), /is not a key/],
      [() => scanpoll.wait("exona@second:scn_1"), /of another account; this client's account is "default"/],
      [() => other.exona.wait("exona@default:scn_1"), /of another account; this client's account is "other"/],
      [() => scanpoll.exona.wait("exona:.."), /is not a key/],
      [() => scanpoll.wait("other:scn_1"), /"other" is not a vendor of this client/],
      [() => other.wait("appvet:scan_1"), /"appvet" is not a vendor/],
      [() => scanpoll.exona.status(foreign), /account a at https:\/\/x\.example/],
      [() => scanpoll.exona.wait(JSON.parse("{}")), /not a ticket/],
      [() => scanpoll.wait("scn_1"), /write the vendor, ":" and the scan's id/],
      [() => scanpoll.wait(JSON.parse("null")), /not a ticket/],
      [() => scanpoll.wait(JSON.parse('{ "ticket": {} }')), /not a ticket: give its `ticket`/],
      [() => scanpoll.exona.wait(JSON.parse('{ "ticket": {} }')), /not a ticket: give its `ticket`/],
      [() => scanpoll.exona.run(JSON.parse("{}")), /not a request to exona/],
      [() => scanpoll.appvet.run(JSON.parse("null")), /not a request to appvet/],
      [() => scanpoll.exona.run(company("acme"), { reuse: JSON.parse('"an hour"') }), /reuse is not a time/],
      [async () => other.runAll([request]), /requests\[0\] was not made by this client/],
      [async () => scanpoll.runAll(JSON.parse('[{ "url": "https://a.example" }]')), /scanpoll\.appvet\.request\(/],
      [async () => scanpoll.runAll(JSON.parse('{ "url": "https://a.example" }')), /not a list of requests/],
      [async () => scanpoll.watch(JSON.parse('{ "url": "https://a.example" }')), /scanpoll\.appvet\.request\(/],
      [async () => scanpoll.runAll([request], { concurrency: 0 }), /whole number from 1/],
      [async () => scanpoll.runAll([request], { timeout: Number.NaN }), /timeout is not a time/]
    ] as const) {
      const error = await rejection(attempt())
      if (!(error instanceof TypeError)) return assert.fail(inspect(error))
      assert.match(error.message, says)
    }
    await other.dispose()
    assert.strictEqual(vendors.exona.ledger.requests().length + vendors.appvet.ledger.requests().length, 0)
  })
})

describe.concurrent("a key", () => {
  it("with the name of the client's own account is waited for, as the events print it (V-10)", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = createScanpoll({ appvet: { ...placesOf(vendors).appvet, account: "team" } })
    test.onTestFinished(() => scanpoll.dispose())
    const { ticket } = await scanpoll.appvet.submit(site("shop"))
    for (const key of [`appvet@team:${ticket.scanId}`, `appvet:${ticket.scanId}`]) {
      const outcome = await scanpoll.wait(key, { policy: hasty })
      assert.strictEqual(outcome.ticket.account, "team")
    }
  })

  it("is shown by no client, request, record, outcome or error", async (test) => {
    const vendors = await simulators(test)
    const { appvet, exona } = placesOf(vendors)
    const given = { exona: { ...exona, apiKey: async () => exona.apiKey }, appvet }
    const scanpoll = createScanpoll(given)
    const request = scanpoll.appvet.request(site("shop"), { policy: hasty })
    const shown: Array<unknown> = [scanpoll, request, await scanpoll.runAll([request]).collect()]
    shown.push(await scanpoll.exona.submit(company("acme")))
    shown.push(await rejection(scanpoll.exona.status("exona:scn_unknown")))
    const wrong = createScanpoll({ exona: { ...exona, apiKey: "exo_live_wrong_key" } })
    shown.push(await rejection(wrong.exona.run(company("acme"))))
    shown.push(await rejection(wrong.exona.wait("exona:scn_1")))
    const text = shown.map((one) => inspect(one, { depth: 20, showHidden: true }) + JSON.stringify(one)).join("\n")
    for (const key of [exona.apiKey, appvet.apiKey, "exo_live_wrong_key"]) assert.notInclude(text, key)
    assert.isTrue(vendors.appvet.ledger.requests().every(({ authorization }) => authorization?.matches))
    assert.deepStrictEqual(vendors.appvet.ledger.mentions(appvet.apiKey), [])
    await scanpoll.dispose()
    await wrong.dispose()
  })

  it("from a function is asked for before each request, and not when the client is made", async (test) => {
    const vendors = await simulators(test)
    const { compliance, exona } = placesOf(vendors)
    const asked = { exona: 0, compliance: 0 }
    const scanpoll = createScanpoll({
      exona: { ...exona, apiKey: () => (asked.exona++, exona.apiKey) },
      compliance: { ...compliance, token: async () => (asked.compliance++, compliance.token) }
    })
    scanpoll.exona.request(company("acme"))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(asked, { exona: 0, compliance: 0 })
    await scanpoll.compliance.run(dataset)
    assert.strictEqual(asked.compliance, vendors.compliance.ledger.requests().length)
    await scanpoll.exona.submit(company("acme"))
    // Once more, to learn from its first letters whether it is a test key.
    assert.strictEqual(asked.exona, vendors.exona.ledger.requests().length + 1)
    await scanpoll.dispose()
  })

  it("that a function does not give is Denied with nothing sent, and asked for again the next time", async (test) => {
    const vendors = await simulators(test)
    const { appvet, exona } = placesOf(vendors)
    let sealed = true
    const apiKey = (key: string) => async () => {
      if (sealed) throw Object.assign(new RangeError(`the vault with ${key} is sealed`), { code: "E_SEALED" })
      return key
    }
    const scanpoll = createScanpoll({
      exona: { ...exona, apiKey: apiKey(exona.apiKey) },
      appvet: { ...appvet, apiKey: apiKey(appvet.apiKey) }
    })
    for (const attempt of [
      () => scanpoll.exona.run(company("acme")),
      () => scanpoll.exona.submit(company("acme")),
      () => scanpoll.appvet.run(site("shop"))
    ]) {
      const error = await rejection(attempt())
      if (!(error instanceof SubmitError)) return assert.fail(inspect(error))
      assert.deepStrictEqual([error.kind, error.code], ["Denied", "no-credential"])
      assert.include(error.message, "RangeError E_SEALED")
      assert.notInclude(inspect(error), "vault")
    }
    const status = await rejection(scanpoll.exona.status("exona:scn_1"))
    assert.strictEqual(status instanceof PollFault && status.kind, "Denied")
    const wait = await rejection(scanpoll.exona.wait("exona:scn_1"))
    assert.strictEqual(wait instanceof PollStopped && wait.reason, "denied")
    const records = await scanpoll.runAll([scanpoll.exona.request(company("acme"))]).collect()
    assert.deepStrictEqual(
      records.map(({ because, state }) => [state, because]),
      [["refused", "credential"]]
    )
    assert.strictEqual(vendors.exona.ledger.requests().length + vendors.appvet.ledger.requests().length, 0)
    sealed = false
    assert.strictEqual((await scanpoll.exona.submit(company("acme"))).ticket.vendor, "exona")
    await scanpoll.dispose()
  })

  it("does not follow a redirect, of a submission or of a poll", async (test) => {
    const vendors = await simulators(test)
    const elsewhere = await simulators(test)
    const away = Script.redirect(`${elsewhere.appvet.origin}/api/scans`, 307)
    const scanpoll = clientOf(test, vendors)
    const { ticket } = await scanpoll.appvet.submit(site("shop"))
    await Effect.runPromise(vendors.appvet.script({ steps: [{ ...away, times: 2 }] }))
    const poll = await rejection(scanpoll.appvet.status(ticket))
    assert.strictEqual(poll instanceof PollFault && poll.kind, "Broken")
    const submit = await rejection(scanpoll.appvet.run(site("other")))
    assert.isTrue(submit instanceof SubmitError)
    assert.strictEqual(elsewhere.appvet.ledger.totals().connections, 0)
  })
})

describe("a proxy", () => {
  it("that is none is refused with all other faults, without its password (U-09)", () => {
    const appvet = { apiKey: "avk_live_abcdefghijklmnop" }
    assert.deepStrictEqual(configError({ appvet, proxy: 7 }).faults, ["proxy must be the address of a proxy, or false"])
    assert.deepStrictEqual(configError({ appvet, proxy: "socks5://u:canary@proxy.example:1080" }).faults, [
      "proxy names a proxy by socks5, which is not supported; name one by http or https"
    ])
  })

  it("carries the requests of the client (U-09)", async () => {
    const asked: Array<string> = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.statusCode = 422
      response.end()
    })
    await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
    try {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      await using scanpoll = createScanpoll({
        appvet: { apiKey: "avk_live_abcdefghijklmnop", baseUrl: "http://vendor.test", insecureHosts: ["vendor.test"] },
        proxy: `127.0.0.1:${port}`
      })
      await scanpoll.appvet.submit({ url: "https://a.example", type: "seo" }).catch(() => null)
      assert.match(asked[0] ?? "", /^POST http:\/\/vendor\.test\//)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
