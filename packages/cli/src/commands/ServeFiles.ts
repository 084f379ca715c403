/**
 * The files of `scanpoll serve`: its tokens, the secret that signs sessions, and the lines about decisions. All are for their owner
 * alone.
 *
 * @since 0.2.0
 */
import * as Sessions from "@scanpoll/server/Sessions"
import * as Tokens from "@scanpoll/server/Tokens"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import { ProcessContext } from "../process/ProcessContext.ts"

const ownerOnly = 0o600

// Beside the usual journal, whatever journal is served.
const fileOf = (name: string): Effect.Effect<string, never, Path.Path> =>
  Effect.flatMap(ProcessContext, (facts) =>
    Effect.map(Path.Path, (paths) => paths.join(paths.dirname(JournalAddress.defaultPath(facts)), name))
  )

/**
 * The path of the tokens' file: the one that was named, or the usual one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const tokensFile = (named: string | null): Effect.Effect<string, never, Path.Path> =>
  named === null ? fileOf("serve.tokens") : Effect.succeed(named)

const makeFolder = (file: string) =>
  Effect.gen(function* () {
    const folder = (yield* Path.Path).dirname(file)
    const fs = yield* FileSystem.FileSystem
    yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true, mode: 0o700 }), () =>
      usage(quote(folder), "this folder cannot be made")
    )
  })

/**
 * The text of the tokens' file, empty where there is none. Fails where others can write it, for then they could let themselves
 * in.
 *
 * @category constructors
 * @since 0.2.0
 */
export const readTokens = (file: string): Effect.Effect<string, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return ""
    const unreadable = () => usage(quote(file), "this file of tokens cannot be read")
    const { mode } = yield* Effect.mapError(fs.stat(file), unreadable)
    if ((mode & 0o022) !== 0) {
      return yield* Effect.fail(usage(quote(file), "other users can write this file of tokens; chmod 600 it"))
    }
    return yield* Effect.mapError(fs.readFileString(file), unreadable)
  })

/**
 * The tokens of a file, read again when a second has passed since. A file that has become unreadable, or has a line that is
 * none, lets nobody in by the lines it lost.
 *
 * @category constructors
 * @since 0.2.0
 */
export const tokens = (
  file: string
): Effect.Effect<{ readonly tokens: Effect.Effect<ReadonlyArray<Tokens.Token>> }, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const read = Effect.provideService(readTokens(file), FileSystem.FileSystem, fs)
    const { faults, tokens } = Tokens.parse(yield* read)
    if (faults.length > 0) return yield* Effect.fail(usage(quote(file), faults.join("; ")))
    let known = tokens
    let readAt = yield* Clock.currentTimeMillis
    const current = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (Math.abs(now - readAt) < 1_000) return known
      known = Tokens.parse(yield* Effect.orElseSucceed(read, () => "")).tokens
      readAt = now
      return known
    })
    return { tokens: current }
  })

/**
 * Adds a line to the tokens' file, which is made where it is missing.
 *
 * @category combinators
 * @since 0.2.0
 */
export const addToken = (
  file: string,
  line: string
): Effect.Effect<void, UsageError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    yield* makeFolder(file)
    const fs = yield* FileSystem.FileSystem
    const before = yield* readTokens(file)
    const end = before === "" || before.endsWith("\n") ? "" : "\n"
    yield* Effect.mapError(fs.writeFileString(file, `${end}${line}\n`, { flag: "a", mode: ownerOnly }), () =>
      usage(quote(file), "this file of tokens cannot be written")
    )
  })

/**
 * The file with a line about each decision, in a folder that is made where it is missing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const auditFile: Effect.Effect<string, UsageError, FileSystem.FileSystem | Path.Path> = Effect.tap(
  fileOf("serve.audit"),
  makeFolder
)

/**
 * The secret that signs sessions, kept so that they outlive a restart; one of this process alone where it cannot be kept.
 *
 * @category constructors
 * @since 0.2.0
 */
export const secret: Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fileOf("serve.secret")
  const isSecret = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text)
  const read = Effect.gen(function* () {
    const { mode } = yield* fs.stat(file)
    return (mode & 0o077) === 0 ? (yield* fs.readFileString(file)).trim() : ""
  })
  const known = yield* Effect.orElseSucceed(read, () => "")
  if (isSecret(known)) return known
  const made = Sessions.makeSecret()
  const keep = Effect.gen(function* () {
    yield* makeFolder(file)
    yield* fs.remove(file, { force: true })
    yield* fs.writeFileString(file, `${made}\n`, { flag: "wx", mode: ownerOnly })
  })
  yield* Effect.ignore(keep)
  return made
})
