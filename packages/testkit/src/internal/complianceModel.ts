// What a simulated compliance API is told: submissions, fates, options.
import type * as Simulator from "../Simulator.ts"

/**
 * A submission that passed every check. `nth` counts the earlier ones with the same policy, upload and mapping, from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly policyId: string
  readonly uploadId: string
  readonly mappingId: string
  readonly auditId: string | null
  readonly auditName: string | null
  readonly account: string
  readonly nth: number
}

/**
 * How the vendor turns a submission down: the three it may be for, each with the vendor's body.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal =
  | { readonly code: "NOT_FOUND"; readonly message?: string }
  | {
      readonly code: "MAPPING_INCOMPLETE"
      readonly missingRequired?: ReadonlyArray<string>
      readonly invalidColumns?: ReadonlyArray<string>
    }
  | { readonly code: "INTERNAL_ERROR" }

/**
 * What is to become of a scan.
 *
 * `violations`, `score`, `rulesTotal`, `recordCount`, `mappingConfig` and `temporalScale` are what a completed scan shows;
 * `rulesProcessed` is shown while it runs, and at its end where `rulesProcessedAtEnd` says so. `unchanged` is how many
 * violations the previous scan of the policy had too. With `inline: false` the submit answers `running` at once and the
 * scan goes on behind it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  readonly outcome?: "completed" | "failed"
  readonly violations?: number
  readonly score?: number
  readonly unchanged?: number
  readonly rulesTotal?: number
  readonly rulesProcessed?: number
  readonly rulesProcessedAtEnd?: number
  readonly recordCount?: number
  readonly mappingConfig?: Readonly<Record<string, string>>
  readonly temporalScale?: string | number | null
  readonly inline?: boolean
  readonly refusal?: Refusal
}

/**
 * A scan that was there before the simulator started; `createdAt` is vendor time in milliseconds since 1970, an hour ago
 * unless given.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly policyId: string
  readonly uploadId: string
  readonly mappingId: string
  readonly auditId?: string | null
  readonly auditName?: string | null
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
  /** Default `"docs"`. */
  readonly shape?: "docs" | "server"
  /** The organization that `X-Organization-Id` may name. Default: any. */
  readonly organizationId?: string
  /** The share of scans that fail when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}
