import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import { AbortError, createScanpoll, JournalError } from "@scanpoll/promise"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { inspect } from "node:util"
import { clientOf, company, hasty, placesOf, rejection, simulators, site, until, type Vendors } from "./world.ts"

describe.concurrent("the end of a client", () => {
  it("ends what is under way, tells its ticket, closes the journal and takes nothing more", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ duration: Infinity }) } })
    let closed = 0
    const journal = Layer.merge(
      ScanJournal.layerMemory,
      Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => closed++)))
    )
    const { ledger } = vendors.appvet
    const outside = createScanpoll({ ...placesOf(vendors), journal })
    let run: Promise<unknown>
    const records: Array<unknown> = []
    let batch: Promise<void>
    {
      await using scanpoll = outside
      run = rejection(scanpoll.appvet.run(site("shop"), { policy: hasty }))
      batch = (async () => {
        for await (const { state } of scanpoll.runAll([scanpoll.appvet.request(site("other"), { policy: hasty })])) {
          records.push(state)
        }
      })()
      await until(vendors.appvet, () => ledger.requests({ route: "status" }).length === 2)
      assert.strictEqual(closed, 0)
    }
    assert.strictEqual(closed, 1)
    await batch
    assert.deepStrictEqual(records, ["interrupted"])
    const error = await run
    assert.strictEqual(error instanceof AbortError && error.ticket?.vendor, "appvet")
    assert.match(inspect(error), /\[cause\]: Error: the client was disposed of before this was over/)
    for (const late of [
      rejection(outside.appvet.run(site("late"))),
      rejection(outside.appvet.status("appvet:scan_1")),
      rejection(outside.runAll([outside.appvet.request(site("late"))]).collect())
    ]) {
      assert.match(inspect(await late), /disposed/)
    }
    await outside.dispose()
    assert.strictEqual(closed, 1)
    assert.strictEqual(ledger.requests({ method: "POST" }).length, 2)
  })

  it("is awaited by every call of dispose, and waits for a submission in flight", async (test) => {
    const vendors = await simulators(test, { appvet: { fate: () => ({ submit: [{ delay: "300 millis" }] }) } })
    const scanpoll = clientOf(test, vendors)
    const run = rejection(scanpoll.appvet.run(site("shop")))
    await until(vendors.appvet, () => vendors.appvet.ledger.requests().length === 1)
    await Promise.all([scanpoll.dispose(), scanpoll.dispose()])
    assert.strictEqual(vendors.appvet.ledger.requests()[0]?.status, 201)
    const error = await run
    assert.strictEqual(error instanceof AbortError && error.ticket?.vendor, "appvet")
  })

  it("a journal that cannot be opened rejects with JournalError before anything is sent", async (test) => {
    const vendors = await simulators(test)
    const unavailable = new ScanJournal.JournalError({ reason: "unavailable", message: "no such file" })
    const scanpoll = clientOf(test, vendors, { journal: Layer.effect(ScanJournal.ScanJournal, unavailable) })
    const run = await rejection(scanpoll.exona.run(company("acme")))
    const batch = await rejection(scanpoll.runAll([scanpoll.exona.request(company("acme"))]).collect())
    for (const error of [run, batch]) {
      if (!(error instanceof JournalError)) return assert.fail(inspect(error))
      assert.deepStrictEqual([error.name, error.reason, error.ticket], ["JournalError", "unavailable", null])
    }
    assert.strictEqual(vendors.exona.ledger.requests().length, 0)
  })

  it("a journal that fails after the purchase rejects with what was bought", async (test) => {
    const vendors = await simulators(test)
    const failing = Layer.effect(
      ScanJournal.ScanJournal,
      Effect.map(Effect.provide(Effect.service(ScanJournal.ScanJournal), ScanJournal.layerMemory), (journal) => ({
        ...journal,
        take: () => Effect.fail(new ScanJournal.JournalError({ reason: "unreadable", message: "torn" }))
      }))
    )
    const scanpoll = clientOf(test, vendors, { journal: failing })
    const error = await rejection(scanpoll.appvet.run(site("shop")))
    if (!(error instanceof JournalError)) return assert.fail(inspect(error))
    assert.strictEqual(error.ticket?.scanId, vendors.appvet.ledger.accepted()[0]?.scanId)
  })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// A program of its own: it has to end by itself, and an unhandled rejection ends it with 1.
const program = (vendors: Vendors, body: string): Promise<Ended> => {
  const source = `
    import { createScanpoll } from "@scanpoll/promise"
    const scanpoll = createScanpoll(${JSON.stringify(placesOf(vendors))})
    const policy = { first: 0, pace: 0 }
    const site = (name) => ({ url: "https://" + name + ".example/", type: "seo" })
    ${body}
    // Turns of the loop, not time: a machine that is busy lets a program wait, and a program that is kept by something turns.
    let turns = 0
    setInterval(() => turns++, 50).unref()
    process.on("exit", () => process.stderr.write(turns < 50 ? "done" : "late"))
  `
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], { cwd: import.meta.dirname })
    const said = { stdout: "", stderr: "" }
    child.stdout.on("data", (chunk) => (said.stdout += chunk))
    child.stderr.on("data", (chunk) => (said.stderr += chunk))
    const timer = setTimeout(() => child.kill("SIGKILL"), 200_000)
    child.on("close", (code) => {
      clearTimeout(timer)
      resolve({ code, ...said })
    })
  })
}

describe.concurrent("a process that used a client", () => {
  const programs = {
    "after a run and its end": `
      await scanpoll.appvet.run(site("shop"), { policy })
      await scanpoll.dispose()`,
    "after a run, even without its end": `
      await scanpoll.appvet.run(site("shop"), { policy })`,
    "after an end in the middle of a run nobody waits for": `
      scanpoll.appvet.run(site("never"), { policy, onEvent: (event) => event._tag === "Polled" && scanpoll.dispose() })
        .catch((error) => process.exitCode = error.name === "AbortError" ? 0 : 5)`,
    "after a loop that was left": `
      for await (const event of scanpoll.watch(scanpoll.appvet.request(site("never"), { policy }))) {
        if (event._tag === "Polled") break
      }
      await scanpoll.dispose()`,
    "after an abort": `
      const controller = new AbortController()
      const onEvent = (event) => event._tag === "Scheduled" && controller.abort()
      await scanpoll.appvet.run(site("never"), { policy, signal: controller.signal, onEvent }).catch(() => undefined)`,
    "after making a client and requests, and nothing else": `
      scanpoll.runAll([scanpoll.appvet.request(site("never"))])`
  }
  for (const [when, body] of Object.entries(programs)) {
    it(`ends by itself ${when}, and prints nothing`, async (test) => {
      const vendors = await simulators(test, {
        appvet: { fate: ({ url }) => (url.includes("never") ? { duration: Infinity } : { settleAfterPolls: 0 }) }
      })
      const ended = await program(vendors, body)
      assert.deepStrictEqual([ended.code, ended.stdout, ended.stderr], [0, "", "done"])
    })
  }
})
