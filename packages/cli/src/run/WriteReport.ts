/**
 * Writes the report of a run: files first, whole or not at all, and standard output last, so that what it says about the
 * run is final. What cannot be written becomes a fault of the report.
 *
 * @since 0.2.0
 */
import * as Format from "@scanpoll/report/Format"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Payload from "@scanpoll/report/Payload"
import * as RenderEvents from "@scanpoll/report/RenderEvents"
import * as SafeText from "@scanpoll/report/SafeText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Settings } from "../config/Settings.ts"
import * as Look from "../output/Look.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as RepositoryPath from "../output/RepositoryPath.ts"
import * as WholeFile from "../output/WholeFile.ts"
import { ProcessContext } from "../process/ProcessContext.ts"

// The report with a fault, once that is said.
const withFault = Effect.fnUntraced(function* (report: ScanReport.ScanReport, message: string) {
  yield* say(`error: ${inert(message)}`)
  return ScanReport.withFault(report, { code: 74, message })
})

/**
 * Writes every wish for a file; `events` are the lines of those that want events. `written` says in words what was.
 *
 * @category running
 * @since 0.2.0
 */
export const toFiles = Effect.fnUntraced(function* (
  from: ScanReport.ScanReport,
  { csvBom, output }: Pick<Settings, "csvBom" | "output">,
  events: ReadonlyArray<SafeText.SafeText>
) {
  let report = from
  const planPath = report.run.plan === null ? null : yield* RepositoryPath.of(HostileText.toKey(report.run.plan))
  const written: Array<string> = []
  for (const { file, format: name } of output.value) {
    const format = Format.byName(name)
    if (file === null || format === undefined) continue
    const pieces =
      name === "events"
        ? [...events, SafeText.seal("json", RenderEvents.finished(report))]
        : yield* Format.render(format, report, { planPath, csvBom: csvBom.value })
    const mode = Payload.isIn(report) && name === "json" ? Payload.fileMode : 0o666
    const result = yield* Effect.result(WholeFile.write(file, pieces, mode))
    if (Result.isFailure(result)) report = yield* withFault(report, result.failure)
    else written.push(`${name} written to ${inert(file)}`)
  }
  return { report, written }
})

// Few large writes, in order; the first failure is the answer.
const inPieces = Effect.fnUntraced(function* (pieces: Iterable<SafeText.SafeText>) {
  const streams = yield* Streams
  let held: Array<SafeText.SafeText> = []
  let length = 0
  for (const piece of pieces) {
    held.push(piece)
    length += piece.length
    if (length < 64 * 1024) continue
    yield* streams.out(SafeText.join(held))
    held = []
    length = 0
  }
  yield* streams.out(SafeText.join(held))
})

/**
 * Writes every wish for standard output. `hasText`: whether it has the report for people.
 *
 * @category running
 * @since 0.2.0
 */
export const toStdout = Effect.fnUntraced(function* (from: ScanReport.ScanReport, settings: Settings) {
  const facts = yield* ProcessContext
  let report = from
  let hasText = false
  for (const { file, format: name } of settings.output.value) {
    const format = Format.byName(name)
    if (file !== null || format === undefined) continue
    hasText ||= name === "text"
    const options = {
      planPath: report.run.plan === null ? null : yield* RepositoryPath.of(HostileText.toKey(report.run.plan)),
      csvBom: settings.csvBom.value,
      color: Look.mayColor(settings, facts, facts.stdoutIsTerminal),
      ...(facts.stdoutIsTerminal ? { width: facts.columns() } : {})
    }
    const pieces =
      name === "events"
        ? [SafeText.seal("json", RenderEvents.finished(report))]
        : yield* Format.render(format, report, options)
    const result = yield* Effect.result(inPieces(pieces))
    if (Result.isFailure(result)) report = yield* withFault(report, `standard output failed: ${result.failure}`)
  }
  return { report, hasText }
})
