/**
 * SonarQube Server and Cloud: waits for an analysis that a scanner has uploaded, and reads its quality gate.
 *
 * Nothing is started here. The submission is a look-up of the background task that `report-task.txt` names, so sending it
 * again costs nothing. The gate is asked for by the analysis of that task: by the project it would be that of whatever came
 * last. A task that failed has no analysis, and a gate of `NONE` was never computed: neither is clean.
 *
 * @see {@link https://next.sonarqube.com/sonarqube/web_api/api/ce}
 * @see {@link https://next.sonarqube.com/sonarqube/web_api/api/qualitygates}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Result, Schema } from "effect"

const Gate = Schema.Struct({
  status: Wire.words(32),
  conditions: Schema.optionalKey(Wire.sieve(Schema.Struct({ status: Wire.words(32), metricKey: Wire.words(128) })))
})

const Answer = Schema.Struct({
  projectStatus: Schema.optionalKey(Gate),
  task: Schema.optionalKey(
    Schema.Struct({
      status: Wire.words(32),
      errorType: Schema.optionalKey(Wire.words(64)),
      errorMessage: Schema.optionalKey(Wire.words(1000))
    })
  )
})

const Issues = Schema.Struct({
  paging: Schema.Struct({ total: Wire.count }),
  issues: Wire.sieve(
    Schema.Struct({
      key: Wire.words(64),
      rule: Wire.words(200),
      message: Wire.words(1000),
      component: Wire.words(1000),
      line: Schema.optionalKey(Wire.count),
      severity: Schema.optionalKey(Wire.words(16)),
      impacts: Schema.optionalKey(Wire.sieve(Schema.Struct({ severity: Wire.words(16) })))
    })
  )
})
type Issue = (typeof Issues.Type)["issues"][number]

const gates = new Map<string, Partial<Parameters<typeof Vendor.assessment>[0]>>([
  ["OK", { compliance: "pass", severity: "none" }],
  ["WARN", { compliance: "pass", severity: "low" }],
  ["ERROR", { compliance: "fail", severity: "high" }]
])

// The worst first: an issue has several severities since 10.2, and they disagree.
const severities: ReadonlyArray<readonly [Severity.Severity, ReadonlyArray<string>]> = [
  ["critical", ["BLOCKER"]],
  ["high", ["CRITICAL", "HIGH"]],
  ["medium", ["MAJOR", "MEDIUM"]],
  ["low", ["MINOR", "LOW"]],
  ["info", ["INFO"]]
]
const severityOf = ({ impacts = [], severity }: Issue): Severity.Severity => {
  const words = impacts.length > 0 ? impacts.map((impact) => impact.severity) : [severity ?? ""]
  return severities.find(([, known]) => words.some((word) => known.includes(word)))?.[0] ?? "unknown"
}

/** A word that carries what the result is asked by: `SUCCESS` and the id of the analysis. */
const wordOf = (body: unknown): string | null => {
  const status = Wire.get(body, ["task", "status"])
  const analysis = Wire.get(body, ["task", "analysisId"])
  if (typeof status !== "string") return null
  return status === "SUCCESS" && typeof analysis === "string" ? `SUCCESS ${analysis}` : status
}
const succeeded = /^SUCCESS ([\w-]{1,64})$/

const size = 500
// The server refuses to show more.
const most = 10_000

export default Vendor.define({
  name: "sonarqube",
  title: "SonarQube",
  scans: "quality gates of analyses that a scanner has uploaded",
  docs: "https://docs.sonarsource.com/sonarqube-server/",
  baseUrl: null,
  key: { variable: "SONAR_TOKEN" },
  ids: /^[\w-]{1,64}$/,
  probe: "AAAAAAAAAAAAAAAAAAAA",
  target: Schema.Struct({
    task: Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/)),
    project: Schema.String.check(Schema.isPattern(/^[\w:.-]{1,400}$/)),
    branch: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[!-~]{1,255}$/)))
  }),
  sample: { task: "AZq1vT0eTASK00000001", project: "acme_shop" },
  // As in report-task.txt: sonarqube:PROJECT=TASK
  line: (text) => {
    const at = text.lastIndexOf("=")
    return at <= 0
      ? Result.fail('is written "sonarqube:PROJECT=TASK", as report-task.txt names them')
      : Result.succeed({ project: text.slice(0, at).trim(), task: text.slice(at + 1).trim() })
  },
  subject: ({ branch, project }) => ({
    kind: "project",
    id: new URLSearchParams({ components: project, ...(branch === undefined ? {} : { branch }) }).toString(),
    name: branch === undefined ? project : `${project} (${branch})`
  }),
  fingerprint: ({ task }) => task,
  submit: { method: "GET", path: "/api/ce/task", query: ({ task }) => ({ id: task }), id: ["task", "id"] },
  answer: Answer,
  payload: Gate,
  status: {
    path: "/api/ce/task",
    query: (scanId) => ({ id: scanId }),
    id: ["task", "id"],
    word: wordOf,
    words: (word) => {
      if (succeeded.test(word)) return "ended"
      switch (word) {
        case "PENDING":
          return "queued"
        case "IN_PROGRESS":
          return "running"
        case "CANCELED":
          return "cancelled"
        case "FAILED":
          return {
            failed: ({ task }) => ({ code: task?.errorType ?? "ce-failed", message: task?.errorMessage ?? "it failed" })
          }
        case "SUCCESS":
          return { failed: () => ({ code: "no-analysis", message: "the task has no analysis, so there is no gate" }) }
        default:
          return null
      }
    }
  },
  result: {
    path: "/api/qualitygates/project_status",
    query: (_, word) => ({ analysisId: succeeded.exec(word)?.[1] ?? "" }),
    id: null,
    means: {
      completed: ({ projectStatus }, { warn }) => {
        if (projectStatus === undefined) return Vendor.unusable("no-gate", "the answer holds no quality gate")
        const known = gates.get(projectStatus.status)
        if (known === undefined) warn("no quality gate was computed for the analysis")
        return {
          payload: projectStatus,
          assessment: Vendor.assessment({ vendorSeverity: projectStatus.status, ...known })
        }
      }
    }
  },
  findings: {
    path: "/api/issues/search",
    page: (index, before, _, subject) => {
      const seen = index * size
      if (subject === null || seen >= most || (before !== null && seen >= before.paging.total)) return null
      return { ...Object.fromEntries(new URLSearchParams(subject.id)), resolved: "false", ps: size, p: index + 1 }
    },
    answer: Issues,
    read: (pages, { leftOut }) => {
      const [first] = pages
      if (first === undefined) return Vendor.unusable("unknown-project", "the project of the task is not known")
      const { total } = first.paging
      const items = pages.flatMap(({ issues }) =>
        issues.map((issue) =>
          Vendor.finding({
            findingId: issue.key,
            ruleId: issue.rule,
            title: issue.message,
            severity: severityOf(issue),
            vendorSeverity: issue.severity ?? null,
            resource: issue.line === undefined ? issue.component : `${issue.component}:${issue.line}`
          })
        )
      )
      return { coverage: leftOut === 0 && items.length >= total ? "full" : "partial", total, items }
    }
  },
  errors: {
    message: ["errors", 0, "msg"],
    rows: {
      "401": { poll: "Denied", submit: "Denied", advice: "check the key (SONAR_TOKEN)" },
      "403": {
        poll: "Denied",
        submit: "Denied",
        advice: "the token may not read it, or the project was deleted: SonarQube answers both alike"
      },
      "404": { on: ["status"], poll: "Missing", submit: "Refused", advice: "the task is of another server, or too old" }
    },
    doubt: "nothing was started: the submission is a look-up, and may be sent again"
  },
  pacing: {
    limits: { floor: "1 second" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "30 seconds" },
    deadline: "30 minutes",
    budget: { requests: 300, typicalDuration: Duration.seconds(20) }
  }
})
