/** Workers in the process of the test, and the scans that they poll. */
import * as Client from "@scanpoll/cluster/Client"
import * as Worker from "@scanpoll/cluster/Worker"
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** Asks again and again until it is so; dies with what was waited for when that takes too long. */
export const until = <E, R>(what: string, isSo: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> => {
  const ask: Effect.Effect<void, E, R> = Effect.flatMap(isSo, (so) =>
    so ? Effect.void : Effect.andThen(Effect.sleep(25), ask)
  )
  return Effect.timeoutOrElse(ask, {
    duration: "240 seconds",
    orElse: () => Effect.die(new Error(`not within 240 s: ${what}`))
  })
}

export const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const

/** Scans that are open in a journal and that nobody polls, by their names. Returns the ids of their claims. */
export const buy = (
  url: string,
  names: ReadonlyArray<string>,
  other: { readonly environment?: string; readonly origin?: string } = {}
) =>
  Effect.forEach(names, (fingerprint) =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal
      const key = { ...account, environment: "", fingerprint, ...other }
      const subject = { kind: "company", id: fingerprint, name: fingerprint } as const
      const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
      const ticket = { v: 1, ...account, origin: key.origin, scanId: fingerprint, submittedAt: 1 } as const
      yield* journal.submitted(claimId, ticket, 0)
      return claimId
    })
  ).pipe(Effect.provide(Client.layer({ journal: url }), { local: true }))

/** A worker of this process, what it has told so far, and its end. */
export const start = (options: Worker.WorkerOptions) =>
  Effect.gen(function* () {
    const events: Array<Worker.WorkerEvent> = []
    const scope = yield* Scope.fork(yield* Effect.scope)
    const context = yield* Scope.provide(
      Layer.build(Worker.layer({ ...options, observer: (event) => void events.push(event) })),
      scope
    )
    return { events, worker: Context.get(context, Worker.ClusterWorker), end: Scope.close(scope, Exit.void) }
  })
