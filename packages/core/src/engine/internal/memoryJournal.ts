// The journal in memory of one process. Touches the clock; law: nothing yields between looking a claim up and writing it,
// which is what makes each operation atomic.
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Account from "../../model/Account.ts"
import * as Waits from "../../time/Waits.ts"
import { ClaimBook } from "./claimBook.ts"
import {
  adoptedKey,
  answers,
  claimStates,
  lessonsKept,
  makeClaimId,
  matches,
  mayMove,
  openStates,
  unstoredReason,
  type Wish,
  withoutPayload
} from "./claimRules.ts"
import { type ClaimKey, JournalError } from "./journalError.ts"
import type { Change, Claim, ClaimEntry, ClaimState, Hold, Operations, Pause } from "./journalOperations.ts"
import { LessonBook } from "./lessonBook.ts"
import { fold, type StoredPoll } from "../StoredPolls.ts"
import { RunBook } from "./runBook.ts"

const conflict = (message: string): JournalError => new JournalError({ reason: "conflict", message })

type Fields = Partial<Pick<ClaimEntry, "ticket" | "notBefore" | "outcome" | "reason">>

const here = "this process"

export class MemoryJournal implements Operations {
  private readonly claims = new ClaimBook<ClaimEntry>()
  private readonly lessonBook = new LessonBook(lessonsKept)
  readonly runs = new RunBook(conflict)
  private readonly submitting = new Map<string, Deferred.Deferred<void>>()
  private readonly pausing = new Map<string, Pause>()
  private readonly pollsOf = new Map<string, ReadonlyArray<StoredPoll>>()
  private readonly clock: Clock.Clock

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  claim: Operations["claim"] = (key, options) =>
    Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const claimId = yield* this.newClaimId()
      const found = this.find(key, options, now)
      if (found !== null) return found
      if (options.peek === true) return { _tag: "Fresh", claimId } as const
      this.submitting.set(claimId, Deferred.makeUnsafe<void>())
      const request: unknown = options.request ?? null
      const kind = options.kind ?? null
      const lane = options.lane === undefined ? {} : { lane: options.lane }
      this.begin({ claimId, key, subject: options.subject, state: "intent", ticket: null, request, kind, ...lane }, now)
      return { _tag: "Fresh", claimId } as const
    })

  adopt: Operations["adopt"] = (ticket, subject) =>
    Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const claimId = yield* this.newClaimId()
      const known = this.claims.ofScan(ticket)
      if (known !== undefined && known.ticket !== null) {
        return known.state === "settled"
          ? ({ _tag: "Settled", claimId: known.claimId, outcome: known.outcome, at: known.changedAt } as const)
          : ({ _tag: "InFlight", claimId: known.claimId, ticket: known.ticket, notBefore: known.notBefore } as const)
      }
      const key = adoptedKey(ticket)
      this.begin({ claimId, key, subject, state: "submitted", ticket, request: null, kind: null }, now)
      return { _tag: "InFlight", claimId, ticket, notBefore: 0 } as const
    })

  take: Operations["take"] = (claimId, { resumes = false } = {}) =>
    Effect.suspend((): Effect.Effect<Hold, JournalError> => {
      const entry = this.claims.get(claimId)
      if (entry === undefined) return Effect.fail(conflict(`there is no claim ${claimId}`))
      if (entry.state === "submitted" && typeof entry.parkedAt === "number") {
        if (resumes) {
          return Effect.succeed({ _tag: "Theirs", notBefore: entry.notBefore, changed: Effect.never, parked: true })
        }
        this.claims.write({ ...entry, parkedAt: null })
      }
      return Effect.succeed(
        entry.state === "submitted" && entry.ticket !== null
          ? {
              _tag: "Ours",
              ticket: entry.ticket,
              notBefore: entry.notBefore,
              ...(entry.endedAs === null ? {} : { endedAs: entry.endedAs }),
              ...(entry.lastFault === null ? {} : { troubled: true as const }),
              guard: null
            }
          : { _tag: "Over", entry }
      )
    })

  park: Operations["park"] = (claimId, isParked) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      this.add(claimId, "submitted", (entry) => ({ ...entry, parkedAt: isParked ? now : null, changedAt: now }))
    )

  leave: Operations["leave"] = (claimId) => {
    const entry = this.claims.get(claimId)
    if (entry === undefined || !this.submitting.has(claimId)) return
    this.claims.write({ ...entry, state: "in-doubt", reason: unstoredReason })
    this.submissionEnded(claimId)
  }

  submitted: Operations["submitted"] = (claimId, ticket, notBefore) =>
    this.move(claimId, "submitted", { ticket, notBefore })
  settled: Operations["settled"] = (claimId, outcome, ticket, lacking) =>
    this.move(claimId, "settled", { outcome, reason: lacking ?? null, ...(ticket === undefined ? {} : { ticket }) })
  supplemented: Operations["supplemented"] = (claimId, outcome, lacking) =>
    Effect.sync(() => {
      const entry = this.claims.get(claimId)
      if (entry?.state === "settled") this.claims.write({ ...entry, outcome, reason: lacking ?? null })
    })
  inDoubt: Operations["inDoubt"] = (claimId, reason) => this.move(claimId, "in-doubt", { reason })
  refused: Operations["refused"] = (claimId, reason) => this.move(claimId, "refused", { reason })
  released: Operations["released"] = (claimId) => this.move(claimId, "released", {})

  prepared: Operations["prepared"] = (claimId, data) =>
    this.add(claimId, "intent", (entry) => ({ ...entry, prepared: data }))
  ended: Operations["ended"] = (claimId, vendorStatus) =>
    Effect.map(
      this.add(claimId, "submitted", (entry) => ({ ...entry, endedAs: entry.endedAs ?? vendorStatus })),
      () => this.claims.get(claimId)?.endedAs ?? vendorStatus
    )
  moved: Operations["moved"] = (claimId, ticket) =>
    this.add(claimId, "submitted", (entry) => ({ ...entry, ticket }), ticket)

  waiting: Operations["waiting"] = (claimId, notBefore) => {
    const entry = this.claims.get(claimId)
    if (entry !== undefined && entry.state === "submitted") this.claims.write({ ...entry, notBefore })
  }

  faulted: Operations["faulted"] = (claimId, fault) => {
    const entry = this.claims.get(claimId)
    const lastFault = fault === null ? null : { ...fault, by: here }
    if (entry !== undefined && entry.state === "submitted") this.claims.write({ ...entry, lastFault })
  }

  polled: Operations["polled"] = (claimId, note) => {
    if (this.claims.get(claimId) === undefined) return
    this.pollsOf.set(claimId, fold(this.pollsOf.get(claimId) ?? [], note))
  }
  forgetPolls: Operations["forgetPolls"] = (before) =>
    Effect.sync(() => {
      let forgotten = 0
      for (const [claimId, polls] of this.pollsOf) {
        const left = polls.filter(({ lastAt }) => lastAt >= before)
        forgotten += polls.length - left.length
        if (left.length > 0) this.pollsOf.set(claimId, left)
        else this.pollsOf.delete(claimId)
      }
      return forgotten
    })
  polls: Operations["polls"] = (claimId) => Effect.sync(() => this.pollsOf.get(claimId) ?? [])

  paused: Operations["paused"] = (account, until, kind) => {
    const name = `${kind ?? ""} ${Account.key(account)}`
    if (!(until > (this.pausing.get(name)?.until ?? 0))) return
    this.pausing.set(name, { ...Account.of(account), until, ...(kind === undefined ? {} : { kind }) })
  }
  pauses: Operations["pauses"] = Effect.sync(() => [...this.pausing.values()])

  // Nobody is notified of what is in memory alone.
  denied: Operations["denied"] = () => undefined
  deliveries: Operations["deliveries"] = () => Effect.succeed([])
  redeliver: Operations["redeliver"] = () => Effect.succeed(0)

  learned: Operations["learned"] = (lesson) => this.lessonBook.add(lesson, this.clock.currentTimeMillisUnsafe())
  lessons: Operations["lessons"] = Effect.sync(() => this.lessonBook.all)

  get: Operations["get"] = (claimId) => Effect.sync(() => this.claims.get(claimId) ?? null)
  list: Operations["list"] = (states) =>
    Effect.sync(() => this.claims.all.filter((entry) => states.includes(entry.state)))

  open: Operations["open"] = Effect.suspend(() => this.list(openStates))
  entries: Operations["entries"] = (claimIds) =>
    Effect.sync(() => claimIds.flatMap((claimId) => this.claims.get(claimId) ?? []))

  history: Operations["history"] = (filter) =>
    Effect.sync(() =>
      this.claims.all
        .filter((entry) => matches(entry, filter))
        .sort((a, b) => b.changedAt - a.changedAt || (a.claimId < b.claimId ? 1 : -1))
        .slice(0, Waits.clamp(filter.limit ?? 100, 1, 10_000))
        .map((entry) => (filter.payloads === false ? { ...entry, outcome: withoutPayload(entry.outcome) } : entry))
    )

  page: Operations["page"] = (filter) =>
    Effect.map(filter.run === undefined ? Effect.succeed(null) : this.runs.get(filter.run), (found) => {
      const { account, states = claimStates, subject, vendor } = filter
      const of = {
        states,
        ...(vendor === undefined ? {} : { vendor }),
        ...(account === undefined ? {} : { account }),
        ...(subject === undefined ? {} : { subject })
      }
      const ofRun = new Set(found?.rows.map(({ claimId }) => claimId))
      const limit = Waits.clamp(Math.floor(filter.limit ?? 50), 1, 1_000)
      const entries = this.claims.all
        .filter(
          (entry) =>
            matches(entry, of) &&
            (filter.run === undefined || ofRun.has(entry.claimId)) &&
            (filter.after === undefined || entry.claimId < filter.after)
        )
        .sort((a, b) => (a.claimId < b.claimId ? 1 : -1))
      const shown = entries.slice(0, limit)
      return { entries: shown, next: entries.length > limit ? (shown.at(-1)?.claimId ?? null) : null }
    })

  changes: Operations["changes"] = ({ limit = 1_000, since }) =>
    Effect.map(this.runs.list({ limit: 1_000 }), (runs) =>
      [
        ...this.claims.all.map((entry): Change => ({ kind: "claim", id: entry.claimId, at: entry.changedAt })),
        ...Array.from(this.pollsOf, ([id, polls]): Change => ({ kind: "poll", id, at: polls.at(-1)?.lastAt ?? 0 })),
        ...runs.map((run): Change => ({ kind: "run", id: run.runId, at: run.endedAt ?? run.startedAt }))
      ]
        .filter(({ at }) => at >= since)
        .sort((a, b) => a.at - b.at)
        .slice(0, Waits.clamp(Math.floor(limit), 1, 10_000))
    )

  scanIds: Operations["scanIds"] = (account) =>
    Effect.sync(() => {
      const ids = new Set<string>()
      for (const { key, ticket } of this.claims.all) {
        if (ticket !== null && Account.equals(key, account)) ids.add(ticket.scanId)
      }
      return ids
    })

  purge: Operations["purge"] = ({ about, before, dryRun = false }) =>
    Effect.sync(() => {
      const old = this.claims.all.filter(
        ({ changedAt, state, subject }) =>
          changedAt < before &&
          (state === "settled" || state === "refused" || state === "released") &&
          (about === undefined || about(subject))
      )
      if (dryRun) return old.length
      for (const entry of old) {
        this.claims.remove(entry)
        this.pollsOf.delete(entry.claimId)
      }
      if (about === undefined) this.lessonBook.forget(before)
      else this.lessonBook.forgetScans(new Set(old.flatMap(({ ticket }) => ticket?.scanId ?? [])))
      this.runs.purge(before, (claimId) => this.isOpen(claimId), about)
      return old.length
    })

  compact: Operations["compact"] = Effect.succeed(true)

  private isOpen(claimId: string): boolean {
    const state = this.claims.get(claimId)?.state
    return state === "intent" || state === "submitted" || state === "in-doubt"
  }

  // Tests script chance, and with it ids; one id for two claims would lose the first.
  private newClaimId(): Effect.Effect<string> {
    return Effect.flatMap(makeClaimId, (claimId) =>
      this.claims.get(claimId) === undefined ? Effect.succeed(claimId) : this.newClaimId()
    )
  }

  private begin(
    entry: Pick<ClaimEntry, "claimId" | "key" | "subject" | "state" | "ticket" | "request" | "kind" | "lane">,
    now: number
  ): void {
    const blank = { notBefore: 0, outcome: null, reason: null, heldBy: null, claimedAt: now, changedAt: now }
    this.claims.begin({ ...entry, ...blank, prepared: null, endedAs: null, lastFault: null })
  }

  private move(claimId: string, to: ClaimState, change: Fields): Effect.Effect<void, JournalError> {
    return Effect.gen({ self: this }, function* () {
      const changedAt = yield* Clock.currentTimeMillis
      const entry = this.claims.get(claimId)
      if (entry === undefined) return yield* conflict(`there is no claim ${claimId}`)
      // The first terminal answer is the outcome; a later one is not an error of the caller.
      if (entry.state === "settled" && to === "settled") return
      if (!mayMove(entry.state, to)) {
        return yield* conflict(`claim ${claimId} is ${entry.state} and cannot become ${to}`)
      }
      if (change.ticket !== undefined && change.ticket !== null && !Account.equals(entry.key, change.ticket)) {
        return yield* conflict(`the ticket is not of the account of claim ${claimId}`)
      }
      if (entry.state === "in-doubt" && change.ticket !== undefined && change.ticket !== null) {
        const other = this.claims.ofScan(change.ticket)
        if (other !== undefined) return yield* conflict(`that scan belongs to claim ${other.claimId}`)
      }
      const ticket = entry.ticket ?? change.ticket ?? null
      const request = to === "in-doubt" ? entry.request : null
      const over = to === "settled" || to === "refused" || to === "released"
      const ended = over ? { prepared: null, endedAs: null, lastFault: null, parkedAt: null } : {}
      this.claims.write({ ...entry, ...change, ...ended, ticket, request, state: to, changedAt })
      this.submissionEnded(claimId)
    })
  }

  // What is added to an open claim without a move.
  private add(
    claimId: string,
    state: ClaimState,
    change: (entry: ClaimEntry) => ClaimEntry,
    ticket: ClaimEntry["ticket"] = null
  ): Effect.Effect<void, JournalError> {
    return Effect.suspend(() => {
      const entry = this.claims.get(claimId)
      if (entry === undefined) return Effect.fail(conflict(`there is no claim ${claimId}`))
      if (entry.state !== state) return Effect.fail(conflict(`claim ${claimId} is ${entry.state}, not ${state}`))
      if (ticket !== null && !Account.equals(entry.key, ticket)) {
        return Effect.fail(conflict(`the ticket is not of the account of claim ${claimId}`))
      }
      const other = ticket === null ? undefined : this.claims.ofScan(ticket)
      if (other !== undefined && other.claimId !== claimId) {
        return Effect.fail(conflict(`that scan belongs to claim ${other.claimId}`))
      }
      this.claims.write(change(entry))
      return Effect.void
    })
  }

  private submissionEnded(claimId: string): void {
    const waiting = this.submitting.get(claimId)
    if (waiting === undefined) return
    this.submitting.delete(claimId)
    Deferred.doneUnsafe(waiting, Effect.void)
  }

  // What the newest claim of a key means for an equal request. The newest settled one decides: an older answer is out of
  // date, whatever came of the newer scan.
  private find(key: ClaimKey, wish: Wish, now: number): Claim | null {
    for (const entry of this.claims.ofKey(key)) {
      const found = this.standing(entry, wish, now)
      if (found !== null || entry.state === "settled") return found
    }
    return null
  }

  private standing(entry: ClaimEntry, wish: Wish, now: number): Claim | null {
    const { changedAt, claimId, notBefore, outcome, ticket } = entry
    switch (entry.state) {
      case "intent": {
        const waiting = this.submitting.get(claimId)
        return waiting === undefined
          ? { _tag: "InDoubt", claimId, since: entry.claimedAt }
          : { _tag: "Busy", claimId, changed: Deferred.await(waiting) }
      }
      case "submitted":
        return ticket === null ? null : { _tag: "InFlight", claimId, ticket, notBefore }
      case "settled":
        return answers({ changedAt, outcome }, wish, now) ? { _tag: "Settled", claimId, outcome, at: changedAt } : null
      case "in-doubt":
        return { _tag: "InDoubt", claimId, since: changedAt }
      case "refused":
      case "released":
        return null
    }
  }
}
