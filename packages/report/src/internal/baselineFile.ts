// A baseline as the text of a file: versions 1 and 2, and any report in place of one. Passed on by `Baseline`.
import * as BoundedJson from "@scanpoll/core/unstable/model/BoundedJson"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as HostileText from "../HostileText.ts"
import { fromReport } from "./baselineMaking.ts"
import { Baseline, BaselineError, baselineVersion } from "./baselineShape.ts"
import { safeJson } from "./json.ts"
import * as Report from "./reportReading.ts"
import * as Times from "./times.ts"
import * as Until from "./until.ts"

const decodeShape = Schema.decodeUnknownEffect(Baseline)

const fault = (reason: BaselineError["reason"], message: string) =>
  new BaselineError({ reason, message: HostileText.toLine(HostileText.of(message), 500), scans: [] })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

// People write dates by hand, in the forms the command takes.
const readUntil = (value: unknown, path: string, faults: Array<string>): unknown => {
  if (!isRecord(value) || typeof value["until"] !== "string") return value
  const at = Until.parse(value["until"])
  if (Option.isSome(at)) return { ...value, until: Times.format(at.value) }
  faults.push(`${path}.until must be null, ${Until.forms}, not ${JSON.stringify(value["until"].slice(0, 60))}`)
  return value
}

const readSubject = (value: unknown, path: string, version: unknown, faults: Array<string>): unknown => {
  if (!isRecord(value)) return value
  const findings = Array.isArray(value["findings"])
    ? listOf(value["findings"]).map((each, at) => readUntil(each, `${path}.findings[${at}]`, faults))
    : value["findings"]
  const assessment = version === 1 ? null : readUntil(value["assessment"], `${path}.assessment`, faults)
  return { ...value, findings, assessment }
}

/**
 * Reads a baseline of version 2 or 1, or a report in place of one, from the text of a JSON file. `until` may be written in
 * every form that `parseUntil` reads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse: (text: string) => Effect.Effect<Baseline, BaselineError> = Effect.fnUntraced(function* (text) {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const value = yield* Effect.mapError(Effect.fromResult(BoundedJson.parse(bare, BoundedJson.ofReport)), (refusal) =>
    refusal.why === "not-json"
      ? fault("not-json", refusal.message)
      : fault("wrong-shape", `not a baseline: ${refusal.message}`)
  )
  if (isRecord(value) && "baselineVersion" in value) {
    const version = value["baselineVersion"]
    if (version !== 1 && version !== baselineVersion) {
      const told = JSON.stringify(version)
      return yield* fault(
        "wrong-version",
        `baselineVersion ${told} cannot be read; this program reads 1 and ${baselineVersion}`
      )
    }
    const faults: Array<string> = []
    const subjects = Array.isArray(value["subjects"])
      ? listOf(value["subjects"]).map((each, at) => readSubject(each, `subjects[${at}]`, version, faults))
      : value["subjects"]
    if (faults.length > 0) {
      const more = faults.length > 3 ? `; and ${faults.length - 3} more` : ""
      return yield* fault("wrong-shape", `not a baseline: ${faults.slice(0, 3).join("; ")}${more}`)
    }
    const { readFrom: _mark, ...shape } = value
    const read = yield* decodeShape({ ...shape, baselineVersion, subjects }).pipe(
      Effect.mapError((error) => fault("wrong-shape", `not a baseline: ${error.message}`))
    )
    return version === 1 ? { ...read, readFrom: 1 } : read
  }
  const report = yield* Report.fromJson(value).pipe(Effect.mapError((error) => fault(error.reason, error.message)))
  return fromReport(report)
})

/**
 * The text of a baseline's file.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toText = ({ readFrom: _mark, ...baseline }: Baseline): string => `${safeJson(baseline, 2)}\n`
