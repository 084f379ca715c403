/**
 * The view for a terminal: one redrawn row per scan, the ended ones folded away when there is no room.
 *
 * @since 0.1.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as SteadyClock from "@scanpoll/core/engine/SteadyClock"
import * as CliOutput from "effect/cli/CliOutput"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import process from "node:process"
import { styleText } from "node:util"
import { Streams } from "../output/Streams.ts"
import type { Facts } from "../Surroundings.ts"
import * as Boards from "./Board.ts"
import type { View } from "./Progress.ts"

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

type Color = "red" | "green" | "yellow" | "cyan" | "dim"

const fit = (text: string, width: number): string => {
  if (CliOutput.displayWidth(text) <= width) return text
  let out = ""
  for (const char of text) {
    if (CliOutput.displayWidth(out + char) >= width) break
    out += char
  }
  return `${out}…`
}

const pad = (text: string, width: number): string => {
  const cut = fit(text, width)
  return cut + " ".repeat(Math.max(0, width - CliOutput.displayWidth(cut)))
}

const clockTime = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

const colorOf = (row: Boards.Row): Color => {
  if (row.record === null) return row.phase === "running" || row.phase === "queued" ? "cyan" : "yellow"
  switch (row.record.state) {
    case "completed":
      return "green"
    case "partial":
    case "still-running":
    case "interrupted":
    case "not-started":
      return "yellow"
    case "failed":
    case "not-found":
    case "unreachable":
    case "protocol":
    case "denied":
    case "in-doubt":
    case "refused":
      return "red"
  }
}

/**
 * The rows as they stand, at most `height` lines of `width` columns.
 *
 * @category destructors
 * @since 0.1.0
 */
export const draw = (
  board: Boards.Board,
  now: number,
  size: { readonly width: number; readonly height: number },
  color: boolean
): string => {
  const paint = (text: string, style: Color): string =>
    color ? styleText(style, text, { validateStream: false }) : text
  const width = Math.max(40, size.width)
  const rows = [...board.rows.values()].sort((a, b) => a.index - b.index)
  const room = Math.max(3, size.height - 2)
  const open = rows.filter((row) => row.record === null)
  const shown = rows.length <= room ? rows : open.slice(0, room - 1)
  const subjectWidth = Math.min(38, Math.max(16, Math.floor(width * 0.34)))
  const lines = shown.map((row) => {
    const head = `${pad(row.vendor, 10)} ${pad(row.subject, subjectWidth)} `
    const end = row.record === null ? now : row.record.observedAt
    const time = clockTime(end - row.since).padStart(5)
    const how = row.record === null ? Boards.progressWords(row.progress) : ""
    const next =
      row.next === null || row.record !== null
        ? ""
        : `, next poll in ${wait(row.next.until - now)} (${Boards.becauseWords(row.next.because)})`
    const state = fit(`${row.phase}${how === "" ? "" : ` ${how}`}${next}`, width - 12 - subjectWidth - 7)
    return `${head}${paint(time, "dim")} ${paint(state, colorOf(row))}`
  })
  const hidden = rows.length - shown.length
  const summary = `${board.ended()} of ${board.total} scans ended${hidden > 0 ? `, ${hidden} rows not shown` : ""}`
  return [...lines, paint(summary, "dim")].join("\n")
}

/**
 * Begins to draw. The last picture stays on the screen when the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const begin = Effect.fnUntraced(function* (
  total: number,
  options: {
    readonly color: boolean
    readonly realClock: Clock.Clock
    readonly facts: Facts
  }
): Effect.fn.Return<View, never, Scope.Scope | Streams> {
  const { createLogUpdate } = yield* Effect.promise(() => import("log-update"))
  const streams = yield* Streams
  const screen = createLogUpdate(process.stderr)
  yield* streams.interpose(() => screen.clear())
  const board = Boards.make(total, yield* SteadyClock.now)
  const paint = Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const size = { width: options.facts.columns() - 1, height: options.facts.rows() }
    yield* Effect.sync(() => screen(draw(board, now, size, options.color)))
  })
  const pause = Effect.provideService(Effect.sleep("150 millis"), Clock.Clock, options.realClock)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(paint, pause)))
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      paint,
      Effect.sync(() => screen.done())
    )
  )
  return {
    observer: (event: ScanEvent) => {
      board.update(event)
    }
  }
})
