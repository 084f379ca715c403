/**
 * A vendor that lives outside the processes: what it accepted stays accepted, whatever becomes of who asked. It has a
 * ledger of its own, scans that take a seeded while, and every way of answering badly.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AccountLimits, Already, ScanAdapter, Submitted } from "../../src/engine/ScanAdapter.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import * as ScanOutcome from "../../src/model/ScanOutcome.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"
import * as SubmitError from "../../src/model/SubmitError.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import { type Outcome, Payload } from "@scanpoll/test-support/conversation"
import { type Account, type Claim, type Judge, rootOf } from "./Judge.ts"
import type { Dice, Process, World } from "./World.ts"

/** What can go wrong with one request; the names are counted. */
export const troubles = [
  "unsent",
  "reset",
  "hang",
  "slow",
  "5xx",
  "5xx with a hint",
  "429",
  "429 with a hint",
  "429 with a wild hint",
  "401",
  "404",
  "refused",
  "garbled",
  "unknown word",
  "lying quota",
  "permanent",
  "defect"
] as const

export type Trouble = (typeof troubles)[number]

/** A while in which every request meets the same trouble. */
export interface Outage {
  readonly from: number
  readonly until: number
  readonly trouble: Trouble
}

export interface VendorPlan {
  readonly name: string
  readonly limits: VendorLimits.VendorLimits
  readonly policy: PollPolicy.PollPolicy
  readonly budget: AccountLimits
  /** How likely one request meets trouble of its own. */
  readonly trouble: number
  readonly outages: ReadonlyArray<Outage>
  /** How likely a pending answer names a wait. */
  readonly hints: number
  readonly tellsQuota: boolean
  readonly counts: boolean
  readonly cached: number
  readonly collects: boolean
  readonly lists: boolean
  readonly learns: boolean
  /** A terminal answer that is asked for again may be another one. */
  readonly fickle: boolean
  /** Scans that are not shown yet, in milliseconds after they were accepted. */
  readonly lag: number
  readonly quick: number
  readonly timesOut: boolean
  /** The verdict is behind a second address. */
  readonly ends: boolean
  /** A scan goes on under another id halfway. */
  readonly moves: boolean
  /** A submission needs a task, which also tells what became of it. */
  readonly prepares: boolean
}

interface Scan {
  readonly scanId: string
  readonly subject: string
  readonly acceptedAt: number
  readonly endsAt: number
  readonly as: "completed" | "partial" | "failed"
  /** How often its end was told, by the word alone and with the verdict. */
  ended: number
  shown: number
}

interface Line {
  readonly cut: () => void
  readonly answer: (at: number, run: () => void) => void
}

const silly: ReadonlyArray<number> = [0, 1, 250, 3_600_000, 86_400_000, 1e13, Number.POSITIVE_INFINITY]

export class Vendor {
  readonly plan: VendorPlan
  readonly account: Account
  readonly origin: string
  readonly scans = new Map<string, Scan>()
  requests = 0
  readonly met = new Map<Trouble, number>()
  private readonly dice: Dice
  private readonly world: World
  private readonly judge: Judge
  private readonly healsAt: number
  /** The word for the end of scans, as a process has stored it: their status is never asked again. */
  readonly ended = new Map<string, string>()
  /** Tickets that a process knows to be stored in the place of earlier ones. */
  readonly movedTo = new Set<string>()
  /** Whether a ticket is in the journal. */
  isStored: (scanId: string) => boolean = () => true
  private readonly tasks = new Map<string, string | null>()
  private arrivals: Array<number> = []
  private ids = 0

  constructor(plan: VendorPlan, world: World, judge: Judge, dice: Dice, healsAt: number) {
    this.plan = plan
    this.world = world
    this.judge = judge
    this.dice = dice
    this.healsAt = healsAt
    this.origin = `https://${plan.name}.test`
    const floor = Math.max(Duration.toMillis(plan.limits.floor), Duration.toMillis(plan.policy.floor))
    this.account = {
      vendor: plan.name,
      limits: plan.limits,
      floor,
      first: plan.policy.first === null ? floor : Duration.toMillis(plan.policy.first),
      requests: plan.budget.requests,
      window: Duration.toMillis(plan.budget.window)
    }
  }

  /** The adapter of this vendor in one process. */
  adapter(process: Process): ScanAdapter<string, Payload> {
    const { plan } = this
    const { policy } = plan
    const backstop = Duration.toMillis(plan.limits.submitTimeout)
    const late = SubmitError.make({ kind: "InDoubt", code: "timeout", message: "no answer in time" })
    return {
      vendor: plan.name,
      origin: this.origin,
      account: "default",
      environment: "",
      limits: plan.limits,
      policy,
      policies: { interactive: policy, default: policy, background: policy, bulk: policy },
      budget: plan.budget,
      ...(plan.learns
        ? { durations: { prior: { low: Duration.seconds(20), high: Duration.minutes(3) }, kind: () => "" } }
        : {}),
      payload: Payload,
      check: () => [],
      subject: (wanted) => ({ kind: "company", id: wanted, name: wanted }),
      fingerprint: (wanted) => wanted,
      ...(plan.prepares
        ? {
            prepare: (wanted: string) =>
              Effect.as(Effect.sleep(Duration.millis(50)), { task: `${wanted} ${Math.floor(this.world.now)}` }),
            recover: (prepared: unknown) =>
              Effect.sync(() => {
                this.judge.proven(process, this.account)
                const task = JSON.stringify(prepared)
                const scanId = this.tasks.get(task) ?? null
                // A task that was asked for and has no scan gets none any more.
                if (scanId === null) this.tasks.set(task, null)
                return scanId === null ? null : this.ticket(scanId, Math.ceil(this.world.now + process.steady))
              })
          }
        : {}),
      submit: (wanted, prepared) => {
        this.judge.check(
          plan.prepares === (prepared !== null && prepared !== undefined),
          "prepared first",
          () => `${wanted} was submitted with ${JSON.stringify(prepared)}`
        )
        const sent = Effect.callback<Submitted | Already<Payload>, SubmitError.SubmitError>((resume) => {
          const line = this.submit(process, wanted, prepared, resume)
          return Effect.sync(line.cut)
        })
        return plan.timesOut
          ? Effect.flatMap(
              Effect.timeoutOption(sent, backstop),
              Option.match({ onNone: () => Effect.fail(late), onSome: Effect.succeed })
            )
          : sent
      },
      poll: (ticket) =>
        Effect.callback<Observation.PollAnswer<Outcome>, PollFault.PollFault>((resume) =>
          Effect.sync(this.poll(process, ticket, null, resume).cut)
        ),
      ...(plan.ends
        ? {
            result: (ticket: ScanTicket.ScanTicket, word: string) =>
              Effect.callback<Observation.PollAnswer<Outcome>, PollFault.PollFault>((resume) =>
                Effect.sync(this.poll(process, ticket, word, resume).cut)
              )
          }
        : {}),
      ...(plan.collects
        ? {
            collect: (outcome: ScanOutcome.ScanOutcome<unknown>) =>
              Effect.callback<ScanOutcome.Findings, PollFault.PollFault>((resume) =>
                Effect.sync(this.collect(process, outcome.ticket.scanId, resume).cut)
              )
          }
        : {}),
      ...(plan.lists
        ? {
            reconcile: (wanted: string, _since: number, known: ReadonlySet<string>) =>
              Effect.sync(() => {
                this.judge.proven(process, this.account)
                return [...this.scans.values()]
                  .filter(({ scanId, subject }) => subject === wanted && !known.has(scanId) && !known.has(`${scanId}~`))
                  .map((scan) => this.ticket(scan.scanId, null))
              })
          }
        : {})
    }
  }

  ticket(scanId: string, submittedAt: number | null): ScanTicket.ScanTicket {
    return ScanTicket.make({ vendor: this.plan.name, origin: this.origin, account: "default", scanId, submittedAt })
  }

  /** The trouble a request meets that leaves now, if any. */
  private meets(possible: ReadonlyArray<Trouble>): Trouble | null {
    const { now } = this.world
    // Drawn in any case, so that fewer faults leave the rest of the world as it was.
    const own = this.dice.next()
    const which = this.dice.pick<Trouble>("reset", ...possible)
    if (now >= this.healsAt) return null
    const outage = this.plan.outages.find(({ from, until }) => from <= now && now < until)
    const met =
      outage !== undefined && possible.includes(outage.trouble)
        ? outage.trouble
        : own < this.plan.trouble
          ? which
          : null
    if (met !== null) this.met.set(met, (this.met.get(met) ?? 0) + 1)
    return met
  }

  private open(process: Process, cut: () => void): Line {
    let isOpen = true
    process.connections += 1
    this.requests += 1
    const close = (): boolean => {
      if (!isOpen) return false
      isOpen = false
      process.connections -= 1
      return true
    }
    return {
      cut: () => {
        if (close()) cut()
      },
      answer: (at, run) => {
        this.world.at(
          at,
          () => {
            if (close()) run()
          },
          process
        )
      }
    }
  }

  /** Counts a request that arrives, by the vendor's fixed window; false: one too many. */
  private arrive(at: number): boolean {
    const { requests } = this.account
    if (requests === null) return true
    const begin = Math.floor(at / this.account.window) * this.account.window
    this.arrivals = this.arrivals.filter((each) => each >= begin)
    if (this.plan.counts && this.arrivals.length >= requests && this.world.now < this.healsAt) return false
    this.arrivals.push(at)
    return true
  }

  private quota(process: Process, lies: boolean, at: number): Option.Option<Observation.Quota> {
    const { requests, window } = this.account
    if (requests === null || !(this.plan.tellsQuota || lies)) return Option.none()
    const begin = Math.floor(at / window) * window
    const used = this.arrivals.filter((each) => each >= begin).length
    return Option.some({
      limit: requests,
      remaining: lies ? 0 : Math.max(0, requests - used),
      resetAt: Math.ceil(begin + window + (lies ? this.dice.pick(0, 600_000, 1e12) : 0) + process.steady)
    })
  }

  private heard(process: Process, quota: Option.Option<Observation.Quota>, lies: boolean): void {
    if (quota._tag === "None") return
    const { remaining, resetAt } = quota.value
    if (remaining === null || resetAt === null) return
    this.judge.told(process, this.account, remaining, resetAt - process.steady, lies)
  }

  private hint(trouble: Trouble | null): number | null {
    switch (trouble) {
      case "5xx with a hint":
      case "429 with a hint":
        return this.dice.whole(1, 120) * 1000
      case "429 with a wild hint":
        return silly[this.dice.whole(0, silly.length - 1)] ?? 0
      default:
        return null
    }
  }

  private submit(
    process: Process,
    subject: string,
    prepared: unknown,
    resume: (answer: Effect.Effect<Submitted | Already<Payload>, SubmitError.SubmitError>) => void
  ): Line {
    const { dice, judge, world } = this
    const sentAt = world.now
    const claim = judge.submitSent(process, this.account, subject)
    const trouble = this.meets([
      "unsent",
      "reset",
      "hang",
      "slow",
      "5xx",
      "429",
      "429 with a hint",
      "429 with a wild hint",
      "401",
      "refused",
      "garbled",
      "lying quota",
      "permanent",
      "defect"
    ])
    world.note(`${this.plan.name} submit ${subject} ${trouble ?? ""}`)
    const line = this.open(process, () => world.note(`${this.plan.name} submit ${subject} cut`))
    const up = dice.time(1, 400)
    const down = dice.time(1, 400)
    const slow = trouble === "slow" ? dice.time(0, Duration.toMillis(this.plan.limits.submitTimeout) * 1.3) : 0
    const taken = dice.chance(0.5)
    const fail = (kind: SubmitError.SubmitErrorKind, hint: number | null = null, permanent = false): void => {
      world.note(`${this.plan.name} submit ${subject} -> ${kind}`)
      if (kind === "Throttled") judge.throttled(process, this.account, hint, "submit")
      if (kind === "Denied") judge.denied(process, this.account, { kind: "submit", about: subject })
      resume(
        Effect.fail(
          SubmitError.make({
            kind,
            permanent,
            code: kind.toLowerCase(),
            message: `simulated ${trouble ?? kind}`,
            hint: hint === null ? Option.none() : Option.some(Duration.millis(hint))
          })
        )
      )
    }
    const accept = (): Scan | null => this.accept(process, claim, subject, prepared)
    const arrived = (run: () => void): void => {
      world.at(world.now + up, run)
    }
    const later = (run: () => void): void => line.answer(world.now + up + slow + down, run)
    switch (trouble) {
      case "unsent":
      case "permanent":
        line.answer(world.now + down, () => {
          judge.unsent(process, this.account, sentAt)
          fail("NotSent", null, trouble === "permanent")
        })
        return line
      case "reset":
      case "5xx":
      case "5xx with a hint":
      case "garbled":
        if (taken) arrived(() => accept())
        later(() => fail("InDoubt"))
        return line
      case "defect":
        if (taken) arrived(() => accept())
        later(() => resume(Effect.die(new TypeError("simulated"))))
        return line
      case "hang":
        if (taken) arrived(() => accept())
        return line
      case "429":
      case "429 with a hint":
      case "429 with a wild hint": {
        const hint = this.hint(trouble)
        later(() => fail("Throttled", hint))
        return line
      }
      case "401":
        later(() => fail("Denied"))
        return line
      case "refused":
        later(() => fail("Refused"))
        return line
      case "slow":
      case "404":
      case "unknown word":
      case "lying quota":
      case null:
        break
    }
    // What is decided when it arrives cannot be taken back by a connection that breaks.
    const lies = trouble === "lying quota"
    const cached = dice.chance(this.plan.cached)
    const hint = dice.chance(this.plan.hints) ? dice.whole(0, 60) * 1000 : null
    arrived(() => {
      if (!this.arrive(world.now)) {
        line.answer(world.now + down, () => fail("Throttled"))
        return
      }
      const scan = accept()
      if (scan === null) {
        line.answer(world.now + down, () => fail("Refused"))
        return
      }
      const quota = this.quota(process, lies, world.now)
      line.answer(world.now + slow + down, () => {
        world.note(`${this.plan.name} submit ${subject} -> ${scan.scanId}`)
        this.heard(process, quota, lies)
        judge.proven(process, this.account)
        const ticket = this.ticket(scan.scanId, Math.ceil(world.now + process.steady))
        if (cached) {
          const outcome: Outcome = { ...this.outcome(scan, ticket, "completed"), cached: true, ageMs: 1000 }
          resume(Effect.succeed({ _tag: "Already", outcome, quota }))
          return
        }
        judge.submitAnswered(process, this.account, scan.scanId, hint)
        resume(
          Effect.succeed({
            _tag: "Submitted",
            ticket,
            hint: hint === null ? Option.none() : Option.some(Duration.millis(hint)),
            quota
          })
        )
      })
    })
    return line
  }

  /** Null for a task that was given up. */
  private accept(process: Process, claim: Claim | null, subject: string, prepared: unknown): Scan | null {
    const { dice, world } = this
    const task = JSON.stringify(prepared)
    if (this.tasks.get(task) === null) return null
    const scanId = `${this.plan.name}-${++this.ids}`
    // Mostly short, now and then very long.
    const long = dice.chance(0.05)
    const takes = -Math.log(1 - dice.next()) * this.plan.quick * (long ? 20 : 1)
    const scan: Scan = {
      scanId,
      subject,
      acceptedAt: world.now,
      endsAt: world.now + takes,
      as: dice.pick("completed", "completed", "completed", "partial", "failed"),
      ended: 0,
      shown: 0
    }
    this.scans.set(scanId, scan)
    if (this.plan.prepares) this.tasks.set(task, scanId)
    world.note(`${this.plan.name} accepts ${subject} as ${scanId}`)
    this.judge.accepted(process, claim, this.plan.name, subject, scanId)
    return scan
  }

  private poll(
    process: Process,
    ticket: ScanTicket.ScanTicket,
    // The word that the result is asked for with; null for a question about the status.
    word: string | null,
    resume: (answer: Effect.Effect<Observation.PollAnswer<Outcome>, PollFault.PollFault>) => void
  ): Line {
    const { dice, judge, world } = this
    const scanId = rootOf(ticket.scanId)
    const isFirst = ticket.scanId === scanId
    judge.check(
      word !== null || !this.ended.has(scanId),
      "the status is never asked again",
      () => `${scanId} was asked for its status after its end was stored`
    )
    judge.check(
      word === null || word === (this.ended.get(scanId) ?? word),
      "the first word for an end stays",
      () => `${scanId} was stored as ${this.ended.get(scanId)} and asked for as ${word}`
    )
    judge.check(
      isFirst || this.isStored(ticket.scanId),
      "a chained ticket is stored first",
      () => `${ticket.scanId} was asked before it was stored`
    )
    judge.check(
      !isFirst || !this.movedTo.has(`${scanId}~`),
      "a chained ticket stays",
      () => `${scanId} was asked after ${scanId}~ was stored`
    )
    const trouble = this.meets([
      "unsent",
      "reset",
      "hang",
      "slow",
      "5xx",
      "5xx with a hint",
      "429",
      "429 with a hint",
      "429 with a wild hint",
      "401",
      "404",
      "garbled",
      "unknown word",
      "lying quota",
      "defect"
    ])
    judge.pollSent(process, this.account, scanId)
    world.note(`${this.plan.name} poll ${scanId} ${trouble ?? ""}`)
    const line = this.open(process, () => {
      world.note(`${this.plan.name} poll ${scanId} cut`)
      judge.pollEnded(process, this.account, scanId, "cut")
    })
    const up = dice.time(1, 300)
    const down = dice.time(1, 300)
    const slow = trouble === "slow" ? dice.time(0, Duration.toMillis(this.plan.policy.pollTimeout) * 1.3) : 0
    const fault = (
      kind: PollFault.PollFaultKind,
      hint: number | null = null,
      quota: Option.Option<Observation.Quota> = Option.none()
    ): void => {
      world.note(`${this.plan.name} poll ${scanId} -> ${kind} ${hint ?? ""}`)
      const throttled = kind === "Throttled"
      if (throttled) judge.throttled(process, this.account, hint, "poll")
      if (kind === "Denied") judge.denied(process, this.account, { kind: "poll", about: scanId })
      judge.pollEnded(process, this.account, scanId, { hint, throttled, inTrouble: throttled || kind === "Transient" })
      resume(
        Effect.fail(
          PollFault.make({
            kind,
            code: kind.toLowerCase(),
            message: `simulated ${trouble ?? kind}`,
            hint: hint === null ? Option.none() : Option.some(Duration.millis(hint)),
            quota
          })
        )
      )
    }
    const later = (run: () => void): void => line.answer(world.now + up + slow + down, run)
    const hint = this.hint(trouble)
    switch (trouble) {
      case "hang":
        return line
      case "unsent":
        line.answer(world.now + down, () => fault("Transient"))
        return line
      case "reset":
      case "5xx":
      case "5xx with a hint":
        later(() => fault("Transient", hint))
        return line
      case "429":
      case "429 with a hint":
      case "429 with a wild hint":
        later(() => fault("Throttled", hint))
        return line
      case "401":
        later(() => fault("Denied"))
        return line
      case "404":
        later(() => fault("Missing"))
        return line
      case "garbled":
        later(() => fault("Broken"))
        return line
      case "defect":
        later(() => {
          judge.pollEnded(process, this.account, scanId, "cut")
          resume(Effect.die(new TypeError("simulated")))
        })
        return line
      case "slow":
      case "refused":
      case "unknown word":
      case "lying quota":
      case "permanent":
      case null:
        break
    }
    const asked = dice.chance(this.plan.hints) ? dice.whole(0, 90) * 1000 : null
    world.at(world.now + up, () => {
      const fits = this.arrive(world.now)
      const quota = this.quota(process, trouble === "lying quota", world.now)
      if (!fits) {
        line.answer(world.now + down, () => fault("Throttled", null, quota))
        return
      }
      const scan = this.scans.get(scanId)
      if (scan === undefined || world.now < scan.acceptedAt + this.plan.lag) {
        line.answer(world.now + down, () => fault("Missing"))
        return
      }
      const isOver = world.now >= scan.endsAt
      line.answer(world.now + slow + down, () => {
        const answer = (observation: Observation.Observation<Outcome>, hint: number | null): void => {
          world.note(`${this.plan.name} poll ${scanId} -> ${observation._tag} ${hint ?? ""}`)
          this.heard(process, quota, trouble === "lying quota")
          judge.proven(process, this.account)
          judge.pollEnded(process, this.account, scanId, { hint, throttled: false, inTrouble: false })
          const meta = { hint: hint === null ? Option.none() : Option.some(Duration.millis(hint)), quota }
          resume(Effect.succeed(Observation.answer(observation, meta)))
        }
        if (trouble === "unknown word") return answer(Observation.unrecognised(dice.pick("paused", "COMPLETED")), null)
        const half = (scan.acceptedAt + scan.endsAt) / 2
        if (this.plan.moves && isFirst && world.now >= half) {
          return answer(Observation.moved("running", { ...ticket, scanId: `${scanId}~` }), asked)
        }
        if (!isOver) return answer(Observation.pending(dice.pick("queued", "running")), asked)
        if (this.plan.ends && word === null) {
          return answer(Observation.ended(this.plan.fickle && scan.ended++ > 0 ? "over again" : "over"), null)
        }
        scan.shown += 1
        const as = this.plan.fickle && scan.shown > 1 ? "failed" : scan.as
        return answer(Observation.settled(this.outcome(scan, ticket, as)), null)
      })
    })
    return line
  }

  private outcome(scan: Scan, ticket: ScanTicket.ScanTicket, as: Scan["as"]): Outcome {
    const reason = { code: null, message: "as it happens", advice: null, requestId: null }
    const assessment = { severity: "low", vendorSeverity: null, compliance: null, score: null } as const
    const payload = { said: `${scan.scanId}/${scan.subject}` }
    switch (as) {
      case "completed":
        return ScanOutcome.makeCompleted({ ticket, vendorStatus: "done", assessment, payload })
      case "partial":
        return ScanOutcome.makePartial({ ticket, vendorStatus: "partial", reason, assessment, payload })
      case "failed":
        return ScanOutcome.makeFailed({ ticket, vendorStatus: "failed", reason })
    }
  }

  private collect(
    process: Process,
    scanId: string,
    resume: (answer: Effect.Effect<ScanOutcome.Findings, PollFault.PollFault>) => void
  ): Line {
    const { dice, judge, world } = this
    const trouble = this.meets(["reset", "hang", "429 with a hint", "5xx", "garbled", "404"])
    judge.collectSent(process, this.account, scanId)
    world.note(`${this.plan.name} collect ${scanId} ${trouble ?? ""}`)
    const line = this.open(process, () => world.note(`${this.plan.name} collect ${scanId} cut`))
    if (trouble === "hang") return line
    const hint = this.hint(trouble)
    line.answer(world.now + dice.time(2, 800), () => {
      world.note(`${this.plan.name} collect ${scanId} -> ${trouble ?? "found"}`)
      if (trouble === null) {
        judge.proven(process, this.account)
        resume(Effect.succeed({ coverage: "full", total: 0, items: [] }))
        return
      }
      const kind = trouble === "429 with a hint" ? "Throttled" : trouble === "404" ? "Missing" : "Transient"
      if (kind === "Throttled") judge.throttled(process, this.account, hint, "collect")
      resume(
        Effect.fail(
          PollFault.make({
            kind,
            code: kind.toLowerCase(),
            message: `simulated ${trouble}`,
            hint: hint === null ? Option.none() : Option.some(Duration.millis(hint))
          })
        )
      )
    })
    return line
  }
}
