import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { createScanpoll, InvalidPolicy, PollStopped, SubmitError, type WatchEvent } from "@scanpoll/promise"
import { AppVetSimulator, Script } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { inspect } from "node:util"
import { clientOf, company, dataset, hasty, placesOf, rejection, simulators, site, until } from "./world.ts"

const isPlain = (value: unknown): boolean =>
  typeof value !== "object" || value === null
    ? typeof value !== "function"
    : (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) && Object.values(value).every(isPlain)

describe.concurrent("one scan", () => {
  it("is bought once, polled, and brings an outcome that is plain data", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const outcome = await scanpoll.appvet.run(site("shop"), { policy: hasty })
    assert.strictEqual(outcome._tag, "Completed")
    if (outcome._tag !== "Completed") return
    assert.isAtLeast(outcome.payload.result?.score ?? -1, 0)
    assert.strictEqual(outcome.findings.coverage, "full")
    assert.isTrue(isPlain(outcome))
    assert.deepStrictEqual<unknown>(JSON.parse(JSON.stringify(outcome)), outcome)
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
  })

  it("that failed at the vendor is an outcome, not a rejection", async (test) => {
    const vendors = await simulators(test, { exona: { fate: () => ({ settleAfterPolls: 0, outcome: "failed" }) } })
    const outcome = await clientOf(test, vendors).exona.run(company("acme"), { policy: hasty })
    assert.strictEqual(outcome._tag, "Failed")
    if (outcome._tag === "Failed") assert.strictEqual(outcome.reason.code, "ENRICHMENT_INSUFFICIENT_DATA")
  })

  it("wanted twice at once, and again later, is one purchase unless it is to be bought anew", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const run = () => scanpoll.appvet.run(site("shop"), { policy: hasty })
    const [one, two] = await Promise.all([run(), run()])
    assert.strictEqual(one.ticket.scanId, two.ticket.scanId)
    assert.strictEqual((await run()).ticket.scanId, one.ticket.scanId)
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
    await scanpoll.appvet.run(site("shop"), { policy: hasty, reuse: 0 })
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 2)
  })

  it("that failed is bought again when it is wanted again (V-03)", async (test) => {
    const failing = () => ({ settleAfterPolls: 0, outcome: "failed" }) as const
    const vendors = await simulators(test, {
      exona: { fate: failing },
      appvet: { fate: failing },
      compliance: { fate: failing }
    })
    const scanpoll = clientOf(test, vendors)
    for (const _ of [1, 2]) {
      assert.strictEqual((await scanpoll.exona.run(company("acme"), { policy: hasty }))._tag, "Failed")
      assert.strictEqual((await scanpoll.appvet.run(site("shop"), { policy: hasty }))._tag, "Failed")
      assert.strictEqual((await scanpoll.compliance.run(dataset, { policy: hasty }))._tag, "Failed")
    }
    for (const vendor of [vendors.exona, vendors.appvet, vendors.compliance]) {
      assert.strictEqual(vendor.ledger.accepted().length, 2)
    }
  })

  it("that asks for a new one gets a new one (V-04)", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const questionnaire = [{ question: "Q", answer: "A" }]
    for (const asked of [{ forceRefresh: true }, { maxAgeDays: 0 }, { questionnaire }]) {
      const before = vendors.exona.ledger.accepted().length
      for (const _ of [1, 2]) await scanpoll.exona.run({ ...company("acme"), ...asked }, { policy: hasty })
      assert.strictEqual(vendors.exona.ledger.accepted().length - before, 2, JSON.stringify(asked))
    }
  })

  it("is gone on with by its ticket from any store, by its key, and by another client", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ settleAfterPolls: 1 }) } })
    const submission = await clientOf(test, vendors).appvet.submit(site("shop"))
    assert.strictEqual(submission.outcome, null)
    assert.isFalse(submission.known)
    assert.strictEqual(vendors.appvet.ledger.polls(submission.ticket.scanId).length, 0)
    const other = clientOf(test, vendors)
    const status = await other.appvet.status(`appvet:${submission.ticket.scanId}`)
    assert.strictEqual(status._tag, "Pending")
    assert.isTrue(isPlain(status))
    const outcome = await other.appvet.wait(JSON.parse(JSON.stringify(submission.ticket)))
    assert.strictEqual(outcome._tag, "Completed")
    assert.deepStrictEqual(outcome.ticket, submission.ticket)
    assert.strictEqual((await other.wait(`appvet:${submission.ticket.scanId}`))._tag, "Completed")
    const settled = await other.status(submission.ticket)
    assert.strictEqual(settled._tag, "Settled")
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
  })

  it("submitted again is known, and a cache hit is an outcome at once", async (test) => {
    const vendors = await simulators(test, {
      exona: { earlier: [{ companyName: "acme", companyWebsite: "https://acme.example", ageDays: 3 }] }
    })
    const scanpoll = clientOf(test, vendors)
    const first = await scanpoll.appvet.submit(site("shop"))
    const again = await scanpoll.appvet.submit(site("shop"))
    assert.deepStrictEqual([again.known, again.ticket, again.claimId], [true, first.ticket, first.claimId])
    const cached = await scanpoll.exona.submit({ ...company("acme"), maxAgeDays: 30 })
    assert.isTrue(cached.outcome?.cached)
    assert.deepStrictEqual(cached.ticket, cached.outcome?.ticket)
  })

  it("whose wait ends first rejects with PollStopped, whose ticket goes on", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ settleAfterPolls: 2 }) } })
    const scanpoll = clientOf(test, vendors)
    const policy = { ...hasty, pace: "1 hour", deadline: "3100 millis" } as const
    const error = await rejection(scanpoll.appvet.run(site("shop"), { policy }))
    if (!(error instanceof PollStopped)) return assert.fail(inspect(error))
    assert.deepStrictEqual(
      [error.name, error.reason, error.ticket.vendor, error instanceof Error],
      ["PollStopped", "deadline", "appvet", true]
    )
    assert.strictEqual((await scanpoll.appvet.wait(error.ticket, { policy: hasty }))._tag, "Completed")
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
  })

  it("tells every step of itself as data, and what a listener throws disturbs nothing", async (test) => {
    const vendors = await simulators(test, {
      exona: { fate: () => ({ settleAfterPolls: 0, polls: [Script.respond(503, {}, { "retry-after": "1" })] }) }
    })
    const events: Array<WatchEvent> = []
    await clientOf(test, vendors).exona.run(company("acme"), {
      policy: { ...hasty, failures: 0 },
      onEvent: (event) => {
        events.push(event)
        throw new Error("not my day")
      }
    })
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      ["Queued", "Submitting", "Submitted", "Scheduled", "Polled", "Scheduled"]
    )
    assert.isTrue(isPlain(events))
    const polled = events[4]
    if (polled?._tag !== "Polled" || polled.seen._tag !== "PollFault") return assert.fail("not a fault")
    assert.deepStrictEqual([polled.seen.kind, polled.seen.retryAfterMs], ["Transient", 1000])
  })
})

describe.concurrent("a submission that brings no ticket rejects with SubmitError", () => {
  const cases = [
    ["Refused", { refusal: "DOMAIN_BLOCKED" }, "DOMAIN_BLOCKED"],
    ["InDoubt", { submit: [Script.acceptedThen(503)] }, null]
  ] as const
  for (const [kind, fate, code] of cases) {
    for (const how of ["run", "submit"] as const) {
      it(`${how}: ${kind}`, async (test) => {
        const vendors = await simulators(test, { appvet: { fate: () => fate } })
        const scanpoll = clientOf(test, vendors)
        const error = await rejection(scanpoll.appvet[how](site("shop")))
        if (!(error instanceof SubmitError)) return assert.fail(inspect(error))
        assert.deepStrictEqual([error.name, error.kind, code ?? error.code], ["SubmitError", kind, error.code])
        const again = await rejection(scanpoll.appvet[how](site("shop")))
        assert.strictEqual(again instanceof SubmitError && again.kind, kind)
        assert.isAtMost(vendors.appvet.ledger.accepted().length, 1)
      })
    }
  }

  for (const how of ["run", "submit"] as const) {
    it(`${how}: Denied, NotSent and what the request itself says`, async (test) => {
      const vendors = await simulators(test)
      const wrongKey = createScanpoll({ exona: { ...placesOf(vendors).exona, apiKey: "exo_live_wrong" } })
      const denied = await rejection(wrongKey.exona[how](company("acme")))
      assert.strictEqual(denied instanceof SubmitError && denied.kind, "Denied")
      const scanpoll = clientOf(test, vendors)
      const refused = await rejection(scanpoll.exona[how]({ ...company("acme"), maxAgeDays: -1 }))
      assert.strictEqual(refused instanceof SubmitError && refused.code, "invalid-request")
      assert.strictEqual(vendors.exona.ledger.requests().length, 1)
      await wrongKey.dispose()
    })
  }

  it("submit: Throttled keeps what the vendor said", async (test) => {
    const vendors = await simulators(test, {
      appvet: { fate: () => ({ submit: [{ ...AppVetSimulator.throttled(3600), times: 9 }] }) }
    })
    const error = await rejection(clientOf(test, vendors).appvet.submit(site("shop")))
    assert.strictEqual(error instanceof SubmitError && error.kind, "Throttled")
  })

  it("submit: NotSent when the vendor cannot be reached", async (test) => {
    const vendors = await simulators(test)
    await Effect.runPromise(vendors.compliance.down)
    const error = await rejection(clientOf(test, vendors).compliance.submit(dataset))
    assert.strictEqual(error instanceof SubmitError && error.kind, "NotSent")
  })
})

describe.concurrent("a batch", () => {
  it("across vendors brings one record per request, whatever happens to it, in order when collected", async (test) => {
    const vendors = await simulators(test, {
      appvet: {
        fate: ({ url }) => (url.includes("broken") ? { refusal: "URL_NOT_REACHABLE" } : { settleAfterPolls: 0 })
      }
    })
    const scanpoll = clientOf(test, vendors)
    const policy = hasty
    const requests = [
      scanpoll.appvet.request(site("shop"), { policy }),
      scanpoll.appvet.request(site("broken"), { policy }),
      scanpoll.exona.request(company("acme"), { policy }),
      scanpoll.exona.request({ ...company("acme"), maxAgeDays: 1000 }, { policy }),
      scanpoll.compliance.request(dataset),
      scanpoll.appvet.request(site("shop"), { policy })
    ]
    assert.deepStrictEqual(
      requests.map(({ faults }) => faults.length),
      [0, 0, 0, 1, 0, 0]
    )
    const events: Array<string> = []
    const records = await scanpoll.runAll(requests, { onEvent: ({ _tag }) => events.push(_tag) }).collect()
    assert.deepStrictEqual(
      records.map(({ index, state, vendor }) => [index, vendor, state]),
      [
        [0, "appvet", "completed"],
        [1, "appvet", "refused"],
        [2, "exona", "completed"],
        [3, "exona", "refused"],
        [4, "compliance", "completed"],
        [5, "appvet", "completed"]
      ]
    )
    assert.isTrue(isPlain(records))
    assert.strictEqual(events.filter((tag) => tag === "Ended").length, 6)
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
    assert.deepStrictEqual(records[0]?.ticket, records[5]?.ticket ?? null)
  })

  it("sends nothing before somebody reads, and nothing more once the reader has left", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ duration: Infinity }) } })
    const scanpoll = clientOf(test, vendors)
    const batch = scanpoll.runAll(
      [
        scanpoll.appvet.request(site("slow"), { policy: hasty }),
        scanpoll.exona.request(company("acme"), { policy: hasty })
      ],
      {}
    )
    await new Promise((resolve) => setImmediate(resolve))
    assert.strictEqual(vendors.exona.ledger.requests().length + vendors.appvet.ledger.requests().length, 0)
    for await (const record of batch) {
      assert.strictEqual(record.vendor, "exona")
      break
    }
    const sent = vendors.appvet.ledger.requests().length
    assert.strictEqual(vendors.appvet.ledger.totals().requestsNow, 0)
    // Longer than the vendor's floor: the next poll would have been due.
    await new Promise((resolve) => setTimeout(resolve, 3500))
    assert.strictEqual(vendors.appvet.ledger.requests().length, sent)
  })

  it("whose reader leaves while a submission is in flight waits for its answer, and sends it once", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ submit: [{ delay: "400 millis" }] }) } })
    const { ledger } = vendors.appvet
    const scanpoll = clientOf(test, vendors)
    const records = scanpoll.runAll([scanpoll.appvet.request(site("shop"))])[Symbol.asyncIterator]()
    const first = records.next()
    await until(vendors.appvet, () => ledger.requests().length === 1)
    // As `break` does in a `for await` loop.
    await records.return?.()
    const [post, ...others] = ledger.requests()
    assert.deepStrictEqual([post?.status, post?.clientClosedAt, others.length], [201, null, 0])
    assert.isNotNull(post?.answeredAt)
    assert.isTrue((await first).done)
    // The purchase is known: the next one who wants it pays nothing.
    await scanpoll.appvet.run(site("shop"), { policy: hasty })
    assert.strictEqual(ledger.accepted().length, 1)
  })

  it("is watched as its events, the end of each request with its record among them", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const seen: Array<string> = []
    for await (const event of scanpoll.watch([
      scanpoll.exona.request(company("acme"), { policy: hasty }),
      scanpoll.compliance.request(dataset)
    ])) {
      assert.isTrue(isPlain(event))
      if (event._tag === "Ended") seen.push(`${event.vendor} ${event.record.state}`)
      else if (event._tag === "Submitted") seen.push(`${event.vendor} ${event.ticket?.vendor}`)
    }
    assert.deepStrictEqual(seen.sort(), [
      "compliance completed",
      "compliance compliance",
      "exona completed",
      "exona exona"
    ])
  })

  it("goes on with known scans beside new ones, and ends by its timeout with their tickets", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ duration: Infinity }) } })
    const scanpoll = clientOf(test, vendors)
    const { ticket } = await scanpoll.appvet.submit(site("slow"))
    const key = await Effect.runPromise(
      vendors.exona.plant({ companyName: "acme", companyWebsite: "https://acme.example" })
    )
    const requests = [scanpoll.appvet.ticket(ticket), scanpoll.exona.ticket(`exona:${key}`)]
    const records = await scanpoll.runAll(requests, { timeout: "8 seconds", concurrency: 2 }).collect()
    assert.deepStrictEqual(
      records.map(({ state, ticket }) => [state, ticket?.scanId]),
      [
        ["still-running", ticket.scanId],
        ["completed", key]
      ]
    )
  })
})

describe.concurrent("a policy", () => {
  it("made of data, of a function, of a schedule or by core's own combinators decides when to poll", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ settleAfterPolls: 1 }) } })
    const scanpoll = clientOf(test, vendors)
    const ticks: Array<unknown> = []
    const base = { ...hasty, preset: "interactive", failures: { from: "1 second", upTo: "8 seconds" } } as const
    const requests = [
      scanpoll.appvet.request(site("data"), { policy: { ...base, pace: [{ every: 1, lasts: 1 }, { every: 2 }] } }),
      scanpoll.appvet.request(site("function"), {
        policy: {
          ...base,
          pace: (tick) => {
            ticks.push(tick)
            return Number.NaN
          }
        }
      }),
      scanpoll.appvet.request(site("schedule"), { policy: { ...base, pace: Schedule.spaced("1 second") } }),
      scanpoll.appvet.request(site("core"), { policy: () => PollPolicy.make({ first: 0, pace: 0, spread: 0 }) }),
      scanpoll.appvet.request(site("ended"), { policy: { ...base, pace: Schedule.recurs(0) } })
    ]
    const records = await scanpoll.runAll(requests).collect()
    assert.deepStrictEqual(
      records.map(({ state }) => state),
      ["completed", "completed", "completed", "completed", "still-running"]
    )
    for (const { scanId } of vendors.appvet.ledger.accepted().slice(0, 4)) {
      // Whatever the pace says, the vendor's floor of 3 seconds holds.
      for (const gap of vendors.appvet.ledger.gaps(scanId)) assert.isAtLeast(gap, 2990)
    }
    assert.strictEqual(ticks.length, 1)
    assert.isTrue(isPlain(ticks))
    assert.containSubset(ticks, [{ seen: { _tag: "Pending" }, polls: 1, faultsInARow: 0, open: 5 }])
  })

  it("that cannot be followed is refused with all its faults before anything is sent", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const policy = JSON.parse(
      JSON.stringify({ first: "soon", pace: [{ every: "1 second" }, { every: "x" }], spread: 7, preset: "turbo" })
    )
    for (const error of [
      await rejection(scanpoll.appvet.run(site("shop"), { policy })),
      await rejection(scanpoll.appvet.wait("appvet:scan_1", { policy })),
      await rejection((async () => scanpoll.appvet.request(site("shop"), { policy }))())
    ]) {
      if (!(error instanceof InvalidPolicy)) return assert.fail(inspect(error))
      assert.deepStrictEqual(
        error.faults.map((fault) => fault.split(" ")[0]),
        ["preset", "first", "pace[0]", "pace[1].every"]
      )
    }
    for (const [policy, fault] of [
      [{ dedline: "1 hour" }, /^there is no part dedline: preset, first, /],
      ["1 hour", /^it is neither options nor a function$/],
      [null, /^it is neither options nor a function$/]
    ] as const) {
      const run = scanpoll.appvet.run(site("shop"), { policy: JSON.parse(JSON.stringify(policy)) })
      const error = await rejection(run)
      if (!(error instanceof InvalidPolicy)) return assert.fail(inspect(error))
      assert.match(error.faults.join("; "), fault)
    }
    const error = await rejection(scanpoll.appvet.run(site("shop"), { policy: { spread: 7, deadline: "1 second" } }))
    assert.strictEqual(error instanceof InvalidPolicy && error.faults.length, 1)
    assert.strictEqual(vendors.appvet.ledger.requests().length, 0)
  })
})
