/**
 * `scanpoll run --dry-run`: what would be asked, when, and at what cost in requests; nothing is sent or bought.
 *
 * The poll times are the engine's own decision for a vendor that only ever answers "running", so they are the earliest
 * there are; a vendor's hints and a busy account make them later. What past scans have taught is read from the journal,
 * where there is one.
 *
 * @since 0.1.0
 */
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import { forecast } from "@scanpoll/core/unstable/engine/Forecast"
import type { ScanRequest } from "@scanpoll/core/engine/ScanRequest"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { preview } from "@scanpoll/core/policy/Preview"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Durations from "../config/Durations.ts"
import * as KeyText from "../config/Key.ts"
import type { Settings } from "../config/Settings.ts"
import { inert, Streams } from "../output/Streams.ts"
import type { Prepared } from "../prepare/Requests.ts"

const shownPolls = 6

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

const times = (request: ScanRequest<unknown>, policy: PollPolicy.PollPolicy, open: number): Effect.Effect<string> =>
  Effect.map(preview(policy, request.adapter.limits, shownPolls, { open }), (polls) => {
    const shown = polls.map((poll) => Durations.format(Duration.millis(poll.at))).join(", ")
    return polls.length < shownPolls ? shown : `${shown}, ...`
  })

// The policy that a scan of a batch would be under by what is known now, and how many past scans its pace is from.
const inForce = (
  request: ScanRequest<unknown>,
  model: DurationModel.Durations,
  open: number
): { readonly policy: PollPolicy.PollPolicy; readonly from: number } => {
  const { adapter, kind, policy, recommended } = request
  const about = kind === null ? null : DurationModel.about(adapter, kind)
  const learns = about !== null && (recommended || DurationModel.isLearned(policy))
  if (!learns || model.plan(about, policy, open) === null) return { policy, from: 0 }
  return { policy: DurationModel.paced(model, about, policy, { fresh: true, open }), from: model.known(about) }
}

/**
 * Says what a run would do. The exit code is 0: nothing was asked that could fail.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tell = Effect.fnUntraced(function* (
  prepared: ReadonlyArray<Prepared>,
  settings: Settings
): Effect.fn.Return<number, never, Streams> {
  const streams = yield* Streams
  const model = yield* DurationModel.DurationModel
  const requests = prepared.map((one) => one.request)
  const timeout = settings.timeout.value
  const lines: Array<string> = ["Nothing is sent: this is what `scanpoll run` would do.", ""]
  for (const account of forecast(requests)) {
    const who = KeyText.accountName(account.vendor, account.account)
    const mine = requests.filter(({ adapter }) => Account.hasSameLabel(adapter, account))
    lines.push(
      `${who}: ${plural(account.scans, "purchase")} for ${plural(mine.length, "target")}, about ${plural(account.requests, "request")}`,
      `  limit     ${account.limit ?? "none documented"}`,
      `  takes     about ${Durations.format(account.atLeast)}${
        Duration.isGreaterThan(account.atLeast, timeout)
          ? `, more than the ${Durations.format(timeout)} of --timeout: not all of it would be done`
          : ""
      }`
    )
    // Equal policies are said once.
    const policies = new Map<string, { readonly polls: string; readonly names: Array<string> }>()
    for (const request of mine) {
      const name = `${request.subject.name}${(request.kind ?? "") === "" ? "" : ` (${request.kind})`}`
      const { from, policy } = inForce(request, model, mine.length)
      const own = PollPolicy.describe(request.policy, request.adapter.limits)
      const words = from === 0 ? own : `as ${plural(from, "past scan")} of its kind taught; without them: ${own}`
      const polls = yield* times(request, policy, mine.length)
      const known = policies.get(`${words} ${polls}`)
      if (known === undefined) policies.set(`${words} ${polls}`, { polls, names: [words, name] })
      else known.names.push(name)
    }
    for (const { names, polls } of policies.values()) {
      const [words = "", ...subjects] = names
      lines.push(`  polls     at ${polls} after the submission, at the earliest`, `            ${words}`)
      for (const name of subjects) lines.push(`    ${inert(name)}`)
    }
    lines.push("")
  }
  lines.push(
    "An open scan of an equal target is joined, and an outcome that is young enough is reused: then it is less."
  )
  yield* Effect.ignore(streams.out(lines.map((line) => `${line}\n`).join("")))
  return 0
})
