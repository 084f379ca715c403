/**
 * Mistakes in the adapters: what a vendor's words, numbers and errors mean.
 */

const appvet = "packages/vendors/appvet/src/**/*.ts"
const compliance = "packages/vendors/compliance/src/**/*.ts"
const exona = "packages/vendors/exona/src/**/*.ts"
const ofAppvet = ["AppVetMapping", "AppVetAdapter", "AppVetError", "Evidence"].map(
  (name) => `packages/vendors/appvet/test/${name}.test.ts`
)
const ofCompliance = ["ComplianceAdapter", "ComplianceError", "ComplianceSchema", "Evidence"].map(
  (name) => `packages/vendors/compliance/test/${name}.test.ts`
)
const ofExona = ["ExonaAdapter", "ExonaError", "ExonaFindings", "ExonaSchema"].map(
  (name) => `packages/vendors/exona/test/${name}.test.ts`
)

const urlscan = "packages/vendors/urlscan/src/**/*.ts"
const virustotal = "packages/vendors/virustotal/src/**/*.ts"
const sonarqube = "packages/vendors/sonarqube/src/**/*.ts"
const traps = ["docs/test/traps.test.ts"]

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const vendors = [
  {
    id: "vendors-01",
    promise: "AppVet: a grade that nobody documented is unknown, and never harmless",
    in: appvet,
    find: '?? "unknown" const rank',
    put: '?? "info"\nconst rank',
    tests: ofAppvet
  },
  {
    id: "vendors-02",
    promise: "AppVet: the vendor's letter wins over a band of ours",
    in: appvet,
    find: "rank(band) - rank(letter) > 1 ? band : letter",
    put: "rank(band) - rank(letter) > 0 ? band : letter",
    tests: ofAppvet
  },
  {
    id: "vendors-33",
    promise: "AppVet: a letter that its own score contradicts does not pass for the verdict",
    in: appvet,
    find: "rank(band) - rank(letter) > 1 ? band : letter",
    put: "letter",
    tests: ofAppvet
  },
  {
    id: "vendors-03",
    promise: "AppVet: a list shorter than the vendor's own count is not whole, so that nothing is called resolved",
    in: appvet,
    find: "scan.unreadable === 0 && (total === null || total <= listed)",
    put: "scan.unreadable === 0",
    tests: ofAppvet
  },
  {
    id: "vendors-04",
    promise: "AppVet: checks that cannot be read count as findings of an unknown severity",
    in: appvet,
    find: "const left = Math.max(unreadable, (notPassed(report) ?? 0) - known)",
    put: "const left = (notPassed(report) ?? 0) - known",
    tests: ofAppvet
  },
  {
    id: "vendors-05",
    promise: "AppVet: two failed checks of one name stay two findings, whatever their order",
    in: appvet,
    find: 'more, `${ruleId}${times === 1 ? "" : `#${times}`}`)',
    put: "more, ruleId)",
    tests: ofAppvet
  },
  {
    id: "vendors-06",
    promise: "AppVet: a report about another address is no evidence of the scan",
    in: appvet,
    find: 'if (other !== null) return Vendor.unusable("id-mismatch", other)',
    put: "",
    tests: ofAppvet
  },
  {
    id: "vendors-07",
    promise: "AppVet: a scan that its list names for another type is not the one that was lost",
    in: appvet,
    find: "row.type === wanted.type && Vendor.sameUrl(row.url) === target(wanted)",
    put: "Vendor.sameUrl(row.url) === target(wanted)",
    tests: ofAppvet
  },
  {
    id: "vendors-08",
    promise: "AppVet: a 429 that says requests are left is the quota, and not a limit to wait for",
    in: appvet,
    find: "(quota.value.remaining ?? 0) > 0",
    put: "(quota.value.remaining ?? 0) < 0",
    tests: ofAppvet
  },
  {
    id: "vendors-09",
    promise: "AppVet: a revoked key is a refused key",
    in: appvet,
    find: '"401 KEY_REVOKED": denied("this API key was revoked: make a new one at AppVet")',
    put: '"401 KEY_REVOKED": { poll: "Transient", submit: "Refused", advice: "this API key was revoked: make a new one at AppVet" }',
    tests: ofAppvet
  },
  {
    id: "vendors-10",
    promise: "compliance: all of several counts of violations are heard, and the largest counts",
    in: compliance,
    find: "if (elsewhere <= violation_count) return violation_count",
    put: "if (elsewhere !== violation_count) return violation_count",
    tests: ofCompliance
  },
  {
    id: "vendors-11",
    promise: "compliance: a scan that did not run all its rules is never without a severity",
    in: compliance,
    find: "if (score === 100 && violations === 0 && whole && counted === null)",
    put: "if (score === 100 && violations === 0 && counted === null)",
    tests: ofCompliance
  },
  {
    id: "vendors-12",
    promise: "compliance: a delta of a scan that did not run all its rules calls nothing resolved",
    in: compliance,
    find: "comparable: allRules && !withItself",
    put: "comparable: !withItself",
    tests: ofCompliance
  },
  {
    id: "vendors-13",
    promise: "compliance: a delta of a scan with itself compares nothing",
    in: compliance,
    find: "comparable: allRules && !withItself",
    put: "comparable: allRules",
    tests: ofCompliance
  },
  {
    id: "vendors-14",
    promise: "compliance: a violation makes a scan fail, however good its score",
    in: compliance,
    find: 'compliance: total > 0 ? "fail" : "pass"',
    put: 'compliance: score < 50 ? "fail" : "pass"',
    tests: ofCompliance
  },
  {
    id: "vendors-15",
    promise: "compliance: a score out of its range is no verdict",
    in: compliance,
    find: 'if (typeof score !== "number" || !(score >= 0 && score <= 100)) {',
    put: 'if (typeof score !== "number") {',
    tests: ofCompliance
  },
  {
    id: "vendors-16",
    promise: "compliance: a scan of a new upload of the same data follows the one before it",
    in: compliance,
    find: "name: auditName ?? id, series: joined({ policy: policyId, mapping: mappingId }) }",
    put: "name: auditName ?? id, series: id }",
    tests: ofCompliance
  },
  {
    id: "vendors-17",
    promise: "compliance: an inner error after a submission leaves it in doubt, for the scan may run",
    in: compliance,
    find: '"500 INTERNAL_ERROR": { poll: "Transient", submit: "InDoubt" }',
    put: '"500 INTERNAL_ERROR": { poll: "Transient", submit: "Refused" }',
    tests: ofCompliance
  },
  {
    id: "vendors-18",
    promise: "compliance: a listed scan that was made from another upload is not the one that was lost",
    in: compliance,
    find: "Object.entries({ policy_id: policyId, upload_id: uploadId, mapping_id: mappingId }).every",
    put: "Object.entries({ policy_id: policyId, mapping_id: mappingId }).every",
    tests: ofCompliance
  },
  {
    id: "vendors-19",
    promise: "Exona: a level of risk that nobody documented is unknown, and never harmless",
    in: exona,
    find: 'return severity ?? "unknown"',
    put: 'return severity ?? "low"',
    tests: ofExona
  },
  {
    id: "vendors-20",
    promise: "Exona: a completed scan without a result is no verdict",
    in: exona,
    find: "if (Object.keys(result).length === 0) {",
    put: "if (false) {",
    tests: ofExona
  },
  {
    id: "vendors-21",
    promise: "Exona: incidents that cannot be read make the list partial",
    in: exona,
    find: 'coverage: incidents.dropped === 0 ? "full" : "partial"',
    put: 'coverage: "full"',
    tests: ofExona
  },
  {
    id: "vendors-22",
    promise: "Exona: a finding keeps its id whatever the order of its sources",
    in: exona,
    find: "incident.referenceUrls.toSorted()",
    put: "incident.referenceUrls",
    tests: ofExona
  },
  {
    id: "vendors-23",
    promise: "Exona: a request for a new scan is not joined to one that may be old",
    in: exona,
    find: "...(forced ? { forceRefresh: true } : {}),",
    put: "",
    tests: ofExona
  },
  {
    id: "vendors-24",
    promise: "Exona: a questionnaire without an age is never answered from what was bought before",
    in: exona,
    find: "return ExonaSchema.hasQuestionnaire(request) ? Duration.zero : null",
    put: "return null",
    tests: ofExona
  },
  {
    id: "vendors-25",
    promise: "Exona: an answer that was cached for the submission is not called cached when it is polled",
    in: exona,
    find: "const hitAt = cached ? submittedAt : null",
    put: "const hitAt = cached ? (submittedAt ?? 0) : null",
    tests: ofExona
  },
  {
    id: "vendors-26",
    promise: "Exona: a key for tests and a live one are two worlds, whose scans are never mixed",
    in: exona,
    find: 'environment: (key) => /^exo_(test|live)_/.exec(key)?.[1] ?? ""',
    put: 'environment: () => ""',
    tests: ofExona
  },
  {
    id: "vendors-27",
    promise: "urlscan.io: a page that was never loaded failed, whatever its verdict says",
    in: urlscan,
    find: 'return wasLoaded(body) ? "done" : "not-loaded"',
    put: 'return wasLoaded(body) ? "done" : "done"',
    tests: traps
  },
  {
    id: "vendors-28",
    promise: "urlscan.io: a 404 about a scan that was never submitted is no scan that goes on",
    in: urlscan,
    find: "says: /\\b(?:is|has) not finished\\b/i, ",
    put: "",
    tests: traps
  },
  {
    id: "vendors-29",
    promise: "VirusTotal: an analysis that no engine answered is unknown, and never clean",
    in: virustotal,
    find: 'undetected > 0 ? "info" : "unknown"',
    put: 'undetected > 0 ? "info" : "none"',
    tests: traps
  },
  {
    id: "vendors-30",
    promise: "VirusTotal: undetected is no opinion, and not a harmless one",
    in: virustotal,
    find: 'return harmless > 0 ? "none"',
    put: 'return harmless + undetected > 0 ? "none"',
    tests: traps
  },
  {
    id: "vendors-31",
    promise: "SonarQube: a gate that was never computed is unknown, and does not pass",
    in: sonarqube,
    find: 'return { compliance: null, severity: "unknown" }',
    put: 'return { compliance: "pass", severity: "none" }',
    tests: traps
  },
  {
    id: "vendors-32",
    promise: "SonarQube: an issue with a severity that is not documented is unknown, whatever else it says",
    in: sonarqube,
    find: 'severities.find(([, known]) => known.includes(word))?.[0] ?? "unknown"',
    put: 'severities.find(([, known]) => known.includes(word))?.[0] ?? "info"',
    tests: traps
  }
]
