/**
 * What changed between two runs, subject by subject, and why nothing can be said where that is so.
 *
 * Two scans of a subject are comparable when both completed and both list all they found. Only then is a finding called
 * resolved: a timeout, a partial scan or a shorter list never looks like an improvement. Numbers of scans that are not
 * comparable stand side by side without a verdict.
 *
 * @since 0.1.0
 */
import * as Severity from "@scanpoll/core/model/Severity"
import type * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import * as Baseline from "./Baseline.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Gate from "./Gate.ts"
import * as HostileText from "./HostileText.ts"
import * as Compare from "./internal/compare.ts"
import * as Identities from "./internal/identities.ts"
import * as ReportScan from "./ReportScan.ts"
import * as ScanReport from "./ScanReport.ts"

/**
 * The version of the JSON shape.
 *
 * @category constructors
 * @since 0.1.0
 */
export const diffVersion = 1

/**
 * One of the two scans of a subject. `severity` is what a gate reads, without what was accepted; `found` is the severity
 * with it, where that is worse.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Side = Schema.Struct({
  id: HostileText.HostileText,
  key: Schema.NullOr(HostileText.HostileText),
  state: ReportScan.ScanState,
  severity: Severity.Severity,
  found: Schema.optionalKey(Severity.Severity),
  score: Schema.NullOr(Schema.Finite),
  grade: Schema.NullOr(HostileText.HostileText),
  findings: Schema.NullOr(Schema.Finite),
  observedAt: ReportScan.Time
})

/**
 * @category models
 * @since 0.1.0
 */
export type Side = typeof Side.Type

/**
 * What changed for one subject under scan (`scanType` as in a report). `warnings` say what the pairing rests on where the
 * reports do not say enough. `base` or `head` is null where that run does not have it. `why` says why the two are not
 * comparable; then `resolved` is empty and `new` holds what the base does not list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SubjectDiff = Schema.Struct({
  vendor: ReportScan.VendorName,
  account: HostileText.HostileText,
  scanType: Schema.optionalKey(HostileText.HostileText),
  subject: ReportScan.ReportSubject,
  comparable: Schema.Boolean,
  why: Schema.NullOr(HostileText.HostileText),
  base: Schema.NullOr(Side),
  head: Schema.NullOr(Side),
  new: Schema.Array(ReportScan.ReportFinding),
  resolved: Schema.Array(ReportScan.ReportFinding),
  unchanged: Schema.Natural,
  warnings: Schema.Array(HostileText.HostileText)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SubjectDiff = typeof SubjectDiff.Type

/**
 * What changed between two runs. `gate` and `exit` are those of the head, held against the base. `worse` and `better`
 * count the subjects whose severity changed between two completed scans: what was only accepted, or no longer is, changed
 * nothing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportDiff = Schema.Struct({
  diffVersion: Schema.Literal(diffVersion),
  tool: Schema.Struct({ name: Schema.Literal("scanpoll"), version: HostileText.HostileText }),
  base: ScanReport.Run,
  head: ScanReport.Run,
  summary: Schema.Struct({
    subjects: Schema.Natural,
    comparable: Schema.Natural,
    new: Schema.Natural,
    resolved: Schema.Natural,
    unchanged: Schema.Natural,
    worse: Schema.Natural,
    better: Schema.Natural
  }),
  subjects: Schema.Array(SubjectDiff),
  gate: Gate.GateResult,
  exit: ExitCode.Exit
}).annotate({ identifier: "ReportDiff", title: "scanpoll diff" })

/**
 * @category models
 * @since 0.1.0
 */
export type ReportDiff = typeof ReportDiff.Type

/**
 * The JSON Schema (draft 2020-12) of a diff.
 *
 * @category schemas
 * @since 0.1.0
 */
export const jsonSchema = (): JsonSchema.JsonSchema => {
  const document = Schema.toJsonSchemaDocument(ReportDiff)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...document.schema,
    $defs: document.definitions
  }
}

const side = (scan: ReportScan.ReportScan): Side => {
  const found = ReportScan.foundOf(scan)
  return {
    id: scan.id,
    key: scan.key,
    state: scan.state,
    severity: scan.severity,
    ...(found === scan.severity ? {} : { found }),
    score: scan.assessment?.score?.value ?? null,
    grade: scan.assessment?.score?.grade ?? null,
    findings: scan.findings.total,
    observedAt: scan.timings.completedAt ?? scan.timings.observedAt
  }
}

const foundBy = (one: Side): Severity.Severity => one.found ?? one.severity

const coverageOf = (scan: ReportScan.ReportScan, which: string): string | null => {
  switch (scan.findings.coverage) {
    case "full":
      return null
    case "partial":
      return `${which} has only a part of its findings`
    case "counts-only":
      return `${which} counts its findings and does not list them`
    case "none":
      return `${which} has no findings told by the vendor`
    case "unavailable":
      return `the findings of ${which} could not be fetched`
  }
}

// Why one of the runs does not have a subject. A run of a part of its plan left others out.
const absent = (which: string, { part }: ScanReport.Run): string =>
  `not in the ${which}${part === undefined ? "" : ", which has a part of its plan"}`

const whyNot = (
  base: ReportScan.ReportScan | null,
  head: ReportScan.ReportScan | null,
  { alike, runs }: Pairing
): string | null => {
  if (base === null) return absent("base", runs.base)
  if (head === null) return absent("head", runs.head)
  if (!alike) return "the runs do not scan this subject equally often"
  if (head.state !== "completed") return `the head is ${head.state}`
  if (base.state !== "completed") return `the base is ${base.state}`
  return coverageOf(head, "the head") ?? coverageOf(base, "the base")
}

const openOf = (scan: ReportScan.ReportScan) => scan.findings.items.filter((item) => item.status !== "resolved")

const guessed = HostileText.of("a report does not say the vendor's type of scan: paired by finding ids, then by order")

interface Pairing {
  readonly alike: boolean
  readonly isGuess: boolean
  readonly runs: { readonly base: ScanReport.Run; readonly head: ScanReport.Run }
}

const pair = (
  base: ReportScan.ReportScan | null,
  head: ReportScan.ReportScan | null,
  held: ReportScan.ReportScan | null,
  pairing: Pairing
): SubjectDiff | null => {
  const any = head ?? base
  if (any === null) return null
  const why = whyNot(base, head, pairing)
  const items = held === null ? [] : held.findings.items
  // What an incomparable pair does not list in the head may merely not have been looked at.
  const resolved = why === null ? items.filter((item) => item.status === "resolved") : []
  // A base without a full result accepts nothing for a gate, but what it lists is not new.
  const idOf = (
    item: ReportScan.ReportFinding,
    mine: ReportScan.ReportScan | null,
    other: ReportScan.ReportScan | null
  ) => (mine === null || other === null ? "" : Compare.keyOf(item, Compare.sideOf(mine), Compare.sideOf(other)))
  const listed = new Set(base === null ? [] : openOf(base).map((item) => idOf(item, base, head)))
  const open = held === null ? [] : openOf(held)
  const fresh = open.filter((item) => item.status === "new")
  const unseen = fresh.filter((item) => !listed.has(idOf(item, head, base)))
  return {
    vendor: any.vendor,
    account: any.account,
    ...(any.scanType === undefined ? {} : { scanType: any.scanType }),
    subject: any.subject,
    comparable: why === null,
    why: why === null ? null : HostileText.of(why),
    base: base === null ? null : side(base),
    head: head === null ? null : side(head),
    new: unseen,
    resolved,
    unchanged: open.filter((item) => item.status === "unchanged").length + fresh.length - unseen.length,
    warnings: pairing.isGuess ? [guessed] : []
  }
}

/**
 * Compares two runs; the gate is held against the head, with the base as its baseline.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compute = (
  base: ScanReport.ScanReport,
  head: ScanReport.ScanReport,
  policy: Gate.GatePolicy = Gate.none
): ReportDiff => {
  const counterparts = Identities.pair(base.scans, head.scans)
  const held = Baseline.apply(
    ScanReport.withScans(
      head,
      head.scans.map((scan) => ({ ...scan, delta: null, previous: null }))
    ),
    Baseline.fromReport(base),
    Date.parse(head.run.finishedAt)
  )
  const met = new Set(counterparts.map((found) => found?.before))
  const runs = { base: base.run, head: head.run }
  const alone = { alike: true, isGuess: false, runs }
  const subjects = [
    ...head.scans.map((scan, at) => {
      const found = counterparts[at] ?? null
      return pair(
        found === null ? null : (base.scans[found.before] ?? null),
        scan,
        held.scans[at] ?? null,
        found === null ? alone : { ...found, runs }
      )
    }),
    ...base.scans.filter((_, at) => !met.has(at)).map((scan) => pair(scan, null, null, alone))
  ].filter((subject) => subject !== null)

  const sum = (count: (subject: SubjectDiff) => number) => subjects.reduce((total, one) => total + count(one), 0)
  const moved = (way: (base: Severity.Severity, head: Severity.Severity) => Severity.Severity) =>
    sum((one) => {
      const { base: old, head: now } = one
      if (old === null || now === null || old.state !== "completed" || now.state !== "completed") return 0
      const [before, after] = [foundBy(old), foundBy(now)]
      return before !== after && way(before, after) === after ? 1 : 0
    })
  const gated = ScanReport.regate(held, policy)
  return {
    diffVersion,
    tool: head.tool,
    base: base.run,
    head: head.run,
    summary: {
      subjects: subjects.length,
      comparable: sum((one) => (one.comparable ? 1 : 0)),
      new: sum((one) => one.new.length),
      resolved: sum((one) => one.resolved.length),
      unchanged: sum((one) => one.unchanged),
      worse: moved(Severity.worse),
      better: moved((old, now) => (Severity.worse(old, now) === old ? now : old))
    },
    subjects,
    gate: gated.gate,
    exit: gated.exit
  }
}
