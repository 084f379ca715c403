/**
 * `scanpoll run --dry-run`: what would be asked, when, and at what cost in requests; nothing is sent or bought.
 *
 * The poll times are the engine's own decision for a vendor that only ever answers "running", so they are the earliest
 * there are; a vendor's hints and a busy account make them later. What past scans have taught is read from the journal,
 * where there is one and the plan does not name it.
 *
 * @since 0.1.0
 */
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type * as Scans from "@scanpoll/core/engine/Scans"
import { forecast } from "@scanpoll/core/unstable/engine/Forecast"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { preview } from "@scanpoll/core/policy/Preview"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Key from "../config/Key.ts"
import type { Plan } from "../config/Plan.ts"
import * as Output from "../output/Output.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import type { Ready } from "../prepare/Command.ts"
import * as PlanBounds from "../prepare/PlanBounds.ts"
import * as Purchases from "../prepare/Purchases.ts"
import * as DryRunGate from "./DryRunGate.ts"
import * as Journal from "../storage/Journal.ts"
import { plural } from "../output/Plural.ts"

const shownPolls = 6
const shownNames = 10

const times = (
  request: Scans.ScanRequest<unknown>,
  policy: PollPolicy.PollPolicy,
  open: number
): Effect.Effect<string> =>
  Effect.map(preview(policy, request.adapter.limits, shownPolls, { open }), (polls) => {
    const shown = polls.map((poll) => Durations.format(Duration.millis(poll.at))).join(", ")
    return polls.length < shownPolls ? shown : `${shown}, ...`
  })

// The policy that a scan of a batch would be under by what is known now, and how many past scans its pace is from.
const inForce = (
  request: Scans.ScanRequest<unknown>,
  model: DurationModel.Durations,
  open: number
): { readonly policy: PollPolicy.PollPolicy; readonly from: number } => {
  const { adapter, kind, policy, recommended } = request
  const about = kind === null ? null : DurationModel.about(adapter, kind)
  const learns = about !== null && (recommended || DurationModel.isLearned(policy))
  if (!learns || model.plan(about, policy, open) === null) return { policy, from: 0 }
  return { policy: DurationModel.paced(model, about, policy, { fresh: true, open }), from: model.known(about) }
}

interface AccountPlan {
  readonly vendor: string
  readonly account: string
  readonly address: string
  readonly variable: string
  readonly unset: ReadonlyArray<string>
  readonly targets: number
  readonly purchases: number
  readonly joined: number
  readonly reused: number
  readonly inDoubt: number
  readonly requests: number
  readonly limit: string | null
  readonly atLeastMs: number
  readonly policies: ReadonlyArray<{
    readonly words: string
    readonly polls: string
    readonly names: ReadonlyArray<string>
  }>
}

// Targets under equal policies are named together.
const policiesOf = Effect.fnUntraced(function* (requests: ReadonlyArray<Scans.ScanRequest<unknown>>) {
  const model = yield* DurationModel.DurationModel
  const policies = new Map<string, { readonly words: string; readonly polls: string; readonly names: Array<string> }>()
  for (const request of requests) {
    const name = `${request.subject.name}${(request.kind ?? "") === "" ? "" : ` (${request.kind})`}`
    const { from, policy } = inForce(request, model, requests.length)
    const own = PollPolicy.describe(request.policy, request.adapter.limits)
    const words = from === 0 ? own : `as ${plural(from, "past scan")} of its kind taught; without them: ${own}`
    const polls = yield* times(request, policy, requests.length)
    const known = policies.get(`${words} ${polls}`)
    if (known === undefined) policies.set(`${words} ${polls}`, { words, polls, names: [name] })
    else known.names.push(name)
  }
  return [...policies.values()]
})

const accountsOf = Effect.fnUntraced(function* (
  { keys, plan, prepared }: Ready,
  prospects: ReadonlyArray<Scans.Prospect>
) {
  const requests = prepared.map((one) => one.request)
  // What is taken from the journal, and what a person has to decide, is not asked about.
  const asked = forecast(requests.filter((_, at) => prospects[at] !== "reuse" && prospects[at] !== "in-doubt"))
  return yield* Effect.forEach(forecast(requests), (all) =>
    Effect.gen(function* () {
      const account = asked.find((one) => Account.hasSameLabel(one, all)) ?? {
        ...all,
        requests: 0,
        atLeast: Duration.zero
      }
      const count = (prospect: Scans.Prospect) =>
        requests.filter((one, at) => prospects[at] === prospect && Account.hasSameLabel(one.adapter, account)).length
      const mine = requests.filter(({ adapter }) => Account.hasSameLabel(adapter, account))
      const vendor = plan.targets.find((target) => target.vendor.name === account.vendor)?.vendor
      const needed = vendor === undefined ? null : { vendor, account: account.account }
      const unset = needed === null ? [] : yield* Accounts.unset(needed, plan.accounts, keys)
      const isHere = vendor === undefined || !unset.includes(vendor.baseVariable)
      const out: AccountPlan = {
        vendor: account.vendor,
        account: account.account,
        address: isHere ? (mine[0]?.adapter.origin ?? "") : "",
        unset,
        variable: (needed === null ? null : Accounts.variableOf(needed, plan.accounts).value) ?? "",
        targets: mine.length,
        purchases: count("buy"),
        joined: count("join"),
        reused: count("reuse"),
        inDoubt: count("in-doubt"),
        requests: account.requests,
        limit: account.limit,
        atLeastMs: Duration.toMillis(account.atLeast),
        policies: yield* policiesOf(mine)
      }
      return out
    })
  )
})

// What a run would open, write and have sent, and who said so.
const reachOf = ({ plan, settings }: Ready) =>
  Effect.map(Journal.inForce(settings.journal.value), (journal) => {
    const { baseline, keyFile, output, vendor } = settings
    return {
      modules: vendor.value.map((name) => ({ name, from: vendor.where })),
      journal: { address: JournalAddress.show(journal), from: settings.journal.where },
      outputs: output.value.map(({ file, format }) => ({ format, file, from: output.where })),
      baseline: baseline.value === null ? null : { file: baseline.value, from: baseline.where },
      keyFile: keyFile.value === null ? null : { file: keyFile.value, from: keyFile.where },
      callbacks: plan.targets.flatMap((target) =>
        PlanBounds.callbackHosts(target).map((host) => ({ host, from: target.where }))
      )
    }
  })

type Reach = Effect.Success<ReturnType<typeof reachOf>>

const reachLines = (accounts: ReadonlyArray<AccountPlan>, reach: Reach): ReadonlyArray<string> => {
  const line = (what: string, text: string, from: string | null) =>
    `  ${what.padEnd(9)} ${inert(text)}${from === null ? "" : ` (${inert(from)})`}`
  return [
    "What it would reach:",
    ...reach.modules.map(({ from, name }) => line("runs", `the code of ${name}`, from)),
    ...accounts.map((one) => {
      const key = one.variable === "" ? "without a key" : `with the key in ${one.variable}`
      const missing = one.unset.length === 0 ? "" : `; not set: ${one.unset.join(", ")}`
      const address = one.address === "" ? "an address" : one.address
      return line("vendor", `${address} ${key}${missing}`, Key.accountName(one.vendor, one.account))
    }),
    ...reach.callbacks.map(({ from, host }) => line("callback", host, from)),
    line("journal", reach.journal.address, reach.journal.from),
    ...reach.outputs.map(({ file, format, from }) => line("writes", `${format} to ${file ?? "standard output"}`, from)),
    ...(reach.baseline === null ? [] : [line("reads", reach.baseline.file, reach.baseline.from)]),
    ...(reach.keyFile === null ? [] : [line("reads", reach.keyFile.file, reach.keyFile.from)])
  ]
}

// What is not bought, and why not.
const spared = (one: AccountPlan): string => {
  const parts = [
    one.joined === 0 ? null : `${one.joined} open and joined`,
    one.reused === 0 ? null : `${one.reused} reused from the journal`,
    one.inDoubt === 0 ? null : `${one.inDoubt} in doubt`
  ].filter((part) => part !== null)
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`
}

const accountLines = (one: AccountPlan, timeout: Duration.Duration): ReadonlyArray<string> => {
  const takes = Duration.millis(one.atLeastMs)
  const tooLong = Duration.isGreaterThan(takes, timeout)
    ? `, more than the ${Durations.format(timeout)} of --timeout: not all of it would be done`
    : ""
  return [
    `${Key.accountName(one.vendor, one.account)}: ${plural(one.purchases, "purchase")} for ${plural(one.targets, "target")}${spared(one)}, about ${plural(one.requests, "request")}`,
    `  limit     ${one.limit ?? "none documented"}`,
    `  takes     about ${Durations.format(takes)}${tooLong}`,
    ...one.policies.flatMap(({ names, polls, words }) => [
      `  polls     at ${polls} after the submission, at the earliest`,
      `            ${words}`,
      ...names.slice(0, shownNames).map((name) => `    ${inert(name)}`),
      ...(names.length > shownNames ? [`    and ${names.length - shownNames} more (all are named with -o json)`] : [])
    ]),
    ""
  ]
}

const sum = (accounts: ReadonlyArray<AccountPlan>, of: "targets" | "purchases" | "requests"): number =>
  accounts.reduce((total, one) => total + one[of], 0)

const totalLines = (accounts: ReadonlyArray<AccountPlan>): ReadonlyArray<string> => {
  const unset = [...new Set(accounts.flatMap((one) => one.unset))]
  return [
    ...(accounts.length < 2
      ? []
      : [
          `In all: ${plural(sum(accounts, "purchases"), "purchase")} for ${plural(sum(accounts, "targets"), "target")}, about ${plural(sum(accounts, "requests"), "request")}`,
          ""
        ]),
    ...(unset.length === 0
      ? []
      : [`A run needs what is not set: ${unset.join(", ")}. Without it, scans of the journal may not be found.`, ""])
  ]
}

const partLines = ({ part, targets }: Plan): ReadonlyArray<string> =>
  part === null
    ? []
    : [
        `A part of the plan: ${targets.length} of ${plural(part.of, "target")} (--only ${inert(part.only.join(", "))}).`,
        ""
      ]

const limitLines = (
  accounts: ReadonlyArray<AccountPlan>,
  { maxPurchases, untrustedPlan }: Ready["settings"]
): ReadonlyArray<string> => {
  const wanted = sum(accounts, "purchases")
  return [
    ...(maxPurchases.value === null
      ? []
      : ["", `Limit: ${wanted} of at most ${plural(maxPurchases.value, "purchase")} (${inert(maxPurchases.where)})`]),
    ...(untrustedPlan.value
      ? [
          `The plan is untrusted (${inert(untrustedPlan.where)}): only its targets, those of lists and stricter gates count.`
        ]
      : [])
  ]
}

/**
 * Says what a run would do, as text or, with `--output json`, as one JSON document on standard output. No file is written.
 * The exit code is 0, or 2 where more would be bought than `--max-purchases` allows.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tell = Effect.fnUntraced(function* (
  ready: Ready
): Effect.fn.Return<number, JournalError, FileSystem.FileSystem | Path.Path | ScanJournal | Streams> {
  const prospects = yield* Purchases.foresee(ready.prepared, ready.settings)
  const excess = Purchases.excess(ready.prepared, prospects, ready.settings)
  const accounts = yield* accountsOf(ready, prospects)
  const reach = yield* reachOf(ready)
  const { plan, settings } = ready
  const gates = DryRunGate.gatesOf(ready.prepared, settings)
  const timeout = settings.timeout.value
  const toStdout = settings.output.value.find(({ file, format }) => file === null && format === "json")
  const shown = toStdout ?? { format: "text", file: null }
  yield* Output.write(
    { ...settings, output: { ...settings.output, value: [shown] } },
    {
      text: () =>
        [
          "Nothing is sent: this is what `scanpoll run` would do.",
          "",
          ...accounts.flatMap((one) => accountLines(one, timeout)),
          ...totalLines(accounts),
          ...partLines(plan),
          ...DryRunGate.lines(gates),
          "",
          ...reachLines(accounts, reach),
          ...limitLines(accounts, settings),
          "",
          settings.journal.source === "plan"
            ? "The plan's own journal was not opened: what it holds open or young enough is joined or reused, and not bought."
            : "What the journal holds open is joined, and what is young enough is reused: both are counted already."
        ].map((line) => `${line}\n`),
      json: () => ({
        schemaVersion: 1,
        purchases: sum(accounts, "purchases"),
        requests: sum(accounts, "requests"),
        maxPurchases: settings.maxPurchases.value,
        untrustedPlan: settings.untrustedPlan.value,
        part: plan.part,
        gate: gates,
        accounts,
        reach
      })
    }
  )
  if (excess === null) return 0
  yield* say(`error: the run would be refused: ${inert(excess.where)} ${excess.message}`)
  return 2
})
