// What the compliance API answers: to a submission, a poll, and requests for an audit's scans, the history and a score.
import * as Script from "../Script.ts"
import type { Fate, Options, Refusal, Submission } from "./complianceModel.ts"
import * as Course from "./course.ts"
import * as Engine from "./engine.ts"
import * as Random from "./random.ts"
import type * as Server from "./server.ts"

const routes = {
  "POST /api/scan/run": "submit",
  "POST /api/scan/rescan": "submit",
  "GET /api/scan/history": "history",
  "* /api/scan/run": "wrong-method",
  "* /api/scan/rescan": "wrong-method",
  "* /api/scan/history": "wrong-method",
  "GET /api/scan/{id}": "status",
  "DELETE /api/scan/{id}": "delete",
  "* /api/scan/{id}": "wrong-method",
  "GET /api/audits/*/scans": "audit-scans",
  "* /api/audits/*/scans": "wrong-method",
  "GET /api/compliance/score": "score",
  "* /api/compliance/score": "wrong-method"
}

const problem = (error: string, message: string, details?: unknown) => ({
  error,
  message,
  ...(details === undefined ? {} : { details })
})

const internal = (message: string) => Engine.answer(500, problem("INTERNAL_ERROR", message))

const unauthorized = Engine.answer(401, problem("UNAUTHORIZED", "Not authenticated"))
const notFound = Engine.answer(404, problem("NOT_FOUND", "Scan not found"))
const unexpected = internal("An unexpected error occurred")

const refused = (refusal: Refusal): Server.Answer => {
  switch (refusal.code) {
    case "NOT_FOUND":
      return Engine.answer(404, problem("NOT_FOUND", refusal.message ?? "Mapping not found"))
    case "MAPPING_INCOMPLETE": {
      const { invalidColumns = [], missingRequired = [] } = refusal
      const details = { missing_required: missingRequired, invalid_columns: invalidColumns }
      return Engine.answer(400, problem("MAPPING_INCOMPLETE", "The mapping does not fit the upload.", details))
    }
    case "INTERNAL_ERROR":
      return internal("The scan record could not be created.")
  }
}

export interface Delta {
  readonly new_count: number
  readonly resolved_count: number
  readonly unchanged_count: number
  readonly previous_scan_id: string
  readonly previous_violation_count: number
}

export interface ScoreEvent {
  readonly score: number
  readonly timestamp: string
  readonly action: string
  readonly violation_id: string | null
}

export interface Drawn {
  readonly failed: boolean
  readonly inline: boolean
  readonly violations: number
  /** Distinct pairs of rule and account: what deltas compare. */
  readonly pairs: number
  readonly unchangedShare: number
  readonly reviews: Array<ScoreEvent>
  /** Made once, when first asked for after the end: the previous scan may be forgotten later. */
  delta: Delta | null | undefined
}

type Scan = Engine.Scan<Submission, Fate, Drawn>
export type Stage = Engine.Stage<Submission, Fate, Drawn>

const nominalMillis = 2_000
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const idFields = ["policy_id", "upload_id", "mapping_id", "audit_id"] as const

const issues = (fields: Readonly<Record<string, unknown>>, required: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  idFields.flatMap((name): ReadonlyArray<unknown> => {
    const value = fields[name] ?? undefined
    const type = { expected: "string", code: "invalid_type", path: [name] }
    if (value === undefined) return required.includes(name) ? [{ ...type, message: `${name} is required` }] : []
    if (typeof value !== "string") return [{ ...type, message: `${name} must be a string` }]
    const form = { origin: "string", code: "invalid_format", format: "uuid", path: [name] }
    return uuidForm.test(value) ? [] : [{ ...form, message: `${name} must be a UUID` }]
  })

const round = (value: number): number => Math.round(value * 100) / 100

export const idsOf = ({ mappingId, policyId, uploadId }: Submission): string => `${policyId} ${uploadId} ${mappingId}`

const firstScore = ({ drawn, fate }: Scan): number => fate.score ?? round((100 * 161) / (161 + drawn.violations))

const scoreOf = (scan: Scan): number => scan.drawn.reviews.at(-1)?.score ?? firstScore(scan)

const historyOf = (scan: Scan): ReadonlyArray<ScoreEvent> => [
  {
    score: firstScore(scan),
    timestamp: Course.isoSeconds(scan.endsAt),
    action: "scan_completed",
    violation_id: null
  },
  ...scan.drawn.reviews
]

const bySeverity = ({ drawn: { violations } }: Scan): Readonly<Record<string, number>> => {
  const critical = Math.floor(violations / 10)
  const high = Math.floor(violations / 3)
  return { CRITICAL: critical, HIGH: high, MEDIUM: violations - critical - high }
}

const reviewedOf = ({ drawn: { reviews, violations } }: Scan): number => Math.min(violations, reviews.length)

/** The newest completed scan of the same policy that had ended before this one did. */
const previousOf = (scan: Scan, { scans }: Stage): Scan | undefined =>
  scans
    .newestFirst()
    .filter(
      (other) =>
        other !== scan &&
        other.submission.policyId === scan.submission.policyId &&
        other.owner === scan.owner &&
        !other.drawn.failed &&
        other.createdAt <= scan.createdAt &&
        Course.hasEnded(other, scan.endsAt) &&
        other.endsAt <= scan.endsAt
    )
    .reduce<Scan | undefined>(
      (best, other) => (best === undefined || other.createdAt > best.createdAt ? other : best),
      undefined
    )

const deltaOf = (scan: Scan, stage: Stage): Delta | null => {
  const { drawn, fate } = scan
  if (drawn.delta !== undefined) return drawn.delta
  const previous = previousOf(scan, stage)
  if (previous === undefined) return (drawn.delta = null)
  const before = previous.drawn
  const most = Math.min(before.pairs, drawn.pairs)
  const unchanged = Math.min(most, fate.unchanged ?? Math.round(most * drawn.unchangedShare))
  return (drawn.delta = {
    new_count: drawn.pairs - unchanged,
    resolved_count: before.pairs - unchanged,
    unchanged_count: unchanged,
    previous_scan_id: previous.id,
    previous_violation_count: before.violations
  })
}

/** What only the status answer of a running server has. */
const serverFields = (scan: Scan, completed: boolean) => {
  const [violations, reviewed] = completed ? [scan.drawn.violations, reviewedOf(scan)] : [0, 0]
  return {
    data_source: "csv",
    file_name: "data.csv",
    review_summary: {
      total: violations,
      pending: violations - reviewed,
      approved: 0,
      false_positive: reviewed,
      disputed: 0,
      by_severity: completed ? bySeverity(scan) : {}
    }
  }
}

/** `fatesAt`: by reserved words, for a speed. */
export const play =
  (options: Options, fatesAt: (speed: number) => Readonly<Record<string, Fate>>) =>
  (stage: Stage): Engine.Play<Submission, Fate, Drawn> => {
    const shape = options.shape ?? "docs"
    const fates = fatesAt(stage.time.speed)
    const iso = (millis: number): string =>
      shape === "docs"
        ? Course.isoSeconds(millis)
        : `${new Date(millis).toISOString().slice(0, 23)}${String(Math.floor(millis * 1000) % 1000).padStart(3, "0")}+00:00`

    const processedOf = (scan: Scan, rules: number, status: string, now: number): number => {
      if (status === "completed") return scan.fate.rulesProcessedAtEnd ?? rules
      if (status === "failed") return 0
      const running = shape === "server" ? 0 : Math.floor(Course.share(scan, now, nominalMillis) * rules)
      return scan.fate.rulesProcessed ?? (status === "pending" ? 0 : running)
    }

    const statusBody = (scan: Scan, ended: boolean, now: number): Readonly<Record<string, unknown>> => {
      const { drawn, fate, id, submission } = scan
      const completed = ended && !drawn.failed
      const rules = fate.rulesTotal ?? Random.make(stage.seed, "compliance policy", submission.policyId).int(8, 20)
      const records = Random.make(stage.seed, "compliance upload", submission.uploadId).int(20, 50_000)
      const word = ended ? (drawn.failed ? "failed" : "completed") : (Course.word(fate, scan) ?? "running")
      return {
        id,
        status: word,
        violation_count: completed ? drawn.violations : 0,
        compliance_score: completed ? scoreOf(scan) : 0,
        rules_processed: processedOf(
          scan,
          rules,
          ended || !/^(?:completed|failed)$/.test(word) ? word : "running",
          now
        ),
        rules_total: rules,
        created_at: iso(scan.createdAt),
        completed_at: ended ? iso(scan.endsAt) : null,
        audit_name: submission.auditName,
        record_count: fate.recordCount ?? records,
        policy_id: submission.policyId,
        upload_id: submission.uploadId,
        mapping_id: submission.mappingId,
        audit_id: submission.auditId,
        mapping_config: fate.mappingConfig ?? { amount: "Amount", account: "Account", timestamp: "Date" },
        temporal_scale: fate.temporalScale === undefined ? (shape === "docs" ? "daily" : 24) : fate.temporalScale,
        ...(shape === "server" ? serverFields(scan, completed) : {}),
        score_history: completed ? historyOf(scan) : [],
        delta: completed ? deltaOf(scan, stage) : null,
        ...fate.merge
      }
    }

    const owner = ({ credential, headers }: Server.Call): string | null => {
      if (credential?.state !== "active") return null
      const organization = headers["x-organization-id"] ?? options.organizationId
      return organization === (options.organizationId ?? organization) ? credential.account : null
    }

    const wanted = (call: Server.Call, account: string | null): Engine.Wanted<Submission> | Server.Answer => {
      const parsed = Course.parseJson(call.body)
      if (!parsed.ok) {
        return Engine.answer(500, { ...problem("INTERNAL_ERROR", "The body could not be read."), status: "failed" })
      }
      const fields = Course.isRecord(parsed.value) ? parsed.value : {}
      const required = idFields.filter((name) => shape === "server" || name !== "audit_id")
      const found = issues(fields, required)
      if (found.length > 0) return Engine.answer(400, problem("VALIDATION_ERROR", "The request is not valid.", found))
      if (account === null) return unauthorized
      const text = (name: string): string | null => {
        const value = fields[name]
        return typeof value === "string" ? value : null
      }
      const submission = (nth: number): Submission => ({
        policyId: text("policy_id") ?? "",
        uploadId: text("upload_id") ?? "",
        mappingId: text("mapping_id") ?? "",
        auditId: text("audit_id"),
        auditName: text("audit_name"),
        account,
        nth
      })
      const ids = idsOf(submission(0))
      return { subject: `${account} ${ids}`, submission, billed: { subject: ids, credits: 0 } }
    }

    const accepted = (scan: Scan): Server.Answer => {
      const { failed, inline } = scan.drawn
      const told = { scan_id: scan.id, status: !inline ? "running" : failed ? "failed" : "completed" }
      const own =
        inline && failed
          ? Engine.answer(500, { ...told, ...problem("PARTIAL_INSERT", "Not all violations could be stored.") })
          : Engine.answer(200, told)
      // The submit's own word and the next status must agree to the millisecond, so the end is set, not awaited.
      const settle = () => {
        if (inline && scan.settleAfterPolls === null) scan.settled = true
      }
      return { ...own, hold: inline && !stage.time.injected ? Math.max(0, scan.endsAt - scan.createdAt) : 0, settle }
    }

    const newestFirst = (wanted: (scan: Scan) => boolean): ReadonlyArray<Scan> =>
      stage.scans
        .newestFirst()
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .filter(wanted)

    const auditScans = (call: Server.Call, account: string | null): Server.Reply => {
      if (account === null) return Engine.reply(unauthorized)
      const auditId = call.path.split("?")[0]?.split("/")[3] ?? ""
      const found = newestFirst((scan) => scan.submission.auditId === auditId && scan.owner === account)
      const rows = found.map((scan) => {
        const body = statusBody(scan, Course.hasEnded(scan, call.now), call.now)
        const { completed_at, compliance_score, created_at, id, record_count, status, violation_count } = body
        const score = status === "completed" ? compliance_score : null
        const file = { data_source: "csv", file_name: "data.csv" }
        return { id, status, score, violation_count, record_count, ...file, created_at, completed_at }
      })
      return Engine.reply(
        Engine.answer(200, { audit_id: auditId, data_source: "csv", connector_id: null, scans: rows })
      )
    }

    const history = (call: Server.Call, account: string | null): Server.Reply => {
      if (account === null) return Engine.reply(unauthorized)
      const ended = newestFirst(
        (scan) => scan.owner === account && Course.hasEnded(scan, call.now) && !scan.drawn.failed
      )
      const rows = ended.map((scan) => {
        const { new_count = scan.drawn.pairs, resolved_count = 0, unchanged_count = 0 } = deltaOf(scan, stage) ?? {}
        return {
          id: scan.id,
          policy_id: scan.submission.policyId,
          score: scoreOf(scan),
          violation_count: scan.drawn.violations,
          new_violations: new_count,
          resolved_violations: resolved_count,
          unchanged_count,
          status: "completed",
          created_at: iso(scan.createdAt),
          completed_at: iso(scan.endsAt),
          audit_name: scan.submission.auditName
        }
      })
      return Engine.reply(Engine.answer(200, { scans: rows }))
    }

    const score = (call: Server.Call, account: string | null): Server.Reply => {
      if (call.bearer === null) return Engine.reply(unexpected)
      const scan = stage.find(call.query.get("scan_id"), account)
      if (scan === undefined) return Engine.reply(notFound)
      const completed = Course.hasEnded(scan, call.now) && !scan.drawn.failed
      const [violations, reviewed] = completed ? [scan.drawn.violations, reviewedOf(scan)] : [0, 0]
      return Engine.reply(
        Engine.answer(200, {
          score: completed ? scoreOf(scan) : 0,
          total_violations: violations,
          open_violations: violations - reviewed,
          resolved_violations: 0,
          false_positives: reviewed,
          by_severity: completed ? bySeverity(scan) : { CRITICAL: 0, HIGH: 0, MEDIUM: 0 },
          by_rule_type: completed ? { threshold: violations } : {}
        })
      )
    }

    const remove = (call: Server.Call, account: string | null): Server.Reply => {
      if (call.bearer === null) return Engine.reply(unexpected)
      const scan = stage.find(call.scanId, account)
      if (scan !== undefined) stage.scans.remove(scan.id)
      return Engine.reply(Engine.answer(200, { success: true }))
    }

    return {
      routes,
      owner,
      limited: (_, seconds) =>
        Engine.reply(
          Engine.answer(429, problem("RATE_LIMITED", "Too many requests."), { "Retry-After": String(seconds) })
        ),
      missing: (call) => (call.bearer === null ? unexpected : notFound),
      unknown: () => Engine.answer(404, Script.html(404).body, { "Content-Type": "text/html" }),
      wanted,
      fate: (submission) =>
        options.fate?.(submission) ?? Engine.fateOf(fates, /^([a-z]+):/.exec(submission.auditName ?? "")?.[1]) ?? {},
      refusal: (_, { refusal }) => (refusal === undefined ? null : refused(refusal)),
      seed: (subject, nth) => [subject, nth],
      draw: (random, _, fate) => {
        const duration = random.lognormal(nominalMillis, 0.5, 300, 4_500)
        const failed = random.chance(options.failureRate ?? 0)
        const violations = fate.violations ?? random.int(0, 60)
        const id = fate.id ?? random.uuid()
        const drawn = {
          failed: fate.outcome === undefined ? failed : fate.outcome === "failed",
          inline: fate.inline ?? fate.settleAfterPolls === undefined,
          violations,
          // A server stores more violations than it has pairs; the documented sums treat each as a pair of its own.
          pairs: shape === "docs" ? violations : Math.ceil(violations * 0.66),
          unchangedShare: random.next(),
          reviews: [],
          delta: undefined
        }
        return { duration, id, drawn }
      },
      accepted,
      status: (scan, ended, call) =>
        call.bearer === null ? unexpected : Engine.answer(200, statusBody(scan, ended, call.now)),
      calls: {
        "audit-scans": auditScans,
        delete: remove,
        history,
        score,
        "wrong-method": () => Engine.reply(Engine.answer(405, undefined))
      }
    }
  }
