/**
 * SonarQube Server and Cloud as a definition: waits for an analysis that a scanner has uploaded, and reads its quality gate.
 *
 * Nothing is started here and nothing is bought: the target names a task that exists, so nothing can be in doubt. The gate is
 * asked for by the analysis of that task; by the project it would be that of whatever came last. A task that failed has no
 * analysis, and a gate of `NONE` was never computed: neither is clean.
 *
 * @see {@link https://next.sonarqube.com/sonarqube/web_api/api/qualitygates}
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Assessment, Finding } from "@scanpoll/core/model/ScanOutcome"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as SonarQubeSchema from "./SonarQubeSchema.ts"

/**
 * What a gate is worth, unless another rule is given.
 *
 * **Details**
 *
 * - `OK`: passes, `none`. `WARN`: passes, `low`.
 * - `ERROR`: fails, `high`: "do not release", by the user's own rules; not `critical`, for it may be about coverage alone.
 * - `NONE`, and any other word: neither, `unknown`, which no gate on severities passes.
 *
 * @category destructors
 * @since 0.2.0
 */
export const gateOf = (status: string): Pick<Assessment, "compliance" | "severity"> => {
  switch (status) {
    case "OK":
      return { compliance: "pass", severity: "none" }
    case "WARN":
      return { compliance: "pass", severity: "low" }
    case "ERROR":
      return { compliance: "fail", severity: "high" }
    default:
      return { compliance: null, severity: "unknown" }
  }
}

const severities: ReadonlyArray<readonly [Severity.Severity, ReadonlyArray<string>]> = [
  ["critical", ["BLOCKER"]],
  ["high", ["CRITICAL", "HIGH"]],
  ["medium", ["MAJOR", "MEDIUM"]],
  ["low", ["MINOR", "LOW"]],
  ["info", ["INFO"]]
]

/**
 * The severity of an issue, unless another rule is given: the worst of its severity and its impacts. Which of the two a server
 * goes by is a setting of its own that no answer tells. BLOCKER is `critical`; CRITICAL and HIGH `high`; MAJOR and MEDIUM `medium`; MINOR and LOW `low`; INFO `info`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const severityOf = ({ impacts = [], severity }: SonarQubeSchema.SonarQubeIssue): Severity.Severity => {
  const said = [...(severity === undefined ? [] : [severity]), ...impacts.map((impact) => impact.severity)]
  const words = said.length > 0 ? said : [""]
  return Severity.worst(words.map((word) => severities.find(([, known]) => known.includes(word))?.[0] ?? "unknown"))
}

/**
 * - `gate`: what the word of a gate is worth. Default `gateOf`.
 * - `issue`: what an issue is worth. Default `severityOf`.
 * - `issues`: which open issues are findings: those of the new code, which the gate is about as a rule, or all. Default `new`.
 * - `auth`: how the token is sent. Servers before 10 take `basic` alone; the key is then written `TOKEN:`. Default `bearer`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly gate?: (status: string) => Pick<Assessment, "compliance" | "severity">
  readonly issue?: (issue: SonarQubeSchema.SonarQubeIssue) => Severity.Severity
  readonly issues?: "new" | "all"
  readonly auth?: "bearer" | "basic"
}

const textAt = (body: unknown, name: string): string | null => {
  const value = Wire.get(body, ["task", name])
  return typeof value === "string" && value !== "" ? value : null
}

/** A word that carries what the result and the findings are asked by: the analysis, and what it is of. */
const wordOf = (body: unknown): string | null => {
  const status = textAt(body, "status")
  const analysis = textAt(body, "analysisId")
  const named = textAt(body, "componentKey") ?? ""
  if (status !== "SUCCESS" || analysis === null) return status
  // What is too long to be carried leaves the issues unread, and never the gate.
  const [branch, pull] = [textAt(body, "branch"), textAt(body, "pullRequest")]
  const isShort = [branch, pull].every((text) => encodeURIComponent(text?.toWellFormed() ?? "").length <= 300)
  const project = isShort && /^[\w:.-]{1,400}$/.test(named) ? named : null
  const warnings = Wire.get(body, ["task", "warningCount"])
  const of = new URLSearchParams({
    analysisId: analysis,
    ...(typeof warnings === "number" && warnings > 0 ? { warnings: String(warnings) } : {}),
    ...(project === null
      ? {}
      : {
          components: project,
          ...(branch === null ? {} : { branch }),
          ...(pull === null ? {} : { pullRequest: pull })
        })
  })
  return `SUCCESS ${of.toString()}`
}

const carriedBy = (word: string): URLSearchParams =>
  new URLSearchParams(/^SUCCESS (analysisId=[\w-]{1,64}(?:&.{0,900})?)$/.exec(word)?.[1] ?? "")

/** A project, or one branch of it, in parts that an answer need not all name. */
const subjectOf = (project: string, branch: string | null): Subject => ({
  kind: "project",
  id: `project=${project}${branch === null ? "" : `,branch=${encodeURIComponent(branch.toWellFormed())}`}`,
  name: branch === null ? project : `${project} (${branch})`
})

/** What the analysis of a task is of, as its word carries it. */
const analysed = (word: string): Subject | null => {
  const carried = carriedBy(word)
  const project = carried.get("components")
  return project === null ? null : subjectOf(project, carried.get("branch"))
}

const size = 500
// The server refuses to show more, and Cloud counts no further.
const most = 10_000

const readGate = Schema.decodeUnknownResult(SonarQubeSchema.SonarQubeGate)

// A condition without a value was not held against anything; any other word may be the worst.
const conditionOf = (status: string | undefined): Severity.Severity | null => {
  switch (status) {
    case "OK":
    case "NO_VALUE":
      return null
    case "WARN":
      return "low"
    case "ERROR":
      return "high"
    default:
      return "unknown"
  }
}

/** What a gate is worth, and never more than its own conditions: where they contradict it, the worse half counts. */
const worthOf = (
  { conditions = [], ignoredConditions = false, status }: SonarQubeSchema.SonarQubeGate,
  gate: NonNullable<Options["gate"]>,
  warn: (message: string) => void
): Pick<Assessment, "compliance" | "severity"> => {
  const worth = gate(status)
  if (worth.severity === "unknown") warn("no quality gate was computed for the analysis")
  if (ignoredConditions) warn("some conditions of the gate did not count, because little code is new")
  if (status === "ERROR" || conditions.every((one) => one.status !== "ERROR")) return worth
  warn(`the gate is ${status}, and conditions of it failed`)
  const failed = gate("ERROR")
  return { compliance: failed.compliance, severity: Severity.worse(worth.severity, failed.severity) }
}

/** The conditions that failed, as findings beside the issues. */
const failedConditions = (payload: unknown): ReadonlyArray<Finding> =>
  Result.match(readGate(payload), {
    onFailure: () => [],
    onSuccess: ({ conditions = [] }) =>
      conditions.flatMap(({ actualValue, comparator, errorThreshold, metricKey = "unnamed", status }) => {
        const severity = conditionOf(status)
        if (severity === null) return []
        const is = actualValue === undefined ? "" : ` is ${actualValue},`
        const bound = errorThreshold === undefined ? "fails" : `${comparator ?? "against"} ${errorThreshold}`
        return [
          Vendor.finding({
            findingId: `gate/${metricKey}`,
            ruleId: `gate/${metricKey}`,
            title: `Quality gate: ${metricKey}${is} ${bound}`,
            severity,
            vendorSeverity: status ?? null
          })
        ]
      })
  })

/**
 * The definition, with rules of your own for what gates and issues are worth.
 *
 * @category constructors
 * @since 0.2.0
 */
export const define = ({
  auth = "bearer",
  gate = gateOf,
  issue = severityOf,
  issues = "new"
}: Options = {}): Vendor.Vendor<SonarQubeSchema.SonarQubeRequest, SonarQubeSchema.SonarQubeGate> =>
  Vendor.define({
    name: "sonarqube",
    title: "SonarQube",
    scans: "quality gates of analyses that a scanner has uploaded: it waits and starts nothing",
    docs: "https://docs.sonarsource.com/sonarqube-server/",
    asOf: "2026-11-29",
    terms: ["nothing is sent but the id of the task; the code went to the server with the scanner's upload"],
    baseUrl: null,
    auth,
    key: { variable: "SONAR_TOKEN" },
    ids: /^[\w-]{1,64}$/,
    probe: "AAAAAAAAAAAAAAAAAAAA",
    target: SonarQubeSchema.SonarQubeRequest,
    sample: { task: "AZq1vT0eTASK00000001" },
    // sonarqube:TASK, or sonarqube:PROJECT=TASK for a name in the report
    line: (text) => {
      const at = text.lastIndexOf("=")
      return Result.succeed(
        at <= 0 ? { task: text.trim() } : { project: text.slice(0, at).trim(), task: text.slice(at + 1).trim() }
      )
    },
    // A task whose project nobody named can only be known by its id.
    subject: ({ branch = null, project, task }) =>
      project === undefined ? { kind: "task", id: task, name: `task ${task}` } : subjectOf(project, branch),
    fingerprint: ({ task }) => task,
    submit: { known: ({ task }) => task },
    answer: SonarQubeSchema.SonarQubeAnswer,
    payload: SonarQubeSchema.SonarQubeGate,
    status: {
      path: "/api/ce/task",
      query: (scanId) => ({ id: scanId }),
      id: ["task", "id"],
      word: wordOf,
      subject: (_, word) => analysed(word),
      words: (word) => {
        if (carriedBy(word).has("analysisId")) return "ended"
        switch (word) {
          case "PENDING":
            return "queued"
          case "IN_PROGRESS":
            return "running"
          case "CANCELED":
            return "cancelled"
          case "FAILED":
            return {
              failed: ({ task }) => ({
                code: task?.errorType ?? "ce-failed",
                message: task?.errorMessage ?? "the analysis failed on the server, without a reason"
              })
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
      query: (_, word) => ({ analysisId: carriedBy(word).get("analysisId") ?? "" }),
      id: null,
      means: (word) => ({
        completed: ({ projectStatus }, { warn }) => {
          if (projectStatus === undefined) return Vendor.unusable("no-gate", "the answer holds no quality gate")
          const warnings = carriedBy(word).get("warnings")
          if (warnings !== null) warn(`SonarQube has warnings about this analysis: ${warnings}`)
          const worth = worthOf(projectStatus, gate, warn)
          return {
            payload: projectStatus,
            assessment: Vendor.assessment({ vendorSeverity: projectStatus.status, ...worth })
          }
        }
      })
    },
    findings: {
      path: "/api/issues/search",
      page: (index, before, _, subject, word) => {
        const carried = carriedBy(word)
        const project = carried.get("components")
        const seen = index * size
        if (project === null || seen >= most || (before !== null && seen >= before.paging.total)) return null
        const named = subject?.kind === "project" ? /^project=([^,]*)/.exec(subject.id)?.[1] : undefined
        if (named !== undefined && named !== project) return null
        carried.delete("analysisId")
        carried.delete("warnings")
        return {
          ...Object.fromEntries(carried),
          resolved: "false",
          ...(issues === "new" ? { inNewCodePeriod: "true" } : {}),
          ps: size,
          p: index + 1
        }
      },
      answer: SonarQubeSchema.SonarQubeIssues,
      read: (pages, { leftOut, outcome }) => {
        const [first] = pages
        if (first === undefined) {
          return Vendor.unusable("other-project", "the task is of another project than the target names, or of none")
        }
        const { total } = first.paging
        const found = new Map(pages.flatMap(({ issues }) => issues.map((one) => [one.key, one])))
        const conditions = failedConditions(outcome.payload)
        const items = Array.from(found.values(), (one) =>
          Vendor.finding({
            findingId: one.key,
            ruleId: one.rule,
            title: one.message,
            severity: issue(one),
            vendorSeverity:
              [
                ...(one.severity === undefined ? [] : [one.severity]),
                ...(one.impacts ?? []).map((it) => it.severity)
              ].join(", ") || null,
            resource: `${one.component.slice(one.component.indexOf(":") + 1)}${one.line === undefined ? "" : `:${one.line}`}`
          })
        )
        const isWhole = leftOut === 0 && found.size >= total && total < most
        // What was not read may be anything.
        const rest = isWhole
          ? []
          : [
              Vendor.finding({
                findingId: "not-listed",
                ruleId: "not-listed/unknown",
                title:
                  total < most
                    ? `${Math.max(leftOut, total - found.size)} issues were not read`
                    : `${most} issues or more: the rest is not shown`,
                severity: "unknown"
              })
            ]
        return {
          coverage: isWhole ? "full" : "partial",
          total: Math.max(total, found.size) + conditions.length,
          items: [...conditions, ...items, ...rest]
        }
      }
    },
    errors: {
      message: ["errors", 0, "msg"],
      rows: {
        "401": {
          poll: "Denied",
          advice:
            "check the key (SONAR_TOKEN); a server before 10 takes it by Basic alone, which is an option of the package"
        },
        "403": [
          {
            on: ["findings"],
            poll: "Broken",
            advice: "the token may read the task and not the issues: it needs Browse"
          },
          {
            poll: "Denied",
            advice: "the token may not read it, or the project was deleted: SonarQube answers both alike"
          }
        ],
        "404": [
          { on: ["result"], poll: "Broken", advice: "the gate of the analysis is not there" },
          { on: ["status"], poll: "Missing", advice: "the task is of another server, or was cleaned away" }
        ]
      }
    },
    pacing: {
      limits: { floor: "1 second" },
      every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "30 seconds" },
      deadline: "30 minutes",
      budget: { requests: 300, typicalDuration: Duration.seconds(20) }
    }
  })

/**
 * The definition as it comes with the command and the promise client.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<SonarQubeSchema.SonarQubeRequest, SonarQubeSchema.SonarQubeGate> = define()

/**
 * SonarQube for one account, as a service.
 *
 * @category services
 * @since 0.2.0
 */
export class SonarQube extends Context.Service<
  SonarQube,
  ScanAdapter<SonarQubeSchema.SonarQubeRequest, SonarQubeSchema.SonarQubeGate>
>()("@scanpoll/sonarqube/SonarQubeVendor/SonarQube") {
  /**
   * The adapter as a layer, from options.
   *
   * @since 0.2.0
   */
  static readonly layer = (
    options: Vendor.Options
  ): Layer.Layer<SonarQube, VendorConfigError | CredentialError, VendorHttp> => Vendor.layer(SonarQube, vendor, options)

  /**
   * The adapter as a layer, from `SONAR_TOKEN`, `SONARQUBE_BASE_URL` and `SCANPOLL_ALLOW_INSECURE_HOSTS`.
   *
   * @since 0.2.0
   */
  static readonly layerConfig: Layer.Layer<SonarQube, VendorConfigError | CredentialError, VendorHttp> =
    Vendor.layerConfig(SonarQube, vendor)
}
