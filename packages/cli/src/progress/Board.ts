/**
 * What is known of every scan of a run at this moment, made from the engine's events.
 *
 * One place decides what a state is called; the views only draw it. Every text that came from outside is inert here.
 *
 * @since 0.1.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import type { Progress } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { Seen } from "@scanpoll/core/model/PollStopped"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { WaitCause } from "@scanpoll/core/engine/Poller"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { defaultAccount } from "../config/Plan.ts"
import { inert } from "../output/Streams.ts"

/**
 * One scan. `phase` changes exactly when a line about it is worth printing. Times are milliseconds since 1970 on the
 * engine's clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly index: number
  readonly vendor: string
  readonly subject: string
  /** The vendor's type of scan, or empty. */
  readonly type: string
  /** The label of the account, or empty where it is the usual one. */
  readonly account: string
  readonly key: string | null
  readonly phase: string
  readonly progress: Progress | null
  /** The last thing the vendor said it does, or empty. */
  readonly said: string
  readonly since: number
  /** Null until it is with the vendor. */
  readonly submittedAt: number | null
  readonly next: { readonly until: number; readonly because: WaitCause } | null
  readonly record: ScanRecord.ScanRecord | null
}

/**
 * The type of the scan at an index, or empty.
 *
 * @category models
 * @since 0.1.0
 */
export type TypeOf = (index: number) => string

/**
 * What follows a subject to tell its scan from others of it: the type, and the account where it is not the usual one.
 *
 * @category destructors
 * @since 0.1.0
 */
export const kindWords = (row: Row): string =>
  `${row.type === "" ? "" : ` (${row.type})`}${row.account === "" ? "" : ` [${row.account}]`}`

/**
 * The scans of a run that have ended, counted.
 *
 * - `done`: those that came to an end, whatever it was.
 * - `stopped`: those that were left open or not begun because the run was stopped.
 * - `failed`: those of `done` that brought no result.
 * - `bought`: those of `done` that took their time, and were not taken from the journal.
 * - `worst`: the worst severity that was found.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tally {
  readonly done: number
  readonly stopped: number
  readonly failed: number
  readonly bought: number
  readonly worst: Severity.Severity
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Board {
  readonly total: number
  readonly startedAt: number
  /** The scans that have not ended. */
  readonly live: ReadonlyMap<number, Row>
  readonly isOver: (index: number) => boolean
  readonly tally: () => Tally
  /** The scans that ended since this was asked last, in the order in which they did. */
  readonly takeEnded: () => ReadonlyArray<Row>
  /** Takes an event in: the scan, and whether its phase changed. Null for one that had ended. */
  readonly update: (event: ScanEvent) => { readonly row: Row; readonly isNew: boolean } | null
}

/**
 * The phase of a scan that nothing has been sent about yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const waitingForTurn = "waiting for its turn"

const faultWords = (fault: PollFault): string => {
  switch (fault.kind) {
    case "Transient":
      return `no answer (${inert(fault.code, 40)}), asking again`
    case "Throttled":
      return "throttled by the vendor"
    case "Missing":
      return "not known to the vendor yet"
    case "Denied":
      return "credential refused"
    case "Broken":
      return `answer not understood (${inert(fault.code, 40)})`
  }
}

const seenWords = (seen: Seen): string => {
  switch (seen._tag) {
    case "Pending":
      return seen.phase
    case "Ended":
      return `ended as ${JSON.stringify(inert(seen.vendorStatus, 40))}, its result is asked for`
    case "Unrecognised":
      return `unknown status ${JSON.stringify(inert(seen.word, 40))}`
    case "PollFault":
      return faultWords(seen)
  }
}

const ago = (millis: number): string => Durations.format(Duration.millis(Math.round(millis / 60_000) * 60_000))

const age = (millis: number): string =>
  millis >= 3_600_000 ? ago(millis).replace(/\d+m$/, "") : millis >= 60_000 ? ago(millis) : "less than 1m"

/**
 * How a scan ended, in a few words.
 *
 * @category destructors
 * @since 0.1.0
 */
export const endWords = (record: ScanRecord.ScanRecord): string => {
  const { outcome, reason, state } = record
  const words: Array<string> = [state]
  if (outcome !== null && outcome._tag !== "Failed") {
    const { score } = outcome.assessment
    words.push(ScanRecord.severity(record))
    if (score !== null && ScanOutcome.evidence(outcome).assessment.status === "there")
      words.push(`score ${score.value}${score.grade === null ? "" : ` ${inert(score.grade, 8)}`}`)
  }
  if (record.reused) words.push(`reused, ${age(record.ageMs ?? 0)} old`)
  else if (outcome?.cached === true)
    words.push(`from the vendor's cache, ${age(record.ageMs ?? outcome.ageMs ?? 0)} old`)
  if (reason === null) return words.join(", ")
  // Some reasons begin with the state, which has just been said.
  const said = inert(reason.message, 160)
  const advice = record.because === "credential" && reason.advice !== null ? inert(reason.advice, 160) : ""
  const why = advice === "" ? said : `${said.replace(/\.$/, "")}; ${advice}`
  return `${words.join(", ")}${why.startsWith(state) ? why.slice(state.length) : `: ${why}`}`
}

/**
 * A wait as it is shown: whole seconds, minutes from two minutes on.
 *
 * @category destructors
 * @since 0.1.0
 */
export const wait = (millis: number): string => {
  const seconds = Math.max(0, Math.ceil(millis / 1000))
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}

/**
 * How far a running scan is, or nothing.
 *
 * @category destructors
 * @since 0.1.0
 */
export const progressWords = (progress: Progress | null): string => {
  if (progress === null) return ""
  if (progress.done !== null && progress.total !== null && progress.total > 0)
    return `${progress.done}/${progress.total}`
  return progress.fraction === null ? "" : `${Math.round(progress.fraction * 100)} %`
}

/**
 * Why the next poll is not sooner.
 *
 * @category destructors
 * @since 0.1.0
 */
export const becauseWords = (because: WaitCause): string => {
  switch (because) {
    case "first":
      return "first poll"
    case "pace":
      return "usual pace"
    case "back-off":
      return "after a fault"
    case "hint":
      return "as the vendor asked"
    case "floor":
      return "vendor's least gap"
    case "pause":
      return "account paused"
    case "deadline":
      return "last poll at the deadline"
    case "turn":
      return "account's turn"
  }
}

/**
 * An empty board for so many scans. Without `typeOf` no row names a type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (total: number, startedAt: number, typeOf: TypeOf = () => ""): Board => {
  const live = new Map<number, Row>()
  const over = new Set<number>()
  let ended: Array<Row> = []
  let tally: Tally = { done: 0, stopped: 0, failed: 0, bought: 0, worst: "none" }
  return {
    total,
    startedAt,
    live,
    isOver: (index) => over.has(index),
    tally: () => tally,
    takeEnded: () => {
      const taken = ended
      ended = []
      return taken
    },
    update: (event) => {
      if (over.has(event.index)) return null
      const before = live.get(event.index) ?? {
        index: event.index,
        vendor: event.vendor,
        subject: inert(event.subject.name, 120),
        type: inert(typeOf(event.index), 40),
        account: event.account === defaultAccount ? "" : inert(event.account, 40),
        key: null,
        phase: "",
        progress: null,
        said: "",
        since: event.at,
        submittedAt: null,
        next: null,
        record: null
      }
      const key = event.ticket === null ? before.key : inert(ScanTicket.accountKey(event.ticket), 220)
      const after = { ...before, key, ...changeOf(event) }
      if (after.record === null) live.set(event.index, after)
      else {
        live.delete(event.index)
        over.add(event.index)
        tally = counted(tally, after.record)
        if (!isStopped(after.record)) ended.push(after)
      }
      return { row: after, isNew: after.phase !== before.phase }
    }
  }
}

const isStopped = ({ state }: ScanRecord.ScanRecord): boolean => state === "interrupted" || state === "not-started"

const counted = (before: Tally, record: ScanRecord.ScanRecord): Tally => {
  if (isStopped(record)) return { ...before, stopped: before.stopped + 1 }
  const { outcome, reused, state } = record
  const found = outcome !== null && outcome._tag !== "Failed"
  return {
    done: before.done + 1,
    stopped: before.stopped,
    failed: before.failed + (found || state === "still-running" ? 0 : 1),
    bought: before.bought + (reused ? 0 : 1),
    worst: found ? Severity.worse(before.worst, ScanRecord.severity(record)) : before.worst
  }
}

const changeOf = (event: ScanEvent): Partial<Row> => {
  switch (event._tag) {
    case "Queued":
      return { phase: waitingForTurn, next: null }
    case "Submitting":
      return { phase: "submitting", next: null }
    case "Submitted":
      return {
        phase: event.known ? "bought already, waited on" : "submitted",
        submittedAt: event.ticket?.submittedAt ?? event.at,
        next: null
      }
    case "Scheduled":
      return { next: { until: event.until, because: event.because } }
    case "Polled": {
      const progress = event.seen._tag === "Pending" ? Option.getOrNull(event.seen.progress) : null
      const said = inert(event.messages?.at(-1) ?? "", 120)
      return {
        phase: seenWords(event.seen),
        ...(progress === null ? {} : { progress }),
        ...(said === "" ? {} : { said }),
        next: null
      }
    }
    case "Collecting":
      return { phase: "fetching the findings", next: null }
    case "Ended":
      return { phase: endWords(event.record), record: event.record, next: null }
  }
}
