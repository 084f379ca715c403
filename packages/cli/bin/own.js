/**
 * The folders of this user alone, where code may be kept that is run later.
 *
 * Plain JavaScript without dependencies, for any Node from 18.
 */
import { lstatSync, realpathSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, isAbsolute, join } from "node:path"
import process from "node:process"

const windows = process.platform === "win32"

/** @param {NodeJS.ProcessEnv} environment */
export const homeOf = (environment) => environment["HOME"] ?? environment["USERPROFILE"] ?? homedir()

/**
 * A folder of scanpoll below the user's folder for caches; it need not be there.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} name
 */
export const cacheFolder = (environment, name) => {
  const named = environment["XDG_CACHE_HOME"] ?? ""
  const local = environment["LOCALAPPDATA"] ?? ""
  const home = homeOf(environment)
  const cache = isAbsolute(named)
    ? named
    : windows && isAbsolute(local)
      ? local
      : process.platform === "darwin"
        ? join(home, "Library", "Caches")
        : join(home, ".cache")
  return join(cache, "scanpoll", name)
}

/**
 * Why others could put a program into this folder, or undefined. Every folder above it counts too, as for ssh.
 *
 * @param {string} folder an existing one
 * @returns {string | undefined}
 */
export const whyNotOwn = (folder) => {
  if (windows || process.getuid === undefined) return undefined
  const me = process.getuid()
  for (let at = realpathSync(folder), first = true; ; at = dirname(at), first = false) {
    const seen = lstatSync(at)
    if (seen.uid !== me && (first || seen.uid !== 0)) return `${at} belongs to another user`
    // In a sticky folder such as /tmp nobody can replace what is another's.
    // And a group of the user's own name, as Debian makes them, has no other member.
    const others = seen.uid === me && seen.gid === me ? 0o002 : 0o022
    if ((seen.mode & others) !== 0 && (first || (seen.mode & 0o1000) === 0)) return `others can write to ${at}`
    if (dirname(at) === at) return undefined
  }
}
