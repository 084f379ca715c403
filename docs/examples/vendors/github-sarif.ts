/**
 * GitHub code scanning: what became of a SARIF file that was uploaded, and the alerts that are open since.
 *
 * Nothing is started here. `complete` says that the file was stored, not that it is clean: the verdict is the open alerts of
 * its ref. `failed` may have been stored in part. The answer names no id, so it is here the repository and the upload.
 *
 * @see {@link https://docs.github.com/en/rest/code-scanning/code-scanning}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Upload = Schema.Struct({
  analyses_url: Schema.optionalKey(Wire.words(2000)),
  errors: Schema.optionalKey(Wire.sieve(Wire.words(1000)))
})

const Alerts = Wire.sieve(
  Schema.Struct({
    number: Wire.count,
    html_url: Schema.optionalKey(Wire.words(2000)),
    rule: Schema.Struct({
      id: Wire.words(255),
      description: Schema.optionalKey(Wire.words(1000)),
      security_severity_level: Schema.optionalKey(Wire.words(16)),
      severity: Schema.optionalKey(Wire.words(16))
    }),
    most_recent_instance: Schema.optionalKey(
      Schema.Struct({ location: Schema.optionalKey(Schema.Struct({ path: Schema.optionalKey(Wire.text(1000)) })) })
    )
  })
)

const severities = new Map<string, Severity.Severity>([
  ["critical", "critical"],
  ["high", "high"],
  ["medium", "medium"],
  ["low", "low"],
  ["error", "high"],
  ["warning", "medium"],
  ["note", "low"],
  ["none", "info"]
])

const repository = Schema.String.check(Schema.isPattern(/^[\w.-]{1,39}\/[\w.-]{1,100}$/))
const uploadPath = (repository: string, upload: string): string => `/repos/${repository}/code-scanning/sarifs/${upload}`
const size = 100

export default Vendor.define({
  name: "github-sarif",
  title: "GitHub code scanning",
  scans: "uploads of SARIF files, with the alerts that are open since",
  docs: "https://docs.github.com/en/rest/code-scanning/code-scanning",
  baseUrl: "https://api.github.com",
  headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
  key: { variable: "GITHUB_SARIF_TOKEN" },
  ids: /^[\w.-]{1,39}\/[\w.-]{1,100}\/[\w-]{1,60}$/,
  probe: "none/none/none",
  target: Schema.Struct({
    repository,
    upload: Schema.String.check(Schema.isPattern(/^[\w-]{1,60}$/)),
    ref: Schema.String.check(Schema.isPattern(/^refs\/[!-~]{1,250}$/))
  }),
  sample: { repository: "acme/shop", upload: "47177e22-5596-11eb-80a1-c1e54ef945c6", ref: "refs/heads/main" },
  line: "upload",
  subject: ({ ref, repository }) => ({ kind: "repository", id: `${repository} ${ref}`, name: `${repository} ${ref}` }),
  fingerprint: ({ repository, upload }) => `${repository.toLowerCase()} ${upload}`,
  // The upload is there already: nothing is submitted, and nothing can be in doubt.
  submit: { known: ({ repository, upload }) => `${repository}/${upload}` },
  answer: Upload,
  payload: Upload,
  status: {
    path: (id) => {
      const [owner = "", name = "", upload = ""] = id.split("%2F")
      return uploadPath(`${owner}/${name}`, upload)
    },
    id: null,
    word: ["processing_status"],
    words: {
      pending: "running",
      complete: {
        // Without its analyses the file was not stored.
        completed: (upload, { warn }) => {
          if (URL.parse(upload.analyses_url ?? "") === null) {
            return Vendor.unusable("no-analyses", "complete, but without analyses")
          }
          for (const error of upload.errors ?? []) warn(`a part of the file may be missing: ${error}`)
          return { payload: upload, assessment: Vendor.assessment({}) }
        }
      },
      failed: { failed: ({ errors = [] }) => (errors.length === 0 ? null : errors.join("; ")) }
    }
  },
  findings: {
    path: (id) => {
      const [owner = "", name = ""] = id.split("%2F")
      return `/repos/${owner}/${name}/code-scanning/alerts`
    },
    page: (index, before, _, subject) =>
      subject === null || (before !== null && before.length < size)
        ? null
        : { ref: subject.id.split(" ")[1] ?? "", state: "open", per_page: size, page: index + 1 },
    answer: Alerts,
    read: (pages, { leftOut, whole }) => {
      if (pages.length === 0) return Vendor.unusable("unknown-ref", "the ref of the upload is not known")
      const items = pages.flat().map(({ html_url, most_recent_instance, number, rule }) => {
        const word = rule.security_severity_level ?? rule.severity ?? null
        return Vendor.finding({
          findingId: String(number),
          ruleId: rule.id,
          title: rule.description ?? rule.id,
          severity: severities.get(word ?? "") ?? "unknown",
          vendorSeverity: word,
          resource: most_recent_instance?.location?.path ?? null,
          references: html_url === undefined ? [] : [html_url]
        })
      })
      if (whole && leftOut === 0) return { coverage: "full", total: items.length, items }
      // What was not read may be anything.
      const rest = Vendor.finding({
        findingId: "not-read",
        ruleId: "not-read",
        title: "alerts that were not read",
        severity: "unknown"
      })
      return { coverage: "partial", total: null, items: [...items, rest] }
    }
  },
  errors: {
    message: ["message"],
    rows: {
      "401": { poll: "Denied", advice: "check the key (GITHUB_SARIF_TOKEN)" },
      "403": [
        { says: /rate limit/i, poll: "Throttled" },
        { poll: "Denied", advice: "the token needs security_events, and code scanning to be on" }
      ],
      "404": { poll: "Missing", advice: "GitHub says so of what a token may not see, too" }
    }
  },
  pacing: {
    limits: { floor: "2 seconds", throttledWait: "1 minute" },
    every: { interactive: "3 seconds", default: "5 seconds", background: "30 seconds", bulk: "1 minute" },
    deadline: "30 minutes",
    budget: { requests: 60, typicalDuration: Duration.seconds(30) }
  }
})
