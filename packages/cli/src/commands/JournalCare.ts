/**
 * `scanpoll journal check`, `backup FILE` and `redeliver`: whether the journal is sound, a copy of it, and notifications that are
 * tried again.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Maintenance from "@scanpoll/journal/Maintenance"
import * as StoredJournal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { usage, type UsageError } from "../config/InputFault.ts"
import type { Settings } from "../config/Settings.ts"
import * as Look from "../output/Look.ts"
import * as Hints from "../output/Hints.ts"
import * as Output from "../output/Output.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`

// A journal that is stored somewhere and is there.
const stored = (settings: Settings) =>
  Effect.gen(function* () {
    yield* Journal.mustExist(settings)
    const address = yield* Journal.inForce(settings.journal.value)
    const where = settings.journal.source === "default" ? "--journal" : settings.journal.where
    if (address._tag === "Memory")
      return yield* Effect.fail(usage(where, "memory: is stored nowhere; name a file or a database"))
    const fs = yield* FileSystem.FileSystem
    if (address._tag === "File" && !(yield* Effect.orElseSucceed(fs.exists(address.path), () => true))) {
      return yield* Effect.fail(usage(where, `there is no journal at ${address.path} yet`))
    }
    return address
  })

const findingLine = ({ claimId, message }: Maintenance.Finding): string =>
  `  ${claimId === null ? "the database" : inert(claimId, 80)}: ${inert(message, 300)}\n`

/**
 * `scanpoll journal check`: exit code 74 where something is wrong.
 *
 * @category constructors
 * @since 0.2.0
 */
export const check = Effect.fnUntraced(function* (input: {
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "journal check", flags: input.flags, formats: Output.small }),
    Checked.accept
  )
  const address = yield* stored(settings)
  const found = yield* Maintenance.check.pipe(
    Effect.provide(StoredJournal.clientReadOnly(address, { trust: settings.trustJournal.value })),
    Look.atLogLevel(settings)
  )
  const { claims, findings, more, version } = found
  const journal = JournalAddress.show(address)
  const failed = yield* Output.write(settings, {
    text: () => [
      `journal: ${inert(journal)}\n`,
      `version ${version}, ${count(claims, "claim")}: ${findings.length === 0 ? "nothing is wrong" : count(findings.length + more, "fault")}\n`,
      ...findings.map(findingLine),
      ...(more === 0 ? [] : [`  and ${more} more\n`])
    ],
    json: () => ({ schemaVersion: 1, journal, version, claims, findings, more })
  })
  return failed || findings.length > 0 ? 74 : 0
})

/**
 * `scanpoll journal backup FILE`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const backup = Effect.fnUntraced(function* (input: {
  readonly file: string
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "journal backup", flags: input.flags, formats: Output.small }),
    Checked.accept
  )
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.resolve(input.file)
  const address = yield* stored(settings)
  if (address._tag === "Postgres") {
    return yield* Effect.fail(usage(settings.journal.where, "a PostgreSQL journal is backed up with pg_dump"))
  }
  const isThere = yield* Effect.orElseSucceed(fs.exists(file), () => true)
  if (isThere) return yield* Effect.fail(usage("FILE", `${file} exists; name a new file`))
  const hasFolder = yield* Effect.orElseSucceed(fs.exists(path.dirname(file)), () => false)
  if (!hasFolder) return yield* Effect.fail(usage("FILE", `the folder ${path.dirname(file)} does not exist`))
  const options = { trust: settings.trustJournal.value }
  const copied = yield* Effect.gen(function* () {
    yield* Effect.provide(Maintenance.backup(file), StoredJournal.clientReadOnly(address, options))
    return yield* Effect.provide(
      Maintenance.check,
      StoredJournal.clientReadOnly({ _tag: "File", path: file }, { trust: true })
    )
  }).pipe(Look.atLogLevel(settings))
  yield* say(`copied ${count(copied.claims, "claim")} to ${inert(file)}`)
  if (copied.findings.length > 0) {
    const tail = Hints.journalTail({ settings, flags: input.flags })
    yield* say(`warning: the journal has faults, and so has the copy; \`scanpoll journal check${tail}\` lists them`)
  }
  return 0
})

/**
 * `scanpoll journal redeliver`: what was given up is due again. A process that has the receivers sends it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const redeliver = Effect.fnUntraced(function* (input: {
  readonly event: string | null
  readonly receiver: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "journal redeliver", flags: input.flags, formats: Output.small }),
    Checked.accept
  )
  yield* stored(settings)
  const { event, receiver } = input
  const which = { ...(event === null ? {} : { id: event }), ...(receiver === null ? {} : { receiver }) }
  const again = yield* Effect.flatMap(ScanJournal, (journal) => journal.redeliver(which)).pipe(
    Effect.provide(Journal.layerExisting(settings, "write")),
    Look.atLogLevel(settings)
  )
  yield* say(
    again === 0
      ? "no notification that was given up matches"
      : `${count(again, "notification")} will be tried again by the next scanpoll serve, run or worker with --notify`
  )
  return 0
})
