// Leaving the ring while the line to the database is slow, and returning. It touches the claims this worker holds, its
// place among the workers and its database sessions. Law: it leaves only what another worker can poll, and takes nothing
// until its line has been good for a lease.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { RunnerStorage } from "effect/cluster/RunnerStorage"
import type { SqlClient } from "effect/sql/SqlClient"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Sharing } from "@scanpoll/journal/SharedClaims"
import type { Line } from "./line.ts"
import * as Membership from "./membership.ts"
import type { Wire } from "./wire.ts"

const keepOpenEvery = Duration.seconds(30)
const unregisterEvery = Duration.seconds(2)

// - `lease`, `floor`: in milliseconds; nobody polls a scan twice within the floor.
// - `session`: the application name of this worker's database sessions.
// - `spare`: a connection that is used for nothing else, so that a statement on it waits for no answer.
export interface Parts {
  readonly name: string
  readonly session: string
  readonly lease: number
  readonly floor: number
  readonly line: Line
  readonly spare: Wire
  readonly sql: SqlClient
  readonly journal: Pick<Sharing, "standAside" | "comeBack">
  readonly storage: RunnerStorage["Service"]
  readonly steady: () => number
}

const unanswered = () =>
  new SqlError({ reason: new ConnectionError({ cause: null, message: "the database did not answer in time" }) })

// Hands over everything in one statement. What hangs in other sessions of this worker would keep its locks, and could take
// effect later: they are ended.
const handOver = (parts: Parts): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { floor, journal, lease, line, name, session, spare, sql, storage } = parts
    line.leave()
    const now = yield* SteadyClock.now
    const address = Membership.addressOf(name)
    const handedOver = journal.standAside({
      // A request that was cut reached its vendor all the same.
      notBefore: now + Math.max(floor + 1_000, lease / 3),
      first: sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = ${session} AND pid <> pg_backend_pid()`,
      also: [sql`DELETE FROM scanpoll_cluster_runners WHERE address = ${`${address.host}:${address.port}`}`],
      send: (statement) =>
        Effect.flatMap(spare.send(statement, lease), (told) =>
          told === null ? Effect.fail(unanswered()) : Effect.void
        )
    })
    yield* Effect.catch(handedOver, () =>
      Effect.ignore(Effect.timeout(storage.releaseAll(address), Duration.millis(lease)))
    )
  })

// Leaves for good.
export const leaveForGood = (parts: Parts): Effect.Effect<void> =>
  Effect.suspend(() => {
    parts.line.retire()
    return handOver(parts)
  })

// Watches the line, for ever.
export const watch = (parts: Parts): Effect.Effect<never> =>
  Effect.gen(function* () {
    const { journal, lease, line, name, spare, sql, steady, storage } = parts
    const every = Math.min(lease / 24, 500)
    const leave = Effect.andThen(
      Effect.logWarning(
        "the database answers this worker too slowly: it leaves its scans to the others until that has passed"
      ),
      Effect.forkDetach(handOver(parts))
    )
    const look = Effect.gen(function* () {
      yield* Effect.sleep(Duration.millis(every))
      line.tick(steady(), every)
      if (line.mustLeave) yield* leave
      else if (line.mayReturn) {
        yield* Effect.logInfo("the database answers in time again: this worker takes its share of the scans")
        line.comeBack()
        journal.comeBack()
      }
    })
    const keepOpen = Effect.andThen(
      Effect.suspend(() =>
        line.isPrompt && !line.isAside ? Effect.ignore(spare.send(sql`SELECT 1`, 2_000)) : Effect.void
      ),
      Effect.sleep(keepOpenEvery)
    )
    // A registration that was under way for long would put it in the ring again.
    const stayOut = Effect.andThen(
      Effect.sleep(unregisterEvery),
      Effect.suspend(() =>
        line.isAside
          ? Effect.ignore(Effect.timeout(storage.unregister(Membership.addressOf(name)), Duration.millis(lease)))
          : Effect.void
      )
    )
    if (line.mustNotJoin) yield* leave
    return yield* Effect.raceFirst(
      Effect.raceFirst(Effect.forever(look), Effect.forever(keepOpen)),
      Effect.forever(stayOut)
    )
  })
