/**
 * What signals mean to the process, before a command hears of them.
 *
 * @since 0.2.0
 */
import { readFileSync } from "node:fs"

/**
 * The signals that ask the process to end.
 *
 * @category models
 * @since 0.2.0
 */
export type Ending = "SIGINT" | "SIGTERM" | "SIGHUP"

/**
 * - `wind-up`: the first signal; the command ends softly.
 * - `nothing`: the same wish in other words. A launcher and the whole group may deliver one signal twice, and a CI system
 *   sends SIGTERM some seconds after SIGINT: the report is being written already.
 * - `leave`: somebody asks again, and does not want to wait.
 *
 * @category models
 * @since 0.2.0
 */
export type Meaning = "wind-up" | "nothing" | "leave"

// No person is that quick.
const sameSignal = 100

/**
 * Says what each signal means, in the order in which they come. `at` is a time in milliseconds.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): ((signal: Ending, at: number) => Meaning) => {
  let first = Number.NaN
  const seen = new Set<Ending>()
  return (signal, at) => {
    if (seen.size === 0) {
      first = at
      seen.add(signal)
      return "wind-up"
    }
    const isRepeated = signal === "SIGINT" || seen.has(signal)
    seen.add(signal)
    return isRepeated && at - first > sameSignal ? "leave" : "nothing"
  }
}

/**
 * What is known of how the process was started: `launched` is the variable `_` of the environment; the others are files of
 * Linux, null where they cannot be read.
 *
 * @category models
 * @since 0.2.0
 */
export interface Origin {
  readonly launched: string | undefined
  readonly parentStatus: string | null
  readonly stdinInfo: string | null
}

const hangup = 1n
const writeOnly = 1

/**
 * Whether the process was started with SIGHUP ignored, as `nohup` does. Node forgets that before any code of ours runs, so
 * it is told by what `nohup` leaves behind: the variable `_`, a standard input that can only be written, or a parent that
 * ignores SIGHUP.
 *
 * @category guards
 * @since 0.2.0
 */
export const ignoresHangup = ({ launched, parentStatus, stdinInfo }: Origin): boolean => {
  if (launched !== undefined && /(?:^|\/)nohup$/.test(launched)) return true
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/im.exec(parentStatus ?? "")?.[1]
  if (ignored !== undefined && (BigInt(`0x${ignored}`) & hangup) !== 0n) return true
  const flags = /^flags:\s*([0-7]+)$/m.exec(stdinInfo ?? "")?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) === writeOnly
}

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}

/**
 * How this process was started.
 *
 * @category constructors
 * @since 0.2.0
 */
export const origin = (environment: Readonly<Record<string, string | undefined>>, parent: number): Origin => ({
  launched: environment["_"],
  // What became an orphan has a parent that says nothing of how it was started.
  parentStatus: parent > 1 ? textOf(`/proc/${parent}/status`) : null,
  stdinInfo: textOf("/proc/self/fdinfo/0")
})
