/**
 * Files that are written whole or not at all.
 *
 * The text goes into a new file beside the target, which then takes the target's name: whoever looks sees the old file or
 * the complete new one. A device or a pipe is written to directly, because it has no name to take.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Random from "effect/Random"

const encoder = new TextEncoder()
const batch = 256 * 1024

// Few large writes: pieces are often a row each.
const writePieces = Effect.fnUntraced(function* (file: FileSystem.File, pieces: Iterable<string>) {
  let held = ""
  for (const piece of pieces) {
    held += piece
    if (held.length < batch) continue
    yield* file.writeAll(encoder.encode(held))
    held = ""
  }
  if (held !== "") yield* file.writeAll(encoder.encode(held))
})

const wordsOf = (error: PlatformError): string => {
  const { reason } = error
  switch (reason._tag) {
    case "NotFound":
      return "its folder is not there"
    case "PermissionDenied":
      return "permission denied"
    case "AlreadyExists":
      return "it exists already"
    default: {
      const code: unknown =
        typeof reason.cause === "object" && reason.cause !== null && "code" in reason.cause ? reason.cause.code : null
      if (code === "ENOSPC") return "the disk is full"
      return typeof code === "string" ? code : reason._tag
    }
  }
}

/**
 * Writes a file whole, with these rights less the process's mask. The failure says in words why it could not be, and leaves the old file as it was.
 *
 * @category constructors
 * @since 0.1.0
 */
export const write = Effect.fnUntraced(
  function* (
    path: string,
    pieces: Iterable<string>,
    mode = 0o666
  ): Effect.fn.Return<void, PlatformError, FileSystem.FileSystem | Path.Path> {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const there = yield* Effect.option(fs.stat(path))
    if (there._tag === "Some" && there.value.type !== "File") {
      return yield* Effect.scoped(Effect.flatMap(fs.open(path, { flag: "w" }), (file) => writePieces(file, pieces)))
    }
    const target = there._tag === "Some" ? yield* fs.realPath(path) : path
    const mark = (yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)
    const temporary = paths.join(paths.dirname(target), `.${paths.basename(target).slice(0, 100)}.${mark}.tmp`)
    yield* Effect.onError(
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const file = yield* fs.open(temporary, { flag: "wx", mode })
            yield* writePieces(file, pieces)
            yield* file.sync
          })
        )
        yield* fs.rename(temporary, target)
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
  const there = yield* Effect.option(fs.stat(path))
  if (there._tag === "Some") {
    if (there.value.type === "Directory") return "is a folder"
    const writable = yield* Effect.isSuccess(fs.access(path, { writable: true }))
    if (!writable) return "cannot be written to"
    if (there.value.type !== "File") return null
  }
  const folder = paths.dirname(paths.resolve(path))
  const parent = yield* Effect.option(fs.stat(folder))
  if (parent._tag === "None") return "its folder is not there"
  if (parent.value.type !== "Directory") return "its folder is not a folder"
  const open = yield* Effect.isSuccess(fs.access(folder, { writable: true }))
  return open ? null : "its folder cannot be written to"
})

/**
 * What tells two paths to one file apart from paths to two: the real folder and the name in it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const identity = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<string, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const full = paths.resolve(path)
  return yield* Effect.catch(fs.realPath(full), () =>
    Effect.map(
      Effect.catch(fs.realPath(paths.dirname(full)), () => Effect.succeed(paths.dirname(full))),
      (folder) => paths.join(folder, paths.basename(full))
    )
  )
})
