/**
 * What a batch would cost and how long it must take at the least, known before anything is sent.
 *
 * It counts with the limits the adapters state: a budget that headers have taught better may make it faster. Requests
 * that are equal count once, as they are bought once.
 *
 * @since 0.1.0
 */
import * as Account from "../model/Account.ts"
import * as Duration from "effect/Duration"
import { pollsReserved } from "./ScanAdapter.ts"
import type { ScanRequest } from "./internal/scanRequest.ts"

/**
 * The forecast for one account.
 *
 * - `scans`: how many would be bought; tickets that are only waited for are left out.
 * - `requests`: about how many requests they make, submissions, polls and the fetching of findings together.
 * - `atLeast`: the time below which the account's rate limit and its limit of open scans cannot let them end.
 * - `limit`: the vendor's rate limit in words, or null.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountForecast {
  readonly vendor: string
  readonly account: string
  readonly scans: number
  readonly requests: number
  readonly atLeast: Duration.Duration
  readonly limit: string | null
}

/**
 * The forecast of a batch, an entry per account, in the order in which the accounts appear.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forecast = (requests: ReadonlyArray<ScanRequest<unknown, unknown>>): ReadonlyArray<AccountForecast> => {
  const accounts = new Map<
    string,
    { readonly adapter: ScanRequest<unknown>["adapter"]; readonly wanted: Set<string> }
  >()
  const known = new Map<string, number>()
  for (const request of requests) {
    const { adapter } = request
    const name = Account.key(adapter)
    let account = accounts.get(name)
    if (account === undefined) {
      account = { adapter, wanted: new Set() }
      accounts.set(name, account)
    }
    if (request._tag === "Buy") account.wanted.add(`${adapter.environment} ${request.fingerprint}`)
    else known.set(name, (known.get(name) ?? 0) + 1)
  }
  return [...accounts].map(([name, { adapter, wanted }]) => {
    const { budget } = adapter
    const scans = wanted.size
    const waits = scans + (known.get(name) ?? 0)
    const collects = adapter.collect === undefined ? 0 : waits
    const polls = Math.ceil(waits * pollsReserved(budget, Math.max(1, waits)))
    const total = scans + polls + collects
    const typical = waits === 0 ? 0 : Duration.toMillis(budget.typicalDuration)
    const window = Duration.toMillis(budget.window)
    const byRate = budget.requests === null || total === 0 ? 0 : Math.floor((total - 1) / budget.requests) * window
    const byOpen = budget.openScans === null ? typical : Math.ceil(waits / budget.openScans) * typical
    return {
      vendor: adapter.vendor,
      account: adapter.account,
      scans,
      requests: total,
      atLeast: Duration.millis(Math.max(byRate, byOpen)),
      limit: budget.requests === null ? null : `${budget.requests} requests per ${Duration.format(budget.window)}`
    }
  })
}
