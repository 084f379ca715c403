/**
 * `scanpoll wait`: waits for scans that exist already, reports and gates. Buys nothing.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import type { Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Requests from "../prepare/Requests.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as InJournal from "../run/InJournal.ts"
import * as Journal from "../storage/Journal.ts"
import { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

/**
 * `scanpoll wait KEY...`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly fresh: boolean
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { flags, fresh } = input
  const begun = yield* Command.begin({ name: "wait", plan: yield* ReadPlan.optional(input.plan), flags })
  const { keys, plan, settings } = begun.value
  const known = Requests.readKnown(input.words, yield* Vendors)
  const accounts = yield* Accounts.open(Requests.accountsOfKeys(known.value), plan.accounts, keys)
  const checked = [known, accounts].reduce(Checked.and, begun)
  const basis = yield* Checked.orRefuse(checked)
  if (known.value.some((wish) => wish._tag === "Claim")) yield* Journal.mustExist(settings)
  const one = (wish: Requests.Known) =>
    wish._tag === "Key"
      ? Effect.succeed(Requests.ofKey(wish, plan, settings, accounts.value, fresh))
      : Effect.map(Claims.read(wish.claimId, plan, keys), (claim) =>
          Checked.andThen(claim, (found) =>
            found === null ? Checked.make(null) : Requests.ofClaim(found, plan, settings, fresh)
          )
        )
  const wanted = Effect.map(Effect.forEach(known.value, one), (each) =>
    Checked.andThen(checked, () =>
      Checked.map(Checked.all(each), (prepared) => prepared.filter((request) => request !== null))
    )
  )
  const ran = yield* InJournal.run(basis, wanted, { command: "wait", hints: { flags, typed: null } })
  return ran.code
})
