// The turns that were handed out in this process and that the books have not been told of yet.
// Law: when a turn was used is told as the time of a later look at the clock that came when it was due: a process that
// was stopped between a turn and its request cannot have told yet. It touches its own fiber, which looks at the clock.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"

// A turn that was handed out. `at`: when, or when it was renewed. `since`: from when on its request was not held up.
// `passed`: by when the request was surely made; null until that is known.
// `isCounted`: it is one of the turns that the books granted. `isSpaced`: others may submit only so long after it.
export interface Grant {
  at: number
  since: number
  passed: number | null
  stage: "handed" | "told" | "over"
  readonly isCounted: boolean
  readonly isSpaced: boolean
}

const isTold = ({ isCounted, isSpaced }: Grant): boolean => isCounted || isSpaced

export class UsedTurns {
  private readonly context: Context.Context<never>
  private readonly clock: Clock.Clock
  // Between two looks at the clock.
  private readonly look: number
  // How long a used turn can be renewed before it is told.
  private readonly linger: number
  // There may be something to tell.
  private readonly onLook: () => void
  private grants: Array<Grant> = []
  private looker: Fiber.Fiber<void> | null = null
  private isStopped = false

  constructor(
    context: Context.Context<never>,
    spans: { readonly window: number; readonly travel: number | null },
    onLook: () => void
  ) {
    this.context = context
    this.clock = Context.get(context, Clock.Clock)
    this.look = Math.max(1, Math.floor((spans.travel ?? Math.min(1000, spans.window / 20)) / 2))
    this.linger = Math.max(this.look * 3, Math.min(2000, spans.window / 8))
    this.onLook = onLook
  }

  get counted(): number {
    return this.grants.filter(({ isCounted }) => isCounted).length
  }

  // A submission was handed out, and the books were not told that it was made.
  get isStarting(): boolean {
    return this.grants.some(({ isSpaced, stage }) => isSpaced && stage === "handed")
  }

  // What is neither counted nor spaced is never told.
  handOut(isCounted: boolean, isSpaced: boolean): Grant {
    const now = this.now()
    const grant: Grant = { at: now, since: now, passed: null, stage: "handed", isCounted, isSpaced }
    if (isTold(grant)) {
      this.grants.push(grant)
      this.watch()
    }
    return grant
  }

  renew(grant: Grant): void {
    if (!isTold(grant)) return
    grant.at = this.now()
    grant.since = grant.at
    grant.passed = null
    this.watch()
  }

  // Whether the turn is free again: what was told as used stays told.
  takeBack(grant: Grant): boolean {
    if (grant.stage !== "handed" || !isTold(grant)) return false
    grant.stage = "over"
    const at = this.grants.lastIndexOf(grant)
    if (at >= 0) this.grants.splice(at, 1)
    return true
  }

  nextToTell(): number {
    for (const grant of this.grants) if (grant.passed !== null) return grant.at + this.linger
    return Number.POSITIVE_INFINITY
  }

  // From now on these are told, for good.
  tell(isAll: boolean): ReadonlyArray<Grant> {
    const now = this.now()
    const told = isAll
      ? [...this.grants]
      : this.grants.filter((grant) => grant.passed !== null && now - grant.at >= this.linger)
    for (const grant of told) {
      grant.stage = "told"
      // The last ones are about to be sent, if they are at all.
      grant.passed ??= now + 3 * this.look
    }
    return told
  }

  wereTold(grants: ReadonlyArray<Grant>): void {
    const told = new Set(grants)
    this.grants = this.grants.filter((grant) => !told.has(grant))
  }

  // The books know nothing of this process any more: what they were told has to be told again.
  tellAgain(): void {
    for (const grant of this.grants) if (grant.stage === "told") grant.stage = "handed"
  }

  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isStopped = true
      return this.looker === null ? Effect.void : Fiber.interrupt(this.looker)
    })
  }

  private now(): number {
    return SteadyClock.nowUnsafe(this.clock)
  }

  private watch(): void {
    if (this.looker !== null || this.isStopped) return
    this.looker = Effect.runForkWith(this.context)(
      Effect.gen({ self: this }, function* () {
        let due = this.now() + this.look
        while (this.grants.some((grant) => grant.passed === null)) {
          yield* Effect.sleep(Duration.millis(Math.max(1, due - this.now())))
          const now = this.now()
          // Late: something held this process up, and may have held up a request as well.
          const isLate = now - due > this.look
          for (const grant of this.grants) {
            if (grant.passed !== null) continue
            if (isLate) grant.since = now
            else if (now - grant.since >= 2 * this.look) grant.passed = now
          }
          due = now + this.look
          this.onLook()
        }
        this.looker = null
      })
    )
  }
}
