/**
 * Where a journal is, as people write it: a path, `memory:` or `postgres://...`.
 *
 * An address may hold a password: `show` leaves it out, and what refuses one does not repeat it. Nothing here opens
 * anything.
 *
 * @since 0.1.0
 */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

/**
 * Where a journal is.
 *
 * @category models
 * @since 0.1.0
 */
export type JournalAddress =
  | { readonly _tag: "Memory" }
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Postgres"; readonly url: Redacted.Redacted }

// The address of a database in another form, which would be the name of a file with a password in it.
const otherAddress = /^[^\s/\\]*:[^/\\]*@|^(?:\w+\s*=\s*\S*\s+)*password\s*=/i

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const leastPassword = 8
const plainWord = /^[a-z]+$/i

// What a server or a driver repeats of the password is cut out. One that is a word, or a part of the address, may stand in
// any text.
const learn = (url: URL): void => {
  const seen = decoded(`${url.protocol}${url.host}${url.pathname} ${url.username}`).toLowerCase()
  const named = ["password", "sslpassword"].flatMap((name) => url.searchParams.getAll(name))
  for (const password of [url.password, decoded(url.password), ...named]) {
    if (password.length < leastPassword || plainWord.test(password) || seen.includes(password.toLowerCase())) continue
    Scrubber.ofProcess.learn(password)
  }
}

/**
 * Reads an address: a path, `file:///path`, `memory:`, or `postgres://user:password@host:5432/database`. Fails with what
 * is wrong with it, without repeating what may be a password. A password of eight characters or more that is not a
 * single word is from then on cut out of what this process writes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<JournalAddress, string> => {
  const trimmed = text.trim()
  if (trimmed === "") return Result.fail("is empty")
  if (trimmed === "memory:" || trimmed === ":memory:") return Result.succeed({ _tag: "Memory" })
  if (trimmed.includes("\u0000")) return Result.fail("holds a NUL character")
  if (/^postgres(ql)?:/i.test(trimmed)) {
    const url = /^postgres(ql)?:\/\//i.test(trimmed) ? URL.parse(trimmed) : null
    if (url === null || url.pathname.length < 2) {
      return Result.fail(
        "must be postgres://user:password@host:port/database, with %2F for / and %40 for @ in a password"
      )
    }
    learn(url)
    return Result.succeed({ _tag: "Postgres", url: Redacted.make(trimmed, { label: "journal" }) })
  }
  if (/^file:/i.test(trimmed)) {
    return Result.mapError(
      Result.try({ try: (): JournalAddress => ({ _tag: "File", path: fileURLToPath(trimmed) }), catch: () => null }),
      () => "must be file:///absolute/path"
    )
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(trimmed)) return Result.fail("must be a path, memory: or postgres://...")
  if (otherAddress.test(trimmed)) {
    return Result.fail("must be a path, memory: or postgres://...; write a file of that name as ./NAME")
  }
  return Result.succeed({ _tag: "File", path: trimmed })
}

/**
 * An address for people: no user, no password, no parameters.
 *
 * @category destructors
 * @since 0.1.0
 */
export const show = (address: JournalAddress): string => {
  switch (address._tag) {
    case "Memory":
      return "memory:"
    case "File":
      return address.path
    case "Postgres": {
      const url = URL.parse(Redacted.value(address.url))
      return url === null ? "postgres:" : `${url.protocol}//${url.host}${url.pathname}`
    }
  }
}

/**
 * What the place of the usual journal depends on. `home` is the user's folder.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  readonly platform: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/**
 * The usual journal of a user: `scanpoll/journal.db` in `XDG_STATE_HOME` where that is an absolute path; otherwise in
 * `~/.local/state`, in `~/Library/Application Support` on macOS and in `LOCALAPPDATA` on Windows.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 * @category constructors
 * @since 0.1.0
 */
export const defaultPath = (facts: Facts): string => {
  const windows = facts.platform === "win32"
  const path = windows ? Path.win32 : Path.posix
  const given = (name: string): string | null => {
    const value = facts.environment[name] ?? ""
    return path.isAbsolute(value) ? value : null
  }
  const usual = windows
    ? (given("LOCALAPPDATA") ?? path.join(facts.home, "AppData", "Local"))
    : facts.platform === "darwin"
      ? path.join(facts.home, "Library", "Application Support")
      : path.join(facts.home, ".local", "state")
  return path.join(given("XDG_STATE_HOME") ?? usual, "scanpoll", "journal.db")
}
