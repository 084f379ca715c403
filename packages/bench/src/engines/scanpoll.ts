/**
 * This project's engine: the fleet with and without a waiting fiber, scans that wait alone, features off and on.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Fleet from "@scanpoll/core/engine/Fleet"
import * as Poller from "@scanpoll/core/engine/Poller"
import * as Telemetry from "@scanpoll/core/engine/Telemetry"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import { type Answer, countdown, type Engine, type Vendor } from "../Engine.ts"
import * as tracing from "../tracing.ts"
import "effect/schema/SchemaJITCompiler/enable"

const limits = VendorLimits.make({ floor: 0 })

const policyFor = (everyMs: number): PollPolicy.PollPolicy =>
  PollPolicy.make({ pace: everyMs, floor: 0, spread: 0, deadline: "30 days" })

const toAnswer = (answer: Answer): Observation.PollAnswer<Answer> =>
  Observation.answer(answer.status === "running" ? Observation.pending("running") : Observation.settled(answer))

type Spec = Poller.PollSpec<Answer, number | ScanTicket.ScanTicket>
type SpecOf = (vendor: Vendor, policy: PollPolicy.PollPolicy, id: number) => Spec

const plain: SpecOf = (vendor, policy, id) => ({
  ticket: id,
  poll: Effect.suspend(() =>
    Effect.map(
      Effect.promise(() => vendor.poll(id)),
      toAnswer
    )
  ),
  policy,
  limits
})

const Running = Schema.Struct({ id: Schema.Number, status: Schema.Literal("running"), progress: Schema.Number })
const Completed = Schema.Struct({ id: Schema.Number, status: Schema.Literal("completed"), progress: Schema.Number })
const decode = Schema.decodeUnknownResult(Schema.Union([Running, Completed]))

const read = (body: unknown): Effect.Effect<Observation.PollAnswer<Answer>, PollFault.PollFault> => {
  const decoded = decode(body)
  return Result.isSuccess(decoded)
    ? Effect.succeed(toAnswer(decoded.success))
    : Effect.fail(PollFault.make({ kind: "Broken", code: "undecodable", message: "not a documented answer" }))
}

// Metrics, a span and a decoded answer for each poll, as a scan of `Scans` has them. The deadline is always there.
const full: SpecOf = (vendor, policy, id) => {
  const ticket = ScanTicket.make({
    vendor: "bench",
    origin: "https://vendor.test",
    account: "default",
    scanId: String(id),
    submittedAt: null
  })
  let why = "first"
  const listen = Telemetry.listen(tracing.context, ticket)
  const poll = Effect.suspend(() =>
    Effect.flatMap(
      Effect.promise(() => vendor.poll(id)),
      read
    )
  )
  return {
    ticket,
    poll: Telemetry.tracePoll(ticket, () => why)(poll),
    policy,
    limits,
    observer: (event) => {
      if (event._tag === "Scheduled") why = event.because
      listen(event)
    }
  }
}

const fleetOf = (
  context: Context.Context<never>
): { readonly fleet: Fleet.Fleet; readonly close: () => Promise<void> } => {
  const scope = Scope.makeUnsafe()
  const fleet = Effect.runSyncWith(context)(Effect.provideService(Fleet.make, Scope.Scope, scope))
  return { fleet, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const adding =
  (specOf: SpecOf, context: Context.Context<never>): Engine =>
  (vendor, scans, everyMs) => {
    const { done, ended } = countdown(scans)
    const { close, fleet } = fleetOf(context)
    const policy = policyFor(everyMs)
    for (let id = 0; id < scans; id++) Effect.runSync(fleet.add(specOf(vendor, policy, id), ended))
    return { done, cancel: close }
  }

const forking =
  (make: (spec: Spec) => Effect.Effect<Answer, unknown>, specOf: SpecOf, context: Context.Context<never>) =>
  (vendor: Vendor, scans: number, everyMs: number): ReturnType<Engine> => {
    const { done, ended } = countdown(scans)
    const policy = policyFor(everyMs)
    const run = Effect.runForkWith(context)
    const fibers: Array<Fiber.Fiber<Answer, unknown>> = []
    for (let id = 0; id < scans; id++) {
      const fiber = run(make(specOf(vendor, policy, id)))
      fiber.addObserver(ended)
      fibers.push(fiber)
    }
    return {
      done,
      cancel: () => {
        for (const fiber of fibers.splice(0)) fiber.interruptUnsafe()
        return done
      }
    }
  }

const waiting =
  (specOf: SpecOf, context: Context.Context<never>): Engine =>
  (vendor, scans, everyMs) => {
    const { close, fleet } = fleetOf(context)
    const run = forking((spec) => fleet.wait(spec), specOf, context)(vendor, scans, everyMs)
    return { done: run.done, cancel: () => Promise.resolve(run.cancel?.()).then(close) }
  }

/** `Fleet.add`: nobody waits. */
export const add: Engine = adding(plain, Context.empty())

/** `Fleet.add` with a metric, a span and a decoded answer for each poll. */
export const addFull: Engine = adding(full, tracing.context)

/** `Fleet.wait`: a fiber waits for each scan. */
export const wait: Engine = waiting(plain, Context.empty())

/** `Poller.untilTerminal`: scans that wait alone, a fiber for each. */
export const poller: Engine = forking(Poller.untilTerminal, plain, Context.empty())
