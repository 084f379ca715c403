/** What a vendor said holds for the next command too, whichever command it said it to. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { inFolder, runIn } from "./support/folder.ts"
import { hurriedVendors } from "./support/vendors.ts"

const busy = Script.respond(429, { code: "RATE_LIMITED", error: "Too many requests" }, { "retry-after": "3000" })

const pausesIn = (folder: string) =>
  Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.pauses).pipe(
    Effect.provide(Journal.layerReadOnly(join(folder, "journal.db")), { local: true })
  )

// Each vendor is paused once: a process knows what it heard without any journal.
describe("a vendor that asks for patience", () => {
  layer(Layer.merge(hurriedVendors(), NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
    (it) => {
      it.effect("in an answer to `status` has its pause stored for the next command (V-24)", () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            const run = (...words: ReadonlyArray<string>) => runIn(folder, words, { directory: folder })
            yield* run("run", "appvet:https://a.example", "--quiet")
            assert.deepStrictEqual(yield* pausesIn(folder), [])
            yield* appvet.script({ match: { route: "status" }, steps: [busy] })
            const asked = yield* run("status", "appvet:scan_nobody")
            assert.match(asked.stdout, /throttled/, asked.stderr)
            const [pause] = yield* pausesIn(folder)
            assert.strictEqual(pause?.vendor, "appvet")
            assert.isAbove((pause?.until ?? 0) - Hurry.now(), 2_000_000)
          })
        )
      )

      it.effect("is asked neither by `status` nor by `doctor` while its pause lasts, and both say so (V-24)", () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { exona } = yield* Simulators.Simulators
            const run = (...words: ReadonlyArray<string>) => runIn(folder, words, { directory: folder })
            yield* Effect.flatMap(ScanJournal.ScanJournal, (journal) =>
              Effect.sync(() => {
                const account = { vendor: "exona", origin: exona.origin, account: "default" }
                journal.paused(account, Hurry.now() + 3_000_000)
              })
            ).pipe(Effect.provide(Journal.layer(join(folder, "journal.db")), { local: true }))
            const status = yield* run("status", "exona:scn_nobody", "-o", "json")
            assert.strictEqual(status.code, 3, status.stderr)
            assert.match(status.stdout, /"throttled"[\s\S]*asked for no requests before 20/)
            const doctor = yield* run("doctor")
            assert.match(doctor.stdout, /warn exona .*asked for no requests before 20.*nothing was asked/)
            assert.match(doctor.stdout, /ok {3}journal .*journal\.db/)
            assert.strictEqual(exona.ledger.requests().length, 0)
          })
        )
      )

      it.effect("is asked all the same where the journal cannot be read, which `status` warns of (V-24, D-07)", () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const run = (...words: ReadonlyArray<string>) => runIn(folder, words, { directory: folder })
            yield* fs.writeFileString(
              join(folder, "journal.db"),
              "no journal, but a text that is long enough. ".repeat(40)
            )
            const { code, stderr, stdout } = yield* run("status", "compliance:43aa3662-f555-453a-94da-7f86e996c464")
            assert.strictEqual(code, 3, stderr)
            assert.match(stdout, /not-found/)
            assert.match(stderr, /warning: .*pauses stored in it are not known/)
            const doctor = yield* run("doctor")
            assert.strictEqual(doctor.code, 74, doctor.stdout)
            assert.match(doctor.stdout, /FAIL journal/)
          })
        )
      )
    }
  )
})
