/**
 * The exit code of a run: which of all that went wrong counts most.
 *
 * Codes: 0 all completed and the gate passed, 1 the gate failed, 2 usage or configuration, 3 no verdict, 4 a vendor
 * refused the credential, 70 a defect of ours, 74 the journal or an output failed, 130 interrupted. The precedence is
 * 130 > 70 > 74 > 2 > 1 > 4 > 3 > 0: a proven breach beats missing evidence. Three allowances mask a reason without
 * hiding it: `exitZero` masks 1, `allowPartial` the 3 of a partial scan, `allowIncomplete` every 3.
 *
 * @since 0.1.0
 */
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import * as Schema from "effect/Schema"
import type { GateResult } from "./Gate.ts"
import * as HostileText from "./HostileText.ts"
import * as Scopes from "./internal/gateScopes.ts"
import type { ReportScan } from "./ReportScan.ts"

/**
 * One of the codes a run may end with.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExitCode = Schema.Literals([0, 1, 2, 3, 4, 70, 74, 130])

/**
 * @category models
 * @since 0.1.0
 */
export type ExitCode = typeof ExitCode.Type

/**
 * Every code, the strongest first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const precedence: ReadonlyArray<ExitCode> = [130, 70, 74, 2, 1, 4, 3, 0]

/**
 * One thing that would change the exit code. `masked` when an allowance keeps it from doing so; `scans` are the ids of
 * the rows it is about.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExitReason = Schema.Struct({
  code: ExitCode,
  message: HostileText.HostileText,
  scans: Schema.Array(HostileText.HostileText),
  masked: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type ExitReason = typeof ExitReason.Type

/**
 * The code a run ends with, and all that speaks for it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exit = Schema.Struct({ code: ExitCode, reasons: Schema.Array(ExitReason) })

/**
 * @category models
 * @since 0.1.0
 */
export type Exit = typeof Exit.Type

/**
 * The code a row gives when it is the worst of its run.
 *
 * @category destructors
 * @since 0.1.0
 */
export const ofRow = (row: Pick<ReportScan, "state" | "because">): ExitCode => {
  if (row.because === "defect") return 70
  switch (row.state) {
    case "completed":
      return 0
    case "partial":
    case "failed":
    case "not-found":
      return 3
    case "still-running":
    case "unreachable":
    case "protocol":
    case "in-doubt":
      return row.because === "journal" ? 74 : 3
    case "interrupted":
      // Where the journal failed under a bought scan, nobody asked us to stop.
      return row.because === "journal" ? 74 : 130
    case "denied":
      return 4
    case "refused":
      return row.because === "credential" ? 4 : 3
    case "not-started":
      return row.because === "journal" ? 74 : row.because === "credential" ? 4 : 3
  }
}

/**
 * What happened to a run beside its rows: the person ended it, or something of ours went wrong. `leftOut` says in words what
 * should have been looked at and has no row: no verdict, whatever the rows say.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunTrouble {
  readonly interrupted?: boolean
  readonly faults?: ReadonlyArray<{ readonly code: 2 | 70 | 74; readonly message: string }>
  readonly leftOut?: ReadonlyArray<string>
}

const noScan = "no scan to judge"

/**
 * What a decided exit says was left out.
 *
 * @category destructors
 * @since 0.2.0
 */
export const leftOutOf = ({ reasons }: Exit): ReadonlyArray<string> =>
  reasons.flatMap(({ code, message, scans }) => {
    const text = HostileText.toLine(message, 2_000)
    return code === 3 && scans.length === 0 && text !== noScan ? [text] : []
  })

const words: Readonly<Record<ScanState, string>> = {
  completed: "completed",
  partial: "partial: some checks are missing",
  failed: "failed at the vendor",
  "not-found": "not known to the vendor",
  "still-running": "still running at the deadline",
  unreachable: "unreachable",
  protocol: "gave an answer that cannot be understood",
  interrupted: "interrupted",
  denied: "denied: the vendor refused the credential",
  "in-doubt": "in doubt: may or may not have been bought",
  refused: "refused at submission",
  "not-started": "not started"
}

type Judged = Pick<ReportScan, "id" | "state" | "evidence" | "gate">

// The rows that ended and that some rule could not judge; the others have a reason of their own.
const unjudged = (rows: ReadonlyArray<Judged>, gate: GateResult): ReadonlyArray<Judged> => {
  const ids = new Set(gate.rules.flatMap((rule) => (rule.unjudged ?? []).map(HostileText.toKey)))
  return rows.filter(
    (row) => (row.state === "completed" || row.state === "partial") && ids.has(HostileText.toKey(row.id))
  )
}

const lacks = (rows: ReadonlyArray<Judged>): string => {
  const reasons = rows.flatMap(({ evidence }) =>
    evidence === undefined
      ? []
      : [evidence.assessment, evidence.findings].flatMap(({ reason, status }) =>
          status === "unavailable" && reason !== null ? [HostileText.toLine(reason, 120)] : []
        )
  )
  const said = [...new Set(reasons)].slice(0, 3)
  return said.length === 0 ? "evidence that the gate needs is unavailable" : said.join("; ")
}

/**
 * Decides the exit code of a run from its rows, its gate and what else happened, and says why: every reason, the
 * strongest first, masked ones too.
 *
 * **Details**
 *
 * A gate with rules over no rows at all has judged nothing and gives 3; without rules an empty run gives 0. A row that
 * ended and that a rule cannot judge, because evidence is unavailable, gives 3 too.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decide = (
  rows: ReadonlyArray<Pick<ReportScan, "id" | "state" | "because" | "evidence" | "gate">>,
  gate: GateResult,
  trouble: RunTrouble = {}
): Exit => {
  const { policy } = gate
  const reasons: Array<ExitReason> = []
  const add = (code: ExitCode, message: string, scans: ReadonlyArray<HostileText.HostileText>, masked: boolean) =>
    reasons.push({ code, message: HostileText.of(message), scans, masked })

  for (const fault of trouble.faults ?? []) add(fault.code, fault.message, [], false)

  const groups = new Map<
    string,
    { code: ExitCode; state: ScanState; masked: boolean; ids: Array<HostileText.HostileText> }
  >()
  for (const row of rows) {
    const code = ofRow(row)
    if (code === 0) continue
    const { allowIncomplete, allowPartial } = Scopes.allowances(row, policy)
    const masked = code === 3 && (allowIncomplete || (row.state === "partial" && allowPartial))
    const name = `${code} ${row.state} ${masked}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { code, state: row.state, masked, ids: [row.id] })
    else group.ids.push(row.id)
  }
  for (const { code, ids, masked, state } of groups.values()) {
    const why =
      code === 70
        ? ", by a defect: the log has it"
        : code === 74
          ? ", by a fault of the journal"
          : code === 4 && state !== "denied"
            ? ", by the credential"
            : ""
    add(code, `${ids.length} ${ids.length === 1 ? "scan" : "scans"} ${words[state]}${why}`, ids, masked)
  }
  if (trouble.interrupted === true && !reasons.some((reason) => reason.code === 130)) {
    add(130, "the run was interrupted", [], false)
  }
  for (const rule of gate.rules) {
    if (!rule.passed) add(1, HostileText.toLine(rule.message), rule.scans, policy.exitZero)
  }
  const masks = (row: Pick<ReportScan, "gate">): boolean => Scopes.allowances(row, policy).allowIncomplete
  for (const open of Map.groupBy(unjudged(rows, gate), masks).values()) {
    const message = `${open.length} ${open.length === 1 ? "scan" : "scans"} could not be judged: ${lacks(open)}`
    add(
      3,
      message,
      open.map((row) => row.id),
      open.every(masks)
    )
  }
  for (const message of trouble.leftOut ?? []) add(3, message, [], policy.allowIncomplete)
  if (rows.length === 0 && gate.rules.length > 0) add(3, noScan, [], policy.allowIncomplete)

  const rank = (code: ExitCode) => precedence.indexOf(code)
  const sorted = reasons.toSorted((a, b) => rank(a.code) - rank(b.code))
  return { code: sorted.find((reason) => !reason.masked)?.code ?? 0, reasons: sorted }
}
