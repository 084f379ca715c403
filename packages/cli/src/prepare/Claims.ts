/**
 * The claims of the journal that a command resumes, with the accounts that made them.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type { InputFault } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import type { Keys } from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import type { Account, Vendor } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Accounts from "./Accounts.ts"
import * as Checked from "./Checked.ts"

/**
 * A claim and the account that can resume it, or why there is none.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenClaim {
  readonly entry: ClaimEntry
  readonly vendor: Vendor | null
  readonly account: Account | null
  readonly why: string
}

const sentence = (fault: InputFault): string => `${fault.where} ${fault.message}`

/**
 * Opens the accounts that claims were made with. A claim is resumed only by the account that made it, at the
 * address where it was made.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (
  entries: ReadonlyArray<ClaimEntry>,
  plan: Plan,
  keys: Keys
): Effect.fn.Return<ReadonlyArray<OpenClaim>, never, VendorHttp | Vendors> {
  const vendors = yield* Vendors
  const opened = new Map<string, Omit<OpenClaim, "entry">>()
  const accountOf = Effect.fnUntraced(function* ({ account, vendor: name }: ClaimEntry["key"]) {
    const known = opened.get(Key.accountName(name, account))
    if (known !== undefined) return known
    const vendor = vendors.byName(name)
    const accounts = vendor === null ? null : yield* Accounts.open([{ vendor, account }], plan.accounts, keys)
    const made = {
      vendor,
      account: accounts?.value.get(name, account) ?? null,
      why:
        accounts === null
          ? `no such vendor is known here; ${howToBring(name)}`
          : accounts.faults.map(sentence).join("; ")
    }
    opened.set(Key.accountName(name, account), made)
    return made
  })
  return yield* Effect.forEach(entries, (entry) =>
    Effect.map(accountOf(entry.key), ({ account, vendor, why }): OpenClaim => {
      if (account === null || account.isFor(entry)) return { entry, vendor, account, why }
      const { environment, origin } = entry.key
      const world = environment === "" ? "" : ` (${environment})`
      return { entry, vendor, account: null, why: `it was made at ${origin}${world}, and the settings lead elsewhere` }
    })
  )
})

/**
 * A claim of the journal with its account; null, and a fault, where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (
  claimId: string,
  plan: Plan,
  keys: Keys
): Effect.fn.Return<Checked.Checked<OpenClaim | null>, JournalError, ScanJournal | VendorHttp | Vendors> {
  const journal = yield* ScanJournal
  const entry = yield* journal.get(claimId)
  if (entry === null) return Checked.faulty(null, claimId, "there is no such claim in the journal (--journal)")
  const [claim] = yield* open([entry], plan, keys)
  return claim === undefined || claim.account === null
    ? Checked.faulty(null, claimId, claim?.why ?? "cannot be resumed")
    : Checked.make(claim)
})
