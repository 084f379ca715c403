/**
 * Durations as people write them: `30s`, `5m`, `1h30m`, `500ms`, `2 hours`, `1 week`.
 *
 * A number needs its unit, so that nobody waits five milliseconds for what was meant as five minutes.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"

const day = 86_400_000

const units: ReadonlyMap<string, number> = new Map([
  ...["ms", "milli", "millis", "millisecond", "milliseconds"].map((name) => [name, 1] as const),
  ...["s", "sec", "secs", "second", "seconds"].map((name) => [name, 1000] as const),
  ...["m", "min", "mins", "minute", "minutes"].map((name) => [name, 60_000] as const),
  ...["h", "hour", "hours"].map((name) => [name, 3_600_000] as const),
  ...["d", "day", "days"].map((name) => [name, day] as const),
  ...["w", "week", "weeks"].map((name) => [name, 7 * day] as const)
])

const part = /(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]+)\s*/gy

/**
 * The longest wait that is accepted: 30 days, in milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const longest = 30 * day

/**
 * The greatest age that is accepted: 36500 days, in milliseconds. Nothing sleeps for an age, so the limit of waits is none
 * of ages.
 *
 * @category constructors
 * @since 0.2.0
 */
export const oldest = 36_500 * day

/**
 * Reads a duration of at least `least` milliseconds (default 1) and at most `most` (default: the longest wait), rounded up
 * to whole milliseconds. The failure says what is accepted. A bare `0` is read where 0 is accepted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string, least = 1, most = longest): Result.Result<Duration.Duration, string> => {
  const [from, to] = [format(Duration.millis(least)), format(Duration.millis(most))]
  const range = `a duration from ${from} to ${to}, such as ${most > longest ? "12h, 30d or 90d" : "30s, 5m or 1h30m"}`
  const source = text.trim().toLowerCase()
  if (least === 0 && source === "0") return Result.succeed(Duration.zero)
  let millis = 0
  let end = 0
  part.lastIndex = 0
  for (let match = part.exec(source); match !== null; match = part.exec(source)) {
    const unit = units.get(match[2] ?? "")
    if (unit === undefined) return Result.fail(`must be ${range}`)
    millis += Number(match[1]) * unit
    end = part.lastIndex
  }
  if (end === 0 || end !== source.length) {
    const bare = /^\d+(\.\d+)?$/.test(source) && Number(source) > 0 ? `; ${source} has no unit` : ""
    return Result.fail(`must be ${range}${bare}`)
  }
  const whole = Math.ceil(millis)
  return whole >= least && whole <= most ? Result.succeed(Duration.millis(whole)) : Result.fail(`must be ${range}`)
}

/**
 * A duration in the form that `parse` reads: `1h30m`, `5m`, `1.5s`, `0`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const format = (duration: Duration.Duration): string => {
  let left = Math.round(Duration.toMillis(duration))
  if (left < 1) return "0"
  if (left < 1000) return `${left}ms`
  let out = ""
  for (const [name, size] of [
    ["d", day],
    ["h", 3_600_000],
    ["m", 60_000]
  ] as const) {
    const count = Math.floor(left / size)
    if (count > 0) out += `${count}${name}`
    left -= count * size
  }
  return left > 0 ? `${out}${left / 1000}s` : out
}
