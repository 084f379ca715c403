// One vendor of a client: each call reads all it was given, then hands the engine an effect. Nothing is sent before.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { RequestOptions, ScanRequest, Vendor } from "../Client.ts"
import type { Policy, Time } from "../Policy.ts"
import { readPolicy } from "./policies.ts"
import type { Handle } from "./configure.ts"
import { ticketOf } from "./known.ts"
import { checkOptions } from "./options.ts"
import { originOf, raised } from "./raised.ts"
import type { Runs } from "./runs.ts"
import { single } from "./single.ts"
import { timeOf } from "./times.ts"

/** A request to the engine, made when its key is there. */
export type AnyRequest = Scans.ScanRequest<unknown>

/** What stands behind a request: known to its client alone. */
export interface Entry {
  readonly ready: Effect.Effect<void>
  readonly build: () => AnyRequest
}

/** The requests that this client has made. */
export type Entries = WeakMap<object, Entry>

const describe = <Request>(adapter: ScanAdapter<Request, unknown>, request: Request) => {
  try {
    const faults = adapter.check(request)
    adapter.fingerprint(request)
    return { subject: adapter.subject(request), faults }
  } catch (cause) {
    throw new TypeError(`this is not a request to ${adapter.vendor}`, { cause })
  }
}

const policyOf = (
  policy: Policy | undefined,
  adapter: ScanAdapter<never, unknown>
): Pick<Scans.RequestOptions, "policy"> => {
  if (policy === undefined) return {}
  const made = Result.getOrThrowWith(readPolicy(policy, adapter), (faults) => raised(faults, null, originOf(policyOf)))
  return { policy: () => made }
}

const statusOf = <Payload>(answer: Effect.Success<ReturnType<typeof Scans.pollOnce<never, Payload>>>) => {
  const { observation } = answer
  const retryAfterMs = Option.getOrNull(Option.map(answer.hint, Duration.toMillis))
  switch (observation._tag) {
    case "Pending": {
      const progress = Option.getOrNull(observation.progress)
      const { messages = [], phase } = observation
      return { _tag: "Pending", phase, progress, messages, retryAfterMs } as const
    }
    case "Ended":
      return { _tag: "Ended", vendorStatus: observation.vendorStatus, retryAfterMs } as const
    case "Unrecognised":
      return { _tag: "Unrecognised", word: observation.word, retryAfterMs } as const
    case "Settled":
      return { _tag: "Settled", outcome: observation.value } as const
  }
}

const laneOf = (lane: string | undefined) => (lane === undefined ? {} : { lane })

const reuseOf = (time: Time | undefined) => {
  const reuse = timeOf("reuse", time)
  return reuse === undefined ? {} : { reuse }
}

/** The calls of one vendor of a client, and how the requests they make are known to it. */
export const makeVendor = <Name extends string, Request, Payload>(
  { entries, runs }: { readonly runs: Runs<ScanJournal>; readonly entries: Entries },
  name: Name,
  handle: Handle<Request, Payload>
): Vendor<Name, Request, Payload> => {
  const { adapter, ready, shape } = handle
  const once = <A, E, R>(use: (adapter: ScanAdapter<Request, Payload>) => Effect.Effect<A, E, R>) =>
    Effect.andThen(
      ready,
      Effect.suspend(() => use(adapter()))
    )
  const pacedBy = ({ lane, policy }: RequestOptions) => ({ ...policyOf(policy, shape), ...laneOf(lane) })
  const entered = (
    about: Pick<ScanRequest, "subject" | "faults">,
    build: () => AnyRequest
  ): ScanRequest<Name, Payload> => {
    const request = Object.freeze({ vendor: name, account: shape.account, ...about })
    entries.set(request, { ready, build })
    return request
  }
  const made: Vendor<Name, Request, Payload> = {
    run: async (request, options = {}) => {
      checkOptions("single", options)
      describe(shape, request)
      const settings = { ...reuseOf(options.reuse), ...pacedBy(options) }
      return single(runs, options, null, originOf(made.run), (observer) =>
        once((adapter) => Scans.run(adapter, request, { ...settings, observer }))
      )
    },

    wait: async (known, options = {}) => {
      checkOptions("single", options)
      const ticket = ticketOf(handle, known)
      const settings = pacedBy(options)
      return single(runs, options, ticket, originOf(made.wait), (observer) =>
        once((adapter) => Scans.wait(adapter, ticket, { ...settings, observer }))
      )
    },

    submit: async (request, options = {}) => {
      checkOptions("single", options)
      describe(shape, request)
      const settings = { ...reuseOf(options.reuse), ...laneOf(options.lane) }
      return single(runs, options, null, originOf(made.submit), (observer) =>
        once((adapter) => Scans.submit(adapter, request, { ...settings, observer }))
      )
    },

    status: async (known, options = {}) => {
      checkOptions("single", options)
      const ticket = ticketOf(handle, known)
      const polled = once((adapter) => Effect.map(Scans.pollOnce(adapter, ticket), statusOf))
      return runs.promise(
        polled,
        options.signal,
        () => ({ state: "interrupted", ticket, claimId: null }),
        originOf(made.status)
      )
    },

    cancel: async (known, options = {}) => {
      checkOptions("single", options)
      const ticket = ticketOf(handle, known)
      const asked = once((adapter) => Scans.cancel(adapter, ticket))
      return runs.promise(
        asked,
        options.signal,
        () => ({ state: "interrupted", ticket, claimId: null }),
        originOf(made.cancel)
      )
    },

    request: (request, options = {}) => {
      checkOptions("request", options)
      const settings = pacedBy(options)
      return entered(describe(shape, request), () => Scans.request(adapter(), request, settings))
    },

    ticket: (known, options = {}) => {
      checkOptions("request", options)
      const ticket = ticketOf(handle, known)
      const settings = pacedBy(options)
      const { subject } = Scans.fromTicket(shape, ticket)
      return entered({ subject, faults: [] }, () => Scans.fromTicket(adapter(), ticket, settings))
    }
  }
  return Object.freeze(made)
}
