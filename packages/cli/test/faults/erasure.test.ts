/** What `purge` forgets, whom it asks, and that no byte of what was forgotten stays in the files of the journal. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { DatabaseSync } from "node:sqlite"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { inside } from "../support/inside.ts"

const world = Layer.merge(Simulators.layer({ speed: 1_000 }), NodeServices.layer)

const surroundings = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const simulators = yield* Simulators.Simulators
  const journal = `${folder}/j.db`
  const environment = { ...Simulators.environment(simulators), SCANPOLL_JOURNAL: journal }
  const run = (...args: ReadonlyArray<string>) =>
    Effect.map(inside(args, { environment }), ({ err, failure, out }) => ({
      code: failure === null ? 0 : failure instanceof ProcessExit ? failure.code : null,
      said: `${args.join(" ")}\n${out}${err}`
    }))
  const bytes = Effect.gen(function* () {
    const names = (yield* fs.readDirectory(folder)).filter((name) => name.startsWith("j.db"))
    const files = yield* Effect.forEach(names, (name) => fs.readFile(`${folder}/${name}`))
    return files.map((file) => Buffer.from(file).toString("latin1")).join("\n")
  })
  const scanned = [
    "appvet:https://erase-me.example",
    "appvet:https://keep-me.example",
    "exona:Erase Me Ltd=https://company.example"
  ]
  yield* run("run", ...scanned)
  return { run, bytes, journal }
})

const numberIn = (journal: string, sql: string): number => {
  const database = new DatabaseSync(journal)
  try {
    return Number(Object.values(database.prepare(sql).get() ?? {})[0])
  } finally {
    database.close()
  }
}

describe("a purge", () => {
  layer(world, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("of one subject leaves no byte of it in the file, its log or its free pages, and all else (D-19)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { bytes, journal, run } = yield* surroundings
          assert.include(yield* bytes, "erase-me.example")
          const dry = yield* run("purge", "--subject", "HTTPS://erase-me.example", "--dry-run")
          assert.strictEqual(dry.code, 0, dry.said)
          assert.match(dry.said, /^1 claim would be forgotten$/m)
          assert.include(yield* bytes, "erase-me.example")
          const { code, said } = yield* run("purge", "--subject", "https://erase-me.example/", "--yes")
          assert.strictEqual(code, 0, said)
          assert.match(said, /^1 claim forgotten$/m)
          const company = yield* run("purge", "--subject", "Erase Me Ltd", "--yes")
          assert.match(company.said, /^1 claim forgotten$/m, company.said)
          const left = yield* bytes
          assert.notMatch(left, /erase-me|Erase Me|company\.example/i)
          assert.include(left, "keep-me.example")
          assert.strictEqual(numberIn(journal, "SELECT count(*) AS runs FROM scanpoll_runs"), 0)
        })
      )
    )

    it.effect("asks first, needs --yes where nobody can answer, and by age gives the room back (D-19)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { bytes, journal, run } = yield* surroundings
          const silent = yield* run("purge", "--older-than", "0")
          assert.strictEqual(silent.code, 2, silent.said)
          assert.match(silent.said, /--yes: is required where there is no terminal to ask; --dry-run says/)
          const nothing = yield* run("purge")
          assert.strictEqual(nothing.code, 2)
          assert.match(nothing.said, /--older-than: is required, for example 90d, or a subject[^]*--yes: is required/)
          const empty = yield* run("purge", "--subject", " ", "--yes")
          assert.match(empty.said, /--subject: must not be empty/)
          const unknown = yield* run("purge", "--subject", "https://erase-me.example.org", "--yes")
          assert.match(unknown.said, /^0 claims forgotten$/m)
          assert.include(yield* bytes, "erase-me.example")
          const all = yield* run("purge", "--older-than", "0", "--yes")
          assert.match(all.said, /^3 claims forgotten$/m)
          assert.notMatch(yield* bytes, /erase-me|keep-me/)
          assert.strictEqual(numberIn(journal, "PRAGMA freelist_count"), 0)
        })
      )
    )
  })
})
