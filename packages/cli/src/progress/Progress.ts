/**
 * Shows how a run goes, on standard error: rows redrawn on a terminal, a line per change of state elsewhere, or nothing.
 *
 * A view listens and never decides: it cannot slow a poll down, and what it fails to draw is lost.
 *
 * @since 0.1.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Durations from "../config/Durations.ts"
import { Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Boards from "./Board.ts"
import * as Rows from "./Rows.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Style = "tty" | "plain" | "none"

/**
 * - `observer`: give it to the run.
 *
 * @category models
 * @since 0.1.0
 */
export interface View {
  readonly observer: (event: ScanEvent) => void
}

/**
 * The style that was asked for, or the one that fits standard error.
 *
 * @category constructors
 * @since 0.1.0
 */
export const styleOf = (
  asked: "auto" | Style,
  facts: {
    readonly stderrIsTerminal: boolean
    readonly environment: Readonly<Record<string, string | undefined>>
    readonly quiet: boolean
  }
): Style => {
  if (facts.quiet) return "none"
  if (asked !== "auto") return asked
  const { environment } = facts
  const dumb = environment["TERM"] === "dumb" || (environment["CI"] ?? "") !== ""
  return facts.stderrIsTerminal && !dumb ? "tty" : "plain"
}

const elapsed = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  return (seconds === 0 ? "0s" : Durations.format(Duration.seconds(seconds))).padStart(6)
}

const plain = Effect.fnUntraced(function* (
  total: number,
  realClock: Clock.Clock,
  typeOf: Boards.TypeOf
): Effect.fn.Return<View, never, Streams | Scope.Scope> {
  const streams = yield* Streams
  const startedAt = yield* SteadyClock.now
  const board = Boards.make(total, startedAt, typeOf)
  const line = (row: Boards.Row, at: number): string => {
    const number = String(row.index + 1).padStart(String(total).length)
    const how = row.record === null ? Boards.progressWords(row.progress) : ""
    const phase = row.phase === "running" && how !== "" ? `running ${how}` : row.phase
    const key = row.key === null || row.phase !== "submitted" ? "" : ` as ${row.key}`
    return `[${elapsed(at - startedAt)}] ${number}/${total} ${row.vendor} ${row.subject}${Boards.typeWords(row)}: ${phase}${key}\n`
  }
  const heartbeat = Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const open = [...board.rows.values()].filter((row) => row.record === null)
    const dues = open.flatMap((row) => (row.next === null ? [] : [row.next.until]))
    const soon = dues.length === 0 ? "" : `, next poll in ${Rows.wait(Math.min(...dues) - now)}`
    const sending = open.filter((row) => row.phase === "submitting").length
    const sent = sending === 0 ? "" : `, ${sending} being submitted`
    yield* streams.err(`[${elapsed(now - startedAt)}] ${board.ended()} of ${total} scans ended${sent}${soon}\n`)
  })
  // A job that says nothing for minutes is taken for dead and killed.
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(Effect.provideService(Effect.sleep("1 minute"), Clock.Clock, realClock), heartbeat))
  )
  return {
    observer: (event) => {
      const changed = board.update(event)
      const row = board.rows.get(event.index)
      if (changed && row !== undefined && isNews(event)) streams.errUnsafe(line(row, event.at))
    }
  }
})

// Steps on the way to something that is told a moment later.
const isNews = (event: ScanEvent): boolean =>
  event._tag !== "Queued" && event._tag !== "Submitting" && event._tag !== "Collecting"

const silent: View = { observer: () => {} }

/**
 * Begins to show a run of so many scans. `realClock` times the redrawing where the run's own clock is another one;
 * `typeOf` gives the type of the scan at an index.
 *
 * @category constructors
 * @since 0.1.0
 */
export const begin = (
  style: Style,
  total: number,
  options: { readonly color: boolean; readonly realClock: Clock.Clock; readonly typeOf: Boards.TypeOf }
): Effect.Effect<View, never, Streams | Scope.Scope> => {
  switch (style) {
    case "none":
      return Effect.succeed(silent)
    case "plain":
      return plain(total, options.realClock, options.typeOf)
    case "tty":
      return Effect.gen(function* () {
        const facts = yield* ProcessContext
        return yield* Rows.begin(total, { ...options, facts })
      })
  }
}
