// What one wait has to do with learned paces: the policy it runs under, and what it teaches when it ends. May touch: the
// duration model. Law: it watches the wait and never changes it; an end that nobody saw teaches a lower bound alone.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PollAnswer } from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import * as DurationModel from "../DurationModel.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { ScanRequest } from "./scanRequest.ts"

export interface Pacing<Payload, R> {
  readonly policy: PollPolicy<R>
  // The poll, watched for the waits the vendor asks for.
  readonly poll: (
    poll: Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault>
  ) => Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault>
  readonly saw: (event: PollEvent<ScanOutcome<Payload>>) => void
  // The wait is over, however it ended.
  readonly over: (exit: Exit.Exit<ScanOutcome<Payload>, unknown>) => void
}

// Scans of vendors whose durations are not learned, and those that somebody else submitted.
const unlearned = <Payload, R>(request: ScanRequest<Payload, R>): Pacing<Payload, R> => ({
  policy: request.policy,
  poll: (poll) => poll,
  saw: () => undefined,
  over: () => undefined
})

export const begin = <Payload, R>(
  model: DurationModel.Durations,
  request: ScanRequest<Payload, R>,
  ticket: ScanTicket.ScanTicket,
  options: { readonly fresh: boolean; readonly batch: boolean; readonly open: number }
): Pacing<Payload, R> => {
  const { adapter, kind } = request
  const { submittedAt } = ticket
  const about = kind === null ? null : DurationModel.about(adapter, kind)
  if (about === null || submittedAt === null) return unlearned(request)
  const wished = DurationModel.isLearned(request.policy) || (options.batch && request.recommended)
  let hint: number | null = null
  let ran: number | null = null
  let ended: number | null = null

  const teach = (lesson: Pick<DurationModel.Lesson, "ended" | "durationMs" | "atLeastMs">): void =>
    model.learn({
      vendor: about.vendor,
      origin: about.origin,
      kind: about.kind,
      scan: ScanTicket.key(ticket),
      ...(hint === null ? {} : { hintMs: hint }),
      ...lesson
    })

  const settled = (outcome: ScanOutcome<Payload>): void => {
    if (outcome.cached || ended === null) return
    const { completedAt, createdAt } = outcome
    // The vendor's clock says how long it took, within what we saw: open at one poll, over at the next.
    const took = createdAt === null || completedAt === null ? null : completedAt - createdAt
    if (took === null) teach({ ended: "settled", durationMs: ended, atLeastMs: ran ?? 0 })
    else teach({ ended: "settled", durationMs: Math.max(ran ?? 0, Math.min(took, ended)) })
  }

  return {
    policy: wished ? DurationModel.paced(model, about, request.policy, options) : request.policy,
    poll: (poll) =>
      Effect.map(poll, (answer) => {
        if (answer.observation._tag === "Pending") {
          const asked = answer.hint._tag === "None" ? 0 : Math.ceil(Duration.toMillis(answer.hint.value))
          hint = Math.max(hint ?? 0, asked)
        }
        return answer
      }),
    saw: (event) => {
      if (event._tag === "Polled" && event.seen._tag === "Pending") ran = Math.max(0, event.at - submittedAt)
      if (event._tag === "Settled") ended = Math.max(0, event.at - submittedAt)
    },
    over: (exit) => {
      if (Exit.isSuccess(exit)) settled(exit.value)
      else if (ran !== null && ran > 0) teach({ ended: "censored", durationMs: ran })
    }
  }
}
