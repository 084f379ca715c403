/**
 * Texts broken into lines that fit the width of a terminal, measured in its cells.
 *
 * A word is never cut: one that is wider than a line has a line to itself.
 *
 * @since 0.1.0
 */
import * as CliOutput from "effect/cli/CliOutput"

/**
 * The lines of a text, none wider than `width` cells unless a single word is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(/\s+/)) {
    if (word === "") continue
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && CliOutput.displayWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return line === "" ? lines : [...lines, line]
}

/**
 * A text beside a label, in two columns of which the first is `column` cells wide. A label that has no room stands alone on
 * the line above.
 *
 * @category constructors
 * @since 0.1.0
 */
export const beside = (
  label: string,
  text: string,
  size: { readonly column: number; readonly width: number }
): ReadonlyArray<string> => {
  const lines = wrap(text, Math.max(20, size.width - size.column))
  const gap = size.column - CliOutput.displayWidth(label)
  const indent = " ".repeat(size.column)
  if (lines.length === 0) return [label]
  if (gap < 2) return [label, ...lines.map((line) => indent + line)]
  return lines.map((line, index) => (index === 0 ? label + " ".repeat(gap) : indent) + line)
}
