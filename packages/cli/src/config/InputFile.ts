/**
 * Reads a file that the user named: a plan, a report, a baseline.
 *
 * A named pipe is read as a file is, also one whose writer comes later, and so is `<(command)` of a shell. Waiting for a
 * writer can be interrupted at any time and holds no thread, so a signal ends the process; and no more is read than the
 * bound, whatever goes on coming.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Net from "node:net"
import process from "node:process"
import type { Readable } from "node:stream"

/**
 * Why a file is not read: it is not there, is a folder or a device (which may have no end), is larger than the bound, or
 * the system refuses it.
 *
 * @category models
 * @since 0.1.0
 */
export type Obstacle = "missing" | "folder" | "device" | "large" | "unreadable"

const call = <A>(
  begin: (done: (error: Error | null, value: A) => void) => void,
  obstacle: Obstacle
): Effect.Effect<A, Obstacle> =>
  Effect.callback<A, Obstacle>((resume) =>
    begin((error, value) => resume(error === null ? Effect.succeed(value) : Effect.fail(obstacle)))
  )

const against = (seen: Fs.Stats, most: number): Effect.Effect<void, Obstacle> => {
  if (seen.isDirectory()) return Effect.fail("folder")
  if (seen.isCharacterDevice() || seen.isBlockDevice()) return Effect.fail("device")
  return seen.size > most ? Effect.fail("large") : Effect.void
}

const collect = (stream: Readable, most: number): Effect.Effect<Uint8Array, Obstacle> =>
  Effect.callback<Uint8Array, Obstacle>((resume) => {
    const pieces: Array<Buffer> = []
    let size = 0
    stream.on("data", (piece: Buffer) => {
      size += piece.length
      if (size > most) {
        stream.destroy()
        resume(Effect.fail("large"))
      } else pieces.push(piece)
    })
    stream.on("end", () => resume(Effect.sync(() => Buffer.concat(pieces))))
    stream.on("error", () => resume(Effect.fail("unreadable")))
  })

// Opened like this a pipe without a writer neither waits nor ends: its first event is a writer's.
const opening = Fs.constants.O_RDONLY | Fs.constants.O_NONBLOCK

/**
 * The bytes of a file, at most so many.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (file: string, most: number): Effect.Effect<Uint8Array, Obstacle> =>
  Effect.gen(function* () {
    // Before it is opened: to open a device may already do something.
    yield* Effect.flatMap(
      call<Fs.Stats>((done) => Fs.stat(file, done), "missing"),
      (seen) => against(seen, most)
    )
    const open = Effect.gen(function* () {
      const fd = yield* call<number>((done) => Fs.open(file, opening, done), "unreadable")
      const seen = yield* Effect.onError(
        Effect.tap(
          call<Fs.Stats>((done) => Fs.fstat(fd, done), "unreadable"),
          (now) => against(now, most)
        ),
        () => Effect.sync(() => Fs.closeSync(fd))
      )
      return seen.isFIFO() ? new Net.Socket({ fd, readable: true, writable: false }) : Fs.createReadStream("", { fd })
    })
    return yield* Effect.acquireUseRelease(
      open,
      (stream) => collect(stream, most),
      (stream) => Effect.sync(() => void stream.destroy())
    )
  })

/**
 * The bytes of standard input, at most so many.
 *
 * @category constructors
 * @since 0.2.0
 */
export const standardInput = (most: number): Effect.Effect<Uint8Array, Obstacle> =>
  Effect.suspend(() => collect(process.stdin, most))
