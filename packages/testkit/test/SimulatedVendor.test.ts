import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { type Samples, SimulatedVendor } from "@scanpoll/testkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Seabirds from "./seabirds.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

type Target = { readonly colony: string }

/** The simulated vendor, and the adapter of the same definition that lives there. */
const world = <P>(
  vendor: Vendor.Vendor<Target, P>,
  samples: Samples.Samples<Target>,
  options: SimulatedVendor.Options = {}
) =>
  Effect.gen(function* () {
    const simulated = yield* SimulatedVendor.make(vendor, samples, { credentials: ["bird:key-0123456789"], ...options })
    const adapter = yield* vendor.make({
      credential: Redacted.make(simulated.key),
      baseUrl: simulated.baseUrl,
      insecureHosts: [`127.0.0.1:${simulated.port}`]
    })
    return { adapter, simulated }
  })

const fate = (given: SimulatedVendor.Fate): SimulatedVendor.Options => ({ fate: () => given })

const submitted = <P>({ adapter }: Effect.Success<ReturnType<typeof world<P>>>, colony = "skomer") =>
  Effect.map(adapter.submit({ colony }), (answer) =>
    answer._tag === "Submitted" ? answer.ticket : answer.outcome.ticket
  )

describe("a simulated vendor of a definition", () => {
  it.live("plays its phases and its end over real sockets, each scan under an id of its own", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, fate({ settleAfterPolls: 12 }))
      const first = yield* submitted(made)
      const second = yield* submitted(made, "lundy")
      assert.notStrictEqual(first.scanId, second.scanId)
      const seen: Array<string> = []
      for (let n = 0; n < 13; n++) {
        const { observation } = yield* made.adapter.poll(first)
        seen.push(observation._tag === "Pending" ? observation.phase : observation._tag)
      }
      assert.deepStrictEqual([...new Set(seen)], ["queued", "running", "Settled"])
      assert.strictEqual(made.simulated.ledger.accepted().length, 2)
      assert.strictEqual(made.simulated.ledger.polls(first.scanId).length, 13)
      assert.isTrue(made.simulated.ledger.requests().every(({ authorization }) => authorization?.matches))
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("answers with findings in pages, where the definition asks for them", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, fate({ settleAfterPolls: 0 }))
      const ticket = yield* submitted(made)
      const { observation } = yield* made.adapter.poll(ticket)
      assert.strictEqual(observation._tag, "Settled")
      if (observation._tag !== "Settled" || made.adapter.collect === undefined) return
      const findings = yield* made.adapter.collect(observation.value)
      assert.strictEqual(findings.items.length, 2)
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("looks for keys, ids and words where the vendor has them: in a query, as numbers, as fetched tokens", () =>
    Effect.gen(function* () {
      for (const made of [
        yield* world(Seabirds.puffin(), Seabirds.puffinSays, fate({ settleAfterPolls: 0 })),
        yield* world(Seabirds.tern(), Seabirds.ternSays, fate({ settleAfterPolls: 0 }))
      ]) {
        const ticket = yield* submitted(made)
        assert.strictEqual((yield* made.adapter.poll(ticket)).observation._tag, "Settled")
        const unknown = yield* Effect.flip(made.adapter.poll({ ...ticket, scanId: "999999" }))
        assert.include(["Missing", "Broken"], unknown.kind)
        yield* made.simulated.setCredential({ token: made.simulated.key, state: "revoked" })
        assert.strictEqual((yield* Effect.flip(made.adapter.poll(ticket))).kind, "Denied")
      }
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("lets what is scanned pick a fate where no function does", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, { speed: 1_000_000 })
      const failed = yield* made.adapter.poll(yield* submitted(made, "failed"))
      assert.strictEqual(failed.observation._tag === "Settled" && failed.observation.value._tag, "Failed")
      const refused = yield* Effect.flip(made.adapter.submit({ colony: "refused" }))
      assert.strictEqual(refused.kind, "Refused")
      const flaky = yield* submitted(made, "flaky")
      assert.strictEqual((yield* Effect.flip(made.adapter.poll(flaky))).kind, "Transient")
      const never = yield* submitted(made, "never")
      assert.strictEqual((yield* made.adapter.poll(never)).observation._tag, "Pending")
    }).pipe(Effect.scoped, Effect.provide(http))
  )
})
