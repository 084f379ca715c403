/**
 * A line to a server on this machine that is slow, narrow, dead or cut on demand: a TCP proxy on loopback.
 */
/* oxlint-disable no-restricted-globals, no-restricted-properties -- real bytes between real sockets are delayed in real time */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, createServer, type Socket } from "node:net"
import { seeded } from "./seeded.ts"

/**
 * How the line is. What is left out is as on a good line.
 *
 * - `latency`: milliseconds each way, for what is sent and what comes back. `jitter`: up to so many more, by chance; what was
 *   sent first still arrives first.
 * - `bandwidth`: bytes a second each way.
 * - `silent`: half-open. Connections stay open, and what is sent is lost, both ways.
 * - `refuses`: new connections are ended at once.
 */
export interface Trouble {
  readonly latency?: number
  readonly jitter?: number
  readonly bandwidth?: number
  readonly silent?: boolean
  readonly refuses?: boolean
}

export interface FaultyLine {
  /** The address of the server, by way of this line. */
  readonly url: string
  /** From now on, for open connections too. What is under way arrives as it would have. */
  readonly be: (trouble: Trouble) => void
  /** Resets all open connections. */
  readonly reset: () => void
  readonly close: () => void
}

/** A line to the server of a `postgres://` or `http://` address, as it is by itself: good. */
export const faultyLine = async (address: string): Promise<FaultyLine> => {
  const target = new URL(address)
  const chance = seeded(7)
  const sockets = new Set<Socket>()
  let now: Trouble = {}
  const carry = (from: Socket, to: Socket): void => {
    let freeAt = 0
    sockets.add(from)
    from.setNoDelay(true)
    from
      .on("data", (bytes) => {
        const { bandwidth, jitter = 0, latency = 0, silent = false } = now
        if (silent) return
        const at = performance.now()
        const takes = bandwidth === undefined ? 0 : (bytes.length * 1000) / bandwidth
        freeAt = Math.max(freeAt, at + latency + jitter * chance()) + takes
        if (freeAt <= at) to.write(bytes)
        else setTimeout(() => to.destroyed || to.write(bytes), freeAt - at)
      })
      .on("error", () => undefined)
      .on("close", () => {
        sockets.delete(from)
        // An end is as late as what was sent before it, and is lost as that is.
        if (now.silent !== true) setTimeout(() => to.destroy(), Math.max(0, freeAt - performance.now()))
      })
  }
  const proxy = createServer((near) => {
    if (now.refuses === true) {
      near.destroy()
      return
    }
    const far = connect(Number(target.port), target.hostname)
    carry(near, far)
    carry(far, near)
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
  const place = proxy.address()
  const url = new URL(address)
  url.host = `127.0.0.1:${typeof place === "object" ? place?.port : ""}`
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: url.href,
    be: (trouble) => {
      now = trouble
    },
    reset,
    close: () => {
      now = {}
      for (const socket of sockets) socket.destroy()
      proxy.close()
    }
  }
}

/** The same, for as long as the scope. */
export const scoped = (address: string): Effect.Effect<FaultyLine, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => faultyLine(address)),
    (line) => Effect.sync(line.close)
  )
