/**
 * A simulated vendor from data: plays any definition, by the samples of what its vendor says.
 *
 * A scan shows the samples of its phases over time, then that of its end. The bodies are the samples', with the scan's own
 * id in them. Keys are looked for where the samples' documented request shows one; the vendor's own errors answer a wrong
 * key, an unknown id and a refused target. What is bought, asked and answered is in the ledger, as with every simulator.
 *
 * Where no function can be given, what is scanned picks the fate: a host under `.example` or `.test` whose first label is
 * one of `reserved`, or a text that begins with one and a `-`, `.`, `:` or `_`.
 *
 * @since 0.2.0
 */
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Answer, Ending } from "./Conformance.ts"
import * as Course from "./internal/course.ts"
import * as definedKit from "./internal/definedKit.ts"
import * as Engine from "./internal/engine.ts"
import type * as Random from "./internal/random.ts"
import type * as Server from "./internal/server.ts"
import * as wire from "./internal/conformanceWire.ts"
import type { Samples, ScanSample } from "./Samples.ts"
import * as Script from "./Script.ts"
import type * as Simulator from "./Simulator.ts"

/**
 * A submission: what was sent, as text, and how many were sent before it for the same, from 0.
 *
 * @category models
 * @since 0.2.0
 */
export interface Submission {
  readonly subject: string
  readonly account: string
  readonly nth: number
}

/**
 * What is to become of a scan. `outcome`: default completed. `sample`: which of the samples of that end is played, from 0.
 * `findings`: scripted answers to the first requests for its findings. `refused`: the vendor turns the submission down.
 *
 * @category models
 * @since 0.2.0
 */
export interface Fate extends Simulator.Fate {
  readonly outcome?: Ending
  readonly sample?: number
  readonly findings?: Script.Steps
  readonly refused?: boolean
}

/**
 * How the simulated vendor behaves. There is no rate limit unless one is given.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options extends Simulator.Options {
  readonly fate?: (submission: Submission) => Fate | undefined
}

/**
 * First labels of reserved hosts, and first words of reserved texts, and the fates they pick: `failed` and `partial` (where
 * the samples have such an end); `never`; `slow` (10 minutes); `busy` (the second poll is answered 429); `flaky` (the first
 * poll meets a gateway's 503); `lost` (accepted, never answered); `risky` and `clean` (the last and the first completed
 * sample); `refused`; `noreport` (the findings answer 500 for ever) and `latereport` (the first three requests for them do).
 *
 * @category constants
 * @since 0.2.0
 */
export const reserved = [
  "failed",
  "partial",
  "never",
  "slow",
  "busy",
  "flaky",
  "lost",
  "risky",
  "clean",
  "refused",
  "noreport",
  "latereport"
] as const

type Word = (typeof reserved)[number]

const isReserved = (word: string | undefined): word is Word => reserved.some((one) => one === word)

/** The texts of a request: of its query, and of its body as JSON or as a form. */
const textsOf = ({ body, query }: Pick<Server.Call, "body" | "query">): ReadonlyArray<string> => {
  const found: Array<string> = []
  const parsed = Course.parseJson(body)
  if (parsed.ok) wire.mapTexts(parsed.value, [], (text) => found.push(text))
  return [...query.values(), ...found, ...(parsed.ok ? [] : new URLSearchParams(body).values())]
}

const wordOf = (texts: ReadonlyArray<string>): Word | null => {
  for (const text of texts) {
    const url = Course.parseUrl(text)
    const word =
      url === null || url.hostname === "" ? /^([a-z]+)(?:[-.:_]|$)/.exec(text)?.[1] : Course.reservedWord(url)
    if (isReserved(word)) return word
  }
  return null
}

const throttled: Script.Step = { status: 429, headers: { "Retry-After": "2" } }

const fates: Readonly<Record<Word, Fate>> = {
  ...Engine.fates(throttled),
  failed: { outcome: "Failed" },
  partial: { outcome: "Partial" },
  risky: { sample: Infinity },
  clean: { sample: 0 },
  refused: { refused: true },
  noreport: { findings: [{ ...Script.html(500), times: Infinity }] },
  latereport: { findings: [{ ...Script.html(500), times: 3 }] }
}

interface Drawn {
  findingsAsked: number
}

type Scan = Engine.Scan<Sent, Fate, Drawn>

/** A submission, and the texts that were sent. */
interface Sent extends Submission {
  readonly texts: ReadonlyArray<string>
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

interface Address {
  readonly isAt: (path: string) => boolean
  /** The id in the address; null where there is none, or the address is another. */
  readonly idIn: (path: string, query: URLSearchParams) => string | null
}

/** A documented address, with `{id}` in its path or its query. */
const addressed = (documented: string): Address => {
  const [pathname = "", search = ""] = documented.split("?", 2)
  const form = new RegExp(`^${escaped(pathname).replace("\\{id\\}", "([^/]+)")}$`)
  const parameter = [...new URLSearchParams(search)].find(([, value]) => value === "{id}")?.[0]
  return {
    isAt: (path) => form.test(path),
    idIn: (path, query) => {
      const found = form.exec(path)
      if (found === null) return null
      return parameter === undefined ? decodeURIComponent(found[1] ?? "") : query.get(parameter)
    }
  }
}

/** An id as the vendor's: the last number in a sample's counted on, or another UUID. */
const idLike = (sample: string, count: number, random: Random.Random): string => {
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(sample)) return random.uuid()
  const number = /(\d{1,15})(?!.*\d)/.exec(sample)
  if (number?.[1] === undefined) return `${sample}${count}`
  const next = String(Number(number[1]) + count).padStart(number[1].length, "0")
  return sample.slice(0, number.index) + next + sample.slice(number.index + number[1].length)
}

const isPending = ({ means }: ScanSample): boolean => means === "queued" || means === "running"

/** The sample that a scan shows now. */
const sampleOf = (
  scans: ReadonlyArray<ScanSample>,
  scan: Scan,
  ended: boolean,
  now: number,
  usual: number
): ScanSample => {
  const wanted = ended
    ? (scan.fate.outcome ?? "Completed")
    : Course.share(scan, now, usual) < 0.1
      ? "queued"
      : "running"
  const some = scans.filter(({ means }) => means === wanted)
  const others = scans.filter((one) => isPending(one) !== ended)
  const from = some.length > 0 ? some : others
  const at = ended ? Math.min(scan.fate.sample ?? 0, from.length - 1) : 0
  const found = from[at] ?? scans[0]
  if (found === undefined) throw new TypeError("there are no samples of scans")
  return found
}

/**
 * Starts the simulated vendor of a definition. It is closed with its scope.
 *
 * **Example** (A vendor of your own, on this machine)
 *
 * ```ts
 * import { SimulatedVendor } from "@scanpoll/testkit"
 * import { Effect } from "effect"
 * import harbourmaster from "./vendors/harbourmaster.ts"
 * import { samples } from "./vendors/harbourmaster.samples.ts"
 *
 * const bought = Effect.gen(function* () {
 *   const vendor = yield* SimulatedVendor.make(harbourmaster, samples, { speed: 60 })
 *   const headers = { authorization: `Bearer ${vendor.key}` }
 *   const body = JSON.stringify({ dataset: "moorings" })
 *   yield* Effect.promise(() => fetch(`${vendor.baseUrl}/v1/scans`, { method: "POST", headers, body }))
 *   return vendor.ledger.accepted().length
 * })
 * await Effect.runPromise(Effect.scoped(bought)) // => 1
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <T, P>(
  vendor: Vendor<T, P>,
  samples: Samples<T>,
  options: Options = {}
): Effect.Effect<Simulator.Simulator, Simulator.SimulatorError, Scope.Scope> => {
  const { calls, name, places } = vendor
  const [accepted] = samples.submit.accepted
  const usual = Duration.toMillis(vendor.budget.typicalDuration)
  const basePath = (URL.parse(vendor.baseUrl ?? "")?.pathname ?? "").replace(/\/$/, "")
  const [submitPath = ""] = samples.submit.sends.path.split("?", 1)
  const submits = samples.submit.sends.method
  const poll = addressed(samples.poll.sends.path)
  const submitId = places.submitId ?? samples.submit.id ?? []
  const written = (id: string): unknown => (vendor.ids === "number" ? Number(id) : id)
  const errors = samples.errors ?? []
  const errorOf = (wanted: (row: (typeof errors)[number]) => boolean, status: number, code: string): Answer =>
    errors.find(wanted)?.answer ?? { status, body: definedKit.errorBody(vendor, code) }
  const denied = errorOf(({ poll }) => poll === "Denied", 401, "unauthorized")
  const missing = errorOf(({ answer, poll }) => poll === "Missing" && answer.status === 404, 404, "not-found")
  const refused = errorOf(({ answer, submit }) => submit === "Refused" && answer.status !== 429, 422, "refused")
  const sampleId = String(
    places.location === null ? wire.get(accepted.body, submitId) : locationId(places.location, accepted)
  )

  const own = ({ body, headers, status = 200 }: Answer): Server.Answer => ({
    status,
    body,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : []))
    )
  })
  const play = (stage: Engine.Stage<Sent, Fate, Drawn>): Engine.Play<Sent, Fate, Drawn> => {
    let count = 0

    /** An answer of the samples, about this scan. */
    const about = (answer: Answer, id: string, place: wire.Path | null): Answer => {
      const told = wire.mapTexts(answer.body, [], (text) => (text === sampleId ? id : text))
      const headers = Object.entries(answer.headers ?? {}).map(([key, value]) => [
        key,
        typeof value === "string" ? value.replace(sampleId, id) : value
      ])
      return {
        ...answer,
        body: place === null || place.length === 0 ? told : wire.set(told, place, written(id)),
        headers: Object.fromEntries(headers)
      }
    }

    const status = (scan: Scan, ended: boolean, now: number): Answer => {
      const { answer } = sampleOf(samples.poll.scans, scan, ended, now, usual)
      const word = ended ? undefined : Course.word(scan.fate, scan)
      const told = about(answer, scan.id, (answer.status ?? 200) === 200 ? places.id : null)
      const worded = word === undefined || places.word === null ? told.body : wire.set(told.body, places.word, word)
      return { ...told, body: wire.isRecord(worded) ? { ...worded, ...scan.fate.merge } : worded }
    }

    const findings = (call: Server.Call, account: string | null): Server.Reply => {
      const scan = stage.find(call.scanId, account)
      if (scan === undefined) return Engine.reply(own(missing))
      const pages = samples.findings?.pages ?? []
      const nth = scan.drawn.findingsAsked++
      const step = call.scripted ? null : Script.at(scan.fate.findings ?? [], nth)
      const page = pages[nth % Math.max(1, pages.length)]
      if (step !== null) return { answer: null, step }
      return Engine.reply(own(page === undefined ? missing : about(page, scan.id, samples.findings?.id ?? null)))
    }

    const findingsPath = calls.findings?.path
    const findingsOf =
      typeof findingsPath === "string"
        ? addressed(findingsPath).idIn
        : (path: string) => functional(findingsPath, stage.scans, path)

    const behind = (path: string): string => path.slice(basePath.length)

    return {
      routes: (method, parts) => {
        const path = behind(`/${parts.join("/")}`)
        if (method === submits && path === submitPath) return { route: "submit" }
        if (method !== "GET") return { route: typeof calls.submit.path === "function" ? "submit" : "unknown" }
        const none = new URLSearchParams()
        const found = findingsPath === undefined ? null : findingsOf(path, none)
        if (found !== null) return { route: "findings", scanId: found }
        const scanId = poll.idIn(path, none)
        return poll.isAt(path) ? { route: "status", ...(scanId === null ? {} : { scanId }) } : { route: "unknown" }
      },
      refuse: ({ credential }) => (credential?.state === "active" ? null : own(denied)),
      owner: ({ credential }) => credential?.account ?? null,
      limited: () => ({ answer: null, step: throttled }),
      idOf: (call) => poll.idIn(behind(call.path.split("?", 1)[0] ?? ""), call.query),
      missing: () => own(missing),
      unknown: () => own(missing),
      wanted: (call, owner) => {
        const texts = textsOf(call)
        const subject = texts.join(" ") || call.body
        const account = owner ?? ""
        const submission = (nth: number): Sent => ({ subject, account, nth, texts })
        return { subject: `${account} ${subject}`, submission, billed: { subject, credits: 1 } }
      },
      fate: ({ texts, ...submission }) =>
        options.fate?.(submission) ?? Engine.fateOf(fates, wordOf(texts) ?? undefined) ?? {},
      refusal: (_, fate) => (fate.refused === true ? own(refused) : null),
      draw: (random, _, fate) => ({
        duration: random.lognormal(usual, 0.25, usual / 3, usual * 3),
        id: fate.id ?? idLike(sampleId, ++count, random),
        drawn: { findingsAsked: 0 }
      }),
      accepted: ({ id }) => own(about(accepted, id, places.location === null ? submitId : null)),
      status: (scan, ended, call) => own(status(scan, ended, call.now)),
      calls: { findings }
    }
  }

  return Engine.start(
    { name, key: samples.keys?.[0] ?? `${name}-simulated-key-0123456789`, rateLimit: null, basePath },
    { ...options, auth: options.auth ?? definedKit.authFor(vendor.auth, samples.submit.sends) },
    play,
    nothingEarlier
  )
}

/** What was there before it started is in no samples. */
const nothingEarlier = (none: never): never => none

const locationId = ({ location }: { readonly location: RegExp }, answer: Answer): string => {
  const found = Object.entries(answer.headers ?? {}).find(([key]) => key.toLowerCase() === "location")?.[1]
  return typeof found === "string" ? (location.exec(found)?.[1] ?? "") : ""
}

/** The known scan whose address a function makes. */
const functional = (
  path: ((scanId: string) => string) | undefined,
  scans: Course.Store<Scan>,
  asked: string
): string | null => scans.newestFirst().find(({ id }) => path?.(id) === asked)?.id ?? null
