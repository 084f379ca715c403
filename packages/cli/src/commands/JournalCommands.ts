/**
 * The commands about the journal itself: what is in it, what became of what, and forgetting.
 *
 * None of them buys anything. Only `reconcile` asks a vendor, and only for what it has a list of.
 *
 * @since 0.1.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Tickets from "@scanpoll/core/model/ScanTicket"
import * as History from "@scanpoll/journal/History"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Durations from "../config/Durations.ts"
import { type InputFault, quote, usage, type UsageError } from "../config/InputFault.ts"
import * as KeyText from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import * as Plans from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Journal from "../storage/Journal.ts"
import * as Output from "../output/Output.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as Running from "../run/Running.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as Words from "./JournalWords.ts"
import * as RunHistory from "./RunHistory.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const formats = ["text", "json"]

// Settings and outputs of a command that needs no vendor, checked together with what it is asked for itself.
const begin = (name: string, flags: FlagTexts, own: Checked.Findings = Checked.make(null)) =>
  Effect.flatMap(Command.begin({ name, plan: Checked.make(Plans.empty), flags, formats }), (begun) =>
    Checked.accept(Checked.and(begun, own))
  )

const looking = <A, E, R>(settings: Settings, effect: Effect.Effect<A, E, R | ScanJournal>) =>
  effect.pipe(Effect.provide(Journal.layerRead(settings)), Running.atLogLevel(settings))

const within = <A, E, R>(settings: Settings, effect: Effect.Effect<A, E, R | ScanJournal>) =>
  effect.pipe(Effect.provide(Journal.layerExisting(settings)), Running.atLogLevel(settings))

const recentCount = 10

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`${title}\n`, ...lines.map((text) => `  ${text}\n`)]

/**
 * `scanpoll status` without a key: what the journal has open and in doubt, and what ended last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overview = Effect.fnUntraced(function* (input: {
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { settings } = yield* begin("status", input.flags)
  const address = JournalAddress.show(yield* Journal.inForce(settings.journal.value))
  const { open, doubtful, recent } = yield* looking(
    settings,
    Effect.gen(function* () {
      const journal = yield* ScanJournal
      return {
        open: yield* journal.list(["intent", "submitted"]),
        doubtful: yield* journal.list(["in-doubt"]),
        recent: yield* journal.history({ states: ["settled", "refused"], limit: recentCount })
      }
    })
  )
  const now = yield* Clock.currentTimeMillis
  const lines = (entries: ReadonlyArray<ClaimEntry>) => entries.map((entry) => Words.line(entry, now))
  const failed = yield* Output.write(settings, {
    text: () => [
      `journal: ${inert(address)}\n`,
      ...section(`open (${open.length}), \`scanpoll resume\` goes on with them`, lines(open)),
      ...section(
        `in doubt (${doubtful.length}), never sent again by themselves`,
        doubtful.flatMap((entry) => [Words.line(entry, now), `  scanpoll reconcile ${entry.claimId}`])
      ),
      ...section("ended last", lines(recent)),
      ...(open.length + doubtful.length + recent.length === 0 ? ["nothing was bought yet\n"] : [])
    ],
    json: () => ({
      schemaVersion: 1,
      journal: address,
      open: open.map(Words.toJson),
      inDoubt: doubtful.map(Words.toJson),
      recent: recent.map(Words.toJson)
    })
  })
  return failed ? 74 : 0
})

const limitOf = (text: string | null, usual: number, most: number): Checked.Checked<number> => {
  if (text === null) return Checked.make(usual)
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN
  return value >= 1 && value <= most
    ? Checked.make(value)
    : Checked.faulty(usual, "--limit", `must be a whole number from 1 to ${most}, not ${quote(text)}`)
}

const runs = Effect.fnUntraced(function* (
  settings: Settings,
  input: { readonly words: ReadonlyArray<string>; readonly limit: number }
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const all = yield* looking(
    settings,
    Effect.flatMap(ScanJournal, (journal) => journal.runs.list({ limit: input.limit }))
  )
  const words = input.words.map((word) => word.toLowerCase())
  const found = all.filter(({ command, plan, runId }) => {
    const text = [runId, command, plan ?? ""].join("\n").toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const failed = yield* Output.write(settings, {
    text: () => (found.length === 0 ? ["no run is known\n"] : found.map((run) => `${RunHistory.line(run)}\n`)),
    json: () => ({ schemaVersion: 1, runs: found.map(RunHistory.toJson) })
  })
  return failed ? 74 : 0
})

/**
 * `scanpoll history [WORD...]`: the answers about each subject over time, those whose vendor or subject has each word.
 * With `runs`, the last runs instead, those whose id, command or plan has each word.
 *
 * @category constructors
 * @since 0.1.0
 */
export const history = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly limit: string | null
  readonly runs: boolean
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const limited = input.runs ? limitOf(input.limit, 20, 1_000) : limitOf(input.limit, 1000, 10_000)
  const { value: limit } = limited
  const { settings } = yield* begin("history", input.flags, limited)
  if (input.runs) return yield* runs(settings, { words: input.words, limit })
  const all = yield* looking(settings, History.read({ limit }))
  const words = input.words.map((word) => word.toLowerCase())
  const lines = all.filter(({ account, subject, vendor }) => {
    const text = [KeyText.accountName(vendor, account), subject.id, subject.name].join("\n").toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const failed = yield* Output.write(settings, {
    text: () =>
      lines.length === 0
        ? ["nothing is known\n"]
        : lines.flatMap((line) =>
            section(
              `${KeyText.accountName(line.vendor, line.account)}  ${inert(line.subject.name, 200)}${line.scanType === null ? "" : ` (${inert(line.scanType, 40)})`}  ${line.trend}`,
              line.points.map(Words.pointLine)
            )
          ),
    json: () => ({
      schemaVersion: 1,
      lines: lines.map(({ account, points, scanType, subject, trend, vendor }) => ({
        vendor,
        account,
        scanType,
        subject,
        trend,
        points: points.map(Words.pointJson)
      }))
    })
  })
  return failed ? 74 : 0
})

const ageOf = (text: string | null): Checked.Checked<Duration.Duration> => {
  const nothing = Duration.millis(Durations.oldest)
  if (text === null) return Checked.faulty(nothing, "--older-than", "is required, for example 90d")
  const age = Durations.parse(text, 0, Durations.oldest)
  return Result.isSuccess(age)
    ? Checked.make(age.success)
    : Checked.faulty(nothing, "--older-than", `${age.failure}, not ${quote(text)}`)
}

/**
 * `scanpoll purge --older-than D`: forgets what is over and older than that. What is open or in doubt stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const purge = Effect.fnUntraced(function* (input: {
  readonly olderThan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const age = ageOf(input.olderThan)
  const { settings } = yield* begin("purge", input.flags, age)
  const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(age.value)
  const count = yield* within(
    settings,
    Effect.flatMap(ScanJournal, (journal) => journal.purge({ before }))
  )
  yield* say(`${count} ${count === 1 ? "claim" : "claims"} forgotten`)
  return 0
})

/**
 * `scanpoll reconcile CLAIM`: looks for the scan of a submission whose answer was lost, or takes a person's word for it.
 * Exit code 0 when the claim is no longer in doubt, 3 when it still is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = Effect.fnUntraced(function* (input: {
  readonly claim: string
  readonly plan: string | null
  readonly release: boolean
  readonly as: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services | VendorHttp> {
  const { environment } = yield* ProcessContext
  const vendors = yield* Vendors
  const read = yield* ReadPlan.optional(input.plan)
  const { value: plan } = read
  const settled = yield* Resolve.settings(input.flags, read.value, environment)
  const resolved = Checked.andThen(read, () => settled)
  const { as, claim: claimId } = input
  const faults: Array<InputFault> = []
  if (!KeyText.isClaim(claimId)) {
    faults.push({ where: "CLAIM", message: `${quote(claimId)} is no claim; \`scanpoll status\` names them` })
  }
  if (as !== null && !Tickets.isScanId(as)) faults.push({ where: "--as", message: "cannot be a scan id" })
  if (as !== null && input.release) {
    faults.push({ where: "--release", message: "says that there is no scan, and --as that there is one" })
  }
  const keys = yield* Keys.make(environment, resolved.value.keyFile.value)
  const settings = yield* Checked.accept(Checked.and(resolved, Checked.make(null, { faults })))
  return yield* within(
    settings,
    Effect.gen(function* () {
      const journal = yield* ScanJournal
      const entry = yield* journal.get(claimId)
      if (entry === null) {
        return yield* Effect.fail(usage(claimId, "there is no such claim in the journal (--journal)"))
      }
      const name = `${KeyText.accountName(entry.key.vendor, entry.key.account)} ${inert(entry.subject.name, 120)}`
      if (entry.state !== "in-doubt") {
        yield* say(
          `${name}: not in doubt, but ${entry.state}${Words.keyOf(entry) === null ? "" : ` (${Words.keyOf(entry)})`}`
        )
        return 0
      }
      const { account, origin, vendor } = entry.key
      const found = (scanId: string) =>
        say(`${name}: found, ${KeyText.format({ vendor, account, scanId })}`, "go on with it: scanpoll resume")
      if (as !== null) {
        const ticket = Tickets.make({ vendor, origin, account, scanId: as, submittedAt: entry.claimedAt })
        yield* journal.submitted(claimId, ticket, 0)
        yield* found(as)
        return 0
      }
      if (input.release) {
        yield* journal.released(claimId)
        yield* say(`${name}: released; a run buys it again`)
        return 0
      }
      const since = Words.span((yield* Clock.currentTimeMillis) - entry.claimedAt)
      yield* say(`${name}: submitted ${since} ago, and nobody knows whether it was accepted`)
      if (entry.reason !== null) yield* say(`  ${inert(entry.reason.message, 300)}`)
      const choices = [
        `it is there:      scanpoll reconcile ${claimId} --as SCANID`,
        `it is not there:  scanpoll reconcile ${claimId} --release     (a run may then buy it again)`
      ]
      const doubt = vendors.byName(vendor)?.doubt ?? []
      const { faults: against, value: claim } = yield* Claims.read(claimId, plan, keys)
      if (claim === null || claim.account === null) {
        yield* say(...against.map((fault) => `  ${inert(fault.where)}: ${inert(fault.message, 300)}`), ...choices)
        return 3
      }
      const answer = yield* Effect.result(claim.account.reconcile(claimId))
      if (Result.isFailure(answer)) {
        if (answer.failure instanceof JournalError) return yield* Effect.fail(answer.failure)
        yield* say(`  the vendor could not be asked: ${inert(answer.failure.message, 300)}`, ...doubt, ...choices)
        return answer.failure.kind === "Denied" ? 4 : 3
      }
      switch (answer.success._tag) {
        case "Found":
          yield* found(answer.success.ticket.scanId)
          return 0
        case "Several":
          yield* say(
            "  the vendor has several scans that it may be:",
            ...answer.success.tickets.map((ticket) => `    ${ticket.scanId}`),
            ...choices
          )
          return 3
        case "None":
          yield* say("  the vendor's list has no such scan", ...choices)
          return 3
        case "Unlisted":
          yield* say(...doubt.map((line) => `  ${line}`), ...choices)
          return 3
      }
    })
  )
})
