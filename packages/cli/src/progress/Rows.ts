/**
 * The view for a terminal: scans that have ended scroll up with what they said, those under way are redrawn below, and a last
 * line sums the run up.
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
import { clearScreenDown, moveCursor } from "node:readline"
import { stripVTControlCharacters, styleText } from "node:util"
import { Streams } from "../output/Streams.ts"
import type { ProcessFacts } from "../process/ProcessContext.ts"
import * as Board from "./Board.ts"
import * as TimeLeft from "./TimeLeft.ts"
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
 * How a picture is made. `ellipsis`: the sign for what was cut off; default `…`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Style {
  readonly width: number
  readonly height: number
  readonly color: boolean
  readonly ellipsis?: string
}

const painter =
  (color: boolean) =>
  (text: string, style: Color): string =>
    color ? styleText(style, text, { validateStream: false }) : text

const rowOf = (row: Board.Row, now: number, { color, ellipsis = "…", ...size }: Style): string => {
  const paint = painter(color)
  const width = Math.max(40, size.width)
  const subjectWidth = Math.min(48, Math.max(14, Math.floor(width * 0.34)))
  const type = Board.kindWords(row)
  // What tells two scans of one address apart is not what is cut off.
  const name =
    type.length > subjectWidth / 2 ? row.subject : `${fit(row.subject, subjectWidth - type.length, ellipsis)}${type}`
  const head = `${pad(row.vendor, 10, ellipsis)} ${pad(name, subjectWidth, ellipsis)} `
  const end = row.record === null ? now : row.record.observedAt
  const time = clockTime(end - row.since).padStart(5)
  const how = row.record === null && row.phase === "running" ? Board.progressWords(row.progress) : ""
  const phase = `${row.phase}${how === "" ? "" : ` ${how}`}`
  // A poll that is due waits for a turn of the account's rate limit, or its answer is on its way.
  const isDue = row.next !== null && row.next.until <= now
  const next =
    row.next === null || row.record !== null
      ? null
      : isDue
        ? "poll is due"
        : `next poll in ${Board.wait(row.next.until - now)}`
  const said = row.record === null && row.phase === "running" ? row.said : ""
  const texts =
    next === null || row.next === null
      ? [...(said === "" ? [] : [`${phase}: ${said}`]), phase]
      : [
          ...(said === "" ? [] : [`${phase}: ${said}, ${next}`]),
          ...(isDue ? [] : [`${phase}, ${next} (${Board.becauseWords(row.next.because)})`]),
          `${phase}, ${next}`,
          phase
        ]
  const state = richest(texts, width - 12 - subjectWidth - 6, ellipsis)
  return `${head}${paint(time, "dim")} ${paint(state, colorOf(row))}`
}

// Those that something is wrong with first, then those under way, then those that wait for their turn.
const urgency = (row: Board.Row): number => (isWaiting(row) ? 2 : colorOf(row) === "yellow" && row.key !== null ? 0 : 1)

// What a vendor's limit or pause holds back, and for how long at most.
const heldBack = (rows: ReadonlyArray<Board.Row>, now: number): string | null => {
  const until = new Map<string, number>()
  for (const { next, vendor } of rows) {
    if (next !== null && (next.because === "pause" || next.because === "turn") && next.until > now) {
      until.set(vendor, Math.max(until.get(vendor) ?? 0, next.until))
    }
  }
  if (until.size === 0) return null
  return [...until].map(([vendor, at]) => `${vendor} held back for ${Board.wait(at - now)}`).join(", ")
}

const leftOf = (board: Board.Board, now: number, scanAt: TimeLeft.ScanAt): string | null => {
  const left = TimeLeft.of(board, now, scanAt)
  return left === null ? null : `about ${Board.wait(left)} left`
}

const unknown: TimeLeft.ScanAt = () => null

const summaryOf = (
  board: Board.Board,
  now: number,
  rows: ReadonlyArray<Board.Row>,
  { hidden, scanAt }: { readonly hidden: number; readonly scanAt: TimeLeft.ScanAt }
): string[] => {
  const { done, failed, stopped, worst } = board.tally()
  const waiting = rows.filter(isWaiting).length
  const parts = [
    `${done} of ${board.total} scans ended`,
    leftOf(board, now, scanAt),
    worst === "none" ? null : `worst ${worst}`,
    failed === 0 ? null : `${failed} failed`,
    stopped === 0 ? null : `${stopped} stopped`,
    rows.length === waiting ? null : `${rows.length - waiting} under way`,
    heldBack(rows, now),
    waiting === 0 ? null : `${waiting} waiting`,
    hidden === 0 ? null : `${hidden} rows not shown`
  ]
  return parts.filter((part) => part !== null)
}

/**
 * The scans that have not ended and the sum of the run, at most `height` lines of `width` columns. Where there is no room for
 * all of them, those that wait for their turn are counted alone, and those that something is wrong with are shown first. `scanAt`: what is
 * known of their durations; default nothing.
 *
 * @category destructors
 * @since 0.1.0
 */
export const draw = (board: Board.Board, now: number, style: Style, scanAt: TimeLeft.ScanAt = unknown): string => {
  const { ellipsis = "…" } = style
  const width = Math.max(40, style.width)
  const rows = [...board.live.values()].sort((a, b) => urgency(a) - urgency(b) || a.index - b.index)
  const room = Math.max(2, style.height - 2)
  // Those that wait are a number in the sum, unless there is room for all.
  const begun = rows.length <= room ? rows : rows.filter((row) => !isWaiting(row))
  const shown = begun.length <= room ? begun : begun.slice(0, room - 1)
  const parts = summaryOf(board, now, rows, { hidden: begun.length - shown.length, scanAt })
  const sums = parts.map((_, at) => parts.slice(0, parts.length - at).join(", "))
  return [
    ...shown.map((row) => rowOf(row, now, style)),
    painter(style.color)(richest(sums, width, ellipsis), "dim")
  ].join("\n")
}

/**
 * The scans that ended since this was asked last, a line each; null where none did.
 *
 * @category destructors
 * @since 0.2.0
 */
export const takeEnded = (board: Board.Board, now: number, style: Style): string | null => {
  const ended = board.takeEnded()
  return ended.length === 0 ? null : ended.map((row) => rowOf(row, now, style)).join("\n")
}

// A terminal that was made narrower has broken lines in two: so many more lines to erase.
const brokenLines = (picture: string, width: number): number =>
  picture
    .split("\n")
    .reduce(
      (sum, line) => sum + Math.max(0, Math.ceil(CliOutput.displayWidth(stripVTControlCharacters(line)) / width) - 1),
      0
    )

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
    readonly scanAt?: TimeLeft.ScanAt
  }
): Effect.fn.Return<View.View, never, Scope.Scope | Streams> {
  const { createLogUpdate } = yield* Effect.promise(() => import("log-update"))
  const streams = yield* Streams
  const screen = createLogUpdate(process.stderr)
  yield* streams.interpose(() => screen.clear())
  const board = Board.make(total, yield* SteadyClock.now, options.typeOf)
  const ellipsis = ellipsisOf(options.facts.environment)
  let last = ""
  const paint = Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const columns = Math.max(1, options.facts.columns())
    const style = { width: columns - 1, height: options.facts.rows(), color: options.color, ellipsis }
    yield* Effect.sync(() => {
      const broken = brokenLines(last, columns)
      if (broken > 0) {
        screen.clear()
        moveCursor(process.stderr, 0, -broken)
        clearScreenDown(process.stderr)
      }
      const ended = takeEnded(board, now, style)
      if (ended !== null) screen.persist(SafeText.seal("text", ended))
      last = draw(board, now, style, options.scanAt)
      screen(SafeText.seal("text", last))
    })
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
