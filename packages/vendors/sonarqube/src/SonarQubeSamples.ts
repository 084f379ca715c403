/**
 * What SonarQube says, after the examples of its own web services: for simulated vendors and the conformance kit.
 *
 * @since 0.2.0
 */

/** The task that all answers are about. */
const id = "AZq1vT0eTASK00000001"
const target = { task: id }
const key = { authorization: "Bearer {key}" }

const task = (status: string, fields: object = {}) => ({
  body: {
    task: {
      id,
      type: "REPORT",
      componentKey: "acme_shop",
      status,
      submittedAt: "2026-05-11T09:00:00+0000",
      branch: "main",
      ...fields
    }
  }
})

const gate = (status: string, conditions: ReadonlyArray<object> = []) => ({
  body: { projectStatus: { status, conditions, ignoredConditions: false } }
})
const coverage = { metricKey: "new_coverage", comparator: "LT", errorThreshold: "80", actualValue: "61.4" }

const issue = (key: string, fields: object) => ({
  key,
  rule: "typescript:S2068",
  severity: "MINOR",
  component: "acme_shop:src/db.ts",
  project: "acme_shop",
  line: 12,
  status: "OPEN",
  message: "Revoke this password, it is public.",
  type: "VULNERABILITY",
  ...fields
})

const error = (status: number, msg: string) => ({ status, body: { errors: [{ msg }] } })

/**
 * Requests and answers of SonarQube.
 *
 * @category constants
 * @since 0.2.0
 */
export const samples = {
  requests: {
    equal: [[target, { ...target }]],
    different: [[target, { ...target, task: "AZq1vT0eTASK00000002" }]],
    invalid: [
      { request: { ...target, task: "../x" }, path: ["task"] },
      { request: { ...target, project: "" }, path: ["project"] },
      { request: { ...target, branch: "a b" }, path: ["branch"] }
    ]
  },
  submit: { waits: id },
  poll: {
    sends: { method: "GET", path: "/api/ce/task?id={id}", headers: key },
    otherId: "AZq1vT0eTASK00000009",
    decides: [
      ["task", "status"],
      ["task", "analysisId"]
    ],
    scans: [
      { means: "queued", answer: task("PENDING") },
      { means: "running", answer: task("IN_PROGRESS", { executionTimeMs: 1873 }) },
      { means: "ended", answer: task("SUCCESS", { analysisId: "AZq1vUANALYSIS000001", warningCount: 1 }) },
      { means: "Failed", answer: task("SUCCESS") },
      {
        means: "Failed",
        answer: task("FAILED", { errorMessage: "Visit failed for Component {key=acme_shop:src/a.ts}" }),
        reason: [["task", "errorMessage"]]
      },
      { means: "cancelled", answer: task("CANCELED") }
    ]
  },
  result: {
    sends: { method: "GET", path: "/api/qualitygates/project_status?analysisId=AZq1vUANALYSIS000001", headers: key },
    word: "SUCCESS analysisId=AZq1vUANALYSIS000001&warnings=1&components=acme_shop&branch=main",
    scans: [
      { means: "Completed", answer: gate("ERROR", [{ status: "ERROR", ...coverage }]), result: [["projectStatus"]] },
      { means: "Completed", answer: gate("OK", [{ status: "OK", ...coverage }]), result: [["projectStatus"]] },
      { means: "Completed", answer: gate("NONE"), result: [["projectStatus"]] }
    ]
  },
  findings: {
    pages: [
      {
        body: {
          paging: { pageIndex: 1, pageSize: 500, total: 2 },
          issues: [
            issue("AZq1issue1", { impacts: [{ softwareQuality: "SECURITY", severity: "HIGH" }] }),
            issue("AZq1issue2", { rule: "typescript:S1481", message: "Remove this unused variable." })
          ]
        }
      }
    ],
    count: 3
  },
  errors: [
    { answer: error(404, `No activity found for task '${id}'`), poll: "Missing", on: ["status"] },
    { answer: error(403, "Insufficient privileges"), poll: "Denied", on: ["status", "result"] },
    { answer: { status: 503, body: "<html>STARTING</html>" }, poll: "Transient" }
  ]
} as const
