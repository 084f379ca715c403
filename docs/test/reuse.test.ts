/** The table of `docs/guides/reuse.md`, made by the engine's own rules. `DOCS_UPDATE=1` writes it instead of comparing. */
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import { Compliance } from "@scanpoll/compliance/ComplianceVendor"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Scans from "@scanpoll/core/engine/Scans"
import { Exona } from "@scanpoll/exona/ExonaVendor"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import { UrlscanVendor } from "@scanpoll/urlscan"
import { VirusTotalVendor } from "@scanpoll/virustotal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Http from "scanpoll/vendors/Http"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { answers } from "../../packages/core/src/engine/internal/claimRules.ts"
import * as Recall from "../../packages/core/src/engine/internal/recall.ts"

const page = fileURLToPath(new URL("../guides/reuse.md", import.meta.url))
const now = Date.UTC(2026, 10, 30)
const ages = ["10 minutes", "2 hours", "45 days"] as const
const reuses = ["0 seconds", "1 hour", "60 days"] as const

const maxAgeOf = <Request, Payload>(adapter: ScanAdapter<Request, Payload>, request: Request) =>
  Scans.request(adapter, request).maxAge

const wishes = Effect.gen(function* () {
  const key = (text: string) => ({ credential: Redacted.make(text) })
  const exona = yield* Exona.make(key("exo_test_abcdefghijklmnop"))
  const appvet = yield* AppVet.make(key("avk_live_abcdefghijklmnop"))
  const compliance = yield* Compliance.make({ baseUrl: "https://compliance.example", ...key("aaaa.bbbb.cccc") })
  const urlscan = yield* UrlscanVendor.vendor.make(key("5a1d0000-0000-4000-8000-00000000000a"))
  const virustotal = yield* VirusTotalVendor.vendor.make(key("a1".repeat(32)))
  const sonarqube = yield* SonarQubeVendor.vendor.make({ baseUrl: "https://sonar.example", ...key("squ_0123456789") })
  const company = { name: "Acme AI Ltd", website: "https://acme.ai" }
  const questionnaire = [{ question: "Is it so?", answer: "It is." }]
  return [
    ["AppVet", maxAgeOf(appvet, { url: "https://example.com", type: "security" })],
    [
      "Compliance",
      maxAgeOf(compliance, {
        policyId: "550e8400-e29b-41d4-a716-446655440000",
        uploadId: "123e4567-e89b-42d3-a456-426614174000",
        mappingId: "789e0123-e45b-47c8-9901-234567890123"
      })
    ],
    ["SonarQube (a task is asked about again, never bought)", maxAgeOf(sonarqube, { task: "AZq1vT0eTASK00000001" })],
    ["urlscan.io", maxAgeOf(urlscan, { url: "https://shop.example/" })],
    ["VirusTotal", maxAgeOf(virustotal, { url: "https://shop.example/" })],
    ["Exona", maxAgeOf(exona, { company })],
    ["Exona, `maxAgeDays: 30`", maxAgeOf(exona, { company, maxAgeDays: 30 })],
    ["Exona, `maxAgeDays: 0`", maxAgeOf(exona, { company, maxAgeDays: 0 })],
    ["Exona, `forceRefresh: true`", maxAgeOf(exona, { company, forceRefresh: true })],
    ["Exona, a questionnaire", maxAgeOf(exona, { company, questionnaire })],
    ["Exona, a questionnaire and `maxAgeDays: 30`", maxAgeOf(exona, { company, questionnaire, maxAgeDays: 30 })]
  ] as const
}).pipe(Effect.provide(Http.layer))

const isTaken = (
  outcome: "Completed" | "Partial" | "Failed",
  age: Duration.Input,
  reuse: Duration.Input,
  maxAge: Duration.Duration | null
): boolean => {
  const run = { startedAt: now, reuseFrom: Recall.settledSince(now, Duration.fromInputUnsafe(reuse)) + 1 }
  const changedAt = now - Duration.toMillis(Duration.fromInputUnsafe(age))
  const reuseFrom = Recall.reuseFrom(run, { maxAge })
  return answers({ changedAt, outcome: { _tag: outcome } }, { reuseFrom, askedAt: now }, now)
}

const tables = (all: Effect.Success<typeof wishes>): Readonly<Record<string, string>> => {
  const columns = reuses.flatMap((reuse) =>
    ages.map((age) => `${age} old, \`--reuse ${reuse === "0 seconds" ? "0" : reuse === "1 hour" ? "1h" : "60d"}\``)
  )
  const rows = all.map(([words, maxAge]) => [
    words,
    ...reuses.flatMap((reuse) => ages.map((age) => (isTaken("Completed", age, reuse, maxAge) ? "taken" : "bought")))
  ])
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  return {
    ages: [
      line(["a `completed` answer of an equal request", ...columns]),
      `|${"---|".repeat(columns.length + 1)}`,
      ...rows.map(line)
    ].join("\n")
  }
}

describe("the page of reuse", () => {
  it("says what the engine takes from the journal, by vendor, request, age and --reuse (V-03, V-04, V-16, V-19)", async () => {
    const made = tables(await Effect.runPromise(wishes))
    const text = readFileSync(page, "utf8")
    const written = text.replace(
      /<!-- table: (?<name>\w+) -->\n[^]*?<!-- end -->/g,
      (_, name: string) => `<!-- table: ${name} -->\n\n${made[name] ?? "no such table"}\n\n<!-- end -->`
    )
    if (process.env["DOCS_UPDATE"] === "1") writeFileSync(page, written)
    else assert.strictEqual(text, written, "run: DOCS_UPDATE=1 npm test -- docs/test/reuse.test.ts")
  })

  it("takes nothing that failed or stayed partial, whatever --reuse and the request say (V-03)", async () => {
    const all = await Effect.runPromise(wishes)
    const taken = all.flatMap(([words, maxAge]) =>
      (["Partial", "Failed"] as const).flatMap((outcome) =>
        ages.flatMap((age) =>
          reuses.filter((reuse) => isTaken(outcome, age, reuse, maxAge)).map((reuse) => [words, outcome, age, reuse])
        )
      )
    )
    assert.deepStrictEqual(taken, [])
  })
})
