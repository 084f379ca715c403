import type { Conformance } from "@scanpoll/testkit"
import { isFull } from "@scanpoll/test-support/length"

/**
 * The rules that a wrong adapter is held to: those that must catch it, and a quarter of the others, which must not; another
 * quarter for each `group` of mistakes. At full length all of them.
 */
export const tried = (
  cases: ReadonlyArray<Conformance.Case>,
  caught: ReadonlySet<string>,
  group: number
): ReadonlyArray<Conformance.Case> =>
  isFull ? cases : cases.filter(({ name }, at) => caught.has(name) || at % 4 === group % 4)
