/** Whole scenes of a verdict, as a person plays them with the command: each was seen to go wrong on 0.1.0. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { hurried } from "@scanpoll/test-support/hurry"
import { program, quickly } from "@scanpoll/test-support/programs"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { execFile } from "node:child_process"
import { once, type Options } from "../support/command.ts"
import { scanpollInside } from "../support/inside.ts"
import { hurriedVendors } from "../support/vendors.ts"

const vendors = hurriedVendors({ exona: { retryAfter: null } })

interface Row {
  readonly key: string
  readonly account: string
  readonly scanId: string
  readonly scanType?: string
  readonly subject: { readonly name: string }
  readonly state: string
  readonly severity: string
  readonly previous: { readonly scanId: string } | null
  readonly delta: { readonly resolved: number } | null
  readonly evidence: { readonly findings: { readonly status: string } }
  readonly next: { readonly command: string | null } | null
}

const rowsOf = (text: string): ReadonlyArray<Row> => JSON.parse(text).scans

const inFolder = <A, E, R>(
  use: (folder: {
    readonly path: string
    readonly environment: Readonly<Record<string, string>>
    readonly write: (name: string, lines: ReadonlyArray<string>) => Effect.Effect<void>
    readonly run: (args: ReadonlyArray<string>, options?: Options) => ReturnType<typeof scanpollInside>
  }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* fs.makeTempDirectoryScoped()
      const simulated = Simulators.environment(yield* Simulators.Simulators)
      const environment = {
        ...simulated,
        APPVET_API_KEY_SECOND: simulated["APPVET_API_KEY"] ?? "",
        SCANPOLL_JOURNAL: `${path}/journal.db`
      }
      return yield* use({
        path,
        environment,
        write: (name, lines) => Effect.orDie(fs.writeFileString(`${path}/${name}`, [...lines, ""].join("\n"))),
        run: (args, options = {}) => scanpollInside(args, { ...options, environment, directory: path })
      })
    })
  )

const posts = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.requests({ method: "POST" }).length, 0)
)

const head = [
  "version: 1",
  "defaults: { pace: interactive }",
  "accounts: { second: { vendor: appvet, variable: APPVET_API_KEY_SECOND } }",
  "targets:"
]

const site = (type: string, account: string, host = "shop.example"): string =>
  `  - { vendor: appvet, url: "https://${host}/", type: ${type}, account: ${account} }`

const ours = [site("security", "default"), site("seo", "default"), site("security", "second")]

// What a row is, whatever its place in the plan.
const nameOf = ({ account, scanType = "", subject }: Row): string => `${subject.name} ${scanType} ${account}`

const scanIds = (rows: ReadonlyArray<Row>) => Object.fromEntries(rows.map((row) => [nameOf(row), row.scanId]))

describe("a plan of two types and two accounts whose lines were moved", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("keeps its gates, its baseline and its diff (V-05, V-06)", () =>
      inFolder(({ run, write }) =>
        Effect.gen(function* () {
          yield* write("scans.yaml", [...head, ...ours])
          const first = yield* run(["run", "scans.yaml", "-o", "json=first.json"])
          assert.strictEqual(first.code, 0, first.stderr)
          const accepted = ["--reason", "known", "--assessments"]
          const made = yield* run(["baseline", "write", "known.json", "--from", "first.json", ...accepted])
          assert.strictEqual(made.code, 0, made.stderr)
          const moved = [...ours].toReversed().toSpliced(1, 0, site("performance", "default", "new.example"))
          yield* write("scans.yaml", [...head, ...moved])
          const judged = ["--baseline", "known.json", "-o", "json=second.json", "-o", "json"]
          const second = yield* run(["run", "scans.yaml", "--fail-on", "info", ...judged])
          const report = JSON.parse(second.stdout)
          const news = rowsOf(second.stdout).find((row) => nameOf(row).includes("new.example"))
          const [rule] = report.gate.rules
          // What is known is accepted wherever it stands; only the new line may break the gate.
          const broken = news?.severity === "none" ? [] : [report.scans[1].id]
          assert.deepStrictEqual([rule.rule, rule.scans], ["fail-on", broken], second.stderr)
          const diff = yield* run(["diff", "first.json", "second.json", "-o", "json"])
          const { summary } = JSON.parse(diff.stdout)
          assert.deepStrictEqual([summary.comparable, summary.resolved], [3, 0], diff.stdout)
        })
      )
    )

    it.effect("compares each scan with the last one of its own type and account (V-05, V-13)", () =>
      inFolder(({ run, write }) =>
        Effect.gen(function* () {
          yield* write("scans.yaml", [...head, ...ours])
          const before = scanIds(rowsOf((yield* run(["run", "scans.yaml", "-o", "json"])).stdout))
          yield* write("scans.yaml", [...head, site("seo", "second"), ...ours.toReversed()])
          const after = rowsOf((yield* run(["run", "scans.yaml", "--reuse", "0", "-o", "json"])).stdout)
          assert.lengthOf(after, 4)
          for (const row of after) assert.strictEqual(row.previous?.scanId, before[nameOf(row)], nameOf(row))
        })
      )
    )
  })
})

describe("a vendor whose reports are down", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("leaves a gate without a verdict until `resume` fetches the findings, and nothing is bought (V-01)", () =>
      inFolder(({ run, write }) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({ match: { route: "report" }, steps: [{ status: 503, times: 9 }] })
          yield* write("scans.yaml", [...head, ...ours])
          const bought = yield* posts
          const judged = ["--fail-on", "critical", "-o", "json"]
          const stopped = yield* run(["run", "scans.yaml", ...judged, "-o", "json=stopped.json"])
          const { exit, gate, scans } = JSON.parse(stopped.stdout)
          const lacks = rowsOf(stopped.stdout).filter(({ evidence }) => evidence.findings.status === "unavailable")
          assert.lengthOf(lacks, 3, stopped.stderr)
          // A grade may break the rule all the same; every other row is named as unjudged.
          const [rule] = gate.rules
          const ids = scans.map(({ id }: { readonly id: string }) => id)
          assert.sameMembers([...rule.scans, ...rule.unjudged], ids)
          const isBroken = rule.scans.length > 0
          assert.strictEqual(stopped.code, isBroken ? 1 : 3)
          assert.match(JSON.stringify(exit), /could not be judged: the vendor's findings could not be fetched/)
          const masked = yield* run(["report", "stopped.json", ...judged, "--allow-incomplete"])
          assert.strictEqual(masked.code, isBroken ? 1 : 0, masked.stderr)
          const resumed = yield* run(["resume", "--plan", "scans.yaml", "-o", "json"])
          assert.lengthOf(rowsOf(resumed.stdout), 3)
          assert.notInclude(resumed.stdout, `"unavailable"`)
          const ended = yield* run(["run", "--continue", "last", ...judged])
          assert.deepStrictEqual(JSON.parse(ended.stdout).gate.rules[0].unjudged, [])
          assert.strictEqual(yield* posts, bought + 3)
        })
      )
    )
  })
})

describe("critical violations below a score of 99 %", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("break a gate on severity, and the line names them (V-02)", () =>
      inFolder(({ run }) =>
        Effect.gen(function* () {
          const { compliance } = yield* Simulators.Simulators
          const merge = {
            status: "completed",
            compliance_score: 99.31,
            violation_count: 3,
            rules_processed: 5,
            rules_total: 5,
            delta: null,
            review_summary: { by_severity: { CRITICAL: 2, HIGH: 1 } }
          }
          yield* compliance.script({ match: { route: "status" }, steps: [{ merge, times: 1 }] })
          const [policy, upload, mapping] = [1, 2, 3].map((n) => `550e8400-e29b-41d4-a716-44665544000${n}`)
          const target = `compliance:policy=${policy},upload=${upload},mapping=${mapping}`
          const ended = yield* run(["run", target, "--fail-on", "high", "--min-score", "99", "-o", "json"])
          assert.strictEqual(ended.code, 1, ended.stdout)
          const { gate, scans, summary } = JSON.parse(ended.stdout)
          assert.deepStrictEqual([scans[0].severity, summary.worstSeverity], ["critical", "critical"])
          assert.deepStrictEqual(scans[0].findings.bySeverity, { critical: 2, high: 1 })
          assert.deepStrictEqual(
            gate.rules.map(({ passed }: { readonly passed: boolean }) => passed),
            [false, true]
          )
          assert.match(gate.rules[0].message, /assessment critical, score 99\.31/)
        })
      )
    )
  })
})

describe("a run that was stopped half-way", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("prints commands that a shell runs as they are, to a verdict on the whole plan (V-08, U-05)", () =>
      inFolder(({ environment, path, run, write }) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* write("scanpoll", ["#!/bin/sh", `exec '${process.execPath}' '${program}' "$@"`])
          yield* fs.chmod(`${path}/scanpoll`, 0o755)
          const plan = "it's half a plan.yaml"
          const hosts = ["one", "two", "three", "four"].map((name) => site("security", "second", `${name}.example`))
          yield* write(plan, [...head, ...hosts])
          const env = {
            ...quickly,
            ...hurried,
            ...environment,
            SCANPOLL_JOURNAL: "",
            HOME: process.env["HOME"] ?? "",
            PATH: `${path}:${process.env["PATH"] ?? ""}`
          }
          // In a shell, in the folder, as a person pastes it.
          const paste = (line: string) =>
            Effect.callback<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resume) => {
              execFile("sh", ["-c", line], { cwd: path, env, encoding: "utf8" }, (error, stdout, stderr) => {
                const code = error === null ? 0 : typeof error.code === "number" ? error.code : 70
                resume(Effect.succeed({ code, stdout, stderr }))
              })
            })
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({
            match: { route: "status" },
            steps: [{ merge: { status: "scanning" }, omit: ["result"], times: 3 }]
          })
          const before = yield* posts
          const flags = ["--concurrency", "1", "--min-score", "0", "--journal", "my $journal.db", "-o", "json"]
          const stopped = yield* run(["run", plan, ...flags], {
            watch: once(/submitted|queued|running/, (it) => it.kill("SIGINT"))
          })
          assert.strictEqual(stopped.code, 130, stopped.stderr)
          assert.strictEqual((yield* posts) - before, 1, stopped.stderr)
          const lines = stopped.stderr.split("\n").filter((line) => line.startsWith("  scanpoll "))
          const printed = lines.map((line) => line.trim())
          const commands = rowsOf(stopped.stdout).flatMap(({ next }) => next?.command ?? [])
          assert.lengthOf(commands, 4)
          // Who comes later and knows the journal alone is told the plan that has the account.
          const looked = yield* run(["status", "--journal", "my $journal.db"])
          const [resuming = ""] = looked.stdout.split("\n").filter((line) => line.startsWith("  scanpoll resume "))
          assert.include(resuming, "--plan ", looked.stdout)
          for (const line of new Set([...printed, ...commands])) {
            const ended = yield* paste(`${line} -o json`)
            assert.strictEqual(ended.code, 0, `${line}\n${ended.stderr}`)
            assert.deepStrictEqual(
              rowsOf(ended.stdout).map(({ state }) => state),
              hosts.map(() => "completed"),
              line
            )
            // The gate of the run is held against all of them.
            assert.deepStrictEqual(JSON.parse(ended.stdout).gate.rules[0].checked, 4)
            assert.strictEqual((yield* posts) - before, 4)
          }
          const resumed = yield* paste(`${resuming} -o json`)
          assert.deepStrictEqual([resumed.code, rowsOf(resumed.stdout).length], [0, 4], resumed.stderr)
          assert.strictEqual((yield* posts) - before, 4)
        })
      )
    )
  })
})

describe("several reports of runs under different gates", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("are judged by the gate of each, in any order, and an allowance alone drops no rule (V-05, V-08)", () =>
      inFolder(({ run }) =>
        Effect.gen(function* () {
          const saved = (host: string, ...flags: ReadonlyArray<string>) =>
            run(["run", `appvet:https://${host}.example`, ...flags, "--quiet", "-o", `json=${host}.json`])
          yield* saved("clean")
          yield* saved("other", "--fail-on", "info")
          const codes: Array<number | null> = []
          for (const files of [
            ["clean.json", "other.json"],
            ["other.json", "clean.json"],
            ["other.json", "--allow-partial"],
            ["other.json", "clean.json", "--allow-incomplete"]
          ]) {
            const judged = yield* run(["report", ...files, "-o", "json"])
            codes.push(judged.code)
            const { gate, scans } = JSON.parse(judged.stdout)
            const other = scans.find(({ subject }: Row) => subject.name.includes("other"))
            assert.deepStrictEqual(
              gate.rules.map(({ rule, scans, threshold }: Readonly<Record<string, unknown>>) => [
                rule,
                threshold,
                scans
              ]),
              [["fail-on", "info", [other.id]]]
            )
          }
          assert.deepStrictEqual(codes, [1, 1, 1, 1])
          // A rule that is asked takes the place of those of the reports.
          assert.strictEqual((yield* run(["report", "clean.json", "other.json", "--min-score", "0"])).code, 0)
        })
      )
    )
  })
})
