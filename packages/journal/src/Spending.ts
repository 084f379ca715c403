/**
 * What was bought, by account and month: counted from the claims of the journal, which knows no prices.
 *
 * A purchase is a claim that the vendor accepted. What a vendor answered from its own cache is counted apart, and so is a
 * submission in doubt. Refused and released submissions bought nothing, nor did a wait on a scan that was bought elsewhere.
 * Months are those of UTC. What was purged is not counted.
 *
 * @since 0.2.0
 */
import { adoptedKey, type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import * as JournalView from "./JournalView.ts"
import { point } from "./History.ts"

/**
 * The purchases of one account in one month, such as `2026-04`. `environment` is the vendor's, such as that of a test key;
 * empty where it has one alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface Spent {
  readonly month: string
  readonly vendor: string
  readonly account: string
  readonly origin: string
  readonly environment: string
  readonly purchases: number
  readonly cached: number
  readonly inDoubt: number
}

type Count = "purchases" | "cached" | "inDoubt"

const countOf = (entry: ClaimEntry): Count | null => {
  const { key, state, ticket } = entry
  if (ticket !== null && key.fingerprint === adoptedKey(ticket).fingerprint) return null
  switch (state) {
    case "submitted":
      return "purchases"
    case "settled":
      return point(entry)?.cached === true ? "cached" : "purchases"
    case "in-doubt":
      return "inDoubt"
    case "intent":
    case "refused":
    case "released":
      return null
  }
}

/**
 * Adds claims to counts, by account and month.
 *
 * @category constructors
 * @since 0.2.0
 */
export const add = (counts: Map<string, Spent>, entries: ReadonlyArray<ClaimEntry>): void => {
  for (const entry of entries) {
    const count = countOf(entry)
    const month = JournalView.time(entry.ticket?.submittedAt ?? entry.claimedAt)?.slice(0, 7)
    if (count === null || month === undefined) continue
    const { account, environment, origin, vendor } = entry.key
    const name = JSON.stringify([month, vendor, account, origin, environment])
    const before = counts.get(name) ?? {
      month,
      vendor,
      account,
      origin,
      environment,
      purchases: 0,
      cached: 0,
      inDoubt: 0
    }
    counts.set(name, { ...before, [count]: before[count] + 1 })
  }
}

const order = (a: Spent, b: Spent): number =>
  b.month.localeCompare(a.month, "en") ||
  a.vendor.localeCompare(b.vendor, "en") ||
  a.account.localeCompare(b.account, "en") ||
  a.origin.localeCompare(b.origin, "en") ||
  a.environment.localeCompare(b.environment, "en")

const pageSize = 500

/**
 * Reads all claims of the journal, page by page, and counts: the newest month first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read: Effect.Effect<ReadonlyArray<Spent>, JournalError, ScanJournal> = Effect.gen(function* () {
  const journal = yield* ScanJournal
  const counts = new Map<string, Spent>()
  let after: string | null = null
  do {
    const { entries, next }: { readonly entries: ReadonlyArray<ClaimEntry>; readonly next: string | null } =
      yield* journal.page({ limit: pageSize, ...(after === null ? {} : { after }) })
    add(counts, entries)
    after = next
  } while (after !== null)
  return [...counts.values()].toSorted(order)
})
