/**
 * What open claims need: which are in doubt, refused, resting, late or polled by no process, the oldest first, each with the
 * command that helps.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, type OpenClaim, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Standing from "@scanpoll/journal/Standing"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Checked from "../prepare/Checked.ts"
import { quote } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import { didYouMean } from "../config/Nearest.ts"
import { defaultAccount } from "../config/Plan.ts"
import * as FindRun from "../run/FindRun.ts"
import * as JournalWords from "./JournalWords.ts"

const orders = ["age", "due", "state", "vendor"] as const

/**
 * Which open claims are shown, and in which order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Filter {
  readonly sort: (typeof orders)[number]
  readonly states: ReadonlySet<Standing.Standing>
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

/**
 * An open claim and how it stands.
 *
 * @category models
 * @since 0.2.0
 */
export interface Open {
  readonly entry: OpenClaim
  readonly standing: Standing.Standing
}

const byAge: Order.Order<Open> = Order.mapInput(Order.Number, ({ entry }) => entry.claimedAt)
const byState: Order.Order<Open> = Order.mapInput(Order.Number, ({ standing }) => Standing.all.indexOf(standing))
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
  entries: ReadonlyArray<OpenClaim>,
  filter: Filter,
  now: number,
  takenAhead: number
): ReadonlyArray<Open> =>
  Array.sort(
    entries
      .filter((entry) => isWanted(filter, entry))
      .map((entry) => ({ entry, standing: Standing.of(entry, now, takenAhead) }))
      .filter(({ standing }) => filter.states.has(standing)),
    sorting[filter.sort]
  )

/**
 * Whether `--only` lets a claim through.
 *
 * @category guards
 * @since 0.2.0
 */
export const isWanted = ({ only }: Filter, { key }: Pick<OpenClaim, "key">): boolean =>
  only.length === 0 ||
  only.some(({ account, vendor }) => vendor === key.vendor && (account === null || account === key.account))

/**
 * How many there are of each kind.
 *
 * @category destructors
 * @since 0.2.0
 */
export const counts = (all: ReadonlyArray<Open>): Readonly<Record<Standing.Standing, number>> => {
  const count = (wanted: Standing.Standing): number => all.filter(({ standing }) => standing === wanted).length
  return {
    "in-doubt": count("in-doubt"),
    denied: count("denied"),
    resting: count("resting"),
    unowned: count("unowned"),
    late: count("late"),
    failing: count("failing"),
    submitting: count("submitting"),
    parked: count("parked"),
    waiting: count("waiting")
  }
}

const listOf = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")

const isStanding = (word: string): word is Standing.Standing => Standing.all.some((each) => each === word)

const statesOf = (typed: string | null): Checked.Checked<ReadonlySet<Standing.Standing>> => {
  if (typed === null) return Checked.make(new Set(Standing.all))
  const words = listOf(typed)
  const unknown = words.filter((word) => !isStanding(word))
  const faults = unknown.map((word) => ({
    where: "--state",
    message: `unknown state ${quote(word)}${didYouMean(word, Standing.all)} The states are ${Standing.all.join(", ")}`
  }))
  if (words.length === 0) faults.push({ where: "--state", message: `must be some of ${Standing.all.join(", ")}` })
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

const titles: Readonly<Record<Standing.Standing, string>> = {
  "in-doubt": "never sent again by themselves",
  denied: "the vendor refused the key; check it, then look again",
  resting: "given up for now; tried again at the time shown",
  unowned: "no process polls them",
  late: "polled, and overdue by more than 5 s",
  failing: "the last poll failed and is retried",
  submitting: "on their way to the vendor",
  parked: "nobody waits for them, because a person said so; they go on at the vendor",
  waiting: "nothing is wrong"
}

const shownOf = (standing: Standing.Standing): string =>
  standing === "in-doubt" ? "in doubt" : standing === "unowned" ? "not polled" : standing

/**
 * What a listing needs beside the claims.
 *
 * - `sorted`: an order was asked for. `shown`: of each kind, at most so many claims; the rest is counted. `more`: the command that shows all of them.
 * - `entries`: the claims that are shown (`shownIds`), whole. One that is missing has ended meanwhile, and is left out.
 * - `tail`: what a printed command needs to find this journal. `poll`: the command that polls what no process polls.
 * - `planFor`: what a command about these claims needs to find their accounts, see `planFor`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Listing {
  readonly now: number
  readonly sorted: boolean
  readonly shown: number
  readonly entries: ReadonlyMap<string, ClaimEntry>
  readonly more: string
  readonly tail: string
  readonly poll: string
  readonly planFor: (claims: ReadonlyArray<Pick<OpenClaim, "key">>) => string
}

/**
 * The flag that names the plan for a command about these claims, after a space: the plan that was given, or that of the newest
 * run where a claim is of an account that only a plan names; else empty.
 *
 * @category constructors
 * @since 0.2.0
 */
export const planFor =
  (given: string | null, runs: ReadonlyArray<Parameters<typeof FindRun.planOf>[0]>): Listing["planFor"] =>
  (claims) => {
    const isNamed = claims.some(({ key }) => key.account !== defaultAccount)
    const plan = given ?? (isNamed ? (runs.map(FindRun.planOf).find((file) => file !== null) ?? null) : null)
    return plan === null ? "" : ` --plan ${ShellWord.quote(plan)}`
  }

const commandFor = ({ entry, standing }: Open, { planFor: planOf, tail }: Listing): string | null => {
  switch (standing) {
    case "in-doubt":
      return `scanpoll reconcile ${entry.claimId}${planOf([entry])}${tail}`
    case "denied":
    case "resting":
    case "late":
    case "failing":
    case "parked":
      return `scanpoll wait ${entry.claimId}${planOf([entry])}${tail}`
    case "unowned":
    case "submitting":
    case "waiting":
      return null
  }
}

/**
 * Whether a listing has it that nobody asked to be in any order or state: what waits as it should is not worth a line.
 *
 * @category guards
 * @since 0.2.0
 */
export const isWorthALine = ({ standing }: Open): boolean => standing !== "waiting"

const ofStanding = (all: ReadonlyArray<Open>, wanted: Standing.Standing): ReadonlyArray<Open> =>
  all.filter(({ standing }) => standing === wanted)

/**
 * The ids of the claims that `lines` shows.
 *
 * @category destructors
 * @since 0.2.0
 */
export const shownIds = (
  all: ReadonlyArray<Open>,
  { shown, sorted }: Pick<Listing, "shown" | "sorted">
): ReadonlyArray<string> => {
  const lists = sorted ? [all] : Standing.all.map((standing) => ofStanding(all, standing))
  return lists.flatMap((list) => list.slice(0, shown).map(({ entry }) => entry.claimId))
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
  return Standing.all.flatMap((standing) => {
    const some = ofStanding(all, standing)
    const poll = standing === "unowned" && some.length > 0 ? [listing.poll] : []
    const title = `${shownOf(standing)} (${some.length}), ${titles[standing]}`
    return JournalWords.section(title, [...bounded(some, listing, () => ""), ...poll])
  })
}

const bounded = (some: ReadonlyArray<Open>, listing: Listing, before: (one: Open) => string): ReadonlyArray<string> => {
  const rest = some.length - listing.shown
  return [
    ...some.slice(0, listing.shown).flatMap((one) => {
      const entry = listing.entries.get(one.entry.claimId)
      if (entry === undefined) return []
      const command = commandFor(one, listing)
      return [`${before(one)}${JournalWords.line(entry, listing.now)}`, ...(command === null ? [] : [`  ${command}`])]
    }),
    ...(rest > 0 ? [`and ${rest} more: ${listing.more}`] : [])
  ]
}

/**
 * Claims as JSON, with how they stand. `entries` has them whole; one that is missing has ended meanwhile, and is left out.
 *
 * @category destructors
 * @since 0.2.0
 */
export const toJson = (all: ReadonlyArray<Open>, entries: ReadonlyMap<string, ClaimEntry>): ReadonlyArray<unknown> =>
  all.flatMap(({ entry: { claimId }, standing }) => {
    const entry = entries.get(claimId)
    return entry === undefined ? [] : [{ ...JournalView.claim(entry), standing }]
  })

/**
 * The whole claims that outputs need: those that a text shows, or for JSON all of them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const entriesOf = (
  all: ReadonlyArray<Open>,
  outputs: ReadonlyArray<{ readonly format: string }>,
  listing: Pick<Listing, "shown" | "sorted">
): Effect.Effect<ReadonlyMap<string, ClaimEntry>, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const isWhole = outputs.some(({ format }) => format === "json")
    const ids = isWhole ? all.map(({ entry }) => entry.claimId) : shownIds(all, listing)
    return new Map((yield* journal.entries(ids)).map((entry) => [entry.claimId, entry]))
  })
