import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Options } from "./support/command.ts"
import { scanpollInside } from "./support/inside.ts"
import { hurriedVendors } from "./support/vendors.ts"

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.flatMap(fs.makeTempDirectoryScoped(), use)))

const environmentOf = (folder: string) =>
  Effect.map(Simulators.Simulators, (simulators) => ({
    ...Simulators.environment(simulators),
    SCANPOLL_JOURNAL: join(folder, "journal.db"),
    SCANPOLL_PROGRESS: "plain"
  }))

const run = (folder: string, args: ReadonlyArray<string>, options: Options = {}) =>
  Effect.flatMap(environmentOf(folder), (environment) => scanpollInside(args, { ...options, environment }))

const posts = Effect.map(Simulators.Simulators, ({ appvet }) => appvet.ledger.requests({ method: "POST" }).length)

/** What a clock that was set back by eight hours leaves: every time in the journal is later than now. */
const setBack = (folder: string, statements: ReadonlyArray<string>): void => {
  const journal = new DatabaseSync(join(folder, "journal.db"))
  for (const statement of statements) journal.exec(statement)
  journal.close()
}

const hours8 = 8 * 3_600_000

describe("a command and the clocks around it", () => {
  layer(Layer.merge(hurriedVendors(), NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
    (it) => {
      it.effect(
        "resume asks for what is open though the clock was set back by hours since, pauses included (D-11)",
        () =>
          inFolder((folder) =>
            Effect.gen(function* () {
              assert.strictEqual((yield* run(folder, ["submit", "appvet:https://set-back.example"])).code, 0)
              const later = `(unixepoch('subsec') * 1000 + ${hours8})`
              setBack(folder, [
                `UPDATE scanpoll_claims SET waited_at = ${later}, not_before = ${later} + 2000, changed_at = ${later}`,
                `INSERT INTO scanpoll_pauses (vendor, origin, account, paused_until, paused_at)
                SELECT vendor, origin, account, ${later} + 2000, ${later} FROM scanpoll_claims`
              ])
              const status = yield* run(folder, ["status"])
              assert.notMatch(status.stdout, /not asked again for \d+h/)
              const resumed = yield* run(folder, ["resume", "--deadline", "5m"])
              assert.strictEqual(resumed.code, 0, resumed.stderr)
              assert.include(resumed.stdout, "set-back.example")
            })
          )
      )

      it.effect("run buys nothing again because the clock was set back: it reuses what it has and warns (D-12)", () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const target = "appvet:https://known.example"
            assert.strictEqual((yield* run(folder, ["run", target])).code, 0)
            setBack(folder, [`UPDATE scanpoll_claims SET changed_at = changed_at + ${hours8}`])
            const before = yield* posts
            const again = yield* run(folder, ["run", target, "-o", "json"])
            assert.strictEqual(again.code, 0, again.stderr)
            assert.strictEqual(yield* posts, before)
            const [scan] = JSON.parse(again.stdout).scans
            assert.deepStrictEqual([scan.reused, scan.ageMs], [true, 0])
            assert.match(scan.warnings.join("\n"), /later than now: the clock was set back/)
            assert.strictEqual((yield* run(folder, ["run", target, "--reuse", "0"])).code, 0)
            assert.strictEqual(yield* posts, before + 1)
          })
        )
      )

      it.effect(
        "run keeps its deadline while another process submits the same, and says so as status does (D-05)",
        () =>
          inFolder((folder) =>
            Effect.gen(function* () {
              const target = "appvet:https://frozen.example"
              assert.strictEqual((yield* run(folder, ["run", target])).code, 0)
              // This process is there, and never ends what it is said to submit.
              const sql = yield* SqliteClient.make(join(folder, "journal.db"))
              yield* Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, sql)
              yield* sql`UPDATE scanpoll_claims SET state = 'intent', scan_id = NULL, outcome = NULL,
              owner = (SELECT owner_id FROM scanpoll_owners)`
              const before = yield* posts
              const joined = yield* run(folder, ["run", target, "--deadline", "5s", "-o", "json"])
              assert.strictEqual(joined.code, 3, joined.stderr)
              assert.strictEqual(yield* posts, before)
              const [scan] = JSON.parse(joined.stdout).scans
              assert.deepStrictEqual([scan.state, scan.reason.code], ["not-started", "being-submitted"])
              assert.include((yield* run(folder, ["status"])).stdout, "being submitted")
            })
          )
      )
    }
  )
})
