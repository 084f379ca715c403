// Everything of a client that is under way: promises and streams over fibers, ended by a signal, by leaving a loop, or
// with the client. A fiber's end is awaited wherever something waits for it: a submission in flight keeps its grace.
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import { AbortError, type Aborted } from "../Errors.ts"
import { aborted, type Origin, originOf, raised } from "./raised.ts"

// `passing` items are dropped while the reader is far behind.
export type Emit<A> = (item: A, passing?: boolean) => void

export interface Runs<R> {
  // `known` tells what an abort leaves behind; `origin`, whose stack an error has.
  readonly promise: <A, E>(
    effect: Effect.Effect<A, E, R>,
    signal: AbortSignal | undefined,
    known: () => Aborted,
    origin: Origin
  ) => Promise<A>
  // Each iteration runs `make` anew, which is to end soon once `until` has succeeded.
  readonly stream: <A extends object, E>(
    make: (emit: Emit<A>, until: Effect.Effect<void>) => Effect.Effect<void, E, R>,
    signal: AbortSignal | undefined
  ) => AsyncIterable<A>
  readonly dispose: () => Promise<void>
}

interface Run {
  readonly end: () => void
  readonly interrupt: () => void
  readonly over: Promise<void>
}

type Next<A> = () => Promise<IteratorResult<A, undefined>>

const farBehind = 1000

const gone = (): Error => new Error("this scanpoll client was disposed of")

// The stack of an abort leads into the engine; this says what happened.
const cut = (): Error => new Error("the client was disposed of before this was over: is it awaited?")

// A queue from one writer to one reader: the writer never waits.
const makeFeed = <A extends object>() => {
  const items: Array<A> = []
  const readers: Array<(next: Next<A>) => void> = []
  let last: Next<A> | null = null
  const done: Next<A> = async () => ({ done: true, value: undefined })
  const close = (end: Next<A>): void => {
    const [first, ...others] = readers.splice(0)
    first?.(end)
    for (const reader of others) reader(done)
    // An error is reported once.
    last = first === undefined ? end : done
  }
  return {
    push: (value: A, passing = false): void => {
      const reader = readers.shift()
      if (reader !== undefined) reader(async () => ({ done: false, value }))
      else if (!passing || items.length < farBehind) items.push(value)
    },
    end: () => close(done),
    fail: (error: unknown) => close(() => Promise.reject(error)),
    next: (): Promise<IteratorResult<A, undefined>> => {
      const value = items.shift()
      if (value !== undefined) return Promise.resolve({ done: false, value })
      if (last === null) return new Promise((resolve) => readers.push((next) => resolve(next())))
      const end = last
      last = done
      return end()
    }
  }
}

// What is under way on a runtime: each is known from before it begins until it is over, and all end with the runtime.
const makeOpen = <R, ER>(runtime: ManagedRuntime.ManagedRuntime<R, ER>) => {
  const open = new Set<Run>()
  let disposing: Promise<void> | null = null
  // True before the first run is ended, whose end may call back at once.
  let closed = false

  // `softly` is what a signal and the end of the client do to the fiber; left out, they interrupt it.
  const start = <A, E>(
    effect: Effect.Effect<A, E, R>,
    signal: AbortSignal | undefined,
    done: (exit: Exit.Exit<A, E | ER>) => void,
    softly?: () => void
  ): Run => {
    // Nothing runs before the fiber is known here: a listener of its first event may already end it.
    const fiber = runtime.runFork(Effect.andThen(Effect.yieldNow, effect))
    const interrupt = () => fiber.interruptUnsafe()
    const end = softly ?? interrupt
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const run: Run = { end, interrupt, over }
    open.add(run)
    signal?.addEventListener("abort", end, { once: true })
    fiber.addObserver((exit) => {
      open.delete(run)
      signal?.removeEventListener("abort", end)
      resolve()
      done(exit)
    })
    return run
  }

  return {
    start,
    isClosed: () => closed,
    dispose: (): Promise<void> => {
      closed = true
      disposing ??= (async () => {
        const left = [...open]
        for (const { end } of left) end()
        await Promise.all(left.map(({ over }) => over))
        await runtime.dispose()
      })()
      return disposing
    }
  }
}

export const make = <R, ER>(runtime: ManagedRuntime.ManagedRuntime<R, ER>): Runs<R> => {
  const open = makeOpen(runtime)
  return {
    promise: (effect, signal, known, origin) =>
      new Promise((resolve, reject) => {
        const abort = () => {
          const cause = signal?.aborted === true ? signal.reason : open.isClosed() ? cut() : undefined
          reject(aborted(new AbortError(known(), cause), origin))
        }
        if (open.isClosed()) return reject(gone())
        if (signal?.aborted === true) return abort()
        open.start(effect, signal, (exit) => {
          if (Exit.isSuccess(exit)) resolve(exit.value)
          else if (Cause.hasInterrupts(exit.cause)) abort()
          else reject(raised(Cause.squash(exit.cause), known().ticket, origin))
        })
      }),

    stream: <A extends object, E>(
      make: (emit: Emit<A>, until: Effect.Effect<void>) => Effect.Effect<void, E, R>,
      signal: AbortSignal | undefined
    ): AsyncIterable<A> => ({
      [Symbol.asyncIterator]: function iterate() {
        const feed = makeFeed<A>()
        const origin = originOf(iterate)
        let run: Run | "none" | null = null
        const begin = (): Run | "none" => {
          if (open.isClosed()) {
            feed.fail(gone())
            return "none"
          }
          const until = Deferred.makeUnsafe<void>()
          const softly = (): void => {
            Deferred.doneUnsafe(until, Exit.void)
          }
          // Before the start, so that nothing is begun.
          if (signal?.aborted === true) softly()
          const done = (exit: Exit.Exit<void, E | ER>): void => {
            if (Exit.isSuccess(exit) || Cause.hasInterrupts(exit.cause)) feed.end()
            else feed.fail(raised(Cause.squash(exit.cause), null, origin))
          }
          return open.start(make(feed.push, Deferred.await(until)), signal, done, softly)
        }
        return {
          next: () => {
            run ??= begin()
            return feed.next()
          },
          // A caller that leaves the loop wants nothing more.
          return: async () => {
            const left = run ?? "none"
            run = "none"
            if (left !== "none") {
              left.interrupt()
              await left.over
            }
            return { done: true, value: undefined }
          }
        }
      }
    }),

    dispose: open.dispose
  }
}
