/**
 * How many scans a command would buy, known before it buys any, and the limit of `--max-purchases`.
 *
 * What is open is joined and what is young enough is reused: neither is bought. The engine holds the same limit while it runs.
 *
 * @since 0.2.0
 */
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as Effect from "effect/Effect"
import type { InputFault } from "../config/InputFault.ts"
import type { Settings } from "../config/Settings.ts"
import * as Checked from "./Checked.ts"
import type { Prepared } from "./Requests.ts"

type Limits = Pick<Settings, "maxPurchases" | "reuse">

/**
 * What would become of each scan if the command ran now.
 *
 * @category constructors
 * @since 0.2.0
 */
export const foresee = (
  prepared: ReadonlyArray<Prepared>,
  { reuse }: Pick<Settings, "reuse">
): Effect.Effect<ReadonlyArray<Scans.Prospect>, JournalError, ScanJournal> =>
  Scans.foresee(
    prepared.map(({ request }) => request),
    { reuse: reuse.value }
  )

/**
 * The fault of a plan that wants to buy more than `--max-purchases` allows; null where it does not.
 *
 * @category guards
 * @since 0.2.0
 */
export const excess = (
  prepared: ReadonlyArray<Prepared>,
  prospects: ReadonlyArray<Scans.Prospect>,
  { maxPurchases }: Pick<Settings, "maxPurchases">
): InputFault | null => {
  const bought = prepared.filter((_, at) => prospects[at] === "buy")
  const most = maxPurchases.value
  if (most === null || bought.length <= most) return null
  const byVendor = new Map<string, number>()
  for (const { request } of bought) {
    const { vendor } = request.adapter
    byVendor.set(vendor, (byVendor.get(vendor) ?? 0) + 1)
  }
  const who = [...byVendor].map(([vendor, count]) => `${count} from ${vendor}`).join(", ")
  return {
    where: maxPurchases.where,
    message: `allows ${most === 1 ? "1 purchase" : `${most} purchases`}, and ${bought.length} would be made (${who}); raise the limit or remove targets`
  }
}

/**
 * Checks the limit against the journal. Nothing is asked of the journal where nothing can pass the limit.
 *
 * @category guards
 * @since 0.2.0
 */
export const check = Effect.fnUntraced(function* (
  prepared: ReadonlyArray<Prepared>,
  settings: Limits
): Effect.fn.Return<Checked.Checked<null>, JournalError, ScanJournal> {
  const most = settings.maxPurchases.value
  const mayBuy = prepared.filter(({ request }) => request._tag === "Buy").length
  if (most === null || mayBuy <= most) return Checked.make(null)
  const fault = excess(prepared, yield* foresee(prepared, settings), settings)
  return Checked.make(null, { faults: fault === null ? [] : [fault] })
})

/**
 * The limit as an option of a batch.
 *
 * @category destructors
 * @since 0.2.0
 */
export const option = ({ maxPurchases }: Pick<Settings, "maxPurchases">): Pick<Scans.BatchOptions, "maxPurchases"> =>
  maxPurchases.value === null ? {} : { maxPurchases: maxPurchases.value }
