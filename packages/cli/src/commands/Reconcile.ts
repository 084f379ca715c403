/**
 * `scanpoll reconcile`: finds out what became of a submission whose answer was lost, or takes a person's word for it.
 * Buys nothing; asks the vendor only for what it has a list of.
 *
 * @since 0.2.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Tickets from "@scanpoll/core/model/ScanTicket"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { type InputFault, quote, usage, type UsageError } from "../config/InputFault.ts"
import * as KeyText from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Journal from "../storage/Journal.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as Words from "./JournalWords.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

interface Input {
  readonly claim: string
  readonly plan: string | null
  readonly release: boolean
  readonly as: string | null
  readonly flags: FlagTexts
}

const faultsOf = ({ as, claim, release }: Input): ReadonlyArray<InputFault> => [
  ...(KeyText.isClaim(claim)
    ? []
    : [{ where: "CLAIM", message: `${quote(claim)} is no claim; \`scanpoll status\` names them` }]),
  ...(as === null || Tickets.isScanId(as) ? [] : [{ where: "--as", message: "cannot be a scan id" }]),
  ...(as !== null && release
    ? [{ where: "--release", message: "says that there is no scan, and --as that there is one" }]
    : [])
]

const nameOf = ({ key, subject }: ClaimEntry): string =>
  `${KeyText.accountName(key.vendor, key.account)} ${inert(subject.name, 120)}`

const found = (entry: ClaimEntry, scanId: string) => {
  const { account, vendor } = entry.key
  return say(
    `${nameOf(entry)}: found, ${KeyText.format({ vendor, account, scanId })}`,
    "go on with it: scanpoll resume"
  )
}

// Takes a person's word for it: the scan is there under an id, or (null) it is not.
const believe = Effect.fnUntraced(function* (entry: ClaimEntry, scanId: string | null) {
  const journal = yield* ScanJournal
  if (scanId === null) {
    yield* journal.released(entry.claimId)
    return yield* say(`${nameOf(entry)}: released; a run buys it again`)
  }
  const { account, origin, vendor } = entry.key
  const ticket = Tickets.make({ vendor, origin, account, scanId, submittedAt: entry.claimedAt })
  yield* journal.submitted(entry.claimId, ticket, 0)
  return yield* found(entry, scanId)
})

// Asks the vendor, and says what came of it and what a person can do now.
const ask = Effect.fnUntraced(function* (
  entry: ClaimEntry,
  plan: Plan,
  keys: Keys.Keys
): Effect.fn.Return<0 | 3 | 4, JournalError, ScanJournal | Streams | VendorHttp | Vendors> {
  const { claimId } = entry
  const since = Words.span((yield* Clock.currentTimeMillis) - entry.claimedAt)
  yield* say(`${nameOf(entry)}: submitted ${since} ago, and nobody knows whether it was accepted`)
  if (entry.reason !== null) yield* say(`  ${inert(entry.reason.message, 300)}`)
  const choices = [
    `it is there:      scanpoll reconcile ${claimId} --as SCANID`,
    `it is not there:  scanpoll reconcile ${claimId} --release     (a run may then buy it again)`
  ]
  const doubt = (yield* Vendors).byName(entry.key.vendor)?.doubt ?? []
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
      yield* found(entry, answer.success.ticket.scanId)
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

/**
 * `scanpoll reconcile CLAIM`: looks for the scan of a submission whose answer was lost, or takes a person's word for it.
 * Exit code 0 when the claim is no longer in doubt, 3 when it still is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<number, UsageError | JournalError, Services | VendorHttp> {
  const { environment } = yield* ProcessContext
  const read = yield* ReadPlan.optional(input.plan)
  const { value: plan } = read
  const settled = yield* Resolve.settings(input.flags, plan, environment)
  const resolved = Checked.andThen(read, () => settled)
  const { as, claim: claimId, release } = input
  const keys = yield* Keys.make(environment, resolved.value.keyFile.value)
  const settings = yield* Checked.accept(Checked.and(resolved, Checked.make(null, { faults: faultsOf(input) })))
  const reconciling = Effect.gen(function* () {
    const journal = yield* ScanJournal
    const entry = yield* journal.get(claimId)
    if (entry === null) {
      return yield* Effect.fail(usage(claimId, "there is no such claim in the journal (--journal)"))
    }
    if (entry.state !== "in-doubt") {
      const key = Words.keyOf(entry)
      yield* say(`${nameOf(entry)}: not in doubt, but ${entry.state}${key === null ? "" : ` (${key})`}`)
      return 0
    }
    if (as === null && !release) return yield* ask(entry, plan, keys)
    yield* believe(entry, as)
    return 0
  })
  return yield* reconciling.pipe(Effect.provide(Journal.layerExisting(settings, "write")), Look.atLogLevel(settings))
})
