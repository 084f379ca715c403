import { Definition, Vendor, Wire } from "@scanpoll/core"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import { AbortError, type AnyPayload, createScanpoll, PollFault, SubmitError } from "@scanpoll/promise"
import { Script, Stage } from "@scanpoll/testkit"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schema, Scope } from "effect"
import type { TestContext } from "vitest"
import { faultsOf, hasty, rejection } from "./world.ts"

const Verdict = Schema.Struct({ score: Wire.percent })

const definition = {
  name: "harbour",
  title: "Harbour",
  scans: "scans of datasets",
  docs: "https://harbour.example/docs",
  baseUrl: "https://harbour.example",
  auth: { header: "X-Harbour-Key" },
  key: { variable: "HARBOUR_KEY" },
  probe: "none",
  target: Schema.Struct({ dataset: Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/)) }),
  sample: { dataset: "moorings" },
  line: "dataset" as const,
  subject: ({ dataset }: { readonly dataset: string }) => ({ kind: "dataset" as const, id: dataset, name: dataset }),
  submit: { path: "/scans", id: ["id"] },
  answer: Schema.Struct({ verdict: Verdict }),
  payload: Verdict,
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      done: {
        completed: ({ verdict }: { readonly verdict: { readonly score: number } }) => ({
          payload: verdict,
          assessment: Vendor.scored(verdict.score)
        })
      }
    }
  },
  errors: { message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "1 millis" },
    every: { interactive: "1 second", default: "20 millis", background: "5 seconds", bulk: "5 seconds" },
    budget: { requests: 60, typicalDuration: Duration.seconds(9) }
  }
} as const

const harbour = Vendor.define(definition)

const stage = async (test: TestContext, polls: ReadonlyArray<unknown> = []) => {
  const scope = Scope.makeUnsafe()
  test.onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const started = Stage.make({ vendor: "harbour", auth: { header: "X-Harbour-Key" } })
  const vendor = await Effect.runPromise(Effect.provideService(started, Scope.Scope, scope))
  const done = { id: "hb-1", state: "done", verdict: { score: 81 } }
  await Effect.runPromise(vendor.script({ match: { route: "submit" }, steps: [Script.respond(202, { id: "hb-1" })] }))
  const before = polls.map((body) => Script.respond(200, body))
  await Effect.runPromise(
    vendor.script({ match: { route: "status" }, steps: [...before, { ...Script.respond(200, done), times: 9 }] })
  )
  return vendor
}

describe("a vendor of a user's own", () => {
  it("is run, waited for and named in records as the shipped vendors are (V-18)", async (test) => {
    const { baseUrl, key, ledger, port } = await stage(test)
    await using scanpoll = createScanpoll({
      vendors: { harbour: { use: harbour, apiKey: key, baseUrl, insecureHosts: [`127.0.0.1:${port}`] } }
    })
    const outcome = await scanpoll.harbour.run({ dataset: "moorings" }, { policy: hasty })
    assert.strictEqual(outcome._tag, "Completed")
    if (outcome._tag === "Completed") assert.strictEqual(outcome.payload.score, 81)
    const [record] = await scanpoll.runAll([scanpoll.harbour.request({ dataset: "moorings" })]).collect()
    assert.strictEqual(record?.vendor, "harbour")
    assert.deepStrictEqual(await scanpoll.wait("harbour:hb-1", { policy: hasty }), outcome)
    assert.strictEqual((await scanpoll.status("harbour:hb-1"))._tag, "Settled")
    assert.strictEqual(ledger.requests({ route: "submit" }).length, 1)
    assert.isTrue(ledger.requests().every(({ authorization }) => authorization?.matches))
  })

  it("is asked once by `cancel`, which decides nothing: the vendor's next answer ends the scan as failed", async (test) => {
    const cancelling = Vendor.define({
      ...definition,
      status: { ...definition.status, words: { ...definition.status.words, waiting: "queued", stopped: "cancelled" } },
      cancel: { method: "DELETE", path: "/scans/{id}" }
    })
    const { baseUrl, key, ledger, port, script } = await stage(test, [
      { id: "hb-1", state: "waiting" },
      { id: "hb-1", state: "stopped" }
    ])
    const refusal = Script.respond(409, { message: "too late" })
    const steps = [Script.respond(202, {}), Script.respond(202, {}), refusal]
    await Effect.runPromise(script({ match: { method: "DELETE" }, steps }))
    const place = { baseUrl, insecureHosts: [`127.0.0.1:${port}`] }
    await using scanpoll = createScanpoll({ vendors: { harbour: { use: cancelling, apiKey: key, ...place } } })
    const { ticket } = await scanpoll.harbour.submit({ dataset: "moorings" })
    const asked = () => ledger.requests().flatMap(({ method, path }) => (method === "DELETE" ? [path] : []))

    assert.isUndefined(await scanpoll.harbour.cancel(ticket))
    assert.deepStrictEqual(asked(), ["/scans/hb-1"])
    assert.strictEqual((await scanpoll.harbour.status(ticket))._tag, "Pending")
    assert.isUndefined(await scanpoll.cancel("harbour:hb-1"))
    const outcome = await scanpoll.harbour.wait(ticket, { policy: hasty })
    assert.strictEqual(outcome._tag === "Failed" && outcome.reason.code, "cancelled")
    const refused = await rejection(scanpoll.harbour.cancel(ticket))
    assert.include(refused instanceof PollFault && refused.message, "too late")
    assert.strictEqual(asked().length, 3)

    await using locked = createScanpoll({
      vendors: { harbour: { use: cancelling, apiKey: () => Promise.reject(new Error("locked")), ...place } }
    })
    const denied = await rejection(locked.harbour.cancel(ticket))
    assert.strictEqual(denied instanceof PollFault && denied.code, "no-credential")
    const aborted = await rejection(scanpoll.harbour.cancel(ticket, { signal: AbortSignal.abort() }))
    assert.strictEqual(aborted instanceof AbortError && aborted.ticket, ticket)
    assert.strictEqual(asked().length, 3)
  })

  it("that cannot cancel a scan says so in a `PollFault`, and is asked nothing", async (test) => {
    const { baseUrl, key, ledger, port } = await stage(test)
    await using scanpoll = createScanpoll({
      vendors: { harbour: { use: harbour, apiKey: key, baseUrl, insecureHosts: [`127.0.0.1:${port}`] } }
    })
    const cannot = await rejection(scanpoll.cancel("harbour:hb-1"))
    assert.strictEqual(cannot instanceof PollFault && cannot.code, "no-cancel")
    assert.lengthOf(ledger.requests(), 0)
  })

  it("sends nothing without its key, whatever calls it has: they are denied", async (test) => {
    const preparing = Vendor.define({
      ...definition,
      // Asked for the key before anything is.
      environment: (key) => (key.startsWith("test") ? "test" : "live"),
      prepare: { task: { path: "/tasks", take: ["id"] } },
      submit: { path: "/scans/{task}", id: ["id"] }
    })
    const { baseUrl, ledger, port } = await stage(test)
    await using scanpoll = createScanpoll({
      vendors: {
        harbour: {
          use: preparing,
          apiKey: () => Promise.reject(new Error("locked")),
          baseUrl,
          insecureHosts: [`127.0.0.1:${port}`]
        }
      }
    })
    const denied = await rejection(scanpoll.harbour.submit({ dataset: "moorings" }))
    assert.strictEqual(denied instanceof SubmitError && denied.code, "no-credential")
    assert.lengthOf(ledger.requests(), 0)
  })

  it("whose ids have a form refuses an id that is none before anything is sent, typed or in a ticket", async (test) => {
    const strict = Vendor.define({ ...definition, ids: /^hb-\d+$/, probe: "hb-0" })
    const { baseUrl, key, ledger, port } = await stage(test)
    await using scanpoll = createScanpoll({
      vendors: { harbour: { use: strict, apiKey: key, baseUrl, insecureHosts: [`127.0.0.1:${port}`] } }
    })
    const { ticket } = await scanpoll.harbour.submit({ dataset: "moorings" })
    const sent = ledger.requests().length
    const wrong = { ...ticket, scanId: "scn_1" }
    for (const refused of [
      () => scanpoll.harbour.wait("harbour:scn_1"),
      () => scanpoll.harbour.wait(wrong),
      () => scanpoll.wait(wrong),
      () => scanpoll.harbour.status("harbour:scn_1"),
      () => scanpoll.harbour.cancel("harbour:scn_1"),
      async () => scanpoll.harbour.ticket("harbour:scn_1")
    ]) {
      const error = await rejection(refused())
      assert.include(error instanceof TypeError && error.message, '"scn_1" cannot be a scan id of harbour')
    }
    assert.lengthOf(ledger.requests(), sent)
    assert.strictEqual((await scanpoll.status("harbour:hb-1"))._tag, "Settled")
  })

  it("is refused in words where it is no vendor, has another name, or takes a name of the client", () => {
    const named = (name: string) => Vendor.define({ ...definition, name })
    const foreign = { ...harbour }
    for (const [vendors, fault] of [
      ["harbour", "vendors is not an object of vendors by their names"],
      [{ harbour: "key" }, "vendors.harbour: the options are not an object"],
      [{ harbour: { apiKey: "k" } }, "vendors.harbour: use is not a vendor"],
      [{ harbour: { use: definition, apiKey: "k" } }, "vendors.harbour: use is not a vendor"],
      [{ harbour: { use: foreign, apiKey: "k" } }, "vendors.harbour: use was made by another copy of @scanpoll/core"],
      [{ mine: { use: harbour, apiKey: "k" } }, "vendors.mine: this vendor is called harbour: write vendors.harbour"],
      [{ watch: { use: named("watch"), apiKey: "k" } }, "vendors.watch: the name watch is taken by the client"],
      [{ cancel: { use: named("cancel"), apiKey: "k" } }, "vendors.cancel: the name cancel is taken by the client"],
      [{ exona: { use: named("exona"), apiKey: "k" } }, "vendors.exona: the name exona is taken by the client"],
      [{ harbour: { use: harbour } }, "harbour: apiKey is missing"],
      [{ harbour: { use: harbour, apiKey: "k", key: "k" } }, "harbour: there is no option key"],
      [{ harbour: { use: harbour, apiKey: "k", baseUrl: "http://harbour.example" } }, "harbour: baseUrl must be https"]
    ] as const) {
      const faults = faultsOf({ vendors })
      assert.lengthOf(faults, 1)
      assert.include(faults[0], fault)
    }
  })

  it("needs no key where it has none, and takes none", () => {
    const { key: _key, ...keyless } = definition
    const open = Vendor.define({ ...keyless, auth: "none" })
    assert.property(createScanpoll({ vendors: { harbour: { use: open } } }), "harbour")
    assert.include(faultsOf({ vendors: { harbour: { use: open, apiKey: "k" } } })[0], "apiKey is not used")
  })
})

// Never called: what is promised here is promised by the compiler.
export const compiled = async () => {
  const scanpoll = createScanpoll({ vendors: { harbour: { use: harbour, apiKey: "k" } }, appvet: { apiKey: "k" } })
  expectTypeOf(await scanpoll.harbour.run({ dataset: "a" })).toEqualTypeOf<ScanOutcome<{ readonly score: number }>>()
  expectTypeOf(await scanpoll.wait("harbour:x")).toEqualTypeOf<ScanOutcome<AnyPayload | { readonly score: number }>>()
  // @ts-expect-error no such field
  void scanpoll.harbour.run({ set: "a" })
  // @ts-expect-error no such vendor
  void scanpoll.harbor
  // @ts-expect-error the name of a method
  createScanpoll({ vendors: { runAll: { use: harbour, apiKey: "k" } } })
  expectTypeOf(await scanpoll.harbour.cancel("harbour:x")).toEqualTypeOf<void>()
  // @ts-expect-error the name of a method
  createScanpoll({ vendors: { cancel: { use: harbour, apiKey: "k" } } })
  // @ts-expect-error the name of a shipped vendor
  createScanpoll({ vendors: { exona: { use: harbour, apiKey: "k" } } })
  // @ts-expect-error a definition is not yet a vendor
  createScanpoll({ vendors: { harbour: { use: definition, apiKey: "k" } } })
  expectTypeOf<Definition.Facts["name"]>().toEqualTypeOf<string>()
}
