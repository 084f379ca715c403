/**
 * Progress as lines on standard error, for a pipe or a log: one per change of state, and a heartbeat while nothing changes.
 *
 * @since 0.2.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as SafeText from "@scanpoll/report/SafeText"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { inert, say, Streams } from "../output/Streams.ts"
import * as Board from "./Board.ts"
import * as TimeLeft from "./TimeLeft.ts"
import type * as View from "./View.ts"

const elapsed = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  return (seconds === 0 ? "0s" : Durations.format(Duration.seconds(seconds))).padStart(6)
}

/**
 * A line for each change of state, and a heartbeat each minute. `realClock` times the heartbeat where the run's own clock
 * is another one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const begin = Effect.fnUntraced(function* (
  total: number,
  realClock: Clock.Clock,
  { scanAt, typeOf }: { readonly typeOf: Board.TypeOf; readonly scanAt: TimeLeft.ScanAt }
): Effect.fn.Return<View.View, never, Streams | Scope.Scope> {
  const streams = yield* Streams
  const startedAt = yield* SteadyClock.now
  const board = Board.make(total, startedAt, typeOf)
  const line = (row: Board.Row, at: number, messages: ReadonlyArray<string> = []): string => {
    const number = String(row.index + 1).padStart(String(total).length)
    const how = row.record === null ? Board.progressWords(row.progress) : ""
    const phase = row.phase === "running" && how !== "" ? `running ${how}` : row.phase
    const said = messages.length === 0 ? "" : `: ${inert(messages.join("; "), 200)}`
    const key = row.key === null || row.phase !== "submitted" ? "" : ` as ${row.key}`
    return `[${elapsed(at - startedAt)}] ${number}/${total} ${row.vendor} ${row.subject}${Board.kindWords(row)}: ${phase}${key}${said}`
  }
  const heartbeat = Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const open = [...board.live.values()]
    const dues = open.flatMap((row) => (row.next === null ? [] : [row.next.until]))
    const soon = dues.length === 0 ? "" : `, next poll in ${Board.wait(Math.min(...dues) - now)}`
    const sending = open.filter((row) => row.phase === "submitting").length
    const sent = sending === 0 ? "" : `, ${sending} being submitted`
    const left = TimeLeft.of(board, now, scanAt)
    const rest = left === null ? "" : `, about ${Board.wait(left)} left`
    yield* say(`[${elapsed(now - startedAt)}] ${board.tally().done} of ${total} scans ended${sent}${soon}${rest}`)
  })
  // A job that says nothing for minutes is taken for dead and killed.
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(Effect.provideService(Effect.sleep("1 minute"), Clock.Clock, realClock), heartbeat))
  )
  return {
    observer: (event) => {
      const change = board.update(event)
      const messages = event._tag === "Polled" ? event.messages : undefined
      if (change !== null && (change.isNew || messages !== undefined) && isNews(event)) {
        streams.errUnsafe(SafeText.lines(line(change.row, event.at, messages)))
      }
    }
  }
})

// Steps on the way to something that is told a moment later.
const isNews = (event: ScanEvent): boolean =>
  event._tag !== "Queued" && event._tag !== "Submitting" && event._tag !== "Collecting"
