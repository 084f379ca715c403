/** `report --run`: the report of a run, made again from its journal, without asking anybody. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Format from "@scanpoll/report/Format"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

const vendors = hurriedVendors({ exona: { retryAfter: null } })

const plan = `version: 1
gate: { failOn: high, minScore: { appvet: 1 } }
vendors:
  appvet: { gate: { minGrade: C } }
targets:
  - { vendor: appvet, url: https://shop.example, type: security, name: the shop, gate: { failOn: low } }
  - { vendor: appvet, url: https://partial.example, type: seo }
  - { vendor: exona, company: { name: "O'Hara \\"AI\\"", website: https://acme.example }, pace: interactive }
`

const Location = Schema.Struct({
  physicalLocation: Schema.Struct({
    artifactLocation: Schema.Struct({ uri: Schema.String }),
    region: Schema.Struct({ startLine: Schema.Number })
  })
})
const Result = Schema.Struct({ locations: Schema.Array(Location) })
const Sarif = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ runs: Schema.Array(Schema.Struct({ results: Schema.Array(Result) })) }))
)

type Row = Readonly<Record<string, unknown>> & {
  readonly state: string
  readonly next: { readonly command: string | null } | null
}

const reportOf = (
  text: string
): { readonly scans: ReadonlyArray<Row>; readonly gate: unknown; readonly exit: unknown } => JSON.parse(text)

// When a run began and ended is told by the process that did it, and for all of its processes by the journal.
const told = (text: string): unknown => {
  const { digest: _, run, ...report } = JSON.parse(text)
  return { ...report, run: { id: run.id, plan: run.plan } }
}

const asked = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.requests().length, 0)
)

describe("`report --run`", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("makes the report of a run again from the journal, offline, whole and in every format (V-13)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.writeFileString(join(folder, "scans of ours.yaml"), plan)
          const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
          yield* run("run", "appvet:https://shop.example", "--quiet")
          const first = yield* run("run", "scans of ours.yaml", "--reuse", "0", "-o", "json")
          const before = yield* asked
          const again = yield* run("report", "--run", "last", "-o", "json")
          assert.strictEqual(again.code, first.code, again.stderr)
          assert.deepStrictEqual(told(again.stdout), told(first.stdout))
          assert.lengthOf(reportOf(again.stdout).scans, 3)
          // What targets and vendors ask for themselves is stored with the run.
          assert.deepStrictEqual(
            reportOf(again.stdout).scans.map(({ gate }) => gate),
            [{ failOn: "low", minGrade: "C" }, { minGrade: "C" }, undefined]
          )
          for (const format of Format.names) {
            const { code, stdout } = yield* run("report", "--run", "last", "-o", format)
            assert.strictEqual(code, first.code, format)
            assert.isNotEmpty(stdout, format)
          }
          // Another gate, a baseline, and payloads.
          assert.strictEqual((yield* run("report", "--run", "last", "--fail-on", "info", "--allow-partial")).code, 1)
          yield* run("report", "--run", "last", "--raw", "full", "-o", "json=raw.json", "--quiet")
          const raw = reportOf(readFileSync(join(folder, "raw.json"), "utf8"))
          assert.isTrue(raw.scans.every(({ payload, payloadSha256 }) => payload !== null && payloadSha256 !== null))
          assert.strictEqual(yield* asked, before)
        })
      )
    )

    it.effect(
      "keeps of several plans, and of a part of them, where each row is asked for, and says how much of them it has (issue 19)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const first =
              "version: 1\nvariables: [SITE]\ntargets:\n  - { vendor: appvet, name: shop, url: https://shop.example, type: security }\n  - { vendor: appvet, name: preview, url: 'https://${SITE}.example', type: [security, seo] }\n"
            const second =
              "version: 1\ntargets:\n\n  - { vendor: exona, company: { name: Acme, website: https://acme.example }, pace: interactive }\n"
            yield* fs.makeDirectory(join(folder, ".git"))
            yield* fs.writeFileString(join(folder, "a.yaml"), first)
            yield* fs.writeFileString(join(folder, "b.yaml"), second)
            const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
            const asked = ["run", "a.yaml", "b.yaml", "--only", "shop", "--only", "exona", "-o", "json"]
            const ran = yield* run(...asked)
            const again = yield* run("report", "--run", "last", "-o", "json")
            assert.deepStrictEqual(told(again.stdout), told(ran.stdout))
            for (const { stdout } of [ran, again]) {
              const { run: about, scans } = JSON.parse(stdout)
              assert.deepStrictEqual(about.part, { only: ["shop", "exona"], of: 4 })
              assert.deepStrictEqual(
                scans.map(({ declaredAt, plan }: Row) => [plan, declaredAt]),
                [
                  ["a.yaml", { line: 4, column: 5 }],
                  ["b.yaml", { line: 4, column: 5 }]
                ]
              )
            }
            const sarif = Sarif((yield* run("report", "--run", "last", "-o", "sarif")).stdout)
            const places = sarif.runs.flatMap(({ results }) => results.flatMap(({ locations }) => locations))
            assert.deepStrictEqual(
              [
                ...new Set(
                  places.map(
                    ({
                      physicalLocation: {
                        artifactLocation: { uri },
                        region
                      }
                    }) => `${uri}:${region.startLine}`
                  )
                )
              ],
              ["a.yaml:4", "b.yaml:4"]
            )
            for (const format of ["text", "markdown", "html", "sarif", "github", "junit", "defectdojo"]) {
              const { stdout } = yield* run("report", "--run", "last", "-o", format)
              assert.match(stdout, /A part of the plan: 2 of 4 targets/, format)
            }
            assert.match((yield* run("history", "--runs")).stdout, /\(a part of the plan: 2 of 4 targets\)/)
            // A place in a file that has changed since would be another target's.
            yield* fs.writeFileString(join(folder, "b.yaml"), `# later\n${second}`)
            const later = JSON.parse((yield* run("report", "--run", "last", "-o", "json")).stdout)
            assert.deepStrictEqual(
              later.scans.map(({ declaredAt, plan }: Row) => [plan, declaredAt !== null]),
              [
                ["a.yaml", true],
                ["b.yaml", false]
              ]
            )
          })
        )
    )

    it.effect(
      "keeps every row of a run that was killed, and shows finished what a later wait has finished (V-08)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            yield* fs.writeFileString(join(folder, "scans.yaml"), plan)
            const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
            yield* run("run", "--timeout", "2s", "--concurrency", "1", "--quiet", "-o", "json=first.json")
            const before = yield* posts
            const stopped = yield* run("report", "--run", "last", "-o", "json")
            const rows = reportOf(stopped.stdout).scans
            assert.deepStrictEqual(
              rows.map(({ state }) => state),
              reportOf(readFileSync(join(folder, "first.json"), "utf8")).scans.map(({ state }) => state)
            )
            assert.include(
              rows.map(({ state }) => state),
              "not-started"
            )
            assert.include([3, 130], stopped.code)
            yield* run("resume", "--quiet")
            const resumed = reportOf((yield* run("report", "--run", "last", "-o", "json")).stdout).scans
            // `resume` is no run of its own.
            assert.deepStrictEqual(
              resumed.map(({ state }) => state === "not-started"),
              rows.map(({ state }) => state === "not-started")
            )
            assert.isFalse(resumed.some(({ state }) => state === "still-running"))
            const commands = new Set(resumed.flatMap(({ next }) => next?.command ?? []))
            assert.lengthOf([...commands], 1)
            const [command = ""] = commands
            assert.match(command, /^scanpoll run --continue run_\w+/)
            assert.strictEqual(yield* posts, before)
            const ended = yield* run(...command.split(" ").slice(1), "-o", "json")
            const last = yield* run("report", "--run", "last", "-o", "json")
            assert.strictEqual(last.code, ended.code)
            assert.deepStrictEqual(told(last.stdout), told(ended.stdout))
          })
        )
    )

    it.effect("is refused where there is nothing to report, and where payloads of a file are asked for", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
          yield* run("run", "appvet:https://shop.example", "-o", "json=run.json", "--quiet")
          for (const [args, said] of [
            [[], /name a report that was saved as json, or a run of the journal: --run last/],
            [["--run", "run_nobody"], /the journal has no run "run_nobody"; `scanpoll history --runs`/],
            [["run.json", "--raw", "full"], /--raw: needs --run/],
            [["--run", "last", "--journal", "nowhere.db"], /there is no journal at .*nowhere\.db/]
          ] as const) {
            const { code, stderr } = yield* run("report", ...args)
            assert.strictEqual(code, 2, stderr)
            assert.match(stderr, said)
          }
          // Beside files, as one report.
          const both = yield* run("report", "run.json", "--run", "last", "-o", "json")
          assert.lengthOf(reportOf(both.stdout).scans, 1)
        })
      )
    )

    it.effect("is no verdict on what was purged, and says so", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          // The second scan stays open, so that the run is not purged with the first.
          const targets = plan.split("\n").filter((line) => !line.includes("partial"))
          const text = targets.join("\n").replace("pace: interactive", "deadline: 10s")
          const { exona } = yield* Simulators.Simulators
          yield* exona.script({
            match: { route: "status" },
            steps: [{ ...Script.respond(503, "oops"), times: Infinity }]
          })
          yield* fs.writeFileString(join(folder, "scans.yaml"), text)
          const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
          yield* run("run", "--quiet")
          yield* Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.purge({ before: Infinity })).pipe(
            Effect.provide(Journal.layer({ _tag: "File", path: join(folder, "journal.db") }), { local: true })
          )
          const { code, stderr, stdout } = yield* run("report", "--run", "last", "--fail-on", "high", "-o", "json")
          assert.strictEqual(code, 3, stderr)
          assert.deepStrictEqual(
            reportOf(stdout).scans.map(({ severity, state }) => [state, severity]),
            [
              ["protocol", "unknown"],
              ["unreachable", "unknown"]
            ]
          )
        })
      )
    )
  })
})
