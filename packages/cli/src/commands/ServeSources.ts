/**
 * What `scanpoll serve` brings to the server beside the journal: reports of runs and claims, and the workers of a cluster.
 *
 * @since 0.2.0
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import { JournalError, type Operations, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Standing from "@scanpoll/journal/Standing"
import * as Payload from "@scanpoll/report/Payload"
import type * as Handlers from "@scanpoll/server/Handlers"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Settings } from "../config/Settings.ts"
import * as Hints from "../output/Hints.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as FindRun from "../run/FindRun.ts"
import * as StoredReport from "../run/StoredReport.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as Attention from "./Attention.ts"
import { toJson as clusterJson } from "./ClusterStatus.ts"
import * as ReportRun from "./ReportRun.ts"

const asJson = (value: unknown) => Effect.orDie(Schema.decodeUnknownEffect(Schema.Json)(value))

const everyOpen = Attention.read({ sort: null, state: null, only: null }, []).value

const clusterOf = (address: JournalAddress.JournalAddress, journal: Operations): Handlers.Sources["cluster"] =>
  address._tag !== "Postgres"
    ? null
    : Effect.gen(function* () {
        const claims = yield* journal.open
        const status = yield* Effect.provide(
          ClusterStatus.read,
          ClusterDatabase.layer(address.url, { maxConnections: 1 })
        )
        const open = Attention.select(claims, everyOpen, status.at, Standing.workersTakeAhead)
        const ids = open.filter(Attention.isWorthALine).map(({ entry }) => entry.claimId)
        const entries = new Map((yield* journal.entries(ids)).map((entry) => [entry.claimId, entry]))
        return yield* asJson(clusterJson(status, JournalAddress.show(address), open, entries))
      })

const unreadable = (message: string) => new JournalError({ reason: "unreadable", message })

interface Made {
  readonly address: JournalAddress.JournalAddress
  readonly settings: Settings
  readonly flags: FlagTexts
  readonly redact: (text: string) => string
  readonly actions: Handlers.Sources["actions"]
}

/**
 * The sources of a journal. A report that may hold the vendors' own results has them without what is named like a secret.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function* ({
  actions,
  address,
  flags,
  redact,
  settings
}: Made): Effect.fn.Return<Handlers.Sources, never, ScanJournal | Vendors | FileSystem.FileSystem | Path.Path> {
  const journal = yield* ScanJournal
  const { byName } = yield* Vendors
  const services = yield* Effect.context<ScanJournal | Vendors | FileSystem.FileSystem | Path.Path>()
  const ofRun = Effect.fnUntraced(function* (runId: string, payload: boolean) {
    const stored = yield* journal.runs.get(runId)
    if (stored === null) return null
    const options = FindRun.optionsOf(stored)
    if (Result.isFailure(options)) return yield* unreadable(`what ${runId} was started with cannot be read`)
    return yield* Effect.catchTag(
      ReportRun.ofFound({
        found: { stored, options: options.success },
        flags,
        settings,
        redact,
        raw: payload ? "redacted" : "none"
      }),
      "UsageError",
      () => unreadable(`the gate of ${runId} cannot be read`)
    )
  })
  return {
    reportOfRun: (runId, payload) => Effect.provideContext(ofRun(runId, payload), services),
    reportOfClaim: (claimId, payload) =>
      Effect.map(journal.get(claimId), (entry) =>
        entry === null
          ? null
          : StoredReport.ofClaim(entry, {
              redact,
              payload: (own) => Payload.keep(own, payload ? "redacted" : "none", { scrub: redact })
            })
      ),
    cluster: clusterOf(address, journal),
    journal: JournalAddress.show(address),
    tail: Hints.storeTail({ settings, flags }),
    doubtOf: (vendor) => byName(vendor)?.doubt ?? [],
    actions,
    budgetOf: (vendor) => byName(vendor)?.rateLimit ?? null
  }
})
