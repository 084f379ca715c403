/**
 * The vendors that come with the command: the one place that knows their packages.
 *
 * A further one is one more line of `definitions`. Nothing but the assembly of the command reads this list: everything else is
 * given the `Vendors` that are known.
 *
 * @since 0.1.0
 */
import * as AppVetAdapter from "@scanpoll/appvet/AppVetAdapter"
import * as AppVetPolicy from "@scanpoll/appvet/AppVetPolicy"
import * as AppVetSchema from "@scanpoll/appvet/AppVetSchema"
import * as AppVetVendor from "@scanpoll/appvet/AppVetVendor"
import * as ComplianceAdapter from "@scanpoll/compliance/ComplianceAdapter"
import * as CompliancePolicy from "@scanpoll/compliance/CompliancePolicy"
import * as ComplianceSchema from "@scanpoll/compliance/ComplianceSchema"
import * as ComplianceVendor from "@scanpoll/compliance/ComplianceVendor"
import { VendorConfigError } from "@scanpoll/core/http/VendorHttp"
import * as Definitions from "@scanpoll/core/vendor/Vendor"
import * as ExonaAdapter from "@scanpoll/exona/ExonaAdapter"
import * as ExonaPolicy from "@scanpoll/exona/ExonaPolicy"
import * as ExonaSchema from "@scanpoll/exona/ExonaSchema"
import * as ExonaVendor from "@scanpoll/exona/ExonaVendor"
import type { Samples } from "@scanpoll/testkit/Samples"
import * as SonarQubeVendor from "@scanpoll/sonarqube/SonarQubeVendor"
import * as UrlscanVendor from "@scanpoll/urlscan/UrlscanVendor"
import * as VirusTotalVendor from "@scanpoll/virustotal/VirusTotalVendor"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { didYouMean } from "../config/Nearest.ts"
import * as Vendors from "./Vendor.ts"

// `Acme AI Ltd=https://acme.ai`: a name may hold an equals sign, and so may the query of a website.
const parseCompany = (text: string): Vendors.TargetText => {
  const at = /=(?=https?:\/\/)/i.exec(text)?.index ?? text.lastIndexOf("=")
  const name = text.slice(0, at).trim()
  const website = text.slice(at + 1).trim()
  return at <= 0 || name === "" || website === ""
    ? Result.fail('is written "exona:NAME=WEBSITE", such as "exona:Acme AI Ltd=https://acme.ai"')
    : Result.succeed({ company: { name, website } })
}

// `a=1,b=2` with known names only: a comma inside a value is no separator.
const parsePairs = (
  text: string,
  names: Readonly<Record<string, string>>,
  form: string
): Result.Result<Record<string, string>, string> => {
  const parts = text.split(/,(?=\s*[A-Za-z]+\s*=)/)
  const out: Record<string, string> = {}
  for (const part of parts) {
    const at = part.indexOf("=")
    const name = part.slice(0, Math.max(at, 0)).trim()
    const key = Object.hasOwn(names, name) ? names[name] : undefined
    if (at < 0 || key === undefined) {
      return Result.fail(`is written ${JSON.stringify(form)}${at < 0 ? "" : didYouMean(name, Object.keys(names))}`)
    }
    if (Object.hasOwn(out, key)) return Result.fail(`names ${name} twice`)
    out[key] = part.slice(at + 1).trim()
  }
  return Result.succeed(out)
}

const complianceForm = "compliance:policy=ID,upload=ID,mapping=ID"

const parseDataset = (text: string): Vendors.TargetText =>
  parsePairs(
    text,
    {
      policy: "policyId",
      policyId: "policyId",
      upload: "uploadId",
      uploadId: "uploadId",
      mapping: "mappingId",
      mappingId: "mappingId",
      audit: "auditId",
      auditId: "auditId",
      name: "auditName",
      auditName: "auditName"
    },
    complianceForm
  )

const appvetForm = "appvet:URL"

const parseSite = (text: string): Vendors.TargetText => {
  if (!/^\s*(url|type|callbackUrl)\s*=/.test(text)) return Result.succeed({ url: text.trim(), type: "security" })
  const names = { url: "url", type: "type", callbackUrl: "callbackUrl" }
  return Result.map(parsePairs(text, names, "appvet:url=URL,type=TYPE"), (fields) => ({ type: "security", ...fields }))
}

/**
 * AI-risk scans of companies.
 *
 * @category constructors
 * @since 0.1.0
 */
export const exona: Vendors.Vendor = Vendors.make({
  name: "exona",
  facts: {
    title: "Exona",
    scans: "AI-risk scans of companies",
    docs: "https://docs.exonalab.com",
    keyVariable: "EXONA_API_KEY",
    baseVariable: "EXONA_BASE_URL",
    defaultBaseUrl: ExonaVendor.vendor.baseUrl,
    extraVariables: [],
    extraWords: {},
    keyForm: { pattern: /^exo_(live|test)_/, words: "begins with exo_live_ or exo_test_" },
    capabilities: ["cache", "findings"],
    rateLimit: "100 requests an hour",
    targetForm: '"exona:NAME=WEBSITE"',
    probe: "scn_doctor0000000000000000000000",
    isActive: false,
    asOf: ExonaVendor.vendor.asOf ?? null,
    terms: ExonaVendor.vendor.terms ?? [],
    isId: ExonaVendor.vendor.isId,
    doubt: [
      "Exona has no list of scans, so it cannot be looked for. Its dashboard may show it, and so may its cache: submit the",
      "same company with maxAgeDays 1 and without forceRefresh, some minutes after the first time. A hit costs nothing and",
      "gives the first scan; a miss starts a new scan, which is paid for."
    ]
  },
  schema: ExonaSchema.ExonaRequest,
  limits: ExonaPolicy.limits,
  policies: ExonaPolicy.policies,
  check: ExonaSchema.requestFaults,
  sample: { company: { name: "Acme AI Ltd", website: "https://acme.ai" } },
  about: ({ company }) => ({
    subject: { kind: "company", id: ExonaSchema.canonicalWebsite(company.website), name: company.name },
    scanType: ""
  }),
  parse: parseCompany,
  open: ({ account, baseUrl, credential, insecureHosts }) =>
    ExonaAdapter.Exona.make({ account, credential, insecureHosts, ...(baseUrl === null ? {} : { baseUrl }) })
})

/**
 * Rule scans of datasets, with a delta.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compliance: Vendors.Vendor = Vendors.make({
  name: "compliance",
  facts: {
    title: "Compliance API (Yggdrasil)",
    scans: "policy scans of datasets",
    docs: "https://github.com/Basit-Ali0/Yggdrasil",
    keyVariable: "COMPLIANCE_TOKEN",
    baseVariable: "COMPLIANCE_BASE_URL",
    defaultBaseUrl: null,
    extraVariables: ["COMPLIANCE_ORGANIZATION_ID"],
    extraWords: { COMPLIANCE_ORGANIZATION_ID: "Your organisation there, if you have several" },
    keyForm: { pattern: /^[\w-]+\.[\w-]+\.[\w-]*$/, words: "is a JWT: three parts with dots" },
    capabilities: ["delta", "score", "reconcile by audit", "done inside the submit"],
    rateLimit: "none documented",
    targetForm: complianceForm,
    probe: "00000000-0000-4000-8000-000000000000",
    isActive: false,
    asOf: ComplianceVendor.vendor.asOf ?? null,
    terms: ComplianceVendor.vendor.terms ?? [],
    isId: ComplianceVendor.vendor.isId,
    doubt: [
      "The vendor lists scans by audit. Without an audit its own history shows whether a scan was made; submitting again",
      "makes another one."
    ]
  },
  schema: ComplianceSchema.ComplianceRequest,
  limits: CompliancePolicy.limits,
  policies: CompliancePolicy.policies,
  check: ComplianceAdapter.check,
  sample: {
    policyId: "550e8400-e29b-41d4-a716-446655440000",
    uploadId: "123e4567-e89b-12d3-a456-426614174000",
    mappingId: "789e0123-e45b-67c8-d901-234567890123"
  },
  about: (request) => ({ subject: ComplianceAdapter.subject(request), scanType: "" }),
  parse: parseDataset,
  open: ({ account, baseUrl, credential, extra, insecureHosts }) => {
    const organizationId = extra["COMPLIANCE_ORGANIZATION_ID"]
    return baseUrl === null
      ? Effect.fail(new VendorConfigError({ vendor: "compliance", faults: ["COMPLIANCE_BASE_URL is not set"] }))
      : ComplianceAdapter.Compliance.make({
          account,
          baseUrl,
          credential,
          insecureHosts,
          ...(organizationId === undefined ? {} : { organizationId })
        })
  }
})

/**
 * Scans of web sites, with partial results.
 *
 * @category constructors
 * @since 0.1.0
 */
export const appvet: Vendors.Vendor = Vendors.make({
  name: "appvet",
  facts: {
    title: "AppVet",
    scans: "security, performance, accessibility and seo scans of web sites",
    docs: "https://appvet.dev/docs",
    keyVariable: "APPVET_API_KEY",
    baseVariable: "APPVET_BASE_URL",
    defaultBaseUrl: AppVetVendor.vendor.baseUrl,
    extraVariables: [],
    extraWords: {},
    keyForm: { pattern: /^avk_live_/, words: "begins with avk_live_" },
    capabilities: ["score", "grade", "findings", "partial", "progress", "reconcile"],
    rateLimit: "60 requests a minute (10 on the free plan), 10 open scans",
    targetForm: appvetForm,
    probe: "scan_doctor000000",
    isActive: false,
    asOf: AppVetVendor.vendor.asOf ?? null,
    terms: AppVetVendor.vendor.terms ?? [],
    isId: AppVetVendor.vendor.isId,
    doubt: ["AppVet lists its scans. Submitting again makes another one, which counts against the plan."]
  },
  schema: AppVetSchema.AppVetRequest,
  limits: AppVetPolicy.limits,
  policies: AppVetPolicy.policies,
  check: AppVetAdapter.check,
  sample: { url: "https://example.com", type: "security" },
  about: (request) => ({ subject: AppVetAdapter.subject(request), scanType: request.type }),
  parse: parseSite,
  open: ({ account, baseUrl, credential, insecureHosts }) =>
    AppVetAdapter.AppVet.make({ account, credential, insecureHosts, ...(baseUrl === null ? {} : { baseUrl }) })
})

/**
 * A vendor that its definition tells in full, and the samples that `demo` and `simulate` play it by.
 *
 * @category models
 * @since 0.2.0
 */
export interface Defined {
  readonly vendor: Definitions.Vendor<unknown, unknown>
  readonly samples: () => Promise<Samples<unknown>>
}

const defined = <T, P>(
  definition: Definitions.Vendor<T, P>,
  samples: () => Promise<{ readonly samples: Samples<T> }>
): Defined => {
  const vendor: unknown = definition
  if (!Definitions.isVendor(vendor)) throw new TypeError(`${definition.name} was made by another copy of core`)
  return { vendor, samples: async () => (await samples()).samples }
}

/**
 * The vendors that need no code here: a further one is one more line. Targets, plans and their schema, keys, help, `doctor`,
 * completions, `demo` and `simulate` follow from it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const definitions: ReadonlyArray<Defined> = [
  defined(UrlscanVendor.vendor, () => import("@scanpoll/urlscan/UrlscanSamples")),
  defined(VirusTotalVendor.vendor, () => import("@scanpoll/virustotal/VirusTotalSamples")),
  defined(SonarQubeVendor.vendor, () => import("@scanpoll/sonarqube/SonarQubeSamples"))
]

/**
 * All of them, in the order they are shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: ReadonlyArray<Vendors.Vendor> = [
  exona,
  compliance,
  appvet,
  ...definitions.map(({ vendor }) => Vendors.fromDefinition(vendor))
]
