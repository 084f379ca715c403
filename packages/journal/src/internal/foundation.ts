// What the rooms of a journal stand on: who this process is, whether it is taken for alive, and whether the database can
// be written. May touch: the schema, the table of owners, through `owners` and `identity`. Law: nothing is written before
// the schema is the newest and this process is registered, and a journal that became another one ends everything held.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { migrate } from "../JournalSchema.ts"
import { Aside } from "./aside.ts"
import * as Dialects from "./dialect.ts"
import { HeldClaims } from "./heldClaims.ts"
import * as Identities from "./identity.ts"
import * as Leases from "./lease.ts"
import type * as Notices from "./notices.ts"
import * as OwnerTables from "./owners.ts"
import * as Processes from "./processes.ts"
import * as Stores from "./store.ts"

// The journal is another one now. What this process had bought is in the log, so that it can be found again.
const endAll = (held: HeldClaims, error: ScanJournal.JournalError): Effect.Effect<void> =>
  Effect.gen(function* () {
    const remedy = "put it back, then `scanpoll resume`; or wait for each scan by its key: `scanpoll wait KEY`"
    yield* Effect.logError(`${error.message}. Nothing more is submitted or polled. To recover, ${remedy}`)
    for (const [claimId, ticket] of held.entries()) {
      yield* Effect.logError(
        ticket === null
          ? `claim ${claimId} was being submitted; the vendor may have accepted it`
          : `bought: ${ScanTicket.key(ticket)}, account ${ticket.account} (claim ${claimId})`
      )
    }
    held.loseAll(error)
  })

// In milliseconds, as all of them.
export interface Bounds extends Stores.StoreOptions {
  readonly lease: number
}

export const make = (
  sql: SqlClient.SqlClient,
  bounds: Bounds,
  presence: "system" | "lease",
  notices: Notices.Notices
) =>
  Effect.gen(function* () {
    const clock = yield* Effect.service(Clock.Clock)
    const dialect = Dialects.make(sql)
    const held = new HeldClaims()
    const lease = Leases.make(clock, bounds.lease)
    const here = Processes.here()
    const place = presence === "lease" ? { ...here, place: "", started: "" } : here
    const identity = Identities.make(sql, held)
    const owners = yield* OwnerTables.make({ sql, dialect, lease, held, notices, place, verify: identity.verify })
    const aside = new Aside()
    const heartbeat = aside.unless(Effect.andThen(owners.heartbeat, identity.verifyNewest))
    const prepare = Effect.provideService(migrate(), SqlClient.SqlClient, sql)
    let isOpen = false
    const store = yield* Stores.make(sql, bounds, {
      name: owners.me(),
      probe: Effect.suspend(() => (isOpen ? heartbeat : prepare)),
      onOutage: (error) => held.endWaits(error),
      ending: { look: identity.look, explain: identity.explain, onEnd: (error) => endAll(held, error) }
    })
    const open = Effect.gen(function* () {
      yield* store.read(prepare)
      isOpen = true
      yield* store.write((stamp) =>
        Effect.andThen(identity.learn, Effect.andThen(owners.register, owners.freeOrphans(stamp)))
      )
    })
    // Each of its statements holds by itself. On a slow line a transaction would take longer than the lease can wait.
    const beat = Effect.catch(store.statement(heartbeat, bounds.lease), (error) =>
      Effect.sync(() => (ScanJournal.mayHeal(error) ? store.declare(error) : held.loseAll(error)))
    )
    return { sql, clock, dialect, held, notices, lease, aside, owners, store, open, beat, label: here.label }
  })
