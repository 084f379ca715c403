/**
 * Scans of several vendors, for code without Effect: promises, async iteration, `AbortSignal`, `await using`.
 *
 * A vendor's "failed" is an outcome; a promise rejects when there is none, and the error carries the ticket of what was
 * bought. Equal requests are one purchase and one poll loop, and all scans of an account share its budget. Aborting
 * closes the socket of a poll and sends nothing more; a submission in flight is awaited for up to ten seconds, because
 * it may already have been accepted.
 *
 * @since 0.1.0
 */
import type { AppVetPayload, AppVetRequest } from "@scanpoll/appvet/AppVetSchema"
import type { CompliancePayload, ComplianceRequest } from "@scanpoll/compliance/ComplianceSchema"
import type { RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Journals from "@scanpoll/core/engine/ScanJournal"
import type * as CoreRequests from "@scanpoll/core/engine/ScanRequest"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as Account from "@scanpoll/core/model/Account"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type * as Records from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PayloadOf, TargetOf } from "@scanpoll/core/vendor/Vendor"
import type { ScanpollOptions, VendorName, VendorOptions } from "./Config.ts"
import type { Aborted } from "./Errors.ts"
import { plainEvent, type Progress, type ScanEvent, type WatchEvent } from "./Events.ts"
import { configure, type Handle } from "./internal/configure.ts"
import { checkOptions } from "./internal/options.ts"
import * as Runs from "./internal/runs.ts"
import { type Policy, readPolicy, readTime, type Time } from "./Policy.ts"

/**
 * A scan somebody wants, for `runAll` and `watch`. Making one sends nothing; one with `faults` is refused before
 * anything is sent. It belongs to the client that made it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanRequest<out Name extends string = string, out Payload = unknown> {
  readonly vendor: Name
  readonly account: string
  readonly subject: Subject
  readonly faults: ReadonlyArray<RequestFault>
  /** Only a type: what the outcome's payload will be. */
  readonly "~types"?: { readonly payload: Payload }
}

/**
 * One row of a batch: an outcome, or why there is none. Of a batch across vendors, `record.vendor` tells what the payload
 * is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanRecord<
  out Name extends string = string,
  out Payload = unknown
> extends Records.ScanRecord<Payload> {
  readonly vendor: Name
}

/**
 * The record of a request: of several kinds of requests, any of theirs.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordOf<Request> =
  Request extends ScanRequest<infer Name, infer Payload> ? ScanRecord<Name, Payload> : never

/**
 * - `policy`: when to poll, what faults cost, when to give up. Default: what the vendor recommends.
 * - `lane`: the named queue of the account this request stands in; lanes take turns. Default `""`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions {
  readonly policy?: Policy | undefined
  readonly lane?: string | undefined
}

/**
 * - `signal`: ends the wait; the promise rejects with an `AbortError` that has the ticket.
 * - `onEvent`: told of everything that happens; what it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitOptions extends RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: ScanEvent) => void) | undefined
}

/**
 * `reuse`: how old a completed outcome in the journal may be to be taken instead of buying anew. Default 1 hour; 0 buys
 * anew, and so does a request that asks for a new scan or whose last scan failed. A scan that is still open is joined in
 * any case.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions extends WaitOptions {
  readonly reuse?: Time | undefined
}

/**
 * - `signal`: ends the batch softly: what is open is recorded as `interrupted`, what was not begun as `not-started`. A
 *   batch never throws because of it, so no ticket is lost.
 * - `concurrency`: how many requests are under way at once, from 1. Default: all; the budget of each account holds back
 *   what does not fit.
 * - `timeout`: ends the batch softly after this long: what is open is recorded as `still-running`. Default: none.
 * - `reuse`: as for a single scan; equal requests inside one batch are one purchase whatever it says.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions {
  readonly signal?: AbortSignal | undefined
  readonly concurrency?: number | undefined
  readonly timeout?: Time | undefined
  readonly reuse?: Time | undefined
  readonly onEvent?: ((event: WatchEvent) => void) | undefined
}

/**
 * The records of a batch, each as it ends. Nothing is sent before the first is asked for; leaving the loop ends the
 * batch, and reading slowly delays no scan. Each iteration is a batch of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch<out Record> extends AsyncIterable<Record> {
  /** Runs the batch to its end: all records, in the order of the requests. */
  readonly collect: () => Promise<ReadonlyArray<Record>>
}

/**
 * A scan that was bought, or had been: `known` when it was before. `outcome` is there when the vendor answered at once
 * or the answer was taken from the journal; otherwise `wait` for the ticket.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission<out Payload> {
  readonly ticket: ScanTicket.ScanTicket
  readonly claimId: string | null
  readonly known: boolean
  readonly outcome: ScanOutcome<Payload> | null
}

/**
 * How a scan stands; `Ended` is one whose result is at a second address. `retryAfterMs` is the wait the vendor asks for before the next poll.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanStatus<Payload> =
  | {
      readonly _tag: "Pending"
      readonly phase: "queued" | "running"
      readonly progress: Progress | null
      readonly retryAfterMs: number | null
    }
  | { readonly _tag: "Ended"; readonly vendorStatus: string; readonly retryAfterMs: number | null }
  | { readonly _tag: "Unrecognised"; readonly word: string; readonly retryAfterMs: number | null }
  | { readonly _tag: "Settled"; readonly outcome: ScanOutcome<Payload> }

/**
 * A scan to go on with: its ticket, in any process, or its key (`"exona:scn_01..."`).
 *
 * @category models
 * @since 0.1.0
 */
export type Known = ScanTicket.ScanTicket | string

/**
 * One vendor of a client.
 *
 * - `run`: buys a scan, unless an equal one is open or was answered within `reuse`, and waits for its outcome. Rejects
 *   with a `ScanError`.
 * - `wait`: waits for a scan that was bought before. Nothing is ever bought.
 * - `submit`: buys a scan and does not wait. Rejects with `SubmitError`, `JournalError` or `AbortError`.
 * - `status`: one poll, in the turn of the account's budget. Rejects with a `StatusError`. Findings that take a second
 *   request come with `wait` only.
 * - `cancel`: asks the vendor to cancel a scan: one request, in the turn of the account's budget. That it resolves says that
 *   the vendor took the wish. The vendor's next answer says how the scan ended, as a rule as `Failed` with the code
 *   `cancelled`, and until then it stays open here. Rejects with a `StatusError`: a `PollFault` with the code `no-cancel` where
 *   the vendor has no such call.
 * - `request` and `ticket`: what `runAll` and `watch` take. Throw `InvalidPolicy`, or `TypeError` for what no request or
 *   ticket can be.
 *
 * An option that does not exist, a signal that is none, and an id that the vendor cannot have, is a `TypeError` before
 * anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendor<out Name extends string, in Request, out Payload> {
  readonly run: (request: Request, options?: RunOptions) => Promise<ScanOutcome<Payload>>
  readonly wait: (known: Known, options?: WaitOptions) => Promise<ScanOutcome<Payload>>
  readonly submit: (request: Request, options?: Omit<RunOptions, "policy">) => Promise<Submission<Payload>>
  readonly status: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<ScanStatus<Payload>>
  readonly cancel: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<void>
  readonly request: (request: Request, options?: RequestOptions) => ScanRequest<Name, Payload>
  readonly ticket: (known: Known, options?: RequestOptions) => ScanRequest<Name, Payload>
}

/**
 * What a client offers for each vendor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendors {
  readonly exona: Vendor<"exona", ExonaRequest, ExonaResult>
  readonly compliance: Vendor<"compliance", ComplianceRequest, CompliancePayload>
  readonly appvet: Vendor<"appvet", AppVetRequest, AppVetPayload>
}

/**
 * The payload of any vendor.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyPayload = ExonaResult | CompliancePayload | AppVetPayload

/**
 * What a client does across its vendors.
 *
 * - `runAll`: runs a batch; one record per request, whatever happens to it.
 * - `watch`: the same batch as its events, the end of each request with its record among them. A reader that is more than
 *   1000 events behind misses `Scheduled` and `Polled` ones.
 * - `wait`, `status` and `cancel`: of whichever vendor the ticket or key names.
 * - `dispose`: ends everything that is under way, as its signals would, waits for submissions in flight and closes the
 *   journal. `await using` calls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Across<out Payload = AnyPayload> extends AsyncDisposable {
  readonly runAll: <Request extends ScanRequest>(
    requests: ReadonlyArray<Request>,
    options?: BatchOptions
  ) => Batch<RecordOf<Request>>
  readonly watch: <Request extends ScanRequest>(
    requests: Request | ReadonlyArray<Request>,
    options?: Omit<BatchOptions, "onEvent">
  ) => AsyncIterable<WatchEvent<RecordOf<Request>>>
  readonly wait: (known: Known, options?: WaitOptions) => Promise<ScanOutcome<Payload>>
  readonly status: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<ScanStatus<Payload>>
  readonly cancel: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<void>
  readonly dispose: () => Promise<void>
}

/**
 * A client with these vendors; `Maybe` are those that its options may or may not have configured, `Payload` is that of any
 * of its vendors.
 *
 * @category models
 * @since 0.1.0
 */
export type Scanpoll<
  Names extends VendorName,
  Maybe extends VendorName = never,
  Payload = AnyPayload
> = Across<Payload> & Pick<Vendors, Names> & Partial<Pick<Vendors, Exclude<Maybe, Names>>>

type Configured<Options> = {
  [Name in keyof Options & VendorName]: undefined extends Options[Name] ? never : Name
}[keyof Options & VendorName]

// Of an option that the types do not know, and of a vendor whose name is taken, nothing can be given.
type Unconfigured<Options> = { readonly [Name in Exclude<keyof Options, keyof ScanpollOptions>]: never } & {
  readonly vendors?: { readonly [Name in keyof Across | keyof Vendors]?: never } | undefined
}

/**
 * The vendors of a user's own that options configure, each under its name.
 *
 * @category models
 * @since 0.2.0
 */
export type Brought<Options> = Options extends { readonly vendors: infer Own }
  ? {
      readonly [Name in keyof Own & string]: Own[Name] extends VendorOptions<infer V>
        ? Vendor<Name, TargetOf<V>, PayloadOf<V>>
        : never
    }
  : unknown

type BroughtPayload<Options> = Options extends { readonly vendors: infer Own }
  ? { [Name in keyof Own]: Own[Name] extends VendorOptions<infer V> ? PayloadOf<V> : never }[keyof Own]
  : never

type JournalEffect<A, E> = Effect.Effect<A, E, Journals.ScanJournal>
type RunError = Effect.Error<ReturnType<typeof Scans.run>>
type Observer = NonNullable<Scans.BatchOptions["observer"]>
type AnyRequest = CoreRequests.ScanRequest<unknown>

// What stands behind a request: known to its client alone.
interface Entry {
  readonly ready: Effect.Effect<void>
  readonly build: () => AnyRequest
}

// Standard output is the program's. Everything but the trouble of a journal is told by events and records.
const quiet = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Error")
)

const isTicket = Schema.is(ScanTicket.ScanTicket)

const timeOf = (name: string, time: Time | undefined): Duration.Duration | undefined =>
  time === undefined
    ? undefined
    : Option.getOrThrowWith(readTime(time), () => new TypeError(`${name} is not a time such as 5000 or "5 seconds"`))

const ticketOf = ({ isId, shape }: Pick<Handle<never, unknown>, "shape" | "isId">, known: Known) => {
  const { account, origin, vendor } = shape
  const checked = (ticket: ScanTicket.ScanTicket): ScanTicket.ScanTicket => {
    if (isId(ticket.scanId)) return ticket
    throw new TypeError(`${JSON.stringify(ticket.scanId.slice(0, 80))} cannot be a scan id of ${vendor}`)
  }
  if (typeof known === "string") {
    const key = Option.filter(ScanTicket.parseKey(known), (key) => key.vendor === vendor)
    if (Option.isNone(key)) {
      throw new TypeError(`${JSON.stringify(known.slice(0, 80))} is not a key: write "${vendor}:" and the scan's id`)
    }
    if ((key.value.account ?? account) !== account) {
      throw new TypeError(
        `${JSON.stringify(known.slice(0, 80))} is of another account; this client's account is ${JSON.stringify(account)}`
      )
    }
    return checked(ScanTicket.make({ vendor, origin, account, scanId: key.value.scanId, submittedAt: null }))
  }
  if (!isTicket(known)) {
    const has = hasProperty(known, "ticket") ? ": give its `ticket`" : ""
    throw new TypeError(`${vendor}: this is not a ticket${has}`)
  }
  if (!Account.equals(known, { vendor, origin, account })) {
    const whose = `${known.vendor}, account ${known.account} at ${known.origin}`
    throw new TypeError(`this ticket is of ${whose}; the client has ${vendor}, account ${account} at ${origin}`)
  }
  return checked(known)
}

const isList = (requests: ScanRequest | ReadonlyArray<ScanRequest>): requests is ReadonlyArray<ScanRequest> =>
  Array.isArray(requests)

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
): Pick<CoreRequests.Options, "policy"> => {
  if (policy === undefined) return {}
  const made = Result.getOrThrow(readPolicy(policy, adapter))
  return { policy: () => made }
}

const statusOf = <Payload>(answer: Effect.Success<ReturnType<typeof Scans.pollOnce<never, Payload>>>) => {
  const { observation } = answer
  const retryAfterMs = Option.getOrNull(Option.map(answer.hint, Duration.toMillis))
  switch (observation._tag) {
    case "Pending": {
      const progress = Option.getOrNull(observation.progress)
      return { _tag: "Pending", phase: observation.phase, progress, retryAfterMs } as const
    }
    case "Ended":
      return { _tag: "Ended", vendorStatus: observation.vendorStatus, retryAfterMs } as const
    case "Unrecognised":
      return { _tag: "Unrecognised", word: observation.word, retryAfterMs } as const
    case "Settled":
      return { _tag: "Settled", outcome: observation.value } as const
  }
}

/**
 * Makes a client. Nothing is sent; options that cannot be used throw one `ConfigError` with every fault.
 *
 * **Example** (Scanning at one vendor)
 *
 * ```ts
 * import { createScanpoll } from "@scanpoll/promise"
 *
 * await using scanpoll = createScanpoll({ appvet: { apiKey: process.env["APPVET_API_KEY"] } })
 * const outcome = await scanpoll.appvet.run({ url: "https://create.example", type: "security" })
 * outcome._tag // => "Completed"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export function createScanpoll<Options extends ScanpollOptions>(
  options: Options & Unconfigured<Options>
): Scanpoll<Configured<Options>, keyof Options & VendorName, AnyPayload | BroughtPayload<Options>> & Brought<Options>
export function createScanpoll(options: ScanpollOptions): Across<unknown> & Partial<Vendors> {
  const handles = configure(options)
  const runtime = ManagedRuntime.make(Layer.provideMerge(options.journal ?? Journals.layerMemory, quiet))
  const runs = Runs.make(runtime)
  const entries = new WeakMap<object, Entry>()

  // One scan: `use` runs it, and what is left of it when it is aborted is remembered.
  const single = <A>(
    options: Pick<WaitOptions, "signal" | "onEvent">,
    known: ScanTicket.ScanTicket | null,
    use: (observer: Observer) => JournalEffect<A, RunError>
  ): Promise<A> => {
    let left: Aborted = { state: known === null ? "not-started" : "interrupted", ticket: known, claimId: null }
    const observer: Observer = (event) => {
      const ticket = event.ticket ?? left.ticket
      const sent = event._tag === "Submitting" ? "in-doubt" : "not-started"
      left = { state: ticket === null ? sent : "interrupted", ticket, claimId: event.claimId ?? left.claimId }
      const plain = plainEvent(event)
      if (plain._tag !== "Ended") options.onEvent?.(plain)
    }
    // What became of a submission that was awaited after the abort is told by no event, but the journal has it.
    const lookUp = Effect.gen(function* () {
      const { claimId } = left
      if (claimId === null || left.ticket !== null) return
      const found = Effect.interruptible((yield* Journals.ScanJournal).get(claimId))
      const entry = Option.getOrNull(yield* Effect.timeoutOption(found, "1 second"))
      if (entry === null) return
      const over = entry.state === "refused" || entry.state === "released"
      const state = entry.ticket !== null ? "interrupted" : over ? "not-started" : "in-doubt"
      left = { state, ticket: entry.ticket, claimId }
    })
    const effect = Effect.suspend(() => use(observer)).pipe(Effect.onInterrupt(() => Effect.ignore(lookUp)))
    return runs.promise(effect, options.signal, () => left)
  }

  const vendor = <Name extends string, Request, Payload>(
    name: Name,
    handle: Handle<Request, Payload>
  ): Vendor<Name, Request, Payload> => {
    const { adapter, ready, shape } = handle
    const entered = (
      about: Pick<ScanRequest, "subject" | "faults">,
      build: () => AnyRequest
    ): ScanRequest<Name, Payload> => {
      const request = Object.freeze({ vendor: name, account: shape.account, ...about })
      entries.set(request, { ready, build })
      return request
    }
    const laneOf = (lane: string | undefined) => (lane === undefined ? {} : { lane })
    const made: Vendor<Name, Request, Payload> = {
      run: async (request, options = {}) => {
        checkOptions("single", options)
        describe(shape, request)
        const reuse = timeOf("reuse", options.reuse)
        const settings = {
          ...policyOf(options.policy, shape),
          ...laneOf(options.lane),
          ...(reuse === undefined ? {} : { reuse })
        }
        return single(options, null, (observer) =>
          Effect.andThen(
            ready,
            Effect.suspend(() => Scans.run(adapter(), request, { ...settings, observer }))
          )
        )
      },

      wait: async (known, options = {}) => {
        checkOptions("single", options)
        const ticket = ticketOf(handle, known)
        const settings = { ...policyOf(options.policy, shape), ...laneOf(options.lane) }
        return single(options, ticket, (observer) =>
          Effect.andThen(
            ready,
            Effect.suspend(() => Scans.wait(adapter(), ticket, { ...settings, observer }))
          )
        )
      },

      submit: async (request, options = {}) => {
        checkOptions("single", options)
        describe(shape, request)
        const reuse = timeOf("reuse", options.reuse)
        const settings = { ...laneOf(options.lane), ...(reuse === undefined ? {} : { reuse }) }
        return single(options, null, (observer) =>
          Effect.andThen(
            ready,
            Effect.suspend(() => Scans.submit(adapter(), request, { ...settings, observer }))
          )
        )
      },

      status: async (known, options = {}) => {
        checkOptions("single", options)
        const ticket = ticketOf(handle, known)
        const polled = Effect.andThen(
          ready,
          Effect.suspend(() => Effect.map(Scans.pollOnce(adapter(), ticket), statusOf))
        )
        return runs.promise(polled, options.signal, () => ({ state: "interrupted", ticket, claimId: null }))
      },

      cancel: async (known, options = {}) => {
        checkOptions("single", options)
        const ticket = ticketOf(handle, known)
        const asked = Effect.andThen(
          ready,
          Effect.suspend(() => Scans.cancel(adapter(), ticket))
        )
        return runs.promise(asked, options.signal, () => ({ state: "interrupted", ticket, claimId: null }))
      },

      request: (request, options = {}) => {
        checkOptions("request", options)
        const settings = { ...policyOf(options.policy, shape), ...laneOf(options.lane) }
        return entered(describe(shape, request), () => Scans.request(adapter(), request, settings))
      },

      ticket: (known, options = {}) => {
        checkOptions("request", options)
        const ticket = ticketOf(handle, known)
        const settings = { ...policyOf(options.policy, shape), ...laneOf(options.lane) }
        const { subject } = Scans.fromTicket(shape, ticket)
        return entered({ subject, faults: [] }, () => Scans.fromTicket(adapter(), ticket, settings))
      }
    }
    return Object.freeze(made)
  }

  const vendors: Partial<Vendors> = {
    ...(handles.exona === null ? {} : { exona: vendor("exona", handles.exona) }),
    ...(handles.compliance === null ? {} : { compliance: vendor("compliance", handles.compliance) }),
    ...(handles.appvet === null ? {} : { appvet: vendor("appvet", handles.appvet) })
  }

  const brought = Object.fromEntries(handles.brought.map(([name, handle]) => [name, vendor(name, handle)]))

  const named = (known: Known) => {
    if (typeof known === "string" && !known.includes(":")) {
      throw new TypeError(`${JSON.stringify(known.slice(0, 80))} is not a key: write the vendor, ":" and the scan's id`)
    }
    if (typeof known !== "string" && !hasProperty(known, "vendor")) {
      throw new TypeError(`this is not a ticket${hasProperty(known, "ticket") ? ": give its `ticket`" : ""}`)
    }
    const name = typeof known === "string" ? known.split(/[@:]/, 1)[0] : known.vendor
    const own = name !== undefined && Object.hasOwn(brought, name) ? brought[name] : undefined
    const found =
      name === "exona"
        ? vendors.exona
        : name === "compliance"
          ? vendors.compliance
          : name === "appvet"
            ? vendors.appvet
            : own
    if (found === undefined) throw new TypeError(`${JSON.stringify(name)} is not a vendor of this client`)
    return found
  }

  // Reads everything before anything is sent: what is wrong throws at once.
  const batch = (requests: ReadonlyArray<ScanRequest>, options: BatchOptions) => {
    checkOptions("batch", options)
    if (!isList(requests)) throw new TypeError("requests is not a list of requests")
    const wanted = requests.map((request, index) => {
      const entry = entries.get(request)
      if (entry === undefined) {
        const how = "make it with this client's vendor, as in scanpoll.appvet.request(...)"
        throw new TypeError(`requests[${index}] was not made by this client: ${how}`)
      }
      return entry
    })
    const { concurrency } = options
    if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
      throw new TypeError("concurrency is not a whole number from 1")
    }
    const reuse = timeOf("reuse", options.reuse)
    const timeout = timeOf("timeout", options.timeout)
    const settings = {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(reuse === undefined ? {} : { reuse }),
      ...(timeout === undefined ? {} : { timeout })
    }
    return (observer: Observer, until: Effect.Effect<void>) => {
      // A key that is never given must not outlast the batch.
      const prepared = Effect.raceFirst(
        Effect.forEach(new Set(wanted.map(({ ready }) => ready)), (ready) => ready, {
          concurrency: "unbounded",
          discard: true
        }),
        until
      )
      const requests = Effect.map(prepared, () => wanted.map(({ build }) => build()))
      return Stream.unwrap(Effect.map(requests, (requests) => Scans.runAll(requests, { ...settings, observer, until })))
    }
  }

  function runAll<Request extends ScanRequest>(
    requests: ReadonlyArray<Request>,
    options?: BatchOptions
  ): Batch<RecordOf<Request>>
  function runAll(requests: ReadonlyArray<ScanRequest>, options: BatchOptions = {}): Batch<ScanRecord> {
    const run = batch(requests, options)
    const records = runs.stream<ScanRecord, unknown>(
      (emit, until) =>
        Stream.runForEach(
          run((event) => options.onEvent?.(plainEvent(event)), until),
          (record) => Effect.sync(() => emit(record))
        ),
      options.signal
    )
    return {
      [Symbol.asyncIterator]: () => records[Symbol.asyncIterator](),
      collect: async () => {
        const all: Array<ScanRecord> = []
        for await (const record of records) all.push(record)
        return all.sort((a, b) => a.index - b.index)
      }
    }
  }

  function watch<Request extends ScanRequest>(
    requests: Request | ReadonlyArray<Request>,
    options?: Omit<BatchOptions, "onEvent">
  ): AsyncIterable<WatchEvent<RecordOf<Request>>>
  function watch(
    requests: ScanRequest | ReadonlyArray<ScanRequest>,
    options: Omit<BatchOptions, "onEvent"> = {}
  ): AsyncIterable<WatchEvent> {
    const run = batch(isList(requests) ? requests : [requests], options)
    return runs.stream<WatchEvent, unknown>(
      (emit, until) =>
        Stream.runDrain(
          run((event) => emit(plainEvent(event), event._tag === "Scheduled" || event._tag === "Polled"), until)
        ),
      options.signal
    )
  }

  return Object.freeze({
    ...brought,
    ...vendors,
    runAll,
    watch,
    wait: async (known: Known, options?: WaitOptions) => named(known).wait(known, options),
    status: async (known: Known, options?: Pick<WaitOptions, "signal">) => named(known).status(known, options),
    cancel: async (known: Known, options?: Pick<WaitOptions, "signal">) => named(known).cancel(known, options),
    dispose: runs.dispose,
    [Symbol.asyncDispose]: runs.dispose
  })
}
