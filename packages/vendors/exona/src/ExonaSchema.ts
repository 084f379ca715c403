/**
 * What goes to Exona and what comes back: the typed request, the wire shapes, and how tolerantly they are read.
 *
 * A scan answer needs an `id` and a `status`; everything else may be missing. Unknown fields are kept where they belong
 * to the vendor's result and ignored elsewhere. A documented field of the wrong type is left out and noted. Nothing
 * here decides what a status means.
 *
 * @see https://docs.exonalab.com/docs/api-reference/post-scans
 * @see https://docs.exonalab.com/docs/api-reference/get-scans
 * @see https://docs.exonalab.com/docs/data-reference/scan-result
 * @since 0.1.0
 */
import type { RequestFault } from "@scanpoll/core/engine/ScanAdapter"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import { isScanId } from "@scanpoll/core/model/ScanTicket"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/**
 * The limits of a request. The vendor documents those of the questionnaire and of `maxAgeDays`; it names none for the
 * name, the website and a question, where ours are generous. Characters are Unicode code points.
 *
 * @see https://docs.exonalab.com/docs/data-reference/errors
 * @category constructors
 * @since 0.1.0
 */
export const requestLimits = {
  nameLength: 500,
  websiteLength: 2048,
  maxAgeDays: 365,
  questions: 50,
  answerLength: 5000,
  questionnaireLength: 20_000
} as const

const controls = /\p{Cc}/u

const longerThan = (text: string, max: number): boolean =>
  text.length > max && (text.length > max * 2 || Array.from(text).length > max)

const nameFault = (name: string): string | null => {
  if (name.trim() === "") return "must not be empty"
  if (controls.test(name)) return "must be one line without control characters"
  return longerThan(name, requestLimits.nameLength) ? `must have at most ${requestLimits.nameLength} characters` : null
}

const websiteFault = (website: string): string | null => {
  if (website.trim() === "") return "must not be empty"
  if (longerThan(website, requestLimits.websiteLength)) {
    return `must have at most ${requestLimits.websiteLength} characters`
  }
  // The URL parser would repair these in silence, and the vendor sees what was typed.
  if (/\s/.test(website) || controls.test(website)) return "must not contain white space"
  if (!website.startsWith("https://")) return "must be a URL that starts with https://"
  const url = URL.parse(website)
  if (url === null) return "must be a URL with a host, such as https://example.com"
  return url.username !== "" || url.password !== "" ? "must not contain a user name or a password" : null
}

const maxAgeFault = (days: number): string | null =>
  Number.isInteger(days) && days >= 0 && days <= requestLimits.maxAgeDays
    ? null
    : `must be a whole number of days from 0 to ${requestLimits.maxAgeDays}`

const lengthOf = (text: unknown): number => (typeof text === "string" ? Array.from(text).length : 0)

const questionnaireFaults = (items: ReadonlyArray<unknown>): ReadonlyArray<RequestFault> => {
  const faults: Array<RequestFault> = []
  const { answerLength, questionnaireLength, questions } = requestLimits
  if (items.length > questions) {
    faults.push({ path: ["questionnaire"], message: `must have at most ${questions} items, it has ${items.length}` })
  }
  let total = 0
  for (const [index, item] of items.entries()) {
    if (!WireFields.isRecord(item)) continue
    total += lengthOf(item["question"]) + lengthOf(item["answer"])
    if (typeof item["question"] === "string" && item["question"].trim() === "") {
      faults.push({ path: ["questionnaire", index, "question"], message: "must not be empty" })
    }
    if (typeof item["answer"] === "string" && longerThan(item["answer"], answerLength)) {
      faults.push({
        path: ["questionnaire", index, "answer"],
        message: `must have at most ${answerLength} characters`
      })
    }
  }
  if (total > questionnaireLength) {
    faults.push({
      path: ["questionnaire"],
      message: `must have at most ${questionnaireLength} characters in all questions and answers, it has ${total}`
    })
  }
  return faults
}

// Looks only at fields of the right type: the shape reports the others.
const limitFaults = (request: unknown): ReadonlyArray<RequestFault> => {
  if (!WireFields.isRecord(request)) return []
  const faults: Array<RequestFault> = []
  const note = (path: ReadonlyArray<string>, message: string | null): void => {
    if (message !== null) faults.push({ path, message })
  }
  const company = request["company"]
  if (WireFields.isRecord(company)) {
    if (typeof company["name"] === "string") note(["company", "name"], nameFault(company["name"]))
    if (typeof company["website"] === "string") note(["company", "website"], websiteFault(company["website"]))
  }
  if (typeof request["maxAgeDays"] === "number") note(["maxAgeDays"], maxAgeFault(request["maxAgeDays"]))
  return Array.isArray(request["questionnaire"])
    ? [...faults, ...questionnaireFaults(request["questionnaire"])]
    : faults
}

const Shape = Schema.Struct({
  company: Schema.Struct({
    name: Schema.String.annotate({
      description: "The company's name: one line of at most 500 characters.",
      examples: ["Acme AI Ltd"]
    }),
    website: Schema.String.annotate({
      description: "Its website, an https address: what Exona knows a company by.",
      examples: ["https://acme.ai"]
    })
  }).annotate({ description: "The company to scan." }),
  maxAgeDays: Schema.optional(Schema.Number).annotate({
    description:
      "Take a completed scan of the same website that is at most so many days old instead of buying a new one: 0 to 365. Ignored beside a questionnaire or forceRefresh.",
    default: 0,
    examples: [30]
  }),
  forceRefresh: Schema.optional(
    Schema.Boolean.annotate({ description: "Buy a new scan whatever maxAgeDays says.", default: false })
  ),
  questionnaire: Schema.optional(
    Schema.Array(
      Schema.Struct({
        question: Schema.String.annotate({ description: "What the company was asked." }),
        answer: Schema.String.annotate({ description: "What it said: at most 5 000 characters." })
      })
    ).annotate({
      description:
        "What the company said about itself: at most 50 items, 20 000 characters in all. A scan with a questionnaire never comes from the cache."
    })
  ),
  includeFieldCitations: Schema.optional(
    Schema.Boolean.annotate({ description: "Ask for the sources of each field Exona found out.", default: false })
  )
})

/**
 * A request for a scan of one company, as it stands in a plan file.
 *
 * - `company`: its name (one line, up to 500 characters) and its website, an https URL. The website is what Exona knows
 *   a company by.
 * - `maxAgeDays`: take a completed scan of the same website from the last so many days instead of buying a new one, 0
 *   to 365. Default 0: always a new scan. Ignored by Exona beside a questionnaire or `forceRefresh`.
 * - `forceRefresh`: buy a new scan whatever `maxAgeDays` says. Default false.
 * - `questionnaire`: what the company said about itself, up to 50 items, 5 000 characters per answer and 20 000 in all.
 *   A scan with a questionnaire never comes from the cache.
 * - `includeFieldCitations`: ask for the sources of each enrichment field. Default false.
 *
 * @see https://docs.exonalab.com/docs/api-reference/post-scans
 * @category schemas
 * @since 0.1.0
 */
export const ExonaRequest = Shape.check(
  Schema.makeFilter((request) => limitFaults(request).map(({ message, path }) => ({ path, issue: message })))
)

/**
 * @category models
 * @since 0.1.0
 */
export interface ExonaRequest extends Schema.Schema.Type<typeof ExonaRequest> {}

const decodeShape = Schema.decodeUnknownResult(Shape, { errors: "all" })

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Everything that is wrong with a request, types and limits alike, with the path of each field; empty when nothing is.
 *
 * @category destructors
 * @since 0.1.0
 */
export const requestFaults = (request: unknown): ReadonlyArray<RequestFault> => {
  const shape = decodeShape(request)
  const limits = limitFaults(request)
  if (Result.isSuccess(shape)) return limits
  const wrong = formatIssue(shape.failure.issue).issues.map(({ message, path }) => ({
    path: (path ?? []).flatMap((part) => (typeof part === "string" || typeof part === "number" ? [part] : [])),
    message
  }))
  return [...wrong, ...limits]
}

/**
 * The body of `POST /scans`. Options that are at their default are left out, and so is an empty questionnaire: its
 * presence alone would bypass the cache.
 *
 * @category destructors
 * @since 0.1.0
 */
export const requestBody = (request: ExonaRequest): Readonly<Record<string, unknown>> => ({
  company_name: request.company.name,
  company_website: request.company.website,
  ...(hasQuestionnaire(request)
    ? { questionnaire: request.questionnaire?.map(({ answer, question }) => ({ question, answer })) }
    : {}),
  ...(request.maxAgeDays !== undefined && request.maxAgeDays > 0 ? { max_age_days: request.maxAgeDays } : {}),
  ...(request.forceRefresh === true ? { force_refresh: true } : {}),
  ...(request.includeFieldCitations === true ? { include_field_citations: true } : {})
})

/**
 * Whether a request carries a questionnaire. An empty one is none.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasQuestionnaire = (request: ExonaRequest): boolean =>
  request.questionnaire !== undefined && request.questionnaire.length > 0

/**
 * A website as Exona compares it: lower case, without trailing slashes.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category destructors
 * @since 0.1.0
 */
export const canonicalWebsite = (website: string): string => {
  const lower = website.trim().toLowerCase()
  let end = lower.length
  while (end > 0 && lower.charCodeAt(end - 1) === 47) end--
  return lower.slice(0, end)
}

const open = [Schema.Record(Schema.String, Schema.Json)] as const

/**
 * What Exona learnt about a company: one text per field, `number_of_users` a whole number. Kept as sent; the vendor does
 * not say which fields may be missing.
 *
 * @see https://docs.exonalab.com/docs/data-reference/scan-result
 * @category schemas
 * @since 0.1.0
 */
export const Enrichment = Schema.StructWithRest(
  Schema.Struct({
    industry_sector: Schema.optionalKey(Schema.Json),
    revenue_band: Schema.optionalKey(Schema.Json),
    revenue_model: Schema.optionalKey(Schema.Json),
    business_operations: Schema.optionalKey(Schema.Json),
    product_category: Schema.optionalKey(Schema.Json),
    product_details: Schema.optionalKey(Schema.Json),
    ai_in_product: Schema.optionalKey(Schema.Json),
    number_of_users: Schema.optionalKey(Schema.Json)
  }),
  open
)

/**
 * Exona's verdict. `overall_risk_level` is `Low`, `Medium`, `High` or `Very High`; the dimensions are objects with a
 * score (`ai_intensity` 0 to 4, the others 0 to 3), a label and a rationale. A higher `control_governance` means weaker
 * controls. How many dimensions there are is not fixed.
 *
 * @see https://docs.exonalab.com/docs/data-reference/risk-scores
 * @category schemas
 * @since 0.1.0
 */
export const RiskAssessment = Schema.StructWithRest(
  Schema.Struct({
    overall_risk_level: Schema.optionalKey(Schema.NullOr(Schema.String)),
    ai_intensity: Schema.optionalKey(Schema.Json),
    autonomy: Schema.optionalKey(Schema.Json),
    domain_risk: Schema.optionalKey(Schema.Json),
    blast_radius: Schema.optionalKey(Schema.Json),
    data_content_ip_risk: Schema.optionalKey(Schema.Json),
    control_governance: Schema.optionalKey(Schema.Json),
    regulatory_exposure: Schema.optionalKey(Schema.Json)
  }),
  open
)

/**
 * How fresh the sources are: `sources_last_checked` is an ISO 8601 time, kept as sent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DataFreshness = Schema.StructWithRest(
  Schema.Struct({ sources_last_checked: Schema.optionalKey(Schema.NullOr(Schema.String)) }),
  open
)

/**
 * The whole `result` of a completed scan, as Exona sent it. Only a documented field of the wrong type is missing.
 *
 * @see https://docs.exonalab.com/docs/data-reference/scan-result
 * @category schemas
 * @since 0.1.0
 */
export const ExonaResult = Schema.StructWithRest(
  Schema.Struct({
    enrichment: Schema.optionalKey(Schema.NullOr(Enrichment)),
    risk_assessment: Schema.optionalKey(Schema.NullOr(RiskAssessment)),
    matched_incidents: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Json))),
    data_freshness: Schema.optionalKey(Schema.NullOr(DataFreshness))
  }),
  open
)

/**
 * @category models
 * @since 0.1.0
 */
export interface ExonaResult extends Schema.Schema.Type<typeof ExonaResult> {}

const isResult = Schema.is(ExonaResult)

// Entries, not a spread with a delete: a field named `__proto__` stays plain data.
const without = (from: WireFields.WireRecord, name: string): WireFields.WireRecord =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== name))

const withField = (from: WireFields.WireRecord, name: string, value: unknown): WireFields.WireRecord =>
  Object.fromEntries(Object.entries(from).map(([key, old]) => [key, key === name ? value : old]))

const keep = (
  from: WireFields.WireRecord,
  name: string,
  reader: WireFields.Reader<unknown>,
  warnings: Array<string>,
  inside: string
): WireFields.WireRecord => {
  const before = warnings.length
  WireFields.optional(from, name, reader, warnings, inside)
  return warnings.length === before ? from : without(from, name)
}

const keepInside = (
  result: WireFields.WireRecord,
  block: string,
  name: string,
  warnings: Array<string>
): WireFields.WireRecord => {
  const checked = keep(result, block, WireFields.record, warnings, "result.")
  const inner = Object.hasOwn(checked, block) ? checked[block] : null
  if (!WireFields.isRecord(inner)) return checked
  const kept = keep(inner, name, WireFields.text, warnings, `result.${block}.`)
  return kept === inner ? checked : withField(checked, block, kept)
}

/**
 * Reads the `result` of a scan; null when there is none that says anything.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readResult = (value: unknown, warnings: Array<string>): ExonaResult | null => {
  if (!WireFields.isRecord(value) || Object.keys(value).length === 0) return null
  let result = keep(value, "enrichment", WireFields.record, warnings, "result.")
  result = keepInside(result, "risk_assessment", "overall_risk_level", warnings)
  result = keep(result, "matched_incidents", WireFields.list, warnings, "result.")
  result = keepInside(result, "data_freshness", "sources_last_checked", warnings)
  if (Object.keys(result).length === 0) return null
  if (isResult(result)) return result
  // What is left can only be a number like 1e999, which JSON itself cannot carry any further.
  const plain: unknown = JSON.parse(JSON.stringify(result))
  if (!isResult(plain)) return null
  warnings.push("result holds numbers beyond all bounds: null in their place")
  return plain
}

/**
 * A past incident that Exona finds similar to the company's profile. `similarityScore` is 0 to 1; above 0.75 the vendor
 * calls the match strong. It says how alike the cases are, not how bad.
 *
 * @see https://docs.exonalab.com/docs/data-reference/scan-result
 * @category models
 * @since 0.1.0
 */
export interface Incident {
  readonly description: string | null
  readonly year: number | null
  readonly riskDomain: string | null
  readonly similarityScore: number | null
  readonly referenceUrls: ReadonlyArray<string>
}

const similarity: WireFields.Reader<number> = {
  expected: "a number from 0 to 1",
  read: (value) => (typeof value === "number" && value >= 0 && value <= 1 ? value : null)
}

/**
 * The matched incidents of a result, typed. Entries that are not objects are counted in `dropped`. Null when the result
 * has no list of incidents: that is not the same as an empty one.
 *
 * @category destructors
 * @since 0.1.0
 */
export const incidents = (
  result: ExonaResult,
  warnings: Array<string> = []
): { readonly items: ReadonlyArray<Incident>; readonly dropped: number } | null => {
  const entries = result.matched_incidents ?? null
  if (entries === null) return null
  const items: Array<Incident> = []
  for (const [index, entry] of entries.entries()) {
    if (!WireFields.isRecord(entry)) continue
    const inside = `result.matched_incidents[${index}].`
    items.push({
      description: WireFields.optional(entry, "description", WireFields.text, warnings, inside),
      year: WireFields.optional(entry, "year", WireFields.integer, warnings, inside),
      riskDomain: WireFields.optional(entry, "risk_domain", WireFields.text, warnings, inside),
      similarityScore: WireFields.optional(entry, "similarity_score", similarity, warnings, inside),
      referenceUrls:
        WireFields.optional(entry, "reference_urls", WireFields.listOf(WireFields.text), warnings, inside) ?? []
    })
  }
  return { items, dropped: entries.length - items.length }
}

/**
 * The error object Exona uses in an HTTP error and in a failed scan alike.
 *
 * @see https://docs.exonalab.com/docs/data-reference/errors
 * @category models
 * @since 0.1.0
 */
export interface ExonaErrorBody {
  readonly code: string | null
  readonly message: string | null
  readonly param: string | null
  readonly hint: string | null
  readonly requestId: string | null
}

/**
 * Reads `error` out of a body; null when there is none, or it is not an object.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readError = (body: WireFields.WireRecord, warnings: Array<string>): ExonaErrorBody | null => {
  const error = WireFields.optional(body, "error", WireFields.record, warnings)
  if (error === null) return null
  const field = (name: string): string | null =>
    WireFields.optional(error, name, WireFields.nonEmptyText, warnings, "error.")
  return {
    code: field("code"),
    message: field("message"),
    param: field("param"),
    hint: field("hint"),
    requestId: field("request_id")
  }
}

/**
 * One scan as the API shows it, in the answer to a submission and to a poll. Times are milliseconds since 1970, null when
 * absent or unreadable. `result` and `error` are read only where the status asks for them: see `readResult` and
 * `readError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExonaScan {
  readonly id: string
  readonly status: string
  readonly createdAt: number | null
  readonly completedAt: number | null
  readonly cached: boolean
  readonly company: { readonly name: string | null; readonly website: string | null }
  readonly body: WireFields.WireRecord
  readonly warnings: ReadonlyArray<string>
}

const scanId: WireFields.Reader<string> = {
  expected: "a usable scan id",
  read: (value) => (typeof value === "string" && isScanId(value) ? value : null)
}

/**
 * The scan id of an answer, whatever else is in it; null when there is none that can be used.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readId = (body: unknown): string | null =>
  WireFields.isRecord(body) ? WireFields.optional(body, "id", scanId, []) : null

/**
 * Reads a scan out of the body of an answer; the failure says in words what is missing.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readScan = (body: unknown): Result.Result<ExonaScan, string> => {
  if (!WireFields.isRecord(body)) return Result.fail("the answer is not an object")
  const id = WireFields.required(body, "id", scanId)
  if (Result.isFailure(id)) return Result.fail(id.failure)
  const status = WireFields.required(body, "status", WireFields.nonEmptyText)
  if (Result.isFailure(status)) return Result.fail(status.failure)
  const warnings: Array<string> = []
  const company = WireFields.optional(body, "company", WireFields.record, warnings) ?? {}
  return Result.succeed({
    id: id.success,
    status: status.success,
    createdAt: WireFields.optional(body, "created_at", WireFields.time, warnings),
    completedAt: WireFields.optional(body, "completed_at", WireFields.time, warnings),
    cached: WireFields.optional(body, "cached", WireFields.flag, warnings) ?? false,
    company: {
      name: WireFields.optional(company, "name", WireFields.text, warnings, "company."),
      website: WireFields.optional(company, "website", WireFields.text, warnings, "company.")
    },
    body,
    warnings
  })
}
