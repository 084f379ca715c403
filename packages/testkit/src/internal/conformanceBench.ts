// What all rules of the conformance suite stand on: an adapter on a stage, and what came of a rule. May touch: sockets of
// loopback, the wall clock for its limits. Law: a rule that could not be played says so, and fails nobody.
import type { About, Already, ScanAdapter, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import type { Question } from "@scanpoll/core/vendor/Definition"
import type { Credential } from "@scanpoll/core/http/Credential"
import type { Observation, PollAnswer } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { SubmitError } from "@scanpoll/core/model/SubmitError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { inspect } from "node:util"
import type { Answer, Group, Kit, SettledAnswer } from "./kitFacts.ts"
import type { Entry } from "../Ledger.ts"
import type { Script, Step } from "../Script.ts"
import type { Simulator } from "../Simulator.ts"
import * as Stage from "../Stage.ts"
import * as wire from "./conformanceWire.ts"
import * as SteadyClock from "./steadyClock.ts"

/** A rule as it is written down: `note` takes what does not keep it. */
export interface Rule {
  readonly group: Group
  readonly name: `MUST ${string}`
  readonly run: (note: Note) => Effect.Effect<void, Unplayable, Scope.Scope>
}

export type Note = (violation: string) => void

/** The stage or the adapter could not be set up, so that nothing can be said about the rule. */
export class Unplayable extends Data.TaggedError("Unplayable")<{ readonly message: string }> {}

/** Longer than any answer on loopback takes; what waits longer waits for ever. */
const patience = Duration.seconds(8)
/** By the wall: a rule that is not through by then, and has seen nothing wrong, says nothing about the adapter. */
const ruleTime = Duration.minutes(4)

/** A rule stops at the second call of the adapter that does not end. */
class Hung extends Data.TaggedError("Hung")<{}> {}

const Lates = Context.Reference<{ count: number }>("@scanpoll/testkit/Lates", { defaultValue: () => ({ count: 0 }) })

/** What came of a rule: what does not keep it, or that there was no time to tell. */
export interface Judgement {
  readonly violations: ReadonlyArray<string>
  readonly tooSlow: boolean
}

const wordsOf = (cause: Cause.Cause<Unplayable>): string => {
  if (Cause.squash(cause) instanceof Hung) return "two calls of the adapter did not end: the rest was not tried"
  return Option.match(Cause.findErrorOption(cause), {
    onNone: () => `the check itself died: ${Cause.pretty(cause)}`,
    onSome: (error) => error.message
  })
}

/**
 * Runs a rule and gives what it noted. Sockets live in real time, whatever the caller's clock is; the waits of the rule and
 * of its adapter count no time in which the machine did not come round to them.
 */
export const judge = (run: Rule["run"], real = Clock.Clock.defaultValue()): Effect.Effect<Judgement> =>
  Effect.suspend(() => {
    const violations: Array<string> = []
    return run((violation) => violations.push(violation)).pipe(
      Effect.scoped,
      Effect.provideService(Lates, { count: 0 }),
      Effect.provideService(Clock.Clock, SteadyClock.make(real)),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.sync(() => void violations.push(wordsOf(cause)))
      ),
      Effect.orDie,
      Effect.timeoutOption(ruleTime),
      Effect.provideService(Clock.Clock, real),
      Effect.map((done) => ({ violations, tooSlow: Option.isNone(done) && violations.length === 0 }))
    )
  })

/** What came of a call: also what no call may come to. */
export type Heard<A, E> =
  | { readonly _tag: "Success"; readonly value: A }
  | { readonly _tag: "Failure"; readonly error: E }
  | { readonly _tag: "Defect"; readonly cause: Cause.Cause<E>; readonly words: string }
  | { readonly _tag: "Late" }

const hear = <A, E>(exit: Exit.Exit<A, E>): Heard<A, E> => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", value: exit.value }
  const failed = Cause.findErrorOption(exit.cause)
  if (Option.isSome(failed) && !Cause.hasDies(exit.cause)) return { _tag: "Failure", error: failed.value }
  return { _tag: "Defect", cause: exit.cause, words: String(Cause.squash(exit.cause)).slice(0, 200) }
}

/** What a kit says apart from its requests: the same for every vendor. */
export type Facts = Pick<
  Kit<never, never>,
  "vendor" | "auth" | "keys" | "ids" | "submit" | "prepare" | "poll" | "errors"
>

/** Waits for a call without being held up by one that cannot be interrupted. */
const listen = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<Heard<A, E>> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkDetach(call)
    const exit = yield* Effect.timeoutOption(Fiber.await(fiber), patience).pipe(
      Effect.onInterrupt(() => Effect.sync(() => fiber.interruptUnsafe()))
    )
    if (Option.isSome(exit)) return hear(exit.value)
    fiber.interruptUnsafe()
    const lates = yield* Lates
    lates.count += 1
    return lates.count > 1 ? yield* Effect.die(new Hung()) : { _tag: "Late" }
  })

export type HeardPoll<Payload> = Heard<PollAnswer<ScanOutcome<Payload>>, PollFault>
export type HeardSubmit<Payload> = Heard<Submitted | Already<Payload>, SubmitError>

const quote = (text: unknown): string => {
  const shown = inspect(text, { depth: 0, breakLength: Infinity })
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}

const readObservation = (observation: Observation<ScanOutcome<unknown>>): string => {
  switch (observation._tag) {
    case "Pending":
      return `Pending ${observation.phase}`
    case "Settled":
      return `Settled ${observation.value._tag}`
    case "Ended":
      return "Ended"
    case "Unrecognised":
      return "Unrecognised"
  }
}

/** A poll's answer in a word or two, for comparing and for telling. */
export const readPoll = (heard: HeardPoll<unknown>): string => {
  switch (heard._tag) {
    case "Success":
      return readObservation(heard.value.observation)
    case "Failure":
      return readFault(heard)
    case "Defect":
    case "Late":
      return readTrouble(heard)
  }
}

export const readTrouble = (
  heard: { readonly _tag: "Defect"; readonly words: string } | { readonly _tag: "Late" }
): string => (heard._tag === "Late" ? "no end" : `a defect (${heard.words})`)

/** A fault by its kind; "for good" where asking again is said to be useless. */
export const readFault = (heard: Heard<unknown, PollFault>): string => {
  switch (heard._tag) {
    case "Success":
      return "no fault"
    case "Failure":
      return `${heard.error.kind}${heard.error.permanent ? " for good" : ""}`
    case "Defect":
    case "Late":
      return readTrouble(heard)
  }
}

export const readSubmit = (heard: HeardSubmit<unknown>): string => {
  switch (heard._tag) {
    case "Success":
      return heard.value._tag === "Already" ? `Already ${heard.value.outcome._tag}` : "Submitted"
    case "Failure":
      return heard.error.kind
    case "Defect":
    case "Late":
      return readTrouble(heard)
  }
}

/** Notes what is none of the wanted. */
export const expect = (note: Note, about: string, seen: string, ...wanted: ReadonlyArray<string>): boolean => {
  const fits = wanted.includes(seen)
  if (!fits) note(`${about}: ${seen}, must be ${wanted.join(" or ")}`)
  return fits
}

/** An adapter on a stage of its own. */
export interface Scene<Request, Payload> {
  readonly stage: Simulator
  readonly adapter: ScanAdapter<Request, Payload>
  readonly ticket: (scanId: string) => ScanTicket.ScanTicket
  /** What the adapter's credential gives from now on. */
  readonly lend: (credential: Credential) => void
  /** From now on every request gets this step. */
  readonly play: (step: Step) => Effect.Effect<void>
  readonly script: (scripts: ReadonlyArray<Script>) => Effect.Effect<void>
  /** Polls a scan while every request gets this step; the scan is the one the step is about unless told. */
  readonly poll: (step: Step, scanId?: string) => Effect.Effect<HeardPoll<Payload>>
  /** Polls the scan that a step is about, as one that is known by its id alone. */
  readonly pollById: (step: Step) => Effect.Effect<HeardPoll<Payload>>
  readonly submit: (step: Step, request?: Request) => Effect.Effect<HeardSubmit<Payload>>
  /** Runs a call of the adapter, and waits no longer than is good. */
  readonly listen: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<Heard<A, E>>
  readonly requests: () => ReadonlyArray<Entry>
}

const defaultKeys = ["conformance-key-7c1f5e0b9a3d2846", "conformance-key-e2b8d4906f7a1c53"] as const
const defaultPairs = ["conformance-1:7c1f5e0b9a3d28467c1f", "conformance-2:e2b8d4906f7a1c53e2b8"] as const

/** A user and password, or a client and its secret. */
const isPair = ({ auth = "bearer" }: Facts): boolean =>
  auth === "basic" || (typeof auth === "object" && "clientCredentials" in auth)

export const keysOf = (kit: Facts): readonly [string, string] => kit.keys ?? (isPair(kit) ? defaultPairs : defaultKeys)

/** What must not be repeated of a key. */
export const secretOf = (kit: Facts, key: string): string =>
  isPair(kit) && !key.endsWith(":") ? key.slice(key.indexOf(":") + 1) : key

/** What a key looks like where an adapter may have put it: as it is, in an address, and in base64 of any padding. */
export const formsOf = (key: string): ReadonlyArray<string> => [
  key,
  encodeURIComponent(key),
  btoa(key).replace(/=+$/, "")
]

/** Whether the vendor could give such an id. */
export const isId = (kit: Facts, value: unknown): boolean =>
  typeof value === "number"
    ? kit.ids === "number" && Number.isSafeInteger(value) && value >= 0
    : ScanTicket.isScanId(value) && (kit.ids === "number" ? /^\d{1,16}$/ : kit.ids)?.test(value) !== false

const locationIn = (answer: Answer): string => {
  const found = Object.entries(answer.headers ?? {}).find(([name]) => name.toLowerCase() === "location")?.[1]
  return typeof found === "string" ? found : ""
}

/** The id by an answer to a submission; undefined where there is none. */
export const newIdIn = (kit: Facts, answer: Answer): unknown => {
  const { id } = kit.submit
  if ("prepared" in id) return scanIdOf(kit, kit.prepare?.returns[id.prepared])
  return scanIdOf(kit, "location" in id ? id.location.exec(locationIn(answer))?.[1] : wire.get(answer.body, id))
}

/** The id of the scan by what the answer to its submission holds. */
export const scanIdOf = ({ submit: { scanId } }: Facts, found: unknown): unknown =>
  scanId === undefined || typeof found !== "string" ? found : scanId.replace("{id}", () => found)

/** The answer to a submission with another id, or with none. */
export const withNewId = (kit: Facts, answer: Answer, value: unknown): Answer => {
  const { id } = kit.submit
  if ("prepared" in id) return answer
  if (!("location" in id)) return withBody(answer, wire.set(answer.body, id, value))
  const location = typeof value === "string" ? locationIn(answer).replace(String(newIdIn(kit, answer)), value) : null
  const others = Object.entries(answer.headers ?? {}).filter(([name]) => name.toLowerCase() !== "location")
  return { ...answer, headers: { ...Object.fromEntries(others), location } }
}

/** Where an answer to a submission must be left as it is: an id may be made of several places. */
export const newIdPaths = ({ poll: { decides = [] }, submit: { id } }: Facts): ReadonlyArray<wire.Path> =>
  "location" in id ? decides : [...("prepared" in id ? (id.says ?? []) : [id]), ...decides]

/** The id in the vendor's answer to a poll; where it has none, that of an accepted submission. */
export const idIn = (kit: Facts, answer: Answer): string => {
  const found = kit.poll.id === null ? undefined : wire.get(answer.body, kit.poll.id)
  return String(isId(kit, found) ? found : newIdIn(kit, kit.submit.accepted[0]))
}

/** Where an answer to a poll has its id and its word. */
export const pollPaths = ({ poll: { decides = [], id, status } }: Facts): ReadonlyArray<wire.Path> =>
  [id, status, ...decides].flatMap((path) => (path === null ? [] : [path]))

/** The status word of an answer; null where none is told in it. */
export const wordOf = ({ poll: { numeric, status } }: Facts, answer: Answer): string | null => {
  const word = status === null || statusOf(answer) !== 200 ? undefined : wire.get(answer.body, status)
  return typeof word === (numeric === true ? "number" : "string") ? String(word) : null
}

/** The status word of an answer, or another name for it. */
export const wordIn = (kit: Facts, answer: Answer): string => wordOf(kit, answer) ?? nameOf(answer)

/** What a status means for a poll, whatever the body: where no error says so, by the common rule. */
export const pollAlone = (
  kit: Pick<Facts, "errors">,
  status: number,
  common: string,
  question: Question = "status"
): string => {
  const row = kit.errors.find(
    ({ anyBody, answer, on, poll }) =>
      anyBody === true && poll !== undefined && statusOf(answer) === status && on?.includes(question) !== false
  )
  return row?.poll === undefined ? common : `${row.poll}${row.permanent === true ? " for good" : ""}`
}

/** The wait that the documentation names for an answer that names none, in milliseconds; null where there is none. */
export const documentedWait = ({ errors }: Pick<Facts, "errors">, status: number): number | null => {
  const row = errors.find(({ answer, wait }) => wait !== undefined && statusOf(answer) === status)
  return row?.wait === undefined ? null : Option.getOrNull(Option.map(Duration.fromInput(row.wait), Duration.toMillis))
}

/** What a status means for a submission, whatever the body. */
export const submitAlone = (kit: Pick<Facts, "errors">, status: number, common: string): string =>
  kit.errors.find(
    ({ anyBody, answer, submit }) => anyBody === true && submit !== undefined && statusOf(answer) === status
  )?.submit ?? common

/** What else an answer may be taken for, when something in it is not as documented. */
export const otherwise = (kit: Pick<Facts, "errors">, answer: Answer): ReadonlyArray<string> => {
  const status = statusOf(answer)
  if (status === 200) return ["Broken"]
  const common = status === 404 ? "Missing" : status === 429 ? "Throttled" : status < 300 ? "Broken" : "Broken for good"
  return ["Broken", pollAlone(kit, status, status >= 500 ? "Transient" : common)]
}

/** The requests of the adapter, apart from those for a token to show. */
const asked = ({ ledger }: Simulator): ReadonlyArray<Entry> =>
  ledger.requests({ where: ({ route }) => route !== "token" })

export const stage = (
  options: Pick<Stage.Options, "vendor" | "basePath" | "credentials" | "auth">
): Effect.Effect<Simulator, Unplayable, Scope.Scope> =>
  Effect.mapError(Stage.make(options), (error) => new Unplayable({ message: `no stage: ${error.message}` }))

/** What an expected failure says; of a defect also where it came from. */
const causeWords = (cause: Cause.Cause<unknown>): string => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  if (error instanceof Error) return error.message
  return typeof error === "string" ? error : Cause.pretty(cause)
}

/** Sets an adapter on a stage of its own, for as long as the scope is open. */
export const open = <Request, Payload>(
  kit: Kit<Request, Payload>
): Effect.Effect<Scene<Request, Payload>, Unplayable, Scope.Scope> =>
  Effect.gen(function* () {
    const keys = keysOf(kit)
    const { auth = "bearer", basePath = "" } = kit
    const vendor = yield* stage({ vendor: kit.vendor, basePath, credentials: keys, auth })
    let lent: Credential = Effect.succeed(Redacted.make(keys[0]))
    const services = yield* Layer.build(Layer.fresh(kit.http))
    const made = yield* kit
      .make({
        baseUrl: vendor.baseUrl,
        credential: Effect.suspend(() => lent),
        insecureHosts: [`127.0.0.1:${vendor.port}`]
      })
      .pipe(
        Effect.provideContext(services),
        Effect.catchCause((cause) =>
          Effect.fail(new Unplayable({ message: `the adapter was not made: ${causeWords(cause)}` }))
        )
      )
    const returned = kit.prepare?.returns
    // What was prepared stands with the claim before a submission.
    const submit: typeof made.submit =
      returned === undefined ? made.submit : (request, prepared = returned) => made.submit(request, prepared)
    const { cancel } = made
    // The engine tells every call what the scan is about.
    const known = () => aboutOf(made, kit)
    const adapter: ScanAdapter<Request, Payload> = {
      ...made,
      submit,
      poll: (asked, about = known()) => made.poll(asked, about),
      ...(cancel === undefined ? {} : { cancel: (asked, about = known()) => cancel(asked, about) })
    }
    const ticket = (scanId: string): ScanTicket.ScanTicket =>
      ScanTicket.make({
        vendor: adapter.vendor,
        origin: adapter.origin,
        account: adapter.account,
        scanId,
        submittedAt: null
      })
    const script = (scripts: ReadonlyArray<Script>) =>
      Effect.andThen(vendor.clearScripts, Effect.forEach(scripts, vendor.script, { discard: true }))
    const play = (step: Step) => script([{ steps: [{ ...step, times: Infinity }] }])
    return {
      stage: vendor,
      adapter,
      ticket,
      lend: (credential) => {
        lent = credential
      },
      play,
      script,
      poll: (step, scanId) =>
        Effect.andThen(play(step), listen(Effect.suspend(() => adapter.poll(ticket(scanId ?? idIn(kit, step)))))),
      pollById: (step) => Effect.andThen(play(step), listen(Effect.suspend(() => made.poll(ticket(idIn(kit, step)))))),
      submit: (step, request = kit.requests.valid[0]) =>
        Effect.andThen(play(step), listen(Effect.suspend(() => adapter.submit(request)))),
      listen,
      requests: () => asked(vendor)
    }
  })

/** The answer of a completed scan; where that is elsewhere, of one that has ended. */
export const completedOf = (kit: Facts): SettledAnswer => {
  const { ended = [], settled } = kit.poll
  const [over] = ended
  const found =
    settled.find(({ outcome }) => outcome === "Completed") ??
    (over === undefined ? settled[0] : { answer: over, outcome: "Completed" as const })
  if (found === undefined) throw new TypeError(`${kit.vendor}: no answer of the kit is the end of a scan`)
  return found
}

/** What a scan of the first valid request is about, as the engine tells it. */
export const aboutOf = <Request, Payload>(
  adapter: Pick<ScanAdapter<Request, Payload>, "subject">,
  { requests }: Pick<Kit<Request, Payload>, "requests">
): About => ({ subject: adapter.subject(requests.valid[0]), request: requests.valid[0] })

/** Every documented answer about a scan, with what it must be read as and a name. */
export const scansOf = (
  kit: Facts
): ReadonlyArray<{ readonly name: string; readonly answer: Answer; readonly reading: string }> => [
  ...kit.poll.pending.map(({ answer, phase }) => ({
    name: wordIn(kit, answer),
    answer,
    reading: `Pending ${phase}`
  })),
  ...kit.poll.settled.map(({ answer, outcome }) => ({
    name: wordIn(kit, answer),
    answer,
    reading: `Settled ${outcome}`
  })),
  ...(kit.poll.ended ?? []).map((answer) => ({ name: wordIn(kit, answer), answer, reading: "Ended" })),
  ...(kit.poll.cancelled ?? []).map((answer) => ({ name: wordIn(kit, answer), answer, reading: "Settled Failed" })),
  ...(kit.poll.moved ?? []).map(({ answer }) => ({ name: wordIn(kit, answer), answer, reading: "Pending running" }))
]

export const withBody = (answer: Answer, body: unknown): Answer => ({ ...answer, body })

export const withHeaders = (answer: Step, headers: NonNullable<Step["headers"]>): Step => ({
  ...answer,
  headers: { ...answer.headers, ...headers }
})

export const statusOf = (answer: Answer): number => answer.status ?? 200

/** A name for an answer: its status, and the start of what it says. */
export const nameOf = (answer: Answer): string => {
  const body = typeof answer.body === "string" ? answer.body : (JSON.stringify(answer.body) ?? "no body")
  return `${statusOf(answer)} ${quote(body)}`
}

/**
 * Lets a call hang on a step, moves the adapter's clock and tells whether the call has ended by then: null when no
 * request arrived at all.
 */
export const hang = <Request, Payload, A, E>(
  scene: Scene<Request, Payload>,
  step: Step,
  call: Effect.Effect<A, E>,
  pass: ReadonlyArray<Duration.Duration>
): Effect.Effect<{ readonly early: boolean; readonly heard: Heard<A, E> } | null> =>
  Effect.gen(function* () {
    yield* scene.play(step)
    const before = scene.requests().length
    const fiber = yield* Effect.forkDetach(call)
    const arrived = yield* scene.stage.ledger
      .until(() => scene.requests().length > before)
      .pipe(Effect.timeoutOption(patience), TestClock.withLive)
    if (Option.isNone(arrived)) {
      fiber.interruptUnsafe()
      return null
    }
    let early = false
    for (const duration of pass) {
      early = fiber.pollUnsafe() !== undefined
      yield* TestClock.adjust(duration)
    }
    const exit = yield* Fiber.await(fiber).pipe(Effect.timeoutOption("3 seconds"), TestClock.withLive)
    if (Option.isSome(exit)) return { early, heard: hear(exit.value) }
    fiber.interruptUnsafe()
    return { early, heard: { _tag: "Late" } as const }
  }).pipe(Effect.provide(TestClock.layer({ warningDelay: "1 hour" })))

/** Interrupts a call once its request has arrived, and tells whether it ended and let go of its socket in time. */
export const interrupt = <Request, Payload, A, E>(
  scene: Scene<Request, Payload>,
  step: Step,
  call: Effect.Effect<A, E>
): Effect.Effect<"no request" | "no end" | "socket open" | "closed"> =>
  Effect.gen(function* () {
    yield* scene.play(step)
    const before = scene.requests().length
    const fiber = yield* Effect.forkDetach(call)
    const ledger = scene.stage.ledger
    const arrived = yield* Effect.timeoutOption(
      ledger.until(() => scene.requests().length > before),
      patience
    )
    fiber.interruptUnsafe()
    if (Option.isNone(arrived)) return "no request"
    const ended = yield* Effect.timeoutOption(Fiber.await(fiber), "2 seconds")
    if (Option.isNone(ended)) return "no end"
    const closed = yield* Effect.timeoutOption(
      ledger.until((seen) =>
        seen.requests().every((entry) => entry.answeredAt !== null || entry.clientClosedAt !== null)
      ),
      "2 seconds"
    )
    return Option.isNone(closed) ? "socket open" : "closed"
  })

/** Every way in which a value may end up in front of somebody. */
export const shows = (value: unknown): string => {
  const json = (): string => {
    try {
      return JSON.stringify(value) ?? ""
    } catch {
      return ""
    }
  }
  const stack = value instanceof Error ? `${value.stack ?? ""}${value.message}` : ""
  return [String(value), inspect(value, { depth: 12, showHidden: true }), json(), stack].join("\n")
}

/** What a call left behind, error or value, as it would be printed in any way. */
export const showsHeard = (heard: Heard<unknown, unknown>): string => {
  switch (heard._tag) {
    case "Success":
      return shows(heard.value)
    case "Failure":
      return `${shows(heard.error)}\n${Cause.pretty(Cause.fail(heard.error))}`
    case "Defect":
      return `${shows(heard.cause)}\n${Cause.pretty(heard.cause)}`
    case "Late":
      return ""
  }
}
