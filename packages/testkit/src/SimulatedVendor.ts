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
import * as Random from "./internal/random.ts"
import * as Server from "./internal/server.ts"
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

const reservedFate = (word: Word | null): Fate => {
  switch (word) {
    case "failed":
      return { outcome: "Failed" }
    case "partial":
      return { outcome: "Partial" }
    case "never":
      return { duration: Infinity }
    case "slow":
      return { duration: "10 minutes" }
    case "busy":
      return { polls: [null, throttled] }
    case "flaky":
      return { polls: [Script.html(503)] }
    case "lost":
      return { submit: [Script.acceptedNeverAnswered] }
    case "risky":
      return { sample: Infinity }
    case "clean":
      return { sample: 0 }
    case "refused":
      return { refused: true }
    case "noreport":
      return { findings: [{ ...Script.html(500), times: Infinity }] }
    case "latereport":
      return { findings: [{ ...Script.html(500), times: 3 }] }
    case null:
      return {}
  }
}

interface Scan extends Course.Course {
  readonly id: string
  readonly account: string
  readonly fate: Fate
  findingsAsked: number
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
  const reply = (answer: Answer): Server.Reply => ({ answer: own(answer), step: null })

  return Server.make(
    name,
    { ...options, auth: options.auth ?? definedKit.authFor(vendor.auth, samples.submit.sends) },
    { key: samples.keys?.[0] ?? `${name}-simulated-key-0123456789`, rateLimit: null, basePath },
    (kit) => {
      const scans = Course.makeStore<Scan>(kit.capacity)
      const nth = Course.makeCounter(kit.capacity)
      const random = Random.make(kit.seed, name)
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

      const submit = (call: Server.Call, account: string): Server.Reply => {
        const texts = textsOf(call)
        const subject = texts.join(" ") || call.body
        const submission: Submission = { subject, account, nth: nth(`${account} ${subject}`) }
        const fate = options.fate?.(submission) ?? reservedFate(wordOf(texts))
        if (fate.refused === true) return reply(refused)
        const step = call.scripted ? null : Script.at(fate.submit ?? [], submission.nth)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        count++
        const id = fate.id ?? idLike(sampleId, count, random)
        const length = random.lognormal(usual, 0.25, usual / 3, usual * 3)
        scans.set(id, { ...Course.begin(fate, call.now, length), id, account, fate, findingsAsked: 0 })
        return {
          answer: {
            ...own(about(accepted, id, places.location === null ? submitId : null)),
            submission: { scanId: id, subject, credits: 1, cached: false }
          },
          step
        }
      }

      const status = (call: Server.Call, scan: Scan): Server.Reply => {
        const step = call.scripted ? null : Script.at(scan.fate.polls ?? [], scan.asked++)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const ended = Course.look(scan, call.now)
        const { answer } = sampleOf(samples.poll.scans, scan, ended, call.now, usual)
        const word = ended ? undefined : Course.word(scan.fate, scan)
        const told = about(answer, scan.id, (answer.status ?? 200) === 200 ? places.id : null)
        const worded = word === undefined || places.word === null ? told.body : wire.set(told.body, places.word, word)
        const body = wire.isRecord(worded) ? { ...worded, ...scan.fate.merge } : worded
        return { answer: own({ ...told, body }), step }
      }

      const findings = (call: Server.Call, scan: Scan): Server.Reply => {
        const pages = samples.findings?.pages ?? []
        const step = call.scripted ? null : Script.at(scan.fate.findings ?? [], scan.findingsAsked)
        const page = pages[scan.findingsAsked++ % Math.max(1, pages.length)]
        if (step !== null) return { answer: null, step }
        return page === undefined ? reply(missing) : reply(about(page, scan.id, samples.findings?.id ?? null))
      }

      const findingsPath = calls.findings?.path
      const findingsOf =
        typeof findingsPath === "string"
          ? addressed(findingsPath).idIn
          : (path: string) => functional(findingsPath, scans, path)

      const behind = (path: string): string => path.slice(basePath.length)

      return {
        route: (method, parts) => {
          const path = behind(`/${parts.join("/")}`)
          if (method === submits && path === submitPath) return { route: "submit" }
          if (method !== "GET") return { route: typeof calls.submit.path === "function" ? "submit" : "unknown" }
          const none = new URLSearchParams()
          const found = findingsPath === undefined ? null : findingsOf(path, none)
          if (found !== null) return { route: "findings", scanId: found }
          const scanId = poll.idIn(path, none)
          return poll.isAt(path) ? { route: "status", ...(scanId === null ? {} : { scanId }) } : { route: "unknown" }
        },
        headers: (call) => kit.limiter.headers(call),
        handle: (call) => {
          const { credential } = call
          if (credential === null || credential.state !== "active") return reply(denied)
          if (!kit.limiter.take(call)) return { answer: null, step: throttled }
          const path = behind(call.path.split("?", 1)[0] ?? "")
          const id = call.route === "status" ? poll.idIn(path, call.query) : call.scanId
          const scan = id === null ? undefined : scans.get(id)
          if (call.route === "submit") return submit(call, credential.account)
          if (scan === undefined || scan.account !== credential.account) return reply(missing)
          return call.route === "findings" ? findings(call, scan) : status(call, scan)
        }
      }
    }
  )
}

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
