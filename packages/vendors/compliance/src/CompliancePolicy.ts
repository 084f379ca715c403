/**
 * When to ask about a compliance scan, and what its vendor allows.
 *
 * The scan runs inside the submission, so the first poll goes out at once and is nearly always the last. Paces matter
 * only where it is not: a submission whose answer was lost, a scan somebody else started, a server whose last update
 * failed. Such a scan may stay `running` for ever, so every policy here has a deadline of minutes at most; it is soft,
 * and the ticket is kept.
 *
 * @see https://github.com/Basit-Ali0/Yggdrasil the vendor's server; its documentation names no limits
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { AccountLimits, KnownDurations, PaceName } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"

/**
 * What the vendor allows: a poll a second for one scan, as its own web client does, and two minutes for a submission,
 * because the scan runs inside it (40 000 rows took 17.5 seconds). The other limits are the defaults.
 *
 * @category constructors
 * @since 0.1.0
 */
export const limits: VendorLimits.VendorLimits = VendorLimits.make({ floor: "1 second", submitTimeout: "2 minutes" })

const failures = PollPolicy.backOff({ base: "1 second", cap: "20 seconds" })

const policy = (pace: PollPolicy.PaceInput, deadline: Duration.Input): PollPolicy.PollPolicy =>
  PollPolicy.make({ first: 0, pace, failures, floor: limits.floor, deadline })

// Where many scans are open, most were submitted by this batch and are done: patience costs them nothing.
const byOpenScans = PollPolicy.paceNamed("every 2s, 5s above 10 open scans, 10s above 100", (tick) =>
  tick.open > 100 ? Duration.seconds(10) : tick.open > 10 ? Duration.seconds(5) : Duration.seconds(2)
)

/**
 * The policies by name. All of them poll at once after a submission.
 *
 * | name | pace | deadline |
 * | --- | --- | --- |
 * | interactive | 1 second | 1 minute |
 * | default | 2 seconds; 5 above 10 open scans, 10 above 100 | 2 minutes |
 * | background | 5 seconds | 5 minutes |
 * | bulk | 10 seconds | 10 minutes |
 *
 * @category constructors
 * @since 0.1.0
 */
export const policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>> = {
  interactive: policy("1 second", "1 minute"),
  default: policy(byOpenScans, "2 minutes"),
  background: policy("5 seconds", "5 minutes"),
  bulk: policy("10 seconds", "10 minutes")
}

/**
 * The start values of the budget. The vendor documents no rate limit and sends no rate headers; a host in front of it
 * may have one, which a 429 then teaches. One poll per scan is the rule.
 *
 * @category constructors
 * @since 0.1.0
 */
export const budget: AccountLimits = {
  requests: null,
  window: Duration.minutes(1),
  openScans: null,
  typicalDuration: Duration.seconds(5),
  pollsPerScan: () => 1
}

/**
 * What learned paces start from: a few seconds, all scans alike. A scan that ended with its submission, as nearly all do,
 * is seen by the first poll, which stays at once whatever is learned.
 *
 * @category constructors
 * @since 0.1.0
 */
export const durations: KnownDurations<unknown> = {
  prior: { low: Duration.seconds(1), high: Duration.seconds(5) },
  kind: () => ""
}
