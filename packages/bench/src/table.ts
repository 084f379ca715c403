/**
 * Markdown tables.
 */
import type { Summary } from "./statistics.ts"

/** A table; the first column is text, the others are numbers. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [
    `| ${head.join(" | ")} |`,
    `| ${head.map((_, column) => (column === 0 ? "---" : "--:")).join(" | ")} |`,
    ...rows.map((row) => `| ${row.join(" | ")} |`)
  ].join("\n")

/** A number with as many digits as mean something. */
export const digits = (value: number): string =>
  Number.isNaN(value)
    ? "–"
    : Math.abs(value) >= 100
      ? String(Math.round(value))
      : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)

/** The median of some samples, their least and their greatest. */
export const spread = (found: Summary | null): string =>
  found === null ? "–" : `${digits(found.median)} (${digits(found.least)}–${digits(found.most)})`

/** The median of some samples. */
export const middle = (found: Summary | null): string => (found === null ? "–" : digits(found.median))
