// A journal that is only looked at. May touch: every table, reading. Law: nothing in it changes, its version included, and
// an operation that would change it fails as `read-only`.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import {
  type Change,
  claimStates,
  type JournalError,
  type Operations,
  mayHeal,
  openStates
} from "@scanpoll/core/engine/ScanJournal"
import { readVersion } from "../JournalSchema.ts"
import * as Claims from "./claims.ts"
import * as ClaimTables from "./claimTable.ts"
import * as Dialects from "./dialect.ts"
import { errorOf } from "./faults.ts"
import { HeldClaims } from "./heldClaims.ts"
import * as Leases from "./lease.ts"
import { none } from "./notices.ts"
import * as OwnerTables from "./owners.ts"
import * as Processes from "./processes.ts"
import * as Readings from "./readings.ts"
import * as StoredRuns from "./runs.ts"
import * as Stores from "./store.ts"

// The versions that first kept lessons, and runs and polls.
const lessonsSince = 2
const runsSince = 3
const retryEvery = 100

const refuse: Effect.Effect<never, JournalError> = Effect.suspend(() =>
  Effect.fail(errorOf("read-only", "it was opened to be looked at"))
)

// What a journal without runs, polls and notifications answers.
const before3 = ({
  history,
  page
}: Pick<Operations, "history" | "page">): Pick<Operations, "polls" | "page" | "changes" | "deliveries"> => ({
  polls: () => Effect.succeed([]),
  deliveries: () => Effect.succeed([]),
  page: (filter) => (filter.run === undefined ? page(filter) : Effect.succeed({ entries: [], next: null })),
  changes: ({ limit = 1_000, since }) =>
    Effect.map(history({ states: claimStates, limit }), (entries) =>
      entries
        .filter(({ changedAt }) => changedAt >= since)
        .map(({ changedAt, claimId }): Change => ({ kind: "claim", id: claimId, at: changedAt }))
        .reverse()
    )
})

export const make = (
  sql: SqlClient.SqlClient,
  options: Pick<Stores.StoreOptions, "patience" | "limit">
): Effect.Effect<Operations, JournalError> =>
  Effect.gen(function* () {
    const clock = yield* Effect.service(Clock.Clock)
    const dialect = Dialects.make(sql)
    const held = new HeldClaims()
    const tries = Schedule.spaced(Duration.millis(retryEvery)).pipe(
      Schedule.upTo({ times: Math.ceil(options.patience / retryEvery) })
    )
    const store = {
      read: <A>(effect: Parameters<typeof Stores.readOnce<A>>[0]) =>
        Effect.retry(Stores.readOnce(effect, options.limit), { schedule: tries, while: mayHeal }),
      write: () => refuse
    }
    const version = yield* store.read(Effect.provideService(readVersion(), SqlClient.SqlClient, sql))
    if (version === null) return yield* errorOf("missing", "this database has none")
    const owners = yield* OwnerTables.make({
      sql,
      dialect,
      held,
      notices: none,
      lease: Leases.make(clock, 1),
      place: Processes.here(),
      verify: Effect.void
    })
    const readings = Readings.make({ sql, store, owners })
    const { claim } = Claims.make({
      store,
      owners,
      held,
      table: ClaimTables.make(sql, dialect),
      watch: { until: () => Effect.never },
      removeGone: refuse
    })
    return {
      ...readings,
      lessons: version < lessonsSince ? Effect.succeed([]) : readings.lessons,
      ...(version < runsSince ? { ...before3(readings), open: readings.list(openStates) } : {}),
      runs: {
        ...(version < runsSince
          ? { get: () => Effect.succeed(null), list: () => Effect.succeed([]) }
          : StoredRuns.reads({ sql, store, owners })),
        begin: () => refuse,
        reopen: () => refuse,
        claimed: () => undefined,
        rowEnded: () => undefined,
        end: () => refuse
      },
      claim,
      compact: refuse,
      redeliver: () => refuse,
      forgetPolls: () => refuse,
      adopt: () => refuse,
      prepared: () => refuse,
      ended: () => refuse,
      moved: () => refuse,
      submitted: () => refuse,
      settled: () => refuse,
      supplemented: () => refuse,
      inDoubt: () => refuse,
      refused: () => refuse,
      released: () => refuse,
      take: () => refuse,
      park: () => refuse,
      leave: () => undefined,
      waiting: () => undefined,
      faulted: () => undefined,
      polled: () => undefined,
      paused: () => undefined,
      denied: () => undefined,
      learned: () => undefined
    } satisfies Operations
  })
