/**
 * The long run of the kill harness. `--kills N` (default 500), `--seed N` (default 1) of the first story, `--database
 * sqlite|postgres|both` (default both, half of the kills each), `--jobs N` stories at once (default 2); `--story TEXT`
 * tells one story again, on the database named. Says after each story that went wrong how to tell it again, and exits 1.
 * Before all, a program that submits first and stores afterwards is put to the same test, which has to catch it.
 */
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { folder } from "../support/folder.ts"
import { emptySchema, start } from "@scanpoll/test-support/postgres"
import { audit, live, world } from "./harness.ts"
import { type Account, blank, chance, lines, readStory, replay, type Story, tell } from "./stories.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  options: {
    kills: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    database: { type: "string", default: "both" },
    jobs: { type: "string", default: "2" },
    story: { type: "string" }
  }
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const perStory = 5

const names = (["sqlite", "postgres"] as const).filter((name) => values.database === "both" || values.database === name)
const told = values.story === undefined ? null : readStory(values.story)
if (names.length === 0 || (values.story !== undefined && told === null)) {
  say("--database is sqlite, postgres or both; --story as it was printed")
  process.exit(2)
}

const one = (name: "sqlite" | "postgres", url: string, story: Story, account: Account): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const address = name === "sqlite" ? join(yield* folder, "journal.db") : yield* emptySchema(url)
      const before = account.wrong.length
      yield* tell(address, story, account)
      if (account.wrong.length === before) return
      for (const line of account.wrong.slice(before)) say(`${name}: ${line}`)
      say(`  again: ${replay(name, story)}`)
    })
  ).pipe(Effect.orDie)

const naive = Effect.scoped(
  Effect.gen(function* () {
    const where = yield* world(join(yield* folder, "naive"), 9, 77)
    for (let nth = 1; nth <= 3; nth++) {
      yield* live(where, { naive: true, end: { _tag: "Call", call: "submitted", when: "before", nth } })
    }
    return audit(where, [], false).filter((line) => line.includes("bought 2 times")).length
  })
)

const all = Effect.gen(function* () {
  const began = performance.now()
  let isRight = true
  const caught = yield* naive
  say(`submit first, store afterwards: ${caught} bought twice within 3 kills, ${caught > 0 ? "caught" : "NOT CAUGHT"}`)
  if (caught === 0) isRight = false
  for (const name of names) {
    const account = blank()
    const server = name === "sqlite" ? null : yield* Effect.promise(start)
    const url = server?.url ?? ""
    if (told !== null) yield* one(name, url, told, account)
    else {
      const wanted = Math.ceil(Number(values.kills) / names.length)
      let seed = Number(values.seed)
      yield* Effect.all(
        Array.from({ length: Number(values.jobs) }, () =>
          Effect.gen(function* () {
            while (account.deaths < wanted) yield* one(name, url, chance(seed++, perStory), account)
          })
        ),
        { concurrency: "unbounded" }
      )
    }
    if (server !== null) yield* Effect.promise(server.end)
    for (const line of lines(name, account)) say(line)
    if (account.wrong.length > 0) isRight = false
  }
  say(`${((performance.now() - began) / 1000).toFixed(0)} s`)
  return isRight
})

process.exitCode = (await Effect.runPromise(Effect.provideService(all, References.MinimumLogLevel, "None"))) ? 0 : 1
