/**
 * `scanpoll reconcile CLAIM`: what became of a submission whose answer was lost.
 *
 * Nothing is inferred from silence: a person decides, and the vendor is asked about what a person says.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Clock from "effect/Clock"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { type InputFault, quote, usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import * as Hints from "../output/Hints.ts"
import * as Notify from "../notify/Notify.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Journal from "../storage/Journal.ts"
import type { Account } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as DecideDoubt from "./DecideDoubt.ts"
import * as JournalWords from "./JournalWords.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors | VendorHttp

interface Input {
  readonly claim: string
  readonly plan: string | null
  readonly release: boolean
  readonly as: string | null
  readonly flags: Resolve.FlagTexts
}

const faultsOf = ({ as, claim, release }: Input, tail: string): ReadonlyArray<InputFault> => [
  ...(Key.isClaim(claim)
    ? []
    : [{ where: "CLAIM", message: `${quote(claim)} is no claim; \`scanpoll status${tail}\` names them` }]),
  ...(as === null || ScanTicket.isScanId(as) ? [] : [{ where: "--as", message: "cannot be a scan id" }]),
  ...(as !== null && release
    ? [{ where: "--release", message: "says that there is no scan, and --as that there is one" }]
    : [])
]

const nameOf = ({ key, subject }: ClaimEntry): string =>
  `${Key.accountName(key.vendor, key.account)} ${inert(subject.name, 120)}`

const keyOf = ({ key: { account, vendor } }: ClaimEntry, scanId: string): string =>
  Key.format({ vendor, account, scanId })

const tellFound = (entry: ClaimEntry, scanId: string, tail: string) =>
  say(`${nameOf(entry)}: found, ${keyOf(entry, scanId)}`, `to wait for it: scanpoll resume${tail}`)

const codeOf = (fault: PollFault | null): number => (fault?.kind === "Denied" ? 4 : 3)

// A person's word for an id is tried at the vendor before it counts.
const takeWord = Effect.fnUntraced(function* (
  entry: ClaimEntry,
  account: Account,
  as: string,
  tail: string
): Effect.fn.Return<number, JournalError, ScanJournal | Streams> {
  const adopted = yield* DecideDoubt.adopt(entry, account, as)
  if (adopted._tag === "NotIt") {
    yield* say(`${nameOf(entry)}: not ${keyOf(entry, as)}: ${inert(adopted.why, 400)}`, "the claim stays in doubt")
    return codeOf(adopted.fault)
  }
  yield* tellFound(entry, as, tail)
  return 0
})

const candidateLine = ({ about, madeAt, scanId, stands }: DecideDoubt.Candidate): string => {
  const made = (madeAt === null ? null : JournalView.time(madeAt)) ?? "at an unknown time"
  return `    ${scanId}  ${made}  ${inert(stands, 60)}${about === null ? "" : `  ${inert(about, 120)}`}`
}

const look = Effect.fnUntraced(function* (
  entry: ClaimEntry,
  account: Account,
  doubt: ReadonlyArray<string>,
  tail: string
): Effect.fn.Return<number, JournalError, ScanJournal | Streams> {
  const choices = choicesOf(entry.claimId, tail)
  const looked = yield* DecideDoubt.look(entry, account)
  switch (looked._tag) {
    case "Found":
      yield* tellFound(entry, looked.scanId, tail)
      return 0
    case "Several": {
      const rest = looked.more > 0 ? [`    and ${looked.more} more`] : []
      const shown = looked.candidates.map(candidateLine)
      yield* say("  the vendor has several scans that it may be:", ...shown, ...rest, ...choices)
      return 3
    }
    case "None":
      yield* say("  the vendor's list has no such scan", ...choices)
      return 3
    case "Unlisted":
      yield* say(...doubt.map((line) => `  ${line}`), ...choices)
      return 3
    case "Unasked":
      yield* say(`  the vendor could not be asked: ${inert(looked.fault.message, 300)}`, ...doubt, ...choices)
      return codeOf(looked.fault)
  }
})

const choicesOf = (claimId: string, tail: string): ReadonlyArray<string> => [
  `it is there:      scanpoll reconcile ${claimId} --as SCANID${tail}`,
  `it is not there:  scanpoll reconcile ${claimId} --release${tail}  # a run may then buy it again`
]

const doubtful = Effect.fnUntraced(function* (
  { as, release }: Input,
  entry: ClaimEntry,
  claim: Checked.Checked<Claims.OpenClaim | null>,
  tail: string
): Effect.fn.Return<number, JournalError, ScanJournal | Streams | Vendors> {
  const { claimId } = entry
  const against = claim.faults.map((fault) => `  ${inert(fault.where)}: ${inert(fault.message, 300)}`)
  const account = claim.value?.account ?? null
  if (release) {
    yield* DecideDoubt.release(entry)
    yield* say(`${nameOf(entry)}: released; a run buys it again`)
    return 0
  }
  if (as !== null && account !== null) return yield* takeWord(entry, account, as, tail)
  const since = JournalWords.span((yield* Clock.currentTimeMillis) - entry.claimedAt)
  yield* say(`${nameOf(entry)}: submitted ${since} ago; it is not known whether it was accepted`)
  if (entry.reason !== null) yield* say(`  ${inert(entry.reason.message, 300)}`)
  if (account === null) {
    yield* say(...against, ...choicesOf(claimId, tail))
    return 3
  }
  const vendors = yield* Vendors
  return yield* look(entry, account, vendors.byName(entry.key.vendor)?.doubt ?? [], tail)
})

/**
 * `scanpoll reconcile CLAIM`: looks for the scan of a submission whose answer was lost, or takes a person's word for it once
 * the vendor knows the scan. Exit code 0 when the claim is no longer in doubt, 3 when it still is, 4 where the key was
 * refused.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { environment } = yield* ProcessContext
  const read = yield* ReadPlan.optional(input.plan)
  const settled = yield* Resolve.settings(input.flags, read.value, environment)
  const resolved = Checked.andThen(read, () => settled)
  const keys = yield* Keys.make(environment, resolved.value.keyFile.value)
  const journal = Hints.journalTail({ settings: resolved.value, flags: input.flags })
  const faults = faultsOf(input, journal)
  const settings = yield* Checked.accept(Checked.and(resolved, Checked.make(null, { faults })))
  const deciding = Effect.gen(function* () {
    const journal = yield* ScanJournal
    const entry = yield* journal.get(input.claim)
    if (entry === null) {
      return yield* Effect.fail(usage(input.claim, "there is no such claim in the journal (--journal)"))
    }
    if (entry.state !== "in-doubt") {
      const key = JournalWords.keyOf(entry)
      yield* say(`${nameOf(entry)}: not in doubt, but ${entry.state}${key === null ? "" : ` (${key})`}`)
      return 0
    }
    const planned = read.value.file === null ? "" : ` --plan ${ShellWord.quote(read.value.file)}`
    const tail = `${planned}${Hints.storeTail({ settings, flags: input.flags })}`
    return yield* doubtful(input, entry, yield* Claims.read(input.claim, read.value, keys), tail)
  }).pipe(Effect.provide(Journal.layerExisting(settings, "write")), Look.atLogLevel(settings))
  return yield* Notify.during(settings, deciding)
})
