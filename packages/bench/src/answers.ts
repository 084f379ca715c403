/**
 * Answers to polls as the vendors document them, read by their definitions and plainly: what a definition costs beside
 * `JSON.parse` and Effect's decoder of the fields that count. No HTTP: the client hands over the parsed text.
 */
import * as AppVet from "@scanpoll/appvet/AppVetVendor"
import * as AppVetSchema from "@scanpoll/appvet/AppVetSchema"
import * as Compliance from "@scanpoll/compliance/ComplianceVendor"
import * as ComplianceSchema from "@scanpoll/compliance/ComplianceSchema"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import { VendorHttp, type VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Exona from "@scanpoll/exona/ExonaVendor"
import * as ExonaSchema from "@scanpoll/exona/ExonaSchema"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** Reads one answer `count` times: by a poll of the vendor's adapter, and plainly. */
export interface Answer {
  readonly poll: (count: number) => Promise<void>
  readonly plain: (count: number) => void
}

type State = "running" | "completed" | "failed"

/** What is measured of a vendor: its answers, and the schema of a finished one. */
interface Measured {
  readonly vendor: {
    readonly name: string
    readonly make: (
      options: Vendor.Options
    ) => Effect.Effect<Pick<ScanAdapter<never, unknown>, "poll">, unknown, VendorHttp>
  }
  readonly answers: Readonly<Record<State, { readonly id: string; readonly [field: string]: unknown }>>
  readonly finished: Schema.Codec<unknown, unknown>
}

const times = { created_at: "2026-11-22T10:00:00Z", completed_at: "2026-11-22T10:01:15Z" }

const site = {
  id: "scan_8f2k1m9x3p",
  type: "security",
  url: "https://shop.example/",
  events: [
    { time: "10:00:12", message: "Checking headers" },
    { time: "10:00:31", message: "Checking cookies" }
  ],
  result: null,
  error: null
}

const dataset = {
  id: "550e8400-e29b-41d4-a716-446655440001",
  audit_name: "Quarter 3",
  policy_id: "550e8400-e29b-41d4-a716-446655440000",
  upload_id: "123e4567-e89b-12d3-a456-426614174000",
  mapping_id: "789e0123-e45b-67c8-d901-234567890123",
  audit_id: null,
  violation_count: 0,
  compliance_score: 0,
  rules_processed: 3,
  rules_total: 12,
  record_count: 0,
  mapping_config: null,
  temporal_scale: 24,
  score_history: [],
  delta: null,
  data_source: null,
  file_name: null,
  review_summary: null
}

const company = { id: "scn_8f2k1m9x3p", company: { name: "Acme AI Ltd", website: "https://acme.ai" }, cached: false }

const dimension = { score: 2, label: "Medium", rationale: "The product answers customers by itself." }

const measured: Readonly<Record<string, Measured>> = {
  AppVet: {
    vendor: AppVet.vendor,
    finished: AppVetSchema.AppVetPayload,
    answers: {
      running: { ...site, ...times, status: "scanning", progress: 42, completed_at: null },
      completed: {
        ...site,
        ...times,
        status: "completed",
        progress: 100,
        result: { score: 82, grade: "B", report_url: "https://appvet.dev/report/rpt_1" },
        error: undefined
      },
      failed: { ...site, ...times, status: "failed", progress: 30, error: "the site did not answer" }
    }
  },
  compliance: {
    vendor: Compliance.vendor,
    finished: ComplianceSchema.CompliancePayload,
    answers: {
      running: { ...dataset, ...times, status: "running", completed_at: null },
      completed: {
        ...dataset,
        ...times,
        status: "completed",
        violation_count: 7,
        compliance_score: 87.5,
        rules_processed: 12,
        record_count: 1000,
        mapping_config: { account: "acct" },
        score_history: [{ score: 87.5, timestamp: times.completed_at, action: "scan", violation_id: null }],
        delta: {
          new_count: 2,
          resolved_count: 1,
          unchanged_count: 5,
          previous_scan_id: "550e8400-e29b-41d4-a716-446655440009",
          previous_violation_count: 6
        }
      },
      failed: { ...dataset, ...times, status: "failed" }
    }
  },
  Exona: {
    vendor: Exona.vendor,
    finished: Schema.Struct({ result: ExonaSchema.ExonaResult }),
    answers: {
      running: { ...company, status: "processing", created_at: times.created_at },
      completed: {
        ...company,
        ...times,
        status: "completed",
        result: {
          enrichment: { industry_sector: "Software", revenue_model: "SaaS", number_of_users: 12_000 },
          risk_assessment: { overall_risk_level: "High", ai_intensity: dimension, autonomy: dimension },
          matched_incidents: [2023, 2024, 2025].map((year) => ({
            description: "A system answered with another customer's data.",
            year,
            risk_domain: "Privacy",
            similarity_score: 0.7,
            reference_urls: [`https://news.example/${year}`]
          })),
          data_freshness: { sources_last_checked: "2026-11-20T00:00:00Z" }
        }
      },
      failed: {
        ...company,
        ...times,
        status: "failed",
        error: { code: "INSUFFICIENT_DATA", message: "Too little is public.", hint: "Try later.", request_id: "req_1" }
      }
    }
  }
}

// Where a scan runs or failed, a plain reader looks at two fields.
const Head = Schema.Struct({ id: Schema.String, status: Schema.String })

const keys: Readonly<Record<string, string>> = {
  AppVet: "avk_live_bench0123456789",
  compliance: "bench.key.0123456789",
  Exona: "exo_live_bench0123456789"
}

const origin = "https://vendor.example"

/** The answer of a vendor about a scan in that state. */
export const load = async (name: string, state: State): Promise<Answer> => {
  const found = measured[name]
  if (found === undefined) throw new Error(`no such vendor: ${name}`)
  const text = JSON.stringify(found.answers[state])
  const response = (): VendorResponse => ({
    status: 200,
    body: { _tag: "Json", value: JSON.parse(text) },
    hint: Option.none(),
    quota: Option.none(),
    requestId: "req_1",
    warnings: []
  })
  const get = () => Effect.sync(response)
  const client = { origin, get, post: get, scrub: (said: string) => said }
  const http = Layer.succeed(VendorHttp, { make: () => Effect.succeed(client) })
  const making = found.vendor.make({ credential: Redacted.make(keys[name] ?? ""), baseUrl: origin })
  const adapter = await Effect.runPromise(Effect.provide(making, http))
  const ticket = ScanTicket.make({
    vendor: found.vendor.name,
    origin,
    account: "default",
    scanId: found.answers[state].id,
    submittedAt: null
  })
  const wanted = state === "running" ? "Pending" : "Settled"
  const decode: (body: unknown) => unknown = Schema.decodeUnknownSync(state === "completed" ? found.finished : Head)
  return {
    poll: (count) => {
      let left = count
      return Effect.runPromise(
        Effect.whileLoop({
          while: () => left-- > 0,
          body: () => adapter.poll(ticket),
          step: ({ observation }) => {
            if (observation._tag !== wanted) throw new Error(`unexpected observation: ${observation._tag}`)
          }
        })
      )
    },
    plain: (count) => {
      for (let left = count; left > 0; left--) decode(JSON.parse(text))
    }
  }
}
