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
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

// Characters are Unicode code points. The vendor documents the limits of the questionnaire and of `maxAgeDays`; it names none for
// the name and the website, where ours are generous.
const lengthOf = (text: unknown): number => (typeof text === "string" ? Array.from(text).length : 0)

// The annotations go to the text: after a check they would be the check's.
const limited = (
  about: Schema.Annotations.Bottom<string, readonly []>,
  expected: string,
  fits: (text: string) => boolean
) => Schema.String.annotate(about).check(Schema.makeFilter(fits, { expected }))

const controls = /\p{Cc}/u

const notBlank = (text: string): boolean => text.trim() !== ""

// The URL parser would repair white space in silence, and the vendor sees what was typed.
const isWebsite = (text: string): boolean => {
  const url = /^https:\/\/\S+$/.test(text) && !controls.test(text) ? URL.parse(text) : null
  return url !== null && url.username === "" && url.password === "" && lengthOf(text) <= 2048
}

/**
 * The limits of a whole questionnaire that a request breaks; those of its fields are in the shape.
 *
 * @category destructors
 * @since 0.2.0
 */
export const limitFaults = (request: unknown): ReadonlyArray<RequestFault> => {
  const items = Wire.get(request, ["questionnaire"])
  if (!Array.isArray(items)) return []
  const texts = items.flatMap((item) => [Wire.get(item, ["question"]), Wire.get(item, ["answer"])])
  const total = texts.reduce<number>((sum, text) => sum + lengthOf(text), 0)
  return [
    ...(items.length > 50 ? [`must have at most 50 items, it has ${items.length}`] : []),
    ...(total > 20_000 ? [`must have at most 20000 characters in all questions and answers, it has ${total}`] : [])
  ].map((message) => ({ path: ["questionnaire"], message }))
}

/**
 * A request's fields, their types and their limits.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RequestShape = Schema.Struct({
  company: Schema.Struct({
    name: limited(
      { description: "The company's name: one line of at most 500 characters.", examples: ["Acme AI Ltd"] },
      "one line without control characters, of 1 to 500 characters",
      (name) => notBlank(name) && !controls.test(name) && lengthOf(name) <= 500
    ),
    website: limited(
      {
        description: "Its website, an https address: what Exona knows a company by.",
        examples: ["https://acme.ai"]
      },
      "a URL that starts with https://, without white space, user name or password, of at most 2048 characters",
      isWebsite
    )
  }).annotate({ description: "The company to scan." }),
  maxAgeDays: Schema.optional(
    Schema.Number.check(
      Schema.makeFilter((days) => Number.isInteger(days) && days >= 0 && days <= 365, {
        expected: "a whole number of days from 0 to 365"
      })
    )
  ).annotate({
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
        question: limited({ description: "What the company was asked." }, "a text that is not empty", notBlank),
        answer: limited(
          { description: "What it said: at most 5 000 characters." },
          "a text of at most 5000 characters",
          (text) => lengthOf(text) <= 5000
        )
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
 * A request for a scan of one company, as it stands in a plan file, with all limits. The website is what Exona knows a
 * company by.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExonaRequest = RequestShape.check(
  Schema.makeFilter((request) => limitFaults(request).map(({ message, path }) => ({ path, issue: message })))
)

export interface ExonaRequest extends Schema.Schema.Type<typeof ExonaRequest> {}

const decodeShape = Schema.decodeUnknownResult(RequestShape, { errors: "all" })

/**
 * Everything that is wrong with a request, types and limits alike, with the path of each field; empty when nothing is.
 *
 * @category destructors
 * @since 0.1.0
 */
export const requestFaults = (request: unknown): ReadonlyArray<RequestFault> => {
  const shape = decodeShape(request)
  return [...(Result.isFailure(shape) ? Wire.faults(shape.failure.issue) : []), ...limitFaults(request)]
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

const json = Schema.optionalKey(Wire.json)

const open = <const F extends Schema.Struct.Fields>(fields: F) =>
  Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, Wire.json)])

/**
 * What Exona learnt about a company: one text per field, `number_of_users` a whole number. Kept as sent; the vendor does
 * not say which fields may be missing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Enrichment = open({
  industry_sector: json,
  revenue_band: json,
  revenue_model: json,
  business_operations: json,
  product_category: json,
  product_details: json,
  ai_in_product: json,
  number_of_users: json
})

/**
 * Exona's verdict. `overall_risk_level` is `Low`, `Medium`, `High` or `Very High`; the dimensions are objects with a
 * score (`ai_intensity` 0 to 4, the others 0 to 3), a label and a rationale. A higher `control_governance` means weaker
 * controls. How many dimensions there are is not fixed.
 *
 * @see https://docs.exonalab.com/docs/data-reference/risk-scores
 * @category schemas
 * @since 0.1.0
 */
export const RiskAssessment = open({
  overall_risk_level: Schema.optionalKey(Schema.NullOr(Schema.String)),
  ai_intensity: json,
  autonomy: json,
  domain_risk: json,
  blast_radius: json,
  data_content_ip_risk: json,
  control_governance: json,
  regulatory_exposure: json
})

/**
 * The whole `result` of a completed scan, as Exona sent it. Only a documented field of the wrong type is missing.
 * `sources_last_checked` is an ISO 8601 time.
 *
 * @see https://docs.exonalab.com/docs/data-reference/scan-result
 * @category schemas
 * @since 0.1.0
 */
export const ExonaResult = open({
  enrichment: Schema.optionalKey(Schema.NullOr(Enrichment)),
  risk_assessment: Schema.optionalKey(Schema.NullOr(RiskAssessment)),
  matched_incidents: Schema.optionalKey(Schema.NullOr(Schema.Array(Wire.json))),
  data_freshness: Schema.optionalKey(
    Schema.NullOr(open({ sources_last_checked: Schema.optionalKey(Schema.NullOr(Schema.String)) }))
  )
})

export interface ExonaResult extends Schema.Schema.Type<typeof ExonaResult> {}

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

const readIncidents = Wire.reader(
  Schema.Struct({
    matched_incidents: Wire.sieve(
      Schema.Struct({
        description: Schema.optionalKey(Wire.text()),
        year: Schema.optionalKey(Schema.Int.annotate({ expected: "a whole number" })),
        risk_domain: Schema.optionalKey(Schema.String),
        similarity_score: Schema.optionalKey(
          Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }, { expected: "a number from 0 to 1" }))
        ),
        reference_urls: Schema.optionalKey(Schema.Array(Schema.String))
      })
    )
  })
)

/**
 * The matched incidents of a result, typed. Entries that are not objects are counted in `dropped`; what was left out of
 * the others is noted in `warnings`. Null when the result has no list of incidents: that is not the same as an empty one.
 *
 * @category destructors
 * @since 0.1.0
 */
export const incidents = (
  result: ExonaResult,
  warnings: Array<string> = []
): { readonly items: ReadonlyArray<Incident>; readonly dropped: number } | null => {
  const { matched_incidents = null } = result
  if (matched_incidents === null) return null
  const read = readIncidents({ matched_incidents }, "result.")
  if (Result.isFailure(read)) return { items: [], dropped: matched_incidents.length }
  const { leftOut, value, warnings: noted } = read.success
  warnings.push(...noted)
  const items = value.matched_incidents.map(
    ({ description = null, reference_urls = [], risk_domain = null, similarity_score = null, year = null }) => ({
      description,
      year,
      riskDomain: risk_domain,
      similarityScore: similarity_score,
      referenceUrls: reference_urls
    })
  )
  return { items, dropped: leftOut }
}
