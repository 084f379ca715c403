// Runs the command as a user does: its own process, real streams, real signals.
import { hurried, slowed } from "@scanpoll/test-support/hurry"
import { program, quickly, sparingly } from "@scanpoll/test-support/programs"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  /**
   * Sends it again and again until the process has gone, as a person presses a key: two that come while a busy machine lets the
   * process wait are one.
   */
  readonly insist: (signal: NodeJS.Signals) => void
  readonly closeStdout: () => void
  readonly closeStderr: () => void
}

export interface Options {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  readonly stdout?: number
  /**
   * By default its time passes ten times as quickly as the test's. `real` is for what shares its time with others, such as a
   * database; `slowed`, ten times as slowly, for what has to happen before a limit of its own.
   */
  readonly time?: "hurried" | "real" | "slowed"
  /** A line of bash that starts the command, which it has as "$0" "$@". */
  readonly line?: string
  /** Called with everything on standard error, and on standard output, after each piece of either. */
  readonly watch?: (said: { readonly stdout: string; readonly stderr: string }, process: Running) => void
}

// No journal of whoever runs the tests is touched, unless a test names one.
const base = {
  ...quickly,
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  TZ: "UTC",
  SCANPOLL_JOURNAL: "memory:"
}

const times = { hurried, real: {}, slowed }

export const scanpoll = (args: ReadonlyArray<string>, options: Options = {}): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const words = [process.execPath, ...sparingly, program, ...args]
    const [file = "", ...rest] = options.line === undefined ? words : ["/bin/bash", "-c", options.line, ...words]
    const child = spawn(file, rest, {
      cwd: options.directory,
      env: { ...base, ...times[options.time ?? "hurried"], ...options.environment },
      stdio: ["ignore", options.stdout ?? "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    let insisting: NodeJS.Timeout | undefined
    const running: Running = {
      kill: (signal) => child.kill(signal),
      insist: (signal) => {
        child.kill(signal)
        insisting ??= setInterval(() => child.kill(signal), 400)
      },
      closeStdout: () => child.stdout?.destroy(),
      closeStderr: () => child.stderr?.destroy()
    }
    const watch = () => options.watch?.({ stdout, stderr }, running)
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      watch()
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
      watch()
    })
    child.on("close", (code) => {
      clearInterval(insisting)
      resume(Effect.succeed({ code, stdout, stderr }))
    })
    return Effect.sync(() => {
      clearInterval(insisting)
      child.kill("SIGKILL")
    })
  })

// Does a thing once, when a text has been seen.
export const once = (seen: RegExp, act: (process: Running) => void): NonNullable<Options["watch"]> => {
  let done = false
  return ({ stderr, stdout }, running) => {
    if (done || !(seen.test(stderr) || seen.test(stdout))) return
    done = true
    act(running)
  }
}
