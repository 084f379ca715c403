/**
 * Kills programs that buy, and audits the books after each death: a few dozen times here, five hundred times and more by
 * `pnpm --filter @scanpoll/journal kill`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { audit, calm, claims, hurried, live, type Orders, type World, world } from "./kill/harness.ts"
import { type Call, type Chapter, type End, type Side, sides, type Trouble } from "./kill/order.ts"
import { type Account, blank, chance, labels, replay, type Story, tell } from "./kill/stories.ts"
import { type Database, postgres, sqlite } from "./support/databases.ts"
import { folder } from "./support/folder.ts"
import { isFull, often } from "@scanpoll/test-support/length"

const server = postgres()
const databases = [
  { name: "sqlite", says: "a file", make: sqlite.make },
  { name: "postgres", says: "a server", make: server.make }
] as const

const promise = (says: string, body: Effect.Effect<void, unknown, Scope.Scope>): void =>
  it.live(says, () => Effect.scoped(body))

const tellAll = (
  name: string,
  make: Effect.Effect<Database, unknown, Scope.Scope>,
  stories: ReadonlyArray<Story>
): Effect.Effect<Account, unknown> =>
  Effect.gen(function* () {
    const account = blank()
    yield* Effect.forEach(
      stories,
      (story) =>
        Effect.scoped(
          Effect.gen(function* () {
            const { address } = yield* make
            yield* tell(address, story, account)
            assert.deepStrictEqual(account.wrong, [], `again: ${replay(name, story)}`)
          })
        ),
      { concurrency: 3, discard: true }
    )
    return account
  })

describe("killed at any point", () => {
  promise(
    "before and after every call of the journal and of the vendors, the books agree, and the last life ends everything",
    Effect.gen(function* () {
      // Before and after one call, on scans of its own: what was cut before the call makes it again.
      const stories = Array.from({ length: labels.length / sides.length }, (_, i) => ({
        seed: 101 + i,
        chapters: labels.slice(i * sides.length, (i + 1) * sides.length)
      }))
      const account = yield* tellAll("sqlite", sqlite.make, stories)
      const named = labels.map(({ end }) => (end._tag === "Call" ? `${end.when} ${end.call}` : end._tag))
      assert.deepStrictEqual(
        named.filter((name) => !account.killed.has(name)),
        []
      )
      assert.strictEqual(account.deaths, labels.length)
    })
  )

  promise(
    "on a server, at statements, at moments and as soon as a vendor has accepted, the same",
    Effect.gen(function* () {
      const account = yield* tellAll("postgres", server.make, isFull ? [chance(5, 5), chance(11, 5)] : [chance(5, 3)])
      assert.isAtLeast(account.deaths, often(2, 3))
    })
  )

  const troubles: ReadonlyArray<Trouble> = [
    { every: 17, fault: "fails" },
    { every: 13, fault: "lost" },
    { every: 23, fault: "hangs" }
  ]
  for (const { make, name, says } of databases) {
    promise(
      `${says}: while every so-manieth statement fails, hangs or loses its answer, everything is bought once`,
      Effect.gen(function* () {
        const never: End = { _tag: "Statement", when: "before", nth: 100_000 }
        // A server tells the same of each trouble as a file does; the nightly run tries all of them on both.
        const some = isFull || name === "sqlite" ? troubles : troubles.slice(1, 2)
        const stories = some.map((trouble, i): Story => ({ seed: 201 + i, chapters: [{ end: never, trouble }] }))
        const account = yield* tellAll(name, make, stories)
        assert.strictEqual(account.deaths, 0)
      })
    )
  }

  promise(
    "a program that submits first and stores afterwards is caught",
    Effect.gen(function* () {
      const where = yield* world(join(yield* folder, "naive"), 9, 77)
      for (let nth = 1; nth <= 3; nth++) yield* live(where, { naive: true, end: at("before", "submitted", nth) })
      const wrong = audit(where, [], false)
      assert.isTrue(
        wrong.some((line) => line.includes("bought 2 times")),
        wrong.join("\n")
      )
    })
  )

  promise(
    "in the middle of making the tables, at any statement, the next life makes them",
    Effect.gen(function* () {
      const nths = [3, 8, 12, 17, 18]
      const chapters = nths.map((nth): Chapter => ({
        end: { _tag: "Statement", when: nth % 2 === 0 ? "before" : "after", nth },
        trouble: null
      }))
      const account = yield* tellAll("sqlite", sqlite.make, [{ seed: 301, chapters }])
      assert.strictEqual(account.deaths, nths.length)
    })
  )
})

const at = (when: Side, call: Call, nth = 1): End => ({ _tag: "Call", when, call, nth })

describe("one purchase, killed", () => {
  const lives = (where: World, orders: Orders) =>
    Effect.map(live(where, orders), (life) => {
      assert.strictEqual(life.complaint, "")
      assert.strictEqual(life.died, orders.end !== undefined)
    })
  const posts = ({ simulators }: World) => simulators.exona.ledger.requests({ route: "submit" }).length
  const accepted = ({ simulators }: World) => simulators.exona.ledger.accepted().length
  const states = (where: World) => Effect.map(claims(where), (entries) => entries.map(({ state }) => state))
  const one = Effect.flatMap(folder, (path) => calm(join(path, "journal.db"), 1, 7, { only: "exona" }))

  promise(
    "before the claim is on disk: nothing was sent, and the next run buys once (DU-01)",
    Effect.gen(function* () {
      const where = yield* one
      yield* lives(where, { end: at("before", "claim") })
      assert.strictEqual(posts(where), 0)
      assert.deepStrictEqual(yield* states(where), [])
      yield* lives(where, {})
      assert.deepStrictEqual([posts(where), accepted(where)], [1, 1])
      assert.deepStrictEqual(yield* states(where), ["settled"])
    })
  )

  for (const end of [at("after", "claim"), at("before", "submit")]) {
    promise(
      `after the claim is on disk and before the first byte (${end._tag === "Call" ? end.call : ""}): in doubt, and nothing is sent (DU-02)`,
      Effect.gen(function* () {
        const where = yield* one
        yield* lives(where, { end })
        for (const resume of [true, false]) yield* lives(where, { resume })
        assert.strictEqual(posts(where), 0)
        assert.deepStrictEqual(yield* states(where), ["in-doubt"])
      })
    )
  }

  for (const end of [at("after", "submit"), at("before", "submitted")]) {
    promise(
      `after the vendor took it and before the id is on disk (${end._tag === "Call" ? end.call : ""}): in doubt over three restarts, bought once (DU-03)`,
      Effect.gen(function* () {
        const where = yield* one
        yield* lives(where, { end })
        for (const resume of [true, false, true]) yield* lives(where, { resume })
        assert.deepStrictEqual([posts(where), accepted(where)], [1, 1])
        assert.deepStrictEqual(yield* states(where), ["in-doubt"])
      })
    )
  }

  promise(
    "after the last answer and before it is on disk: asked again, and stored once (DU-05)",
    Effect.gen(function* () {
      const where = yield* one
      yield* lives(where, { end: at("before", "settled") })
      assert.deepStrictEqual(yield* states(where), ["submitted"])
      const { ledger } = where.simulators.exona
      const before = ledger.requests({ route: "status" }).length
      yield* lives(where, { resume: true })
      assert.strictEqual(ledger.requests({ route: "status" }).length, before + 1)
      assert.strictEqual(posts(where), 1)
      assert.deepStrictEqual(yield* states(where), ["settled"])
      assert.deepStrictEqual(audit(where, yield* claims(where), true), [])
    })
  )

  promise(
    "with most of a long wait left and started again at once, nobody is asked before the stored time (DU-04)",
    Effect.gen(function* () {
      const fate = () => ({ duration: Duration.seconds(270) })
      const file = join(yield* folder, "journal.db")
      const where = yield* calm(file, 3, 41, {
        only: "exona",
        speed: 60,
        // Four seconds of the machine, which may be busy, to see that the waits are kept and to kill.
        simulators: { exona: { retryAfter: 240, fate } }
      })
      const { ledger } = where.simulators.exona
      const answered = () => ledger.requests({ route: "status" }).filter((poll) => poll.answeredAt !== null).length
      // What was gathered after the last answer is on disk: each scan's next poll is most of four minutes away.
      const isKept = () => {
        const rows = new DatabaseSync(file, { readOnly: true, timeout: 1_000 })
        try {
          return rows
            .prepare("SELECT scan_id, not_before FROM scanpoll_claims")
            .all()
            .every((row) => {
              const [poll] = ledger.polls(String(row["scan_id"]))
              return poll !== undefined && Number(row["not_before"]) >= (poll.answeredAt ?? Infinity) + 239_000
            })
        } finally {
          rows.close()
        }
      }
      const life = yield* live(where, { killWhen: () => answered() === 3 && isKept() })
      assert.isTrue(life.died)
      yield* lives(where, {})
      for (const { scanId } of ledger.accepted()) assert.isAtLeast(ledger.gaps(scanId)[0] ?? 0, 240_000)
      assert.deepStrictEqual(audit(where, yield* claims(where), true), [])
    })
  )
})

describe("several processes on one journal", () => {
  for (const { make, says } of databases) {
    const twoAtOnce = (promised: string, count: number, first: Orders) =>
      promise(
        `${says}: ${promised}`,
        Effect.gen(function* () {
          const where = yield* calm((yield* make).address, count, 40)
          const [one, two] = yield* Effect.all([live(where, first), live(where, {})], { concurrency: 2 })
          assert.isFalse(two.died)
          assert.deepStrictEqual([one.complaint, two.complaint], ["", ""])
          const entries = yield* claims(where)
          assert.deepStrictEqual(audit(where, entries, true), [])
          assert.deepStrictEqual(hurried(where), [])
          if (one.died) return
          assert.strictEqual(entries.filter(({ state }) => state === "settled").length, count)
        })
      )

    twoAtOnce("two start with the same 50 scans, each is bought once and polled by one, and both end (DU-06)", 50, {})
    twoAtOnce("one is killed, the other takes over what it had open (DU-15)", 20, {
      end: { _tag: "Moment", after: 300 }
    })
  }
})
