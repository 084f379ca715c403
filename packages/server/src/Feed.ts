/**
 * What changes in the journal, told to everybody who listens: one look at the journal each half second serves them all.
 *
 * An event says what changed and nothing of it, so a listener that missed some asks again and knows all. A listener that does
 * not read costs `mostUnsent` at most: then its stream ends.
 *
 * @since 0.2.0
 */
import { type Change, type JournalError, type Pause, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as SafeText from "@scanpoll/report/SafeText"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * A listener is let go when this many characters wait for it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const mostUnsent = 1_000_000

// Machines that share a journal differ in their clocks, and commit when they can.
const overlap = 5_000
// What is older is asked for anew, as a whole.
const remembered = 10 * 60_000
const mostChanges = 1_000
const pingEvery = 15_000

type Name = "hello" | "change" | "ping" | "reset"

/**
 * - `listen`: the events from now on, or from those after an id that was told before; ends when the feed does.
 * - `end`: ends every listener's stream, and those of later ones at once.
 * - `listeners`: how many there are.
 *
 * @category models
 * @since 0.2.0
 */
export interface Feed {
  readonly listen: (after: string | null) => Stream.Stream<SafeText.SafeText>
  readonly end: Effect.Effect<void>
  readonly listeners: () => number
}

// A document ends with a line break, and the event with another.
const spell = (name: Name, id: number, data: unknown): SafeText.SafeText =>
  SafeText.join([
    SafeText.seal("json", `id: ${Math.floor(id)}\nevent: ${name}\ndata: `),
    SafeText.document(data, 0),
    SafeText.seal("json", "\n")
  ])

class Listener {
  readonly queue: Queue.Queue<SafeText.SafeText, Cause.Done>
  // Ends the answer, which hangs in a write that nobody takes.
  private readonly letGo: () => void
  private unsent = 0

  constructor(queue: Queue.Queue<SafeText.SafeText, Cause.Done>, letGo: () => void) {
    this.queue = queue
    this.letGo = letGo
  }

  tell(event: SafeText.SafeText): void {
    this.unsent += event.length
    if (this.unsent <= mostUnsent) Queue.offerUnsafe(this.queue, event)
    else if (Queue.shutdownUnsafe(this.queue)) this.letGo()
  }

  sent(event: SafeText.SafeText): void {
    this.unsent -= event.length
  }
}

const nameOf = ({ id, kind }: Pick<Change, "id" | "kind">): string => `${kind} ${id}`

// What was told lately, so that a second look does not tell it again.
class Lately {
  private readonly at = new Map<string, number>()

  isNew(change: Change): boolean {
    const name = nameOf(change)
    if ((this.at.get(name) ?? -1) >= change.at) return false
    this.at.set(name, change.at)
    return true
  }

  forget(before: number): void {
    for (const [name, at] of this.at) if (at < before) this.at.delete(name)
  }
}

/**
 * The feed of a journal, for as long as the scope. `every`: how often it is looked at while somebody listens, default half a
 * second.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: { readonly every?: Duration.Input } = {}
): Effect.Effect<Feed, never, ScanJournal | Scope.Scope> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const listeners = new Set<Listener>()
    const lately = new Lately()
    let mark = yield* Clock.currentTimeMillis
    let saidAt = mark
    let pauses: string | null = null
    let isOver = false

    const tell = (event: SafeText.SafeText): void => {
      for (const listener of listeners) listener.tell(event)
    }
    const tellChange = ({ at, id, kind }: Change): SafeText.SafeText =>
      spell("change", at, { kind, id, at: JournalView.time(at) })

    const lookForPauses = (all: ReadonlyArray<Pause>, now: number): void => {
      const text = JSON.stringify(all)
      if (pauses !== null && pauses !== text)
        tell(spell("change", now, { kind: "account", id: null, at: JournalView.time(now) }))
      pauses = text
    }

    const look: Effect.Effect<void, JournalError> = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      // A clock that was set back must not leave what is written now untold.
      const since = Math.min(mark, now) - overlap
      const changes = yield* journal.changes({ since, limit: mostChanges })
      const fresh = changes.filter((change) => lately.isNew(change))
      const isCut = changes.length >= mostChanges
      if (isCut) tell(spell("reset", now, {}))
      else for (const change of fresh) tell(tellChange(change))
      // Who asks for everything again knows what was cut off, too: it is not looked at again.
      const last = isCut ? now : (changes.at(-1)?.at ?? mark)
      mark = Math.min(now, Math.max(mark, last))
      lately.forget(since - overlap)
      lookForPauses(yield* journal.pauses, now)
      if (fresh.length > 0) saidAt = now
    })

    const ping = Effect.map(Clock.currentTimeMillis, (now) => {
      if (now - saidAt < pingEvery) return
      saidAt = now
      tell(spell("ping", mark, { at: JournalView.time(now) }))
    })

    const turn = Effect.suspend(() => (listeners.size === 0 ? Effect.void : Effect.andThen(Effect.ignore(look), ping)))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(options.every ?? "500 millis"), turn)))

    // What a listener missed since an id; null where it must ask for everything again.
    const missed = (after: string, now: number): Effect.Effect<ReadonlyArray<Change> | null> => {
      const since = /^\d{1,15}$/.test(after) ? Number(after) : -1
      if (now - since > remembered || since > now + overlap) return Effect.succeed(null)
      return Effect.map(
        Effect.orElseSucceed(journal.changes({ since: since - overlap, limit: mostChanges }), () => null),
        (changes) => (changes === null || changes.length >= mostChanges ? null : changes)
      )
    }

    const begin = (after: string | null) =>
      Effect.gen(function* () {
        const answer = yield* Effect.fiber
        const queue = yield* Queue.unbounded<SafeText.SafeText, Cause.Done>()
        const listener = new Listener(queue, () => answer.interruptUnsafe())
        const now = yield* Clock.currentTimeMillis
        if (listeners.size === 0) mark = now
        yield* Effect.acquireRelease(
          Effect.sync(() => listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        )
        listener.tell(spell("hello", now, { at: JournalView.time(now) }))
        if (after !== null) {
          const changes = yield* missed(after, now)
          if (changes === null) listener.tell(spell("reset", now, {}))
          else for (const change of changes) listener.tell(tellChange(change))
        }
        if (isOver) Queue.endUnsafe(listener.queue)
        return Stream.tap(Stream.fromQueue(listener.queue), (event) => Effect.sync(() => listener.sent(event)))
      })

    return {
      listen: (after) => Stream.unwrap(begin(after)),
      end: Effect.sync(() => {
        isOver = true
        for (const { queue } of listeners) Queue.endUnsafe(queue)
      }),
      listeners: () => listeners.size
    }
  })
