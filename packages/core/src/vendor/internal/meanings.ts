// What a definition says about answers: words, what they mean, and the verdict of an end. Types alone, passed on by
// `Definition`.
import type * as Result from "effect/Result"
import type { Progress } from "../../model/Observation.ts"
import type { Completed, Evidence } from "../../model/ScanOutcome.ts"
import type { Place } from "../Wire.ts"

/**
 * An answer that cannot be used after all: a fault of the poll, with a code of ours in lower case. Made by
 * `Vendor.unusable`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unusable {
  readonly _tag: "Unusable"
  readonly code: string
  readonly message: string
}

/**
 * What a function of a definition is told about the answer at hand.
 *
 * - `word`: the vendor's status word. `origin`: the vendor's own.
 * - `submittedAt`: when the submission was answered, in milliseconds since 1970, where this is its answer; null for the
 *   answer to a poll.
 * - `warn`: adds a warning to the outcome. Never put a value of the vendor's in it.
 * - `link`: an address for people, on the vendor's own origin; null, with a warning that names `field`, for any other.
 *
 * @category models
 * @since 0.2.0
 */
export interface About {
  readonly scanId: string
  readonly word: string
  readonly origin: string
  readonly submittedAt: number | null
  readonly warn: (message: string) => void
  readonly link: (address: string | undefined, field: string) => string | null
}

/**
 * What a finished scan says. `report` is an address for people. `unavailable` says why evidence that this vendor gives
 * cannot be used in this answer; no gate passes on it. What is left out is not told by the vendor.
 *
 * @category models
 * @since 0.2.0
 */
export interface Verdict<out P>
  extends
    Pick<Completed<P>, "assessment" | "payload">,
    Partial<Pick<Completed<P>, "findings" | "delta" | "cached" | "ageMs">> {
  readonly report?: string | null
  readonly unavailable?: Readonly<Partial<Record<keyof Evidence, string>>>
}

/**
 * Why, in the vendor's words; null or undefined where it gives none. `requestId` is the request's id where the body has
 * one, in place of the one in the headers.
 *
 * @category models
 * @since 0.2.0
 */
export type Said =
  | string
  | {
      readonly code?: string | null
      readonly message: string
      readonly advice?: string | null
      readonly requestId?: string | null
    }
  | null
  | undefined

/**
 * A scan that failed, by what its answer says and not by its word: a completed one that tested nothing. Made by
 * `Vendor.failed`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unsuccessful {
  readonly _tag: "Failed"
  readonly reason: Said
}

/**
 * What the end of a scan means: the functions are given the answer as its schema read it.
 *
 * @category models
 * @since 0.2.0
 */
export type Ending<A, P> =
  | { readonly completed: (answer: A, about: About) => Verdict<P> | Unusable | Unsuccessful }
  | {
      readonly partial: (answer: A, about: About) => (Verdict<P> & { readonly reason?: Said }) | Unusable | Unsuccessful
    }
  | { readonly failed: (answer: A, about: About) => Said }

/**
 * What one status word means. `running` tells how far: where a percent is, or a function of the body. `ended`: the scan is
 * over, and `result` says what came of it. `cancelled`: it was called off, at the vendor or from here; it ends as failed, with
 * that code. `missing`: the vendor does not know the scan, as a 404 says elsewhere; `gone`: nor will it ever. `moved`: it goes on under another id, which is there in the body, or a function of the body and of the asked id.
 *
 * @category models
 * @since 0.2.0
 */
export type Meaning<A, P> =
  | "queued"
  | "running"
  | "ended"
  | "cancelled"
  | "missing"
  | "gone"
  | { readonly moved: Place | ((body: unknown, scanId: string) => unknown) }
  | { readonly running: Place | ((body: unknown) => Partial<Progress> | null) }
  | Ending<A, P>
  | When<P>

/** What an ending says of an answer. */
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
