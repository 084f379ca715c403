/**
 * Scans of several vendors, for code without Effect.
 *
 * @since 0.1.0
 */
export { createScanpoll } from "./Scanpoll.ts"
export type * from "./Scanpoll.ts"
export type * from "./Client.ts"
export type * from "./Config.ts"
export type { EventSource, Progress, ScanEvent, Seen, WatchEvent } from "./Events.ts"
export {
  AbortError,
  type Aborted,
  ConfigError,
  InvalidPolicy,
  JournalError,
  PollFault,
  PollStopped,
  type ScanError,
  type StatusError,
  SubmitError
} from "./Errors.ts"
export type { Doubling, Pace, Phase, Policy, PolicyOptions, Tick, Time } from "./Policy.ts"
