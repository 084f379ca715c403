/**
 * sqlmap's API server: looks for SQL injections in one page, which it attacks.
 *
 * A page that cannot be injected and a host that does not answer give equal answers: `terminated`, and no data. Only the log
 * tells them apart, so the log is the result, and what it does not explain is not clean. The id of a scan is known before it
 * is started: a start whose answer was lost is always cleared up, and never sent twice.
 *
 * One scan at a time: the engines of one host share a session file, and each removes it when it begins. Two at once end
 * with code 1 ("unable to flush the session file").
 *
 * @see {@link https://github.com/sqlmapproject/sqlmap/wiki/Usage}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Log = Schema.Struct({
  log: Wire.sieve(Schema.Struct({ level: Wire.words(16), message: Wire.words(2000) }))
})

const Data = Schema.Struct({
  data: Wire.sieve(Schema.Struct({ type: Wire.count, value: Schema.Unknown })),
  error: Wire.decides(Schema.Array(Schema.Unknown))
})

// Debian's version has an object by the number of the technique; the current one a list that names it.
const Found = Schema.Struct({
  title: Schema.optionalKey(Wire.words(200)),
  technique: Schema.optionalKey(Schema.Union([Wire.count, Wire.words(32)]))
})
const readPoints = Wire.reader(
  Schema.Array(
    Schema.Struct({
      place: Wire.words(64),
      parameter: Wire.words(200),
      data: Schema.Union([Schema.Record(Schema.String, Found), Schema.Array(Found)])
    })
  )
)

const techniques = new Map([
  ["1", "boolean"],
  ["2", "error"],
  ["3", "inline"],
  ["4", "stacked"],
  ["5", "time"],
  ["6", "union"]
])

/**
 * `severity`: what an injection is worth. Default `critical`, whatever its technique: sqlmap names none that it has not used.
 */
export interface Options {
  readonly severity?: Severity.Severity
}

const cleanLine = /^all tested parameters do not appear to be injectable/
const foundLine =
  /parameter '.*' (?:appears to be|is) .*(?:injectable|vulnerable)|resumed the following injection point/

/** What the log says: whether a parameter can be injected, and what went wrong. */
const readLog = ({ log }: typeof Log.Type) => {
  const isClean = log.some(({ message }) => cleanLine.test(message))
  const others = log.filter(({ message }) => !cleanLine.test(message))
  // Beside a verdict an error is a remark, such as "possible integer casting detected".
  const levels = isClean ? ["CRITICAL"] : ["CRITICAL", "ERROR"]
  return {
    isClean,
    isFound: !isClean && others.some(({ message }) => foundLine.test(message)),
    trouble: others.find(({ level }) => levels.includes(level))?.message ?? null
  }
}

/** Words of our own: sqlmap answers an unknown id with 200, and tells an end by its code. */
const wordOf = (body: unknown): string | null => {
  const status = Wire.get(body, ["status"])
  if (Wire.get(body, ["success"]) === false) {
    return Wire.get(body, ["message"]) === "Invalid task ID" ? "Invalid task ID" : null
  }
  if (typeof status !== "string") return null
  const code = Wire.get(body, ["returncode"])
  return status === "terminated" ? (typeof code === "number" ? `terminated ${code}` : null) : status
}

const Payload = Schema.Struct({ verdict: Wire.words(2000) })

const injectable = "a parameter can be injected"
const silent = "the log does not say whether anything was tested"

/** The definition, with a severity of your own for an injection. */
export const define = ({ severity = "critical" }: Options = {}) =>
  Vendor.define({
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
        // Otherwise the findings may be those of an earlier scan, and nothing says so.
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
        // The server forgets all its tasks when it is restarted or flushed.
        if (word === "Invalid task ID") return "missing"
        return /^terminated -?\d{1,5}$/.test(word) ? "ended" : null
      }
    },
    result: {
      path: "/scan/{id}/log",
      id: null,
      means: (word) => {
        const signal = /^terminated -(\d+)$/.exec(word)?.[1]
        if (signal !== undefined) {
          const reason = { code: `signal-${signal}`, message: "its process was stopped before it came to an end" }
          return {
            partial: (log) =>
              readLog(log).isFound
                ? { payload: { verdict: injectable }, assessment: Vendor.assessment({ severity }), reason }
                : Vendor.failed(reason)
          }
        }
        return {
          completed: (log, { warn }) => {
            if (log.log.length === 0) return Vendor.failed({ code: "no-log", message: silent })
            const { isClean, isFound, trouble } = readLog(log)
            if (isClean && trouble === null) {
              return { payload: { verdict: "not injectable" }, assessment: Vendor.assessment({ severity: "none" }) }
            }
            if (isFound) {
              return { payload: { verdict: injectable }, assessment: Vendor.assessment({ severity }) }
            }
            if (!isClean && trouble !== null) return Vendor.failed({ code: "nothing-tested", message: trouble })
            if (word !== "terminated 0" && !isClean) return Vendor.failed({ code: "crashed", message: silent })
            // A host that died on the way, or a firewall in front of it, leaves the line of a clean end.
            warn(isClean ? "the log has errors beside its verdict: not everything was tested" : silent)
            return { payload: { verdict: trouble ?? silent }, assessment: Vendor.assessment({ severity: "unknown" }) }
          }
        }
      }
    },
    findings: {
      path: "/scan/{id}/data",
      answer: Data,
      read: ([page], { leftOut }) => {
        const reads = (page?.data ?? []).flatMap(({ type, value }) => (type === 1 ? [readPoints(value)] : []))
        const points = reads.flatMap((read) => (read._tag === "Success" ? read.success.value : []))
        const items = points.flatMap(({ data, parameter, place }) => {
          // A parameter is listed because it can be injected, by whatever technique.
          const ways: ReadonlyArray<readonly [key: string, found: typeof Found.Type]> = Object.entries(data)
          const told = ways.length === 0 ? [["unnamed", {}] as const] : ways
          return told.map(([key, { technique = key, title = "can be injected" }]) => {
            const name = techniques.get(String(technique)) ?? String(technique)
            // Never by its payload, which holds random numbers.
            return Vendor.finding({
              findingId: `sqli/${name} ${place} ${parameter}`,
              ruleId: `sqli/${name}`,
              title: `${place} parameter ${parameter}: ${title}`,
              severity
            })
          })
        })
        const errors = page?.error ?? []
        const isWhole = leftOut === 0 && errors.length === 0 && reads.every(({ _tag }) => _tag === "Success")
        if (isWhole) return { coverage: "full", total: items.length, items }
        // What was not read may be anything.
        const rest = Vendor.finding({
          findingId: "not-read",
          ruleId: "not-read",
          title: errors.length === 0 ? "results that cannot be read" : "sqlmap has errors beside its results",
          severity: "unknown"
        })
        return { coverage: "partial", total: null, items: [...items, rest] }
      }
    },
    cancel: { method: "GET", path: "/scan/{id}/kill" },
    errors: {
      message: ["message"],
      rows: { "401": { poll: "Denied", submit: "Denied", advice: "check user and password (SQLMAP_API_AUTH)" } },
      doubt: "ask the server for the status of its tasks before another start, which would attack the page twice"
    },
    pacing: {
      limits: { floor: "500 millis" },
      every: { interactive: "1 second", default: "5 seconds", background: "15 seconds", bulk: "15 seconds" },
      deadline: "1 hour",
      budget: { requests: 300, openScans: 1, typicalDuration: Duration.minutes(2) }
    }
  })

export default define()
