/**
 * What a plan file may reach beside its vendors. A plan may be written by somebody else, as in a pull request, and so may a list
 * of targets.
 *
 * Its outputs and its journal are files below the working folder, links followed, and not in `.git`. A vendor may send
 * results to the host of the target alone, or to one that `SCANPOLL_ALLOW_CALLBACK_HOSTS` lists. The command line and the
 * environment are not bound by any of this.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Predicate from "effect/Predicate"
import { type InputFault, quote } from "../config/InputFault.ts"
import type { Target } from "../config/Plan.ts"
import { callbackVariable, type Settings } from "../config/Settings.ts"
import * as WholeFile from "../output/WholeFile.ts"

type Services = FileSystem.FileSystem | Path.Path

// Why a plan may not name a file for writing, or null.
const refusal = Effect.fnUntraced(function* (file: string): Effect.fn.Return<string | null, never, Services> {
  const way = yield* WholeFile.inWorkingFolder(file)
  if (way === null) return "is outside of the working folder, where a plan may not write"
  const parts = way.split((yield* Path.Path).sep)
  return parts.some((part) => part.toLowerCase() === ".git") ? "lies in .git, where a plan may not write" : null
})

/**
 * The outputs and the journal that a plan sets and may not.
 *
 * @category guards
 * @since 0.2.0
 */
export const faultsOf = Effect.fnUntraced(function* ({
  journal,
  output
}: Pick<Settings, "journal" | "output">): Effect.fn.Return<ReadonlyArray<InputFault>, never, Services> {
  const faults: Array<InputFault> = []
  for (const { file } of output.source === "plan" ? output.value : []) {
    const why = file === null ? null : yield* refusal(file)
    if (file !== null && why !== null) {
      faults.push({ where: output.where, message: `${quote(file)} ${why}; name it with --output or SCANPOLL_OUTPUT` })
    }
  }
  if (journal.source !== "plan") return faults
  const otherwise = "name it with --journal or SCANPOLL_JOURNAL"
  if (journal.value?._tag === "Postgres") {
    faults.push({ where: journal.where, message: `a plan may not name a database as its journal; ${otherwise}` })
  } else if (journal.value?._tag === "File") {
    const why = yield* refusal(journal.value.path)
    if (why !== null) {
      faults.push({ where: journal.where, message: `the journal ${quote(journal.value.path)} ${why}; ${otherwise}` })
    }
  }
  return faults
})

const isCallback = /call_?back|post_?back|hook|notif/i

// The host of an address as browsers read it, and as those do for whom a backslash is a letter of the user's name.
const hosts = (text: string): ReadonlyArray<string> => {
  const url = URL.parse(text)
  if (url === null || url.host === "") return []
  const other = text.includes("\\") ? /^[^:]+:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1]?.toLowerCase() : undefined
  return other === undefined ? [url.host] : [url.host, other]
}

// The hosts of every address in a value, with the names that lead to it.
const addresses = (
  value: unknown,
  path: ReadonlyArray<string> = []
): ReadonlyArray<{ readonly path: ReadonlyArray<string>; readonly host: string }> => {
  if (typeof value === "string") return hosts(value.trim()).map((host) => ({ path, host }))
  if (Array.isArray(value)) return value.flatMap((one: unknown, at) => addresses(one, [...path, String(at)]))
  return Predicate.isObject(value)
    ? Object.entries(value).flatMap(([name, one]) => addresses(one, [...path, name]))
    : []
}

/**
 * The hosts to which a vendor is asked to send what it finds, by the names of the target's fields: `callbackUrl`,
 * `webhook`. Each host once.
 *
 * @category destructors
 * @since 0.2.0
 */
export const callbackHosts = ({ input }: Pick<Target, "input">): ReadonlyArray<string> => [
  ...new Set(addresses(input).flatMap(({ host, path }) => (path.some((name) => isCallback.test(name)) ? [host] : [])))
]

/**
 * The targets of a plan or a list whose results would go to a host that is neither the target's nor in the environment's list.
 *
 * @category guards
 * @since 0.2.0
 */
export const callbackFaults = (
  targets: ReadonlyArray<Target>,
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<InputFault> => {
  const listed = new Set((environment[callbackVariable] ?? "").split(",").map((host) => host.trim().toLowerCase()))
  return targets.flatMap((target) => {
    const own = addresses(target.input).flatMap(({ host, path }) =>
      path.some((name) => isCallback.test(name)) ? [] : [host]
    )
    return callbackHosts(target)
      .filter((host) => !own.includes(host) && !listed.has(host))
      .map((host) => ({
        where: target.where,
        message: `a ${target.from} may have results sent to the host of the target alone, not to ${quote(host)}; list it in ${callbackVariable}`
      }))
  })
}
