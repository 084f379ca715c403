/**
 * Kills programs that buy, and audits the books after each death. `SCANPOLL_KILLS=500` makes it the long run.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import process from "node:process"
import { audit, calm, claims, dice, hurried, live, type Orders, type World, world } from "./kill/harness.ts"
import { calls, type Death } from "./kill/order.ts"
import { folder, postgres } from "./support/databases.ts"

const asked = Number(process.env["SCANPOLL_KILLS"] ?? 0)
const kills = asked > 0 ? asked : 24
const minutes = Math.max(3, Math.ceil(kills / 12)) * 60_000

const labelled: ReadonlyArray<Orders> = calls.flatMap((call) =>
  (["before", "after"] as const).map((when) => ({ death: { _tag: "Call", call, when, nth: 1 } satisfies Death }))
)

/** Every label once, then anything at all: labels further on, statements, moments, and the vendor's own "accepted". */
const orders = (n: number, random: ReturnType<typeof dice>): Orders => {
  const label = labelled[n]
  if (label !== undefined) return label
  switch (n % 4) {
    case 0: {
      const again = labelled[random.below(labelled.length)]?.death
      const nth = 1 + random.below(8)
      return again?._tag === "Call" ? { death: { ...again, nth } } : {}
    }
    case 1:
      return {
        death: { _tag: "Statement", when: random.below(2) === 0 ? "before" : "after", nth: 1 + random.below(250) }
      }
    case 2:
      return { killAfter: 250 + random.below(1500) }
    default:
      return { killAtAccepted: 1 + random.below(8) }
  }
}

interface Tally {
  tried: number
  lives: number
  deaths: number
  claims: number
  inDoubt: number
  readonly firstPolls: Array<number>
}

/** Kills a buyer again and again on one journal until one life comes to its end, and audits after each. */
const story = (
  where: World,
  random: ReturnType<typeof dice>,
  tally: Tally,
  wanted: number
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    for (let i = 0; ; i++) {
      const death = i < perStory && tally.deaths < wanted ? orders(tally.tried++, random) : {}
      const life = yield* live(where, { ...death, resume: random.below(2) === 0 })
      assert.strictEqual(life.stderr, "", JSON.stringify(death))
      tally.lives++
      if (life.died) tally.deaths++
      if (i > 0) tally.firstPolls.push(...life.sayings.flatMap((one) => (one.said === "polled" ? [one.after] : [])))
      const entries = yield* claims(where)
      assert.deepStrictEqual(audit(where, entries, !life.died), [], `life ${i}: ${JSON.stringify(death)}`)
      if (life.died) continue
      tally.claims += entries.length
      tally.inDoubt += entries.filter((entry) => entry.state === "in-doubt").length
      return
    }
  })

const quantile = (values: ReadonlyArray<number>, q: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN)

const tell = (name: string, tally: Tally): void => {
  const { claims: bought, deaths, firstPolls, inDoubt, lives } = tally
  process.stdout.write(
    `${name}: ${deaths} kills in ${lives} lives, ${bought} claims, ${inDoubt} in doubt, none bought twice, none lost; ` +
      `from restart to the first poll p50 ${quantile(firstPolls, 0.5)} ms, p99 ${quantile(firstPolls, 0.99)} ms\n`
  )
}

const blank = (): Tally => ({ tried: 0, lives: 0, deaths: 0, claims: 0, inDoubt: 0, firstPolls: [] })
const perStory = 5
const perBatch = 9

const server = postgres()

describe("DU-01 DU-02 DU-03 DU-04 DU-05 killed at any point", () => {
  it.live(
    `a file: after each of ${kills} kills the books agree, and the last life finishes everything`,
    () =>
      Effect.gen(function* () {
        const random = dice(1)
        const tally = blank()
        for (let n = 1; tally.deaths < kills; n++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const where = yield* world(join(yield* folder, "journal.db"), perBatch, n)
              yield* story(where, random, tally, kills)
            })
          )
        }
        tell("SQLite", tally)
      }),
    minutes
  )

  it.live(
    "a server: the same",
    () =>
      Effect.gen(function* () {
        const random = dice(2)
        const tally = blank()
        const count = Math.max(5, Math.floor(kills / 5))
        tally.tried = labelled.length
        for (let n = 5000; tally.deaths < count; n++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { address } = yield* server.make
              const where = yield* world(address, perBatch, n)
              yield* story(where, random, tally, count)
            })
          )
        }
        tell("PostgreSQL", tally)
      }),
    minutes
  )

  it.live(
    "while every so-manieth statement fails, hangs or loses its answer, everything is bought once",
    () =>
      Effect.gen(function* () {
        for (const [n, trouble] of (
          [
            { every: 17, fault: "fails" },
            { every: 13, fault: "lost" },
            { every: 23, fault: "hangs" }
          ] as const
        ).entries()) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const where = yield* world(join(yield* folder, "journal.db"), 6, 9000 + n)
              // The tables are there already: one transaction with more statements than that never gets through.
              yield* claims(where)
              const troubled = yield* live(where, { trouble })
              assert.strictEqual(troubled.stderr, "")
              assert.deepStrictEqual(audit(where, yield* claims(where), false), [], JSON.stringify(trouble))
              const last = yield* live(where, { resume: true })
              assert.isFalse(last.died)
              assert.deepStrictEqual(audit(where, yield* claims(where), true), [], JSON.stringify(trouble))
            })
          )
        }
      }),
    minutes
  )

  it.live(
    "a program that submits first and stores afterwards is caught",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const where = yield* world(join(yield* folder, "naive"), perBatch, 77)
          for (let i = 0; i < 3; i++) {
            yield* live(where, { naive: true, death: { _tag: "Call", call: "submitted", when: "before", nth: 1 + i } })
          }
          const wrong = audit(where, [], false)
          assert.isTrue(
            wrong.some((line) => line.includes("bought 2 times")),
            wrong.join("\n")
          )
        })
      ),
    minutes
  )
})

describe("several processes on one journal", () => {
  for (const name of ["SQLite", "PostgreSQL"] as const) {
    const address = Effect.gen(function* () {
      return name === "SQLite" ? join(yield* folder, "journal.db") : (yield* server.make).address
    })
    const twoAtOnce = (says: string, count: number, first: () => Orders) =>
      it.live(
        says,
        () =>
          Effect.scoped(
            Effect.gen(function* () {
              const where = yield* calm(yield* address, count, 40, { speed: 12 })
              const [one, two] = yield* Effect.all(
                [live(where, first()), Effect.andThen(Effect.sleep(100), live(where, {}))],
                { concurrency: 2 }
              )
              assert.isFalse(two.died)
              assert.deepStrictEqual([one.stderr, two.stderr], ["", ""])
              const entries = yield* claims(where)
              assert.deepStrictEqual(audit(where, entries, !one.died), [])
              const open = entries.filter((entry) => entry.state !== "settled" && entry.state !== "in-doubt")
              assert.deepStrictEqual(open, [])
              if (one.died) return
              assert.deepStrictEqual(hurried(where), [])
              assert.strictEqual(entries.filter((entry) => entry.state === "settled").length, count)
            })
          ),
        minutes
      )

    twoAtOnce(
      `DU-06 ${name}: two start with the same 50 scans, each is bought and polled by one, and both tell all`,
      50,
      () => ({})
    )
    twoAtOnce(`DU-15 ${name}: one is killed, the other takes over what it had open`, 20, () => ({ killAfter: 900 }))
  }

  it.live(
    "DU-04 killed with most of a long wait left and started again at once, nobody is asked before the stored time",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fate = () => ({ duration: "90 seconds" as const })
          const simulators = { exona: { retryAfter: 60, fate } } as const
          const where = yield* calm(join(yield* folder, "journal.db"), 3, 41, { speed: 15, only: "exona", simulators })
          const { ledger } = where.simulators.exona
          const polls = () => ledger.requests({ route: "status" })
          let since = 0
          const life = yield* live(where, {
            // A moment after the last answer: what was gathered is on disk then.
            killWhen: () => {
              if (polls().filter((poll) => poll.answeredAt !== null).length < 3) return false
              since ||= performance.now()
              return performance.now() - since > 150
            }
          })
          assert.isTrue(life.died)
          const last = yield* live(where, {})
          assert.strictEqual(last.stderr, "")
          for (const { scanId } of ledger.accepted()) {
            const [gap] = ledger.gaps(scanId)
            assert.isAtLeast(gap ?? 0, 60_000)
          }
          assert.deepStrictEqual(audit(where, yield* claims(where), true), [])
        })
      ),
    minutes
  )
})
