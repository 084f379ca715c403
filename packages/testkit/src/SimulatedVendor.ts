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
import type { IdPath } from "@scanpoll/core/vendor/Definition"
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Answer, Ending } from "./Conformance.ts"
import * as Addressed from "./internal/addressed.ts"
import * as Course from "./internal/course.ts"
import * as definedKit from "./internal/definedKit.ts"
import * as Engine from "./internal/engine.ts"
import * as Random from "./internal/random.ts"
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

/** The web address that a request names first. */
const addressIn = (texts: ReadonlyArray<string>): URL | null =>
  texts.map(Course.parseUrl).find((url) => url?.protocol === "https:" || url?.protocol === "http:") ?? null

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
  cancelled: boolean
}

type Scan = Engine.Scan<Sent, Fate, Drawn>

/** A submission, and the texts that were sent. */
interface Sent extends Submission {
  readonly texts: ReadonlyArray<string>
  /** The id that was prepared for it, where its address has one. */
  readonly prepared: string | null
  /** What of the id its address says already. */
  readonly parts: ReadonlyArray<string | undefined>
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

/** Of the samples of an end, the one that a fate wants. */
const chosen = <A>(from: ReadonlyArray<A>, { sample = 0 }: Fate): A | undefined =>
  from[Math.min(sample, from.length - 1)] ?? from[0]

/** The sample that a scan shows now. A verdict at a second address is shown by a word that says no more than that. */
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
  const elsewhere = scans.filter(({ means }) => ended && means === "ended")
  const others = scans.filter((one) => isPending(one) !== ended)
  const from = [some, elsewhere, others].find(({ length }) => length > 0) ?? []
  const found = (ended ? chosen(from, scan.fate) : from[0]) ?? scans[0]
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
  const submission = definedKit.submissionOf(samples)
  const [accepted] = submission.accepted
  const usual = Duration.toMillis(vendor.budget.typicalDuration)
  const shownUrl = addressIn(textsOf({ body: JSON.stringify(vendor.sample), query: new URLSearchParams() }))
  const basePath = (URL.parse(vendor.baseUrl ?? "")?.pathname ?? "").replace(/\/$/, "")
  const shortId = String(
    places.location !== null ? locationId(places.location, accepted) : wire.get(...idPlace(vendor, samples))
  )
  const isWhole = samples.poll.sends.path.includes("{id}")
  const sampleId = Addressed.sampleIdOf(
    isWhole ? shortId : (submission.scanId ?? "{id}").replace("{id}", shortId),
    isWhole
  )
  const addressOf = (documented: string) => Addressed.addressed(documented, sampleId)
  const resultAt = samples.result === undefined ? null : addressOf(samples.result.sends.path)
  const cancelAt = samples.cancel === undefined ? null : addressOf(samples.cancel.sends.path)
  const preparing = (samples.prepare ?? []).map((call) => ({ ...call, address: addressOf(call.sends.path) }))
  const submits = submission.sends?.method
  const poll = addressOf(samples.poll.sends.path)
  // Where one address both starts and tells, a parameter of the documented start is what starts.
  const switches = submits === "GET" ? Addressed.switchesOf(submission.sends?.path ?? "", samples.poll.sends.path) : []
  const submitAt = submission.sends === null ? null : Addressed.addressed(submission.sends.path, sampleId, switches)
  const startsOrTells = switches.length > 0 ? addressOf(submission.sends?.path ?? "") : null
  const submitId = places.submitId ?? definedKit.idPlaceOf(submission) ?? []
  const written = (id: string): unknown => (vendor.ids === "number" ? Number(id) : id)
  const errors = samples.errors ?? []
  const errorOf = (wanted: (row: (typeof errors)[number]) => boolean, status: number, code: string): Answer =>
    errors.find(wanted)?.answer ?? { status, body: definedKit.errorBody(vendor, code) }
  const denied = errorOf(({ poll }) => poll === "Denied", 401, "unauthorized")
  const missing = errorOf(({ answer, poll }) => poll === "Missing" && answer.status === 404, 404, "not-found")
  const refused = errorOf(({ answer, submit }) => submit === "Refused" && answer.status !== 429, 422, "refused")

  const own = ({ body, headers, status = 200 }: Answer): Server.Answer => ({
    status,
    body,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : []))
    )
  })
  const play = (stage: Engine.Stage<Sent, Fate, Drawn>): Engine.Play<Sent, Fate, Drawn> => {
    let count = 0
    const behind = (path: string): string => path.slice(basePath.length)

    const partsOf = (id: string): ReadonlyArray<string> => Addressed.sampleIdOf(id, isWhole).parts

    /** An answer of the samples, about this scan. */
    const about = (answer: Answer, id: string, place: wire.Path | null): Answer => {
      const parts = partsOf(id)
      const partOf = (value: string): string | undefined => parts[sampleId.parts.indexOf(value)]
      // Numbers are parts of an id only where there are several: the times of a start.
      const told = wire.mapValues(answer.body, (value) =>
        typeof value === "string"
          ? (partOf(value) ?? value)
          : typeof value === "number" && parts.length > 1
            ? Number(partOf(String(value)) ?? value)
            : value
      )
      const headers = Object.entries(answer.headers ?? {}).map(([key, value]) => [
        key,
        typeof value === "string" ? value.replace(shortId, id) : value
      ])
      return {
        ...answer,
        body: place === null || place.length === 0 || parts.length > 1 ? told : wire.set(told, place, written(id)),
        headers: Object.fromEntries(headers)
      }
    }

    const mine = (account: string | null): ReadonlyArray<Scan> =>
      stage.scans.newestFirst().filter(({ owner }) => owner === account)

    /** The newest scan that an address speaks of; where it names none, the one that was asked for least. */
    const asked = (address: Addressed.Address, call: Server.Call, account: string | null) => {
      const parts = address.partsIn(behind(pathOf(call)), call.query)
      if (parts === null) return undefined
      const found = mine(account).filter(({ id }) =>
        partsOf(id).every((part, at) => parts[at] === undefined || parts[at] === part)
      )
      if (address.tells) return found[0]
      const open = found.filter(({ settled }) => !settled)
      return (open.length > 0 ? open : found).toSorted((a, b) => a.asked - b.asked)[0]
    }

    /** The same, and about the address that was submitted: the samples name that of their own request. */
    const ofSubject = (answer: Answer, { submission }: Scan): Answer => {
      const url = addressIn(submission.texts)
      return url === null || shownUrl === null || url.host === shownUrl.host
        ? answer
        : { ...answer, body: wire.mapTexts(answer.body, [], (text) => text.replaceAll(shownUrl.host, url.host)) }
    }

    const statusOf = (scan: Scan, ended: boolean, now: number): Answer => {
      if (scan.drawn.cancelled && samples.cancel !== undefined) return about(samples.cancel.after, scan.id, places.id)
      const { answer } = sampleOf(samples.poll.scans, scan, ended, now, usual)
      const word = ended ? undefined : Course.word(scan.fate, scan)
      const told = about(ofSubject(answer, scan), scan.id, (answer.status ?? 200) === 200 ? places.id : null)
      const worded = word === undefined || places.word === null ? told.body : wire.set(told.body, places.word, word)
      return { ...told, body: wire.isRecord(worded) ? { ...worded, ...scan.fate.merge } : worded }
    }

    /** An address that names no scan answers with a row for each. */
    const status = (scan: Scan, ended: boolean, now: number): Answer => {
      const told = statusOf(scan, ended, now)
      if (poll.tells) return told
      const others = mine(scan.owner).flatMap((other) =>
        other === scan ? [] : rowsWith(statusOf(other, Course.hasEnded(other, now), now).body, other.id).rows
      )
      const { at } = rowsWith(told.body, scan.id)
      const rows = at === null ? null : wire.get(told.body, at)
      return at === null || !Array.isArray(rows)
        ? told
        : { ...told, body: wire.set(told.body, at, [...rows, ...others]) }
    }

    /** The list without a scan of ours. */
    const nothing = (): Answer => {
      const [first] = samples.poll.scans
      const { at, rows } = rowsWith(first.answer.body, shortId)
      const all = at === null ? null : wire.get(first.answer.body, at)
      return poll.tells || at === null || !Array.isArray(all)
        ? missing
        : {
            ...first.answer,
            body: wire.set(
              first.answer.body,
              at,
              all.filter((row: unknown) => !rows.includes(row))
            )
          }
    }

    /** What is asked about one scan at an address of its own. */
    const ofScan =
      (address: Addressed.Address | null, told: (scan: Scan, call: Server.Call) => Answer) =>
      (call: Server.Call, account: string | null): Server.Reply => {
        const id = address?.idIn(behind(pathOf(call)), call.query) ?? ""
        // An address without an id is that of the newest scan.
        const scan =
          id !== ""
            ? stage.find(id, account)
            : address?.tells === true
              ? asked(address, call, account)
              : mine(account)[0]
        return Engine.reply(own(scan === undefined ? missing : told(scan, call)))
      }

    const result = ofScan(resultAt, (scan, { now }) => {
      const ends = samples.result?.scans ?? []
      if (!Course.hasEnded(scan, now)) return missing
      const some = ends.filter(({ means }) => means === (scan.fate.outcome ?? "Completed"))
      const found = chosen(some.length > 0 ? some : ends, scan.fate)
      return found === undefined ? missing : about(ofSubject(found.answer, scan), scan.id, null)
    })

    const cancel = ofScan(cancelAt, (scan) => {
      scan.settled = true
      scan.drawn.cancelled = true
      return samples.cancel === undefined ? missing : about(samples.cancel.answer, scan.id, null)
    })

    /** A call of `prepare`: the first one's answer has a new id, the others' have the one in their address. */
    const prepare = (call: Server.Call): Server.Reply => {
      const found = preparing.find(
        ({ address, sends }) => sends.method === call.method && address.isAt(behind(pathOf(call)), call.query)
      )
      if (found === undefined) return Engine.reply(own(missing))
      const before = found.address.idIn(behind(pathOf(call)), call.query) ?? ""
      const id = before === "" ? idLike(shortId, ++count, Random.make(stage.seed, `${name} prepared`, count)) : before
      return Engine.reply(own(about(found.answer, id, null)))
    }

    const findings = (call: Server.Call, account: string | null): Server.Reply => {
      // An address without an id is that of the newest scan.
      const scan = (call.scanId ?? "") === "" ? mine(account)[0] : stage.find(call.scanId, account)
      if (scan === undefined) return Engine.reply(own(missing))
      const pages = samples.findings?.pages ?? []
      const nth = scan.drawn.findingsAsked++
      const step = call.scripted ? null : Script.at(scan.fate.findings ?? [], nth)
      const page = pages[nth % Math.max(1, pages.length)]
      if (step !== null) return { answer: null, step }
      return Engine.reply(
        own(page === undefined ? missing : about(ofSubject(page, scan), scan.id, samples.findings?.id ?? null))
      )
    }

    const isKnown = (path: string, query: URLSearchParams): boolean => {
      const parts = poll.partsIn(path, query)
      return stage.scans.newestFirst().some(({ id }) => partsOf(id).every((part, at) => (parts?.[at] ?? part) === part))
    }

    const findingsPath = calls.findings?.path
    const findingsOf =
      typeof findingsPath === "string"
        ? addressOf(findingsPath).idIn
        : (path: string) => functional(findingsPath, stage.scans, path)

    /** What an address has said of an id, and the rest as the vendor's. */
    const drawn = (said: ReadonlyArray<string | undefined>, count: number, random: Random.Random): string =>
      Addressed.joined(
        sampleId,
        sampleId.parts.map((part, at) => said[at] ?? idLike(part, count, random))
      )

    /** Where a call of the preparation is the request of a poll, too: a list of all scans. */
    const isPoll = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
      method === samples.poll.sends.method && path === samples.poll.sends.path

    return {
      routes: (method, segments, query) => {
        const path = behind(`/${segments.join("/")}`)
        if (method === submits && submitAt?.isAt(path, query) === true) return { route: "submit" }
        // Asking for what nobody has started starts it.
        if (method === submits && startsOrTells?.isAt(path, query) === true && !isKnown(path, query)) {
          return { route: "submit" }
        }
        if (preparing.some((one) => one.sends.method === method && one.address.isAt(path, query) && !isPoll(one.sends)))
          return { route: "prepare" }
        if (samples.cancel?.sends.method === method && cancelAt?.isAt(path, query) === true) return { route: "cancel" }
        if (method === "GET" && resultAt?.isAt(path, query) === true) return { route: "result" }
        if (method !== "GET") return { route: typeof calls.submit?.path === "function" ? "submit" : "unknown" }
        const found = findingsPath === undefined ? null : findingsOf(path, query)
        if (found !== null) return { route: "findings", scanId: found }
        const scanId = poll.idIn(path, query)
        return poll.isAt(path, query)
          ? { route: "status", ...(scanId === null || scanId === "" ? {} : { scanId }) }
          : { route: "unknown" }
      },
      refuse: ({ credential }) => (credential?.state === "active" ? null : own(denied)),
      owner: ({ credential }) => credential?.account ?? null,
      limited: () => ({ answer: null, step: throttled }),
      idOf: (call) =>
        isWhole
          ? poll.idIn(behind(pathOf(call)), call.query)
          : (asked(poll, call, call.credential?.account ?? null)?.id ?? null),
      adopt: (call, owner) => {
        const path = behind(pathOf(call))
        const told = poll.partsIn(path, call.query)?.flatMap((part) => part ?? []) ?? []
        const id = isWhole ? (poll.idIn(path, call.query) ?? "") : Addressed.joined(sampleId, told)
        if (submission.sends !== null || !vendor.isId(id) || id === vendor.probe) return null
        const sent = { subject: id, account: owner ?? "", nth: 0, texts: [id], prepared: null, parts: told }
        const fate = options.fate?.(sent) ?? Engine.fateOf(fates, wordOf([id]) ?? undefined) ?? {}
        return { submission: sent, subject: id, owner: owner ?? "", fate: { ...fate, id }, createdAt: call.now }
      },
      missing: () => own(nothing()),
      unknown: () => own(missing),
      wanted: (call, owner) => {
        const texts = textsOf(call)
        const subject = texts.join(" ") || call.body
        const account = owner ?? ""
        const path = behind(pathOf(call))
        const id = submitAt?.idIn(path, call.query) ?? null
        const prepared = id === "" ? null : id
        const parts = (startsOrTells ?? submitAt)?.partsIn(path, call.query) ?? []
        const submission = (nth: number): Sent => ({ subject, account, nth, texts, prepared, parts })
        return { subject: `${account} ${subject}`, submission, billed: { subject, credits: 1 } }
      },
      fate: ({ account, nth, subject, texts }) =>
        options.fate?.({ subject, account, nth }) ?? Engine.fateOf(fates, wordOf(texts) ?? undefined) ?? {},
      refusal: (_, fate) => (fate.refused === true ? own(refused) : null),
      draw: (random, { parts, prepared }, fate) => ({
        duration: random.lognormal(usual, 0.25, usual / 3, usual * 3),
        id: fate.id ?? prepared ?? drawn(parts, ++count, random),
        drawn: { findingsAsked: 0, cancelled: false }
      }),
      accepted: ({ id }) => own(about(accepted, id, places.location === null ? submitId : null)),
      status: (scan, ended, call) => own(status(scan, ended, call.now)),
      calls: { cancel, findings, prepare, result }
    }
  }

  return Engine.start(
    { name, key: samples.keys?.[0] ?? `${name}-simulated-key-0123456789`, rateLimit: null, basePath },
    { ...options, auth: options.auth ?? definedKit.authFor(vendor.auth, submission.sends ?? samples.poll.sends) },
    play,
    nothingEarlier
  )
}

/** What was there before it started is in no samples. */
const nothingEarlier = (none: never): never => none

const pathOf = ({ path }: Server.Call): string => path.split("?", 1)[0] ?? ""

/** The answer with the id of the samples' scan, and where it is there: the submission's, or that of what it was prepared by. */
const idPlace = <T, P>({ calls, places }: Vendor<T, P>, samples: Samples<T>): [unknown, wire.Path] => {
  const { prepare } = samples
  const submit = definedKit.submissionOf(samples)
  const place = places.submitId ?? definedKit.idPlaceOf(submit)
  const [prepared] = calls.prepare.flatMap(({ take }, at) => {
    const answer = prepare?.[at]?.answer
    return Array.isArray(take) && answer !== undefined ? [{ body: answer.body, take }] : []
  })
  return place === undefined && prepared !== undefined
    ? [prepared.body, prepared.take]
    : [submit.accepted[0].body, place ?? []]
}

const locationId = ({ location }: { readonly location: RegExp }, answer: Answer): string => {
  const found = Object.entries(answer.headers ?? {}).find(([key]) => key.toLowerCase() === "location")?.[1]
  return typeof found === "string" ? (location.exec(found)?.[1] ?? "") : ""
}

/** The known scan whose address a function makes. */
const functional = (
  path: Exclude<IdPath, string> | undefined,
  scans: Course.Store<Scan>,
  asked: string
): string | null => scans.newestFirst().find(({ id }) => path?.(encodeURIComponent(id), null) === asked)?.id ?? null

/** The rows of a list that are about a scan, and where the list is. */
const rowsWith = (
  body: unknown,
  id: string,
  at: wire.Path = []
): { readonly at: wire.Path | null; readonly rows: ReadonlyArray<unknown> } => {
  if (Array.isArray(body)) {
    const rows = body.filter((row: unknown) => wire.isRecord(row) && Object.values(row).includes(id))
    if (rows.length > 0) return { at, rows }
  }
  if (typeof body !== "object" || body === null) return { at: null, rows: [] }
  for (const [name, inner] of Object.entries(body)) {
    const found = rowsWith(inner, id, [...at, Array.isArray(body) ? Number(name) : name])
    if (found.at !== null) return found
  }
  return { at: null, rows: [] }
}
