/**
 * Qualys SSL Labs, API v4: tests the TLS set-up of every address behind a host name, and grades each.
 *
 * One call starts a test, polls it and reads it: `analyze`. Where none is running and none is cached it starts one, also
 * without `startNew`: a poll can buy. So the id of a scan is its host and the time at which it started: an answer with another
 * time is another test, and ends the wait; and a day after its start a scan is not asked for any more. A test that reached no
 * address has no grade, and failed; one that reached some of them is partial.
 *
 * The key is the email address that is registered with SSL Labs: no secret, but personal. Register it once, by a `POST` of
 * `firstName`, `lastName`, `email` and `organization` to `/api/v4/register`.
 *
 * @see {@link https://github.com/ssllabs/ssllabs-scan/blob/master/ssllabs-api-docs-v4.md}
 */
import { PollPolicy, type ScanOutcome, Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Target = Schema.Struct({
  host: Schema.String.annotate({
    description: "The name of the host, which is tested at port 443.",
    examples: ["shop.example"]
  }),
  maxAgeHours: Schema.optionalKey(
    Schema.Int.annotate({ description: "A report up to this old is taken. Default 0: a new test." }).check(
      Schema.isBetween({ minimum: 0, maximum: 720 })
    )
  ),
  ignoreMismatch: Schema.optionalKey(
    Schema.Boolean.annotate({ description: "Tests although the certificate is for another name. Default: false." })
  )
})

const grades = new Map<string, Severity.Severity>([
  ["A+", "info"],
  ["A", "info"],
  ["A-", "info"],
  ["B", "low"],
  ["C", "medium"],
  ["D", "high"],
  ["E", "high"],
  ["F", "critical"],
  ["T", "high"],
  ["M", "high"]
])

/**
 * What a grade is worth, unless another rule is given: A `info`, B `low`, C `medium`, D and E `high`, F `critical`. T (the
 * certificate is not trusted) and M (it is for another name) are `high`: visitors see a warning. Any other is `unknown`.
 */
export const severityOf = (grade: string): Severity.Severity => grades.get(grade) ?? "unknown"

/**
 * - `severity`: what a grade is worth. Default `severityOf`.
 * - `ignoreTrust`: takes the grade that a host would have if its certificate were trusted, for authorities of one's own.
 *   Default false.
 */
export interface Options {
  readonly severity?: (grade: string) => Severity.Severity
  readonly ignoreTrust?: boolean
}

// What is there and cannot be read may be anything, so the answer that holds it has no verdict.
const code = Wire.decides(Schema.Int)
const flag = Wire.decides(Schema.Boolean)

const Details = Schema.Struct({
  protocols: Wire.decides(Schema.Array(Schema.Struct({ id: Schema.Int, name: Schema.optionalKey(Wire.words(16)) }))),
  heartbleed: flag,
  drownVulnerable: flag,
  freak: flag,
  poodle: flag,
  logjam: flag,
  rc4Only: flag,
  supportsRc4: flag,
  vulnBeast: flag,
  openSslCcs: code,
  openSSLLuckyMinus20: code,
  ticketbleed: code,
  bleichenbacher: code,
  poodleTls: code,
  zombiePoodle: code,
  goldenDoodle: code,
  zeroLengthPaddingOracle: code,
  sleepingPoodle: code,
  dhUsesKnownPrimes: code,
  renegSupport: code,
  forwardSecrecy: code
})

const Endpoint = Schema.Struct({
  ipAddress: Wire.words(64),
  statusMessage: Schema.optionalKey(Wire.words(300)),
  grade: Schema.optionalKey(Wire.words(8)),
  gradeTrustIgnored: Schema.optionalKey(Wire.words(8)),
  hasWarnings: flag,
  details: Wire.decides(Details)
})

const Host = Schema.Struct({
  statusMessage: Schema.optionalKey(Wire.words(300)),
  testTime: Schema.optionalKey(Wire.count),
  endpoints: Wire.decides(Schema.Array(Endpoint)),
  certs: Wire.decides(Schema.Array(Schema.Struct({ issues: code })))
})

const Payload = Schema.Struct({
  endpoints: Schema.Array(
    Schema.Struct({ ipAddress: Wire.words(64), grade: Schema.NullOr(Wire.words(8)), says: Wire.words(300) })
  )
})

/** What is wrong of an address, by a field of its details; "unsure" where SSL Labs could not tell. */
type Rule = readonly [
  field: Exclude<keyof typeof Details.Type, "protocols">,
  title: string,
  worth: (value: number) => Severity.Severity | "unsure" | null
]

const isSo = (severity: Severity.Severity) => (value: number) => (value === 1 ? severity : null)

/** Codes differ from field to field. 1 is safe for all of them, 0 and less are no answer, and another one may be anything. */
const byCode =
  (codes: Readonly<Record<number, Severity.Severity>>) =>
  (value: number): Severity.Severity | "unsure" | null =>
    value <= 0 ? "unsure" : value === 1 ? null : (codes[value] ?? "unknown")

const rules: ReadonlyArray<Rule> = [
  ["heartbleed", "Heartbleed", isSo("critical")],
  ["drownVulnerable", "DROWN", isSo("critical")],
  ["freak", "FREAK", isSo("critical")],
  ["poodle", "POODLE (SSL 3)", isSo("high")],
  ["logjam", "Logjam", isSo("high")],
  ["rc4Only", "RC4 is the only cipher", isSo("high")],
  ["supportsRc4", "RC4 is supported", isSo("medium")],
  ["vulnBeast", "BEAST", isSo("info")],
  ["openSslCcs", "OpenSSL CCS (CVE-2014-0224)", byCode({ 2: "medium", 3: "critical" })],
  ["openSSLLuckyMinus20", "OpenSSL padding oracle (CVE-2016-2107)", byCode({ 2: "critical" })],
  ["ticketbleed", "Ticketbleed", byCode({ 2: "critical", 3: "low" })],
  ["bleichenbacher", "ROBOT (Bleichenbacher)", byCode({ 2: "high", 3: "critical", 4: "unknown" })],
  ["poodleTls", "POODLE (TLS)", byCode({ 2: "high" })],
  ["zombiePoodle", "Zombie POODLE", byCode({ 2: "high", 3: "critical" })],
  ["goldenDoodle", "GOLDENDOODLE", byCode({ 4: "high", 5: "critical" })],
  ["zeroLengthPaddingOracle", "Zero-length padding oracle", byCode({ 6: "high", 7: "critical" })],
  ["sleepingPoodle", "Sleeping POODLE", byCode({ 10: "high", 11: "critical" })],
  [
    "dhUsesKnownPrimes",
    "Well-known Diffie-Hellman primes",
    (value) => (value === 2 ? "high" : value === 0 || value === 1 ? null : "unknown")
  ],
  ["renegSupport", "Insecure renegotiation", (value) => (value % 2 === 1 ? "medium" : null)],
  ["forwardSecrecy", "No forward secrecy", (value) => (value === 0 ? "medium" : null)]
]

const protocols = new Map<number, Severity.Severity>([
  [512, "critical"],
  [768, "high"],
  [769, "low"],
  [770, "low"]
])

/** Bits of the issues of a certificate. */
const issues: ReadonlyArray<readonly [bit: number, title: string, severity: Severity.Severity]> = [
  [1, "no chain of trust", "high"],
  [2, "not valid yet", "high"],
  [4, "expired", "critical"],
  [8, "for another name", "high"],
  [16, "revoked", "critical"],
  [32, "with a bad common name", "high"],
  [64, "self-signed", "high"],
  [128, "on a list of bad certificates", "critical"],
  [256, "signed insecurely", "high"],
  [512, "with an insecure key", "high"]
]

const finding = (rule: string, title: string, severity: Severity.Severity, resource: string): ScanOutcome.Finding =>
  Vendor.finding({ findingId: `${rule} ${resource}`, ruleId: `ssllabs/${rule}`, title, severity, resource })

/** Findings of one address, and whether everything about it is known. */
const findingsOf = ({
  details,
  ipAddress
}: typeof Endpoint.Type): readonly [ReadonlyArray<ScanOutcome.Finding>, boolean] => {
  if (details === undefined) return [[], false]
  const worths = rules.map(([field, title, worth]) => {
    const value = details[field]
    // A test that is not in the answer has no result either; these two depend on what the host offers.
    const isLeftOut = field === "rc4Only" || field === "dhUsesKnownPrimes"
    return [
      field,
      title,
      value === undefined ? (isLeftOut ? null : ("unsure" as const)) : worth(Number(value))
    ] as const
  })
  const found = worths.flatMap(([field, title, worth]) =>
    worth === null || worth === "unsure" ? [] : [finding(field, title, worth, ipAddress)]
  )
  const old = (details.protocols ?? []).flatMap(({ id, name = "A protocol" }) => {
    const severity = protocols.get(id)
    return severity === undefined ? [] : [finding(`protocol-${id}`, `${name} (${id}) is offered`, severity, ipAddress)]
  })
  return [[...found, ...old], worths.every(([, , worth]) => worth !== "unsure")]
}

const said = ({ statusMessage = "no reason given" }: { readonly statusMessage?: string }): string => statusMessage

const normal = (text: string): string => (URL.parse(`https://${text}/`)?.hostname ?? text).replace(/\.$/, "")

const isName = (text: string): boolean =>
  /^(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}$/.test(text) && text.length <= 185

const idOf = (body: unknown): string | null => {
  const [name, start] = [Wire.get(body, ["host"]), Wire.get(body, ["startTime"])]
  return typeof name === "string" && isName(name.toLowerCase()) && Number.isSafeInteger(start)
    ? `${name.toLowerCase()}~${String(start)}`
    : null
}

const hostOf = (scanId: string): string => scanId.slice(0, scanId.lastIndexOf("~"))
const startOf = (scanId: string): number => Number(scanId.slice(scanId.lastIndexOf("~") + 1))

/** Without a grade an address says why; one that is ready has a grade. */
const isEndpoint = (one: unknown): boolean => {
  const [grade, says] = [Wire.get(one, ["grade"]), Wire.get(one, ["statusMessage"])]
  return grade === null ? typeof says === "string" && says !== "Ready" : typeof grade === "string"
}

/** A word of our own for what an answer shows: of another test, or of how many of its addresses have a grade. */
const wordOf = (body: unknown, scanId: string): string | null => {
  const status = Wire.get(body, ["status"])
  const id = idOf(body)
  if (typeof status !== "string" || id === null || hostOf(id) !== hostOf(scanId)) return null
  if (id !== scanId) return "another test"
  if (status !== "READY") return status
  const endpoints = Wire.get(body, ["endpoints"])
  if (!Array.isArray(endpoints) || endpoints.length === 0 || !endpoints.every(isEndpoint)) return null
  const graded = endpoints.filter((one: unknown) => typeof Wire.get(one, ["grade"]) === "string").length
  return graded === 0 ? "READY without a grade" : graded < endpoints.length ? "READY in part" : "READY"
}

const progressOf = (body: unknown) => {
  const endpoints = Wire.get(body, ["endpoints"])
  if (!Array.isArray(endpoints) || endpoints.length === 0) return null
  // -1 has not begun.
  const shares = endpoints.map((one: unknown) => {
    const percent = Wire.get(one, ["progress"])
    return typeof percent === "number" ? Math.min(100, Math.max(0, percent)) / 100 : 0
  })
  return {
    fraction: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    done: shares.filter((share) => share === 1).length,
    total: shares.length
  }
}

const judged =
  ({ ignoreTrust = false, severity = severityOf }: Options) =>
  (
    { certs = [], endpoints = [], testTime }: typeof Host.Type,
    {
      scanId,
      submittedAt,
      warn
    }: { readonly scanId: string; readonly submittedAt: number | null; readonly warn: (message: string) => void }
  ) => {
    const gradeOf = ({ grade, gradeTrustIgnored }: typeof Endpoint.Type): string | null =>
      (grade !== undefined && ignoreTrust ? gradeTrustIgnored : undefined) ?? grade ?? null
    const graded = endpoints.flatMap((one) => gradeOf(one) ?? [])
    const worst = graded.toSorted((a, b) => (Severity.worse(severity(a), severity(b)) === severity(a) ? -1 : 1))[0]
    const read = endpoints.filter(({ grade }) => grade !== undefined).map(findingsOf)
    // An address without a grade may be anything: it fails every gate on severities.
    const untested = endpoints
      .filter(({ grade }) => grade === undefined)
      .map((one) => finding("not-tested", `Not tested: ${said(one)}`, "unknown", one.ipAddress))
    // Certificates have no name that stays, so an issue is the host's, whichever of them has it.
    const bits = new Set(certs.map(({ issues: bits = 0 }) => bits))
    const ofCerts = [
      ...issues.filter(([bit]) => [...bits].some((all) => Math.floor(all / bit) % 2 === 1)),
      ...([...bits].some((all) => all < 0 || all >= 1024)
        ? [["other", "with an issue that is not documented", "unknown"] as const]
        : [])
    ].map(([bit, title, worth]) => finding(`certificate-${bit}`, `Certificate ${title}`, worth, hostOf(scanId)))
    if (endpoints.some(({ hasWarnings }) => hasWarnings === true))
      warn("SSL Labs warns of this set-up, beside its grade")
    const isWhole = untested.length === 0 && read.every(([, whole]) => whole)
    if (read.some(([, whole]) => !whole)) warn("some of the tests of SSL Labs have no result, which is not a good one")
    const items = [...untested, ...ofCerts, ...read.flatMap(([found]) => found)]
    const age = submittedAt === null || testTime === undefined ? 0 : submittedAt - testTime
    return {
      payload: {
        endpoints: endpoints.map((one) => ({ ipAddress: one.ipAddress, grade: gradeOf(one), says: said(one) }))
      },
      assessment: Vendor.assessment({
        severity: Severity.worst(graded.map(severity)),
        vendorSeverity: worst ?? null
      }),
      findings: { coverage: isWhole ? ("full" as const) : ("partial" as const), total: items.length, items },
      ...(age > 60_000 ? { cached: true, ageMs: age } : {}),
      report: `https://www.ssllabs.com/ssltest/analyze.html?d=${hostOf(scanId)}`
    }
  }

const firstUntested = ({ endpoints = [] }: typeof Host.Type): string =>
  endpoints.filter(({ grade }) => grade === undefined).map((one) => `${one.ipAddress}: ${said(one)}`)[0] ??
  "an address has no grade"

const every = (queued: number, running: number): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: "5 seconds",
    pace: PollPolicy.paceNamed(`every ${queued}s, and ${running}s once it runs`, ({ seen }) =>
      Duration.seconds(seen._tag === "Pending" && seen.phase === "queued" ? queued : running)
    ),
    floor: "5 seconds",
    deadline: "15 minutes"
  })

const denied = {
  poll: "Denied",
  submit: "Denied",
  advice: "register the address of SSLLABS_EMAIL with SSL Labs, or once more: registrations are forgotten"
} as const

const all = (target: Pick<typeof Target.Type, "host">) => ({ host: normal(target.host), all: "done" })

/** The definition, with rules of your own for what a grade is worth. */
export const define = (options: Options = {}) =>
  Vendor.define({
    name: "ssllabs",
    title: "SSL Labs",
    scans: "tests of the TLS set-up of public hosts",
    docs: "https://github.com/ssllabs/ssllabs-scan/blob/master/ssllabs-api-docs-v4.md",
    asOf: "2026-11-29",
    terms: [
      "Qualys' servers do the test, and the owner of the host sees it: test your own hosts",
      "commercial use needs Qualys' permission",
      "a scan that SSL Labs has forgotten is started anew by asking for it: resume within the hour"
    ],
    baseUrl: "https://api.ssllabs.com",
    auth: { header: "email" },
    key: {
      variable: "SSLLABS_EMAIL",
      form: /^[^@\s]+@(?!(?:gmail|googlemail|yahoo|hotmail)\.)[^@\s]+$/i,
      words: "is an organization's email address, registered with SSL Labs"
    },
    ids: /^(?=[^~]{1,185}~)(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}~\d{1,14}$/,
    probe: "probe.invalid~1",
    target: Target,
    sample: { host: "shop.example" },
    line: "host",
    check: ({ host }) => {
      const fault = Vendor.urlFault(`https://${host}/`, { public: true })
      if (fault !== null) return [{ path: ["host"], message: fault }]
      return isName(normal(host)) && !/[/:?#@[\]]/.test(host)
        ? []
        : [{ path: ["host"], message: "must be the name of a host, such as shop.example: no address, path or port" }]
    },
    subject: ({ host }) => ({ ...Vendor.urlSubject(`https://${normal(host)}/`), name: normal(host) }),
    // SSL Labs has one report of a host; one that was forced is another answer.
    fingerprint: ({ host, ignoreMismatch = false }) => JSON.stringify([normal(host), ignoreMismatch]),
    maxAge: ({ maxAgeHours }) => (maxAgeHours === undefined ? null : Duration.hours(maxAgeHours)),
    submit: {
      method: "GET",
      path: "/api/v4/analyze",
      query: ({ ignoreMismatch, maxAgeHours = 0, ...target }) => ({
        ...all(target),
        // Once: with each poll it would start the test anew.
        ...(maxAgeHours === 0 ? { startNew: "on" } : { fromCache: "on", maxAge: maxAgeHours }),
        ...(ignoreMismatch === true ? { ignoreMismatch: "on" } : {})
      }),
      id: idOf,
      already: { words: ["READY", "READY in part", "READY without a grade", "ERROR"] }
    },
    answer: Host,
    payload: Payload,
    status: {
      path: "/api/v4/analyze",
      query: (scanId) => all({ host: hostOf(scanId) }),
      id: null,
      word: wordOf,
      words: {
        DNS: "queued",
        IN_PROGRESS: { running: progressOf },
        READY: { completed: judged(options) },
        "READY in part": {
          partial: (host, about) => ({
            ...judged(options)(host, about),
            reason: { code: "endpoint", message: firstUntested(host) }
          })
        },
        "READY without a grade": {
          failed: (host) => ({
            code: "no-endpoint",
            message: firstUntested(host),
            advice: "a firewall may block SSL Labs; ignoreMismatch tests a certificate that is for another name"
          })
        },
        ERROR: { failed: said },
        // Ours cannot be read any more.
        "another test": "gone"
      },
      until: (scanId) => startOf(scanId) + 86_400_000
    },
    list: {
      path: "/api/v4/analyze",
      query: all,
      rows: (body) => (idOf(body) === null ? null : [body]),
      whole: true,
      row: Schema.Struct({ host: Wire.words(255), startTime: Wire.count }),
      scan: ({ host, startTime }) => ({ id: `${normal(host)}~${startTime}`, createdAt: startTime }),
      same: (row, { host }) => normal(row.host) === normal(host)
    },
    keyProbe: { path: "/api/v4/info" },
    errors: {
      code: ["errors", 0, "field"],
      message: ["errors", 0, "message"],
      either: true,
      rows: {
        "400 email": denied,
        "400": { poll: "Broken!", submit: "Refused" },
        // The documentation's own number for an address that is not registered.
        "441": denied,
        "429": { poll: "Throttled", submit: "Throttled" },
        "503": { poll: "Throttled", wait: "15 minutes" },
        "529": { poll: "Throttled", submit: "Throttled", wait: "30 minutes" }
      },
      doubt: "ask again: SSL Labs runs one test of a host at a time, and answers with the one that is running"
    },
    pacing: {
      limits: { floor: "5 seconds", submitTimeout: "30 seconds", throttledWait: "30 seconds" },
      every: { interactive: every(5, 10), default: every(5, 10), background: every(20, 20), bulk: every(30, 30) },
      budget: {
        requests: 60,
        submitGap: Duration.millis(1100),
        openScans: 2,
        typicalDuration: Duration.minutes(2)
      },
      durations: { prior: { low: Duration.minutes(1), high: Duration.minutes(10) }, kind: () => "" }
    }
  })

export default define()
