/** What a worker does with scans that it cannot or need not ask after, and with slices that it gives up. */
import { assert, describe, it } from "@effect/vitest"
import * as Client from "@scanpoll/cluster/Client"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as Worker from "@scanpoll/cluster/Worker"
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Journal from "@scanpoll/journal/Journal"
import { sliceOf } from "@scanpoll/journal/SharedClaims"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { make as makeVendor } from "@scanpoll/test-support/conversation"
import { sleepingBy } from "@scanpoll/test-support/sleepingBy"
import { account, buy, start, until } from "./support/inProcess.ts"
import { database } from "./support/scenes.ts"

const settings = { lease: "3 seconds", lookEvery: "100 millis", assignEvery: "100 millis", shards: 4 } as const
describe("a worker", () => {
  const own = database()
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
        const stored = yield* read(url, claimId)
        assert.isAtLeast((stored?.notBefore ?? 0) - Date.now(), 20_000)
        assert.deepStrictEqual([stored?.lastFault?.stopped, stored?.lastFault?.message], ["denied", "revoked"])
        // Who waits for it is told the worker's reason, and ends.
        const known = { v: 1, ...account, scanId: "revoked", submittedAt: null } as const
        const told = yield* Scans.wait(adapter, known).pipe(
          Effect.provide(Client.layer({ journal: url }), { local: true }),
          Effect.flip
        )
        assert.isTrue(told._tag === "PollStopped" && told.reason === "denied" && told.last?._tag === "PollFault")
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
      // It never looks again on its own: what its first look misses stays missed.
      const clock = yield* Clock.Clock
      const onceOnly = sleepingBy(clock, (wait) =>
        Duration.isGreaterThanOrEqualTo(wait, Duration.fromInputUnsafe(seldom.lookEvery))
          ? Effect.never
          : clock.sleep(wait)
      )
      const two = yield* start({ ...options, policy: (each) => each.policy, name: "two" }).pipe(
        Effect.provideService(Clock.Clock, onceOnly)
      )
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
      yield* until(
        "two keeps what is in its slices",
        Effect.sync(() => wanted().length > 0 && wanted().every((id) => kept(two.events).has(id)))
      )
      yield* Effect.ignore(Effect.exit(Effect.sync(() => holding.interruptUnsafe())))
    })
  )

  it.live("leaves scans whose vendor refuses its credential to a worker that has another one, and says so (D-03)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* Effect.promise(() => own().schema())
        const refused = makeVendor({ polls: [{ say: "Denied" }] })
        const good = makeVendor({ polls: [{ say: "running" }, { say: "done" }], limits: { floor: "100 millis" } })
        const policy = () =>
          PollPolicy.make({ pace: "200 millis", first: "100 millis", floor: "100 millis", deadline: "1 day" })
        const patient = { ...settings, lease: "12 seconds" } as const
        const one = yield* start({ journal: url, name: "one", adapters: [refused.adapter], policy, settings: patient })
        const two = yield* start({ journal: url, name: "two", adapters: [good.adapter], policy, settings: patient })
        const sql = Context.get(yield* Layer.build(ClusterDatabase.layer(url)), SqlClient)
        const known = sql`SELECT 1 FROM scanpoll_workers AS one, scanpoll_workers AS two WHERE one.name = 'one'
          AND two.name = 'two' AND two.said LIKE '%"phase":"working"%' AND one.seen_at > two.seen_at`
        yield* until(
          "the first knows that the second works",
          Effect.map(known, (rows) => rows.length > 0)
        )
        const names = Array.from({ length: 12 }, (_, n) => `s${n}`)
        const ids = yield* buy(url, names)
        yield* until(
          "the other one has settled all of them",
          Effect.sync(() => two.events.filter(({ _tag }) => _tag === "Settled").length === ids.length)
        )
        assert.isAbove(refused.ledger.polls.length, 0)
        assert.deepStrictEqual((yield* one.worker.state).denied, [{ vendor: "acme", account: "default" }])
        assert.deepStrictEqual((yield* two.worker.state).denied, [])
        // Scans that are bought later are not tried with the refused credential at all.
        const asked = refused.ledger.polls.length
        const later = yield* buy(
          url,
          Array.from({ length: 12 }, (_, n) => `t${n}`)
        )
        yield* until(
          "those too",
          Effect.sync(() => two.events.filter(({ _tag }) => _tag === "Settled").length === ids.length + later.length)
        )
        assert.strictEqual(refused.ledger.polls.length, asked)
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )

  it.live("hands over its scans and says so when a newer version has changed the journal (D-21)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const url = yield* Effect.promise(() => own().schema())
        const ids = yield* buy(url, ["a", "b", "c"])
        const { adapter } = makeVendor({ polls: [{ say: "running" }] })
        const { events, worker } = yield* start({
          journal: url,
          name: "old",
          adapters: [adapter],
          settings: { ...settings, lease: "12 seconds" }
        })
        yield* until(
          "it keeps them",
          Effect.sync(() => events.filter(({ _tag }) => _tag === "Kept").length >= ids.length)
        )
        const sql = Context.get(yield* Layer.build(ClusterDatabase.layer(url)), SqlClient)
        yield* sql`UPDATE scanpoll_journal SET version = version + 1`
        yield* worker.outdated
        const state = yield* worker.state
        assert.deepStrictEqual([state.ready, state.phase], [false, "leaving"])
        const held = yield* sql`SELECT claim_id FROM scanpoll_claims WHERE owner IS NOT NULL`
        const runners = yield* sql`SELECT address FROM scanpoll_cluster_runners`
        assert.deepStrictEqual([held.length, runners.length], [0, 0])
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )
})
