// What a simulated AppVet is told: submissions, fates, options.
import type * as Simulator from "../Simulator.ts"
import type * as Report from "./appvetReport.ts"

/**
 * The four kinds of scan.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanType = Report.ScanType

/**
 * A submission that passed every check. `url` is normalised; `nth` counts the earlier ones for the same `url` and `type`,
 * from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly url: string
  readonly type: ScanType
  readonly callbackUrl: string | null
  readonly account: string
  readonly nth: number
}

/**
 * One line of a running scan's log.
 *
 * @category models
 * @since 0.1.0
 */
export interface Event {
  readonly time: string
  readonly message: string
}

/**
 * What is to become of a scan.
 *
 * `score` is 0 to 100, `grade` follows from it unless given. `events` and `progress` are what unfinished polls show.
 * `reportLag` is how many requests for the report of an ended scan still answer 409. `reports` are scripted
 * answers to the first requests for it after those. `refusal` turns the submission down.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  /** Default: completed, or by the simulator's `failureRate` and `partialRate`. */
  readonly outcome?: "completed" | "partial" | "failed"
  readonly score?: number
  readonly grade?: string
  readonly error?: string
  readonly events?: ReadonlyArray<Event>
  readonly progress?: unknown
  readonly reportLag?: number
  readonly reports?: Simulator.Fate["polls"]
  readonly refusal?: "URL_NOT_REACHABLE" | "DOMAIN_BLOCKED"
}

/**
 * A scan that was there before the simulator started; `createdAt` is vendor time in milliseconds since 1970, an hour ago
 * unless given.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly url: string
  readonly type?: ScanType
  readonly createdAt?: number
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
  /** Scans a month, and how many of them are used up already. Default 1000 and none. */
  readonly quota?: { readonly limit: number; readonly used?: number }
  /** Default `"paid"`, which only changes the name shown and the documented rate limit (60 a minute; free: 10). */
  readonly tier?: "free" | "paid"
  /** Which of the two documented bodies `/v1/usage` sends: the page's sample (default), or its table of fields. */
  readonly usage?: "sample" | "table"
  /** Adds a `Retry-After` to a 429, which the vendor does not document. Default false. */
  readonly retryAfter?: boolean
  /** Shares of scans that end so when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly partialRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}
