/**
 * sqlmap's API server: looks for SQL injections in one page, which it attacks.
 *
 * A page that cannot be injected and a host that does not answer give equal answers: `terminated`, no data. Only the log
 * tells them apart, so the log is the result, and what it does not explain is not clean. The id of a scan is known before it
 * is started: a start whose answer was lost is always cleared up, and never sent twice.
 *
 * @see {@link https://github.com/sqlmapproject/sqlmap/wiki/Usage}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Log = Schema.Struct({
  log: Wire.sieve(Schema.Struct({ level: Wire.words(16), message: Wire.words(2000) }))
})

const Injection = Schema.Struct({ title: Wire.words(200) })
const Data = Schema.Struct({
  data: Wire.sieve(Schema.Struct({ status: Wire.count, type: Wire.count, value: Schema.Unknown }))
})
const Points = Schema.Array(
  Schema.Struct({
    place: Wire.words(64),
    parameter: Wire.words(200),
    data: Schema.Union([Schema.Record(Schema.String, Injection), Schema.Array(Injection)])
  })
)
const readPoints = Wire.reader(Points)

type Verdict = { readonly severity: Severity.Severity; readonly why: string } | { readonly failed: string }

const clean = /^all tested parameters do not appear to be injectable/
const found = /parameter '.*' (?:appears to be|is) .*(?:injectable|vulnerable)|resumed the following injection point/

/** What the log says came of it. A critical line that is not the clean verdict is a scan that tested nothing. */
const verdictOf = ({ log }: typeof Log.Type): Verdict => {
  const lines = log.map(({ message }) => message)
  if (lines.some((line) => clean.test(line))) return { severity: "none", why: "not injectable" }
  const critical = log.find(({ level }) => level === "CRITICAL" || level === "ERROR")
  if (critical !== undefined) return { failed: critical.message }
  return lines.some((line) => found.test(line))
    ? { severity: "critical", why: "injectable" }
    : { severity: "unknown", why: "the log does not say whether anything was tested" }
}

/** Words of our own: sqlmap answers an unknown id with 200, and tells an end by its code. */
const wordOf = (body: unknown): string | null => {
  const status = Wire.get(body, ["status"])
  if (Wire.get(body, ["success"]) === false) {
    return Wire.get(body, ["message"]) === "Invalid task ID" ? "unknown task" : null
  }
  if (typeof status !== "string") return null
  const code = Wire.get(body, ["returncode"])
  return status === "terminated" ? (typeof code === "number" ? `terminated ${code}` : null) : status
}

const Payload = Schema.Struct({ verdict: Wire.words(200) })

export default Vendor.define({
  name: "sqlmap",
  title: "sqlmap",
  scans: "searches for SQL injections, which attack the page",
  docs: "https://github.com/sqlmapproject/sqlmap/wiki/Usage",
  asOf: "2026-11-29",
  terms: ["it attacks the target: scan what you own, or what you may test by a written permission"],
  baseUrl: null,
  auth: "basic",
  key: {
    variable: "SQLMAP_API_AUTH",
    form: /^[^:]+:[^:]+$/,
    words: "is USER:PASSWORD, as its server was started with"
  },
  ids: /^[0-9a-f]{16}$/,
  probe: "0000000000000000",
  active: true,
  target: Schema.Struct({
    url: Vendor.url,
    authorized: Schema.optionalKey(Schema.Boolean),
    data: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(4000))),
    technique: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[BEUSTQ]{1,6}$/))),
    level: Schema.optionalKey(Schema.Literals([1, 2, 3, 4, 5])),
    risk: Schema.optionalKey(Schema.Literals([1, 2, 3]))
  }),
  sample: { url: "http://127.0.0.1:8080/?id=1", authorized: true },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ data = "", level = 1, risk = 1, technique = "", url }) =>
    JSON.stringify([Vendor.sameUrl(url), data, technique, level, risk]),
  prepare: { task: { method: "GET", path: "/task/new", take: ["taskid"] } },
  submit: {
    path: "/scan/{task}/start",
    // An old server takes any option it does not know, and scans without it: only these are sent.
    body: ({ data, level, risk, technique, url }) => ({
      url,
      ...(data === undefined ? {} : { data }),
      ...(level === undefined ? {} : { level }),
      ...(risk === undefined ? {} : { risk }),
      ...(technique === undefined ? {} : { technique }),
      flushSession: true
    }),
    id: (body, { task }) => (Wire.get(body, ["success"]) === true ? task : null)
  },
  recover: {
    path: "/scan/{task}/status",
    scan: (body, { task }) => {
      const status = Wire.get(body, ["status"])
      if (status === "not running") return null
      return status === "running" || status === "terminated"
        ? task
        : Vendor.unusable("unknown-task", "the server does not know the task: it was restarted")
    }
  },
  answer: Log,
  payload: Payload,
  status: {
    path: "/scan/{id}/status",
    id: null,
    word: wordOf,
    words: (word) => {
      if (word === "not running") return "queued"
      if (word === "running") return "running"
      // A clean end and a dead host may have the code 1, too: the log tells. A signal is no end of its own.
      if (/^terminated \d{1,5}$/.test(word)) return "ended"
      const nothing = Schema.Struct({})
      if (word === "unknown task") {
        const message = "the server does not know the scan: it was restarted or flushed, and forgets all then"
        return Vendor.when(nothing, { failed: () => ({ code: "unknown-task", message }) })
      }
      const code = /^terminated -(\d{1,5})$/.exec(word)?.[1]
      const message = "its process was stopped before it had an end of its own"
      return code === undefined ? null : Vendor.when(nothing, { failed: () => ({ code: `signal-${code}`, message }) })
    }
  },
  result: {
    path: "/scan/{id}/log",
    id: null,
    means: {
      completed: (log, { warn, word }) => {
        const verdict = verdictOf(log)
        if ("failed" in verdict) return Vendor.failed({ code: "nothing-tested", message: verdict.failed })
        if (verdict.severity === "unknown") {
          if (word !== "terminated 0") return Vendor.failed({ code: "crashed", message: verdict.why })
          warn(verdict.why)
        }
        return { payload: { verdict: verdict.why }, assessment: Vendor.assessment({ severity: verdict.severity }) }
      }
    }
  },
  findings: {
    path: "/scan/{id}/data",
    answer: Data,
    read: ([page], { leftOut }) => {
      const points = (page?.data ?? []).flatMap(({ type, value }) => {
        if (type !== 1) return []
        const read = readPoints(value)
        return read._tag === "Success" ? read.success.value : []
      })
      const items = points.flatMap(({ data, parameter, place }) =>
        Object.values(data).map(({ title }) =>
          // Never by its payload, which holds random numbers.
          Vendor.finding({
            findingId: `${place} ${parameter} ${title}`,
            ruleId: "CWE-89",
            title: `${place} parameter ${parameter}: ${title}`,
            severity: "critical"
          })
        )
      )
      return { coverage: leftOut === 0 ? "full" : "partial", total: items.length, items }
    }
  },
  cancel: { method: "GET", path: "/scan/{id}/kill" },
  errors: {
    message: ["message"],
    rows: { "401": { poll: "Denied", submit: "Denied", advice: "check user and password (SQLMAP_API_AUTH)" } },
    odd: (response) =>
      response.status === 200 && response.body._tag === "Json" && Wire.get(response.body.value, ["success"]) === false
        ? { submit: "Refused!" }
        : null,
    doubt: "ask the server for the status of its tasks before another start, which would attack the page twice"
  },
  pacing: {
    limits: { floor: "500 millis" },
    every: { interactive: "1 second", default: "5 seconds", background: "15 seconds", bulk: "15 seconds" },
    deadline: "1 hour",
    budget: { requests: 300, openScans: 4, typicalDuration: Duration.minutes(2) }
  }
})
