import { assert, describe, it } from "@effect/vitest"
import * as ClusterSettings from "@scanpoll/cluster/ClusterSettings"
import * as Client from "@scanpoll/cluster/Client"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import { LatenessMeter } from "@scanpoll/cluster/Lateness"
import * as Worker from "@scanpoll/cluster/Worker"
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as SharedClaims from "@scanpoll/journal/SharedClaims"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardId from "effect/cluster/ShardId"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import * as SliceLocks from "../src/internal/sliceLocks.ts"
import { troubled } from "@scanpoll/test-support/troubledClient"
import { database } from "./support/scenes.ts"

describe("ClusterSettings", () => {
  it("fills in what is not said, and names the first setting out of its bounds", () => {
    const made = ClusterSettings.make({ lease: "6 seconds" })
    assert.isTrue(Result.isSuccess(made) && made.success.shards === 60)
    for (const [options, word] of [
      [{ shards: 0 }, "shards"],
      [{ shards: 1.5 }, "shards"],
      [{ shards: 1025 }, "shards"],
      [{ lease: "2 seconds" }, "lease"],
      [{ lease: Number.NaN }, "lease"],
      [{ lookEvery: 0 }, "lookEvery"],
      [{ assignEvery: "2 minutes" }, "assignEvery"]
    ] as const) {
      const refused = ClusterSettings.make(options)
      assert.isTrue(Result.isFailure(refused) && refused.failure.startsWith(word), word)
    }
  })
})

describe("LatenessMeter", () => {
  it("is at most a fifth above the truth, exact at the most, and forgets what is older than a minute", () => {
    const meter = new LatenessMeter()
    assert.isNull(meter.read(0))
    for (let late = 1; late <= 1000; late++) meter.add(late, 500)
    const read = meter.read(1_000)
    assert.isTrue(read !== null && read.max === 1000)
    assert.isTrue(read !== null && read.p50 >= 500 && read.p50 <= 600, String(read?.p50))
    assert.isTrue(read !== null && read.p99 >= 990 && read.p99 <= 1000, String(read?.p99))
    assert.isNull(meter.read(61_000))
    meter.add(0, 70_000)
    assert.deepStrictEqual(meter.read(70_000), { p50: 0, p99: 0, max: 0 })
  })
})

describe("the locks of the slices", () => {
  const own = database()

  it.live(
    "are those that a worker of an older version takes, and are confirmed, shared and released like them (D-01)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const url = yield* Effect.promise(() => own().schema())
          const sql = Context.get(yield* Layer.build(ClusterDatabase.layer(url)), SqlClient)
          const config = ShardingConfig.layer({ shardsPerGroup: 4, shardLockExpiration: "12 seconds" })
          const older = Context.get(
            yield* Layer.build(
              SqlRunnerStorage.layerWith({ prefix: "scanpoll_cluster" }).pipe(
                Layer.provide([config, Layer.succeed(SqlClient, sql)])
              )
            ),
            RunnerStorage.RunnerStorage
          )
          const locks = yield* SliceLocks.make(sql, "scanpoll_cluster", Duration.seconds(12))
          const [one, two] = [
            RunnerAddress.RunnerAddress.make({ host: "one", port: 0 }),
            RunnerAddress.RunnerAddress.make({ host: "two", port: 0 })
          ]
          const shards = [1, 2, 3, 4].map((id) => ShardId.make("default", id))
          const [first, second, third] = shards
          assert.isDefined(first)
          assert.isDefined(second)
          assert.isDefined(third)
          const numbers = Effect.map((held: ReadonlyArray<ShardId.ShardId>) =>
            held.map(({ id }) => id).sort((a, b) => a - b)
          )
          assert.deepStrictEqual(yield* numbers(older.acquire(one, [first, second])), [1, 2])
          assert.deepStrictEqual(yield* numbers(locks.acquire(two, shards)), [3, 4])
          assert.deepStrictEqual(yield* numbers(locks.acquire(two, shards)), [3, 4])
          assert.deepStrictEqual(yield* numbers(locks.refresh(two, shards)), [3, 4])
          assert.deepStrictEqual(yield* numbers(older.acquire(one, shards)), [1, 2])
          yield* locks.release(two, third)
          assert.deepStrictEqual(yield* numbers(locks.refresh(two, shards)), [4])
          assert.deepStrictEqual(yield* numbers(older.acquire(one, shards)), [1, 2, 3])
          yield* older.releaseAll(one)
          assert.deepStrictEqual(yield* numbers(locks.acquire(two, shards)), [1, 2, 3, 4])
          yield* locks.releaseAll(two)
          assert.deepStrictEqual(yield* numbers(older.acquire(one, shards)), [1, 2, 3, 4])
        })
      )
  )
})

describe("the database of a cluster", () => {
  const own = database()

  const adapter = {
    vendor: "acme",
    origin: "https://acme.test",
    account: "default",
    environment: ""
  }
  const subject = { kind: "url", id: "https://a.test/", name: "a" } as const
  const buy = (fingerprint: string) =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal
      const claim = yield* journal.claim({ ...adapter, fingerprint }, { subject, reuseFrom: 0 })
      const ticket = {
        v: 1,
        vendor: "acme",
        origin: "https://acme.test",
        account: "default",
        scanId: fingerprint,
        submittedAt: 1
      } as const
      yield* journal.submitted(claim.claimId, ticket, 0)
      return claim.claimId
    })

  it.live(
    "what a client bought is free at once, for its own vendor, origin and account; of two that take, each gets what the other did not, of its slices alone",
    () =>
      Effect.gen(function* () {
        const url = yield* Effect.promise(() => own().schema())
        const of = 4
        const ids = yield* Effect.gen(function* () {
          const journal = yield* ScanJournal
          const ids = yield* Effect.forEach(
            Array.from({ length: 60 }, (_, i) => `scan-${i}`),
            buy
          )
          // Waiting for one of them, the client holds none.
          for (const id of ids) assert.strictEqual((yield* journal.take(id))._tag, "Theirs")
          return ids
        }).pipe(Effect.provide(Client.layer({ journal: url })))
        const one = yield* Layer.build(ClusterDatabase.layer(url))
        const make = Effect.provideContext(SqlJournal.makeShared({ lease: "3 seconds", presence: "lease" }), one)
        const [left, right] = [yield* make, yield* make]
        const wanted = { of, accounts: [adapter], dueBefore: 1, limit: 1_000 }
        const others = [{ vendor: "umbrella" }, { origin: "https://other.test" }, { account: "second" }]
        const accounts = others.map((other) => ({ ...adapter, ...other }))
        assert.deepStrictEqual(yield* left.takeFree({ ...wanted, slices: [1, 2, 3, 4], accounts }), [])
        const first = yield* left.takeFree({ ...wanted, slices: [1, 2], limit: 5 })
        assert.strictEqual(first.length, 5)
        const [more, theirs] = yield* Effect.all(
          [left.takeFree({ ...wanted, slices: [1, 2] }), right.takeFree({ ...wanted, slices: [1, 2, 3, 4] })],
          { concurrency: "unbounded" }
        )
        const all = [...first, ...more, ...theirs].map(({ entry }) => entry.claimId)
        assert.deepStrictEqual(all.toSorted(), ids.toSorted())
        for (const { entry } of [...first, ...more]) assert.include([1, 2], SharedClaims.sliceOf(entry.claimId, of))
        assert.deepStrictEqual(yield* left.takeFree({ ...wanted, slices: [1, 2, 3, 4] }), [])
        assert.deepStrictEqual(yield* left.takeFree({ ...wanted, slices: [1, 2, 3, 4], accounts: [] }), [])
        // What it lets go of, the other one may have.
        const [kept] = first
        left.leave(kept?.entry.claimId ?? "")
        for (let found = 0; found === 0;) found = (yield* right.takeFree({ ...wanted, slices: [1, 2] })).length
      }).pipe(Effect.scoped)
  )

  it.live("claims that were taken though the answer was lost are freed at the next look; what is held stays held", () =>
    Effect.gen(function* () {
      const url = yield* Effect.promise(() => own().schema())
      const ids = yield* Effect.provide(Effect.forEach(["a", "b", "c", "d"], buy), Client.layer({ journal: url }))
      const base = yield* Effect.provide(SqlClient, yield* Layer.build(ClusterDatabase.layer(url)))
      // The next claims taken are committed, and nobody is told.
      let isDeaf = false
      let hasTaken = false
      const deaf = yield* troubled(base, (_, sql) => {
        hasTaken ||= isDeaf && sql.includes("SKIP LOCKED")
        if (!hasTaken || !sql.startsWith("COMMIT")) return null
        isDeaf = false
        hasTaken = false
        return "lost"
      })
      const options = { presence: "lease", patience: "1 milli" } as const
      const left = yield* Effect.provideService(SqlJournal.makeShared(options), SqlClient, deaf)
      const right = yield* Effect.provideService(SqlJournal.makeShared({ presence: "lease" }), SqlClient, base)
      const wanted = { slices: [1], of: 1, accounts: [adapter], dueBefore: 1, limit: 1_000 }
      const [kept] = yield* left.takeFree({ ...wanted, limit: 1 })
      isDeaf = true
      assert.isTrue(Exit.isFailure(yield* Effect.exit(left.takeFree(wanted))))
      assert.deepStrictEqual(yield* right.takeFree(wanted), [])
      // It wants none, and still looks after those it does not know of.
      const looked = left.takeFree({ ...wanted, accounts: [] })
      for (let exit = yield* Effect.exit(looked); Exit.isFailure(exit);) exit = yield* Effect.exit(looked)
      const freed = (yield* right.takeFree(wanted)).map(({ entry }) => entry.claimId)
      assert.strictEqual(freed.length, 3)
      assert.deepStrictEqual([kept?.entry.claimId ?? "", ...freed].toSorted(), ids.toSorted())
    }).pipe(Effect.scoped)
  )

  it.live("a status is there before any worker was, and names the living and the dead", () =>
    Effect.gen(function* () {
      const url = yield* Effect.promise(() => own().schema())
      const status = Effect.provide(ClusterStatus.read, ClusterDatabase.layer(url))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(status)))
      yield* Effect.provide(buy("a"), Client.layer({ journal: url }))
      const empty = yield* status
      assert.deepStrictEqual([empty.shards, empty.workers, empty.scans.open, empty.scans.free], [null, [], 1, 1])
      const settings = { lease: "3 seconds", shards: 5 } as const
      const scope = yield* Scope.make()
      const worker = Worker.layer({ journal: url, name: "one", adapters: [], settings })
      yield* Scope.provide(Layer.build(worker), scope)
      for (let shared = false; !shared;) shared = (yield* status).unowned === 0
      const [alive] = (yield* status).workers
      assert.deepStrictEqual([alive?.name, alive?.alive, alive?.slices], ["one", true, [1, 2, 3, 4, 5]])
      // A name is one worker's, and all cut the scans alike.
      const twin = yield* Effect.exit(Effect.scoped(Layer.build(worker)))
      assert.isTrue(Exit.isFailure(twin) && JSON.stringify(twin.cause).includes("one"))
      const other = Worker.layer({ journal: url, name: "two", adapters: [], settings: { ...settings, shards: 6 } })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(Layer.build(other)))))
      yield* Scope.close(scope, Exit.void)
      const after = yield* status
      assert.deepStrictEqual([after.workers, after.unowned], [[], 5])
      yield* Effect.provide(
        Effect.flatMap(
          SqlClient,
          (sql) => sql`INSERT INTO scanpoll_workers VALUES ('ghost', 'process 1', 3000, 0, 1, 'what is this')`
        ),
        ClusterDatabase.layer(url)
      )
      const [ghost] = (yield* status).workers
      assert.deepStrictEqual([ghost?.alive, ghost?.phase, ghost?.slices], [false, null, []])
    }).pipe(Effect.scoped)
  )

  it.live(
    "a status names the open scans whose last poll failed, the oldest first, with the fault and who met it (D-02)",
    () =>
      Effect.gen(function* () {
        const url = yield* Effect.promise(() => own().schema())
        const names = ["a", "b", "c"]
        const ids = yield* Effect.provide(Effect.forEach(names, buy), Client.layer({ journal: url }))
        const sql = yield* Effect.provide(SqlClient, yield* Layer.build(ClusterDatabase.layer(url)))
        const fault = { code: "http-503", message: "the vendor is down", at: 3_000, by: "worker two" }
        const told = [JSON.stringify(fault), null, "what is this"]
        yield* Effect.forEach(
          ids,
          (id, at) =>
            sql`UPDATE scanpoll_claims SET last_fault = ${told[at] ?? null}, claimed_at = ${3 - at} WHERE claim_id = ${id}`
        )
        const { scans, troubled: named } = yield* Effect.provideService(ClusterStatus.read, SqlClient, sql)
        assert.strictEqual(scans.troubled, 2)
        assert.deepStrictEqual(named, [
          {
            claimId: ids[0] ?? "",
            vendor: "acme",
            account: "default",
            scanId: "a",
            claimedAt: 3,
            notBefore: 0,
            ...fault
          }
        ])
      }).pipe(Effect.scoped)
  )

  it.live("a worker that is told what it cannot follow does not begin", () =>
    Effect.gen(function* () {
      const url = yield* Effect.promise(() => own().schema())
      for (const wrong of [{ settings: { shards: 0 } }, { name: "" }, { name: "a\nb" }]) {
        const exit = yield* Effect.exit(
          Effect.scoped(Layer.build(Worker.layer({ journal: url, adapters: [], ...wrong })))
        )
        assert.isTrue(Exit.isFailure(exit))
      }
    })
  )
})
