// What the checks of an example become: see `packages/tooling/doctest.mjs`.
import { format } from "node:util"
import { assert } from "vitest"

const reached = new Set<string>()

/** The lines whose check was never come to. */
export const missed = (name: string, lines: ReadonlyArray<number>): ReadonlyArray<number> =>
  lines.filter((line) => !reached.has(`${name} ${line}`))

/** `expr // => value` */
export const is = (name: string, line: number, actual: unknown, value: () => unknown): void => {
  reached.add(`${name} ${line}`)
  assert.deepEqual(actual, value(), `line ${line}`)
}

/** `console.log(...) // => text` */
export const says = (name: string, line: number, text: string, ...values: ReadonlyArray<unknown>): void => {
  reached.add(`${name} ${line}`)
  assert.strictEqual(format(...values), text, `line ${line}`)
}
