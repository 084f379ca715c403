/**
 * The journal of a run on PostgreSQL, which may have workers.
 *
 * While a worker of the journal's cluster is alive, the run submits and waits, and leaves every poll to the workers; with
 * none it polls itself, as it does on a file. Either way the budget of each account is shared with every process that has
 * the same database.
 *
 * @since 0.1.0
 */
import * as Client from "@scanpoll/cluster/Client"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { say, type Streams } from "../output/Streams.ts"

// No table yet, or no answer: opening the journal tells what is wrong, if anything is.
const workersOf = (url: Redacted.Redacted): Effect.Effect<number> =>
  ClusterStatus.read.pipe(
    Effect.provide(ClusterDatabase.layer(url, { maxConnections: 1 })),
    Effect.map(({ workers }) => workers.filter(({ alive, phase }) => alive && phase !== "leaving").length),
    Effect.catch(() => Effect.succeed(0))
  )

/**
 * The journal and the budgets of a run in this database. `quiet`: does not say who polls.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  url: Redacted.Redacted,
  options: { readonly quiet: boolean }
): Layer.Layer<ScanJournal, JournalError, Streams> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const workers = yield* workersOf(url)
      if (workers === 0) return layerAlone(url)
      if (!options.quiet) {
        yield* say(
          workers === 1
            ? "the worker of this journal polls; this process submits and waits"
            : `the ${workers} workers of this journal poll; this process submits and waits`
        )
      }
      return Layer.merge(Client.layer({ journal: url }), SharedBudget.layerPostgres(url, { polls: false }))
    })
  )

/**
 * The journal and the budgets of a process that polls itself, no matter who else does.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerAlone = (url: Redacted.Redacted): Layer.Layer<ScanJournal, JournalError> =>
  Layer.merge(Journal.layerPostgres(url), SharedBudget.layerPostgres(url))
