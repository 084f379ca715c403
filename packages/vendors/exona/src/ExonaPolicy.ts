/**
 * When Exona wants to be asked, and how often it may be.
 *
 * The vendor names three intervals: 5 seconds while a person waits, 15 for a batch, 30 for a hundred companies and more;
 * 10 is its general advice, and asking more often than every 5 seconds brings nothing. Five minutes is the soft end of a
 * wait: the scan may still finish, and its ticket is kept. A `Retry-After` in an answer always comes on top.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @since 0.1.0
 */
import type { AccountLimits, KnownDurations, PaceName } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import * as Duration from "effect/Duration"
import * as ExonaSchema from "./ExonaSchema.ts"

/**
 * What Exona allows: 5 seconds between two polls of one scan, 60 seconds after a 429 that names no wait, 15 seconds for
 * the answer to a submission.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @category constructors
 * @since 0.1.0
 */
export const limits: VendorLimits.VendorLimits = VendorLimits.make({
  floor: "5 seconds",
  throttledWait: "60 seconds",
  submitTimeout: "15 seconds"
})

const intervals = {
  interactive: Duration.seconds(5),
  default: Duration.seconds(10),
  background: Duration.seconds(15),
  bulk: Duration.seconds(30)
} as const satisfies Record<PaceName, Duration.Duration>

/**
 * The interval while `open` scans of the account are open: 10 seconds up to four, 15 from five (the vendor's own batch
 * sample runs five at a time), 30 from a hundred.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @category constructors
 * @since 0.1.0
 */
export const intervalFor = (open: number): Duration.Duration =>
  open >= 100 ? intervals.bulk : open >= 5 ? intervals.background : intervals.default

const fixed = (name: PaceName): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: intervals[name],
    pace: intervals[name],
    floor: limits.floor,
    pollTimeout: "15 seconds",
    deadline: "5 minutes"
  })

/**
 * The paces Exona recommends, by name: `interactive` 5 seconds, `default` by the number of open scans (see
 * `intervalFor`) or sooner, down to the floor, where an answer's `Retry-After` is shorter, `background` 15 seconds, `bulk` 30 seconds. Each waits its interval before the first poll and ends
 * softly after 5 minutes. Faults back off from 2 seconds, doubling, as in the vendor's sample, but never below the floor.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @category constructors
 * @since 0.1.0
 */
export const policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>> = {
  interactive: fixed("interactive"),
  default: PollPolicy.withPace(
    fixed("default"),
    // The vendor's own sample sleeps as long as an answer says, also where that is shorter.
    PollPolicy.paceNamed("every 10s, 15s from 5 open scans on, 30s from 100; sooner where Exona says so", (tick) => {
      const usual = intervalFor(tick.open)
      return typeof tick.asked === "number" ? Duration.min(usual, Duration.millis(tick.asked)) : usual
    })
  ),
  background: fixed("background"),
  bulk: fixed("bulk")
}

/**
 * How long most scans take is 30 to 120 seconds; this is the middle.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @category constructors
 * @since 0.1.0
 */
export const typicalDuration: Duration.Duration = Duration.seconds(75)

/**
 * What learned paces start from: most scans take 30 to 120 seconds. A scan with a questionnaire is of a type of its own:
 * what a company says about itself is another question than what is known about it.
 *
 * @see https://docs.exonalab.com/docs/guides/polling
 * @category constructors
 * @since 0.1.0
 */
export const durations: KnownDurations<ExonaSchema.ExonaRequest> = {
  prior: { low: Duration.seconds(30), high: Duration.seconds(120) },
  kind: (request) => (ExonaSchema.hasQuestionnaire(request) ? "questionnaire" : "")
}

/**
 * 100 requests per hour and key, polls included, unless the vendor agreed to more; its headers tell. No limit on open
 * scans is documented.
 *
 * **Gotchas**
 *
 * A typical scan costs a submission and eight polls at 10 seconds, five at 15 and three at 30: no pace lets a hundred
 * companies through in an hour on the default limit. Waiting for the next window is normal.
 *
 * @see https://docs.exonalab.com/docs/api-reference/overview
 * @category constructors
 * @since 0.1.0
 */
export const budget: AccountLimits = {
  requests: 100,
  window: Duration.hours(1),
  openScans: null,
  typicalDuration,
  pollsPerScan: (open) => Math.ceil(Duration.toMillis(typicalDuration) / Duration.toMillis(intervalFor(open)))
}
