// A simulated vendor on a socket of loopback: reads requests, has its behaviour answer them, and writes both down. May touch:
// sockets, the ledger. Law: each request is in the ledger before it is answered, and no fault of a test ends the process.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Ledger from "../Ledger.ts"
import * as Script from "../Script.ts"
import { type Credential, type Options, type RateLimit, type Simulator, SimulatorError } from "../Simulator.ts"
import * as Keys from "./keys.ts"
import * as Limits from "./limiter.ts"
import * as Scripts from "./scripts.ts"
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
  readonly route: (
    method: string,
    path: ReadonlyArray<string>,
    query: URLSearchParams
  ) => { readonly route: string; readonly scanId?: string }
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

/** What answering a request takes. */
interface House {
  readonly behaviour: Behaviour
  readonly time: Limits.Time
  readonly keys: Keys.Keys
  readonly scripts: Scripts.Scripts
  readonly writer: Ledger.Writer
  readonly sockets: Map<Net.Socket, { readonly id: number; requests: number }>
  readonly broken: WeakSet<Net.Socket>
  readonly wires: Wires.Wires
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

/** One request, as far as it is known before its body. */
const beginOf = (house: House, request: Http.IncomingMessage) => {
  const { behaviour, keys, scripts, sockets, time, writer } = house
  const track = sockets.get(request.socket) ?? { id: 0, requests: 0 }
  const method = request.method ?? "GET"
  const url = request.url ?? "/"
  const path = keys.pathWithoutKey(url)
  const [pathname = "/", search = ""] = path.split("?", 2)
  const isToken = keys.isForToken(method, pathname)
  const routed = isToken
    ? { route: "token" }
    : behaviour.route(method, pathname.split("/").slice(1), new URLSearchParams(search))
  const scanId = routed.scanId ?? null
  const headers = headersOf(request, keys.header)
  const { credential, shown } = keys.read(request, url)
  const socketRequest = track.requests++
  const head = { method, path, route: routed.route, scanId, headers, socketRequest }
  const open = writer.begin({
    ...head,
    at: time.wall(),
    authorization:
      shown === null
        ? null
        : {
            scheme: shown.scheme,
            fingerprint: Ledger.fingerprint(shown.token),
            matches: credential?.state === "active"
          },
    socketId: track.id
  })
  const scripted = isToken ? undefined : scripts.take(head)
  if (scripted) open.scripted(scripted.fault?._tag ?? null)
  const callOf = (body: string): Call => ({
    method,
    path,
    query: new URLSearchParams(search),
    headers,
    body,
    route: routed.route,
    scanId,
    bearer: shown?.token ?? null,
    credential,
    now: time.now(),
    ordinal: open.entry.index,
    scripted: scripted !== undefined
  })
  return { method, isToken, open, scripted, callOf }
}

type Begun = ReturnType<typeof beginOf>

/** What the vendor says to a request, and the step of a script that changes it. */
const replyOf = (house: House, begun: Begun, call: Call, authorization: string | undefined): Reply => {
  const { isToken, scripted } = begun
  if (scripted && !Script.acts(scripted)) return { answer: null, step: scripted }
  return isToken
    ? { answer: house.keys.tokenAnswer(authorization, call.body), step: null }
    : house.behaviour.handle(call)
}

/** The answer goes out once its body was read and its delay is over; `stop` ends what is left of it. */
const respond = (
  house: House,
  begun: Begun,
  call: Call,
  exchange: { readonly request: Http.IncomingMessage; readonly response: Http.ServerResponse }
): (() => void) => {
  const { behaviour, fork, time, wires } = house
  const { isToken, method, open, scripted } = begun
  const { request, response } = exchange
  // The body of a request for a token may hold the secret.
  if (call.body !== "" && !isToken) open.body(call.body)
  const reply = replyOf(house, begun, call, request.headers.authorization)
  const step = (scripted === undefined ? reply.step : scripted) ?? {}
  if (scripted === undefined && reply.step !== null) open.scripted(reply.step.fault?._tag ?? null)
  if (reply.answer?.submission !== undefined) open.accepted(reply.answer.submission)
  const wait = (step.delay === undefined ? 0 : Duration.toMillis(step.delay)) + (reply.answer?.hold ?? 0) / time.speed
  const answerNow = () => {
    reply.answer?.settle?.()
    const common = { Date: new Date(time.wall()).toUTCString(), ...behaviour.headers(call) }
    const wire = Wires.compose(common, reply.answer, step, method)
    return Wires.send(wires, request.socket, response, open, wire, step.fault)
  }
  const rest =
    wait > 0
      ? Effect.andThen(
          wires.sleep(wait),
          Effect.suspend(() => answerNow() ?? Effect.void)
        )
      : answerNow()
  if (rest === undefined) return () => {}
  const fiber = fork(rest)
  return () => fiber.interruptUnsafe()
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

const onRequest = (house: House, request: Http.IncomingMessage, response: Http.ServerResponse): void => {
  const { broken, time, wires } = house
  const { socket } = request
  const begun = beginOf(house, request)
  const { method, open, scripted } = begun
  let stop = (): void => {}
  response.once("close", () => {
    stop()
    open.end(broken.has(socket) ? "lost" : { clientClosedAt: time.wall() })
  })
  // A broken pipe is the client's going away, which "close" has told already.
  response.on("error", () => {})

  const fault = scripted?.fault
  if (fault !== undefined && (fault._tag === "Reset" || fault._tag === "Close") && fault.at === "head") {
    return wires.breakOff(socket, fault._tag === "Reset" ? "reset" : "close")
  }
  const answer = (body: string): void => {
    stop = respond(house, begun, begun.callOf(body), { request, response })
  }
  if (method === "GET" || method === "HEAD") {
    request.resume()
    return answer("")
  }
  const chunks: Array<Buffer> = []
  let size = 0
  request.on("data", (chunk: Buffer) => {
    size += chunk.byteLength
    if (size <= bodyLimit) chunks.push(chunk)
  })
  request.once("end", () => guarded(response, () => answer(Buffer.concat(chunks).toString("utf8"))))
}

/** A connection that comes in: read by `server`, unless it is to be broken before anything of it was read. */
const onConnection = (
  house: House,
  server: Http.Server,
  faults: Array<Script.ConnectionFault>,
  socket: Net.Socket
): void => {
  const { sockets, wires, writer } = house
  sockets.set(socket, { id: writer.socketOpened(), requests: 0 })
  socket.once("close", () => {
    sockets.delete(socket)
    writer.socketClosed()
  })
  const fault = faults.shift()
  if (fault === undefined) return void server.emit("connection", socket)
  socket.on("error", () => {})
  if (fault === "reset" || fault === "close") return wires.breakOff(socket, fault)
  // Read and thrown away: unread, the client's own close would not be noticed.
  socket.once("end", () => socket.end())
  socket.resume()
  if (fault !== "silence") {
    socket.write(typeof fault.greeting === "string" ? Buffer.from(fault.greeting, "latin1") : fault.greeting)
  }
}

const listen = (
  vendor: string,
  port: number,
  accept: (socket: Net.Socket) => void
): Effect.Effect<Net.Server, SimulatorError> =>
  Effect.callback((resume) => {
    const listener = Net.createServer({ allowHalfOpen: true, noDelay: true }, accept)
    const onError = (error: Error): void => {
      const message = `127.0.0.1:${port} cannot be opened: ${error.message}`
      resume(Effect.fail(new SimulatorError({ vendor, reason: "port", message })))
    }
    listener.once("error", onError)
    listener.listen({ host: "127.0.0.1", port, backlog: 1024 }, () => {
      listener.off("error", onError)
      resume(Effect.succeed(listener))
    })
    return Effect.sync(() => listener.close())
  })

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
  const keys = Keys.make(options, defaults.key)
  const scripts = Scripts.make(options.scripts)
  const connectionFaults: Array<Script.ConnectionFault> = []
  const broken = new WeakSet<Net.Socket>()
  const wires: Wires.Wires = {
    wall: time.wall,
    // Real sockets live in real time, also under a test clock.
    sleep: (millis) => Effect.provideService(Effect.sleep(millis), Clock.Clock, liveClock),
    breakOff: (socket, how) => {
      broken.add(socket)
      if (how === "reset") socket.resetAndDestroy()
      else socket.destroy()
    }
  }
  const house: House = { behaviour, time, keys, scripts, writer, sockets: new Map(), broken, wires, fork }

  // `server` never listens: it only reads the connections handed to it, so it keeps no timer of its own.
  const server = Http.createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 0 },
    (request, response) => guarded(response, () => onRequest(house, request, response))
  )
  const open = (port: number) => listen(vendor, port, (socket) => onConnection(house, server, connectionFaults, socket))
  const close = (listener: Net.Server): Effect.Effect<void> =>
    Effect.callback((resume) => {
      listener.close(() => resume(Effect.void))
      for (const socket of house.sockets.keys()) wires.breakOff(socket, "close")
    })

  let listener: Net.Server | null = null
  yield* Effect.addFinalizer(() => Effect.suspend(() => (listener === null ? Effect.void : close(listener))))
  // A socket that is open and not known to the finalizer would outlive the test.
  const opened = yield* Effect.uninterruptible(
    Effect.tap(open(options.port ?? 0), (one) => Effect.sync(() => (listener = one)))
  )
  const address = opened.address()
  const port = typeof address === "object" && address !== null ? address.port : (options.port ?? 0)
  const origin = `http://127.0.0.1:${port}`

  return {
    vendor,
    port,
    origin,
    baseUrl: origin + defaults.basePath,
    key: keys.first,
    ledger,
    vendorTime: Effect.sync(time.now),
    script: (script) => Effect.sync(() => scripts.add(script)),
    clearScripts: Effect.sync(() => {
      scripts.clear()
      connectionFaults.length = 0
    }),
    nextConnections: (faults) => Effect.sync(() => void connectionFaults.push(...faults)),
    down: Effect.suspend(() => {
      const now = listener
      listener = null
      return now === null ? Effect.void : close(now)
    }),
    up: Effect.suspend(() =>
      listener === null ? Effect.map(open(port), (one) => void (listener = one)) : Effect.void
    ),
    setCredential: (credential) => Effect.sync(() => keys.know(credential))
  }
})
