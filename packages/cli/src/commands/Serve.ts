/**
 * `scanpoll serve`: the journal over HTTP, until a signal. It reads, and neither asks a vendor nor changes the journal, unless
 * `--allow reconcile` lets people decide about submissions in doubt, or `--keep` forgets what polls saw.
 *
 * @since 0.2.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Server from "@scanpoll/server/Server"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { createServer } from "node:http"
import { type InputFault, quote, usage, type UsageError } from "../config/InputFault.ts"
import type { Settings } from "../config/Settings.ts"
import * as Notify from "../notify/Notify.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as HealthServer from "../process/HealthServer.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { Shutdown } from "../process/Shutdown.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as ServeActions from "./ServeActions.ts"
import * as ServeFiles from "./ServeFiles.ts"
import * as ServeSources from "./ServeSources.ts"

interface Wanted {
  readonly listen: string | null
  readonly publicUrl: string | null
  readonly behindProxy: boolean
  readonly tokens: string | null
  readonly allow: string | null
  readonly keep: string | null
  readonly plan: string | null
  readonly demo: boolean
  readonly flags: FlagTexts
}

const usual: HealthServer.Place = { host: "127.0.0.1", port: 7461 }

const isLoopback = (host: string): boolean =>
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || ["localhost", "::1"].includes(host)

const placeOf = (text: string | null): Result.Result<HealthServer.Place, string> => {
  if (text === null) return Result.succeed(usual)
  const read = HealthServer.parse(text)
  return Result.isSuccess(read) && read.success !== null
    ? Result.succeed(read.success)
    : Result.fail(`must be HOST:PORT, or :PORT for all addresses, such as ${HealthServer.format(usual)}`)
}

const urlOf = (text: string | null): Result.Result<URL | null, string> => {
  if (text === null) return Result.succeed(null)
  const url = URL.parse(text)
  const isPlain = url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === ""
  return isPlain && ["https:", "http:"].includes(url.protocol)
    ? Result.succeed(url)
    : Result.fail("must be an address without a path, such as https://scans.example.com")
}

const mayBeAllowed = ["reconcile"] as const

type Allowed = (typeof mayBeAllowed)[number]

const isAllowable = (word: string): word is Allowed => mayBeAllowed.some((one) => one === word)

const allowedOf = (text: string | null): Result.Result<ReadonlySet<Allowed>, string> => {
  const words = text === null ? [] : text.split(",").map((word) => word.trim())
  const known = words.filter(isAllowable)
  return known.length === words.length
    ? Result.succeed(new Set(known))
    : Result.fail(`knows ${mayBeAllowed.join(", ")} alone, not ${quote(text ?? "")}`)
}

const keepOf = (text: string | null): Result.Result<number | null, string> => {
  if (text === null) return Result.succeed(null)
  const age = Durations.parse(text, minute, Durations.oldest)
  return Result.map(age, Duration.toMillis)
}

interface Ready {
  readonly place: HealthServer.Place
  readonly publicUrl: URL | null
  readonly allowed: ReadonlySet<Allowed>
  // What polls saw is forgotten when it is older than that, in milliseconds; null: never.
  readonly keep: number | null
}

// The flags of this command alone.
const optionsOf = (input: Wanted, hasTokens: boolean): Checked.Checked<Ready> => {
  const faults: Array<InputFault> = []
  const place = placeOf(input.listen)
  if (Result.isFailure(place)) faults.push({ where: "--listen", message: place.failure })
  const publicUrl = urlOf(input.publicUrl)
  if (Result.isFailure(publicUrl)) faults.push({ where: "--public-url", message: publicUrl.failure })
  const allowed = allowedOf(input.allow)
  if (Result.isFailure(allowed)) faults.push({ where: "--allow", message: allowed.failure })
  const keep = keepOf(input.keep)
  if (Result.isFailure(keep)) faults.push({ where: "--keep", message: keep.failure })
  if (Result.isSuccess(place) && !isLoopback(place.success.host)) {
    const where = `--listen ${HealthServer.format(place.success)}`
    if (!input.behindProxy) {
      faults.push({
        where,
        message:
          "other machines would be answered without TLS. Put a proxy with TLS before it and say --behind-proxy, or listen on 127.0.0.1"
      })
    }
    if (!hasTokens) {
      faults.push({
        where,
        message: "there is no token for other machines: scanpoll serve token add NAME --scope read"
      })
    }
    if (input.behindProxy && input.publicUrl === null) {
      faults.push({ where: "--behind-proxy", message: "needs --public-url, the address by which the proxy is reached" })
    }
  }
  const value = {
    place: Result.getOrElse(place, () => usual),
    publicUrl: Result.getOrElse(publicUrl, () => null),
    allowed: Result.getOrElse(allowed, () => new Set<Allowed>()),
    keep: Result.getOrElse(keep, () => null)
  }
  return Checked.make(value, { faults })
}

// What is served must be there: an empty journal at a name that was mistyped looks like one where nothing happened.
const addressOf = (settings: Settings) =>
  Effect.gen(function* () {
    yield* Journal.mustExist(settings)
    const address = yield* Journal.inForce(settings.journal.value)
    if (address._tag === "Memory") {
      return yield* Effect.fail(usage(settings.journal.where, "a journal in memory has nothing to serve; name a file"))
    }
    yield* Journal.mustExist({ journal: { ...settings.journal, value: address } })
    return address
  })

const codeOf = (error: { readonly cause?: unknown }): string => {
  const { cause } = error
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : "no such address, or it is taken"
}

// Listens for as long as the scope. `typed`: the place as it was given.
const listen = (place: HealthServer.Place, typed: string | null) =>
  Effect.mapError(
    Layer.build(
      NodeHttpServer.layer(() => createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }), {
        ...place,
        gracefulShutdownTimeout: "500 millis"
      })
    ),
    (error) =>
      usage(
        typed === null ? "--listen" : `--listen ${quote(typed)}`,
        `cannot listen there (${codeOf(error)}); another HOST:PORT`
      )
  )

const minute = 60_000
const forgetEvery = 10 * minute

// Forgets what polls saw longer ago than that, at once and every ten minutes.
const forgetting = (keep: number) =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const forget = Effect.flatMap(Clock.currentTimeMillis, (now) => journal.forgetPolls(now - keep))
    const round = Effect.catch(Effect.asVoid(forget), ({ message }) =>
      Effect.logWarning(`old polls could not be forgotten: ${message}`)
    )
    return yield* Effect.forever(Effect.andThen(round, Effect.sleep(forgetEvery)))
  })

const serveJournal = Effect.fnUntraced(function* (
  input: Wanted
): Effect.fn.Return<
  number,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors
> {
  const file = yield* ServeFiles.tokensFile(input.tokens)
  const { tokens } = yield* ServeFiles.tokens(file)
  const options = optionsOf(input, (yield* tokens).length > 0)
  const plan = yield* ReadPlan.optional(input.plan)
  const begun = yield* Command.begin({ name: "serve", plan, flags: input.flags, formats: Output.small })
  const { keys, plan: accounts, settings } = yield* Checked.accept(Checked.and(begun, options))
  const { allowed, keep, place, publicUrl } = options.value
  const mayDecide = allowed.has("reconcile")
  const writes = mayDecide || keep !== null || settings.notify.value !== null
  const address = yield* addressOf(settings)
  const secret = yield* ServeFiles.secret
  const shutdown = yield* Shutdown

  const serving = Effect.gen(function* () {
    if (keep !== null) yield* Effect.forkScoped(forgetting(keep))
    const actions = mayDecide ? yield* ServeActions.make({ plan: accounts, keys }) : null
    const sources = yield* ServeSources.make({ address, settings, flags: input.flags, redact: keys.redact, actions })
    const listening = yield* listen(place, input.listen)
    const { address: bound } = Context.get(listening, HttpServer.HttpServer)
    const port = bound._tag === "UnixPathAddress" ? place.port : bound.port
    const server = yield* Server.make({
      host: place.host,
      port,
      publicUrl,
      secret,
      tokens,
      sources
    })
    yield* Effect.provide(HttpServer.serveEffect(server.app), listening)
    // After what listens was made, so before it is closed: it waits for every answer that is under way.
    yield* Effect.addFinalizer(() => server.drain)
    yield* say(
      `serving ${inert(JournalAddress.show(address))}, ${mayDecide ? "decisions allowed" : keep === null ? "read-only" : "read-only but for --keep"}, on http://${HealthServer.format({ ...place, port })}`,
      "open this link within a minute; it opens once:",
      `  ${yield* server.link}`,
      "for programs: scanpoll serve token add NAME --scope read",
      ...(mayDecide ? [`decisions are written to ${inert(yield* ServeFiles.auditFile)}`] : [])
    )
    yield* shutdown.requested
    return 0
  }).pipe(
    Effect.scoped,
    Effect.provide(Journal.layerExisting(settings, writes ? "write" : "read")),
    Look.atLogLevel(settings)
  )
  return yield* shutdown.soft(Notify.during(settings, serving))
})

/**
 * `scanpoll serve`. A signal ends it with exit code 0.
 *
 * @category constructors
 * @since 0.2.0
 */
export const serve = Effect.fnUntraced(function* (
  input: Wanted
): Effect.fn.Return<
  number,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors
> {
  if (!input.demo) return yield* serveJournal(input)
  if ((input.flags.journal ?? []).length > 0) {
    return yield* Effect.fail(usage("--demo", "brings a journal of its own; leave out --journal"))
  }
  // Before the past is made, which takes some seconds.
  const place = placeOf(input.listen)
  if (Result.isSuccess(place)) yield* Effect.scoped(listen(place.success, input.listen))
  const { start } = yield* Effect.promise(() => import("./ServeDemo.ts"))
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const { facts, journal } = yield* start
      const shown = serveJournal({ ...input, flags: { ...input.flags, journal: [journal] } })
      return yield* Effect.provideService(shown, ProcessContext, facts)
    })
  )
})
