/**
 * What the demonstration scans, what the simulated vendors make of it, and what must therefore come out.
 *
 * @since 0.1.0
 */
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import * as AppVetSimulator from "@scanpoll/testkit/AppVetSimulator"
import * as ExonaSimulator from "@scanpoll/testkit/ExonaSimulator"
import * as Script from "@scanpoll/testkit/Script"
import type * as SimulatedVendor from "@scanpoll/testkit/SimulatedVendor"
import type { Simulator } from "@scanpoll/testkit/Simulator"
import type { Options, Shape } from "@scanpoll/testkit/Simulators"

const policy = "550e8400-e29b-41d4-a716-446655440000"
const mapping = "789e0123-e45b-47c8-9901-234567890123"

/**
 * The plan, as a file anybody could have written.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan = `# The plan of the demonstration: six vendors, sixteen targets, one report.
version: 1

gate:
  failOn: high

targets:
  # Exona: AI-risk scans of companies.
  - { vendor: exona, company: { name: Acme AI Ltd, website: "https://acme.example" } }
  - { vendor: exona, company: { name: Globex Robotics, website: "https://globex.example" }, maxAgeDays: 30 }
  - { vendor: exona, company: { name: Initech Models, website: "https://initech.example" } }
  - { vendor: exona, company: { name: Umbrella Health AI, website: "https://umbrella.example" } }
  - { vendor: exona, company: { name: Hooli Labs, website: "https://hooli.example" }, deadline: 2m }
  - { vendor: exona, company: { name: Acme AI Ltd, website: "https://ACME.example/" } }   # the first one again

  # AppVet: scans of web sites.
  - { vendor: appvet, url: "https://shop.example", type: security }
  - { vendor: appvet, url: "https://shop.example", type: performance }
  - { vendor: appvet, url: "https://blog.example", type: accessibility }
  - { vendor: appvet, url: "https://old.example", type: security }

  # Compliance: rule scans of datasets.
  - vendor: compliance
    policyId: ${policy}
    uploadId: 123e4567-e89b-42d3-a456-426614174000
    mappingId: ${mapping}
    auditName: Payments 2026
  - vendor: compliance
    policyId: 6ba7b810-9dad-41d1-80b4-00c04fd430c8
    uploadId: 6ba7b811-9dad-41d1-80b4-00c04fd430c8
    mappingId: 6ba7b812-9dad-41d1-80b4-00c04fd430c8
    auditName: Ledger 2026
  - vendor: compliance
    policyId: 7c9e6679-7425-40de-944b-e07fc1f90ae7
    uploadId: 7c9e667a-7425-40de-944b-e07fc1f90ae7
    mappingId: 7c9e667b-7425-40de-944b-e07fc1f90ae7
    auditName: Travel 2026

  # Two more about the shop, each in its own words, and the quality gate of its code.
  - { vendor: urlscan, url: "https://shop.example/" }
  - { vendor: virustotal, url: "https://shop.example/" }
  - { vendor: sonarqube, project: acme_shop, task: AZq1vT0eTASK00000001 }
`

/**
 * What must become of each target, in the plan's order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expected: ReadonlyArray<ScanState> = [
  "completed",
  "completed",
  "failed",
  "completed",
  "still-running",
  "completed",
  "completed",
  "completed",
  "partial",
  "completed",
  "completed",
  "completed",
  "completed",
  "completed",
  "completed",
  "completed"
]

// Busy for a moment; the hour's requests are not used up.
const busy: Script.Step = { ...ExonaSimulator.throttled(20), headers: { "Retry-After": "20" } }

const companies: Readonly<Record<string, ExonaSimulator.Fate>> = {
  "acme.example": { duration: "45 seconds", level: "Medium" },
  "initech.example": { duration: "40 seconds", outcome: "failed" },
  "umbrella.example": { duration: "70 seconds", level: "Very High", polls: [null, busy] },
  "hooli.example": { duration: Infinity }
}

const sites: Readonly<Record<string, AppVetSimulator.Fate>> = {
  "security https://shop.example": { duration: "60 seconds", score: 81 },
  "performance https://shop.example": { duration: "50 seconds", score: 96, polls: [null, Script.html(503)] },
  "accessibility https://blog.example": { duration: "80 seconds", outcome: "partial", score: 64 },
  "security https://old.example": { duration: "75 seconds", score: 38 }
}

const hostOf = (website: string): string => URL.parse(website)?.hostname ?? ""

/**
 * What becomes of the scans of the vendors that are played by their samples, by their names.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fates: Readonly<Record<string, SimulatedVendor.Fate>> = {
  urlscan: { duration: "25 seconds", sample: 0 },
  virustotal: { duration: "35 seconds", sample: 0 },
  sonarqube: { duration: "15 seconds", sample: 0 }
}

/**
 * The three vendors of the demonstration that have simulators of their own, on a clock of its own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const simulators = (now: () => number): Options => ({
  clock: now,
  seed: "demo",
  exona: {
    fate: ({ companyWebsite }) => companies[hostOf(companyWebsite)],
    earlier: [
      { companyName: "Globex Robotics", companyWebsite: "https://globex.example", ageDays: 12, fate: { level: "Low" } }
    ]
  },
  appvet: { fate: ({ type, url }) => sites[`${type} ${url}`] },
  compliance: {
    fate: ({ auditName }) => {
      switch (auditName) {
        case "Payments 2026":
          return { violations: 23, unchanged: 18 }
        case "Ledger 2026":
          return { inline: false, duration: "20 seconds", rulesTotal: 15, rulesProcessed: 8, violations: 4 }
        case "Travel 2026":
          return { violations: 0, score: 100 }
        default:
          return undefined
      }
    },
    earlier: [
      {
        policyId: policy,
        uploadId: "123e4567-e89b-42d3-a456-426614174001",
        mappingId: mapping,
        auditName: "Payments 2025",
        fate: { violations: 30 }
      }
    ]
  }
})

/**
 * One thing the demonstration has to show: what it is, and whether it happened.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sight {
  readonly words: string
  readonly seen: boolean
}

// The ledger's clock is read a moment apart from the engine's.
const tolerance = 50

const isPolite = ({ ledger }: Simulator, floor: number): boolean => {
  const scans = new Set(ledger.requests({ route: "status" }).flatMap((entry) => entry.scanId ?? []))
  return [...scans].flatMap((scanId) => ledger.gaps(scanId)).every((gap) => gap >= floor - tolerance)
}

/**
 * What the vendors' ledgers say was shown. `played` are those that are played by their samples, with the least gap between two
 * polls of a scan, in milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sights = (
  { appvet, compliance, exona }: Shape,
  played: ReadonlyArray<{ readonly simulated: Simulator; readonly floor: number }>
): ReadonlyArray<Sight> => {
  const vendors = [
    { simulated: exona, floor: 5_000 },
    { simulated: appvet, floor: 3_000 },
    { simulated: compliance, floor: 1_000 },
    ...played
  ]
  const bought = vendors.reduce((sum, { simulated }) => sum + simulated.ledger.accepted().length, 0)
  const requests = vendors.reduce((sum, { simulated }) => sum + simulated.ledger.totals().requests, 0)
  return [
    {
      words: `sixteen targets, ${bought} purchases: the target that was listed twice was bought once, and an analysis that was there already was only waited for`,
      seen: bought === 13
    },
    {
      words: "a company answered from Exona's cache, 12 days old: no purchase and no poll",
      seen: exona.ledger.cacheHits().length === 1
    },
    {
      words: "a 429 with Retry-After: every Exona poll waited it out, and it counted as no failure",
      seen: exona.ledger.requests({ status: 429 }).length === 1
    },
    {
      words: "a 503 in the middle of an AppVet scan: asked again later, nothing was lost",
      seen: appvet.ledger.requests({ status: 503 }).length === 1
    },
    {
      words: `${requests} requests in all, over real HTTP, and no scan is polled faster than its vendor allows`,
      seen: vendors.every(({ floor, simulated }) => isPolite(simulated, floor))
    }
  ]
}
