/**
 * `scanpoll history --spend`: the purchases of the journal by account and month, the newest month first.
 *
 * @since 0.2.0
 */
import * as Spending from "@scanpoll/journal/Spending"
import * as Key from "../config/Key.ts"
import { inert } from "../output/Streams.ts"
import { plural } from "../output/Plural.ts"

// An account is told by its vendor's address where one name has two.
const nameOf = (
  { account, environment, origin, vendor }: Spending.Spent,
  all: ReadonlyArray<Spending.Spent>
): string => {
  const same = all.filter((one) => one.vendor === vendor && one.account === account)
  const parts = [
    same.some((one) => one.origin !== origin) ? origin : "",
    same.some((one) => one.environment !== environment) ? environment : ""
  ].filter((part) => part !== "")
  return `${Key.accountName(vendor, account)}${parts.length === 0 ? "" : ` (${inert(parts.join(", "), 120)})`}`
}

const countsOf = ({ cached, inDoubt, purchases }: Spending.Spent): string =>
  [
    plural(purchases, "purchase"),
    ...(cached === 0 ? [] : [`${cached} answered from the vendor's cache`]),
    ...(inDoubt === 0 ? [] : [`${inDoubt} in doubt`])
  ].join(", ")

/**
 * The lines for people.
 *
 * @category destructors
 * @since 0.2.0
 */
export const lines = (spent: ReadonlyArray<Spending.Spent>): ReadonlyArray<string> => {
  if (spent.length === 0) return ["no purchase is known\n"]
  const months = Map.groupBy(spent, ({ month }) => month)
  return [
    ...[...months].flatMap(([month, accounts]) => {
      const total = accounts.reduce((sum, { purchases }) => sum + purchases, 0)
      return [
        `${month}  ${plural(total, "purchase")}\n`,
        ...accounts.map((one) => `  ${nameOf(one, spent)}: ${countsOf(one)}\n`)
      ]
    }),
    "Months are those of UTC. What was purged from the journal is not counted.\n"
  ]
}
