/**
 * A vendor as a script: what it answers, in which order, and a ledger of what it was asked. It runs on whatever clock the
 * test runs on.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ScanAdapter from "@scanpoll/core/engine/ScanAdapter"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"

export const Payload = Schema.Struct({ said: Schema.String })
export type Payload = typeof Payload.Type
export type Outcome = ScanOutcome.ScanOutcome<Payload>

/** One answer of the vendor; `takes` is how long it thinks, in milliseconds. */
export type Step =
  | { readonly say: "ended"; readonly word?: string; readonly takes?: number }
  | { readonly say: "moved"; readonly to: string; readonly takes?: number; readonly hint?: number }
  | {
      readonly say: "queued" | "running"
      readonly progress?: Observation.Progress
      readonly hint?: number
      readonly takes?: number
    }
  | { readonly say: "done" | "partial" | "failed"; readonly takes?: number; readonly hint?: number }
  | { readonly say: "word"; readonly word: string; readonly takes?: number; readonly hint?: number }
  | {
      readonly say: PollFault.PollFault["kind"]
      readonly hint?: number
      readonly permanent?: boolean
      readonly takes?: number
    }
  | { readonly say: "hang" }

export type SubmitStep =
  | { readonly say: "accept"; readonly hint?: number; readonly takes?: number; readonly scanId?: string }
  | { readonly say: "already"; readonly takes?: number }
  | {
      readonly say: SubmitError.SubmitErrorKind
      readonly hint?: number
      readonly permanent?: boolean
      readonly takes?: number
      /** The vendor took it all the same. */
      readonly accepted?: boolean
    }
  | { readonly say: "hang"; readonly accepted?: boolean }

export interface Ledger {
  readonly polls: Array<{ readonly scanId: string; readonly at: number; answeredAt: number | null; cut: boolean }>
  readonly submissions: Array<{ readonly at: number; readonly request: string; accepted: boolean; cut: boolean }>
  readonly collects: Array<number>
  readonly results: Array<{ readonly scanId: string; readonly at: number; readonly vendorStatus: string }>
  readonly about: Array<ScanAdapter.About | undefined>
  /** The prepare calls, and what each submission was given of them. */
  readonly prepares: Array<number>
  readonly prepared: Array<unknown>
  inFlight: number
  mostInFlight: number
}

const hintOf = (hint: number | undefined) => (hint === undefined ? Option.none() : Option.some(Duration.millis(hint)))

export const completed = (ticket: ScanTicket.ScanTicket, said = "done"): Outcome =>
  ScanOutcome.makeCompleted({
    ticket,
    vendorStatus: "done",
    assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
    payload: { said }
  })

const answerOf = (
  ticket: ScanTicket.ScanTicket,
  step: Step
): Effect.Effect<Observation.PollAnswer<Outcome>, PollFault.PollFault> => {
  const meta = { hint: hintOf("hint" in step ? step.hint : undefined) }
  switch (step.say) {
    case "hang":
      return Effect.never
    case "queued":
    case "running": {
      const progress = step.progress === undefined ? Option.none() : Option.some(step.progress)
      return Effect.succeed(Observation.answer(Observation.pending(step.say, progress), meta))
    }
    case "ended":
      return Effect.succeed(Observation.answer(Observation.ended(step.word ?? "done"), meta))
    case "moved":
      return Effect.succeed(
        Observation.answer(Observation.moved("running", ScanTicket.make({ ...ticket, scanId: step.to })), meta)
      )
    case "word":
      return Effect.succeed(Observation.answer(Observation.unrecognised(step.word), meta))
    case "done":
      return Effect.succeed(Observation.answer(Observation.settled(completed(ticket)), meta))
    case "partial":
      return Effect.succeed(
        Observation.answer(
          Observation.settled(
            ScanOutcome.makePartial({
              ticket,
              vendorStatus: "partial",
              reason: { code: null, message: "some checks did not run", advice: null, requestId: null },
              assessment: { severity: "high", vendorSeverity: null, compliance: null, score: null },
              payload: { said: "partly" }
            })
          ),
          meta
        )
      )
    case "failed":
      return Effect.succeed(
        Observation.answer(
          Observation.settled(
            ScanOutcome.makeFailed({
              ticket,
              vendorStatus: "failed",
              reason: { code: "E1", message: "no luck", advice: null, requestId: null }
            })
          ),
          meta
        )
      )
    default:
      return Effect.fail(
        PollFault.make({
          kind: step.say,
          code: step.say.toLowerCase(),
          message: `scripted ${step.say}`,
          permanent: step.permanent ?? false,
          hint: meta.hint
        })
      )
  }
}

export interface Vendor {
  readonly adapter: ScanAdapter.ScanAdapter<string, Payload>
  readonly ledger: Ledger
  readonly ticket: (scanId: string, submittedAt?: number | null) => ScanTicket.ScanTicket
}

/**
 * What is said in a conversation.
 *
 * - `polls`: the answers to the polls of each scan, in order; the last one repeats. A function scripts scans apart.
 * - `results`: the answers to the calls for the result of each scan, as `polls`; left out, there is no such call.
 * - `prepares`: what comes of what is prepared for each submission, in order; left out, nothing is prepared.
 * - `recovers`: whether a doubt is resolved by what was prepared: the vendor then has what the ledger says it accepted.
 * - `submits`: the answers to submissions, in order; the last one repeats.
 */
export interface Options {
  readonly vendor?: string
  readonly account?: string
  readonly polls?: ReadonlyArray<Step> | ((scanId: string) => ReadonlyArray<Step>)
  readonly results?: ReadonlyArray<Step>
  readonly prepares?: ReadonlyArray<"made" | "hang" | SubmitError.SubmitErrorKind>
  readonly recovers?: boolean
  readonly submits?: ReadonlyArray<SubmitStep>
  readonly limits?: Parameters<typeof VendorLimits.make>[0]
  readonly policy?: PollPolicy.PollPolicy
  readonly budget?: Partial<ScanAdapter.AccountLimits>
  readonly maxAge?: (wanted: string) => Duration.Duration | null
  readonly collect?: ReadonlyArray<"found" | PollFault.PollFault["kind"]>
}

// What the calls of one vendor share.
interface Scene {
  readonly options: Options
  readonly ledger: Ledger
  readonly ticket: Vendor["ticket"]
  readonly nextId: () => string
}

type Adapter = ScanAdapter.ScanAdapter<string, Payload>

// The step for the n-th call; the last one repeats.
const stepAt = <A>(steps: ReadonlyArray<A>, nth: number, usual: A): A => steps[Math.min(nth, steps.length - 1)] ?? usual

const asked = <A, E>(ledger: Ledger, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      ledger.inFlight++
      ledger.mostInFlight = Math.max(ledger.mostInFlight, ledger.inFlight)
    }),
    () => effect,
    () =>
      Effect.sync(() => {
        ledger.inFlight--
      })
  )

const prepareOf =
  ({ ledger, options }: Scene): NonNullable<Adapter["prepare"]> =>
  () =>
    Effect.flatMap(SteadyClock.now, (at) => {
      const step = stepAt(options.prepares ?? [], ledger.prepares.length, "made")
      ledger.prepares.push(at)
      if (step === "hang") return Effect.never
      return step === "made"
        ? Effect.succeed({ task: `task-${ledger.prepares.length}` })
        : Effect.fail(SubmitError.make({ kind: step, code: step.toLowerCase(), message: `scripted ${step}` }))
    })

const recoverOf =
  ({ ledger, nextId, ticket }: Scene): NonNullable<Adapter["recover"]> =>
  (prepared: unknown) =>
    Effect.map(SteadyClock.now, (now) => {
      const nth = ledger.prepared.findLastIndex((each) => JSON.stringify(each) === JSON.stringify(prepared))
      return ledger.submissions[nth]?.accepted === true ? ticket(nextId(), now) : null
    })

// What becomes of a submission that was taken in.
const submitted = (
  { nextId, ticket }: Scene,
  entry: Ledger["submissions"][number],
  step: SubmitStep
): Effect.Effect<ScanAdapter.Submitted | ScanAdapter.Already<Payload>, SubmitError.SubmitError> => {
  switch (step.say) {
    case "hang":
      return Effect.never
    case "accept": {
      entry.accepted = true
      const scanId = step.scanId ?? nextId()
      return Effect.map(SteadyClock.now, (now) =>
        ScanAdapter.submitted(ticket(scanId, now), { hint: hintOf(step.hint) })
      )
    }
    case "already":
      entry.accepted = true
      return Effect.map(SteadyClock.now, (now) =>
        ScanAdapter.already<Payload>({
          ...completed(ticket(nextId(), now), "from the cache"),
          cached: true,
          ageMs: 86_400_000
        })
      )
    default:
      return Effect.fail(
        SubmitError.make({
          kind: step.say,
          code: step.say.toLowerCase(),
          message: `scripted ${step.say}`,
          permanent: step.permanent ?? false,
          hint: hintOf(step.hint)
        })
      )
  }
}

const submitOf =
  (scene: Scene): Adapter["submit"] =>
  (wanted, prepared) =>
    Effect.flatMap(SteadyClock.now, (at) => {
      const { ledger, options } = scene
      ledger.prepared.push(prepared)
      const step = stepAt<SubmitStep>(options.submits ?? [], ledger.submissions.length, { say: "accept" })
      const entry = { at, request: wanted, accepted: false, cut: false }
      ledger.submissions.push(entry)
      const take = step.say === "hang" ? Effect.never : Effect.sleep(Duration.millis(step.takes ?? 0))
      if ("accepted" in step && step.accepted) entry.accepted = true
      return asked(
        ledger,
        Effect.flatMap(take, () => submitted(scene, entry, step))
      ).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            entry.cut = true
          })
        )
      )
    })

const script = (options: Options, scanId: string): ReadonlyArray<Step> =>
  typeof options.polls === "function" ? options.polls(scanId) : (options.polls ?? [{ say: "done" }])

const pollOf =
  ({ ledger, options }: Scene, counts: Map<string, number>): Adapter["poll"] =>
  (wanted, about) =>
    Effect.flatMap(SteadyClock.now, (at) => {
      ledger.about.push(about)
      const nth = counts.get(wanted.scanId) ?? 0
      counts.set(wanted.scanId, nth + 1)
      const step = stepAt(script(options, wanted.scanId), nth, { say: "done" })
      const entry: Ledger["polls"][number] = { scanId: wanted.scanId, at, answeredAt: null, cut: false }
      ledger.polls.push(entry)
      const takes = step.say === "hang" ? 0 : (step.takes ?? 0)
      return asked(ledger, Effect.andThen(Effect.sleep(Duration.millis(takes)), answerOf(wanted, step))).pipe(
        Effect.onExit((exit) =>
          Effect.map(SteadyClock.now, (now) => {
            if (exit._tag === "Failure" && exit.cause.reasons.some((reason) => reason._tag === "Interrupt"))
              entry.cut = true
            else entry.answeredAt = now
          })
        )
      )
    })

const resultOf =
  ({ ledger, options }: Scene): NonNullable<Adapter["result"]> =>
  (wanted: ScanTicket.ScanTicket, vendorStatus: string, about?: ScanAdapter.About) =>
    Effect.flatMap(SteadyClock.now, (at) => {
      const nth = ledger.results.filter(({ scanId }) => scanId === wanted.scanId).length
      const step = stepAt<Step>(options.results ?? [], nth, { say: "done" })
      ledger.results.push({ scanId: wanted.scanId, at, vendorStatus })
      ledger.about.push(about)
      const takes = step.say === "hang" ? 0 : (step.takes ?? 0)
      return asked(ledger, Effect.andThen(Effect.sleep(Duration.millis(takes)), answerOf(wanted, step)))
    })

const collectOf =
  ({ ledger, options }: Scene): NonNullable<Adapter["collect"]> =>
  () =>
    Effect.flatMap(SteadyClock.now, (at) => {
      const step = stepAt(options.collect ?? [], ledger.collects.length, "found")
      ledger.collects.push(at)
      return step === "found"
        ? Effect.succeed({ coverage: "full" as const, total: 0, items: [] })
        : Effect.fail(PollFault.make({ kind: step, code: step.toLowerCase(), message: `scripted ${step}` }))
    })

/** A vendor that answers as the options script it, and the ledger of what it was asked. */
export const make = (options: Options = {}): Vendor => {
  const vendor = options.vendor ?? "acme"
  const account = options.account ?? "default"
  const origin = `https://${vendor}.test`
  const ledger: Ledger = {
    polls: [],
    submissions: [],
    collects: [],
    results: [],
    about: [],
    prepares: [],
    prepared: [],
    inFlight: 0,
    mostInFlight: 0
  }
  let ids = 0
  const ticket = (scanId: string, submittedAt: number | null = null): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor, origin, account, scanId, submittedAt })
  const policy = options.policy ?? PollPolicy.make({ pace: "10 seconds", floor: "1 second", spread: 0 })
  const scene: Scene = { options, ledger, ticket, nextId: () => `scan-${++ids}` }
  const adapter: Adapter = {
    vendor,
    origin,
    account,
    environment: "",
    limits: VendorLimits.make({ floor: "1 second", ...options.limits }),
    policy,
    policies: { interactive: policy, default: policy, background: policy, bulk: policy },
    budget: {
      requests: null,
      window: Duration.minutes(1),
      openScans: null,
      typicalDuration: Duration.minutes(1),
      pollsPerScan: () => 6,
      ...options.budget
    },
    payload: Payload,
    check: (wanted) => (wanted === "" ? [{ path: ["name"], message: "must not be empty" }] : []),
    subject: (wanted) => ({ kind: "company", id: wanted, name: wanted }),
    fingerprint: (wanted) => wanted,
    ...(options.maxAge === undefined ? {} : { maxAge: options.maxAge }),
    ...(options.prepares === undefined ? {} : { prepare: prepareOf(scene) }),
    ...(options.recovers === true ? { recover: recoverOf(scene) } : {}),
    submit: submitOf(scene),
    poll: pollOf(scene, new Map()),
    ...(options.results === undefined ? {} : { result: resultOf(scene) }),
    ...(options.collect === undefined ? {} : { collect: collectOf(scene) })
  }
  return { adapter, ledger, ticket }
}

/** The times at which a scan was polled. */
export const pollTimes = (vendor: Vendor, scanId?: string): ReadonlyArray<number> =>
  vendor.ledger.polls.filter((poll) => scanId === undefined || poll.scanId === scanId).map((poll) => poll.at)
