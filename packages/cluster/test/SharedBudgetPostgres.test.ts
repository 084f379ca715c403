import { assert, describe, it } from "@effect/vitest"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { RateBudget } from "@scanpoll/core/engine/RateBudget"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { beforeAll, expect } from "vitest"
import { ownProgram } from "@scanpoll/test-support/programs"
import { connect, type Database, database } from "@scanpoll/test-support/postgres"
import { key, limitsOf, mostInAnyWindow } from "./support/budgetWorld.ts"
import { until } from "./support/machines.ts"

const window = 3_000
const requests = 15

let own: Database

interface Program {
  readonly child: ChildProcess
  /** Milliseconds of the machine's monotonic clock. */
  readonly sent: Array<number>
}

const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

const launch = (journal: string, wide: Readonly<Record<string, string>> = {}): Program => {
  const child = spawn(process.execPath, [ownProgram(join(import.meta.dirname, "support", "budgetProgram.ts"))], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, JOURNAL: journal, WINDOW: String(window), REQUESTS: String(requests), ...wide }
  })
  const sent: Array<number> = []
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      // A word of the program's log is no request.
      if (/^\d+$/.test(line)) sent.push(Number(line) / 1e6)
    })
  }
  return { child, sent }
}

const sql = (url: string, text: string) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(connect(url), (client) => client.unsafe<{ books: string }>(text))))

describe("SharedBudget on PostgreSQL", () => {
  beforeAll(async () => {
    own = await database()
  })

  it("processes that are killed, stopped and cut off from the database never pass the limit together (RL-05)", async () => {
    const journal = await own.schema()
    const maintenance = own.url.replace(/[^/]*$/, "postgres")
    const name = new URL(own.url).pathname.slice(1)
    const programs = Array.from({ length: 4 }, () => launch(journal))
    const [first, second, third, fourth] = programs
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return assert.fail()
    try {
      await until("all send", () => programs.every(({ sent }) => sent.length >= 3))
      first.child.kill("SIGKILL")
      await until("the third goes on", () => third.sent.length >= 6)
      second.child.kill("SIGSTOP")
      // Longer than the lease and the window; the others go on.
      const stoppedAt = monotonic()
      await until("the lease is over", () => monotonic() > stoppedAt + 5_000 && fourth.sent.length >= 8)
      second.child.kill("SIGCONT")
      const thawed = second.sent.length
      await until("the second goes on", () => second.sent.length > thawed)

      await sql(maintenance, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
      await sql(maintenance, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
      const away = monotonic()
      await until("the lease is over again", () => monotonic() > away + 5_000)
      const back = monotonic()
      await sql(maintenance, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
      const before = programs.map(({ sent }) => sent.length)
      await until("all go on", () => [1, 2, 3].every((i) => (programs[i]?.sent.length ?? 0) > (before[i] ?? 0) + 2))

      const all = programs.flatMap(({ sent }) => sent)
      expect(mostInAnyWindow(all, window)).toBeLessThanOrEqual(requests)
      expect(all.filter((at) => at > away + 2_000 && at < back)).toEqual([])
    } finally {
      for (const { child } of programs) {
        child.kill("SIGCONT")
        child.stdin?.end()
      }
      await Promise.all(
        programs.map(async ({ child }) => {
          if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
        })
      )
    }
    // Whoever ended returned what it had: only the killed one may still be in the books.
    const [row] = await sql(journal, "SELECT books FROM scanpoll_budgets")
    expect(Object.keys(JSON.parse(row?.books ?? "{}").holders).length).toBeLessThanOrEqual(1)
  })

  it("two processes keep within both windows of an account together, and go on in the next ones (RL-05)", async () => {
    const journal = await own.schema()
    const wide = { window: 8_000, requests: 24 }
    const places = { WIDE: String(wide.window), WIDE_REQUESTS: String(wide.requests) }
    const programs = [launch(journal, places), launch(journal, places)]
    try {
      // More than two of the wide windows let through.
      await until("both have gone on", () => {
        const counts = programs.map(({ sent }) => sent.length)
        return Math.min(...counts) >= 10 && counts.reduce((sum, count) => sum + count, 0) > 2 * wide.requests
      })
    } finally {
      for (const { child } of programs) child.stdin?.end()
      await Promise.all(
        programs.map(async ({ child }) => {
          if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
        })
      )
    }
    const all = programs.flatMap(({ sent }) => sent)
    expect(mostInAnyWindow(all, window)).toBeLessThanOrEqual(requests)
    expect(mostInAnyWindow(all, wide.window)).toBeLessThanOrEqual(wide.requests)
  })

  it("many at once in one database: each gets its turns, and all stay within the limit", async () => {
    const journal = await own.schema()
    const sent: Array<number> = []
    const limits = limitsOf({ requests: 200, window: Duration.seconds(2) })
    const participant = (name: number) =>
      Effect.gen(function* () {
        const budget = (yield* RateBudget).account(key, limits)
        const one = Effect.gen(function* () {
          const due = yield* SteadyClock.now
          yield* budget.turn({ kind: "poll", due, lane: `${name}` })
          sent.push(monotonic())
        })
        yield* Effect.forEach(Array.from({ length: 40 }), () => one, { concurrency: "unbounded", discard: true })
      }).pipe(
        Effect.provide(SharedBudget.layer().pipe(Layer.provide(ClusterDatabase.layer(journal, { maxConnections: 1 }))))
      )
    await Effect.runPromise(
      Effect.gen(function* () {
        const fibers = yield* Effect.forEach(Array.from({ length: 12 }), (_, i) => Effect.forkChild(participant(i)))
        yield* Fiber.awaitAll(fibers)
      })
    )
    expect(sent.length).toBe(480)
    expect(mostInAnyWindow(sent, 2_000)).toBeLessThanOrEqual(200)
  })
})
