/**
 * The rules, held against what the vendors saw. It trusts no account of the engine: requests are counted where they
 * leave, answers where they arrive.
 */
import * as Duration from "effect/Duration"
import type { VendorLimits } from "../../src/policy/VendorLimits.ts"
import type { Process, World } from "./World.ts"

/** What one account says to its askers. Times in milliseconds. */
export interface Account {
  readonly vendor: string
  readonly limits: VendorLimits
  /** The least gap between two polls of a scan, and between a submission and its first poll. */
  readonly floor: number
  readonly first: number
  readonly requests: number | null
  readonly window: number
}

export interface Claim {
  readonly claimId: string
  readonly vendor: string
  readonly subject: string
  posts: number
  accepted: Array<string>
}

/** One request of a process: a poll or a call for findings of a scan, or the submission of a subject. */
export interface Call {
  readonly kind: "poll" | "collect" | "submit"
  readonly about: string
}

interface Asked {
  sent: Array<number>
  pausedUntil: number
  /** A 429 to a submission is about submissions: the polls of bought scans go on. */
  submitsPausedUntil: number
  blockedUntil: number
  /** When the key was first refused: nothing more is bought. */
  refusedAt: number
  /** When a second call was refused, with no good answer in between: nothing more is asked. */
  deniedAt: number
  /** The latest refused call that no good answer came after. */
  suspicion: Call | null
  /** How many polls of a scan were refused: each ended the wait that made it. */
  readonly refusedPolls: Map<string, number>
  /** What the vendor said was left until a time, counted down. */
  left: Array<{ readonly until: number; count: number }>
  liedTo: boolean
}

interface Polled {
  inFlight: number
  notBefore: number
  why: string
}

/** The id that a scan was bought under: a scan that went on has another one. */
export const rootOf = (scanId: string): string => scanId.replace(/~$/, "")

export class Judge {
  readonly world: World
  readonly claims = new Map<string, Claim>()
  /** The claim that may send the next submission of a subject. */
  private readonly intents = new Map<string, Claim>()
  private readonly asked = new Map<Process, Map<string, Asked>>()
  private readonly polled = new Map<Process, Map<string, Polled>>()
  private readonly over = new Map<Process, { readonly at: number; readonly why: string }>()
  private readonly bought = new Map<Process, Map<string, number>>()
  /** The earliest time of a next poll, as stored when a process began: its steady clock's. */
  storedBefore: (vendor: string, scanId: string) => number | null = () => null
  /** How many requests wait for a scan: equal ones share its polls, one after the other. */
  waitsFor: (vendor: string, scanId: string) => number = () => 1
  /** The processes whose requests are all of one run. */
  readonly batches = new Set<Process>()
  /** Told of each request as it leaves. */
  onRequest: (process: Process) => void = () => undefined
  checks = 0

  constructor(world: World) {
    this.world = world
  }

  private expect(holds: boolean, rule: string, what: () => string): void {
    this.checks += 1
    if (!holds) this.world.violated(rule, what())
  }

  private account(process: Process, vendor: string): Asked {
    const all = this.asked.get(process) ?? new Map<string, Asked>()
    this.asked.set(process, all)
    const known = all.get(vendor) ?? {
      sent: [],
      pausedUntil: 0,
      submitsPausedUntil: 0,
      blockedUntil: 0,
      refusedAt: Number.POSITIVE_INFINITY,
      deniedAt: Number.POSITIVE_INFINITY,
      suspicion: null,
      refusedPolls: new Map(),
      left: [],
      liedTo: false
    }
    all.set(vendor, known)
    return known
  }

  private scan(process: Process, vendor: string, scanId: string): Polled {
    const all = this.polled.get(process) ?? new Map<string, Polled>()
    this.polled.set(process, all)
    const name = `${vendor}:${scanId}`
    const known = all.get(name) ?? { inFlight: 0, notBefore: 0, why: "" }
    all.set(name, known)
    return known
  }

  /** An intent is committed. */
  claimed(claimId: string, vendor: string, subject: string): void {
    const claim: Claim = { claimId, vendor, subject, posts: 0, accepted: [] }
    this.claims.set(claimId, claim)
    this.intents.set(`${vendor}/${subject}`, claim)
  }

  /** The claim has left the state in which it may submit. */
  moved(claimId: string): void {
    const claim = this.claims.get(claimId)
    if (claim === undefined) return
    const name = `${claim.vendor}/${claim.subject}`
    if (this.intents.get(name) === claim) this.intents.delete(name)
  }

  /** From now on the process sends nothing more. */
  ended(process: Process, why: string): void {
    if (!this.over.has(process)) this.over.set(process, { at: this.world.now, why })
  }

  private sent(process: Process, account: Account, kind: Call["kind"], about: string): void {
    const { now } = this.world
    const what = `${kind} of ${about}`
    const over = this.over.get(process)
    this.expect(
      over === undefined,
      "silent after the end",
      () => `${what} ${now - (over?.at ?? now)} ms after ${over?.why}`
    )
    this.onRequest(process)
    const asked = this.account(process, account.vendor)
    const pausedUntil = Math.max(asked.pausedUntil, kind === "submit" ? asked.submitsPausedUntil : 0)
    this.expect(pausedUntil <= now, "pause", () => `${what} ${pausedUntil - now} ms before the account's pause ends`)
    this.expect(
      asked.blockedUntil <= now,
      "quota",
      () => `${what} ${asked.blockedUntil - now} ms before the vendor's count starts anew`
    )
    const overAt = kind === "submit" ? asked.refusedAt : asked.deniedAt
    this.expect(overAt >= now, "a refused key", () => `${what} ${now - overAt} ms after a 401`)
    asked.left = asked.left.filter(({ until }) => until > now)
    for (const said of asked.left) said.count -= 1
    this.expect(
      asked.liedTo || asked.left.every(({ count }) => count >= 0),
      "quota",
      () => `${what}: more requests than the vendor said were left`
    )
    asked.sent.push(now)
    if (account.requests === null) return
    const after = now - account.window
    while ((asked.sent[0] ?? now) <= after) asked.sent.shift()
    this.expect(
      asked.sent.length <= account.requests,
      "rate",
      () => `${what}: ${asked.sent.length} requests in ${account.window} ms, ${account.requests} are allowed`
    )
  }

  submitSent(process: Process, account: Account, subject: string): Claim | null {
    this.sent(process, account, "submit", subject)
    const claim = this.intents.get(`${account.vendor}/${subject}`) ?? null
    this.expect(claim !== null, "intent first", () => `${subject} was submitted without an intent`)
    if (claim === null) return null
    claim.posts += 1
    this.expect(claim.posts === 1, "one submission", () => `${claim.claimId} was submitted ${claim.posts} times`)
    return claim
  }

  /** No byte of that submission left: it was no request. */
  unsent(process: Process, account: Account, at: number): void {
    const asked = this.account(process, account.vendor)
    const index = asked.sent.indexOf(at)
    if (index >= 0) asked.sent.splice(index, 1)
    for (const said of asked.left) said.count += 1
  }

  accepted(process: Process, claim: Claim | null, vendor: string, subject: string, scanId: string): void {
    if (claim !== null) {
      claim.accepted.push(scanId)
      this.expect(claim.accepted.length === 1, "one purchase", () => `${claim.claimId} bought ${claim.accepted.join()}`)
    }
    const bought = this.bought.get(process) ?? new Map<string, number>()
    this.bought.set(process, bought)
    const name = `${vendor}/${subject}`
    const times = (bought.get(name) ?? 0) + 1
    bought.set(name, times)
    this.expect(times === 1, "one purchase per run", () => `${name} was bought ${times} times in one run`)
  }

  /** The answer to our own submission names the scan: its first poll has to wait. */
  submitAnswered(process: Process, account: Account, scanId: string, hint: number | null): void {
    const wait = Math.max(account.first, Math.min(hint ?? 0, Duration.toMillis(account.limits.hintCap)))
    const scan = this.scan(process, account.vendor, scanId)
    scan.notBefore = this.world.now + wait
    scan.why = "first"
  }

  pollSent(process: Process, account: Account, scanId: string): void {
    const { now } = this.world
    this.sent(process, account, "poll", scanId)
    const refused = this.account(process, account.vendor).refusedPolls.get(scanId) ?? 0
    this.expect(
      refused === 0 || refused < this.waitsFor(account.vendor, scanId),
      "a refused key",
      () => `poll of ${scanId} after ${refused} of its own had a 401`
    )
    const scan = this.scan(process, account.vendor, scanId)
    scan.inFlight += 1
    this.expect(scan.inFlight === 1, "one poll in flight", () => `${scan.inFlight} polls of ${scanId}`)
    this.expect(
      scan.notBefore <= now,
      scan.why === "settled" ? "terminal is sticky" : "not before",
      () => `poll of ${scanId} ${scan.notBefore - now} ms before its ${scan.why} ends`
    )
    if (scan.why === "") {
      const stored = this.storedBefore(account.vendor, scanId)
      this.expect(
        stored === null || now + process.steady >= stored,
        "not before what is stored",
        () => `poll of ${scanId} at ${now + process.steady}, stored ${stored}`
      )
    }
  }

  collectSent(process: Process, account: Account, scanId: string): void {
    this.sent(process, account, "collect", scanId)
  }

  pollEnded(
    process: Process,
    account: Account,
    scanId: string,
    answer: { readonly hint: number | null; readonly inTrouble: boolean; readonly throttled: boolean } | "cut"
  ): void {
    const { now } = this.world
    const { limits } = account
    const scan = this.scan(process, account.vendor, scanId)
    scan.inFlight -= 1
    scan.notBefore = now + account.floor
    scan.why = "floor"
    if (answer === "cut") return
    const cap = Duration.toMillis(answer.inTrouble ? limits.pauseCap : limits.hintCap)
    const asked = answer.hint ?? (answer.throttled ? Duration.toMillis(limits.throttledWait) : 0)
    const wait = Math.min(asked, cap)
    if (now + wait <= scan.notBefore) return
    scan.notBefore = now + wait
    scan.why = "hint"
  }

  /** The vendor told this process to come back later. */
  throttled(process: Process, account: Account, hint: number | null, kind: Call["kind"]): void {
    const { limits } = account
    const wait = Math.min(hint ?? Duration.toMillis(limits.throttledWait), Duration.toMillis(limits.pauseCap))
    const asked = this.account(process, account.vendor)
    const until = this.world.now + wait
    if (kind === "submit") asked.submitsPausedUntil = Math.max(asked.submitsPausedUntil, until)
    else asked.pausedUntil = Math.max(asked.pausedUntil, until)
  }

  /** Until when the vendor told this process to ask nothing, in the world's time. */
  pausedUntil(process: Process, vendor: string): number {
    return this.account(process, vendor).pausedUntil
  }

  /**
   * The vendor refused the key. A run buys nothing more after the first refusal; it asks nothing more after one of
   * another call, unless both were submissions (V-17).
   */
  denied(process: Process, account: Account, call: Call): void {
    if (!this.batches.has(process)) return
    const asked = this.account(process, account.vendor)
    const { now } = this.world
    asked.refusedAt = Math.min(asked.refusedAt, now)
    if (call.kind === "poll") asked.refusedPolls.set(call.about, (asked.refusedPolls.get(call.about) ?? 0) + 1)
    const before = asked.suspicion
    asked.suspicion = call
    if (before === null || (before.kind === call.kind && before.about === call.about)) return
    if (before.kind !== "submit" || call.kind !== "submit") asked.deniedAt = Math.min(asked.deniedAt, now)
  }

  /** The vendor took the key: it answered a submission, a poll, a call for findings, a list or a look for a task. */
  proven(process: Process, account: Account): void {
    this.account(process, account.vendor).suspicion = null
  }

  /** The vendor said what is left until a time; it counts for an hour at most. */
  told(process: Process, account: Account, remaining: number, resetAt: number, lies: boolean): void {
    const asked = this.account(process, account.vendor)
    const until = Math.min(resetAt, this.world.now + 3_600_000)
    if (remaining === 0) asked.blockedUntil = Math.max(asked.blockedUntil, until)
    asked.left.push({ until, count: remaining })
    if (lies) asked.liedTo = true
  }

  /** The claim of this scan is settled: nobody has to ask again. */
  settled(process: Process, vendor: string, scanId: string): void {
    const scan = this.scan(process, vendor, scanId)
    scan.notBefore = Number.POSITIVE_INFINITY
    scan.why = "settled"
  }

  /** A rule that a part of the simulation looks after itself. */
  check(holds: boolean, rule: string, what: () => string): void {
    this.expect(holds, rule, what)
  }
}
