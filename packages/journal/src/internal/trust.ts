// Whether others could have written a journal file. May touch: `stat` of the file, of what SQLite keeps beside it, of its
// folder and of those on the way to it. Law: anyone who can write a journal decides what counts as scanned, so a file that others
// can write, or put another one in the place of, is not read.
import * as Effect from "effect/Effect"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { errorOf } from "./faults.ts"

// What is wrong with the rights of a path; null for one that is ours or root's and that nobody else can write.
const faultOf = (path: string, what: string, us: number): string | null => {
  const stat = Fs.statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return null
  if (stat.uid !== us && stat.uid !== 0) {
    return `${what} ${path} belongs to another user (uid ${stat.uid}, not ${us}). Use a journal of your own`
  }
  if ((stat.mode & 0o022) === 0) return null
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0")
  const said = `${what} ${path} can be written by other users (mode ${mode})`
  return (stat.mode & 0o1000) === 0
    ? `${said}. Close it: chmod go-w ${ShellWord.quote(path)}`
    : `${said}. Put the journal into a folder of your own below it, made with: mkdir -m 700 ${ShellWord.quote(Path.join(path, "scanpoll"))}`
}

const mostLinks = 40

// What is wrong with the way to a file: a folder above its own in which everybody can rename what belongs to others, or a link
// of somebody else. Who owns a folder above is trusted, as the owner of a mounted volume has to be.
const faultOfWay = (file: string, us: number): string | null => {
  const { root } = Path.parse(file)
  const steps = (path: string): Array<string> => path.split(Path.sep).filter((step) => step !== "" && step !== ".")
  const ahead = steps(file.slice(root.length))
  let at = root
  for (let links = 0; ahead.length > 0;) {
    const step = ahead.shift() ?? ""
    const next = step === ".." ? Path.dirname(at) : Path.join(at, step)
    const stat = Fs.lstatSync(next, { throwIfNoEntry: false })
    if (stat === undefined) return null
    const folder = Fs.statSync(at)
    const isShared = (folder.mode & 0o002) !== 0
    if (isShared && (folder.mode & 0o1000) === 0) {
      return `everybody can rename what lies in ${at} (mode ${(folder.mode & 0o7777).toString(8).padStart(4, "0")}). Close it: chmod o-w ${ShellWord.quote(at)}`
    }
    if (!stat.isSymbolicLink()) {
      at = next
      continue
    }
    if (isShared && stat.uid !== us && stat.uid !== 0) {
      return `the link ${next} belongs to another user (uid ${stat.uid}, not ${us}). Name the file it leads to, if you trust that`
    }
    if (++links > mostLinks) return `${next} is a link that leads to itself`
    const target = Fs.readlinkSync(next)
    if (Path.isAbsolute(target)) at = root
    ahead.unshift(...steps(target))
  }
  return null
}

// Fails with what is wrong and its remedy. Windows has no such rights: nothing is checked there.
export const check = (file: string): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    const us = process.geteuid?.()
    if (us === undefined) return Effect.void
    try {
      // Of a link, both folders: anyone who can write the first may lead it elsewhere.
      const target = Fs.existsSync(file) ? Fs.realpathSync(file) : file
      const folders = [...new Set([Path.dirname(file), Path.dirname(target)])]
      const found = [
        ...folders.map((path) => faultOf(path, "its folder", us)),
        ...[target, `${target}-wal`, `${target}-shm`, `${target}-journal`].map((path) => faultOf(path, "the file", us)),
        faultOfWay(Path.resolve(file), us)
      ].find((fault) => fault !== null)
      return found === undefined
        ? Effect.void
        : Effect.fail(
            errorOf(
              "unavailable",
              `the journal ${file} is not trusted: ${found}; or trust it with --trust-journal (SCANPOLL_TRUST_JOURNAL)`
            )
          )
    } catch (cause) {
      return Effect.fail(errorOf("unavailable", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`))
    }
  })
