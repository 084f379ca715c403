/** A worker's line to its database that is slow, narrow or dead on demand, each way. */
import { FaultProxy } from "@scanpoll/testkit"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const { Toxic } = FaultProxy

/**
 * How the line is. What is left out is as on a good line.
 *
 * - `latency`: milliseconds each way. `bandwidth`: bytes a second each way.
 * - `silent`: half-open. Connections stay open, and what is sent is lost, both ways.
 * - `refuses`: a connection is reset at its first byte.
 */
export interface Trouble {
  readonly latency?: number
  readonly bandwidth?: number
  readonly silent?: boolean
  readonly refuses?: boolean
}

export interface FaultyLine {
  /** The address of the database, by way of this line. */
  readonly url: string
  /** From now on, for open connections too. */
  readonly be: (trouble: Trouble) => Effect.Effect<void>
  /** Resets all open connections. */
  readonly reset: Effect.Effect<void>
}

const toxicsOf = ({ bandwidth, latency, refuses = false, silent = false }: Trouble) =>
  (["up", "down"] as const).flatMap((direction) => [
    ...(latency === undefined ? [] : [Toxic.Latency({ direction, delay: latency })]),
    ...(refuses ? [Toxic.ResetPeer({ direction, after: 0 })] : []),
    ...(silent ? [Toxic.Timeout({ direction, after: null })] : []),
    ...(bandwidth === undefined ? [] : [Toxic.Bandwidth({ direction, bytesPerSecond: bandwidth })])
  ])

/** A line to the database of a `postgres://` address, as it is by itself: good. */
export const scoped = (address: string): Effect.Effect<FaultyLine, never, Scope.Scope> =>
  Effect.gen(function* () {
    const url = new URL(address)
    const proxy = yield* FaultProxy.make({ target: Number(url.port) })
    url.host = proxy.host
    return { url: url.href, be: (trouble: Trouble) => Effect.orDie(proxy.set(toxicsOf(trouble))), reset: proxy.reset }
  }).pipe(Effect.orDie)
