// What a promise rejects with: an error of this package with the stack of the call, which the engine's fibers do not have.
import { PollStopped as Stopped } from "@scanpoll/core/model/PollStopped"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import { PollFault } from "@scanpoll/core/model/PollFault"
import type * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { SubmitError } from "@scanpoll/core/model/SubmitError"
import { InvalidPolicy } from "@scanpoll/core/policy/PollPolicy"
import { type AbortError, JournalError, PollStopped } from "../Errors.ts"

/** Where a call came from, and which scan it is about. Made when the call begins. */
export type Origin = { readonly stack?: string; readonly about?: string }

/** The stack of the caller of `call`, which must be running. */
export const originOf = (call: Function, about?: string): Origin => {
  const origin: { stack?: string; about?: string } = about === undefined ? {} : { about }
  Error.captureStackTrace?.(origin, call)
  return origin
}

const hidden = new Set(["_tag", "message", "hint", "quota"])

// Effect's errors print as bare objects. Node calls this to print one, and prints any other error like the one made here.
const shown =
  (error: Error) => (_depth: number, options: object, inspect: (value: unknown, options: object) => string) => {
    const { [error.name]: Named = Error } = { [error.name]: class extends Error {} }
    const view = new Named(error.message)
    Object.defineProperty(view, "stack", { value: error.stack })
    const fields = Object.entries(error).filter(([name, value]) => value !== null && !hidden.has(name))
    return inspect(Object.assign(view, Object.fromEntries(fields)), options)
  }

const written = (error: Error, origin: Origin): void => {
  const frames = /\n\s+at [^]*$/.exec(origin.stack ?? "")?.[0] ?? ""
  const stack = `${error.name}: ${error.message}${frames}`
  Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true })
}

const printed = <E extends Error>(error: E, origin: Origin): E => {
  written(error, origin)
  Object.defineProperty(error, Symbol.for("nodejs.util.inspect.custom"), { value: shown(error) })
  return error
}

const isStopped = (error: unknown): error is Stopped<unknown> => error instanceof Stopped

// The vendor's words do not say which scan they are about.
const named = <E extends Error>(error: E, { about }: Origin): E => {
  if (about === undefined) return error
  const value = `${about}: ${error.message}`
  return Object.defineProperty(error, "message", { value, configurable: true, writable: true })
}

// The engine may hand one error to several waiters, and each of them has a stack of its own.
const ownOf = (error: unknown, ticket: ScanTicket.ScanTicket | null, origin: Origin): unknown => {
  if (error instanceof ScanJournal.JournalError) return new JournalError(error, ticket)
  if (isStopped(error) && ticket !== null) {
    const { notBefore, polls, reason } = error
    const last = error.last instanceof PollFault ? printed(new PollFault(error.last), {}) : error.last
    return new PollStopped({ ticket, reason, polls, last, notBefore })
  }
  if (error instanceof SubmitError) return named(new SubmitError(error), origin)
  if (error instanceof PollFault) return named(new PollFault(error), origin)
  if (error instanceof InvalidPolicy) return new InvalidPolicy({ faults: error.faults })
  return error
}

/** The error of the engine as its caller gets it. `ticket`: of what had been bought by then. */
export const raised = (error: unknown, ticket: ScanTicket.ScanTicket | null, origin: Origin): unknown => {
  const own = ownOf(error, ticket, origin)
  // A defect keeps the stack of its own place.
  return own !== error && own instanceof Error ? printed(own, origin) : own
}

/** An abort with the stack of the call that it ended. */
export const aborted = (error: AbortError, origin: Origin): AbortError => {
  written(error, origin)
  return error
}
