/**
 * One journal that outlives every process, and the view each process has of it: slow at times, failing at times, and
 * sometimes unsure whether it has kept what it was told.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import { type Judge, rootOf } from "./Judge.ts"
import type { Dice, Process, World } from "./World.ts"

export interface StorePlan {
  /** How likely one operation fails, and how likely it takes a while; in milliseconds, how long at most. */
  readonly fails: number
  readonly dawdles: number
  readonly slowest: number
  readonly outages: ReadonlyArray<{ readonly from: number; readonly until: number }>
  /** Whether holds come with a guard, as those of a database do. */
  readonly guards: boolean
}

const faults = ["unavailable", "busy", "full", "read-only"] as const

interface Said {
  readonly text: string
  /** The vendor's first answer: all but what came with the findings. */
  readonly answer: string
  readonly lacks: boolean
}

const said = (outcome: unknown): Said => {
  const text = JSON.stringify(outcome)
  const { delta: _, evidence, findings: __, warnings: ___, ...answer } = JSON.parse(text)
  return { text, answer: JSON.stringify(answer), lacks: evidence?.findings?.status === "unavailable" }
}

/** How long a guard waits for the store before it gives the claim up. */
const patience = 60_000

export class Store {
  /** The journal itself, for the simulation to look into. */
  readonly kept: ScanJournal.Operations
  /** Told of each end, and of each chained ticket, that a process knows to be stored. */
  ended: (vendor: string, scanId: string, word: string) => void = () => undefined
  movedTo: (vendor: string, scanId: string) => void = () => undefined
  failed = 0
  doubted = 0
  dawdled = 0
  private readonly plan: StorePlan
  private readonly world: World
  private readonly judge: Judge
  private readonly dice: Dice
  private readonly healsAt: number
  private readonly held = new Map<Process, Set<string>>()
  private readonly outcomes = new Map<string, Said>()

  constructor(plan: StorePlan, world: World, judge: Judge, dice: Dice, healsAt: number) {
    this.plan = plan
    this.world = world
    this.judge = judge
    this.dice = dice
    this.healsAt = healsAt
    const layer = Effect.runSync(Effect.scoped(Layer.build(ScanJournal.layerMemory)))
    this.kept = Context.get(layer, ScanJournal.ScanJournal)
  }

  entries(states: ReadonlyArray<ScanJournal.ClaimState>): ReadonlyArray<ScanJournal.ClaimEntry> {
    return Effect.runSync(this.kept.list(states))
  }

  entry(claimId: string): ScanJournal.ClaimEntry | null {
    return Effect.runSync(this.kept.get(claimId))
  }

  /** The process is gone: its submissions without a move are in doubt. */
  abandon(process: Process): void {
    for (const claimId of this.held.get(process) ?? []) {
      this.kept.leave(claimId)
      this.judge.moved(claimId)
    }
    this.held.delete(process)
  }

  /** The first terminal answer stays. Findings that could not be fetched may join it later, once. */
  checkOutcomes(): void {
    for (const { claimId, outcome } of this.entries(["settled"])) {
      const now = said(outcome)
      const first = this.outcomes.get(claimId) ?? now
      this.outcomes.set(claimId, now)
      const isSame = first.text === now.text || (first.lacks && !now.lacks && first.answer === now.answer)
      this.judge.check(isSame, "terminal is sticky", () => `the outcome of ${claimId} has changed`)
    }
  }

  private isOut(): boolean {
    const { now } = this.world
    return now < this.healsAt && this.plan.outages.some(({ from, until }) => from <= now && now < until)
  }

  private fate(): { readonly wait: number; readonly fails: boolean; readonly doubts: boolean } {
    const wait = this.dice.chance(this.plan.dawdles) ? this.dice.time(1, this.plan.slowest) : 0
    const fails = this.dice.chance(this.plan.fails)
    const doubts = this.dice.chance(0.3)
    if (this.world.now >= this.healsAt) return { wait: 0, fails: false, doubts: false }
    if (wait > 0) this.dawdled += 1
    return { wait, fails: fails || this.isOut(), doubts: fails && !this.isOut() && doubts }
  }

  private failure(): ScanJournal.JournalError {
    this.failed += 1
    return new ScanJournal.JournalError({ reason: this.dice.pick(...faults), message: "simulated" })
  }

  view(process: Process): ScanJournal.Operations {
    const { judge, kept, world } = this
    const held = new Set<string>()
    this.held.set(process, held)

    const read = <A>(operation: Effect.Effect<A, ScanJournal.JournalError>) =>
      Effect.suspend(() => {
        const { fails, wait } = this.fate()
        const done = Effect.suspend(() => (fails ? Effect.fail(this.failure()) : operation))
        return wait === 0 ? done : Effect.andThen(Effect.sleep(wait), done)
      })

    const write = (
      name: string,
      claimId: string,
      to: ScanJournal.ClaimState,
      operation: Effect.Effect<void, ScanJournal.JournalError>
    ) =>
      Effect.suspend(() => {
        const { doubts, fails, wait } = this.fate()
        const kept = Effect.tap(
          // A write whose answer was lost and that is made again is no conflict.
          Effect.suspend(() => (this.entry(claimId)?.state === to ? Effect.void : operation)),
          () =>
            Effect.sync(() => {
              held.delete(claimId)
              judge.moved(claimId)
              const ticket = this.entry(claimId)?.ticket
              if (to === "settled" && ticket !== undefined && ticket !== null) {
                judge.settled(process, ticket.vendor, rootOf(ticket.scanId))
              }
              world.note(`store ${name} ${claimId}`)
            })
        )
        const done = Effect.suspend(() => {
          if (!fails) return kept
          const error = this.failure()
          world.note(`store fails to keep ${name} ${claimId}${doubts ? ", perhaps" : ""}`)
          if (!doubts) return Effect.fail(error)
          this.doubted += 1
          const unsure = new ScanJournal.JournalError({ reason: "unknown", message: "simulated" })
          return Effect.andThen(kept, Effect.fail(unsure))
        })
        return wait === 0 ? done : Effect.andThen(Effect.sleep(wait), done)
      })

    const add = <A>(name: string, claimId: string, operation: Effect.Effect<A, ScanJournal.JournalError>) =>
      Effect.suspend(() => {
        const { doubts, fails, wait } = this.fate()
        const done = Effect.suspend(() => {
          if (!fails) return Effect.tap(operation, () => Effect.sync(() => world.note(`store ${name} ${claimId}`)))
          const error = this.failure()
          if (!doubts) return Effect.fail(error)
          this.doubted += 1
          const unsure = new ScanJournal.JournalError({ reason: "unknown", message: "simulated" })
          return Effect.andThen(operation, Effect.fail(unsure))
        })
        return wait === 0 ? done : Effect.andThen(Effect.sleep(wait), done)
      })

    const ready: Effect.Effect<void> = Effect.suspend(() =>
      this.isOut() ? Effect.andThen(Effect.sleep("1 second"), ready) : Effect.void
    )
    const outFor = (since: number | null): Effect.Effect<never, ScanJournal.JournalError> =>
      Effect.suspend(() => {
        if (!this.isOut()) return Effect.andThen(Effect.sleep("10 seconds"), outFor(null))
        if (since !== null && world.now - since > patience) {
          return Effect.fail(
            new ScanJournal.JournalError({ reason: "unavailable", message: "simulated: out too long" })
          )
        }
        return Effect.andThen(Effect.sleep("10 seconds"), outFor(since ?? world.now))
      })

    return {
      ...kept,
      claim: (key, options) =>
        Effect.suspend(() => {
          const { fails, wait } = this.fate()
          const done = Effect.suspend(() => (fails ? Effect.fail(this.failure()) : kept.claim(key, options))).pipe(
            Effect.tap((claim) =>
              Effect.sync(() => {
                if (claim._tag !== "Fresh" || options.peek === true) return
                held.add(claim.claimId)
                judge.claimed(claim.claimId, key.vendor, key.fingerprint)
                world.note(`store claims ${key.vendor}/${key.fingerprint} as ${claim.claimId}`)
              })
            )
          )
          return wait === 0 ? done : Effect.andThen(Effect.sleep(wait), done)
        }),
      submitted: (claimId, ticket, notBefore) =>
        write("submitted", claimId, "submitted", kept.submitted(claimId, ticket, notBefore)),
      settled: (claimId, outcome, ticket, lacking) =>
        write("settled", claimId, "settled", kept.settled(claimId, outcome, ticket, lacking)),
      supplemented: (claimId, outcome, lacking) => read(kept.supplemented(claimId, outcome, lacking)),
      inDoubt: (claimId, reason) => write("in-doubt", claimId, "in-doubt", kept.inDoubt(claimId, reason)),
      refused: (claimId, reason) => write("refused", claimId, "refused", kept.refused(claimId, reason)),
      released: (claimId) => write("released", claimId, "released", kept.released(claimId)),
      prepared: (claimId, data) => add("prepared", claimId, kept.prepared(claimId, data)),
      ended: (claimId, word) =>
        Effect.tap(add("ended", claimId, kept.ended(claimId, word)), (first) =>
          Effect.sync(() => {
            const ticket = this.entry(claimId)?.ticket
            if (ticket !== undefined && ticket !== null) this.ended(ticket.vendor, rootOf(ticket.scanId), first)
          })
        ),
      moved: (claimId, ticket) =>
        Effect.tap(add("moved", claimId, kept.moved(claimId, ticket)), () =>
          Effect.sync(() => this.movedTo(ticket.vendor, ticket.scanId))
        ),
      adopt: (ticket, subject) => read(kept.adopt(ticket, subject)),
      take: (claimId) =>
        Effect.map(read(kept.take(claimId)), (hold): ScanJournal.Hold =>
          hold._tag === "Ours" && this.plan.guards
            ? { ...hold, guard: { ready, lost: outFor(null), lapsed: Effect.never } }
            : hold
        ),
      leave: (claimId) => {
        if (held.delete(claimId)) judge.moved(claimId)
        kept.leave(claimId)
      },
      pauses: read(kept.pauses),
      get: (claimId) => read(kept.get(claimId)),
      list: (states) => read(kept.list(states)),
      history: (filter) => read(kept.history(filter))
    }
  }
}
