/**
 * Claims of the journal in words: one line a claim, what vendors and people wrote made inert. As JSON they are a
 * `JournalView` of the journal.
 *
 * @since 0.1.0
 */
import type { ClaimEntry, LastFault } from "@scanpoll/core/engine/ScanJournal"
import type { StoredPoll } from "@scanpoll/core/unstable/engine/StoredPolls"
import * as History from "@scanpoll/journal/History"
import { time } from "@scanpoll/journal/JournalView"
import * as Duration from "effect/Duration"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Key from "../config/Key.ts"
import { inert } from "../output/Streams.ts"

/**
 * How long ago, or in how long, as people say it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const span = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  if (seconds === 0) return "0s"
  // Nobody needs the seconds of a week.
  const kept = seconds >= 86_400 ? seconds - (seconds % 3600) : seconds >= 3600 ? seconds - (seconds % 60) : seconds
  return Durations.format(Duration.seconds(kept))
}

/**
 * The name of a claim's scan, `vendor:scanId`; null before it has one.
 *
 * @category destructors
 * @since 0.1.0
 */
export const keyOf = ({ ticket }: Pick<ClaimEntry, "ticket">): string | null =>
  ticket === null ? null : Key.format(ticket)

const typeOf = ({ kind }: ClaimEntry): string => (kind === null || kind === "" ? "" : ` (${inert(kind, 40)})`)

const who = (entry: ClaimEntry): string =>
  `${keyOf(entry) ?? Key.accountName(entry.key.vendor, entry.key.account)}  ${inert(entry.subject.name, 120)}${typeOf(entry)}`

const answer = (point: History.Point | null): string =>
  point === null
    ? "answer unreadable"
    : [
        point.state,
        point.severity,
        ...(point.score === null
          ? []
          : [`score ${point.score.value}${point.score.grade === null ? "" : ` ${inert(point.score.grade, 8)}`}`]),
        ...(point.findings === null ? [] : [`${point.findings} finding${point.findings === 1 ? "" : "s"}`]),
        ...(point.delta === null ? [] : [`+${point.delta.new} -${point.delta.resolved}`]),
        ...(point.lacks === null ? [] : [`no verdict: ${inert(point.lacks, 300)}`])
      ].join(", ")

/**
 * The trouble that the last poll of an open scan met: when, and why.
 *
 * @category destructors
 * @since 0.2.0
 */
export const faultWords = ({ at, message }: Pick<LastFault, "at" | "message">, now: number): string =>
  `last poll failed ${span(now - at)} ago: ${inert(message, 300)}`

/**
 * What the polls of a scan saw, a line for equal ones in a row, and why the next one is when it is.
 *
 * @category destructors
 * @since 0.2.0
 */
export const pollLine = (poll: StoredPoll): string => {
  const seen = poll.seen === "fault" ? (poll.code ?? "fault") : [poll.seen ?? "", poll.code ?? ""].join(" ").trim()
  const what = [
    poll.kind === "wait" ? "begins to wait" : poll.kind === "stop" ? "stops" : "polled",
    ...(seen === "" ? [] : [inert(seen, 100)]),
    ...(poll.percent === null ? [] : [`${poll.percent} %`]),
    ...(poll.count === 1 ? [] : [`${poll.count} times until ${time(poll.lastAt) ?? "an unknown time"}`])
  ].join(" ")
  const why = inert(poll.because, 40)
  const next = poll.kind === "stop" ? `: ${why}` : `; next in ${span(poll.until - poll.lastAt)}, because: ${why}`
  const message = poll.message === null ? "" : `: ${inert(poll.message, 200)}`
  return `${time(poll.at) ?? "at an unknown time"}  ${what}${next}${message}`
}

/**
 * One claim in one line.
 *
 * @category destructors
 * @since 0.1.0
 */
export const line = (entry: ClaimEntry, now: number): string => {
  const ago = `${span(now - entry.changedAt)} ago`
  switch (entry.state) {
    case "intent":
      return `${entry.claimId}  ${who(entry)}  being submitted by ${inert(entry.heldBy ?? "nobody", 120)}`
    case "submitted": {
      const due = entry.notBefore > now ? `, not asked again for ${span(entry.notBefore - now)}` : ""
      const by = entry.heldBy === null ? "" : `, polled by ${inert(entry.heldBy, 120)}`
      const fault = entry.lastFault === null ? "" : `, ${faultWords(entry.lastFault, now)}`
      return `${entry.claimId}  ${who(entry)}  open since ${span(now - entry.claimedAt)}${due}${by}${fault}`
    }
    case "in-doubt":
    case "refused":
      return `${entry.claimId}  ${who(entry)}  ${ago}: ${inert(entry.reason?.message ?? entry.state, 300)}`
    case "settled":
      return `${entry.claimId}  ${who(entry)}  ${ago}: ${answer(History.point(entry))}`
    case "released":
      return `${entry.claimId}  ${who(entry)}  released ${ago}`
  }
}

/**
 * One answer of a line of history.
 *
 * @category destructors
 * @since 0.1.0
 */
export const pointLine = (point: History.Point): string =>
  `${time(point.at) ?? "at an unknown time"}  ${answer(point)}${point.cached ? ", cached" : ""}  ${point.scanId}`

/**
 * Lines under a title; nothing where there is none.
 *
 * @category destructors
 * @since 0.2.0
 */
export const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`${title}\n`, ...lines.map((text) => `  ${text}\n`)]
