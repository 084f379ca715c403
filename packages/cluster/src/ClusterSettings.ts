/**
 * How the machines of one cluster agree on who polls what.
 *
 * `shards` must be the same in every process of a cluster, clients too; the other settings may differ for a while, as
 * during an upgrade. All of them have a default that was measured.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Waits from "@scanpoll/core/unstable/time/Waits"

/**
 * What a caller may say about them.
 *
 * - `shards`: into how many slices the open scans are cut, from 1 to 1 024. Default 60. Workers beyond this number idle.
 * - `lease`: how long a worker that says nothing keeps what it holds, from 3 seconds to 10 minutes. Default 12 seconds.
 *   It is renewed every third of it. A worker that dies without a word is followed that much later and a little more.
 * - `lookEvery`: how often a worker looks for scans that nobody polls, from 50 milliseconds to 1 minute. Default 1 second.
 * - `assignEvery`: how often a worker looks who else is there, from 50 milliseconds to 1 minute. Default 1 second.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly shards?: number
  readonly lease?: Duration.Input
  readonly lookEvery?: Duration.Input
  readonly assignEvery?: Duration.Input
}

/**
 * The settings a process works with.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClusterSettings {
  readonly shards: number
  readonly lease: Duration.Duration
  readonly lookEvery: Duration.Duration
  readonly assignEvery: Duration.Duration
}

const within = (
  name: string,
  value: Duration.Input | undefined,
  fallback: number,
  least: number,
  most: number
): Result.Result<Duration.Duration, string> => {
  const millis =
    value === undefined ? fallback : Option.getOrElse(Waits.toMillis(Duration.fromInputUnsafe(value)), () => Number.NaN)
  return millis >= least && millis <= most
    ? Result.succeed(Duration.millis(millis))
    : Result.fail(`${name} must be from ${least} to ${most} ms`)
}

/**
 * The settings, with the defaults in place of what is not said. Fails with the first one that is out of its bounds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Result.Result<ClusterSettings, string> =>
  Result.gen(function* () {
    const shards = options.shards ?? 60
    if (!Number.isInteger(shards) || shards < 1 || shards > 1024) {
      return yield* Result.fail("shards must be a whole number from 1 to 1024")
    }
    return {
      shards,
      lease: yield* within("lease", options.lease, 12_000, 3_000, 600_000),
      lookEvery: yield* within("lookEvery", options.lookEvery, 1_000, 50, 60_000),
      assignEvery: yield* within("assignEvery", options.assignEvery, 1_000, 50, 60_000)
    }
  })
