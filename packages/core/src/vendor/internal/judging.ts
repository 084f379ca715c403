// What the end of a scan means: the answer read by its schema, then judged by the definition's function. The type of the
// answer is closed over here, so that endings with different schemas can stand side by side.
import * as Result from "effect/Result"
import type { About, Ending, Said, Unusable, Verdict } from "../Definition.ts"
import type { Reader } from "../Wire.ts"

export type Judgement<P> =
  | { readonly _tag: "Completed"; readonly verdict: Verdict<P> }
  | { readonly _tag: "Partial"; readonly verdict: Verdict<P>; readonly reason: Said }
  | { readonly _tag: "Failed"; readonly reason: Said }
  | Unusable

/** An answer that was read; `value` is where its times are looked for. */
export interface Reading<out P> {
  readonly value: unknown
  readonly warnings: ReadonlyArray<string>
  readonly judge: (about: About) => Judgement<P>
}

/**
 * A meaning whose answer has a schema of its own. Made by `Vendor.when`.
 *
 * @category models
 * @since 0.2.0
 */
export interface When<out P> {
  readonly _tag: "When"
  readonly read: (body: unknown) => Result.Result<Reading<P>, string>
}

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

export const when = <A, P>(reader: Reader<A>, ending: Ending<A, P>): When<P> => ({
  _tag: "When",
  read: (body) =>
    Result.map(reader(body), ({ value, warnings }) => ({
      value,
      warnings,
      judge: (about) => judge(ending, value, about)
    }))
})
