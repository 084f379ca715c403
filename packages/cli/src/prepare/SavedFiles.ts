/**
 * Reads files that other runs wrote: reports and baselines. What cannot be read is a fault of the input.
 *
 * @since 0.1.0
 */
import * as Baseline from "@scanpoll/report/Baseline"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as InputFile from "../config/InputFile.ts"
import type { Settings } from "../config/Settings.ts"
import { inert } from "../output/Streams.ts"
import * as Checked from "./Checked.ts"

// What a text of this program can hold, with room to work on it.
const maxBytes = 256 * 1024 * 1024

const read = <A>(
  file: string,
  where: string,
  parse: (text: string) => Effect.Effect<A, { readonly message: string }>
): Effect.Effect<Checked.Checked<A | null>> =>
  Effect.gen(function* () {
    const refuse = (message: string): Checked.Checked<A | null> => Checked.faulty(null, where, message)
    const bytes = yield* Effect.result(InputFile.read(file, maxBytes))
    if (Result.isFailure(bytes)) {
      switch (bytes.failure) {
        case "missing":
          return refuse("there is no such file")
        case "folder":
          return refuse("is a folder")
        case "device":
          return refuse("is a device")
        case "large":
          return refuse("is larger than 256 MiB, the most that is read; a report is smaller with `--raw none`")
        case "unreadable":
          return refuse("cannot be read")
      }
    }
    const parsed = yield* Effect.result(parse(new TextDecoder().decode(bytes.success)))
    return Result.isSuccess(parsed) ? Checked.make(parsed.success) : refuse(parsed.failure.message)
  })

/**
 * A report that was saved as json.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readReport = (file: string) => read(file, inert(file), ScanReport.parse)

/**
 * The baseline that the settings name, or a report taken as one; null where they name none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readBaseline = ({ baseline }: Pick<Settings, "baseline">) =>
  baseline.value === null
    ? Effect.succeed(Checked.make(null))
    : read(baseline.value, `${baseline.where} ${inert(baseline.value)}`, Baseline.parse)

// A report serves as a baseline that is read; written over, its payloads and times would be gone.
const isReport = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""))
    return Predicate.hasProperty(value, "schemaVersion") && !Predicate.hasProperty(value, "baselineVersion")
  } catch {
    return false
  }
}

/**
 * The baseline that is to be written again; null where there is none yet. Anything else under its name is a fault: a
 * report, or decisions that cannot be read, are not written over.
 *
 * @category constructors
 * @since 0.2.0
 */
export const readOwnBaseline = Effect.fnUntraced(function* (file: string) {
  const bytes = yield* Effect.result(InputFile.read(file, maxBytes))
  if (Result.isFailure(bytes) && bytes.failure === "missing") return Checked.make(null)
  const { faults, value } = yield* read(file, inert(file), (text) =>
    isReport(text) ? Effect.fail({ message: "is a report, not a baseline" }) : Baseline.parse(text)
  )
  return Checked.make(value, {
    faults: faults.map(({ message, where }) => ({
      where,
      message: `${message}; its content would be lost: move it, or name another file`
    }))
  })
})
