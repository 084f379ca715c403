/**
 * How late polls are while many scans are open and are polled over HTTP.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { request } from "undici"
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import * as Fleet from "@scanpoll/core/engine/Fleet"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import { isScanning, statusPath } from "./Client.ts"
import { appvet, ticketOf } from "./clients/scanpoll.ts"

/**
 * Opens scans evenly over the first `everyMs` milliseconds, polls each every `everyMs`, and ends after `forMs`. Gives the
 * milliseconds by which each poll went out late.
 */
export type Watch = (base: URL, scans: number, everyMs: number, forMs: number) => Promise<ReadonlyArray<number>>

/** The fleet with the AppVet adapter. */
export const fleet: Watch = (base, scans, everyMs, forMs) => {
  const program = Effect.gen(function* () {
    const adapter = yield* AppVet
    const fleet = yield* Fleet.make
    const read = SteadyClock.reader(Context.get(yield* Effect.context<never>(), Clock.Clock))
    const policy = PollPolicy.make({ first: 0, pace: everyMs, floor: 0, spread: 0, deadline: "30 days" })
    const limits = VendorLimits.make({ floor: 0 })
    const late: Array<number> = []
    for (let id = 0; id < scans; id++) {
      const ticket = ticketOf(base, id)
      let due = 0
      const poll = Effect.suspend(() => {
        late.push(read() - due)
        return adapter.poll(ticket)
      })
      const spec = {
        ticket,
        poll,
        policy,
        limits,
        submittedAt: read(),
        hint: Option.some(Duration.millis((everyMs * id) / scans)),
        observer: (event: { readonly _tag: string; readonly until?: number }) => {
          if (event.until !== undefined) due = event.until
        }
      }
      yield* fleet.add(spec, () => {})
    }
    yield* Effect.sleep(Duration.millis(forMs))
    yield* fleet.stop
    return late
  })
  return Effect.runPromise(Effect.scoped(Effect.provide(program, appvet(base))))
}

const headers = { accept: "application/json", authorization: "Bearer bench-key" }

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort)
      resolve()
    }, ms)
    signal.addEventListener("abort", onAbort, { once: true })
  })

/** A hand loop with undici's `request`. */
export const handLoop: Watch = async (base, scans, everyMs, forMs) => {
  const late: Array<number> = []
  const controllers: Array<AbortController> = []
  const loop = async (id: number, signal: AbortSignal): Promise<void> => {
    let wait = (everyMs * id) / scans
    for (;;) {
      const due = performance.now() + wait
      await sleep(wait, signal)
      late.push(performance.now() - due)
      const { body } = await request(base.origin + statusPath(id), { headers, signal })
      if (!isScanning(await body.json())) throw new Error("unexpected answer")
      wait = everyMs
    }
  }
  const loops: Array<Promise<void>> = []
  for (let id = 0; id < scans; id++) {
    const controller = new AbortController()
    controllers.push(controller)
    loops.push(loop(id, controller.signal))
  }
  const all = Promise.allSettled(loops)
  await new Promise((resolve) => {
    setTimeout(resolve, forMs)
  })
  for (const controller of controllers) controller.abort()
  await all
  return late
}
