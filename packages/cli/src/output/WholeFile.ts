/**
 * Files that are written whole or not at all.
 *
 * The text goes into a new file beside the target, which then takes the target's name: a reader sees the old file or
 * the complete new one. A device or a pipe is written to directly, because it has no name to take, and so is a file that
 * cannot be replaced because it is mounted; a pipe without a reader is waited for in a way that a signal ends.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { SafeText } from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { ProcessContext } from "../process/ProcessContext.ts"

const encoder = new TextEncoder()
const batch = 256 * 1024

// Few large writes: pieces are often a row each.
const writePieces = Effect.fnUntraced(function* (file: FileSystem.File, pieces: Iterable<SafeText>) {
  let held = ""
  for (const piece of pieces) {
    held += piece
    if (held.length < batch) continue
    yield* file.writeAll(encoder.encode(held))
    held = ""
  }
  if (held !== "") yield* file.writeAll(encoder.encode(held))
})

const codeOf = (cause: unknown): string | null =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : null

class PipeError extends Data.TaggedError("PipeError")<{ readonly code: string }> {}

// Opened like this a pipe without a reader is refused at once: who waits in an open holds the process against signals.
const opening = Fs.constants.O_WRONLY | Fs.constants.O_NONBLOCK

const openPipe = (path: string): Effect.Effect<Net.Socket, PipeError> =>
  Effect.callback<Net.Socket, PipeError>((resume) =>
    Fs.open(path, opening, (error, fd) =>
      resume(
        error === null
          ? Effect.sync(() => new Net.Socket({ fd, readable: false, writable: true }))
          : Effect.fail(new PipeError({ code: codeOf(error) ?? "UNKNOWN" }))
      )
    )
  )

// As a shell's `>` does, waits for a reader that comes later.
const whenRead = (path: string): Effect.Effect<Net.Socket, PipeError> =>
  Effect.catchIf(
    openPipe(path),
    (error) => error.code === "ENXIO",
    () =>
      Effect.andThen(
        Effect.sleep("100 millis"),
        Effect.suspend(() => whenRead(path))
      )
  )

const writePipe = (path: string, pieces: Iterable<SafeText>): Effect.Effect<void, PipeError> =>
  Effect.acquireUseRelease(
    Effect.interruptible(whenRead(path)),
    (socket) =>
      Effect.callback<void, PipeError>((resume) => {
        socket.on("error", (error) => resume(Effect.fail(new PipeError({ code: codeOf(error) ?? "UNKNOWN" }))))
        socket.end([...pieces].join(""), () => resume(Effect.void))
      }),
    (socket) => Effect.sync(() => void socket.destroy())
  )

const wordsOf = (error: PlatformError | PipeError | LinkError): string => {
  if (error._tag === "LinkError") return outWords(error.where)
  if (error._tag === "PipeError") return error.code === "EPIPE" ? "its reader has gone" : error.code
  const { reason } = error
  switch (reason._tag) {
    case "NotFound":
      return "its folder is not there"
    case "PermissionDenied":
      return "permission denied"
    case "AlreadyExists":
      return "it exists already"
    default: {
      const code = codeOf(reason.cause)
      return code === "ENOSPC" ? "the disk is full" : (code ?? reason._tag)
    }
  }
}

class LinkError extends Data.TaggedError("LinkError")<{ readonly where: string }> {}

const everyone = 0o666

// Gives the new file the rights of the one it replaces. Where its group cannot be kept, no other group gets that group's rights.
const keepRights = Effect.fnUntraced(function* (temporary: string, old: FileSystem.File.Info, mode: number) {
  const fs = yield* FileSystem.FileSystem
  const made = yield* fs.stat(temporary)
  const owner = (info: FileSystem.File.Info) => [Option.getOrNull(info.uid), Option.getOrNull(info.gid)] as const
  const [uid, gid] = owner(old)
  const [madeUid, madeGid] = owner(made)
  const same = uid === null || gid === null || (uid === madeUid && gid === madeGid)
  const kept = same || (yield* Effect.isSuccess(fs.chown(temporary, uid, gid)))
  // A file that was made private on purpose is not opened up by the rights of the old one.
  const rights = old.mode & (mode === everyone ? 0o777 : mode)
  yield* fs.chmod(temporary, kept || gid === madeGid ? rights : rights & 0o707)
})

/**
 * Writes a file whole. A new file has `mode` less the process's mask; a replaced one keeps its rights, and those alone that
 * `mode` has where that is not the default. The failure says in words why it could not be, and leaves the old file as it
 * was: also where a link in the working folder leads out of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const write = Effect.fnUntraced(
  function* (
    named: string,
    pieces: Iterable<SafeText>,
    mode = everyone
  ): Effect.fn.Return<void, PlatformError | PipeError | LinkError, FileSystem.FileSystem | Path.Path> {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const astray = yield* leadsOut(named)
    if (astray !== null) return yield* Effect.fail(new LinkError({ where: astray }))
    // As `obstacle` looks at it: `missing/../report.json` is a file of this folder.
    const path = paths.resolve(named)
    const there = yield* Effect.option(fs.stat(path))
    if (there._tag === "Some" && there.value.type === "FIFO") return yield* writePipe(path, pieces)
    if (there._tag === "Some" && there.value.type !== "File") {
      return yield* Effect.scoped(Effect.flatMap(fs.open(path, { flag: "w" }), (file) => writePieces(file, pieces)))
    }
    const target = yield* ending(path)
    const mark = (yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)
    const temporary = paths.join(paths.dirname(target), `.${paths.basename(target).slice(0, 50)}.${mark}.tmp`)
    yield* Effect.onError(
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const file = yield* fs.open(temporary, { flag: "wx", mode: there._tag === "Some" ? 0o600 : mode })
            yield* writePieces(file, pieces)
            yield* file.sync
          })
        )
        if (there._tag === "Some") yield* keepRights(temporary, there.value, mode)
        yield* Effect.catchIf(
          fs.rename(temporary, target),
          (error) => codeOf(error.reason.cause) === "EBUSY",
          () => Effect.andThen(fs.copyFile(temporary, target), Effect.ignore(fs.remove(temporary)))
        )
      }),
      () => Effect.ignore(fs.remove(temporary))
    )
  },
  (effect, path) => Effect.mapError(effect, (error) => `${path} could not be written: ${wordsOf(error)}`)
)

/**
 * Why a file could not be written there, or null when nothing speaks against it. Writes nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const obstacle = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<string | null, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const astray = yield* leadsOut(path)
  if (astray !== null) return outWords(astray)
  const named = paths.resolve(path)
  const stat = yield* Effect.result(fs.stat(named))
  const wrong = Result.isFailure(stat) ? codeOf(stat.failure.reason.cause) : null
  if (wrong === "ENAMETOOLONG") return "has a name that is too long"
  if (wrong === "ELOOP") return "is a link that leads to itself"
  const there = Result.getSuccess(stat)
  if (there._tag === "Some") {
    if (there.value.type === "Directory") return "is a folder"
    if (there.value.type === "Socket")
      return "is a socket, which cannot be opened; leave the file out for standard output"
    const writable = yield* Effect.isSuccess(fs.access(named, { writable: true }))
    if (!writable) return "cannot be written to"
    if (there.value.type !== "File") return null
  }
  const folder = paths.dirname(yield* ending(named))
  const parent = yield* Effect.option(fs.stat(folder))
  if (parent._tag === "None") return "its folder is not there"
  if (parent.value.type !== "Directory") return "its folder is not a folder"
  const open = yield* Effect.isSuccess(fs.access(folder, { writable: true }))
  return open ? null : "its folder cannot be written to"
})

// A link to a file that does not exist is followed too: the file will be made at its end.
const ending = (full: string, links = 40): Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const real = yield* Effect.option(fs.realPath(full))
    if (real._tag === "Some") return real.value
    const link = links === 0 ? null : yield* Effect.option(fs.readLink(full))
    if (link !== null && link._tag === "Some") {
      return yield* ending(paths.resolve(paths.dirname(full), link.value), links - 1)
    }
    const folder = paths.dirname(full)
    return folder === full ? full : paths.join(yield* ending(folder, links), paths.basename(full))
  })

// The way from a folder down to a path, or null where the path is not below it.
const wayDown = (paths: Path.Path, folder: string, path: string): string | null => {
  const way = paths.relative(folder, path)
  const isBelow = way !== "" && way !== ".." && !way.startsWith(`..${paths.sep}`) && !paths.isAbsolute(way)
  return isBelow ? way : null
}

/**
 * The way from the working folder to where a path really ends, links followed; null where that is not below it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const inWorkingFolder = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<string | null, never, FileSystem.FileSystem | Path.Path> {
  return wayDown(yield* Path.Path, yield* identity("."), yield* identity(path))
})

// Where a path that names a place in the working folder ends, if a link takes it out of there; else null. A checkout may
// hold links that the author of the command line has never seen.
const leadsOut = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<string | null, never, FileSystem.FileSystem | Path.Path> {
  const paths = yield* Path.Path
  const here = paths.resolve(".")
  const named = paths.resolve(path)
  const isInside = wayDown(paths, here, named) !== null || wayDown(paths, yield* ending(here), named) !== null
  return isInside && (yield* inWorkingFolder(path)) === null ? yield* ending(named) : null
})

const outWords = (where: string): string =>
  `is reached by a link that leads out of the working folder, to ${where}; to write there, name that place itself`

/**
 * What tells two paths to one file apart from paths to two: the real folder and the name in it. Where the platform's file
 * systems take upper and lower case for one, so does this.
 *
 * @category destructors
 * @since 0.1.0
 */
export const identity = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<string, never, FileSystem.FileSystem | Path.Path> {
  const paths = yield* Path.Path
  const { platform } = yield* ProcessContext
  const real = yield* ending(paths.resolve(path))
  return platform === "darwin" || platform === "win32" ? real.normalize("NFC").toLowerCase() : real
})

/**
 * Every mark by which a file can be told, whatever it is called: its `identity`, and where it is there, its device and
 * inode, which hard links share.
 *
 * @category destructors
 * @since 0.1.1
 */
export const marks = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const there = yield* Effect.option(fs.stat(path))
  const inode = there._tag === "Some" && there.value.ino._tag === "Some" ? there.value.ino.value : 0
  return [yield* identity(path), ...(there._tag === "Some" && inode !== 0 ? [`inode ${there.value.dev} ${inode}`] : [])]
})

/**
 * The files that SQLite keeps for a journal at this path: itself and those beside it.
 *
 * @category destructors
 * @since 0.1.1
 */
export const journalFiles = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> {
  const paths = yield* Path.Path
  // SQLite names them after the end of a link.
  const both = [path, yield* ending(paths.resolve(path))]
  return both.flatMap((one) => ["", "-wal", "-shm", "-journal"].map((suffix) => one + suffix))
})
