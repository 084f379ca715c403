// Where a client's log lines go, and which of them.
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { ClientLogger, LogLevel, ScanpollOptions } from "../Config.ts"

const levels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error", none: "None" } as const

export const levelNames: ReadonlyArray<string> = Object.keys(levels)

const methods = ["debug", "info", "warn", "error"] as const

/** Whether a value can be told lines. */
export const isLogger = (value: unknown): value is ClientLogger =>
  typeof value === "object" && value !== null && methods.every((name) => typeof Reflect.get(value, name) === "function")

const methodOf = (level: string): (typeof methods)[number] => {
  switch (level) {
    case "FATAL":
    case "ERROR":
      return "error"
    case "WARN":
      return "warn"
    case "INFO":
      return "info"
    default:
      return "debug"
  }
}

// A message of several parts is one line; a part that is no text is a field.
const partsOf = (message: unknown): { readonly text: string; readonly more: ReadonlyArray<unknown> } => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  return {
    text: parts.filter((part) => typeof part === "string").join(" "),
    more: parts.filter((part) => typeof part !== "string")
  }
}

const telling = (logger: ClientLogger) =>
  Logger.map(Logger.formatStructured, ({ annotations, cause, level, message }) => {
    const { more, text } = partsOf(message)
    const fields = {
      ...annotations,
      ...(cause === undefined ? {} : { cause }),
      ...(more.length === 0 ? {} : { more })
    }
    try {
      logger[methodOf(level)](text, fields)
    } catch {
      // A logger that throws must not disturb a scan.
    }
  })

const leastOf = ({ logLevel, logger }: Pick<ScanpollOptions, "logger" | "logLevel">): LogLevel =>
  logLevel ?? (logger === undefined ? "error" : "info")

// Standard output is the program's.
export const layer = (options: Pick<ScanpollOptions, "logger" | "logLevel">): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([
      options.logger === undefined ? Logger.withConsoleError(Logger.formatLogFmt) : telling(options.logger)
    ]),
    Layer.succeed(References.MinimumLogLevel, levels[leastOf(options)])
  )
