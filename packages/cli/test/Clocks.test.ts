import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { join } from "node:path"
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

const run = (folder: string, args: ReadonlyArray<string>, ahead = 0) =>
  Effect.flatMap(environmentOf(folder), (environment) => scanpollInside(args, { environment, ahead }))

/** The journal of the commands, as this process opens it beside them. */
const journalIn = (folder: string) =>
  Effect.map(Layer.build(Journal.layer(join(folder, "journal.db"))), (context) =>
    Context.get(context, ScanJournal.ScanJournal)
  )

const posts = Effect.map(Simulators.Simulators, ({ appvet }) => appvet.ledger.requests({ method: "POST" }).length)

/** By how much the clock of an earlier command was ahead: it is as if it had been set back by eight hours since. */
const hours8 = 8 * 3_600_000

describe("a command and the clocks around it", () => {
  layer(Layer.merge(hurriedVendors(), NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
    (it) => {
      it.effect(
        "resume asks for what is open though the clock was set back by hours since, pauses included (D-11)",
        () =>
          inFolder((folder) =>
            Effect.gen(function* () {
              const { appvet } = yield* Simulators.Simulators
              const busy = { code: "RATE_LIMITED", error: "Too many requests" }
              yield* appvet.script({
                match: { route: "status" },
                steps: [Script.respond(429, busy, { "retry-after": "20" })]
              })
              const paused = yield* run(folder, ["run", "appvet:https://set-back.example", "--deadline", "15s"], hours8)
              assert.strictEqual(paused.code, 3, paused.stderr)
              const [pause] = yield* Effect.scoped(Effect.flatMap(journalIn(folder), ({ pauses }) => pauses))
              assert.isAbove(pause?.until ?? 0, Hurry.now() + hours8 / 2)
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
            assert.strictEqual((yield* run(folder, ["run", target], hours8)).code, 0)
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
              const journal = yield* journalIn(folder)
              const [bought] = yield* journal.list(["settled"])
              assert.isDefined(bought)
              assert.strictEqual(
                (yield* journal.claim(bought.key, { subject: bought.subject, reuseFrom: Hurry.now() + hours8 }))._tag,
                "Fresh"
              )
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
