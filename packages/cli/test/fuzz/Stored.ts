/** What was written once and is read back: reports, baselines and the rows of a journal, by then in anybody's hands. */
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Observation from "@scanpoll/core/model/Observation"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import { type ScanRecord, states } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import * as Journal from "@scanpoll/journal/Journal"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Chance } from "./Chance.ts"
import * as Mutate from "./Mutate.ts"

const start = Date.UTC(2026, 3, 3, 9, 0, 0)

const ticketOf = (scanId: string) =>
  ScanTicket.make({ vendor: "appvet", origin: "https://appvet.dev", account: "default", scanId, submittedAt: start })

const finding = (name: string, severity: ScanOutcome.Finding["severity"]): ScanOutcome.Finding => ({
  findingId: `appvet:${name}`,
  ruleId: name,
  title: `${name} is missing`,
  description: null,
  severity,
  vendorSeverity: null,
  status: "new",
  resource: "https://site.example/",
  remediation: "add it",
  references: ["https://docs.example/"]
})

const outcomeOf = (at: number, ticket: ScanTicket.ScanTicket): ScanOutcome.ScanOutcome<unknown> | null => {
  const assessment: ScanOutcome.Assessment = {
    severity: "medium",
    vendorSeverity: "C",
    compliance: null,
    score: { value: 72, min: 0, max: 100, direction: "higher-is-better", grade: "C", basis: "vendor" }
  }
  const findings: ScanOutcome.Findings = {
    coverage: "full",
    total: 2,
    items: [finding("csp", "high"), finding("hsts", "low")]
  }
  const reason = { code: "E1", message: "some checks did not finish", advice: "again", requestId: "req_1" }
  switch (at % 4) {
    case 0:
      return ScanOutcome.makeCompleted({
        ticket,
        vendorStatus: "completed",
        createdAt: start,
        completedAt: start + 75_000,
        assessment,
        findings,
        payload: null
      })
    case 1:
      return ScanOutcome.makePartial({ ticket, vendorStatus: "partial", assessment, findings, reason, payload: null })
    case 2:
      return ScanOutcome.makeFailed({ ticket, vendorStatus: "failed", reason })
    default:
      return null
  }
}

const record = (index: number, completedOnly: boolean): ScanRecord => {
  const ticket = ticketOf(`scan_${index}`)
  const outcome = outcomeOf(completedOnly ? 0 : index, ticket)
  const state = completedOnly ? "completed" : (states[index % states.length] ?? "completed")
  const told = outcome !== null && ["completed", "partial", "failed"].includes(state)
  return {
    index,
    claimId: `clm_${index}`,
    vendor: "appvet",
    account: "default",
    subject: { kind: "url", id: `https://site-${index}.example/`, name: `Site ${index}` },
    ticket,
    state:
      told && outcome !== null
        ? outcome._tag === "Completed"
          ? "completed"
          : outcome._tag === "Partial"
            ? "partial"
            : "failed"
        : state,
    outcome: told ? outcome : null,
    reason: { code: "timeout", message: "no verdict", advice: null, requestId: null },
    because: told ? "outcome" : "stop",
    submittedAt: start,
    observedAt: start + 80_000,
    polls: 6,
    progress: { fraction: 0.5, done: 5, total: 10 },
    notBefore: start + 90_000,
    reused: false,
    ageMs: null,
    warnings: ["odd"]
  }
}

const reportOf = (count: number, completedOnly: boolean): ScanReport.ScanReport =>
  ScanReport.fromRecords(
    Array.from({ length: count }, (_, index) => record(index, completedOnly)),
    {
      version: "0.1.0",
      id: "run_1",
      startedAt: start,
      finishedAt: start + 90_000,
      plan: "scans.yaml",
      policy: { ...Gate.none, failOn: "high" }
    }
  )

const render = (report: ScanReport.ScanReport, name: string): Effect.Effect<string> => {
  const format = Format.byName(name)
  return format === undefined ? Effect.die(new Error(`no format ${name}`)) : Format.renderText(format, report)
}

const known = reportOf(3, true)
const bases: ReadonlyArray<Mutate.Json> = await Effect.runPromise(
  Effect.forEach([reportOf(12, false), known], (report) =>
    Effect.map(render(report, "json"), (text): Mutate.Json => JSON.parse(text))
  )
)
const baselines: ReadonlyArray<Mutate.Json> = [JSON.parse(Baseline.toText(Baseline.fromReport(known)))]

const jsonFormats = new Set(["json", "sarif", "defectdojo", "ocsf"])

const judgeReport = (chance: Chance, read: ScanReport.ScanReport): Effect.Effect<string | null> =>
  Effect.gen(function* () {
    const strict = Merge.merge(read, [], Gate.none)
    const { byState, total } = strict.summary
    const counted = Object.values(byState).reduce((sum: number, count) => sum + (count ?? 0), 0)
    if (total !== strict.scans.length || counted !== total) return "the counts do not add up"
    if (strict.exit.code === 0 && strict.scans.some((scan) => scan.state !== "completed"))
      return "exit 0 without a verdict"
    const gated = Merge.merge(read, [], { ...Gate.none, failOn: "high" })
    if (gated.gate.passed && gated.scans.some((scan) => ["high", "critical", "unknown"].includes(scan.severity)))
      return "a gate on high passes"
    const merged = Merge.withTrend(Merge.merge(read, [known]), [known, read])
    const diff = Diff.compute(known, merged)
    Baseline.apply(merged, Baseline.fromReport(read), start)
    if (!chance.once(8)) return null
    const name = chance.pick(Format.names)
    const text = yield* render(merged, name)
    if (jsonFormats.has(name)) {
      for (const line of name === "ocsf" ? text.split("\n").filter((one) => one !== "") : [text]) JSON.parse(line)
    }
    // A text of a vendor's becomes no character that a terminal or a file cannot bear.
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/u.test(text)) return `a control character in ${name}`
    for (const format of DiffFormat.all) {
      const rendered = yield* DiffFormat.render(format, diff)
      Array.from(rendered)
    }
    return null
  })

/** A report or a baseline that somebody changed: it is refused in words, or its counts and its verdict are true. */
export const report = (chance: Chance): Effect.Effect<string | null> => {
  const isBaseline = chance.once(5)
  const text = new TextDecoder().decode(Mutate.body(chance, chance.pick(isBaseline ? baselines : bases)))
  const work = isBaseline
    ? Effect.map(Effect.result(Baseline.parse(text)), (read) => {
        if (Result.isSuccess(read)) Baseline.apply(known, read.success, start)
        return null
      })
    : Effect.flatMap(Effect.result(ScanReport.parse(text)), (read) =>
        Result.isSuccess(read) ? judgeReport(chance, read.success) : Effect.succeed(null)
      )
  return Effect.map(Effect.exit(work), (exit) => {
    const problem = Exit.isSuccess(exit) ? exit.value : `a defect: ${Cause.pretty(exit.cause).slice(0, 600)}`
    return problem === null ? null : `${problem}: ${JSON.stringify(text.slice(0, 3000))}`
  })
}

// ---- rows of a journal

const Said = Schema.Struct({ said: Schema.String })

interface Asked {
  submissions: number
  polls: number
}

const policy = PollPolicy.make({ first: 0, pace: "1 millis", floor: 0, spread: 0, deadline: "1 second" })

const vendor = (asked: Asked): ScanAdapter<string, typeof Said.Type> => ({
  vendor: "appvet",
  origin: "https://appvet.dev",
  account: "default",
  environment: "",
  limits: VendorLimits.make({ floor: "1 millis" }),
  policy,
  policies: { interactive: policy, default: policy, background: policy, bulk: policy },
  budget: {
    requests: null,
    window: Duration.seconds(1),
    openScans: null,
    typicalDuration: Duration.seconds(1),
    pollsPerScan: () => 1
  },
  payload: Said,
  check: () => [],
  subject: (request) => ({ kind: "url", id: request, name: request }),
  fingerprint: (request) => request,
  submit: () =>
    Effect.sync(() => {
      asked.submissions++
      return {
        _tag: "Submitted" as const,
        ticket: ticketOf(`scan_new_${asked.submissions}`),
        hint: Option.none(),
        quota: Option.none()
      }
    }),
  poll: (ticket) =>
    Effect.sync(() => {
      asked.polls++
      const assessment: ScanOutcome.Assessment = {
        severity: "low",
        vendorSeverity: null,
        compliance: null,
        score: null
      }
      return Observation.answer(
        Observation.settled(
          ScanOutcome.makeCompleted({ ticket, vendorStatus: "completed", assessment, payload: { said: "polled" } })
        )
      )
    })
})

const columns = [
  "claim_id",
  "key_hash",
  "vendor",
  "origin",
  "account",
  "environment",
  "fingerprint",
  "subject_hash",
  "subject",
  "state",
  "owner",
  "epoch",
  "stamp",
  "scan_id",
  "submitted_at",
  "not_before",
  "request",
  "outcome",
  "reason",
  "claimed_at",
  "changed_at"
] as const

// Whoever changes these has made another purchase of the row, or none.
const identity: ReadonlySet<string> = new Set([
  "claim_id",
  "key_hash",
  "vendor",
  "origin",
  "account",
  "environment",
  "fingerprint",
  "state",
  "changed_at"
])

const oddNumbers = [0, -1, 1, 1.5, 1e300, -1e300, Infinity, -Infinity, 8.64e15, 8.64e15 + 1, 9e15, start]

const cell = (chance: Chance, old: unknown): string | number | null => {
  if (chance.once(8)) return null
  if (chance.once(4)) return chance.pick(oddNumbers)
  if (typeof old !== "string") return chance.pick(["", "x", "NaN", "0", Mutate.oddText(chance)])
  let parsed: Mutate.Json
  try {
    parsed = JSON.parse(old)
  } catch {
    return Mutate.text(chance, old)
  }
  return chance.once(3) ? Mutate.text(chance, old) : Mutate.json(chance, parsed)
}

const open = <A, E>(path: string, effect: Effect.Effect<A, E, ScanJournal.ScanJournal>) =>
  Effect.provide(
    effect,
    Layer.merge(Journal.layerSqlite(path, { lease: "1 second", patience: "1 second" }), RateBudget.layerMemory)
  )

const requests = ["https://settled.example", "https://open.example", "https://doubt.example"] as const

// One settled row, one open and one in doubt.
const fill = (path: string) =>
  open(
    path,
    Effect.gen(function* () {
      const asked = { submissions: 0, polls: 0 }
      const adapter = vendor(asked)
      yield* Scans.run(adapter, requests[0])
      const journal = yield* ScanJournal.ScanJournal
      for (const request of requests.slice(1)) {
        const key = {
          vendor: "appvet",
          origin: "https://appvet.dev",
          account: "default",
          environment: "",
          fingerprint: request
        }
        const claim = yield* journal.claim(key, { subject: adapter.subject(request), reuseFrom: 0, request })
        if (claim._tag !== "Fresh") return yield* Effect.die(new Error("a new journal knows this claim"))
        if (request === requests[1]) yield* journal.submitted(claim.claimId, ticketOf("scan_open"), 0)
        else
          yield* journal.inDoubt(claim.claimId, {
            code: "timeout",
            message: "no answer",
            advice: null,
            requestId: null
          })
      }
    })
  )

/** A row that somebody changed: every operation answers or fails in words, and nothing is bought a second time. */
export const row = (chance: Chance): Effect.Effect<string | null> =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-fuzz-"))
    const path = join(folder, "journal.db")
    try {
      yield* Effect.orDie(fill(path))
      const changed: Array<string> = []
      const db = new DatabaseSync(path)
      db.exec("PRAGMA ignore_check_constraints = 1")
      for (let i = 1 + chance.below(3); i > 0; i--) {
        const column = chance.pick(columns)
        const [old] = db
          .prepare(`SELECT rowid AS id, ${column} AS value FROM scanpoll_claims ORDER BY rowid LIMIT 1 OFFSET ?`)
          .all(chance.below(3))
        if (old === undefined) continue
        try {
          db.prepare(`UPDATE scanpoll_claims SET ${column} = ? WHERE rowid = ?`).run(
            cell(chance, old["value"]),
            Number(old["id"])
          )
          changed.push(column)
        } catch {
          // The database itself refuses it.
        }
      }
      const dump = JSON.stringify(db.prepare("SELECT * FROM scanpoll_claims").all())
      db.close()
      const asked = { submissions: 0, polls: 0 }
      const adapter = vendor(asked)
      const exit = yield* Effect.exit(
        open(
          path,
          Effect.gen(function* () {
            const journal = yield* ScanJournal.ScanJournal
            const listed = yield* Effect.result(
              journal.list(["intent", "submitted", "settled", "in-doubt", "refused", "released"])
            )
            yield* Effect.result(journal.history({ limit: 10 }))
            yield* Effect.result(
              journal.scanIds({ vendor: "appvet", origin: "https://appvet.dev", account: "default" })
            )
            yield* Effect.result(journal.pauses)
            const told: Array<Result.Result<ScanOutcome.ScanOutcome<typeof Said.Type>, unknown>> = []
            for (const request of requests) told.push(yield* Effect.result(Scans.run(adapter, request)))
            if (Result.isSuccess(listed)) {
              for (const entry of listed.success) {
                if (Scans.isFor(adapter, entry))
                  yield* Effect.result(Effect.timeoutOption(Scans.run(adapter, entry.key.fingerprint), "2 seconds"))
              }
            }
            return told
          })
        ).pipe(Effect.timeoutOption("8 seconds"))
      )
      const problem = judgeRow(exit, asked, changed)
      return problem === null ? null : `${problem}, with ${changed.join(", ")} changed: ${dump}`
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

const judgeRow = (
  exit: Exit.Exit<
    Option.Option<ReadonlyArray<Result.Result<ScanOutcome.ScanOutcome<typeof Said.Type>, unknown>>>,
    unknown
  >,
  asked: Asked,
  changed: ReadonlyArray<string>
): string | null => {
  if (Exit.isFailure(exit))
    return Cause.hasDies(exit.cause) ? `a defect: ${Cause.pretty(exit.cause).slice(0, 600)}` : null
  if (Option.isNone(exit.value)) return "it does not end"
  if (asked.submissions > 0 && !changed.some((column) => identity.has(column)))
    return `${asked.submissions} bought again`
  for (const told of exit.value.value) {
    if (Result.isSuccess(told) && !ScanTicket.isScanId(told.success.ticket.scanId)) return "an outcome of no scan"
  }
  return null
}
