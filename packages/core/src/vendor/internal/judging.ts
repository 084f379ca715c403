// What the end of a scan means: the answer read by its schema, then judged by the definition's function. The type of the
// answer is closed over here, so that endings with different schemas can stand side by side.
import * as Result from "effect/Result"
import type { About, Ending, Judgement, Reading, When } from "./meanings.ts"
import type { Reader } from "../Wire.ts"

const judge = <A, P>(ending: Ending<A, P>, answer: A, about: About): Judgement<P> => {
  if ("failed" in ending) return { _tag: "Failed", reason: ending.failed(answer, about) }
  if ("completed" in ending) {
    const verdict = ending.completed(answer, about)
    return "_tag" in verdict ? verdict : { _tag: "Completed", verdict }
  }
  const verdict = ending.partial(answer, about)
  return "_tag" in verdict ? verdict : { _tag: "Partial", verdict, reason: verdict.reason }
}

/** The scan was called off. Nothing of the answer is read. */
export const cancelled: When<never> = {
  _tag: "When",
  read: (body) =>
    Result.succeed({
      value: body,
      warnings: [],
      judge: () => ({ _tag: "Failed", reason: { code: "cancelled", message: "the scan was cancelled" } })
    })
}

/** The word alone says that a scan failed: what cannot be read beside it costs the reason, and no more. */
const unread = (body: unknown, why: string): Reading<never> => ({
  value: body,
  warnings: [`the answer of the failed scan could not be read: ${why}`],
  judge: () => ({ _tag: "Failed", reason: null })
})

export const when = <A, P>(reader: Reader<A>, ending: Ending<A, P>): When<P> => ({
  _tag: "When",
  read: (body) => {
    const read = reader(body)
    if (Result.isFailure(read)) {
      return "failed" in ending ? Result.succeed(unread(body, read.failure)) : Result.fail(read.failure)
    }
    const { value, warnings } = read.success
    return Result.succeed({ value, warnings, judge: (about) => judge(ending, value, about) })
  }
})
