/**
 * Standard output and standard error of the process.
 *
 * Standard output carries what was asked for and nothing else. A reader that goes away (`| head -1`) is no fault: what is
 * written after that is dropped, and `readerGone` tells callers that would rather stop. Nobody has to read standard error: a
 * pipe that is full holds the process up for two seconds, and for two more at its end, and no longer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import process from "node:process"
import * as HostileText from "@scanpoll/report/HostileText"
import * as SafeText from "@scanpoll/report/SafeText"

/**
 * - `out` and `err`: write a sealed text and wait until it is handed over, `err` for two seconds at most. `out` fails in words when
 *   the output cannot take it (a full disk); a reader that is gone is no failure. What goes to `err` passes the gate again: see `gated`.
 * - `errUnsafe`: writes to standard error without waiting.
 * - `interpose`: while the scope lasts, the given function runs before anything else is written to standard error: what is
 *   redrawn there makes room.
 * - `readerGone`: ends when standard output has lost its reader.
 *
 * @category models
 * @since 0.1.0
 */
export interface Writers {
  readonly out: (text: SafeText.SafeText) => Effect.Effect<void, string>
  readonly err: (text: SafeText.SafeText) => Effect.Effect<void>
  readonly errUnsafe: (text: SafeText.SafeText) => void
  readonly interpose: (makeRoom: () => void) => Effect.Effect<void, never, Scope.Scope>
  readonly readerGone: Effect.Effect<void>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Streams extends Context.Service<Streams, Writers>()("scanpoll/output/Streams") {}

const errPatience = "2 seconds"
// What a reader who may never come finds at most, in bytes.
const mostWaiting = 4 * 1024 * 1024

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")

/**
 * The streams of this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Streams> = Layer.effect(
  Streams,
  Effect.gen(function* () {
    const gone = Deferred.makeUnsafe<void>()
    // Without a listener an EPIPE ends the process with a stack trace.
    process.stdout.on("error", (error) => {
      if (isGone(error)) Deferred.doneUnsafe(gone, Effect.void)
    })
    process.stderr.on("error", () => {})
    const write = (stream: NodeJS.WriteStream, text: SafeText.SafeText): Effect.Effect<void, string> =>
      Effect.callback<void, string>((resume) => {
        if (text === "") return resume(Effect.void)
        stream.write(text, (error) => {
          if (error === null || error === undefined || isGone(error)) {
            // The reader of the other stream may still be there.
            if (error !== null && error !== undefined && stream === process.stdout)
              Deferred.doneUnsafe(gone, Effect.void)
            resume(Effect.void)
          } else {
            resume(Effect.fail("code" in error && error.code === "ENOSPC" ? "the disk is full" : error.message))
          }
        })
      })
    const rooms = new Set<() => void>()
    const makeRoom = (): void => {
      for (const room of rooms) room()
    }
    // Whether standard error was full for as long as that, and has not been read to its end since.
    let isStalled = false
    const context = yield* Effect.context<never>()
    // Ends also where the caller cannot be interrupted.
    const patiently = (text: SafeText.SafeText): Effect.Effect<void> =>
      Effect.callback<void>((resume) => {
        const timer = Effect.runForkWith(context)(
          Effect.map(Effect.sleep(errPatience), () => {
            isStalled = true
            resume(Effect.void)
          })
        )
        process.stderr.write(text, () => {
          timer.interruptUnsafe()
          resume(Effect.void)
        })
      })
    const later = (text: SafeText.SafeText): void => {
      if (process.stderr.writableLength < mostWaiting) process.stderr.write(text)
    }
    // Otherwise the process exits without a look at what is still on its way.
    yield* Effect.addFinalizer(() => (process.stderr.writableLength === 0 ? Effect.void : patiently(SafeText.lines())))
    return {
      out: (text) => write(process.stdout, text),
      err: (text) =>
        Effect.suspend(() => {
          if (text === "") return Effect.void
          makeRoom()
          isStalled &&= process.stderr.writableLength > 0
          return isStalled ? Effect.sync(() => later(text)) : patiently(text)
        }),
      errUnsafe: (text) => {
        makeRoom()
        later(text)
      },
      interpose: (room) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => rooms.add(room)),
            () => Effect.sync(() => rooms.delete(room))
          )
        ),
      readerGone: Deferred.await(gone)
    }
  })
)

/**
 * The streams with a gate before them. Nothing that goes to standard error, no matter who wrote it, has a key in it, in any disguise
 * that is looked for, a sequence for the terminal but colours, or a command to a build runner. What goes to standard output is
 * sealed as its format needs it.
 *
 * @category combinators
 * @since 0.1.1
 */
export const gated = (inner: Writers, scrub: (text: string) => string): Writers => ({
  ...inner,
  err: (text) => inner.err(SafeText.seal("text", scrub(text))),
  errUnsafe: (text) => inner.errUnsafe(SafeText.seal("text", scrub(text)))
})

/**
 * An untrusted text as one harmless line.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inert = (text: string, max = 500): string => HostileText.toLine(HostileText.of(text), max)

/**
 * An untrusted text as harmless lines, such as the stack of an error: the message of one may repeat an answer.
 *
 * @category constructors
 * @since 0.2.0
 */
export const inertLines = (text: string, max = 16_000): string => HostileText.toBlock(HostileText.of(text), max)

/**
 * Writes lines to standard error, each ended by a line break. Texts in them that come from elsewhere must be inert.
 *
 * @category constructors
 * @since 0.1.0
 */
export const say = (...lines: ReadonlyArray<string>): Effect.Effect<void, never, Streams> =>
  Effect.flatMap(Streams, (streams) => streams.err(SafeText.lines(...lines)))
