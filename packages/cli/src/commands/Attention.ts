/**
 * What open claims need: which are in doubt, refused, resting, late or polled by no process, the oldest first, each with the
 * command that helps.
 *
 * @since 0.2.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Array from "effect/Array"
import * as Order from "effect/Order"
import * as Checked from "../prepare/Checked.ts"
import { quote } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import { didYouMean } from "../config/Nearest.ts"
import { defaultAccount } from "../config/Plan.ts"
import * as JournalWords from "./JournalWords.ts"

/**
 * How an open claim stands, the most urgent first.
 *
 * - `in-doubt`: its submission may or may not have been accepted. A person decides.
 * - `denied`: the vendor refused the key of everyone who polls it.
 * - `resting`: its poller gave it up for a while: the vendor does not know it, or its answers make no sense.
 * - `unowned`: no process polls it.
 * - `late`: a process holds it, and its poll is overdue by more than 5 seconds.
 * - `failing`: its last poll failed and is retried.
 * - `submitting`: on its way to the vendor. `waiting`: nothing is wrong.
 *
 * @category models
 * @since 0.2.0
 */
export type Standing = (typeof standings)[number]

/**
 * All of them, the most urgent first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const standings = [
  "in-doubt",
  "denied",
  "resting",
  "unowned",
  "late",
  "failing",
  "submitting",
  "waiting"
] as const

const orders = ["age", "due", "state", "vendor"] as const

/**
 * Which open claims are shown, and in which order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Filter {
  readonly sort: (typeof orders)[number]
  readonly states: ReadonlySet<Standing>
  readonly only: ReadonlyArray<{ readonly vendor: string; readonly account: string | null }>
}

/**
 * What was typed of it; null where nothing was.
 *
 * @category models
 * @since 0.2.0
 */
export interface Typed {
  readonly sort: string | null
  readonly state: string | null
  readonly only: string | null
}

const lateFrom = 5_000

/**
 * For `standingOf`: how long before its next poll is due a worker of a cluster has taken a free claim, in milliseconds. Workers
 * take them an hour ahead.
 *
 * @category constructors
 * @since 0.2.0
 */
export const workersTakeAhead = 30 * 60_000

/**
 * How a claim of the journal stands. `takenAhead`: a process takes a free claim this long before its next poll is due, in
 * milliseconds, so one that is due later and free is as it should be.
 *
 * @category destructors
 * @since 0.2.0
 */
export const standingOf = (entry: ClaimEntry, now: number, takenAhead: number): Standing => {
  const { heldBy, lastFault, notBefore, state } = entry
  if (state === "in-doubt") return "in-doubt"
  if (state === "intent") return "submitting"
  if (lastFault?.stopped !== undefined && notBefore > now) return lastFault.stopped === "denied" ? "denied" : "resting"
  if (heldBy === null) return notBefore < now + takenAhead ? "unowned" : "waiting"
  if (notBefore > 0 && now - notBefore > lateFrom) return "late"
  return lastFault === null ? "waiting" : "failing"
}

/**
 * Whether a person has to do something about it.
 *
 * @category guards
 * @since 0.2.0
 */
export const needsPerson = (standing: Standing): boolean =>
  standing === "in-doubt" || standing === "denied" || standing === "resting" || standing === "unowned"

/**
 * An open claim and how it stands.
 *
 * @category models
 * @since 0.2.0
 */
export interface Open {
  readonly entry: ClaimEntry
  readonly standing: Standing
}

const byAge: Order.Order<Open> = Order.mapInput(Order.Number, ({ entry }) => entry.claimedAt)
const byState: Order.Order<Open> = Order.mapInput(Order.Number, ({ standing }) => standings.indexOf(standing))
const sorting: Readonly<Record<Filter["sort"], Order.Order<Open>>> = {
  age: byAge,
  due: Order.combine(
    Order.mapInput(Order.Number, ({ entry }: Open) => entry.notBefore),
    byAge
  ),
  state: Order.combine(byState, byAge),
  vendor: Order.combine(
    Order.mapInput(Order.String, ({ entry }: Open) => Key.accountName(entry.key.vendor, entry.key.account)),
    byAge
  )
}

/**
 * The open claims that a filter lets through, in its order.
 *
 * @category constructors
 * @since 0.2.0
 */
export const select = (
  entries: ReadonlyArray<ClaimEntry>,
  filter: Filter,
  now: number,
  takenAhead: number
): ReadonlyArray<Open> =>
  Array.sort(
    entries
      .filter((entry) => isWanted(filter, entry))
      .map((entry) => ({ entry, standing: standingOf(entry, now, takenAhead) }))
      .filter(({ standing }) => filter.states.has(standing)),
    sorting[filter.sort]
  )

/**
 * Whether `--only` lets a claim through.
 *
 * @category guards
 * @since 0.2.0
 */
export const isWanted = ({ only }: Filter, { key }: Pick<ClaimEntry, "key">): boolean =>
  only.length === 0 ||
  only.some(({ account, vendor }) => vendor === key.vendor && (account === null || account === key.account))

/**
 * How many there are of each kind.
 *
 * @category destructors
 * @since 0.2.0
 */
export const counts = (all: ReadonlyArray<Open>): Readonly<Record<Standing, number>> => {
  const count = (wanted: Standing): number => all.filter(({ standing }) => standing === wanted).length
  return {
    "in-doubt": count("in-doubt"),
    denied: count("denied"),
    resting: count("resting"),
    unowned: count("unowned"),
    late: count("late"),
    failing: count("failing"),
    submitting: count("submitting"),
    waiting: count("waiting")
  }
}

const listOf = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")

const isStanding = (word: string): word is Standing => standings.some((each) => each === word)

const statesOf = (typed: string | null): Checked.Checked<ReadonlySet<Standing>> => {
  if (typed === null) return Checked.make(new Set(standings))
  const words = listOf(typed)
  const unknown = words.filter((word) => !isStanding(word))
  const faults = unknown.map((word) => ({
    where: "--state",
    message: `unknown state ${quote(word)}${didYouMean(word, standings)} The states are ${standings.join(", ")}`
  }))
  if (words.length === 0) faults.push({ where: "--state", message: `must be some of ${standings.join(", ")}` })
  return Checked.make(new Set(words.filter(isStanding)), { faults })
}

const orderOf = (typed: string | null): Checked.Checked<Filter["sort"]> => {
  const found = orders.find((order) => order === (typed ?? "age"))
  return found === undefined
    ? Checked.faulty("age", "--sort", `must be one of ${orders.join(", ")}, not ${quote(typed ?? "")}`)
    : Checked.make(found)
}

const accountsOf = (typed: string | null, vendors: ReadonlyArray<string>): Checked.Checked<Filter["only"]> => {
  const words = typed === null ? [] : listOf(typed)
  const accounts = words.map((word) => {
    const [vendor = "", account = null] = word.split("@", 2)
    return { vendor, account: account === "" ? defaultAccount : account }
  })
  const faults = accounts
    .filter(({ vendor }) => !vendors.includes(vendor))
    .map(({ vendor }) => ({
      where: "--only",
      message: `unknown vendor ${quote(vendor)}${didYouMean(vendor, vendors)} It takes VENDOR or VENDOR@ACCOUNT`
    }))
  if (typed !== null && words.length === 0)
    faults.push({ where: "--only", message: "must be VENDOR or VENDOR@ACCOUNT" })
  return Checked.make(accounts, { faults })
}

/**
 * Reads what was typed; all that is wrong with it is a fault.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (typed: Typed, vendors: ReadonlyArray<string>): Checked.Checked<Filter> =>
  Checked.andThen(statesOf(typed.state), (states) =>
    Checked.andThen(orderOf(typed.sort), (sort) =>
      Checked.map(accountsOf(typed.only, vendors), (only) => ({ states, sort, only }))
    )
  )

const titles: Readonly<Record<Standing, string>> = {
  "in-doubt": "never sent again by themselves",
  denied: "the vendor refused the key; check it, then look again",
  resting: "given up for now; tried again at the time shown",
  unowned: "no process polls them",
  late: "polled, and overdue by more than 5 s",
  failing: "the last poll failed and is retried",
  submitting: "on their way to the vendor",
  waiting: "nothing is wrong"
}

const shownOf = (standing: Standing): string =>
  standing === "in-doubt" ? "in doubt" : standing === "unowned" ? "not polled" : standing

/**
 * What a listing needs beside the claims.
 *
 * - `sorted`: an order was asked for. `shown`: of each kind, at most so many claims; the rest is counted. `more`: the command that shows all of them.
 * - `tail`: what a printed command needs to find this journal. `poll`: the command that polls what no process polls.
 *
 * @category models
 * @since 0.2.0
 */
export interface Listing {
  readonly now: number
  readonly sorted: boolean
  readonly shown: number
  readonly more: string
  readonly tail: string
  readonly poll: string
}

const commandFor = ({ entry, standing }: Open, { tail }: Listing): string | null => {
  switch (standing) {
    case "in-doubt":
      return `scanpoll reconcile ${entry.claimId}${tail}`
    case "denied":
    case "resting":
    case "late":
    case "failing":
      return `scanpoll wait ${entry.claimId}${tail}`
    case "unowned":
    case "submitting":
    case "waiting":
      return null
  }
}

/**
 * The claims of each kind under its title, the most urgent kind first, with the command to type; in one list where `sorted`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const lines = (all: ReadonlyArray<Open>, listing: Listing): ReadonlyArray<string> => {
  if (listing.sorted) {
    return JournalWords.section(
      `open (${all.length})`,
      bounded(all, listing, ({ standing }) => `${shownOf(standing)}  `)
    )
  }
  return standings.flatMap((standing) => {
    const some = all.filter((one) => one.standing === standing)
    const poll = standing === "unowned" && some.length > 0 ? [listing.poll] : []
    const title = `${shownOf(standing)} (${some.length}), ${titles[standing]}`
    return JournalWords.section(title, [...bounded(some, listing, () => ""), ...poll])
  })
}

const bounded = (some: ReadonlyArray<Open>, listing: Listing, before: (one: Open) => string): ReadonlyArray<string> => {
  const rest = some.length - listing.shown
  return [
    ...some.slice(0, listing.shown).flatMap((one) => {
      const command = commandFor(one, listing)
      return [
        `${before(one)}${JournalWords.line(one.entry, listing.now)}`,
        ...(command === null ? [] : [`  ${command}`])
      ]
    }),
    ...(rest > 0 ? [`and ${rest} more: ${listing.more}`] : [])
  ]
}

/**
 * A claim as JSON, with how it stands.
 *
 * @category destructors
 * @since 0.2.0
 */
export const toJson = ({ entry, standing }: Open): unknown => ({ ...JournalView.claim(entry), standing })
