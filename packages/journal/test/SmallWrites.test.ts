/** Waiting times, pauses and heartbeats: small writes that meet other ones on their way. */
import { assert, describe, it } from "@effect/vitest"
import type { ClaimKey, JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { type Plan, troubled } from "@scanpoll/test-support/troubledClient"
import { type Database, type Databases, postgres, sqlite } from "./support/databases.ts"
import { fresh, keyOf, ticketOf, vendor } from "./support/fixtures.ts"
import { inTime } from "./support/moments.ts"

const calm = { lease: "1 hour", watch: "30 millis", patience: "2 seconds" } as const
const all: ReadonlyArray<Databases> = [sqlite, postgres()]

describe.for(all)("small writes: $name", (databases) => {
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)))

  const open = (database: Database, plan: Plan = () => null, options: SqlJournal.Options = calm) =>
    Effect.gen(function* () {
      const sql = yield* troubled(yield* database.client, plan)
      return yield* Effect.provideService(SqlJournal.make(options), SqlClient.SqlClient, sql)
    })

  const until = (what: string, isSo: Effect.Effect<boolean, JournalError>) => {
    const ask: Effect.Effect<void, JournalError> = Effect.flatMap(isSo, (so) =>
      so ? Effect.void : Effect.andThen(Effect.sleep(10), ask)
    )
    return inTime(what, ask)
  }

  promise("a shorter pause never replaces a longer one that another process stored (ST-07)", (database) =>
    Effect.gen(function* () {
      const [one, two] = [yield* open(database), yield* open(database)]
      const pauseOf = (account: string) =>
        Effect.map(one.pauses, (pauses) => pauses.find((each) => each.account === account)?.until ?? 0)
      const { account } = vendor
      one.paused(vendor, 5_000)
      yield* until(
        "the long pause is stored",
        Effect.map(pauseOf(account), (at) => at === 5_000)
      )
      two.paused(vendor, 1_000)
      two.paused({ ...vendor, account: "mark" }, 1)
      yield* until(
        "the short one was written",
        Effect.map(pauseOf("mark"), (at) => at === 1)
      )
      assert.strictEqual(yield* pauseOf(account), 5_000)
      two.paused(vendor, 9_000)
      yield* until(
        "a longer one is stored",
        Effect.map(pauseOf(account), (at) => at === 9_000)
      )
    })
  )

  promise(
    "what is told while earlier small writes are being committed is stored as well, and nothing else has to come",
    (database) =>
      Effect.gen(function* () {
        let told = 0
        let tell = (): void => undefined
        // At each of the next transactions, just before and just after its end.
        const journal = yield* open(database, (_, text) => {
          if (told === 0 || told > 6 || !text.startsWith("COMMIT")) return null
          return { before: Effect.sync(() => tell()), after: Effect.sync(() => tell()) }
        })
        const { claimId } = yield* journal.claim(keyOf("a"), fresh)
        yield* journal.submitted(claimId, ticketOf("a"), 0)
        yield* journal.take(claimId)
        tell = () => {
          told += 1
          journal.waiting(claimId, 1_000 + told)
          journal.paused(vendor, 1_000 + told)
          journal.learned({ ...vendor, kind: "", scan: "acme:a", ended: "settled", durationMs: 1_000 + told })
        }
        tell()
        yield* until(
          "the last of each is stored",
          Effect.gen(function* () {
            const entry = yield* journal.get(claimId)
            const [pause] = yield* journal.pauses
            const [lesson] = yield* journal.lessons
            const last = 1_000 + told
            return told > 6 && entry?.notBefore === last && pause?.until === last && lesson?.durationMs === last
          })
        )
      })
  )

  // How they are put together does not depend on the database, and only from a server many are taken at once.
  const onServer = databases.name === "PostgreSQL" ? promise : () => undefined
  onServer(
    "thousands of waiting times that are told at once are all stored, and then all claims are let go of",
    (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        const two = yield* open(database)
        const one = yield* Effect.provideService(SqlJournal.makeShared(calm), SqlClient.SqlClient, sql)
        const { claimId } = yield* one.claim(keyOf("many-0"), fresh)
        yield* one.submitted(claimId, ticketOf("many-0"), 0)
        const count = 2_500
        const ids = Array.from({ length: count }, (_, n) => `clm_many${n}`)
        // As many claims as no test has the time to buy: copies of one that was bought.
        const [row] = yield* sql<Record<string, unknown>>`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`
        const copies = ids.map((id, n) => copyOf(row ?? {}, id, n + 1))
        for (const part of Arr.chunksOf(copies, 250)) yield* sql`INSERT INTO scanpoll_claims ${sql.insert(part)}`
        const free = { slices: [1], of: 1, accounts: [vendor], dueBefore: 1, limit: count }
        assert.strictEqual((yield* one.takeFree(free)).length, count)
        ids.forEach((id, n) => one.waiting(id, 10_000 + n))
        ids.forEach((id) => one.leave(id))
        const left = sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims
          WHERE claim_id <> ${claimId} AND (owner IS NOT NULL OR not_before < 10000) LIMIT 1`
        yield* until(
          "all are stored and free",
          Effect.map(Effect.orDie(left), (rows) => rows.length === 0)
        )
        const entries = yield* two.list(["submitted"])
        const times = new Map(entries.map((entry) => [entry.claimId, entry.notBefore]))
        assert.deepStrictEqual(
          ids.map((id) => times.get(id)),
          ids.map((_, n) => 10_000 + n)
        )
      })
  )

  promise("what a former holder says about its waiting time changes nothing for the next one (DU-16)", (database) =>
    Effect.gen(function* () {
      const [one, two] = [yield* open(database), yield* open(database)]
      const { claimId } = yield* one.claim(keyOf("a"), fresh)
      yield* one.submitted(claimId, ticketOf("a"), 0)
      yield* one.take(claimId)
      const sql = yield* database.client
      yield* sql`UPDATE scanpoll_owners SET place = 'elsewhere', heartbeat_at = 0`
      const three = yield* open(database)
      assert.strictEqual((yield* three.take(claimId))._tag, "Ours")
      const before = (yield* three.get(claimId))?.notBefore
      one.waiting(claimId, 99_000)
      one.paused(vendor, 7)
      yield* until(
        "it was written",
        Effect.map(two.pauses, (pauses) => pauses.length === 1)
      )
      assert.isDefined(before)
      assert.strictEqual((yield* three.get(claimId))?.notBefore, before)
    })
  )

  promise("a process whose heartbeat comes between the look at it and its burial is not buried (DU-16)", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      const now = sql.onDialectOrElse({
        pg: () => sql.literal("(extract(epoch from clock_timestamp()) * 1000)::double precision"),
        orElse: () => sql.literal("(unixepoch('subsec') * 1000.0)")
      })
      // Where the other one holds the row already it is too late, and nobody waits for it.
      const unlocked = sql.onDialectOrElse({
        pg: () => sql.literal("FOR UPDATE SKIP LOCKED"),
        orElse: () => sql.literal("")
      })
      let counted = 0
      let survived = 0
      for (let n = 1; n === 1 || n <= counted; n++) {
        const one = yield* open(database)
        const { claimId } = yield* one.claim(keyOf(`a${n}`), fresh)
        const [mine] = yield* sql<{ owner: string }>`SELECT owner FROM scanpoll_claims WHERE claim_id = ${claimId}`
        const owner = mine?.owner ?? ""
        yield* sql`UPDATE scanpoll_owners SET place = 'elsewhere', heartbeat_at = 0 WHERE owner_id = ${owner}`
        let hasBeaten = false
        const beat = sql`UPDATE scanpoll_owners SET heartbeat_at = ${now} WHERE owner_id IN
          (SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${owner} ${unlocked}) RETURNING owner_id`.pipe(
          Effect.map((rows) => {
            hasBeaten = rows.length > 0
          }),
          Effect.ignore
        )
        let statements = 0
        yield* Effect.scoped(
          open(database, (at) => {
            statements = at
            return at === n ? { before: beat } : null
          })
        )
        if (n === 1) counted = Math.min(statements, 40)
        const left = yield* sql`SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${owner}`
        assert.strictEqual(left.length, hasBeaten ? 1 : 0, `before statement ${n} of ${counted}`)
        const state = (yield* one.get(claimId))?.state
        assert.strictEqual(state, hasBeaten ? "intent" : "in-doubt", `before statement ${n} of ${counted}`)
        if (hasBeaten) survived++
        yield* sql`DELETE FROM scanpoll_owners WHERE owner_id = ${owner}`
      }
      // A beat that never came in time would have shown nothing.
      assert.isAtLeast(survived, 3)
    })
  )
})

const hashOf = ({ account, environment, fingerprint, origin, vendor: name }: ClaimKey): string =>
  createHash("sha256")
    .update(JSON.stringify([name, origin, account, environment, fingerprint]))
    .digest("hex")

const copyOf = (row: Readonly<Record<string, unknown>>, claimId: string, n: number): Record<string, unknown> => {
  const key = keyOf(`many-${n}`)
  return {
    ...row,
    claim_id: claimId,
    fingerprint: JSON.stringify(key.fingerprint),
    key_hash: hashOf(key),
    scan_id: `many-${n}`,
    owner: null
  }
}

const running = { kind: "poll", because: "pace", seen: "running", code: null, percent: null, message: null } as const

describe("the polls of many scans", () => {
  it.effect("cost less than a quarter of a statement each, where two hundred come in a second (D-20)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const statements: Array<string> = []
        const database = yield* sqlite.make
        const sql = yield* troubled(yield* database.client, (_, text) => {
          statements.push(text)
          return null
        })
        const journal = yield* Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, sql)
        const claimIds = yield* Effect.forEach(Array.from({ length: 20 }), (_, n) =>
          Effect.gen(function* () {
            const { claimId } = yield* journal.claim(keyOf(`s${n}`), fresh)
            yield* journal.submitted(claimId, ticketOf(`s${n}`), 0)
            yield* journal.take(claimId)
            return claimId
          })
        )
        yield* TestClock.adjust("1 second")
        const before = statements.length
        let polls = 0
        for (let round = 0; round < 50; round++) {
          const at = yield* Clock.currentTimeMillis
          for (const claimId of claimIds) {
            journal.waiting(claimId, at + 10_000)
            journal.polled(claimId, { ...running, at, until: at + 10_000 })
            polls += 1
          }
          yield* TestClock.adjust("100 millis")
        }
        yield* TestClock.adjust("1 second")
        // PostgreSQL has one more in each transaction.
        const transactions = statements.slice(before).filter((text) => text.startsWith("COMMIT")).length
        assert.isAtMost((statements.length - before + transactions) / polls, 0.25)
        const stored = yield* Effect.forEach(claimIds, (claimId) => journal.polls(claimId))
        assert.deepStrictEqual(
          stored.map((of) => of.reduce((sum, { count }) => sum + count, 0)),
          claimIds.map(() => 50)
        )
      })
    )
  )
})

describe("in PostgreSQL", () => {
  const databases = postgres()

  it.live(
    "the rows that a poll changes are changed in place: no index has those columns, and pages have room (D-20)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* (yield* databases.make).client
          yield* Effect.provideService(SqlJournal.make(calm), SqlClient.SqlClient, sql)
          const changed: Readonly<Record<string, ReadonlyArray<string>>> = {
            scanpoll_claims: ["not_before", "waited_at", "polled_until", "last_fault"],
            scanpoll_polls: ["polls", "message", "last_at", "due_at"]
          }
          for (const [table, columns] of Object.entries(changed)) {
            const indexed = yield* sql<{ name: string }>`SELECT DISTINCT attname AS name FROM pg_index
            JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) WHERE indrelid = ${table}::regclass`
            assert.isAbove(indexed.length, 0)
            assert.deepStrictEqual(
              indexed.filter(({ name }) => columns.includes(name)),
              [],
              table
            )
            const [page] = yield* sql`SELECT reloptions::text AS options FROM pg_class WHERE oid = ${table}::regclass`
            assert.match(String(page?.options), /fillfactor=70/)
          }
        })
      )
  )
})
