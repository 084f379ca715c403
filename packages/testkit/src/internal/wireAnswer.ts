// What goes out on a socket: an answer as the script alters it, and the faults on its way.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import type * as Net from "node:net"
import { pipeline, Readable } from "node:stream"
import { createGzip } from "node:zlib"
import type * as Ledger from "../Ledger.ts"
import * as Script from "../Script.ts"
import * as Course from "./course.ts"

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

export interface Wire {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: Uint8Array
}

const encode = (body: unknown): Uint8Array =>
  body === undefined
    ? new Uint8Array(0)
    : body instanceof Uint8Array
      ? body
      : Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8")

const alter = (body: unknown, step: Script.Step): unknown => {
  if (!Course.isRecord(body) || (step.merge === undefined && step.omit === undefined)) return body
  const omitted = new Set(step.omit)
  return Object.fromEntries(Object.entries({ ...body, ...step.merge }).filter(([name]) => !omitted.has(name)))
}

export const compose = (
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

/** What sending needs of its server. `wall` is the client's time, `sleep` is in real milliseconds. */
export interface Wires {
  readonly wall: () => number
  readonly sleep: (millis: number) => Effect.Effect<void>
  readonly breakOff: (socket: Net.Socket, how: "reset" | "close") => void
}

/** Sends an answer, or breaks it as the fault says. What is returned goes on meanwhile. */
export const send = (
  { breakOff, sleep, wall }: Wires,
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
    const done = (): void => open.end(response.writableFinished ? { answeredAt: wall() } : "lost")
    const source = Readable.from(whiteSpace(size))
    if (gzip) pipeline(source, createGzip(), response, done)
    else pipeline(source, response, done)
  }
  if (fault === undefined) {
    writeHead()
    // Taken before the write: no client can have read the answer before this moment.
    const answeredAt = wall()
    response.once("finish", () => open.end({ answeredAt }))
    response.end(wire.body)
    return
  }
  return Script.Fault.$match(fault, {
    Reset: ({ at }) => (at === "answer" ? partThen(half, () => breakOff(socket, "reset")) : breakOff(socket, "reset")),
    Close: ({ at }) => (at === "answer" ? partThen(half, () => breakOff(socket, "close")) : breakOff(socket, "close")),
    Hang: ({ at }) => (at === "answer" ? partThen(half, () => {}) : undefined),
    Cut: ({ bytes }) => partThen(bytes === null ? half : wire.body.subarray(0, bytes), () => breakOff(socket, "close")),
    Drip: ({ bytes, endless, every }) => {
      writeHead(endless ? ["content-length"] : [])
      response.flushHeaders()
      const pause = sleep(Duration.toMillis(every))
      return Effect.gen(function* () {
        for (let sent = 0; endless || sent < wire.body.byteLength; sent += bytes) {
          yield* pause
          response.write(endless ? spaces.subarray(0, bytes) : wire.body.subarray(sent, sent + bytes))
        }
        const answeredAt = wall()
        response.once("finish", () => open.end({ answeredAt }))
        response.end()
      })
    },
    Raw: ({ after, bytes }) => {
      const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes
      const status = /^HTTP\/\d\.\d (\d{3})/.exec(Buffer.from(data.subarray(0, 16)).toString("latin1"))?.[1]
      if (status !== undefined) open.status(Number(status))
      socket.write(data, () => {
        open.end({ answeredAt: wall() })
        if (after !== "keep") breakOff(socket, after)
      })
    },
    Huge: ({ size }) => blow(size, false),
    GzipBomb: ({ size }) => blow(size, true)
  })
}
