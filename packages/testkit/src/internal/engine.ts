/**
 * The engine of all simulated vendors: who asks and how much, what is bought, how far each scan is, and which scripted step
 * comes between. A `Play` says what one vendor answers.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Script from "../Script.ts"
import type { Fate, Options, RateLimit, SimulatorError, WithEarlier } from "../Simulator.ts"
import * as Course from "./course.ts"
import * as Random from "./random.ts"
import * as Server from "./server.ts"

/** A scan in the vendor's books. Only its owner sees it. `drawn`: what the seed decides about it. */
export interface Scan<S, F, D> extends Course.Course {
  readonly id: string
  readonly owner: string
  readonly submission: S
  readonly fate: F
  readonly drawn: D
  readonly seed: string
}

/** A submission that is taken. Those with one `subject` are counted together. */
export interface Wanted<S> {
  readonly subject: string
  readonly submission: (nth: number) => S
  readonly billed: { readonly subject: string; readonly credits: number }
}

/** A scan that is put into the books; an hour ago, unless it says when. */
export interface Planted<S, F> {
  readonly submission: S
  readonly subject: string
  readonly owner: string
  readonly fate: F
  readonly createdAt?: number
}

export interface Stage<S, F, D> extends Server.Kit {
  readonly scans: Course.Store<Scan<S, F, D>>
  readonly plant: (planted: Planted<S, F>) => Scan<S, F, D>
  readonly find: (id: string | null, owner: string | null) => Scan<S, F, D> | undefined
}

/**
 * What one vendor answers.
 *
 * - `routes`: names of endpoints by `METHOD /path`, the first that fits; `*` is any method or part, `{id}` a scan's id.
 * - `refuse`: an answer before anything counts. `owner`: whose scans a request sees; null for a stranger.
 * - `wanted`: an answer turns the submission down, or is a cached one. `refusal`: what a fate turns down. `full`: what is
 *   refused although no script stood in the way.
 * - `draw`: in the order of the properties. `seed`: what it is drawn from.
 * - `idOf`: the scan a poll is about, where it is not in the path. `calls`: all endpoints other than `submit` and `status`.
 */
export interface Play<S, F, D> {
  readonly routes: Readonly<Record<string, string>> | Server.Behaviour["route"]
  readonly headers?: (call: Server.Call) => Readonly<Record<string, string>>
  readonly refuse?: (call: Server.Call) => Server.Answer | null
  readonly owner: (call: Server.Call) => string | null
  readonly limited: (call: Server.Call, seconds: number) => Server.Reply
  readonly idOf?: (call: Server.Call) => string | null
  /** A scan that nobody submitted here and that the vendor has all the same; null where it has none. */
  readonly adopt?: (call: Server.Call, owner: string | null) => Planted<S, F> | null
  readonly missing: (call: Server.Call) => Server.Answer
  readonly unknown: (call: Server.Call) => Server.Answer
  readonly wanted: (call: Server.Call, owner: string | null) => Wanted<S> | Server.Answer
  readonly fate: (submission: S, call: Server.Call) => F
  readonly refusal?: (submission: S, fate: F) => Server.Answer | null
  readonly full?: () => Server.Answer | null
  readonly seed?: (subject: string, nth: number) => ReadonlyArray<string | number>
  readonly draw: (random: Random.Random, submission: S, fate: F) => { duration: number; id: string; drawn: D }
  readonly accepted: (scan: Scan<S, F, D>, call: Server.Call) => Server.Answer
  readonly status: (scan: Scan<S, F, D>, ended: boolean, call: Server.Call) => Server.Answer
  readonly calls?: Readonly<Record<string, (call: Server.Call, owner: string | null) => Server.Reply>>
}

export const answer = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Server.Answer => ({
  status,
  body,
  ...(headers === undefined ? {} : { headers })
})

export const reply = (own: Server.Answer): Server.Reply => ({ answer: own, step: null })

/** The fates that all vendors' reserved words have in common. */
export const fates = (throttled: Script.Step) =>
  ({
    never: { duration: Infinity },
    slow: { duration: "10 minutes" },
    busy: { polls: [null, throttled] },
    flaky: { polls: [Script.html(503)] },
    lost: { submit: [Script.acceptedNeverAnswered] }
  }) as const satisfies Readonly<Record<string, Fate>>

/** The fate that a word picks; none for another word. */
export const fateOf = <F>(fates: Readonly<Record<string, F>>, word: string | undefined): F | undefined =>
  word !== undefined && Object.hasOwn(fates, word) ? fates[word] : undefined

const router = (routes: Readonly<Record<string, string>>): Server.Behaviour["route"] => {
  const known = Object.entries(routes).map(([key, route]) => {
    const [method = "", path = ""] = key.split(" ")
    return { method, parts: path.split("/").slice(1), route }
  })
  return (method, asked) => {
    const found = known.find(
      (one) =>
        (one.method === method || one.method === "*") &&
        one.parts.length === asked.length &&
        one.parts.every((part, at) => part === "*" || (part === "{id}" ? asked[at] !== "" : part === asked[at]))
    )
    const scanId = asked[found?.parts.indexOf("{id}") ?? -1]
    return { route: found?.route ?? "unknown", ...(scanId === undefined ? {} : { scanId }) }
  }
}

const hourMillis = 3_600_000

/** Starts a simulated vendor. `earlier` says how its options and `plant` put a scan into the books. */
export const start = Effect.fnUntraced(function* <S, F extends Fate, D, E>(
  vendor: {
    readonly name: string
    readonly key: string
    readonly rateLimit: RateLimit | null
    readonly basePath?: string
  },
  options: Options & { readonly earlier?: ReadonlyArray<E> },
  play: (stage: Stage<S, F, D>) => Play<S, F, D>,
  earlier: (scan: E, stage: Stage<S, F, D>) => Planted<S, F>
): Effect.fn.Return<WithEarlier<E>, SimulatorError, Scope.Scope> {
  let plant: (scan: E) => string = () => ""
  const simulator = yield* Server.make(vendor.name, options, { basePath: "", ...vendor }, (kit) => {
    const scans = Course.makeStore<Scan<S, F, D>>(kit.capacity)
    const kept = Course.makeCounter(kit.capacity)
    const counted = Course.makeCounter(kit.capacity)
    const stage: Stage<S, F, D> = {
      ...kit,
      scans,
      find: (id, owner) => {
        const scan = scans.get(id ?? "")
        return scan?.owner === owner ? scan : undefined
      },
      plant: ({ createdAt = kit.time.now() - hourMillis, fate, owner, subject, submission }) => {
        const nth = kept(subject)
        const seed = `${subject} ${nth}`
        const random = Random.make(kit.seed, `${vendor.name} scan`, ...(acts.seed?.(subject, nth) ?? [seed]))
        const { drawn, duration, id } = acts.draw(random, submission, fate)
        const scan = { ...Course.begin(fate, createdAt, duration), id, owner, submission, fate, drawn, seed }
        scans.set(id, scan)
        return scan
      }
    }
    const acts = play(stage)
    plant = (scan) => stage.plant(earlier(scan, stage)).id
    options.earlier?.forEach((scan) => plant(scan))

    const submit = (call: Server.Call, owner: string | null): Server.Reply => {
      const wanted = acts.wanted(call, owner)
      if ("status" in wanted) return reply(wanted)
      const { billed, subject } = wanted
      const nth = counted(subject)
      const submission = wanted.submission(nth)
      const fate = acts.fate(submission, call)
      const refusal = acts.refusal?.(submission, fate) ?? null
      if (refusal !== null) return reply(refusal)
      const step = call.scripted ? null : Script.at(fate.submit ?? [], nth)
      if (step !== null && !Script.acts(step)) return { answer: null, step }
      const full = acts.full?.() ?? null
      if (full !== null) return reply(full)
      const scan = stage.plant({ submission, subject, owner: owner ?? "", fate, createdAt: call.now })
      return {
        answer: { ...acts.accepted(scan, call), submission: { ...billed, scanId: scan.id, cached: false } },
        step
      }
    }

    const status = (call: Server.Call, owner: string | null): Server.Reply => {
      const known = stage.find(acts.idOf === undefined ? call.scanId : acts.idOf(call), owner)
      const adopted = known === undefined ? (acts.adopt?.(call, owner) ?? null) : null
      const scan = known ?? (adopted === null ? undefined : stage.plant(adopted))
      if (scan === undefined) return reply(acts.missing(call))
      const step = call.scripted ? null : Script.at(scan.fate.polls ?? [], scan.asked++)
      if (step !== null && !Script.acts(step)) return { answer: null, step }
      return { answer: acts.status(scan, Course.look(scan, call.now), call), step }
    }

    const calls: Play<S, F, D>["calls"] = { ...acts.calls, submit, status }
    return {
      route: typeof acts.routes === "function" ? acts.routes : router(acts.routes),
      headers: (call) => ({ ...acts.headers?.(call), ...kit.limiter.headers(call) }),
      handle: (call) => {
        const refusal = acts.refuse?.(call) ?? null
        if (refusal !== null) return reply(refusal)
        if (!kit.limiter.take(call)) return acts.limited(call, kit.limiter.secondsLeft())
        const handler = Object.hasOwn(calls, call.route) ? calls[call.route] : undefined
        return handler === undefined ? reply(acts.unknown(call)) : handler(call, acts.owner(call))
      }
    }
  })
  return { ...simulator, plant: (scan) => Effect.sync(() => plant(scan)) }
})
