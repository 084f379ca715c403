/**
 * How often AppVet may be asked, in the vendor's words and in what follows from them.
 *
 * The vendor asks for a poll every 3 to 5 seconds and for at most 60 requests a minute (10 on the free plan). With a few
 * scans open the two agree; with ten they do not, so every pace here lengthens with the number of open scans. Where an
 * account may do less than assumed, the headers of its first answer teach the budget, and the budget holds polls back.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { AccountLimits, KnownDurations, PaceName } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import * as Waits from "@scanpoll/core/unstable/time/Waits"

/**
 * Requests per minute of a paid account: 60. The free plan has 10.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const requestsPerMinute = 60

/**
 * Scans an account may have open at once: 10, from the vendor's one sample.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const openScans = 10

/**
 * How long a scan takes: 75 seconds, from the vendor's one sample.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const typicalDuration: Duration.Duration = Duration.seconds(75)

/**
 * What learned paces start from: half a minute to three minutes around the vendor's one sample, and each type of scan for
 * itself, because what is checked differs.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const durations: KnownDurations<{ readonly type: string }> = {
  prior: { low: Duration.seconds(30), high: Duration.minutes(3) },
  kind: ({ type }) => type
}

/**
 * What AppVet allows: no two polls of a scan within 3 seconds, and a minute of quiet after a 429 that names no end.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const limits: VendorLimits.VendorLimits = VendorLimits.make({
  floor: "3 seconds",
  hintCap: "5 minutes",
  pauseCap: "1 hour",
  throttledWait: "60 seconds",
  submitTimeout: "15 seconds"
})

/**
 * The share of a minute one open scan leaves for each poll. Ten open scans at 14 seconds make 43 polls a minute; the 8
 * scans a minute that ten slots can finish need 16 more requests to be submitted and to fetch their reports: 59 of 60.
 */
const secondsPerOpenScan = 1.4

/**
 * The shortest pace, in seconds, at which `open` scans stay within 60 requests a minute, submissions and reports
 * included. More than 10 scans cannot be open, so it does not grow past that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fairSeconds = (open: number): number => Waits.clamp(open, 1, openScans) * secondsPerOpenScan

const everyAtLeast = (seconds: number): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: Duration.seconds(seconds),
    pace: PollPolicy.paceNamed(`every ${seconds}s, ${secondsPerOpenScan}s per open scan where that is longer`, (tick) =>
      Duration.millis(Math.ceil(Math.max(seconds, fairSeconds(tick.open)) * 1000))
    ),
    floor: limits.floor,
    deadline: "5 minutes"
  })

/** With the usual spread of a tenth it stays within the vendor's 3 to 5 seconds. */
const usualSeconds = 4.5

/**
 * The paces by name: 3 seconds for a person who waits, 4.5 by default (with its spread, at most the 5 the vendor asks for),
 * 10 in the background, 15 for bulk work; each longer when more scans are open than that pace has room for. The deadline is
 * 5 minutes and soft: the ticket is kept.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>> = {
  interactive: everyAtLeast(3),
  default: everyAtLeast(usualSeconds),
  background: everyAtLeast(10),
  bulk: everyAtLeast(15)
}

/**
 * The account's rate limit as the budget starts with it: 60 requests a minute and 10 open scans.
 *
 * **Details**
 *
 * A free account may make 10 requests a minute. It also has 5 scans a month, so what leaves before its first answer
 * corrects the budget is less than 10 requests.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const budget: AccountLimits = {
  requests: requestsPerMinute,
  window: Duration.minutes(1),
  openScans,
  typicalDuration,
  pollsPerScan: (open) => Math.ceil(Duration.toSeconds(typicalDuration) / Math.max(usualSeconds, fairSeconds(open)))
}
