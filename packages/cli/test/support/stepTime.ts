/**
 * A clock over real sockets that no machine is too slow for: time stands still while anything happens, and steps to the
 * next sleeper when nothing does.
 *
 * Client and servers share one event loop, so "nothing happens" can be known: every request the clients have sent lies
 * with a server, and some turns of the loop brought no change. Times are exact: an answer takes no time unless its
 * vendor is silent.
 */
import { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Ledger } from "@scanpoll/testkit/Ledger"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface StepTime {
  readonly now: () => number
  readonly clock: Clock.Clock
  /** Requests of these clients hold the time until they lie with one of the servers. */
  readonly http: Layer.Layer<VendorHttp, never, VendorHttp>
  /** Runs the time, with these servers' ledgers as the judges of what happens. */
  readonly run: (ledgers: ReadonlyArray<Ledger>) => Effect.Effect<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

// A server reads, thinks and answers within a few turns of the loop; a large answer takes some more.
const quietTurns = 40
// Then it is the system that has not handed a packet over yet: nothing is won by asking it more often.
const busyTurns = 400

export const make = (startAt: number): StepTime => {
  let now = startAt
  let changes = 0
  let requests = 0
  const sleepers = new Set<Sleeper>()

  const sleep = (duration: Duration.Duration): Effect.Effect<void> => {
    const millis = Duration.toMillis(duration)
    if (millis === Infinity) return Effect.never
    return Effect.callback((resume) => {
      const sleeper = { at: now + Math.max(0, millis), wake: () => resume(Effect.void) }
      sleepers.add(sleeper)
      changes++
      return Effect.sync(() => {
        sleepers.delete(sleeper)
        changes++
      })
    })
  }

  const step = (): void => {
    let next = Infinity
    for (const { at } of sleepers) next = Math.min(next, at)
    if (next === Infinity) return
    now = Math.max(now, next)
    for (const sleeper of Array.from(sleepers)) {
      if (sleeper.at > now) continue
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }

  const run: StepTime["run"] = (ledgers) =>
    Effect.gen(function* () {
      for (const ledger of ledgers) {
        yield* Effect.forkChild(
          ledger.until(() => {
            changes++
            return false
          }),
          { startImmediately: true }
        )
      }
      return yield* Effect.callback<void>(() => {
        let seen = -1
        let quiet = 0
        let turns = 0
        let isOver = false
        const turn = (): void => {
          if (isOver) return
          const atServers = ledgers.reduce((sum, ledger) => sum + ledger.totals().requestsNow, 0)
          if (seen !== changes) {
            seen = changes
            quiet = 0
            turns = 0
          } else if (requests === atServers && ++quiet >= quietTurns && sleepers.size > 0) {
            quiet = 0
            step()
          }
          if (++turns < busyTurns) setImmediate(turn)
          else setTimeout(turn, 1)
        }
        setImmediate(turn)
        return Effect.sync(() => {
          isOver = true
        })
      })
    })

  const counted = <A, E>(request: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      requests++
      changes++
      return Effect.ensuring(
        request,
        Effect.sync(() => {
          requests--
          changes++
        })
      )
    })

  return {
    now: () => now,
    run,
    clock: {
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanosUnsafe: () => BigInt(Math.round(now * 1_000)) * 1_000n,
      currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1_000)) * 1_000n),
      monotonicTimeNanosUnsafe: () => BigInt(Math.round((now - startAt) * 1_000)) * 1_000n,
      monotonicTimeNanos: Effect.sync(() => BigInt(Math.round((now - startAt) * 1_000)) * 1_000n),
      sleep
    },
    http: Layer.effect(
      VendorHttp,
      Effect.map(VendorHttp, (inner) => ({
        make: (options) =>
          Effect.map(inner.make(options), (client) => ({
            ...client,
            get: (path, request) => counted(client.get(path, request)),
            post: (path, body, request) => counted(client.post(path, body, request))
          }))
      }))
    )
  }
}
