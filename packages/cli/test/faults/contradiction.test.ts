/** Answers that have the asked id and are about something else: by the command, with a journal, against simulated vendors. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hurriedVendors } from "../support/vendors.ts"
import { inFolder, runIn } from "../support/folder.ts"

const vendors = hurriedVendors()

// Runs the command on one journal of its own, in a folder that holds `scans.yaml`.
const withPlan = <A, E, R>(
  targets: ReadonlyArray<string>,
  use: (run: (...args: ReadonlyArray<string>) => ReturnType<typeof runIn>) => Effect.Effect<A, E, R>
) =>
  inFolder((folder, fs) =>
    Effect.gen(function* () {
      const plan = [
        "version: 1",
        "defaults: { pace: interactive }",
        "targets:",
        ...targets.map((target) => `  - ${target}`),
        ""
      ].join("\n")
      yield* fs.writeFileString(`${folder}/scans.yaml`, plan)
      return yield* use((...args) => runIn(folder, args, { directory: folder }))
    })
  )

const site = (host: string, type = "security"): string => `{ vendor: appvet, url: https://${host}, type: ${type} }`

const [policy, upload, mapping, other] = [
  "550e8400-e29b-41d4-a716-446655440000",
  "123e4567-e89b-42d3-a456-426614174000",
  "789e0123-e45b-47c8-9901-234567890123",
  "00000000-0000-4000-8000-000000000001"
]

const dataset = `{ vendor: compliance, policyId: ${policy}, uploadId: ${upload}, mappingId: ${mapping} }`

// A first answer that has ended, however far the simulated scan is.
const datasetEnd = { status: "completed", compliance_score: 99, violation_count: 0, rules_processed: 5, rules_total: 5 }

const onEnd = (merge: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(Simulators.Simulators, ({ appvet }) =>
    appvet.script({ match: { route: "status" }, steps: [{ merge, times: 1 }] })
  )

describe("an answer about something else", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("is no verdict where it names another site or another type, and says so (V-11)", () =>
      Effect.gen(function* () {
        const cases = [
          [{ url: "https://other.example/" }, /about other\.example, and mine\.example was asked for/],
          [{ type: "seo" }, /is of the type "seo", and "security" was asked for/]
        ] as const
        for (const [merge, warning] of cases) {
          yield* withPlan([site("mine.example")], (run) =>
            Effect.gen(function* () {
              const end = { status: "completed", result: { score: 98, grade: "A" } }
              yield* onEnd({ ...merge, ...end })
              const ended = yield* run("run", "scans.yaml", "--fail-on", "high", "-o", "json")
              assert.strictEqual(ended.code, 3, ended.stderr)
              const [row] = JSON.parse(ended.stdout).scans
              assert.deepStrictEqual(
                [row.state, row.severity, row.assessment, row.findings.coverage, row.evidence.assessment.status],
                ["completed", "unknown", null, "unavailable", "unavailable"]
              )
              assert.match(row.warnings.join("\n"), warning)
              assert.match(row.evidence.assessment.reason, warning)
              const allowed = yield* run("run", "scans.yaml", "--fail-on", "high", "--allow-incomplete", "-o", "json")
              assert.deepStrictEqual([allowed.code, JSON.parse(allowed.stdout).scans[0].reused], [0, true])
              assert.match((yield* run("resume")).stderr, /^(?![^]*mine\.example)/)
            })
          )
        }
      })
    )

    it.effect("is no verdict wherever it is told, and the printed command asks once more (V-11, U-05)", () =>
      withPlan([site("mine.example")], (run) =>
        Effect.gen(function* () {
          const end = { status: "completed", result: { score: 12, grade: "F" } }
          yield* onEnd({ url: "https://other.example/", ...end })
          const ended = yield* run("run", "scans.yaml", "--fail-on", "high", "-o", "json")
          assert.strictEqual(ended.code, 3, ended.stderr)
          assert.match(ended.stderr, /: completed, unknown$/m)
          const [row] = JSON.parse(ended.stdout).scans
          for (const told of [yield* run("status"), yield* run("history"), yield* run("status", row.claimId)]) {
            assert.match(told.stdout, /completed, unknown.*the answer is about other\.example/, told.stdout)
            assert.notMatch(told.stdout, /score 12/)
          }
          // Nothing is compared with it.
          yield* onEnd(end)
          const later = yield* run("run", "scans.yaml", "--reuse", "0", "-o", "json")
          const [next] = JSON.parse(later.stdout).scans
          assert.deepStrictEqual(
            [next.assessment.score.value, next.previous, next.trend, next.delta],
            [12, null, [], null]
          )
          // The end of the run would say the same for ever.
          const printed = ended.stderr.split("\n").filter((line) => line.startsWith("  scanpoll "))
          assert.deepStrictEqual(printed, [`  scanpoll wait --plan scans.yaml ${row.key} --fresh --fail-on high`])
          const { appvet } = yield* Simulators.Simulators
          const bought = appvet.ledger.requests({ method: "POST" }).length
          const words = (printed[0] ?? "").trim().split(" ").slice(1)
          const again = yield* run(...words, "-o", "json")
          const [now] = JSON.parse(again.stdout).scans
          assert.strictEqual(now.evidence.assessment.status, "there", again.stderr)
          assert.strictEqual(appvet.ledger.requests({ method: "POST" }).length, bought)
        })
      )
    )

    it.effect("is not seen in what only looks different: another case, www, a path, a scheme (V-11)", () =>
      Effect.gen(function* () {
        for (const url of ["https://WWW.Same.example/deep/path", "http://same.example:80/"]) {
          yield* withPlan([site("same.example")], (run) =>
            Effect.gen(function* () {
              yield* onEnd({ url, status: "completed", result: { score: 98, grade: "A" } })
              const ended = yield* run("run", "scans.yaml", "--min-grade", "A", "-o", "json")
              assert.strictEqual(ended.code, 0, ended.stdout)
            })
          )
        }
      })
    )

    it.effect("is no verdict where a compliance answer names another policy, upload or mapping (V-11)", () =>
      Effect.gen(function* () {
        const { compliance } = yield* Simulators.Simulators
        for (const field of ["policy_id", "upload_id", "mapping_id"]) {
          yield* withPlan([dataset], (run) =>
            Effect.gen(function* () {
              yield* compliance.script({
                match: { route: "status" },
                steps: [{ merge: { ...datasetEnd, [field]: other }, times: 1 }]
              })
              const ended = yield* run(
                "run",
                "scans.yaml",
                "--min-score",
                "1",
                "--max-violations",
                "9999",
                "-o",
                "json"
              )
              assert.strictEqual(ended.code, 3, ended.stderr + ended.stdout)
              const [row] = JSON.parse(ended.stdout).scans
              assert.deepStrictEqual([row.state, row.assessment, row.delta], ["completed", null, null])
              assert.match(row.evidence.findings.reason, /the answer is about .*00000000-0000-4000-8000-000000000001/)
            })
          )
        }
      })
    )

    it.effect("is not the same as a number that cannot be read: that leaves the other rules their verdict (V-01)", () =>
      withPlan([dataset], (run) =>
        Effect.gen(function* () {
          const { compliance } = yield* Simulators.Simulators
          const merge = { ...datasetEnd, violation_count: -1 }
          yield* compliance.script({ match: { route: "status" }, steps: [{ merge, times: 1 }] })
          const ended = yield* run("run", "scans.yaml", "--max-violations", "9999", "--min-score", "1", "-o", "json")
          assert.strictEqual(ended.code, 3, ended.stderr + ended.stdout)
          const { gate, scans } = JSON.parse(ended.stdout)
          assert.deepStrictEqual(
            gate.rules.map(({ rule, passed, unjudged }: Readonly<Record<string, unknown>>) => [rule, passed, unjudged]),
            [
              ["min-score", true, []],
              ["max-violations", true, [scans[0].id]]
            ]
          )
          assert.match(scans[0].next.command, /^scanpoll wait compliance:\S+ .*--fresh$/)
          const told = yield* run("run", "scans.yaml", "-o", "text")
          assert.match(told.stdout, /violation_count cannot be read/)
          assert.notMatch(told.stdout, /no (?:findings|violations)/)
        })
      )
    )

    it.effect("is told on both of two purchases that got one id, and both claims are over (V-11)", () =>
      withPlan([site("first.example"), site("second.example")], (run) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({
            match: { route: "submit" },
            steps: [{ merge: { id: "scan_shared000001" }, times: 2 }]
          })
          const answer = {
            id: "scan_shared000001",
            url: "https://first.example/",
            type: "security",
            status: "completed",
            created_at: "2026-11-30T00:00:00Z",
            completed_at: "2026-11-30T00:01:00Z",
            result: { score: 98, grade: "A" }
          }
          yield* appvet.script({ match: { route: "status" }, steps: [{ status: 200, body: answer, times: Infinity }] })
          const ended = yield* run("run", "scans.yaml", "--min-grade", "A", "-o", "json")
          assert.strictEqual(ended.code, 3, ended.stderr)
          const [first, second] = JSON.parse(ended.stdout).scans
          assert.deepStrictEqual([first.assessment?.score?.value, second.assessment], [98, null])
          assert.match(first.warnings.join("\n"), /gave the id scan_shared000001 to another .*second\.example/)
          assert.match(second.warnings.join("\n"), /gave the id scan_shared000001 to another .*first\.example/)
          const status = yield* run("status", "-o", "json")
          assert.deepStrictEqual(JSON.parse(status.stdout).open, [], status.stdout)
        })
      )
    )
  })
})
