// A page of text: its width, its colours, its folds. Touches nothing: the caller says what the terminal can do.
import type { Severity } from "@scanpoll/core/model/Severity"
import stringWidth from "string-width"
import wrapAnsi from "wrap-ansi"
import type { RenderOptions } from "../RenderOptions.ts"

// Lines of a given width for a terminal, with or without colour.

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan"

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39]
}

export type Paint = (text: string, ...styles: ReadonlyArray<Style>) => string

const painter =
  (color: boolean): Paint =>
  (text, ...styles) =>
    color ? styles.reduce((inner, style) => `\u001b[${codes[style][0]}m${inner}\u001b[${codes[style][1]}m`, text) : text

export const severityStyles: Readonly<Record<Severity, ReadonlyArray<Style>>> = {
  critical: ["red", "bold"],
  unknown: ["magenta", "bold"],
  high: ["red"],
  medium: ["yellow"],
  low: ["cyan"],
  info: ["blue"],
  none: ["green"]
}

export interface Page {
  readonly paint: Paint
  readonly width: number
  readonly least: Severity
  readonly max: number
}

export const make = (options: RenderOptions): Page => ({
  paint: painter(options.color ?? false),
  // Only a terminal has a width: a line in a log or a file is whole, so that its addresses and commands are.
  width:
    options.width === undefined ? Number.POSITIVE_INFINITY : Math.min(Math.max(Math.floor(options.width), 40), 240),
  least: options.minSeverity ?? "none",
  max: options.maxFindings ?? 5
})

export const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - stringWidth(text)))

// The first line starts after `prefix`, the others below its end.
export const fold = (text: string, page: Page, prefix: string): string => {
  const hang = stringWidth(prefix)
  if (page.width === Number.POSITIVE_INFINITY) return `${prefix}${text}`
  const room = Math.max(16, page.width - hang)
  const [first = "", ...rest] = wrapAnsi(text, room, { hard: true, trim: true }).split("\n")
  return [`${prefix}${first}`, ...rest.map((line) => `${" ".repeat(hang)}${line}`)].join("\n")
}
