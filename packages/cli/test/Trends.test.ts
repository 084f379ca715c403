/** What a report says of earlier scans, what it took from the journal and when that was observed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

const vendors = hurriedVendors()

const dataset = (upload: number, name = ""): string =>
  `  - { vendor: compliance, ${name === "" ? "" : `name: ${name}, `}policyId: 550e8400-e29b-41d4-a716-446655440000, uploadId: 123e4567-e89b-42d3-a456-42661417400${upload}, mappingId: 789e0123-e45b-47c8-9901-234567890123 }`

const planOf = (...targets: ReadonlyArray<string>): string => ["version: 1", "targets:", ...targets, ""].join("\n")

const withPlan = <A, E, R>(
  use: (
    run: (...args: ReadonlyArray<string>) => ReturnType<typeof runIn>,
    write: (plan: string) => Effect.Effect<void>
  ) => Effect.Effect<A, E, R>
) =>
  inFolder((folder, fs) =>
    use(
      (...args) => runIn(folder, args, { directory: folder }),
      (plan) => Effect.orDie(fs.writeFileString(`${folder}/scans.yaml`, plan))
    )
  )

describe("a report", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("has the trend and the previous scan of each subject, offline too (V-13, V-22)", () =>
      withPlan((run, write) =>
        Effect.gen(function* () {
          const ids: Array<string> = []
          for (const upload of [1, 2, 3]) {
            yield* write(planOf(dataset(upload)))
            const ended = yield* run("run", "--reuse", "0", "-o", "json=run.json", "-o", "text")
            assert.strictEqual(ended.code, 0, ended.stderr)
            const shown = yield* run("report", "run.json", "-o", "json")
            const [row] = JSON.parse(shown.stdout).scans
            assert.deepStrictEqual(
              row.trend.map(({ scanId }: { readonly scanId: string }) => scanId),
              ids
            )
            assert.strictEqual(row.previous?.scanId ?? null, ids.at(-1) ?? null)
            ids.push(row.scanId)
          }
          // A report of before knew no trend.
          const fs = yield* FileSystem.FileSystem
          const saved = yield* run("report", "run.json", "-o", "json")
          const { digest: _digest, ...old } = JSON.parse(saved.stdout)
          const bare = { ...old, scans: [{ ...old.scans[0], trend: [], previous: null }] }
          const file = yield* fs.makeTempFileScoped({ suffix: ".json" })
          yield* fs.writeFileString(file, JSON.stringify(bare))
          const without = JSON.parse((yield* run("report", file, "-o", "json")).stdout).scans[0]
          assert.deepStrictEqual([without.trend, without.previous], [[], null])
          const filled = yield* run("report", file, "--journal", "journal.db", "-o", "json")
          assert.strictEqual(JSON.parse(filled.stdout).scans[0].trend.length, 2, filled.stderr)
        })
      )
    )

    it.effect("says what it took from the journal, why, and when that was observed; --fresh asks again (V-16)", () =>
      withPlan((run, write) =>
        Effect.gen(function* () {
          yield* write(planOf(dataset(4)))
          const first = JSON.parse((yield* run("run", "-o", "json")).stdout).scans[0]
          const bought = yield* posts
          const again = JSON.parse((yield* run("run", "-o", "json")).stdout).scans[0]
          assert.deepStrictEqual([again.reused, again.reusedBecause], [true, "it completed within 1h (--reuse)"])
          assert.isAtMost(
            Math.abs(Date.parse(again.timings.observedAt) - Date.parse(first.timings.observedAt)),
            1_000,
            "it was observed when it was stored"
          )
          const { compliance } = yield* Simulators.Simulators
          yield* compliance.script({
            match: { route: "status" },
            steps: [{ merge: { compliance_score: 99.56 }, times: Infinity }]
          })
          const old = JSON.parse((yield* run("wait", first.key, "-o", "json")).stdout).scans[0]
          assert.strictEqual(old.assessment.score.value, first.assessment.score.value)
          assert.match(old.reusedBecause, /had ended before/)
          const fresh = JSON.parse((yield* run("wait", first.key, "--fresh", "-o", "json")).stdout).scans[0]
          assert.deepStrictEqual([fresh.assessment.score.value, fresh.reused], [99.56, false])
          assert.isAbove(Date.parse(fresh.timings.observedAt), Date.parse(first.timings.observedAt))
          assert.strictEqual(fresh.subject.id, first.subject.id)
          // The first answer stays the outcome of its claim.
          const claim = JSON.parse((yield* run("wait", first.claimId, "-o", "json")).stdout).scans[0]
          assert.strictEqual(claim.assessment.score.value, first.assessment.score.value)
          const history = JSON.parse((yield* run("history", "-o", "json")).stdout).lines[0]
          assert.deepStrictEqual(
            history.points.map(({ score }: { readonly score: { readonly value: number } }) => score.value),
            [first.assessment.score.value, 99.56]
          )
          assert.strictEqual(yield* posts, bought)
        })
      )
    )

    it.effect("is a baseline without being saved: of the last complete run of the journal (V-14)", () =>
      withPlan((run, write) =>
        Effect.gen(function* () {
          const none = yield* run("baseline", "write", "known.json", "--journal", "none.db")
          assert.deepStrictEqual([none.code, /there is no journal at/.test(none.stderr)], [2, true], none.stderr)
          yield* write(planOf(dataset(6), "  - { vendor: appvet, url: https://failed.example, type: seo }"))
          yield* run("run")
          const incomplete = yield* run("baseline", "write", "known.json")
          assert.match(incomplete.stderr, /the journal has no complete run; name a report/)
          yield* write(planOf(dataset(6)))
          const saved = yield* run("run", "-o", "json=run.json")
          const written = yield* run("baseline", "write", "known.json", "--reason", "accepted for now", "--assessments")
          assert.strictEqual(written.code, 0, written.stderr + saved.stderr)
          const held = yield* run("report", "run.json", "--baseline", "known.json", "--fail-on", "info", "-o", "json")
          assert.strictEqual(held.code, 0, held.stderr + held.stdout)
        })
      )
    )

    it.effect(
      "compares with the last scan in the journal, of the same name, type and questionnaire, and with no other (V-05, V-13)",
      () =>
        withPlan((run, write) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            const categories = [
              { name: "TLS", checks: [{ name: "HSTS", status: "fail", severity: "high", message: "no" }] }
            ]
            const summary = { failed: 1, warnings: 0, critical: 0, high: 1, medium: 0, low: 0 }
            yield* appvet.script({
              match: { route: "report" },
              steps: [{ merge: { categories, summary }, times: Infinity }]
            })
            const site = (host: string, type: string) =>
              `  - { vendor: appvet, name: shop, url: https://clean.${host}, type: ${type}, pace: interactive }`
            const company = (rest: string) =>
              `  - { vendor: exona, company: { name: Acme, website: https://clean-acme.example }${rest}, pace: interactive }`
            const asked = ", questionnaire: [{ question: Why, answer: x }]"
            const first = ["--reuse", "0", "--fail-on-new", "high", "-o", "json"]
            yield* write(planOf(site("pr-1.example", "security"), company(""), company(asked)))
            const one = yield* run("run", ...first)
            assert.strictEqual(one.code, 1, one.stderr)
            const old: ReadonlyArray<{ readonly scanId: string }> = JSON.parse(one.stdout).scans
            yield* write(planOf(company(asked), company(""), site("pr-2.example", "security")))
            const two = yield* run("run", ...first)
            const rows: ReadonlyArray<{
              readonly previous: { readonly scanId: string } | null
              readonly trend: ReadonlyArray<unknown>
              readonly findings: { readonly items: ReadonlyArray<{ readonly status: string }> }
            }> = JSON.parse(two.stdout).scans
            assert.deepStrictEqual(
              rows.map(({ previous, trend }) => [previous?.scanId, trend.length]),
              [old[2], old[1], old[0]].map((row) => [row?.scanId, 1])
            )
            assert.deepStrictEqual(
              rows[2]?.findings.items.map(({ status }) => status),
              ["unchanged"],
              two.stdout
            )
            // Another type of scan of the name has nothing before it.
            yield* write(planOf(site("pr-2.example", "seo")))
            const other = yield* run("run", ...first)
            assert.deepStrictEqual([other.code, JSON.parse(other.stdout).scans[0].previous], [1, null])
          })
        )
    )

    it.effect("goes by the name of a target, whatever its address is (U-07)", () =>
      withPlan((run, write) =>
        Effect.gen(function* () {
          const site = (host: string, name: string) =>
            `  - { vendor: appvet, name: ${name}, url: https://${host}, type: seo }`
          yield* write(planOf(site("pr-1.example", "preview")))
          const one = yield* run("run", "-o", "json=one.json")
          assert.strictEqual(one.code, 0, one.stderr)
          yield* write(planOf(site("pr-2.example", "preview")))
          const two = yield* run("run", "-o", "json=two.json", "-o", "junit=two.xml")
          assert.strictEqual(two.code, 0, two.stderr)
          const changes = yield* run("diff", "one.json", "two.json", "-o", "json")
          assert.strictEqual(JSON.parse(changes.stdout).summary.subjects, 1)
          const [row] = JSON.parse((yield* run("report", "two.json", "-o", "json")).stdout).scans
          assert.deepStrictEqual([row.subject.name, row.trend.length], ["preview", 1])
          // One name for two subjects is refused, by each command that reads the plan.
          yield* write(planOf(site("a.example", "shop"), site("b.example", "shop")))
          for (const args of [["run"], ["run", "--dry-run"], ["config", "validate"], ["doctor", "scans.yaml"]]) {
            // Doctor's answer is its report, on standard output.
            const { code, stderr, stdout } = yield* run(...args)
            assert.strictEqual(code, 2, stderr)
            assert.match(
              stderr + stdout,
              /scans\.yaml:4:\d+: the name "shop" stands for two subjects: .*a\.example.* \(line 3\) and .*b\.example/
            )
          }
          yield* write(
            planOf(
              site("a.example", "shop"),
              "  - { vendor: appvet, name: shop, url: https://a.example, type: security }"
            )
          )
          assert.strictEqual((yield* run("config", "validate")).code, 0)
        })
      )
    )
  })
})
