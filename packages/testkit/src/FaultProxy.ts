/**
 * A TCP proxy on loopback that harms the bytes between a client and a vendor, at the level of connections.
 *
 * Where a `Script` makes the vendor misbehave, the proxy harms what a healthy one says: it knows nothing of HTTP and works
 * in front of any server, a simulator included. `Toxic`s say how, each for one direction. They may be changed at any time
 * and hold for the bytes that arrive from then on, on open connections too. There is no chance in it. Delays are real
 * time, whatever clock the caller lives by. When its scope closes, every socket is closed and no timer is left.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"

/**
 * Which bytes a toxic is for: `"down"` are those from the server to the client, `"up"` those from the client.
 *
 * @category models
 * @since 0.1.0
 */
export type Direction = "down" | "up"

/**
 * What happens to the bytes of one direction. Several toxics work in the order in which they are listed here, whatever
 * the order they are given in; of one kind the first counts.
 *
 * - `Latency`: every byte arrives this much later; order and speed stay.
 * - `LimitData`: lets so many bytes of a connection through, then closes it on both sides.
 * - `ResetPeer`: lets nothing through and resets both sides this long after the first byte, at once with 0.
 * - `Timeout`: lets nothing through and closes both sides this long after the first byte, or never (null).
 * - `Slicer`: passes on at most `bytes` bytes at a time, `every` so often.
 * - `Bandwidth`: at most so many bytes a second.
 * - `SlowClose`: the end of a connection arrives this much later.
 *
 * @category models
 * @since 0.1.0
 */
export type Toxic = Data.TaggedEnum<{
  Latency: { readonly direction: Direction; readonly delay: Duration.Input }
  LimitData: { readonly direction: Direction; readonly bytes: number }
  ResetPeer: { readonly direction: Direction; readonly after: Duration.Input }
  Timeout: { readonly direction: Direction; readonly after: Duration.Input | null }
  Slicer: { readonly direction: Direction; readonly bytes: number; readonly every: Duration.Input }
  Bandwidth: { readonly direction: Direction; readonly bytesPerSecond: number }
  SlowClose: { readonly direction: Direction; readonly delay: Duration.Input }
}>

/**
 * @category constructors
 * @since 0.1.0
 */
export const Toxic = Data.taggedEnum<Toxic>()

/**
 * A proxy that cannot start because its port is taken, or toxics with a number out of bounds.
 *
 * @category errors
 * @since 0.1.0
 */
export class FaultProxyError extends Data.TaggedError("FaultProxyError")<{
  readonly reason: "option" | "port"
  readonly message: string
}> {}

/**
 * What passed so far: connections in all and open now, and the bytes handed on in each direction.
 *
 * @category models
 * @since 0.1.0
 */
export interface Traffic {
  readonly connections: number
  readonly open: number
  readonly up: number
  readonly down: number
}

/**
 * A running proxy.
 *
 * @category models
 * @since 0.1.0
 */
export interface FaultProxy {
  readonly port: number
  /** `127.0.0.1:<port>`. */
  readonly host: string
  /** Replaces all toxics; an empty list heals. */
  readonly set: (toxics: ReadonlyArray<Toxic>) => Effect.Effect<void, FaultProxyError>
  /** Resets all open connections, on both sides. */
  readonly reset: Effect.Effect<void>
  readonly traffic: () => Traffic
}

/**
 * - `target`: the port on 127.0.0.1 that connections are handed on to.
 * - `port`: the proxy's own on 127.0.0.1. Default 0: any free one.
 * - `toxics`: those it starts with. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly target: number
  readonly port?: number
  readonly toxics?: ReadonlyArray<Toxic>
}

type Kind = Toxic["_tag"]

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1

const millisOf = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

const isWait = (input: Duration.Input): boolean => {
  const millis = millisOf(input)
  return Number.isFinite(millis) && millis >= 0
}

const faultOf = (toxic: Toxic): string | null => {
  const good = Toxic.$match(toxic, {
    Latency: ({ delay }) => isWait(delay),
    LimitData: ({ bytes }) => Number.isSafeInteger(bytes) && bytes >= 0,
    ResetPeer: ({ after }) => isWait(after),
    Timeout: ({ after }) => after === null || isWait(after),
    Slicer: ({ bytes, every }) => isCount(bytes) && isWait(every),
    Bandwidth: ({ bytesPerSecond }) => isCount(bytesPerSecond),
    SlowClose: ({ delay }) => isWait(delay)
  })
  return good
    ? null
    : `${toxic._tag}: times must be finite and from 0, numbers of bytes whole and from 1 (a limit from 0)`
}

/** Something that came in on one side: bytes, or null for their end. */
interface Piece {
  readonly at: number
  readonly bytes: Buffer | null
}

// Beyond this much in a queue the sender is not read any more.
const room = 256 * 1024

/** What one connection has to do with its proxy. */
interface Line {
  readonly now: () => number
  readonly sleep: (millis: number) => Effect.Effect<void>
  readonly fork: (effect: Effect.Effect<void>) => unknown
  readonly makeQueue: <A>(effect: Effect.Effect<Queue.Queue<A>>) => Queue.Queue<A>
  readonly find: <K extends Kind>(kind: K, direction: Direction) => Extract<Toxic, { _tag: K }> | undefined
  readonly traffic: { up: number; down: number }
  readonly breakOff: (how: "close" | "reset") => void
}

const write = (to: Net.Socket, bytes: Buffer): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (to.destroyed || to.writableEnded) return resume(Effect.void)
    to.write(bytes, () => resume(Effect.void))
  })

/** Carries what comes in on one side to the other, harmed as the toxics of the moment say. */
const carry = (line: Line, from: Net.Socket, to: Net.Socket, direction: Direction): void => {
  const { breakOff, find, fork, makeQueue, now, sleep, traffic } = line
  const pieces = makeQueue(Queue.unbounded<Piece>())
  let queued = 0
  let passed = 0
  let silenced = false
  const add = (bytes: Buffer | null): void => {
    queued += bytes?.byteLength ?? 0
    if (queued > room) from.pause()
    Queue.offerUnsafe(pieces, { at: now(), bytes })
  }
  from.on("data", (bytes: Buffer) => add(bytes))
  from.once("end", () => add(null))
  // A side that was reset has no end; without one its carrier would wait as long as the proxy lives.
  from.once("close", () => add(null))

  const hand = function* (bytes: Buffer) {
    const slicer = find("Slicer", direction)
    const step = slicer?.bytes ?? bytes.byteLength
    for (let sent = 0; sent < bytes.byteLength; sent += step) {
      if (sent > 0 && slicer !== undefined) yield* sleep(millisOf(slicer.every))
      const slice = bytes.subarray(sent, sent + step)
      const bandwidth = find("Bandwidth", direction)
      if (bandwidth === undefined) yield* write(to, slice)
      else {
        // Twenty parts a second at the most, so that a slow line is slow and not a burst now and then.
        const part = Math.max(1, Math.ceil(bandwidth.bytesPerSecond / 20))
        for (let from = 0; from < slice.byteLength; from += part) {
          const bit = slice.subarray(from, from + part)
          yield* sleep((bit.byteLength / bandwidth.bytesPerSecond) * 1000)
          yield* write(to, bit)
        }
      }
      passed += slice.byteLength
      traffic[direction] += slice.byteLength
    }
  }

  fork(
    Effect.gen(function* () {
      while (!to.destroyed) {
        const piece = yield* Queue.take(pieces)
        const latency = find("Latency", direction)
        if (latency !== undefined) yield* sleep(piece.at + millisOf(latency.delay) - now())
        if (piece.bytes === null) {
          const slow = find("SlowClose", direction)
          if (slow !== undefined) yield* sleep(millisOf(slow.delay))
          // A connection under a timeout that never comes stays open, no matter who else closes it.
          if (!silenced) to.end()
          return
        }
        queued -= piece.bytes.byteLength
        if (queued <= room) from.resume()
        const limit = find("LimitData", direction)
        if (limit !== undefined && passed + piece.bytes.byteLength >= limit.bytes) {
          yield* hand(piece.bytes.subarray(0, Math.max(0, limit.bytes - passed)))
          return [from, to].forEach((socket) => socket.destroySoon())
        }
        const reset = find("ResetPeer", direction)
        if (reset !== undefined) {
          yield* sleep(millisOf(reset.after))
          return breakOff("reset")
        }
        const timeout = find("Timeout", direction)
        if (timeout !== undefined) {
          silenced = true
          if (timeout.after === null) continue
          yield* sleep(millisOf(timeout.after))
          return breakOff("close")
        }
        yield* hand(piece.bytes)
      }
    })
  )
}

/**
 * Starts a proxy in front of a port on loopback. It is closed with its scope.
 *
 * **Example** (A vendor that answers a second later)
 *
 * `FaultProxy.make({ target: simulator.port, toxics: [Toxic.Latency({ direction: "down", delay: "1 second" })] })`
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<FaultProxy, FaultProxyError, Scope.Scope> {
  const live = Clock.Clock.defaultValue()
  const now = (): number => Number(live.monotonicTimeNanosUnsafe()) / 1_000_000
  const sleep = (millis: number): Effect.Effect<void> =>
    millis > 0 ? live.sleep(Duration.millis(millis)) : Effect.void
  const fork = yield* FiberSet.makeRuntime()
  const makeQueue = Effect.runSyncWith(yield* Effect.context<never>())
  const sockets = new Set<Net.Socket>()
  const traffic = { connections: 0, open: 0, up: 0, down: 0 }
  let toxics: ReadonlyArray<Toxic> = []

  const set: FaultProxy["set"] = (next) =>
    Effect.suspend(() => {
      const faults = next.flatMap((toxic) => faultOf(toxic) ?? [])
      if (faults.length > 0) return Effect.fail(new FaultProxyError({ reason: "option", message: faults.join("; ") }))
      toxics = next
      return Effect.void
    })
  yield* set(options.toxics ?? [])

  const find = <K extends Kind>(kind: K, direction: Direction): Extract<Toxic, { _tag: K }> | undefined =>
    toxics.find((toxic): toxic is Extract<Toxic, { _tag: K }> => toxic._tag === kind && toxic.direction === direction)

  const means = { now, sleep, fork, makeQueue, find, traffic }

  const serve = (client: Net.Socket): void => {
    const server = Net.connect({ host: "127.0.0.1", port: options.target, allowHalfOpen: true, noDelay: true })
    const both = [client, server]
    traffic.connections++
    traffic.open++
    const breakOff = (how: "close" | "reset"): void => {
      for (const socket of both) {
        if (how === "reset") socket.resetAndDestroy()
        else socket.destroy()
      }
    }
    for (const socket of both) {
      sockets.add(socket)
      socket.once("close", () => {
        sockets.delete(socket)
        if (socket === client) traffic.open--
      })
      socket.on("error", (error: NodeJS.ErrnoException) => {
        breakOff(error.code === "ECONNRESET" || error.code === "ECONNREFUSED" ? "reset" : "close")
      })
    }

    const line: Line = { ...means, breakOff }
    carry(line, client, server, "up")
    carry(line, server, client, "down")
  }

  const listener = yield* Effect.acquireRelease(
    Effect.callback<Net.Server, FaultProxyError>((resume) => {
      const opened = Net.createServer({ allowHalfOpen: true, noDelay: true }, serve)
      opened.once("error", (error) =>
        resume(
          Effect.fail(
            new FaultProxyError({
              reason: "port",
              message: `127.0.0.1:${options.port ?? 0} cannot be opened: ${error.message}`
            })
          )
        )
      )
      opened.listen({ host: "127.0.0.1", port: options.port ?? 0 }, () => resume(Effect.succeed(opened)))
    }),
    (opened) =>
      Effect.callback<void>((resume) => {
        opened.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = listener.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const reset = Effect.sync(() => {
    for (const socket of sockets) socket.resetAndDestroy()
  })
  return { port, host: `127.0.0.1:${port}`, set, reset, traffic: () => ({ ...traffic }) }
})
