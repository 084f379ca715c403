/** What a worker does with scans that it cannot or need not ask after, and with slices that it gives up. */
import { assert, describe, it } from "@effect/vitest"
import * as Client from "@scanpoll/cluster/Client"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as Worker from "@scanpoll/cluster/Worker"
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as Journal from "@scanpoll/journal/Journal"
import { sliceOf } from "@scanpoll/journal/SharedClaims"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { make as makeVendor } from "@scanpoll/test-support/conversation"
import { database } from "./support/scenes.ts"

const until = <E, R>(what: string, isSo: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> => {
  const ask: Effect.Effect<void, E, R> = Effect.flatMap(isSo, (so) =>
    so ? Effect.void : Effect.andThen(Effect.sleep(25), ask)
  )
  return Effect.timeoutOrElse(ask, {
    duration: "20 seconds",
    orElse: () => Effect.die(new Error(`not within 20 s: ${what}`))
  })
}

const settings = { lease: "3 seconds", lookEvery: "100 millis", assignEvery: "100 millis", shards: 4 } as const
const subject = { kind: "company", id: "a", name: "a" } as const

describe("a worker", () => {
  const own = database()
  const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const

  const buy = (
    url: string,
    names: ReadonlyArray<string>,
    other: { readonly environment?: string; readonly origin?: string } = {}
  ) =>
    Effect.forEach(names, (fingerprint) =>
      Effect.gen(function* () {
        const journal = yield* ScanJournal
        const key = { ...account, environment: "", fingerprint, ...other }
        const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
        const ticket = { v: 1, ...account, origin: key.origin, scanId: fingerprint, submittedAt: 1 } as const
        yield* journal.submitted(claimId, ticket, 0)
        return claimId
      })
    ).pipe(Effect.provide(Client.layer({ journal: url }), { local: true }))

  /** A worker of this process, what it has told so far, and its end. */
  const start = (options: Worker.WorkerOptions) =>
    Effect.gen(function* () {
      const events: Array<Worker.WorkerEvent> = []
      const scope = yield* Scope.fork(yield* Effect.scope)
      yield* Scope.provide(
        Layer.build(Worker.layer({ ...options, observer: (event) => void events.push(event) })),
        scope
      )
      return { events, end: Scope.close(scope, Exit.void) }
    })

  const live = (says: string, body: (url: string) => Effect.Effect<void, unknown, Scope.Scope>): void =>
    it.live(says, () =>
      Effect.scoped(
        Effect.flatMap(
          Effect.promise(() => own().schema()),
          body
        )
      )
    )

  const read = (url: string, claimId: string) =>
    Effect.flatMap(ScanJournal, (journal) => journal.get(claimId)).pipe(
      Effect.provide(Journal.layer(url), { local: true })
    )

  live(
    "whose key was revoked asks with it no more than twice for a scan, and then leaves it alone for a minute (ST-03)",
    (url) =>
      Effect.gen(function* () {
        const [claimId = ""] = yield* buy(url, ["revoked"])
        const { adapter } = makeVendor()
        let asked = 0
        const denied = {
          ...adapter,
          poll: () =>
            Effect.suspend(() => {
              asked++
              return Effect.fail(PollFault.make({ kind: "Denied", code: "401", message: "revoked" }))
            })
        }
        const { events } = yield* start({
          journal: url,
          name: "one",
          adapters: [denied],
          policy: (each) => each.policy,
          settings
        })
        const rests = () => events.filter((event) => event._tag === "Rests")
        yield* until(
          "it rests",
          Effect.sync(() => rests().length > 0)
        )
        const [rest] = rests()
        assert.strictEqual(rest?.reason, "denied")
        assert.isAtLeast((rest?.until ?? 0) - Date.now(), 30_000)
        assert.isAtMost(asked, 2)
        // Others see it too: nobody asks before that.
        yield* until(
          "it is stored",
          Effect.map(read(url, claimId), (entry) => (entry?.notBefore ?? 0) - Date.now() > 20_000)
        )
        assert.isAtLeast(((yield* read(url, claimId))?.notBefore ?? 0) - Date.now(), 20_000)
        assert.isAtMost(asked, 2)
      })
  )

  live(
    "leaves claims of another origin alone, and those of its account's other environment free for who has that",
    (url) =>
      Effect.gen(function* () {
        const [mine = ""] = yield* buy(url, ["mine"])
        const [elsewhere = ""] = yield* buy(url, ["elsewhere"], { origin: "https://other.test" })
        const [other = ""] = yield* buy(url, ["other"], { environment: "test" })
        const { adapter, ledger } = makeVendor({ polls: [{ say: "running" }] })
        const slow = { ...adapter, environment: "production" }
        const { events } = yield* start({
          journal: url,
          name: "one",
          adapters: [slow],
          policy: (each) => each.policy,
          settings
        })
        yield* until(
          "it keeps its own",
          Effect.sync(() => events.some((event) => event._tag === "Kept"))
        )
        // It has seen the other one, and put it off.
        yield* until(
          "the other one is put off",
          Effect.map(read(url, other), (entry) => (entry?.notBefore ?? 0) > 0)
        )
        const base = Context.get(yield* Layer.build(ClusterDatabase.layer(url)), SqlClient)
        const second = yield* Effect.provideService(SqlJournal.make({ presence: "lease" }), SqlClient, base)
        assert.strictEqual((yield* second.take(mine))._tag, "Theirs")
        assert.strictEqual((yield* second.take(elsewhere))._tag, "Ours")
        yield* until(
          "it is free",
          Effect.map(second.take(other), (hold) => hold._tag === "Ours")
        )
        const asked = ledger.polls.map(({ scanId }) => scanId)
        assert.notInclude(asked, "elsewhere")
        assert.notInclude(asked, "other")
      })
  )

  live("that gives up a slice has let go of its scans by then: the next one finds them all at its first look", (url) =>
    Effect.gen(function* () {
      const ids = yield* buy(
        url,
        Array.from({ length: 24 }, (_, n) => `s${n}`)
      )
      const { adapter } = makeVendor({ polls: [{ say: "running" }] })
      const seldom = { ...settings, lookEvery: "1 minute" } as const
      const options = { journal: url, adapters: [adapter], settings: seldom }
      const one = yield* start({ ...options, policy: (each) => each.policy, name: "one" })
      const kept = (events: ReadonlyArray<Worker.WorkerEvent>) =>
        new Set(events.flatMap((event) => (event._tag === "Kept" ? [event.claimId] : [])))
      yield* until(
        "one keeps all",
        Effect.sync(() => kept(one.events).size === ids.length)
      )
      // While it gives up, its database is slow: the rows it has to write to are held by somebody else.
      const base = Context.get(yield* Layer.build(ClusterDatabase.layer(url)), SqlClient)
      const holding = yield* Effect.forkChild(
        base.withTransaction(
          Effect.gen(function* () {
            yield* base`SELECT claim_id FROM scanpoll_claims FOR UPDATE`
            // Until it gives one up, and for most of the three seconds that it waits for its writes then.
            yield* until(
              "one gives up a slice",
              Effect.sync(() => one.events.some((event) => event._tag === "Lost"))
            )
            yield* Effect.sleep("2 seconds")
          })
        )
      )
      const two = yield* start({ ...options, policy: (each) => each.policy, name: "two" })
      const slicesOf = (events: ReadonlyArray<Worker.WorkerEvent>) =>
        new Set(events.flatMap((event) => (event._tag === "Gained" ? [event.slice] : [])))
      const wanted = () => {
        const gained = slicesOf(two.events)
        return ids.filter((id) => gained.has(sliceOf(id, settings.shards)))
      }
      yield* until(
        "two has slices",
        Effect.sync(() => slicesOf(two.events).size >= 2)
      )
      // Long before it looks again.
      yield* until(
        "two keeps what is in its slices",
        Effect.sync(() => wanted().length > 0 && wanted().every((id) => kept(two.events).has(id)))
      )
      yield* Effect.ignore(Effect.exit(Effect.sync(() => holding.interruptUnsafe())))
    })
  )
})
