import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { once, type Options } from "./support/command.ts"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

const canary = "avk_live_canary3333333333333333333333333333333333"

// Vendors as quick as they can be; what the command waits for is its own pace.
const vendors = hurriedVendors({
  exona: { retryAfter: null },
  appvet: { credentials: [canary] },
  compliance: { credentials: [canary] }
})

const dataset = (n: number): string =>
  `compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-42661417400${n},mapping=789e0123-e45b-47c8-9901-234567890123,name=Q${n}`

const run = Effect.fnUntraced(function* (folder: string, args: ReadonlyArray<string>, options: Options = {}) {
  const said = yield* runIn(folder, args, options)
  assert.notInclude(said.stdout + said.stderr, canary)
  assert.notMatch(said.stderr, /^\s+at .*\.[jt]s:\d+/m)
  return said
})

const json = (text: string) => JSON.parse(text)

describe("the journal of the command", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "40 seconds" })((it) => {
    it.effect("what scans took is in the journal after a run, and a later process paces by it and says so", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { compliance, exona } = yield* Simulators.Simulators
          const dry = ["run", "exona:Acme=https://acme-dry.example", "--dry-run"]
          const before = yield* run(folder, dry)
          assert.match(before.stdout, /polls {5}at 10s, 20s, 30s/)
          assert.isFalse(existsSync(join(folder, "journal.db")))

          assert.strictEqual((yield* run(folder, ["run", dataset(7)])).code, 0)
          const inJournal = <A, E>(use: (journal: ScanJournal.Operations) => Effect.Effect<A, E>) =>
            Effect.flatMap(ScanJournal.ScanJournal, use).pipe(
              Effect.provide(Journal.layer(join(folder, "journal.db")), { local: true })
            )
          const [lesson] = yield* inJournal((journal) => journal.lessons)
          assert.deepStrictEqual(
            [lesson?.vendor, lesson?.origin, lesson?.ended],
            ["compliance", new URL(compliance.baseUrl).origin, "settled"]
          )
          yield* inJournal((journal) =>
            Effect.sync(() => {
              const kind = { vendor: "exona", origin: new URL(exona.baseUrl).origin, kind: "" }
              for (let n = 0; n < 25; n++) {
                const durationMs = 60_000 + n * 400
                journal.learned({ ...kind, scan: `exona:s${n}`, ended: "settled", durationMs })
              }
            })
          )
          const after = yield* run(folder, dry)
          assert.match(
            after.stdout,
            /polls {5}at 1m[\d.]*s?, .*\n +as 25 past scans of its kind taught; without them: first poll after 10s/
          )
          const asDocumented = yield* run(folder, [...dry, "--interval", "10s"])
          assert.match(asDocumented.stdout, /polls {5}at 10s, 20s, 30s/)
          const withDeadline = yield* run(folder, [...dry, "--deadline", "4m"])
          assert.match(withDeadline.stdout, /as 25 past scans of its kind taught/)
        })
      )
    )

    it.effect("a run buys again what failed, whatever vendor it is from, and shows nothing as reused (V-03)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const audit = dataset(4).replace("name=Q4", "name=failed: Q4")
          const targets = ["appvet:https://failed.example", audit, "exona:Failed=https://failed.example"]
          const before = yield* posts
          for (const _ of [1, 2]) {
            const ended = yield* run(folder, ["run", ...targets, "-o", "json"])
            assert.deepStrictEqual(
              json(ended.stdout).scans.map(({ reused, state }: Record<string, unknown>) => [state, reused]),
              targets.map(() => ["failed", false])
            )
          }
          assert.strictEqual((yield* posts) - before, 6)
        })
      )
    )

    it.effect("a plan's wishes for a new scan are one purchase a run, and one more with the next run (V-04)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const company = { name: "New", website: "https://new.example" }
          const questionnaire = [{ question: "Q", answer: "A" }]
          const wishes = [{ forceRefresh: true }, { maxAgeDays: 0 }, { questionnaire }]
          // Each twice: equal ones of one run are one purchase.
          const targets = [...wishes, ...wishes].map((wish) => ({ vendor: "exona", company, ...wish }))
          const plan = join(folder, "new.json")
          writeFileSync(plan, JSON.stringify({ version: 1, targets }))
          const before = yield* posts
          for (const runs of [1, 2]) {
            const ended = yield* run(folder, ["run", plan, "-o", "json", "--reuse", "30d"])
            assert.deepStrictEqual(
              json(ended.stdout).scans.map(({ reused, state }: Record<string, unknown>) => [state, reused]),
              targets.map(() => ["completed", false])
            )
            assert.strictEqual((yield* posts) - before, 3 * runs)
          }
        })
      )
    )

    it.effect("CL-09 the same run again buys nothing: the answers are shown as reused; --reuse 0 buys anew", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const target = ["run", "appvet:https://again.example", "-o", "json"]
          const before = yield* posts
          assert.strictEqual((yield* run(folder, target)).code, 0)
          const again = yield* run(folder, target)
          assert.strictEqual(again.code, 0)
          const [scan] = json(again.stdout).scans
          assert.deepStrictEqual([scan.reused, scan.state], [true, "completed"])
          assert.isNumber(scan.ageMs)
          assert.strictEqual((yield* posts) - before, 1)
          const anew = yield* run(folder, [...target, "--reuse", "0"])
          assert.strictEqual((yield* posts) - before, 2)
          const [second] = json(anew.stdout).scans
          assert.strictEqual(second.delta.source, "computed")
          assert.strictEqual(second.delta.previousScanId, scan.scanId)
        })
      )
    )

    it.effect("CL-09 DU-11 a run that was stopped is gone on with by the same run, and by resume, without buying", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({
            match: { route: "status" },
            steps: [{ merge: { status: "scanning" }, omit: ["result"], times: 2 }]
          })
          const before = yield* posts
          const target = ["run", "appvet:https://stopped.example"]
          const stopped = yield* run(folder, target, {
            watch: once(/submitted|queued|running/, (it) => it.kill("SIGTERM"))
          })
          assert.strictEqual(stopped.code, 130)
          assert.match(stopped.stderr, /^ {2}scanpoll run --continue \S+/m)
          const shown = yield* run(folder, ["status", "-o", "json"])
          const open = json(shown.stdout).open
          assert.deepStrictEqual([shown.code, open.length, open[0].state], [0, 1, "submitted"])
          const resumed = yield* run(folder, ["resume", "-o", "json"])
          assert.strictEqual(resumed.code, 0)
          assert.deepStrictEqual(
            json(resumed.stdout).scans.map((scan: { state: string }) => scan.state),
            ["completed"]
          )
          const again = yield* run(folder, [...target, "-o", "json"])
          assert.strictEqual(json(again.stdout).scans[0].reused, true)
          assert.strictEqual((yield* posts) - before, 1)
          const nothing = yield* run(folder, ["resume", "-o", "json"])
          assert.deepStrictEqual([nothing.code, json(nothing.stdout).summary.total], [0, 0])
        })
      )
    )

    it.effect(
      "a run that was stopped prints commands that run as printed and lead to a verdict on its whole plan (V-08)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            yield* appvet.script({
              match: { route: "status" },
              steps: [{ merge: { status: "scanning" }, omit: ["result"], times: 2 }]
            })
            const before = yield* posts
            const plan = join(folder, "it's a plan.json")
            const targets = ["one", "two", "three"].map((name) => ({
              vendor: "appvet",
              url: `https://half-${name}.example`,
              type: "security"
            }))
            writeFileSync(plan, JSON.stringify({ version: 1, targets }))
            const journal = ["--journal", join(folder, "my journal.db")]
            const elsewhere = { environment: { SCANPOLL_JOURNAL: "memory:" } }
            const stopped = yield* run(folder, ["run", plan, "--concurrency", "1", "--min-score", "0", ...journal], {
              ...elsewhere,
              watch: once(/submitted|queued|running/, (it) => it.kill("SIGINT"))
            })
            assert.strictEqual(stopped.code, 130)
            assert.strictEqual((yield* posts) - before, 1)
            const asPrinted = (text: string, command: string) => {
              const line = text.split("\n").find((each) => each.startsWith(`  scanpoll ${command}`)) ?? ""
              const shell = `scanpoll() { printf '%s\\n' "$@"; }; ${line}`
              return execFileSync("sh", ["-c", shell], { encoding: "utf8" }).trimEnd().split("\n")
            }
            assert.match(stopped.stderr, /2 targets of 3 were not started/)
            // What was never started is named, and is not green.
            const resumed = yield* run(folder, ["resume", "--plan", plan, ...journal], elsewhere)
            assert.strictEqual(resumed.code, 3, resumed.stderr)
            assert.match(resumed.stderr, /left out: 2 targets of the plan/)
            assert.match(resumed.stderr, /half-two[^]*half-three/)
            assert.strictEqual((yield* posts) - before, 1)
            // Either print leads to the same run.
            const wanted = asPrinted(stopped.stderr, "run")
            assert.includeMembers(wanted, ["--continue", ...journal])
            assert.deepStrictEqual(asPrinted(resumed.stderr, "run"), wanted)
            // Once the plan has changed, the run that was stopped does not end it.
            const added = { vendor: "appvet", url: "https://half-four.example", type: "security" }
            writeFileSync(plan, JSON.stringify({ version: 1, targets: [...targets, added] }))
            const changed = yield* run(folder, ["resume", "--plan", plan, ...journal], elsewhere)
            assert.deepStrictEqual([changed.code, asPrinted(changed.stderr, "run")], [3, ["run", plan, ...journal]])
            writeFileSync(plan, JSON.stringify({ version: 1, targets }))
            const ended = yield* run(folder, wanted, elsewhere)
            assert.strictEqual(ended.code, 0, ended.stderr)
            assert.strictEqual((yield* posts) - before, 3)
            // Nothing is open: what completed of the plan is judged all the same.
            const judged = ["resume", "--plan", plan, "--min-score", "0", "-o", "json", ...journal]
            const whole = yield* run(folder, judged, elsewhere)
            assert.strictEqual(whole.code, 0, whole.stderr)
            const { gate, scans } = JSON.parse(whole.stdout)
            assert.deepStrictEqual([scans.length, gate.rules[0].checked], [3, 3], whole.stdout)
          })
        )
    )

    it.effect(
      "resume leaves alone what it has no key for and what was made at another address, and its exit code says the worst",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            const bought = yield* run(folder, [
              "submit",
              "exona:Left Ltd=https://left.example",
              "appvet:https://risky.example"
            ])
            assert.strictEqual(bought.code, 0, bought.stderr)
            const broken = yield* run(folder, ["resume", "--fail-on", "info", "-o", "json"], {
              environment: { EXONA_API_KEY: "" }
            })
            assert.match(broken.stderr, /is left alone/)
            assert.strictEqual(broken.code, 1, broken.stderr)
            const more = yield* run(folder, ["submit", "appvet:https://elsewhere.example"])
            assert.strictEqual(more.code, 0, more.stderr)
            // Nothing is left but what it leaves alone: that is no green, and nobody is asked.
            const before = appvet.ledger.totals().requests
            const away = yield* run(folder, ["resume"], {
              environment: {
                EXONA_API_KEY: "",
                APPVET_BASE_URL: "http://127.0.0.1:1/",
                SCANPOLL_ALLOW_INSECURE_HOSTS: "127.0.0.1"
              }
            })
            assert.strictEqual(away.code, 3, away.stderr)
            assert.match(away.stderr, /is left alone: .*made at/)
            assert.strictEqual(appvet.ledger.totals().requests, before)
          })
        )
    )

    it.effect("DU-04 killed while it waits, it goes on where it was; a claim id does for a key", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({
            match: { route: "status" },
            steps: [{ merge: { status: "scanning" }, omit: ["result"] }]
          })
          const before = yield* posts
          const killed = yield* run(folder, ["run", "appvet:https://killed.example"], {
            watch: once(/running|scanning/, (it) => it.kill("SIGKILL"))
          })
          assert.isNull(killed.code)
          const shown = yield* run(folder, ["status", "-o", "json"])
          const [claim] = json(shown.stdout).open
          assert.isNull(claim.heldBy)
          const asked = yield* run(folder, ["status", claim.claimId])
          assert.strictEqual(asked.code, 0)
          assert.include(asked.stdout, claim.key)
          const waited = yield* run(folder, ["wait", claim.claimId, "-o", "json"])
          assert.strictEqual(json(waited.stdout).scans[0].state, "completed")
          const told = yield* run(folder, ["status", claim.claimId])
          assert.match(told.stdout, /completed/)
          assert.strictEqual((yield* posts) - before, 1)
        })
      )
    )

    it.effect("DU-03b what is in doubt is named by run, resume and status, with the choices, and sent by none", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { exona } = yield* Simulators.Simulators
          yield* exona.script({ match: { route: "submit" }, steps: [Script.acceptedThen(503)] })
          const before = yield* posts
          const target = ["run", "exona:Doubt Ltd=https://doubt.example"]
          const first = yield* run(folder, target)
          assert.strictEqual(first.code, 3)
          const claimId = /scanpoll reconcile (clm_\w+)/.exec(first.stderr)?.[1] ?? "none"
          for (const args of [target, ["resume"], ["status"], ["wait", claimId], ["status", claimId]]) {
            const said = yield* run(folder, args)
            assert.include(said.stdout + said.stderr, args[0] === "status" && args.length > 1 ? "in-doubt" : claimId)
          }
          const asked = yield* run(folder, ["reconcile", claimId])
          assert.strictEqual(asked.code, 3)
          assert.match(asked.stderr, /no list of scans[^]*maxAgeDays[^]*--as SCANID[^]*--release/)
          assert.strictEqual((yield* posts) - before, 1)
          assert.strictEqual((yield* run(folder, ["reconcile", claimId, "--release"])).code, 0)
          assert.strictEqual((yield* run(folder, target)).code, 0)
          assert.strictEqual((yield* posts) - before, 2)
        })
      )
    )

    it.effect("reconcile finds the scan in the vendor's list, or takes a person's word for its id", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          const lost = Effect.fnUntraced(function* (host: string) {
            yield* appvet.script({ match: { route: "submit" }, steps: [Script.acceptedAnswerLost] })
            const first = yield* run(folder, ["run", `appvet:https://${host}`])
            return /scanpoll reconcile (clm_\w+)/.exec(first.stderr)?.[1] ?? "none"
          })
          const one = yield* lost("found.example")
          const found = yield* run(folder, ["reconcile", one])
          assert.deepStrictEqual([found.code, /found, appvet:scan_/.test(found.stderr)], [0, true])
          const two = yield* lost("typed.example")
          const scanId =
            appvet.ledger.accepted("https://typed.example/")[0]?.scanId ?? appvet.ledger.accepted().at(-1)?.scanId ?? ""
          assert.strictEqual((yield* run(folder, ["reconcile", two, "--as", ".."])).code, 2)
          const nobody = yield* run(folder, ["reconcile", two, "--as", "scan_nobody0000000"])
          assert.deepStrictEqual([nobody.code, /the vendor knows no such scan/.test(nobody.stderr)], [3, true])
          const foreign = yield* run(folder, [
            "reconcile",
            two,
            "--as",
            found.stderr.match(/appvet:(scan_\w+)/)?.[1] ?? ""
          ])
          assert.strictEqual(foreign.code === 0, false, foreign.stderr)
          assert.strictEqual((yield* run(folder, ["reconcile", two, "--as", scanId])).code, 0)
          const before = yield* posts
          const resumed = yield* run(folder, ["resume", "-o", "json"])
          const states = json(resumed.stdout).scans.map((scan: { state: string }) => scan.state)
          assert.deepStrictEqual([resumed.code, states], [0, ["completed", "completed"]])
          assert.strictEqual(yield* posts, before)
          assert.match((yield* run(folder, ["reconcile", two])).stderr, /not in doubt, but settled/)
        })
      )
    )

    it.effect(
      "reconcile shows scans that it may be with their time, state and subject, and complete commands (V-23)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            const target = "appvet:https://twice.example"
            yield* appvet.script({ match: { route: "submit" }, steps: [Script.acceptedAnswerLost] })
            const journal = ["--journal", join(folder, "mine.db")]
            const first = yield* run(folder, ["run", target, ...journal])
            const claim = /scanpoll reconcile (clm_\w+) --journal (\S+)/.exec(first.stderr)
            assert.strictEqual(claim?.[2], journal[1], first.stderr)
            // A colleague has scanned the same since.
            assert.strictEqual((yield* run(folder, ["run", target, "--journal", join(folder, "other.db")])).code, 0)
            const { code, stderr } = yield* run(folder, ["reconcile", claim?.[1] ?? "", ...journal])
            assert.strictEqual(code, 3, stderr)
            assert.match(stderr, /scan_\w+ {2}\d{4}-\d\d-\d\dT\S+Z {2}completed {2}https:\/\/twice\.example\//)
            assert.include(stderr, `--as SCANID --journal ${journal[1]}`)
          })
        )
    )

    it.effect("history shows equal requests over time; purge forgets what is over, on demand alone", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const target = ["run", dataset(1), "--reuse", "0"]
          yield* run(folder, target)
          yield* run(folder, target)
          yield* run(folder, ["run", dataset(2)])
          // Uploads under one policy and mapping are one line, named after the newest (V-22).
          const told = yield* run(folder, ["history", "q2", "COMPLIANCE", "-o", "json"])
          const { lines } = json(told.stdout)
          assert.strictEqual(lines.length, 1)
          assert.strictEqual(lines[0].points.length, 3)
          assert.match(lines[0].trend, /^(better|same|worse)$/)
          assert.match((yield* run(folder, ["history"])).stdout, /Q2[^]*completed, .*score/)
          assert.strictEqual((yield* run(folder, ["purge"])).code, 2)
          assert.match((yield* run(folder, ["purge", "--older-than", "1d", "--yes"])).stderr, /^0 claims forgotten/m)
          assert.match((yield* run(folder, ["purge", "--older-than", "0", "--yes"])).stderr, /^3 claims forgotten/m)
          assert.match((yield* run(folder, ["history"])).stdout, /nothing is known/)
        })
      )
    )

    it.effect("DU-10 SE-01 a journal that cannot be used ends with 74 before the first request; it holds no key", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const before = yield* posts
          const foreign = join(folder, "foreign.db")
          writeFileSync(foreign, "not ours\n".repeat(50))
          const target = ["run", dataset(3)]
          for (const journal of [
            foreign,
            folder,
            join(folder, "no", "where.db"),
            "postgres://u:hunter2@127.0.0.1:1/d"
          ]) {
            const refused = yield* run(folder, [...target, "--journal", journal])
            assert.deepStrictEqual([refused.code, refused.stdout], [74, ""])
            assert.notInclude(refused.stderr, "hunter2")
          }
          const nowhere = yield* run(folder, [...target, "--journal", "no/where.db"])
          assert.match(nowhere.stderr, /the folder of .+no\/where\.db is not there/)
          assert.strictEqual((yield* run(folder, [...target, "--journal", "mysql://u:hunter2@h/d"])).code, 2)
          assert.strictEqual(yield* posts, before)
          assert.strictEqual(readFileSync(foreign, "utf8"), "not ours\n".repeat(50))
          assert.strictEqual((yield* run(folder, target)).code, 0)
          for (const name of readdirSync(folder)) {
            assert.notInclude(readFileSync(join(folder, name), "latin1"), canary)
          }
        })
      )
    )

    it.effect(
      "SE-08 the usual journal lies in the user's state folder, for its owner alone; demo and memory: leave it be",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const environment = { XDG_STATE_HOME: folder, SCANPOLL_JOURNAL: "" }
            const usual = join(folder, "scanpoll", "journal.db")
            const target = ["run", dataset(4)]
            yield* run(folder, [...target, "--journal", "memory:"], { environment })
            assert.isFalse(existsSync(usual))
            assert.strictEqual((yield* run(folder, target, { environment })).code, 0)
            assert.strictEqual((statSync(usual).mode & 0o777).toString(8), "600")
            const shown = yield* run(folder, ["status"], { environment })
            assert.include(shown.stdout, `journal: ${usual}`)
            assert.match(shown.stdout, /Q4.*completed/)
          })
        )
    )
  })
})
