/**
 * A process that buys scans and waits for them while the workers of a cluster poll.
 *
 * It is a journal like any other: `Scans.run`, `runAll`, `submitAll` and `wait` are called as always, and their types
 * are the same. The client makes the claim and the submission itself, with its own credential; then the claim is free
 * for the workers, and the client hears from the journal what came of it. Its deadline, its `until` and its end are its
 * own: none of them ends anything in the cluster. One that dies while a submission is under way leaves a claim in doubt,
 * as any process does.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import * as ClusterStatus from "./ClusterStatus.ts"

/**
 * - `journal`: the journal of the cluster, as `postgres://user:password@host:port/database`.
 * - `watch`: how often the journal is asked what became of the scans that are waited for. Default 500 milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Pick<SqlJournal.Options, "watch" | "patience"> {
  readonly journal: string | Redacted.Redacted
}

/**
 * The journal of a cluster for a process that leaves every poll to the workers. Warns when there are none.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<ScanJournal, JournalError> => {
  const { journal, ...others } = options
  return Layer.effectContext(
    Effect.gen(function* () {
      const operations = yield* SqlJournal.make({ ...others, polls: false })
      const status = yield* Effect.option(ClusterStatus.read)
      if (status._tag === "Some" && !status.value.workers.some((worker) => worker.alive)) {
        yield* Effect.logWarning("no worker of this cluster is running: what is submitted waits until one does")
      }
      return Context.make(ScanJournal, operations)
    })
  ).pipe(Layer.provide(ClusterDatabase.layer(journal)))
}
