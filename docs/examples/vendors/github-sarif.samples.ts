/** What GitHub says, after the examples of its documentation. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type github from "./github-sarif.ts"

const target = { repository: "acme/shop", upload: "47177e22-5596-11eb-80a1-c1e54ef945c6", ref: "refs/heads/main" }
const headers = { authorization: "Bearer {key}", accept: "application/vnd.github+json" }
const path = `/repos/acme/shop/code-scanning/sarifs/${target.upload}`

const upload = (processing_status: string, fields: object = {}) => ({ body: { processing_status, ...fields } })
const complete = upload("complete", {
  analyses_url: "https://api.github.com/repos/acme/shop/code-scanning/analyses?sarif_id=47177e22"
})
const error = (status: number, message: string) => ({ status, body: { message, documentation_url: "…" } })

const alert = (number: number, rule: object) => ({
  number,
  state: "open",
  html_url: `https://github.com/acme/shop/code-scanning/${number}`,
  rule,
  most_recent_instance: { ref: target.ref, location: { path: "src/db.ts", start_line: 12 } }
})

export const samples: Samples.Samples<Vendor.TargetOf<typeof github>> = {
  requests: {
    equal: [[target, { ...target }]],
    different: [[target, { ...target, upload: "another" }]],
    invalid: [
      { request: { ...target, repository: "acme" }, path: ["repository"] },
      { request: { ...target, ref: "main" }, path: ["ref"] }
    ]
  },
  submit: { waits: `acme/shop/${target.upload}` },
  poll: {
    sends: { method: "GET", path, headers },
    otherId: "acme/shop/another",
    scans: [
      { means: "running", answer: upload("pending") },
      { means: "Completed", answer: complete, result: [["analyses_url"]] },
      {
        means: "Failed",
        answer: upload("failed", { errors: ["rejecting delivery as the repository has too many logical alerts"] }),
        reason: [["errors"]]
      }
    ]
  },
  findings: {
    pages: [
      {
        body: [
          alert(4, { id: "js/sql-injection", description: "SQL injection", security_severity_level: "high" }),
          alert(5, { id: "js/unused", description: "Unused variable", severity: "note" })
        ]
      }
    ],
    count: 2
  },
  errors: [
    { answer: error(404, "Not Found"), poll: "Missing" },
    { answer: error(401, "Bad credentials"), poll: "Denied" },
    { answer: error(403, "API rate limit exceeded"), poll: "Throttled" }
  ]
}
