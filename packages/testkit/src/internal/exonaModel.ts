// What a simulated Exona is told: submissions, fates, options.
import type * as Simulator from "../Simulator.ts"
import type * as Result from "./exonaResult.ts"

/**
 * The four levels of risk, in the vendor's words.
 *
 * @category models
 * @since 0.1.0
 */
export type RiskLevel = Result.Level

/**
 * A submission that passed every check. `nth` counts the earlier ones for the same website (as the cache compares
 * websites) that the cache could not answer, from 0; `questionnaire` is the number of items.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly companyName: string
  readonly companyWebsite: string
  readonly questionnaire: number
  readonly maxAgeDays: number
  readonly forceRefresh: boolean
  readonly includeFieldCitations: boolean
  readonly test: boolean
  readonly account: string
  readonly nth: number
}

/**
 * What is to become of a scan. `result` replaces the drawn one, and `error` is laid over the usual one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  /** Default: completed, or failed by the simulator's `failureRate`. */
  readonly outcome?: "completed" | "failed"
  readonly level?: RiskLevel
  readonly result?: unknown
  readonly error?: Readonly<Record<string, unknown>>
}

/**
 * A scan that was there before the simulator started. `ageDays` is the time since its end; default 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly companyName: string
  readonly companyWebsite: string
  readonly ageDays?: number
  /** Vendor time of the submission, in place of `ageDays`. */
  readonly createdAt?: number
  readonly test?: boolean
  readonly account?: string
  readonly fate?: Fate
}

/**
 * How the simulated vendor behaves.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Simulator.Options {
  readonly fate?: (submission: Submission) => Fate | undefined
  /**
   * Seconds in the `Retry-After` of a processing scan: 10 as documented, null for none. They are the client's seconds: a
   * simulator with a high `speed` serves its clients better with 1 or null.
   */
  readonly retryAfter?: number | null
  /** The share of scans that fail when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}
