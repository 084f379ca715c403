/**
 * `scanpoll status`: asks once how scans stand, one request each, and waits for nothing.
 *
 * @since 0.1.0
 */
import type { PollAnswer, Progress } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { Reason, ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import * as Records from "@scanpoll/core/model/ScanRecord"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import type { UsageError } from "../config/InputFault.ts"
import type { Key } from "../config/Key.ts"
import * as KeyText from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import * as Plans from "../config/Plan.ts"
import * as Output from "../output/Output.ts"
import type { Streams } from "../output/Streams.ts"
import { inert } from "../output/Streams.ts"
import type { FlagTexts } from "../Preparation.ts"
import * as Preparation from "../Preparation.ts"
import { progressWords } from "../progress/Board.ts"
import * as Running from "../Running.ts"
import { Surroundings } from "../Surroundings.ts"
import { warn } from "./Run.ts"

/**
 * How a scan stands: `queued` or `running` while it does, the state of a record once it ended or could not be asked.
 */
interface Standing {
  readonly key: Key
  readonly status: string
  readonly vendorStatus: string | null
  readonly severity: string | null
  readonly score: { readonly value: number; readonly grade: string | null } | null
  readonly progress: Progress | null
  readonly reason: Reason | null
  readonly fault: PollFault["kind"] | null
}

const standingOf = (key: Key, answer: Result.Result<PollAnswer<ScanOutcome<unknown>>, PollFault>): Standing => {
  const blank = { key, vendorStatus: null, severity: null, score: null, progress: null, reason: null, fault: null }
  if (Result.isFailure(answer)) {
    const { code, kind, message, requestId } = answer.failure
    const reason = { code, message, advice: null, requestId }
    switch (kind) {
      case "Denied":
        return { ...blank, status: "denied", reason, fault: kind }
      case "Missing":
        return { ...blank, status: "not-found", reason, fault: kind }
      case "Broken":
        return { ...blank, status: "protocol", reason, fault: kind }
      case "Transient":
        return { ...blank, status: "unreachable", reason, fault: kind }
      case "Throttled":
        return { ...blank, status: "throttled", reason, fault: kind }
    }
  }
  const { observation } = answer.success
  switch (observation._tag) {
    case "Pending":
      return { ...blank, status: observation.phase, progress: Option.getOrNull(observation.progress) }
    case "Unrecognised":
      return {
        ...blank,
        status: "unrecognised",
        vendorStatus: observation.word,
        reason: {
          code: "unknown-status",
          message: `unknown status ${JSON.stringify(observation.word.slice(0, 64))}`,
          advice: null,
          requestId: null
        }
      }
    case "Settled": {
      const outcome = observation.value
      const status = Records.stateOfOutcome(outcome)
      if (outcome._tag === "Failed") {
        return { ...blank, status, vendorStatus: outcome.vendorStatus, reason: outcome.reason }
      }
      const { score, severity } = outcome.assessment
      return {
        ...blank,
        status,
        vendorStatus: outcome.vendorStatus,
        severity,
        score: score === null ? null : { value: score.value, grade: score.grade },
        reason: outcome._tag === "Partial" ? outcome.reason : null
      }
    }
  }
}

const line = (standing: Standing): string => {
  const words: Array<string> = [inert(standing.status, 60)]
  const progress = progressWords(standing.progress)
  if (progress !== "") words[0] = `${words[0]} ${progress}`
  if (standing.severity !== null) words.push(standing.severity)
  if (standing.score !== null) {
    words.push(
      `score ${standing.score.value}${standing.score.grade === null ? "" : ` ${inert(standing.score.grade, 8)}`}`
    )
  }
  const why = standing.reason === null ? "" : `: ${inert(standing.reason.message, 300)}`
  return `${KeyText.format(standing.key)}  ${words.join(", ")}${why}\n`
}

const toJson = (standings: ReadonlyArray<Standing>): string =>
  `${JSON.stringify(
    {
      schemaVersion: 1,
      scans: standings.map((standing) => ({
        key: KeyText.format(standing.key),
        vendor: standing.key.vendor,
        account: standing.key.account,
        scanId: standing.key.scanId,
        status: standing.status,
        vendorStatus: standing.vendorStatus,
        severity: standing.severity,
        score: standing.score,
        progress: standing.progress,
        reason: standing.reason
      }))
    },
    null,
    2
  )}\n`

const codeOf = (standing: Standing): 0 | 3 | 4 => {
  switch (standing.fault) {
    case null:
      return 0
    case "Denied":
      return 4
    case "Missing":
    case "Broken":
    case "Transient":
    case "Throttled":
      return 3
  }
}

/**
 * `scanpoll status KEY...`. Exit code 0 when every scan could be asked about, whatever the answer was.
 *
 * @category constructors
 * @since 0.1.0
 */
export const status = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError, FileSystem.FileSystem | Path.Path | Streams | VendorHttp> {
  const { environment } = yield* Surroundings
  const findings = Preparation.noFindings()
  const plan = input.plan === null ? Plans.empty : yield* Preparation.readPlan(input.plan, findings)
  const settings = Output.wishes(Preparation.resolveSettings(input.flags, plan, environment, findings), [
    "text",
    "json"
  ])
  const wanted = Preparation.readKeys(input.words, findings)
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const needed = Preparation.accountsOfKeys(wanted)
  const accounts = yield* Preparation.openAccounts(needed, plan.accounts, keys, findings)
  const files = [{ file: settings.keyFile.value, what: "the key file" }]
  yield* Preparation.checkOutputs(settings, ["text", "json"], files, findings)
  yield* Preparation.refuseIfFaulty(findings)
  yield* warn(findings)
  const standings = yield* Effect.forEach(
    wanted,
    (key) => {
      const account = accounts.get(key.vendor, key.account)
      if (account === null) return Effect.die(new TypeError("an account that was checked is not open"))
      return Effect.map(Effect.result(account.pollOnce(key.scanId)), (answer) => standingOf(key, answer))
    },
    { concurrency: 8 }
  ).pipe(Running.atLogLevel(settings))
  const failed = yield* Output.write(settings, {
    text: () => standings.map(line),
    json: () => [keys.redact(toJson(standings))]
  })
  const codes = standings.map(codeOf)
  return failed ? 74 : codes.includes(4) ? 4 : codes.includes(3) ? 3 : 0
})
