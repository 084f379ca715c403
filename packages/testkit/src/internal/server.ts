import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import { pipeline, Readable } from "node:stream"
import { createGzip } from "node:zlib"
import * as Ledger from "../Ledger.ts"
import * as Script from "../Script.ts"
import { type Credential, type Options, type RateLimit, type Simulator, SimulatorError } from "../Simulator.ts"
import * as ShownKey from "./shownKey.ts"

/** A request as a vendor sees it. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly route: string
  readonly scanId: string | null
  readonly bearer: string | null
  readonly credential: Required<Credential> | null
  /** Vendor time. */
  readonly now: number
  readonly ordinal: number
  /** A script has taken this request: the steps of a scan's fate are not for it. */
  readonly scripted: boolean
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly submission?: Pick<Ledger.Submission, "scanId" | "subject" | "credits" | "cached">
  /** Vendor milliseconds before the answer goes out. */
  readonly hold?: number
  /** Called when the hold is over and the client is still there. */
  readonly settle?: () => void
}

/** `answer` is null only beside a step under which the vendor does not act. */
export interface Reply {
  readonly answer: Answer | null
  readonly step: Script.Step | null
}

export interface Behaviour {
  readonly route: (method: string, path: ReadonlyArray<string>) => { readonly route: string; readonly scanId?: string }
  readonly handle: (call: Call) => Reply
  /** Headers of every response, scripted ones included. */
  readonly headers: (call: Call) => Readonly<Record<string, string>>
}

export interface Time {
  readonly speed: number
  readonly injected: boolean
  readonly wall: () => number
  readonly now: () => number
}

export interface Limiter {
  /** Counts a request; false when the window has no room for it. */
  readonly take: (call: Pick<Call, "credential">) => boolean
  readonly headers: (call: Pick<Call, "credential">) => Readonly<Record<string, string>>
  /** Whole seconds of the client's time until the window ends, at least 1. */
  readonly secondsLeft: () => number
}

export interface Kit {
  readonly seed: string
  readonly time: Time
  readonly limiter: Limiter
  readonly capacity: number
}

const bodyLimit = 4 * 1024 * 1024

const refuse = (vendor: string, message: string) => new SimulatorError({ vendor, reason: "option", message })

const checkOptions = (vendor: string, options: Options): Effect.Effect<void, SimulatorError> => {
  const whole = (name: string, value: number | undefined, low: number, high: number) =>
    value === undefined || (Number.isInteger(value) && value >= low && value <= high)
      ? []
      : [`${name} must be a whole number from ${low} to ${high}, not ${value}`]
  const speed = options.speed ?? 1
  const faults = [
    ...(speed > 0 && speed <= 1_000_000 ? [] : [`speed must be more than 0 and at most 1000000, not ${speed}`]),
    ...whole("port", options.port, 0, 65535),
    ...whole("capacity", options.capacity, 1, Number.MAX_SAFE_INTEGER),
    ...whole("ledgerCapacity", options.ledgerCapacity, 1, Number.MAX_SAFE_INTEGER),
    ...whole("rateLimit.limit", options.rateLimit?.limit, 1, Number.MAX_SAFE_INTEGER),
    ...(options.rateLimit && !(Duration.toMillis(options.rateLimit.window) > 0)
      ? ["rateLimit.window must be longer than 0"]
      : []),
    ...(options.startAt === undefined || Number.isFinite(options.startAt) ? [] : ["startAt must be a time"])
  ]
  return faults.length === 0 ? Effect.void : Effect.fail(refuse(vendor, faults.join("; ")))
}

const makeTime = (options: Options): Time => {
  const live = Clock.Clock.defaultValue()
  const wall = options.clock ?? (() => Number(live.currentTimeNanosUnsafe()) / 1_000_000)
  const speed = options.speed ?? 1
  const start = wall()
  const origin = options.startAt ?? start
  return { speed, injected: options.clock !== undefined, wall, now: () => origin + (wall() - start) * speed }
}

const makeLimiter = (time: Time, limit: RateLimit | null): Limiter => {
  if (limit === null) return { take: () => true, headers: () => ({}), secondsLeft: () => 1 }
  const length = Duration.toMillis(limit.window)
  const start = time.now()
  const used = new Map<string, { window: number; count: number }>()
  // Whatever is no known credential shares one window: strangers cannot make this map grow.
  const windowOf = (call: Pick<Call, "credential">) => {
    const bucket = call.credential?.token ?? ""
    const window = Math.floor((time.now() - start) / length)
    const known = used.get(bucket)
    if (known !== undefined && known.window === window) return known
    const fresh = { window, count: 0 }
    used.set(bucket, fresh)
    return fresh
  }
  const wallLeft = () => (length - ((time.now() - start) % length)) / time.speed
  return {
    take: (call) => {
      const window = windowOf(call)
      if (window.count >= limit.limit) return false
      window.count++
      return true
    },
    headers: (call) => ({
      "X-RateLimit-Limit": String(limit.limit),
      "X-RateLimit-Remaining": String(limit.limit - windowOf(call).count),
      "X-RateLimit-Reset": String(Math.ceil((time.wall() + wallLeft()) / 1000))
    }),
    secondsLeft: () => Math.max(1, Math.ceil(wallLeft() / 1000))
  }
}

interface Wire {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: Uint8Array
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const encode = (body: unknown): Uint8Array =>
  body === undefined
    ? new Uint8Array(0)
    : body instanceof Uint8Array
      ? body
      : Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8")

const alter = (body: unknown, step: Script.Step): unknown => {
  if (!isRecord(body) || (step.merge === undefined && step.omit === undefined)) return body
  const omitted = new Set(step.omit)
  return Object.fromEntries(Object.entries({ ...body, ...step.merge }).filter(([name]) => !omitted.has(name)))
}

const compose = (
  common: Readonly<Record<string, string>>,
  answer: Answer | null,
  step: Script.Step,
  method: string
): Wire => {
  const status = step.status ?? answer?.status ?? 200
  const replaced = step.body !== undefined || answer === null
  const body = encode(replaced ? step.body : alter(answer.body, step))
  const bodiless = status === 204 || status === 304
  const headers = new Map<string, readonly [string, string | ReadonlyArray<string>]>()
  const set = (fields: Readonly<Record<string, string | ReadonlyArray<string> | null>>) => {
    for (const [name, value] of Object.entries(fields)) {
      if (value === null) headers.delete(name.toLowerCase())
      else headers.set(name.toLowerCase(), [name, value])
    }
  }
  if (body.byteLength > 0) set({ "Content-Type": "application/json" })
  if (!bodiless) set({ "Content-Length": String(body.byteLength) })
  set(common)
  // Headers of the vendor's own answer say nothing about a body that took its place.
  if (answer !== null && !replaced) set(answer.headers ?? {})
  set(step.headers ?? {})
  return {
    status,
    headers: [...headers.values()].flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value] as const] : value.map((one) => [name, one] as const)
    ),
    body: bodiless || method === "HEAD" ? new Uint8Array(0) : body
  }
}

const spaces = Buffer.alloc(64 * 1024, " ")

function* whiteSpace(size: number): Generator<Uint8Array> {
  for (let left = size - 2; left > 0; left -= spaces.byteLength)
    yield left < spaces.byteLength ? spaces.subarray(0, left) : spaces
  yield Buffer.from("{}")
}

const headersOf = (request: Http.IncomingMessage, keyHeader: string | null): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (name !== keyHeader && value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ")
  }
  return headers
}

/**
 * Starts a server that answers as the behaviour says. `node:http` reads the requests, on sockets that are accepted here:
 * so a connection can be broken before anything of it was read.
 */
export const make = Effect.fnUntraced(function* (
  vendor: string,
  options: Options,
  defaults: { readonly key: string; readonly rateLimit: RateLimit | null; readonly basePath: string },
  build: (kit: Kit) => Behaviour
): Effect.fn.Return<Simulator, SimulatorError, Scope.Scope> {
  yield* checkOptions(vendor, options)
  const time = makeTime(options)
  const limiter = makeLimiter(time, options.rateLimit === undefined ? defaults.rateLimit : options.rateLimit)
  const { ledger, writer } = Ledger.make(vendor, options.ledgerCapacity)
  const behaviour = build({ seed: String(options.seed ?? 1), time, limiter, capacity: options.capacity ?? 100_000 })
  const fork = yield* FiberSet.makeRuntime()
  const liveClock = Clock.Clock.defaultValue()
  // Real sockets live in real time, also under a test clock.
  const sleep = (millis: number) => Effect.provideService(Effect.sleep(millis), Clock.Clock, liveClock)

  const shownKey = ShownKey.make(options.auth ?? "bearer")
  // Without a key of its own a request is the first credential's.
  const keyless = options.auth === "none" || (typeof options.auth === "object" && "sign" in options.auth)
  const credentials = new Map<string, Required<Credential>>()
  const know = (credential: string | Credential): void => {
    const full = {
      account: "default",
      state: "active" as const,
      ...(typeof credential === "string" ? { token: credential } : credential)
    }
    credentials.set(full.token, full)
  }
  const given = options.credentials ?? [defaults.key]
  given.forEach(know)
  const first = typeof given[0] === "string" ? given[0] : given[0].token

  let scripts: Array<{ readonly script: Script.Script; used: number }> = []
  const addScript = (script: Script.Script): void => {
    scripts.push({ script, used: 0 })
  }
  options.scripts?.forEach(addScript)
  const connectionFaults: Array<Script.ConnectionFault> = []

  const matches = (match: Script.Match, head: Script.Head): boolean =>
    (match.method === undefined || match.method === head.method) &&
    (match.route === undefined || match.route === head.route) &&
    (match.scanId === undefined || match.scanId === head.scanId) &&
    (match.path === undefined ||
      (typeof match.path === "string" ? match.path === head.path : match.path.test(head.path))) &&
    (match.where === undefined || match.where(head))

  /** The step for this request: `undefined` when no script is for it. */
  const takeStep = (head: Script.Head): Script.Step | null | undefined => {
    const found = scripts.find(({ script }) => matches(script.match ?? {}, head))
    if (found === undefined) return undefined
    const step = Script.at(found.script.steps, found.used++)
    if (found.used >= Script.length(found.script.steps)) scripts = scripts.filter((one) => one !== found)
    return step
  }

  // Tokens that stand for a client's id and secret.
  const clients = new Map<string, string>()
  const tokenAnswer = (client: string | null): Answer => {
    if (client === null || credentials.get(client)?.state !== "active") {
      return { status: 401, body: { error: "invalid_client" } }
    }
    const token = ShownKey.tokenOf(client)
    clients.set(token, client)
    return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: 3600 } }
  }

  const sockets = new Map<Net.Socket, { readonly id: number; requests: number }>()
  const broken = new WeakSet<Net.Socket>()
  const breakOff = (socket: Net.Socket, how: "reset" | "close"): void => {
    broken.add(socket)
    if (how === "reset") socket.resetAndDestroy()
    else socket.destroy()
  }

  const send = (
    socket: Net.Socket,
    response: Http.ServerResponse,
    open: Ledger.OpenEntry,
    wire: Wire,
    fault: Script.Fault | undefined
  ): Effect.Effect<void> | void => {
    const writeHead = (
      without: ReadonlyArray<string> = [],
      extra: ReadonlyArray<readonly [string, string]> = []
    ): void => {
      const headers = wire.headers.filter(([name]) => !without.includes(name.toLowerCase()))
      open.status(wire.status)
      response.writeHead(wire.status, [...headers, ...extra].flat())
    }
    const half = wire.body.subarray(0, Math.ceil(wire.body.byteLength / 2))
    const partThen = (part: Uint8Array, then: () => void): void => {
      writeHead()
      response.write(part.byteLength === 0 ? "" : part, then)
      response.flushHeaders()
      if (part.byteLength === 0) then()
    }
    const blow = (size: number, gzip: boolean): void => {
      writeHead(["content-length"], gzip ? [["Content-Encoding", "gzip"]] : [])
      const done = (): void => open.end(response.writableFinished ? { answeredAt: time.wall() } : "lost")
      const source = Readable.from(whiteSpace(size))
      if (gzip) pipeline(source, createGzip(), response, done)
      else pipeline(source, response, done)
    }
    if (fault === undefined) {
      writeHead()
      // Taken before the write: no client can have read the answer before this moment.
      const answeredAt = time.wall()
      response.once("finish", () => open.end({ answeredAt }))
      response.end(wire.body)
      return
    }
    return Script.Fault.$match(fault, {
      Reset: ({ at }) =>
        at === "answer" ? partThen(half, () => breakOff(socket, "reset")) : breakOff(socket, "reset"),
      Close: ({ at }) =>
        at === "answer" ? partThen(half, () => breakOff(socket, "close")) : breakOff(socket, "close"),
      Hang: ({ at }) => (at === "answer" ? partThen(half, () => {}) : undefined),
      Cut: ({ bytes }) =>
        partThen(bytes === null ? half : wire.body.subarray(0, bytes), () => breakOff(socket, "close")),
      Drip: ({ bytes, endless, every }) => {
        writeHead(endless ? ["content-length"] : [])
        response.flushHeaders()
        const pause = sleep(Duration.toMillis(every))
        return Effect.gen(function* () {
          for (let sent = 0; endless || sent < wire.body.byteLength; sent += bytes) {
            yield* pause
            response.write(endless ? spaces.subarray(0, bytes) : wire.body.subarray(sent, sent + bytes))
          }
          const answeredAt = time.wall()
          response.once("finish", () => open.end({ answeredAt }))
          response.end()
        })
      },
      Raw: ({ after, bytes }) => {
        const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes
        const status = /^HTTP\/\d\.\d (\d{3})/.exec(Buffer.from(data.subarray(0, 16)).toString("latin1"))?.[1]
        if (status !== undefined) open.status(Number(status))
        socket.write(data, () => {
          open.end({ answeredAt: time.wall() })
          if (after !== "keep") breakOff(socket, after)
        })
      },
      Huge: ({ size }) => blow(size, false),
      GzipBomb: ({ size }) => blow(size, true)
    })
  }

  /** A function of a test (`fate`, `where`) that throws is shown to the client, and does not end the process. */
  const guarded = (response: Http.ServerResponse, serve: () => void): void => {
    try {
      serve()
    } catch (defect) {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" })
      response.end(`the simulator failed: ${String(defect)}`)
    }
  }

  const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    const socket = request.socket
    const track = sockets.get(socket) ?? { id: 0, requests: 0 }
    const method = request.method ?? "GET"
    const url = request.url ?? "/"
    const path = shownKey.pathWithoutKey(url)
    const [pathname = "/", search = ""] = path.split("?", 2)
    const isToken = method === "POST" && shownKey.tokenPath !== null && pathname.endsWith(shownKey.tokenPath)
    const routed = isToken ? { route: "token" } : behaviour.route(method, pathname.split("/").slice(1))
    const scanId = routed.scanId ?? null
    const headers = headersOf(request, shownKey.header)
    const shown = shownKey.read(request.headers, url)
    const bearer =
      shown === null || isToken ? null : { scheme: shown.scheme, token: clients.get(shown.token) ?? shown.token }
    const credential = keyless
      ? (credentials.get(first) ?? null)
      : bearer === null
        ? null
        : (credentials.get(bearer.token) ?? null)
    const socketRequest = track.requests++
    const open = writer.begin({
      at: time.wall(),
      method,
      path,
      route: routed.route,
      scanId,
      headers,
      authorization:
        bearer === null
          ? null
          : {
              scheme: bearer.scheme,
              fingerprint: Ledger.fingerprint(bearer.token),
              matches: credential?.state === "active"
            },
      socketId: track.id,
      socketRequest
    })
    const scripted = isToken
      ? undefined
      : takeStep({ method, path, route: routed.route, scanId, headers, socketRequest })
    if (scripted) open.scripted(scripted.fault?._tag ?? null)

    let stop = (): void => {}
    response.once("close", () => {
      stop()
      open.end(broken.has(socket) ? "lost" : { clientClosedAt: time.wall() })
    })
    // A broken pipe is the client's going away, which "close" has told already.
    response.on("error", () => {})

    const fault = scripted?.fault
    if (fault !== undefined && (fault._tag === "Reset" || fault._tag === "Close") && fault.at === "head") {
      return breakOff(socket, fault._tag === "Reset" ? "reset" : "close")
    }

    const respond = (body: string): void => {
      // The body of a request for a token may hold the secret.
      if (body !== "" && !isToken) open.body(body)
      const call: Call = {
        method,
        path,
        query: new URLSearchParams(search),
        headers,
        body,
        route: routed.route,
        scanId,
        bearer: bearer?.token ?? null,
        credential,
        now: time.now(),
        ordinal: open.entry.index,
        scripted: scripted !== undefined
      }
      const reply: Reply =
        scripted && !Script.acts(scripted)
          ? { answer: null, step: scripted }
          : isToken
            ? { answer: tokenAnswer(shownKey.client(request.headers.authorization, body)), step: null }
            : behaviour.handle(call)
      const step = (scripted === undefined ? reply.step : scripted) ?? {}
      if (scripted === undefined && reply.step !== null) open.scripted(reply.step.fault?._tag ?? null)
      if (reply.answer?.submission !== undefined) open.accepted(reply.answer.submission)
      const wait =
        (step.delay === undefined ? 0 : Duration.toMillis(step.delay)) + (reply.answer?.hold ?? 0) / time.speed
      const answerNow = () => {
        reply.answer?.settle?.()
        const common = { Date: new Date(time.wall()).toUTCString(), ...behaviour.headers(call) }
        const wire = compose(common, reply.answer, step, method)
        return send(socket, response, open, wire, step.fault)
      }
      const run = (effect: Effect.Effect<void>): void => {
        const fiber = fork(effect)
        stop = () => fiber.interruptUnsafe()
      }
      if (wait > 0) {
        return run(
          Effect.andThen(
            sleep(wait),
            Effect.suspend(() => answerNow() ?? Effect.void)
          )
        )
      }
      const rest = answerNow()
      if (rest !== undefined) run(rest)
    }

    if (method === "GET" || method === "HEAD") {
      request.resume()
      return respond("")
    }
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= bodyLimit) chunks.push(chunk)
    })
    request.once("end", () => guarded(response, () => respond(Buffer.concat(chunks).toString("utf8"))))
  }

  // `server` never listens: it only reads the connections handed to it, so it keeps no timer of its own.
  const server = Http.createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 0 },
    (request, response) => guarded(response, () => onRequest(request, response))
  )

  const onConnection = (socket: Net.Socket): void => {
    sockets.set(socket, { id: writer.socketOpened(), requests: 0 })
    socket.once("close", () => {
      sockets.delete(socket)
      writer.socketClosed()
    })
    const fault = connectionFaults.shift()
    if (fault === undefined) return void server.emit("connection", socket)
    socket.on("error", () => {})
    if (fault === "reset" || fault === "close") return breakOff(socket, fault)
    // Read and thrown away: unread, the client's own close would not be noticed.
    socket.once("end", () => socket.end())
    socket.resume()
    if (fault !== "silence") {
      socket.write(typeof fault.greeting === "string" ? Buffer.from(fault.greeting, "latin1") : fault.greeting)
    }
  }

  const listen = (port: number): Effect.Effect<Net.Server, SimulatorError> =>
    Effect.callback((resume) => {
      const listener = Net.createServer({ allowHalfOpen: true, noDelay: true }, onConnection)
      const onError = (error: Error): void => {
        resume(
          Effect.fail(
            new SimulatorError({
              vendor,
              reason: "port",
              message: `127.0.0.1:${port} cannot be opened: ${error.message}`
            })
          )
        )
      }
      listener.once("error", onError)
      listener.listen({ host: "127.0.0.1", port, backlog: 1024 }, () => {
        listener.off("error", onError)
        resume(Effect.succeed(listener))
      })
      return Effect.sync(() => listener.close())
    })

  const close = (listener: Net.Server): Effect.Effect<void> =>
    Effect.callback((resume) => {
      listener.close(() => resume(Effect.void))
      for (const socket of sockets.keys()) breakOff(socket, "close")
    })

  let listener: Net.Server | null = null
  yield* Effect.addFinalizer(() => Effect.suspend(() => (listener === null ? Effect.void : close(listener))))
  const opened = yield* Effect.uninterruptible(
    Effect.tap(listen(options.port ?? 0), (one) => Effect.sync(() => (listener = one)))
  )
  const address = opened.address()
  const port = typeof address === "object" && address !== null ? address.port : (options.port ?? 0)
  const origin = `http://127.0.0.1:${port}`

  return {
    vendor,
    port,
    origin,
    baseUrl: origin + defaults.basePath,
    key: first,
    ledger,
    vendorTime: Effect.sync(time.now),
    script: (script) => Effect.sync(() => addScript(script)),
    clearScripts: Effect.sync(() => {
      scripts = []
      connectionFaults.length = 0
    }),
    nextConnections: (faults) => Effect.sync(() => void connectionFaults.push(...faults)),
    down: Effect.suspend(() => {
      const now = listener
      listener = null
      return now === null ? Effect.void : close(now)
    }),
    up: Effect.suspend(() =>
      listener === null ? Effect.map(listen(port), (one) => void (listener = one)) : Effect.void
    ),
    setCredential: (credential) => Effect.sync(() => know(credential))
  }
})
