/**
 * Scripted conversations: what a simulated vendor answers instead of its usual answer, as data.
 *
 * A `Script` says which requests it is for and what happens to the first, the second, the third of them. A `Step` may
 * replace the answer (`status`, `body`), alter it (`headers`, `merge`, `omit`), delay it or break it on the wire
 * (`fault`). One rule says what the vendor itself did meanwhile: it acted on the request (took the submission, counted
 * the poll) exactly if the step lets it come to an answer of its own; `accept` says otherwise.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * A fault on the wire.
 *
 * - `Reset` and `Close` end the connection, with a TCP reset or in good order: at `"head"` before the request's body was
 *   read, at `"read"` after the whole request was read and before any answer, at `"answer"` in the middle of the body.
 * - `Hang` says nothing more and keeps the connection open, from `"read"` or from the middle of the answer's body.
 * - `Cut` announces the whole body, sends `bytes` of it (half of it when null) and closes.
 * - `Drip` sends `bytes` bytes every `every`; `endless` drips spaces and never gets to the body.
 * - `Raw` writes exactly these bytes in place of an answer, then closes, resets or keeps the connection.
 * - `Huge` sends `size` bytes of spaces, then `{}`. `GzipBomb` sends the same, unasked, as gzip.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = Data.TaggedEnum<{
  Reset: { readonly at: "head" | "read" | "answer" }
  Close: { readonly at: "head" | "read" | "answer" }
  Hang: { readonly at: "read" | "answer" }
  Cut: { readonly bytes: number | null }
  Drip: { readonly bytes: number; readonly every: Duration.Input; readonly endless: boolean }
  Raw: { readonly bytes: string | Uint8Array; readonly after: "close" | "reset" | "keep" }
  Huge: { readonly size: number }
  GzipBomb: { readonly size: number }
}>

/**
 * @category constructors
 * @since 0.1.0
 */
export const Fault = Data.taggedEnum<Fault>()

/**
 * What happens to one request. Left empty it is the simulator's own answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  /** Replaces the status, and with it the body, unless `accept` is true: then only the number changes. */
  readonly status?: number
  /** Replaces the body. Text and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown
  /** Laid over the answer's headers, whatever their case. A list is sent as so many headers; null takes one away. */
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string> | null>>
  /** Fields laid over the top level of the simulator's own JSON answer. */
  readonly merge?: Readonly<Record<string, unknown>>
  /** Top-level fields taken out of the simulator's own JSON answer. */
  readonly omit?: ReadonlyArray<string>
  /** Real time between reading the request and the first byte of the answer. Default none. */
  readonly delay?: Duration.Input
  readonly fault?: Fault
  /** Whether the vendor acts on the request. See the rule above for the default. */
  readonly accept?: boolean
  /** How many requests in a row this step is for; `Infinity` for all that follow. Default 1. */
  readonly times?: number
}

/**
 * A step's place in a list kept by null: the simulator's own answer, once.
 *
 * @category models
 * @since 0.1.0
 */
export type Steps = ReadonlyArray<Step | null>

/**
 * What is known of a request when its head has been read. `route` is the simulator's name for the endpoint, such as
 * `"submit"`, `"status"` or `"report"`; `socketRequest` is 0 for the first request of a connection.
 *
 * @category models
 * @since 0.1.0
 */
export interface Head {
  readonly method: string
  readonly path: string
  readonly route: string
  readonly scanId: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly socketRequest: number
}

/**
 * Which requests a script is for: those that meet every given field, so all of them when it is left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Match {
  readonly method?: string
  readonly route?: string
  readonly scanId?: string
  readonly path?: string | RegExp
  readonly where?: (head: Head) => boolean
}

/**
 * Steps for the next requests that match. Of several scripts the earliest with steps left takes the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Script {
  readonly match?: Match
  readonly steps: Steps
}

/**
 * Whether the vendor comes to an answer of its own under this step.
 *
 * @category guards
 * @since 0.1.0
 */
export const acts = (step: Step): boolean => {
  if (step.accept !== undefined) return step.accept
  if (step.merge !== undefined || step.omit !== undefined) return true
  if (step.status !== undefined || step.body !== undefined) return false
  return (
    step.fault === undefined ||
    Fault.$match(step.fault, {
      Reset: ({ at }) => at === "answer",
      Close: ({ at }) => at === "answer",
      Hang: ({ at }) => at === "answer",
      Cut: () => true,
      Drip: () => true,
      Raw: () => false,
      Huge: () => false,
      GzipBomb: () => false
    })
  )
}

/**
 * The step for the request with this ordinal, counted from 0, or null for the simulator's own answer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const at = (steps: Steps, ordinal: number): Step | null => {
  let passed = 0
  for (const step of steps) {
    passed += step?.times ?? 1
    if (ordinal < passed) return step
  }
  return null
}

/**
 * How many requests these steps are for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const length = (steps: Steps): number => steps.reduce((sum, step) => sum + (step?.times ?? 1), 0)

/**
 * Answers with this status and body in place of the simulator's own answer.
 *
 * **Example** (A vendor that is busy once)
 *
 * ```ts
 * import { Script, Simulators } from "@scanpoll/testkit"
 *
 * // The first poll of every scan is answered with 503, all others as usual.
 * export const busyOnce: Simulators.Options = {
 *   appvet: { fate: () => ({ polls: [Script.respond(503, { error: "busy" }, { "Retry-After": "20" })] }) }
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const respond = (status: number, body?: unknown, headers?: Step["headers"]): Step => ({
  status,
  ...(body === undefined ? {} : { body }),
  ...(headers === undefined ? {} : { headers })
})

/**
 * A page such as a proxy shows in place of the vendor: HTML, 503 unless told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const html = (status: number = 503, headers: Step["headers"] = {}): Step => ({
  status,
  body: `<!doctype html><html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`,
  headers: { "content-type": "text/html; charset=utf-8", ...headers }
})

/**
 * Sends the client elsewhere.
 *
 * @category constructors
 * @since 0.1.0
 */
export const redirect = (location: string, status: number = 302): Step => ({ status, headers: { location } })

/**
 * Resets the connection, after the request was read unless told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reset = (at: "head" | "read" | "answer" = "read"): Step => ({ fault: Fault.Reset({ at }) })

/**
 * Closes the connection in good order without the answer, after the request was read unless told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const close = (at: "head" | "read" | "answer" = "read"): Step => ({ fault: Fault.Close({ at }) })

/**
 * Never answers; from `"answer"`, sends the headers and half of the body first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hang = (at: "read" | "answer" = "read"): Step => ({ fault: Fault.Hang({ at }) })

/**
 * Sends less than the announced `Content-Length`, half of it unless told, and closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cut = (bytes: number | null = null): Step => ({ fault: Fault.Cut({ bytes }) })

/**
 * Sends the answer's body a few bytes at a time; with `endless`, spaces for ever.
 *
 * @category constructors
 * @since 0.1.0
 */
export const drip = (
  every: Duration.Input,
  options: { readonly bytes?: number; readonly endless?: boolean } = {}
): Step => ({ fault: Fault.Drip({ every, bytes: options.bytes ?? 1, endless: options.endless ?? false }) })

/**
 * Writes exactly these bytes to the socket, text as Latin-1, and closes unless told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const raw = (bytes: string | Uint8Array, after: "close" | "reset" | "keep" = "close"): Step => ({
  fault: Fault.Raw({ bytes, after })
})

/**
 * Answers 200 with `size` bytes of white space before `{}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const huge = (size: number): Step => ({ fault: Fault.Huge({ size }) })

/**
 * Answers 200 with a small gzip body that inflates to `size` bytes of white space and `{}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const gzipBomb = (size: number): Step => ({ fault: Fault.GzipBomb({ size }) })

/**
 * The vendor takes the submission and never answers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const acceptedNeverAnswered: Step = { accept: true, fault: Fault.Hang({ at: "read" }) }

/**
 * The vendor takes the submission; its answer is lost with the connection.
 *
 * @category constructors
 * @since 0.1.0
 */
export const acceptedAnswerLost: Step = { accept: true, fault: Fault.Reset({ at: "read" }) }

/**
 * The vendor takes the submission; a gateway in front of it answers with an error.
 *
 * @category constructors
 * @since 0.1.0
 */
export const acceptedThen = (status: number): Step => ({ ...html(status), accept: true })

/**
 * What happens to a new connection before a byte is read: reset, closed, left unread for ever, or greeted with bytes.
 *
 * @category models
 * @since 0.1.0
 */
export type ConnectionFault = "reset" | "close" | "silence" | { readonly greeting: string | Uint8Array }
