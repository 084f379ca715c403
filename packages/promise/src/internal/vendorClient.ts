// One vendor of a client: each call reads all it was given, then hands the engine an effect. Nothing is sent before.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Known, RequestOptions, ScanRequest, Vendor } from "../Client.ts"
import type { Policy, Time } from "../Policy.ts"
import { readPolicy } from "./policies.ts"
import type { Handle, Home } from "./configure.ts"
import { accountOf, ticketOf } from "./known.ts"
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

interface Making {
  readonly runs: Runs<ScanJournal>
  readonly entries: Entries
}

// One account of a vendor beside its others. `vendorOf`: the calls of the account that has a label.
interface Own<Name extends string, Request, Payload> {
  readonly handle: Handle<Request, Payload>
  readonly home: Home<Request, Payload>
  readonly vendorOf: (label: string) => Vendor<Name, Request, Payload>
}

const makeAccount = <Name extends string, Request, Payload>(
  { entries, runs }: Making,
  name: Name,
  { handle, home, vendorOf }: Own<Name, Request, Payload>
): Vendor<Name, Request, Payload> => {
  const { adapter, shape } = handle
  const once = <A, E, R>(
    use: (adapter: ScanAdapter<Request, Payload>) => Effect.Effect<A, E, R>,
    { adapter, ready }: Pick<Handle<Request, Payload>, "adapter" | "ready"> = handle
  ) =>
    Effect.andThen(
      ready,
      Effect.suspend(() => use(adapter()))
    )
  // The vendor itself knows the scans of all its accounts.
  const holderOf = (known: Known): Handle<Request, Payload> => {
    const label = handle === home.main ? accountOf(known) : null
    return home.others.find((other) => other.shape.account === label) ?? handle
  }
  const about = ({ subject }: Pick<ScanRequest, "subject">): string =>
    `${shape.account === "default" ? name : `${name}@${shape.account}`} ${subject.name}`
  const pacedBy = ({ lane, policy }: RequestOptions) => ({ ...policyOf(policy, shape), ...laneOf(lane) })
  const entered = (
    about: Pick<ScanRequest, "subject" | "faults">,
    build: () => AnyRequest,
    { ready, shape }: Pick<Handle<Request, Payload>, "ready" | "shape"> = handle
  ): ScanRequest<Name, Payload> => {
    const request = Object.freeze({ vendor: name, account: shape.account, ...about })
    entries.set(request, { ready, build })
    return request
  }
  const made: Vendor<Name, Request, Payload> = {
    run: async (request, options = {}) => {
      checkOptions("single", options)
      const described = describe(shape, request)
      const settings = { ...reuseOf(options.reuse), ...pacedBy(options) }
      return single(runs, options, null, originOf(made.run, about(described)), (observer) =>
        once((adapter) => Scans.run(adapter, request, { ...settings, observer }))
      )
    },

    wait: async (known, options = {}) => {
      checkOptions("single", options)
      const holder = holderOf(known)
      const ticket = ticketOf(holder, known)
      const settings = pacedBy(options)
      return single(runs, options, ticket, originOf(made.wait), (observer) =>
        once((adapter) => Scans.wait(adapter, ticket, { ...settings, observer }), holder)
      )
    },

    submit: async (request, options = {}) => {
      checkOptions("single", options)
      const described = describe(shape, request)
      const settings = { ...reuseOf(options.reuse), ...laneOf(options.lane) }
      return single(runs, options, null, originOf(made.submit, about(described)), (observer) =>
        once((adapter) => Scans.submit(adapter, request, { ...settings, observer }))
      )
    },

    status: async (known, options = {}) => {
      checkOptions("single", options)
      const holder = holderOf(known)
      const ticket = ticketOf(holder, known)
      const polled = once((adapter) => Effect.map(Scans.pollOnce(adapter, ticket), statusOf), holder)
      return runs.promise(
        polled,
        options.signal,
        () => ({ state: "interrupted", ticket, claimId: null }),
        originOf(made.status, ScanTicket.accountKey(ticket))
      )
    },

    cancel: async (known, options = {}) => {
      checkOptions("single", options)
      const holder = holderOf(known)
      const ticket = ticketOf(holder, known)
      const asked = once((adapter) => Scans.cancel(adapter, ticket), holder)
      return runs.promise(
        asked,
        options.signal,
        () => ({ state: "interrupted", ticket, claimId: null }),
        originOf(made.cancel, ScanTicket.accountKey(ticket))
      )
    },

    request: (request, options = {}) => {
      checkOptions("request", options)
      const settings = pacedBy(options)
      return entered(describe(shape, request), () => Scans.request(adapter(), request, settings))
    },

    ticket: (known, options = {}) => {
      checkOptions("request", options)
      const holder = holderOf(known)
      const ticket = ticketOf(holder, known)
      const settings = pacedBy(options)
      const { subject } = Scans.fromTicket(holder.shape, ticket)
      return entered({ subject, faults: [] }, () => Scans.fromTicket(holder.adapter(), ticket, settings), holder)
    },

    account: (label) => vendorOf(label)
  }
  return Object.freeze(made)
}

/** The calls of one vendor of a client, and how the requests they make are known to it. */
export const makeVendor = <Name extends string, Request, Payload>(
  making: Making,
  name: Name,
  home: Home<Request, Payload>
): Vendor<Name, Request, Payload> => {
  const handles = [home.main, ...home.others]
  const labels = handles.map(({ shape }) => shape.account)
  const vendorOf = (label: string): Vendor<Name, Request, Payload> => {
    const found = vendors.get(label)
    if (found !== undefined) return found
    const known = labels.map((one) => JSON.stringify(one)).join(", ")
    throw new TypeError(`${name} has no account ${JSON.stringify(label)}; its accounts are ${known}`)
  }
  const main = makeAccount(making, name, { handle: home.main, home, vendorOf })
  const vendors = new Map([
    [home.main.shape.account, main],
    ...home.others.map(
      (handle) => [handle.shape.account, makeAccount(making, name, { handle, home, vendorOf })] as const
    )
  ])
  return main
}
