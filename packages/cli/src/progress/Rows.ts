/**
 * The view for a terminal: one redrawn row per scan, the ended ones folded away when there is no room.
 *
 * @since 0.1.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as CliOutput from "effect/cli/CliOutput"
import * as Clock from "effect/Clock"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import process from "node:process"
import { styleText } from "node:util"
import { Streams } from "../output/Streams.ts"
import type { ProcessFacts } from "../process/ProcessContext.ts"
import * as Board from "./Board.ts"
import type * as View from "./View.ts"

type Color = "red" | "green" | "yellow" | "cyan" | "dim"

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

// What a reader sees as one letter is kept or left out whole.
const fit = (text: string, width: number, ellipsis: string): string => {
  if (CliOutput.displayWidth(text) <= width) return text
  const room = width - ellipsis.length
  let out = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += CliOutput.displayWidth(segment)
    if (used > room) break
    out += segment
  }
  return `${out}${ellipsis}`
}

const pad = (text: string, width: number, ellipsis: string): string => {
  const cut = fit(text, width, ellipsis)
  return cut + " ".repeat(Math.max(0, width - CliOutput.displayWidth(cut)))
}

const clockTime = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

const colorOf = (row: Board.Row): Color => {
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
 * The sign for what was cut off: three dots where the locale names a character set that may not have the one for it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ellipsisOf = (environment: Readonly<Record<string, string | undefined>>): string => {
  const locale = [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]].find(
    (name) => (name ?? "") !== ""
  )
  return locale === undefined || /utf-?8/i.test(locale) ? "…" : "..."
}

const isWaiting = (row: Board.Row): boolean => row.record === null && row.phase === Board.waitingForTurn

// The most telling of the texts that fit.
const richest = (texts: ReadonlyArray<string>, width: number, ellipsis: string): string =>
  texts.find((text) => CliOutput.displayWidth(text) <= width) ?? fit(texts.at(-1) ?? "", width, ellipsis)

/**
 * The rows as they stand, at most `height` lines of `width` columns. Where there is no room for all of them, scans that
 * ended make way first, and then those that wait for their turn.
 *
 * @category destructors
 * @since 0.1.0
 */
export const draw = (
  board: Board.Board,
  now: number,
  size: { readonly width: number; readonly height: number },
  color: boolean,
  ellipsis = "…"
): string => {
  const paint = (text: string, style: Color): string =>
    color ? styleText(style, text, { validateStream: false }) : text
  const width = Math.max(40, size.width)
  const rows = [...board.rows.values()].sort((a, b) => a.index - b.index)
  const room = Math.max(3, size.height - 2)
  const open = rows.filter((row) => row.record === null)
  const waiting = open.filter(isWaiting)
  const underWay = open.filter((row) => !isWaiting(row))
  const shown = rows.length <= room ? rows : [...underWay, ...waiting].slice(0, room - 1)
  const subjectWidth = Math.min(48, Math.max(14, Math.floor(width * 0.34)))
  const lines = shown.map((row) => {
    const type = Board.typeWords(row)
    // What tells two scans of one address apart is not what is cut off.
    const name =
      type.length > subjectWidth / 2 ? row.subject : `${fit(row.subject, subjectWidth - type.length, ellipsis)}${type}`
    const head = `${pad(row.vendor, 10, ellipsis)} ${pad(name, subjectWidth, ellipsis)} `
    const end = row.record === null ? now : row.record.observedAt
    const time = clockTime(end - row.since).padStart(5)
    const how = row.record === null && row.phase === "running" ? Board.progressWords(row.progress) : ""
    const phase = `${row.phase}${how === "" ? "" : ` ${how}`}`
    const next = row.next === null || row.record !== null ? null : Board.wait(row.next.until - now)
    const said = row.record === null && row.phase === "running" ? row.said : ""
    const texts =
      next === null || row.next === null
        ? [...(said === "" ? [] : [`${phase}: ${said}`]), phase]
        : [
            ...(said === "" ? [] : [`${phase}: ${said}, next poll in ${next}`]),
            `${phase}, next poll in ${next} (${Board.becauseWords(row.next.because)})`,
            `${phase}, next poll in ${next}`,
            phase
          ]
    const state = richest(texts, width - 12 - subjectWidth - 6, ellipsis)
    return `${head}${paint(time, "dim")} ${paint(state, colorOf(row))}`
  })
  const hidden = rows.length - shown.length
  const summary = [
    `${board.ended()} of ${board.total} scans ended`,
    ...(underWay.length > 0 ? [`${underWay.length} under way`] : []),
    ...(waiting.length > 0 ? [`${waiting.length} waiting`] : []),
    ...(hidden > 0 ? [`${hidden} rows not shown`] : [])
  ].join(", ")
  return [...lines, paint(fit(summary, width, ellipsis), "dim")].join("\n")
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
    readonly facts: ProcessFacts
    readonly typeOf: Board.TypeOf
  }
): Effect.fn.Return<View.View, never, Scope.Scope | Streams> {
  const { createLogUpdate } = yield* Effect.promise(() => import("log-update"))
  const streams = yield* Streams
  const screen = createLogUpdate(process.stderr)
  yield* streams.interpose(() => screen.clear())
  const board = Board.make(total, yield* SteadyClock.now, options.typeOf)
  const ellipsis = ellipsisOf(options.facts.environment)
  const paint = Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const size = { width: options.facts.columns() - 1, height: options.facts.rows() }
    yield* Effect.sync(() => screen(SafeText.seal("text", draw(board, now, size, options.color, ellipsis))))
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
