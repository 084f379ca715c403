// One check-in of this process after the other: what it reports to the shared books, and what it learns from their answer.
// Law: what was reported is reported once and what was granted is taken once, however often an answer gets lost. It touches the
// books through the store, and the hand, the used turns, what was heard and the open scans of this process.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { SqlError } from "effect/sql/SqlError"
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Parts } from "./accountParts.ts"
import type { Answer, Report, Wants } from "./budgetBooks.ts"
import type { Unreadable } from "./budgetStore.ts"
import { checkIn } from "./checkIn.ts"
import type { Spans } from "./spans.ts"
import { type Granted, type Hand, type Reading, reading } from "./hand.ts"
import type { Heard } from "./heard.ts"
import type { OpenScans } from "./openScans.ts"
import type { Queued, TurnQueue } from "@scanpoll/core/unstable/engine/TurnQueue"
import type { Grant, UsedTurns } from "./usedTurns.ts"

export interface Desk {
  readonly queue: Pick<TurnQueue<Queued>, "count" | "size">
  readonly hand: Hand
  readonly used: UsedTurns
  readonly heard: Heard
  readonly open: OpenScans
}

interface Unfinished {
  readonly stamp: string
  readonly told: ReadonlyArray<Grant>
  readonly keeps: number
  readonly isStarting: boolean
}

// Between which steady times the books were read.
interface Look {
  readonly from: number
  readonly to: number
}

const mostTries = 50
// A turn is used within the lease, or within two check-ins where those take longer, but never later than this.
const longestLease = 15_000
// Answers that take longer are slow.
const slowAnswer = 500
// A check-in holds only where nobody else writes during its last trip, half of it. So that each of them has its time, and one
// that the books do not know yet, each leaves the others a trip. One that does not would write again and again, and another
// one never.
const restAfter = (took: number, holders: number): number =>
  took < slowAnswer ? 0 : Math.min(longestLease, (took / 2) * Math.max(0, holders - 1))
// Where a trip takes longer, others are likely to write meanwhile; where it takes longer than the second, the books are not
// kept from them for so long: with 2.5 seconds, three slow lines of a second each way left scans late that 1.2 does not.
const reservesFrom = 100
const reservesTo = 1_200
// For how long the books are reserved after the `tries`th attempt came too late, so that the next one does not. Every other
// attempt: the others have their time too, even where no trip is as quick as the last one.
const reservationOf = (trip: number, tries: number): number =>
  trip < reservesFrom || trip > reservesTo || tries % 2 === 0 ? 0 : 1.25 * trip + 100
const nothing: Wants = { poll: 0, collect: 0, submit: 0 }

export class Bookkeeper {
  private readonly parts: Parts
  private readonly spans: Spans
  private readonly desk: Desk
  private readonly clock: Clock.Clock
  private unfinished: Unfinished | null = null
  private stamps = 0
  private isKnown = false
  // The read behind the latest check-in that was written, and behind the latest that was tried.
  private seen: Look | null = null
  private tried: Look | null = null
  // How long the latest check-in took, in milliseconds, and the latest write. On a narrow line a write takes longer than a read.
  private took = 0
  private trip = 0
  // For how long it leaves the books to others after a check-in, in milliseconds.
  rest = 0
  // What the books could not grant, and when it is worth asking for it again.
  unmet: Wants = nothing
  backAt = 0

  constructor(parts: Parts, spans: Spans, desk: Desk) {
    this.parts = parts
    this.spans = spans
    this.desk = desk
    this.clock = Context.get(parts.context, Clock.Clock)
  }

  // A check-in was begun, and it is not known what became of it.
  get isUnfinished(): boolean {
    return this.unfinished !== null
  }

  // Whether the books may hold something of this process.
  get isInBooks(): boolean {
    return this.isKnown || this.unfinished !== null
  }

  // The books do not know that somebody waits for this.
  wants(kind: TurnKind): void {
    if (this.unmet[kind] === 0) this.backAt = 0
  }

  // For how long after a check-in began the turns that it granted are used.
  get lease(): number {
    const { lease } = this.parts.settings
    return Math.max(lease, Math.min(longestLease, 2 * this.took))
  }

  // No answer came within this time.
  wasSlow(took: number): void {
    this.took = Math.max(this.took, took)
  }

  // Reads the books, makes the changes and writes them back, until nobody came in between.
  checkIn(isLeaving: boolean): Effect.Effect<void, SqlError | Unreadable> {
    return Effect.gen({ self: this }, function* () {
      const { holder, key, limits, settings, store } = this.parts
      let before = reading(this.clock)
      let read = yield* store.read(key)
      let heardAt = this.now()
      for (let tries = 1; ; tries++) {
        const { books, now, version } = read
        const look = { from: before.steady, to: heardAt }
        const mine = books.holders[holder]
        if (this.unfinished !== null && mine?.stamp === this.unfinished.stamp) {
          // An earlier attempt was written, only its answer was lost. How things stand is not known by this: the next
          // visit asks at once.
          this.done(this.unfinished, mine.last)
          this.backAt = 0
          if (!isLeaving) return
        }
        // Nothing that was granted is kept by a process that the books forgot.
        if (mine === undefined && this.isKnown) this.forget()
        const attempt = (isLeaving ? null : this.unfinished) ?? this.begin(isLeaving)
        this.unfinished = attempt
        const report = this.report(attempt, look, isLeaving)
        this.tried = look
        const lease = this.lease
        const [next, answer] = checkIn(books, now, limits, this.spans, { ...settings, lease }, report)
        const sentAt = reading(this.clock)
        const reserveFor = isLeaving ? 0 : reservationOf(Math.max(this.trip, heardAt - before.steady), tries)
        const others = yield* store.write(key, version, next, { holder, reserveFor })
        this.trip = this.now() - sentAt.steady
        if (others === null) {
          this.take(attempt, before, report, answer, lease)
          this.rest = restAfter(this.took, Object.keys(next.holders).length)
          return
        }
        if (tries >= mostTries) return
        before = sentAt
        read = others
        heardAt = this.now()
        // Many at once: not in step.
        const aside = 1 + (yield* Random.next) * Math.min(50, 4 * tries)
        yield* Effect.sleep(Duration.millis(Math.min(others.reservedFor, 2 * reservesTo) + aside))
        if (others.reservedFor > 0) {
          before = reading(this.clock)
          read = yield* store.read(key)
          heardAt = this.now()
        }
      }
    })
  }

  private now(): number {
    return SteadyClock.nowUnsafe(this.clock)
  }

  private forget(): void {
    this.desk.hand.drop()
    this.isKnown = false
    this.seen = null
    this.unfinished = null
    this.desk.used.tellAgain()
  }

  // What is told, for good: the same in every attempt until it is known to be written.
  private begin(isLeaving: boolean): Unfinished {
    const { hand, queue, used } = this.desk
    const now = this.now()
    // A process that the books know nothing of tells everything at once.
    const told = used.tell(isLeaving || !this.isKnown)
    const isIdle = queue.size === 0 && now >= hand.returnAt(now)
    if (isLeaving || isIdle) hand.drop()
    if (queue.count("submit") === 0) hand.starts = 0
    const counted = told.filter(({ isCounted }) => isCounted).length
    return {
      stamp: `${this.parts.holder}/${++this.stamps}`,
      told,
      keeps: hand.turns + used.counted - counted,
      isStarting: this.spans.gap > 0 && (hand.starts > 0 || used.isStarting)
    }
  }

  private report(attempt: Unfinished, look: Look, isLeaving: boolean): Report {
    const { hand, heard, open, queue } = this.desk
    const now = this.now()
    const { seen } = this
    const agoOf = ({ passed }: Grant): number => now - (passed ?? now)
    const spaced = attempt.told.filter(({ isSpaced }) => isSpaced)
    const wants = { poll: queue.count("poll"), collect: queue.count("collect"), submit: queue.count("submit") }
    return {
      holder: this.parts.holder,
      elapsed: seen === null ? null : { least: Math.max(0, look.from - seen.to), most: look.to - seen.from },
      stamp: attempt.stamp,
      keeps: attempt.keeps,
      used: attempt.told.flatMap((grant) => (grant.isCounted ? [{ ago: agoOf(grant), turns: 1 }] : [])),
      isStarting: attempt.isStarting,
      submitted: spaced.length === 0 ? null : Math.min(...spaced.map(agoOf)),
      wants: isLeaving ? nothing : wants,
      spare: isLeaving || queue.size === 0 ? 0 : hand.ahead(now),
      open: open.openHere(),
      bought: open.boughtHere(now) + hand.starts,
      ...heard.tell(now),
      isLeaving
    }
  }

  private done(attempt: Unfinished, granted: Granted): void {
    this.unfinished = null
    this.isKnown = true
    this.seen = this.tried
    this.desk.used.wereTold(attempt.told)
    this.desk.hand.add(granted)
  }

  private take(attempt: Unfinished, before: Reading, report: Report, answer: Answer, lease: number): void {
    this.done(attempt, answer)
    const now = this.now()
    this.took = now - before.steady
    this.desk.hand.checkedIn(before, answer, lease)
    this.desk.heard.wasTold(report, answer, now)
    this.desk.open.wasTold(report, answer)
    this.backAt = answer.wait === null ? 0 : now + answer.wait
    this.unmet = answer.wait === null ? nothing : report.wants
  }
}
