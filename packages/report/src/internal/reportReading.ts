// From the text of a file to a report: its JSON, or the page that carries it. Passed on by `ScanReport`.
import * as BoundedJson from "@scanpoll/core/unstable/model/BoundedJson"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as HostileText from "../HostileText.ts"
import { islandId } from "./json.ts"
import { ScanReport, schemaVersion } from "./reportShape.ts"
import { sealKey, sha256 } from "./sha256.ts"

/**
 * A text that is no report of ours, or of a version this program cannot read.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReportError extends Data.TaggedError("ReportError")<{
  readonly reason: "not-json" | "wrong-version" | "wrong-shape"
  readonly message: string
}> {}

const decodeShape = Schema.decodeUnknownEffect(ScanReport)

const versionOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "schemaVersion" in value ? value.schemaVersion : undefined

/**
 * Takes a JSON value as a report. Fields this version does not know are dropped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromJson: (value: unknown) => Effect.Effect<ScanReport, ReportError> = Effect.fnUntraced(
  function* (value) {
    const version = versionOf(value)
    if (version !== schemaVersion) {
      return yield* new ReportError({
        reason: version === undefined ? "wrong-shape" : "wrong-version",
        message:
          version === undefined
            ? "no report: it has no schemaVersion"
            : `schemaVersion ${HostileText.toLine(HostileText.of(JSON.stringify(version)), 20)} cannot be read; this program reads ${schemaVersion}`
      })
    }
    const { digest: _seal, ...report } = yield* decodeShape(value).pipe(
      Effect.mapError(
        (error) =>
          new ReportError({
            reason: "wrong-shape",
            message: HostileText.toLine(HostileText.of(`not a report: ${error.message}`), 500)
          })
      )
    )
    return report
  }
)

const parseJson = (text: string): Effect.Effect<unknown, ReportError> => {
  const parsed = BoundedJson.parse(text, BoundedJson.ofReport)
  if (Result.isSuccess(parsed)) return Effect.succeed(parsed.success)
  const { message, why } = parsed.failure
  return Effect.fail(
    why === "not-json"
      ? new ReportError({ reason: "not-json", message })
      : new ReportError({ reason: "wrong-shape", message: `not a report: ${message}` })
  )
}

const islandStart = `<script type="application/json" id="${islandId}">`

// The page writes `<` inside its JSON as an escape, so the first end tag is the end.
const inPage = (text: string): string | null => {
  const from = text.lastIndexOf(islandStart)
  if (from < 0) return null
  const to = text.indexOf("</script>", from)
  return to < 0 ? null : text.slice(from + islandStart.length, to)
}

/**
 * Reads a report from the text of a JSON file, or of an HTML report that carries its JSON.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse: (text: string) => Effect.Effect<ScanReport, ReportError> = Effect.fnUntraced(function* (text) {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (!/^\s*<!doctype html/i.test(bare)) return yield* fromJson(yield* parseJson(bare))
  const json = inPage(bare)
  if (json === null) {
    return yield* new ReportError({
      reason: "wrong-shape",
      message: "a page that carries no report; take the JSON file of the run"
    })
  }
  return yield* fromJson(yield* parseJson(json))
})

/**
 * Whether the text of a report is what was once written.
 *
 * - `intact`: its digest is that of the text before it.
 * - `edited`: it is not: somebody changed or reformatted the file.
 * - `unsealed`: there is none.
 *
 * A digest shows an edit made by accident; a person who edits on purpose can write a new one.
 *
 * @category guards
 * @since 0.1.0
 */
export const sealOf = (text: string): "intact" | "edited" | "unsealed" => {
  const at = text.lastIndexOf(sealKey)
  if (at < 0) return "unsealed"
  const told = text.slice(at + sealKey.length).match(/^ ?"sha256:([0-9a-f]{64})"\s*\}\s*$/)
  if (told === null) return "edited"
  const digest = sha256()
  digest.update(text.slice(0, at))
  return digest.hex() === told[1] ? "intact" : "edited"
}
