/**
 * `scanpoll cancel KEY`: asks the vendor to cancel a scan.
 *
 * It decides nothing: the scan ends with the vendor's next answer, whatever that is, and the journal keeps it open until then.
 *
 * @since 0.2.0
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import type * as Terminal from "effect/Terminal"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Hints from "../output/Hints.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as Consent from "../prepare/Consent.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Requests from "../prepare/Requests.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import type { Account } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Terminal.Terminal | VendorHttp | Vendors

/** The scan that is to be cancelled, as its account knows it. */
interface Scan {
  readonly account: Account
  readonly ticket: ScanTicket.ScanTicket
  readonly entry: ScanJournal.ClaimEntry | null
}

const send = Effect.fnUntraced(function* (
  { entry, ticket }: Scan,
  cancel: NonNullable<Account["cancel"]>,
  hint: string
): Effect.fn.Return<number, never, Streams> {
  const key = Key.format(ticket)
  const asked = yield* Effect.result(cancel(ticket, entry === null ? undefined : entry.subject))
  if (Result.isFailure(asked)) {
    const { kind, message } = asked.failure
    yield* say(`${key}: not cancelled: ${inert(message, 300)}`)
    return kind === "Denied" ? 4 : 3
  }
  yield* say(`${key}: the vendor was asked to cancel it`, `to see how it ended: ${hint}`)
  return 0
})

/**
 * `scanpoll cancel KEY`. Exit code 0 when the vendor took the wish, or the scan had ended before; 3 where it did not or has no
 * such call, 4 where the key was refused.
 *
 * @category constructors
 * @since 0.2.0
 */
export const cancel = Effect.fnUntraced(function* (input: {
  readonly key: string
  readonly yes: boolean
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | ScanJournal.JournalError, Services> {
  const begun = yield* Command.begin({
    name: "cancel",
    plan: yield* ReadPlan.optional(input.plan),
    flags: input.flags
  })
  const known = Requests.readKnown([input.key], yield* Vendors)
  const opened = yield* Accounts.open(Requests.accountsOfKeys(known.value), begun.value.plan.accounts, begun.value.keys)
  const [wish] = known.value
  const sure = yield* Consent.check(input.yes)
  // Whose call there is not, needs no consent to it. Of a claim, that is known once it was read.
  const account = wish?._tag === "Key" ? opened.value.get(wish.key.vendor, wish.key.account) : null
  const isForLater = wish?._tag === "Claim" || account?.cancel === null
  const checks = isForLater ? [known, opened] : [known, opened, sure]
  const { keys, plan, settings } = yield* Checked.accept(checks.reduce(Checked.and, begun))

  const scanOf = Effect.fnUntraced(function* (
    wanted: Requests.Known
  ): Effect.fn.Return<
    Scan | ScanJournal.ClaimEntry,
    UsageError | ScanJournal.JournalError,
    ScanJournal.ScanJournal | VendorHttp | Vendors
  > {
    if (wanted._tag === "Key") {
      const account = opened.value.get(wanted.key.vendor, wanted.key.account)
      if (account === null) return yield* Effect.die(new TypeError("an account that was checked is not open"))
      const { account: label, origin, vendor } = account
      const ticket = ScanTicket.make({ vendor, origin, account: label, scanId: wanted.key.scanId, submittedAt: null })
      return { account, ticket, entry: null }
    }
    const claim = yield* Effect.flatMap(Claims.read(wanted.claimId, plan, keys), Checked.orRefuse)
    if (claim === null || claim.account === null) {
      return yield* Effect.fail(usage(wanted.claimId, "there is no such claim in the journal (--journal)"))
    }
    const { account, entry } = claim
    return entry.state !== "submitted" || entry.ticket === null ? entry : { account, ticket: entry.ticket, entry }
  })

  return yield* Effect.gen(function* () {
    if (wish === undefined) return 2
    const scan = yield* scanOf(wish)
    if ("state" in scan) {
      yield* say(`${scan.claimId}: not open, but ${scan.state}; nothing was sent`)
      return scan.state === "settled" ? 0 : 3
    }
    const name = Key.format(scan.ticket)
    const { cancel } = scan.account
    if (cancel === null) {
      yield* say(`${name}: ${scan.account.vendor} has no call that cancels a scan; nothing was sent`)
      return 3
    }
    yield* Checked.orRefuse(sure)
    const question = `Cancel ${inert(name, 200)} at the vendor? What it cost is not paid back.`
    if (!input.yes && !(yield* Consent.ask(question))) {
      yield* say(`${name}: nothing was sent`)
      return 2
    }
    const planned = input.plan === null ? "" : ` --plan ${ShellWord.quote(input.plan)}`
    const tail = `${planned}${Hints.storeTail({ settings, flags: input.flags })}`
    return yield* send(scan, cancel, `scanpoll wait ${ShellWord.quote(scan.entry?.claimId ?? name)}${tail}`)
  }).pipe(
    Effect.provide(wish?._tag === "Claim" ? Journal.layerOfPoll(settings) : Journal.layerOfPauses(settings)),
    Look.atLogLevel(settings)
  )
})
