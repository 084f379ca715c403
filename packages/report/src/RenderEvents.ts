/**
 * The event stream of a run: NDJSON, one line for each change of a scan's state, and one last line for the run.
 *
 * Every line is an object with `schemaVersion`, `event`, `at` and, but for the last, the scan it is about: `index` in the
 * run, `id` of the claim, `vendor`, `account`, `subject`, `scanType` (null where there is none), `identity` (the same for the
 * same subject under scan in every run) and `key` (null until the vendor gave an id). A poll that brings
 * nothing new makes no line. Lines of different scans interleave; those of one scan come in order.
 *
 * - `queued`: waits for its turn. `submitting`: is being bought. `submitted`: has an id; `known` when it was bought before.
 * - `pending`: the vendor says `phase` (`queued` or `running`), with `progress` or null. `messages` are what it newly says it
 *   does, oldest first; the key is absent where nothing is new.
 * - `unrecognised`: the vendor used an undocumented `word`. `fault`: a poll failed with `kind`, `code`, `message`.
 * - `collecting`: the findings are fetched. `ended`: `scan` is the row as it stands in the report, without the payload.
 * - `finished`: the run is over; `run`, `summary`, `gate` and `exit` as in the report.
 *
 * @since 0.1.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as HostileText from "./HostileText.ts"
import * as Identities from "./internal/identities.ts"
import { safeJson } from "./internal/json.ts"
import * as Times from "./internal/times.ts"
import type { Renderer } from "./RenderOptions.ts"
import * as ReportRow from "./internal/reportRow.ts"
import type { ReportScan } from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * The version of the shape of a line.
 *
 * @category constructors
 * @since 0.1.0
 */
export const schemaVersion = 1

const line = (fields: object): string => `${safeJson({ schemaVersion, ...fields })}\n`

const without = (scan: ReportScan) => ({ ...scan, payload: null })

/**
 * The line of one event of the engine, or null when the event changes no state. `redact` is applied to every text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEvent = (
  event: ScanEvent,
  options: {
    readonly redact?: (text: string) => string
    readonly row?: Omit<ReportRow.RowOptions, "redact" | "payload">
  } = {}
): string | null => {
  const redact = options.redact ?? ((text: string) => text)
  const type = options.row?.scanType ?? ""
  const scanType = type === "" ? null : redact(type)
  const subject = {
    kind: event.subject.kind,
    id: redact(event.subject.id),
    name: redact(event.subject.name),
    ...(event.subject.series === undefined ? {} : { series: redact(event.subject.series) })
  }
  const head = (name: string) => ({
    event: name,
    at: Times.format(event.at),
    index: event.index,
    id: event.claimId,
    vendor: event.vendor,
    account: redact(event.account),
    subject,
    scanType,
    identity: Identities.uidOf({
      vendor: event.vendor,
      account: HostileText.of(redact(event.account)),
      ...(scanType === null ? {} : { scanType: HostileText.of(scanType) }),
      subject: {
        kind: subject.kind,
        id: HostileText.of(subject.id),
        name: HostileText.of(subject.name),
        ...(subject.series === undefined ? {} : { series: HostileText.of(subject.series) })
      }
    }),
    key: event.ticket === null ? null : redact(ScanTicket.accountKey(event.ticket))
  })
  switch (event._tag) {
    case "Queued":
      return line(head("queued"))
    case "Submitting":
      return line(head("submitting"))
    case "Submitted":
      return line({ ...head("submitted"), known: event.known })
    case "Collecting":
      return line(head("collecting"))
    case "Scheduled":
      return null
    case "Ended":
      return line({ ...head("ended"), scan: ReportRow.fromRecord(event.record, { ...options.row, redact }) })
    case "Polled": {
      const { messages, seen } = event
      if (!event.first && messages === undefined) return null
      switch (seen._tag) {
        case "Pending": {
          const progress = seen.progress._tag === "None" ? null : seen.progress.value
          return line({
            ...head("pending"),
            polls: event.polls,
            phase: seen.phase,
            progress,
            ...(messages === undefined ? {} : { messages: messages.map(redact) })
          })
        }
        case "Ended":
          return line({
            ...head("result-pending"),
            polls: event.polls,
            vendorStatus: redact(seen.vendorStatus.slice(0, 200))
          })
        case "Unrecognised":
          return line({ ...head("unrecognised"), polls: event.polls, word: redact(seen.word.slice(0, 200)) })
        case "PollFault":
          return line({
            ...head("fault"),
            polls: event.polls,
            kind: seen.kind,
            code: redact(seen.code),
            message: redact(seen.message),
            requestId: seen.requestId === null ? null : redact(seen.requestId)
          })
      }
    }
  }
}

/**
 * The last line of a run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finished = (report: ScanReport): string =>
  line({
    event: "finished",
    at: report.run.finishedAt,
    tool: report.tool,
    run: report.run,
    summary: report.summary,
    gate: report.gate,
    exit: report.exit
  })

/**
 * Renders `events` from a finished report: the `ended` line of each row and the last line.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport) {
  for (const scan of report.scans) {
    yield line({
      event: "ended",
      at: scan.timings.observedAt,
      index: scan.index,
      id: scan.claimId,
      vendor: scan.vendor,
      account: scan.account,
      subject: scan.subject,
      scanType: scan.scanType ?? null,
      identity: Identities.uidOf(scan),
      key: scan.key,
      scan: without(scan)
    })
  }
  yield finished(report)
}
