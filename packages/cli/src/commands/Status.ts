/**
 * `scanpoll status KEY...`: asks once how scans stand, one request each, and waits for nothing.
 *
 * @since 0.1.0
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { PollAnswer, Progress } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as History from "@scanpoll/journal/History"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Journal from "../storage/Journal.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { type Streams, inert } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Requests from "../prepare/Requests.ts"
import { progressWords } from "../progress/Board.ts"
import type { Account } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"

/**
 * How a scan stands: `queued` or `running` while it does, the state of a record once it ended or could not be asked.
 */
interface Standing {
  readonly key: string
  readonly status: string
  readonly vendorStatus: string | null
  readonly severity: string | null
  readonly score: { readonly value: number; readonly grade: string | null } | null
  readonly progress: Progress | null
  readonly messages: ReadonlyArray<string>
  readonly reason: ScanOutcome.Reason | null
  readonly fault: PollFault["kind"] | null
}

const empty: Omit<Standing, "key" | "status"> = {
  vendorStatus: null,
  severity: null,
  score: null,
  progress: null,
  messages: [],
  reason: null,
  fault: null
}

// `asked`: what the scan was bought for, where the journal knows it.
const standingOf = (
  key: string,
  answer: Result.Result<PollAnswer<ScanOutcome.ScanOutcome<unknown>>, PollFault>,
  asked: Contradiction.Asked | null
): Standing => {
  const blank = { ...empty, key }
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
      return {
        ...blank,
        status: observation.phase,
        progress: Option.getOrNull(observation.progress),
        messages: observation.messages ?? []
      }
    case "Ended":
      return { ...blank, status: "ended", vendorStatus: observation.vendorStatus }
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
      const outcome = Contradiction.judge(asked, observation.value)
      const status = ScanRecord.stateOfOutcome(outcome)
      if (outcome._tag === "Failed") {
        return { ...blank, status, vendorStatus: outcome.vendorStatus, reason: outcome.reason }
      }
      const contradiction = asked === null ? null : Contradiction.between(asked, outcome)
      const score = contradiction === null ? outcome.assessment.score : null
      return {
        ...blank,
        status,
        vendorStatus: outcome.vendorStatus,
        severity: ScanOutcome.severity(outcome),
        score: score === null ? null : { value: score.value, grade: score.grade },
        reason:
          contradiction === null
            ? outcome._tag === "Partial"
              ? outcome.reason
              : null
            : { code: null, message: contradiction, advice: null, requestId: outcome.requestId }
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
  const said = standing.messages.at(-1) ?? ""
  const text = standing.reason === null ? said : standing.reason.message
  const why = text === "" ? "" : `: ${inert(text, 300)}`
  return `${standing.key}  ${words.join(", ")}${why}\n`
}

const toJson = (standings: ReadonlyArray<Standing>, vendors: ReadonlyArray<string>): unknown => ({
  schemaVersion: 1,
  scans: standings.map((standing) => ({
    key: standing.key,
    ...parts(standing.key, vendors),
    status: standing.status,
    vendorStatus: standing.vendorStatus,
    severity: standing.severity,
    score: standing.score,
    progress: standing.progress,
    messages: standing.messages,
    reason: standing.reason
  }))
})

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

// What the journal says of a claim that has no scan to ask about, or whose answer is known.
const standingOfClaim = (entry: ScanJournal.ClaimEntry, key: string): Standing => {
  const blank = { ...empty, key }
  const point = entry.state === "settled" ? History.point(entry) : null
  return point === null
    ? { ...blank, status: entry.state, reason: entry.reason }
    : {
        ...blank,
        status: point.state,
        severity: point.severity,
        score: point.score === null ? null : { value: point.score.value, grade: point.score.grade },
        reason: point.lacks === null ? null : { code: null, message: point.lacks, advice: null, requestId: null }
      }
}

const parts = (
  key: string,
  vendors: ReadonlyArray<string>
): { readonly vendor: string | null; readonly account: string | null; readonly scanId: string | null } => {
  const read = Key.parse(key, vendors)
  return Result.isSuccess(read) ? read.success : { vendor: null, account: null, scanId: null }
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
}): Effect.fn.Return<
  number,
  UsageError | ScanJournal.JournalError,
  FileSystem.FileSystem | Path.Path | Streams | VendorHttp | Vendors
> {
  const begun = yield* Command.begin({
    name: "status",
    plan: yield* ReadPlan.optional(input.plan),
    flags: input.flags,
    formats: Output.small
  })
  const vendors = yield* Vendors
  const known = Requests.readKnown(input.words, vendors)
  const opened = yield* Accounts.open(Requests.accountsOfKeys(known.value), begun.value.plan.accounts, begun.value.keys)
  const { keys, plan, settings } = yield* Checked.accept([known, opened].reduce(Checked.and, begun))
  const { value: accounts } = opened
  const { value: wanted } = known

  const ask = (account: Account | null, key: Key.Key, asked: Contradiction.Asked | null = null) =>
    account === null
      ? Effect.die(new TypeError("an account that was checked is not open"))
      : Effect.map(Effect.result(account.pollOnce(key.scanId, asked?.subject)), (answer) =>
          standingOf(Key.format(key), answer, asked)
        )
  const askAbout = Effect.fnUntraced(function* (claimId: string) {
    const journal = yield* ScanJournal.ScanJournal
    const entry = yield* journal.get(claimId)
    if (entry === null) {
      return yield* Effect.fail(usage(claimId, "there is no such claim in the journal (--journal)"))
    }
    if (entry.state !== "submitted" || entry.ticket === null) return standingOfClaim(entry, claimId)
    const claim = yield* Effect.flatMap(Claims.read(claimId, plan, keys), Checked.orRefuse)
    const asked = { subject: entry.subject, scanType: entry.kind }
    return yield* ask(claim?.account ?? null, entry.ticket, asked)
  })
  const each = (known: Requests.Known) =>
    known._tag === "Key" ? ask(accounts.get(known.key.vendor, known.key.account), known.key) : askAbout(known.claimId)
  const hasClaims = wanted.some((known) => known._tag === "Claim")
  const standings = yield* Effect.forEach(wanted, each, { concurrency: 8 }).pipe(
    Effect.provide(hasClaims ? Journal.layerOfPoll(settings) : Journal.layerOfPauses(settings)),
    Look.atLogLevel(settings)
  )
  const failed = yield* Output.write(settings, {
    text: () => standings.map(line),
    json: () => toJson(standings, vendors.names)
  })
  const codes = standings.map(codeOf)
  return failed ? 74 : codes.includes(4) ? 4 : codes.includes(3) ? 3 : 0
})
