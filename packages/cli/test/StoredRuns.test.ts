/** The runs that the journal keeps, as the command writes them and shows them. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, runIn } from "./support/folder.ts"

const canary = "avk_live_canary4444444444444444444444444444444444"
const vendors = hurriedVendors({ exona: { retryAfter: null }, appvet: { credentials: [canary] } })

const stored = (folder: string) =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal.ScanJournal
    const all = yield* runs.list({})
    return yield* Effect.forEach(all, ({ runId }) => runs.get(runId))
  }).pipe(Effect.provide(Journal.layerReadOnly(join(folder, "journal.db")), { local: true }))

const plan = `version: 1
defaults: { deadline: 5m, pace: 15s, reuse: 0 }
vendors:
  appvet: { pace: bulk, deadline: 90s }
accounts:
  second: { vendor: appvet, variable: APPVET_API_KEY_SECOND }
gate: { failOn: high, minScore: { appvet: 1 }, allowPartial: true }
targets:
  - { vendor: appvet, url: https://shop.example, type: security }
  - { vendor: exona, company: { name: Acme, website: https://acme.example }, forceRefresh: true, pace: interactive }
  - { vendor: appvet, account: second, url: https://failed.example, type: security }
`

describe("the runs of the command", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "40 seconds" })((it) => {
    it.effect("a run is stored with its rows and all that is needed to ask for them again (V-08)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const file = join(folder, "scans.yaml")
          writeFileSync(file, plan)
          const environment = { APPVET_API_KEY_SECOND: canary, SCANPOLL_TIMEOUT: "10m" }
          const ended = yield* runIn(folder, ["run", file, "--interval", "2s", "-o", "json"], { environment })
          const report: { readonly run: { readonly id: string }; readonly exit: { readonly code: number } } =
            JSON.parse(ended.stdout)
          const [found] = yield* stored(folder)
          if (found === null || found === undefined) return assert.fail("no run is stored")
          const { options, ...told } = found.run
          assert.include(told, {
            runId: report.run.id,
            command: "run",
            plan: file,
            planDigest: createHash("sha256").update(readFileSync(file)).digest("hex"),
            exitCode: report.exit.code,
            total: 3
          })
          assert.deepStrictEqual(
            found.rows.map(({ claimId, ended, forced, kind }) => [
              claimId?.slice(0, 4),
              ended?.state,
              ended?.claimId === claimId,
              forced,
              kind
            ]),
            [
              ["clm_", "completed", true, false, "security"],
              ["clm_", "completed", true, true, ""],
              ["clm_", "failed", true, false, "security"]
            ]
          )
          assert.deepStrictEqual(options, {
            plan: {
              version: 1,
              defaults: { deadline: "5m", reuse: "0", pace: "15s" },
              vendors: { appvet: { pace: "bulk", deadline: "1m30s" } },
              accounts: { second: { vendor: "appvet", variable: "APPVET_API_KEY_SECOND" } },
              gate: { failOn: "high", minScore: { appvet: 1 }, allowPartial: true }
            },
            flags: { output: ["json"], interval: ["2s"], timeout: ["10m"], progress: ["plain"] },
            digests: { [file]: found.run.planDigest }
          })
          // What is stored is a plan, and asks for the same.
          const again = join(folder, "again.json")
          const value = { ...Object(Object(options).plan), targets: found.rows.map(({ request }) => request) }
          writeFileSync(again, JSON.stringify(value))
          yield* runIn(folder, ["submit", again], { environment })
          const [repeated] = yield* stored(folder)
          assert.deepStrictEqual(
            repeated?.rows.map(({ key, request }) => [key, request]),
            found.rows.map(({ key, request }) => [key, request])
          )
          const bytes = ["journal.db", "journal.db-wal"].map((name) => {
            try {
              return readFileSync(join(folder, name)).toString("latin1")
            } catch {
              return ""
            }
          })
          assert.notInclude(bytes.join(""), canary)
        })
      )
    )

    it.effect(
      "--lane names the queue of what `run` and `submit` buy, over the plan's word, and a bad name buys nothing (D-22)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const file = join(folder, "scans.yaml")
            writeFileSync(
              file,
              `version: 1
defaults: { deadline: 5m, lane: nightly }
targets:
  - { vendor: appvet, url: https://planned.example, type: security }
`
            )
            yield* runIn(folder, ["run", file])
            yield* runIn(folder, ["run", file, "appvet:https://run.example", "--lane", "team-a", "--reuse", "0"])
            yield* runIn(folder, ["submit", "appvet:https://submitted.example", "--lane", "team-b"])
            const environment = { SCANPOLL_LANE: "team-c" }
            yield* runIn(folder, ["submit", "appvet:https://environment.example"], { environment })
            const refused = yield* runIn(folder, ["submit", "appvet:https://bad.example", "--lane", "team b"])
            assert.strictEqual(refused.code, 2)
            assert.include(refused.stderr, "--lane")
            const journal = new DatabaseSync(join(folder, "journal.db"), { readOnly: true })
            const bought = journal.prepare("SELECT subject, lane FROM scanpoll_claims ORDER BY claimed_at").all()
            journal.close()
            assert.deepStrictEqual(
              bought.map(({ lane, subject }) => [/\w+\.example/.exec(String(subject))?.[0], JSON.parse(String(lane))]),
              [
                ["planned.example", "nightly"],
                ["planned.example", "team-a"],
                ["run.example", "team-a"],
                ["submitted.example", "team-b"],
                ["environment.example", "team-c"]
              ]
            )
          })
        )
    )

    it.effect(
      "targets that were never started are rows of the run, and `submit`, `resume` and `wait` are runs too (V-08)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const many = Array.from({ length: 12 }, (_, n) => `exona:Slow ${n}=https://slow${n}.example`)
            const cut = yield* runIn(folder, ["run", ...many, "--concurrency", "1"], {
              watch: ({ stderr }, process) => {
                if (/submitted/.test(stderr)) process.kill("SIGINT")
              }
            })
            assert.strictEqual(cut.code, 130)
            const [first] = yield* stored(folder)
            assert.strictEqual(first?.run.exitCode, 130)
            assert.isAtLeast(first?.run.byState["not-started"] ?? 0, 10)
            assert.isTrue(first?.rows.every(({ ended, request }) => ended !== null && request !== null))

            const resumed = yield* runIn(folder, ["resume"])
            const submitted = yield* runIn(folder, ["submit", "exona:Other=https://other.example"])
            const waited = yield* runIn(folder, ["wait", submitted.stdout.trim()])
            const all = yield* stored(folder)
            assert.deepStrictEqual(all.map((each) => [each?.run.command, each?.run.exitCode]).reverse(), [
              ["run", 130],
              ["resume", resumed.code],
              ["submit", 0],
              ["wait", waited.code]
            ])
            const submission = all[1]?.rows[0]
            assert.match(submission?.claimId ?? "", /^clm_/)
            assert.isNull(submission?.ended)
          })
        )
    )

    it.effect(
      "`status` names a run that was killed, with the command that continues it, and not those that ended",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            yield* runIn(folder, ["submit", "exona:Other=https://other.example"])
            const start = { command: "run", plan: null, planDigest: null, options: null, startedAt: 1, rows: [] }
            yield* Effect.gen(function* () {
              yield* (yield* ScanJournal.ScanJournal).runs.begin({ ...start, runId: "run_killed" })
            }).pipe(Effect.provide(Journal.layer(join(folder, "journal.db")), { local: true }))
            const { stdout } = yield* runIn(folder, ["status"])
            assert.match(
              stdout,
              /runs that have not ended \(1\)\n {2}run_killed {2}\S+ {2}run {2}0 targets {2}ended without a word\n {4}scanpoll run --continue run_killed\n/
            )
            const { runs } = JSON.parse((yield* runIn(folder, ["status", "-o", "json"])).stdout)
            assert.deepStrictEqual(
              runs.map(({ id }: { readonly id: string }) => id),
              ["run_killed"]
            )
          })
        )
    )

    it.effect("`history --runs` shows the last runs, what came of them and how they ended", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          yield* runIn(folder, ["submit", "exona:Other=https://other.example"])
          yield* runIn(folder, ["resume"])
          const shown = yield* runIn(folder, ["history", "--runs"])
          const lines = shown.stdout.trimEnd().split("\n")
          assert.match(lines[0] ?? "", /^run_\w+ {2}\d{4}-\S+Z {2}resume {2}1 target: 1 completed {2}exit 0$/)
          assert.match(lines[1] ?? "", /^run_\w+ {2}\d{4}-\S+Z {2}submit {2}1 target: 1 open {2}exit 0$/)
          const filtered = yield* runIn(folder, ["history", "--runs", "submit", "-o", "json"])
          const { runs } = JSON.parse(filtered.stdout)
          assert.strictEqual(runs.length, 1)
          assert.strictEqual(
            (yield* runIn(folder, ["history", "--spend", "exona"])).stdout.split("\n")[1],
            "  exona: 1 purchase"
          )
          assert.match(
            (yield* runIn(folder, ["history", "--spend", "--runs"])).stderr,
            /--spend: cannot be asked for beside --runs/
          )
          assert.deepInclude(runs[0], { command: "submit", total: 1, open: 1, byState: {}, exitCode: 0, heldBy: null })
        })
      )
    )
  })
})
