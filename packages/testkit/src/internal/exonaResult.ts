// The result of a simulated Exona scan: dimensions and incidents that fit its level. Draws from the given source alone.
import * as Random from "./random.ts"

/** The vendor's levels, mildest first. */
export const levels = ["Low", "Medium", "High", "Very High"] as const

export type Level = (typeof levels)[number]

const dimensions = [
  ["ai_intensity", 4, "How much of the product rests on AI"],
  ["autonomy", 3, "How far the system acts without a person"],
  ["domain_risk", 3, "How much harm the field of use allows"],
  ["blast_radius", 3, "How many people one fault would reach"],
  ["data_content_ip_risk", 3, "How the company handles data, content and rights"],
  ["control_governance", 3, "How weak the controls are"]
] as const

const labels = ["None", "Low", "Moderate", "High", "Very high"] as const

const sectors = [
  ["Logistics", "Route and warehouse planning", "Operations software"],
  ["Healthcare", "Triage support for clinics", "Decision support"],
  ["Financial services", "Document checks for lenders", "Compliance software"],
  ["Retail", "Product search and recommendation", "Search platform"],
  ["Human resources", "Ranking of job applications", "Recruiting software"],
  ["Manufacturing", "Visual inspection of parts", "Quality control"]
] as const

const bands = ["<$1M", "$1M-$10M", "$10M-$50M", "$50M-$250M", ">$250M"] as const

const incidents = [
  ["A model disclosed records of other customers.", "Privacy & Security"],
  ["Automated rejections were found to differ by origin.", "Discrimination & Toxicity"],
  ["A chatbot promised refunds the company did not grant.", "Misinformation"],
  ["A vision system missed faults for a whole shift.", "AI System Safety"],
  ["Training data was used without the authors' consent.", "Socioeconomic & Environmental"]
] as const

export interface Draft {
  readonly level: Level
  readonly website: string
  readonly checkedAt: string
  readonly citations: boolean
}

export const drawLevel = (random: Random.Random): Level =>
  random.pick(["Low", "Low", "Medium", "Medium", "Medium", "High", "High", "Very High"])

/** A result whose dimensions and incidents fit the level. */
export const make = (random: Random.Random, draft: Draft): Readonly<Record<string, unknown>> => {
  const severity = levels.indexOf(draft.level)
  const host = new URL(draft.website).hostname
  const [industry_sector, product_details, product_category] = random.pick(sectors)
  const enrichment: Record<string, unknown> = {
    industry_sector,
    revenue_band: random.pick(bands),
    revenue_model: random.pick(["Subscription", "Usage-based", "Licence", "Services"]),
    business_operations: `Serves business customers through ${host}`,
    product_category,
    product_details,
    ai_in_product: random.pick(["Core of the product", "One feature among others", "Internal use only"]),
    number_of_users: random.int(2, 400) * 50
  }
  if (draft.citations) {
    enrichment["citations"] = Object.fromEntries(
      Object.keys(enrichment).map((field) => [field, [`https://${host}/about`]])
    )
  }
  const risk_assessment: Record<string, unknown> = { overall_risk_level: draft.level }
  for (const [name, top, meaning] of dimensions) {
    const score = Math.min(top, Math.max(0, severity + random.int(-1, 1)))
    risk_assessment[name] = { score, label: labels[score] ?? "None", rationale: `${meaning}: ${score} of ${top}.` }
  }
  risk_assessment["regulatory_exposure"] = random.pick([
    "None known",
    "EU AI Act: limited risk",
    "EU AI Act: high risk",
    "Sector rules apply"
  ])
  const count = severity === 0 ? 0 : random.int(1, severity + 1)
  const start = random.int(0, incidents.length - 1)
  const matched_incidents = Array.from({ length: count }, (_, i) => {
    const [description, risk_domain] = incidents[(start + i) % incidents.length] ?? incidents[0]
    return {
      description,
      year: random.int(2018, 2025),
      risk_domain,
      similarity_score: Math.round((0.9 - i * 0.08 - random.next() * 0.05) * 100) / 100,
      reference_urls: [`https://incidents.example/${random.text("0123456789abcdef", 8)}`]
    }
  })
  return { enrichment, risk_assessment, matched_incidents, data_freshness: { sources_last_checked: draft.checkedAt } }
}
