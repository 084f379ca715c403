import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import { AbortError } from "@scanpoll/promise"
import { Script } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { getEventListeners } from "node:events"
import { inspect } from "node:util"
import { clientOf, company, hasty, rejection, simulators, site, until } from "./world.ts"

const abortError = (error: unknown): AbortError => {
  if (!(error instanceof AbortError)) return assert.fail(inspect(error))
  assert.deepStrictEqual([error.name, error.code, error.reason], ["AbortError", "ABORT_ERR", "interrupted"])
  return error
}

describe.concurrent("an AbortSignal", () => {
  it("cuts the poll in flight, closes its socket, sends nothing more and keeps the ticket", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ polls: [Script.hang()] }) } })
    const scanpoll = clientOf(test, vendors)
    const { ledger } = vendors.appvet
    const controller = new AbortController()
    const run = rejection(scanpoll.appvet.run(site("shop"), { policy: hasty, signal: controller.signal }))
    await until(vendors.appvet, () => ledger.requests({ route: "status" }).length === 1)
    controller.abort(new Error("enough"))
    const error = abortError(await run)
    await until(vendors.appvet, () => ledger.totals().requestsNow === 0)
    const [poll] = ledger.requests({ route: "status" })
    assert.isNotNull(poll?.clientClosedAt)
    assert.strictEqual(error.state, "interrupted")
    assert.strictEqual(error.ticket?.scanId, ledger.accepted()[0]?.scanId)
    assert.strictEqual(error.cause, controller.signal.reason)
    assert.include(error.message, `appvet:${error.ticket?.scanId}`)
    assert.strictEqual(ledger.requests().length, 2)
  })

  it("wakes a wait that sleeps", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ duration: Infinity }) } })
    const controller = new AbortController()
    const error = await rejection(
      clientOf(test, vendors).appvet.run(site("shop"), {
        policy: hasty,
        signal: controller.signal,
        onEvent: ({ _tag }) => _tag === "Polled" && controller.abort()
      })
    )
    assert.strictEqual(abortError(error).ticket?.vendor, "appvet")
    assert.strictEqual(vendors.appvet.ledger.requests().length, 2)
  })

  for (const how of ["run", "submit"] as const) {
    it(`${how}: lets a submission in flight be answered, and has its ticket`, async (test) => {
      const vendors = await simulators(test, { appvet: { fate: () => ({ submit: [{ delay: "400 millis" }] }) } })
      const { ledger } = vendors.appvet
      const scanpoll = clientOf(test, vendors)
      const controller = new AbortController()
      const run = rejection(scanpoll.appvet[how](site("shop"), { signal: controller.signal }))
      await until(vendors.appvet, () => ledger.requests().length === 1)
      controller.abort()
      const error = abortError(await run)
      const [post, ...others] = ledger.requests()
      assert.deepStrictEqual([post?.status, post?.clientClosedAt, others.length], [201, null, 0])
      assert.strictEqual(error.ticket?.scanId, ledger.accepted()[0]?.scanId)
      assert.strictEqual((await scanpoll.wait(error.ticket ?? ""))._tag, "Completed")
    })
  }

  it("gives up on a submission without an answer after its grace, says so, and does not send it again", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ submit: [Script.acceptedNeverAnswered] }) } })
    const { ledger } = vendors.appvet
    const scanpoll = clientOf(test, vendors)
    const controller = new AbortController()
    const run = rejection(scanpoll.appvet.run(site("shop"), { signal: controller.signal }))
    await until(vendors.appvet, () => ledger.requests().length === 1)
    controller.abort()
    const error = abortError(await run)
    assert.deepStrictEqual([error.state, error.ticket], ["in-doubt", null])
    assert.match(error.message, /may have been accepted \(clm_/)
    await rejection(scanpoll.appvet.run(site("shop")))
    assert.strictEqual(ledger.requests().length, 1)
  })

  it("calls a purchase in doubt when the journal does not say what became of it", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ submit: [{ delay: "200 millis" }] }) } })
    const mute = Layer.effect(
      ScanJournal.ScanJournal,
      Effect.map(Effect.provide(Effect.service(ScanJournal.ScanJournal), ScanJournal.layerMemory), (journal) => ({
        ...journal,
        get: () => Effect.never
      }))
    )
    const controller = new AbortController()
    const run = rejection(
      clientOf(test, vendors, { journal: mute }).appvet.run(site("shop"), { signal: controller.signal })
    )
    await until(vendors.appvet, () => vendors.appvet.ledger.requests().length === 1)
    controller.abort()
    const error = abortError(await run)
    assert.deepStrictEqual([error.state, error.ticket], ["in-doubt", null])
  })

  it("says that nothing was bought when the vendor refused a submission meanwhile", async (test) => {
    const vendors = await simulators(test, {
      appvet: { fate: () => ({ refusal: "DOMAIN_BLOCKED", submit: [{ delay: "200 millis" }] }) }
    })
    const controller = new AbortController()
    const run = rejection(clientOf(test, vendors).appvet.run(site("shop"), { signal: controller.signal }))
    await until(vendors.appvet, () => vendors.appvet.ledger.requests().length === 1)
    controller.abort()
    assert.strictEqual(abortError(await run).state, "not-started")
  })

  it("that was aborted before sends nothing at all", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const signal = AbortSignal.abort("no")
    const run = abortError(await rejection(scanpoll.exona.run(company("acme"), { signal })))
    assert.deepStrictEqual([run.state, run.ticket, run.cause], ["not-started", null, "no"])
    abortError(await rejection(scanpoll.exona.submit(company("acme"), { signal })))
    const wait = abortError(await rejection(scanpoll.exona.wait("exona:scn_1", { signal })))
    assert.strictEqual(wait.ticket?.scanId, "scn_1")
    abortError(await rejection(scanpoll.exona.status("exona:scn_1", { signal })))
    const requests = ["a", "b", "c"].map((label) => scanpoll.exona.request(company(label)))
    const records = await scanpoll.runAll(requests, { signal }).collect()
    assert.deepStrictEqual(
      records.map(({ state }) => state),
      ["not-started", "not-started", "not-started"]
    )
    assert.strictEqual(vendors.exona.ledger.requests().length, 0)
  })

  it("aborted by a listener of the first event sends nothing", async (test) => {
    const vendors = await simulators(test)
    const controller = new AbortController()
    const error = await rejection(
      clientOf(test, vendors).exona.run(company("acme"), {
        signal: controller.signal,
        onEvent: () => controller.abort()
      })
    )
    assert.strictEqual(abortError(error).state, "not-started")
    assert.strictEqual(vendors.exona.ledger.requests().length, 0)
  })

  it("ends a batch softly: a record for each request, with the ticket of what was bought", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ duration: Infinity }) } })
    const scanpoll = clientOf(test, vendors)
    const controller = new AbortController()
    const records = []
    const batch = scanpoll.runAll(
      [
        scanpoll.exona.request(company("acme"), { policy: hasty }),
        scanpoll.appvet.request(site("slow"), { policy: hasty }),
        scanpoll.appvet.request(site("later"), { policy: hasty })
      ],
      {
        signal: controller.signal,
        concurrency: 1,
        onEvent: (event) => event._tag === "Polled" && event.vendor === "appvet" && controller.abort()
      }
    )
    for await (const record of batch) records.push(record)
    assert.sameDeepMembers(
      records.map(({ index, state }) => [index, state]),
      [
        [0, "completed"],
        [1, "interrupted"],
        [2, "not-started"]
      ]
    )
    const interrupted = records.find(({ state }) => state === "interrupted")
    assert.strictEqual(interrupted?.ticket?.scanId, vendors.appvet.ledger.accepted()[0]?.scanId)
    assert.strictEqual(vendors.appvet.ledger.accepted().length, 1)
  })

  it("shared by many runs keeps no listener once they are over", async (test) => {
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    const warnings: Array<Error> = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on("warning", warn)
    const { signal } = new AbortController()
    const labels = Array.from({ length: 20 }, (_, i) => `site${i}`)
    await Promise.all(labels.map((label) => scanpoll.exona.run(company(label), { policy: hasty, signal })))
    await scanpoll.runAll([scanpoll.exona.request(company("site1"))], { signal }).collect()
    assert.strictEqual(getEventListeners(signal, "abort").length, 0)
    process.off("warning", warn)
    assert.deepStrictEqual(warnings, [])
  })
})
