// Matched incidents as findings.
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as ExonaSchema from "../ExonaSchema.ts"

/** Synchronous, which the platform's digest is not: finding ids and fingerprints are made in pure functions. */
export const digest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))

const ruleOf = ({ riskDomain }: ExonaSchema.Incident): string => {
  const domain = Vendor.slug(riskDomain ?? "", 64)
  return domain === "" ? "matched-incident" : `matched-incident/${domain}`
}

const isWebAddress = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "")

const titleOf = (description: string): string => {
  const line = WireFields.cut(description.trim().replace(/\s+/g, " "), 120)
  return line === "" ? "Similar past incident" : line
}

export const ofResult = (
  result: ExonaSchema.ExonaResult,
  website: string | null,
  warn: (message: string) => void
): ScanOutcome.Findings => {
  const warnings: Array<string> = []
  const incidents = ExonaSchema.incidents(result, warnings)
  if (incidents === null) {
    warn("the result has no matched_incidents: findings unknown")
    return ScanOutcome.noFindings
  }
  const total = incidents.items.length + incidents.dropped
  if (incidents.dropped > 0) warn(`${incidents.dropped} of ${total} matched_incidents cannot be read: left out`)
  for (const warning of warnings) warn(warning)
  const subject = website === null ? "" : ExonaSchema.canonicalWebsite(website)
  // An incident has no id of its own: its sources and its year are what stays the same from scan to scan.
  const identityOf = (incident: ExonaSchema.Incident): string =>
    JSON.stringify([subject, ruleOf(incident), incident.year, incident.referenceUrls.toSorted()])
  // Numbered by what they say, not by the order of the vendor's list.
  const twins = Vendor.numbered(incidents.items, identityOf, ({ description }) => description ?? "")
  const items = incidents.items.map((incident) => {
    const twin = twins.get(incident) ?? 1
    const description = incident.description === null ? null : WireFields.cut(incident.description)
    return Vendor.finding({
      findingId: `exona-${digest(identityOf(incident)).slice(0, 32)}${twin === 1 ? "" : `-${twin}`}`,
      ruleId: ruleOf(incident),
      title: titleOf(description ?? ""),
      description,
      // Similarity says how alike a past case is, not how bad: it must not outvote the vendor's own verdict.
      severity: "info",
      resource: website === null ? null : WireFields.cut(website),
      references: incident.referenceUrls.filter(isWebAddress).map((url) => WireFields.cut(url))
    })
  })
  return { coverage: incidents.dropped === 0 ? "full" : "partial", total, items }
}
