/**
 * Delivers what a journal's outbox has, in the background: every second what is due, and once more at the end.
 *
 * Each notification is tried at once, then after 5 seconds, 5 minutes, 30 minutes, 2, 8 and 24 hours; after that it is dead, and
 * shown as such. It arrives at least once, and its id is the same each time. Nothing else waits for it.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { Due, Outbox } from "@scanpoll/journal/Notifications"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as NotifyFile from "./NotifyFile.ts"
import type { Sent } from "./Send.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/**
 * How long after each failed try the next one follows, in milliseconds. After the last there is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const delays: ReadonlyArray<number> = [5 * second, 5 * minute, 30 * minute, 2 * hour, 8 * hour, 24 * hour]

const atOnce = 10
// Longer than a try may take: who took it and is killed leaves it to the next.
const lease = minute
const keptFor = 7 * 24 * hour
const patienceAtEnd = 5 * second

/**
 * What delivers: who there is, how one is tried, and how often what is due is looked for, by default every second.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly receivers: ReadonlyArray<NotifyFile.Receiver>
  readonly send: (receiver: NotifyFile.Receiver, due: Due) => Effect.Effect<Sent>
  readonly every?: Duration.Input
}

const one = (
  { receivers, send }: Options,
  outbox: Outbox,
  due: Due,
  troubled: Set<string>
): Effect.Effect<void, JournalError> =>
  Effect.gen(function* () {
    const receiver = receivers.find(({ name }) => name === due.receiver)
    if (receiver === undefined) return
    const sent = yield* send(receiver, due)
    if (sent._tag === "Delivered") {
      troubled.delete(due.receiver)
      return yield* outbox.delivered(due)
    }
    if (!troubled.has(due.receiver)) {
      troubled.add(due.receiver)
      yield* Effect.logWarning(`notifications to ${due.receiver} fail, and are tried again: ${sent.why}`)
    }
    if (sent._tag === "Gone") return yield* outbox.gone(due.receiver, sent.why)
    const delay = delays[due.attempts - 1]
    const now = yield* Clock.currentTimeMillis
    yield* outbox.failed(due, sent.why, delay === undefined ? null : now + delay)
    if (delay === undefined) yield* Effect.logError(`a notification to ${due.receiver} is given up: ${sent.why}`)
  })

/**
 * Delivers for as long as the scope.
 *
 * @category constructors
 * @since 0.2.0
 */
export const run = (options: Options, outbox: Outbox): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const names = options.receivers.map(({ name }) => name)
    const troubled = new Set<string>()
    // Whether there may be more.
    const round: Effect.Effect<boolean, JournalError> = Effect.gen(function* () {
      const due = yield* outbox.take(names, { limit: atOnce, lease })
      yield* Effect.forEach(due, (each) => one(options, outbox, each, troubled), { concurrency: atOnce, discard: true })
      return due.length === atOnce
    })
    const all: Effect.Effect<void, JournalError> = Effect.flatMap(round, (more) => (more ? all : Effect.void))
    const forget = Effect.flatMap(Clock.currentTimeMillis, (now) => outbox.forget(now - keptFor))
    // What the command did last is told before it ends, where that is quick; the rest is left to the next process.
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(Effect.interruptible(all), patienceAtEnd)))
    yield* Effect.forkScoped(
      Effect.andThen(
        Effect.ignore(forget),
        Effect.forever(Effect.andThen(Effect.ignore(all), Effect.sleep(options.every ?? "1 second")))
      )
    )
  })
