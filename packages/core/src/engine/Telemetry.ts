/**
 * What a run tells its operators: metrics, spans and log lines, none of which can change a wait.
 *
 * Metrics are plain counters in the process's registry and cost next to nothing. Spans are made only while a tracer
 * other than the built-in one is installed: a span per scan, a child per poll that says why it was made when it was.
 * Logs are one line per failed try, summed up when it repeats, one per outcome and one per oddity. No credential and no
 * vendor body is in any of them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import type { Pending, PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { Seen } from "../model/PollStopped.ts"
import type { ScanOutcome } from "../model/ScanOutcome.ts"
import type { ScanState } from "../model/ScanRecord.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import type { PollEvent } from "./internal/pollEvent.ts"

/**
 * The metrics, by the names under which they are exported.
 *
 * - `scanpoll_polls`: polls answered; attributes `vendor`, `seen` (`queued`, `running`, `unknown`, `settled` or the kind
 *   of fault).
 * - `scanpoll_faults`: failed polls; attributes `vendor`, `kind`, `code`. A vendor has 200 codes; further ones are `other`.
 * - `scanpoll_wait_seconds`: waits between polls; attributes `vendor`, `because`.
 * - `scanpoll_polls_per_scan`: polls of a scan that ended; attribute `vendor`.
 * - `scanpoll_lag_seconds`: from the vendor's end of a scan to our seeing it, where the vendor tells it; attribute
 *   `vendor`.
 * - `scanpoll_unrecognised`: status words that are not documented; attribute `vendor`.
 * - `scanpoll_scans`: requests that ended; attributes `vendor`, `state`. `in-doubt` is one of the states.
 *
 * @category constructors
 * @since 0.1.0
 */
export const metrics = {
  polls: Metric.counter("scanpoll_polls", { description: "polls answered", incremental: true }),
  faults: Metric.counter("scanpoll_faults", { description: "failed polls", incremental: true }),
  waits: Metric.histogram("scanpoll_wait_seconds", {
    description: "waits between polls",
    boundaries: [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600]
  }),
  pollsPerScan: Metric.histogram("scanpoll_polls_per_scan", {
    description: "polls of a scan that ended",
    boundaries: [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]
  }),
  lag: Metric.histogram("scanpoll_lag_seconds", {
    description: "from the vendor's end of a scan to our seeing it",
    boundaries: [0.5, 1, 2, 5, 10, 15, 30, 60, 300]
  }),
  unrecognised: Metric.counter("scanpoll_unrecognised", {
    description: "undocumented status words",
    incremental: true
  }),
  scans: Metric.counter("scanpoll_scans", { description: "requests that ended", incremental: true })
} as const

// Attributes make a new metric object; a vendor has a handful of series and each is made once.
const series = new Map<string, Metric.Metric<number, unknown>>()

// Codes come from vendors, and what was counted once stays: one that makes them up must not make series without end.
const mostCodes = 200
const codes = new Map<string, Set<string>>()

const codeOf = (vendor: string, code: string): string => {
  const known = codes.get(vendor) ?? new Set()
  codes.set(vendor, known)
  if (!known.has(code) && known.size >= mostCodes) return "other"
  known.add(code)
  return code
}

const count = (
  metric: Metric.Metric<number, unknown>,
  attributes: Readonly<Record<string, string>>,
  value: number,
  context: Context.Context<never>
): void => {
  const name = `${metric.id} ${Object.values(attributes).join(" ")}`
  let known = series.get(name)
  if (known === undefined) series.set(name, (known = Metric.withAttributes(metric, attributes)))
  known.updateUnsafe(value, context)
}

// The two series that every poll adds to, found by one word of a closed set.
interface VendorSeries {
  readonly polls: (seen: string) => Metric.Metric<number, unknown>
  readonly waits: (because: string) => Metric.Metric<number, unknown>
}

const byWord = (
  metric: Metric.Metric<number, unknown>,
  attributes: (word: string) => Readonly<Record<string, string>>
): ((word: string) => Metric.Metric<number, unknown>) => {
  const made = new Map<string, Metric.Metric<number, unknown>>()
  return (word) => {
    let known = made.get(word)
    if (known === undefined) made.set(word, (known = Metric.withAttributes(metric, attributes(word))))
    return known
  }
}

const vendors = new Map<string, VendorSeries>()

const seriesOf = (vendor: string): VendorSeries => {
  let known = vendors.get(vendor)
  if (known === undefined) {
    known = {
      polls: byWord(metrics.polls, (seen) => ({ vendor, seen })),
      waits: byWord(metrics.waits, (because) => ({ vendor, because }))
    }
    vendors.set(vendor, known)
  }
  return known
}

const word = (seen: Seen): string => {
  switch (seen._tag) {
    case "Pending":
      return seen.phase
    case "Ended":
      return "ended"
    case "Unrecognised":
      return "unknown"
    case "PollFault":
      return seen.kind
  }
}

const silentTracer = Context.get(Context.empty(), Tracer.Tracer)

const isTraced = (context: Context.Context<never>): boolean => Context.get(context, Tracer.Tracer) !== silentTracer

/**
 * Wraps a whole scan in a span, if anybody traces.
 *
 * @category combinators
 * @since 0.1.0
 */
export const traceScan =
  (attributes: { readonly vendor: string; readonly account: string; readonly kind: string }) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.contextWith((context: Context.Context<never>) =>
      isTraced(context)
        ? Effect.withSpan(self, "scanpoll.scan", {
            attributes: {
              "scanpoll.vendor": attributes.vendor,
              "scanpoll.account": attributes.account,
              "scanpoll.subject.kind": attributes.kind
            }
          })
        : self
    )

/**
 * Wraps one poll in a span that says why it was made now and what it showed, if anybody traces.
 *
 * @category combinators
 * @since 0.1.0
 */
export const tracePoll =
  (ticket: ScanTicket, why: () => string) =>
  <A, R>(self: Effect.Effect<PollAnswer<A>, PollFault, R>): Effect.Effect<PollAnswer<A>, PollFault, R> =>
    Effect.contextWith((context: Context.Context<never>) =>
      isTraced(context)
        ? Effect.useSpan(
            "scanpoll.poll",
            {
              attributes: {
                "scanpoll.vendor": ticket.vendor,
                "scanpoll.scan_id": ticket.scanId,
                "scanpoll.because": why()
              }
            },
            // Not `withSpan`: it records a stack for each span, and ours would always be this one.
            (span) =>
              Effect.provideService(
                self.pipe(
                  Effect.map((answer) => {
                    const { observation } = answer
                    span.attribute("scanpoll.seen", observation._tag === "Settled" ? "settled" : word(observation))
                    return answer
                  }),
                  Effect.mapError((fault) => {
                    span.attribute("scanpoll.seen", fault.kind)
                    span.attribute("scanpoll.code", fault.code)
                    return fault
                  })
                ),
                Tracer.ParentSpan,
                span
              )
          )
        : self
    )

// A lagging replica of the vendor's may answer with less than was known.
const isBehind = (now: Pending, before: Pending): boolean => {
  if (now.phase !== before.phase) return now.phase === "queued"
  if (now.progress._tag === "None" || before.progress._tag === "None") return false
  const [later, earlier] = [now.progress.value, before.progress.value]
  return (later.done ?? 0) < (earlier.done ?? 0) || (later.fraction ?? 0) < (earlier.fraction ?? 0)
}

/**
 * Says that a vendor refused an account's credential: an error, because nothing under it goes on by itself. `message` is
 * the vendor's, with the adapter's advice.
 *
 * @category constructors
 * @since 0.1.0
 */
export const refused = (fields: {
  readonly vendor: string
  readonly account: string
  readonly code: string
  readonly message: string
}): Effect.Effect<void> => {
  const { account, code, message, vendor } = fields
  return Effect.annotateLogs(Effect.logError(`the credential was refused: ${message}`), { vendor, account, code })
}

/**
 * Listens to one wait: counts its polls and waits, and logs its failed tries and oddities. `isFirstDenial` is asked when
 * the credential was refused: of all waits under it, the first one says so. Default: each wait does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const listen = (
  context: Context.Context<never>,
  ticket: ScanTicket,
  isFirstDenial: () => boolean = constTrue
): ((event: PollEvent<unknown>) => void) => {
  const { vendor } = ticket
  const own = seriesOf(vendor)
  const log = (effect: Effect.Effect<void>): void => Effect.runSyncWith(context)(effect)
  let fault: PollFault | null = null
  let tries = 0
  let toldOfCap = false
  let toldOfStepBack = false
  let latest: Pending | null = null
  const about = { vendor, scanId: ticket.scanId }
  return (event) => {
    switch (event._tag) {
      case "Scheduled": {
        const wait = event.until - event.at
        own.waits(event.because).updateUnsafe(wait / 1000, context)
        // Once for a wait: a vendor that asks for too much does so in each answer.
        if (event.asked !== null && event.asked > wait && !toldOfCap) {
          toldOfCap = true
          const asked = { ...about, askedMs: event.asked, nextWaitMs: wait }
          log(Effect.annotateLogs(Effect.logWarning("the vendor asks for a longer wait than is obeyed"), asked))
        }
        if (fault === null) return
        const failed = fault
        fault = null
        // The first, second, fourth, eighth ... of a row: a long outage is not a flood of lines.
        if ((tries & (tries - 1)) !== 0) return
        return log(
          Effect.annotateLogs(Effect.logWarning(`poll failed: ${failed.message}`), {
            ...about,
            kind: failed.kind,
            code: failed.code,
            triesInARow: tries,
            nextWaitMs: wait,
            ...(event.asked === null ? {} : { askedMs: event.asked }),
            because: event.because
          })
        )
      }
      case "Polled": {
        const { seen } = event
        own.polls(word(seen)).updateUnsafe(1, context)
        if (seen._tag === "PollFault") {
          fault = seen
          tries++
          if (seen.kind === "Denied" && isFirstDenial()) {
            log(refused({ vendor, account: ticket.account, code: seen.code, message: seen.message }))
          }
          return count(metrics.faults, { vendor, kind: seen.kind, code: codeOf(vendor, seen.code) }, 1, context)
        }
        tries = 0
        if (seen._tag === "Ended") return
        if (seen._tag === "Pending") {
          if (!toldOfStepBack && latest !== null && isBehind(seen, latest)) {
            toldOfStepBack = true
            log(Effect.annotateLogs(Effect.logDebug("the scan went a step back: polled on"), about))
          }
          latest = seen
          return
        }
        count(metrics.unrecognised, { vendor }, 1, context)
        if (!event.first) return
        const status = JSON.stringify(seen.word.slice(0, 64))
        return log(Effect.annotateLogs(Effect.logWarning(`unknown status ${status}: polled on as if it ran`), about))
      }
      case "Settled":
        return own.polls("settled").updateUnsafe(1, context)
      case "Stopped":
        return
    }
  }
}

/**
 * Counts and logs how a request ended. `observedAt` is in milliseconds since 1970.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ended = (fields: {
  readonly vendor: string
  readonly state: ScanState
  readonly polls: number
  readonly observedAt: number
  readonly outcome: ScanOutcome<unknown> | null
  readonly ticket: ScanTicket | null
}): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const { vendor, state, outcome } = fields
    count(metrics.scans, { vendor, state }, 1, context)
    if (fields.ticket !== null) count(metrics.pollsPerScan, { vendor }, fields.polls, context)
    if (outcome !== null && !outcome.cached && outcome.completedAt !== null && fields.polls > 0) {
      count(metrics.lag, { vendor }, Math.max(0, fields.observedAt - outcome.completedAt) / 1000, context)
    }
    return Effect.annotateLogs(Effect.logInfo(`scan ${state}`), {
      vendor,
      scanId: fields.ticket === null ? null : fields.ticket.scanId,
      polls: fields.polls
    })
  })
