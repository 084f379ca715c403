import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Ledger from "../Ledger.ts"
import * as Script from "../Script.ts"
import { type Credential, type Options, type RateLimit, type Simulator, SimulatorError } from "../Simulator.ts"
import * as Limits from "./limiter.ts"
import * as ShownKey from "./shownKey.ts"
import * as Wires from "./wireAnswer.ts"

export type { Answer } from "./wireAnswer.ts"

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

/** `answer` is null only beside a step under which the vendor does not act. */
export interface Reply {
  readonly answer: Wires.Answer | null
  readonly step: Script.Step | null
}

export interface Behaviour {
  readonly route: (method: string, path: ReadonlyArray<string>) => { readonly route: string; readonly scanId?: string }
  readonly handle: (call: Call) => Reply
  /** Headers of every response, scripted ones included. */
  readonly headers: (call: Call) => Readonly<Record<string, string>>
}

export interface Kit {
  readonly seed: string
  readonly time: Limits.Time
  readonly limiter: Limits.Limiter
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
  const time = Limits.makeTime(options)
  const limiter = Limits.makeLimiter(time, options.rateLimit === undefined ? defaults.rateLimit : options.rateLimit)
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
  const tokenAnswer = (client: string | null): Wires.Answer => {
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
  const wires: Wires.Wires = { wall: time.wall, sleep, breakOff }

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
        const wire = Wires.compose(common, reply.answer, step, method)
        return Wires.send(wires, socket, response, open, wire, step.fault)
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
