// Everything that can be wrong with a definition and that types cannot tell, in words.
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as Auth from "../../http/Auth.ts"
import type { Definition, ErrorRow, IdPath, Meaning } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import * as Adapter from "./adapter.ts"

const name = /^[a-z][a-z0-9-]{0,31}$/
const variable = /^[A-Z][A-Z0-9_]{0,63}$/
const rowKey = /^[1-5]\d\d(?: \S+)?$/

const isAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "https:" || url.protocol === "http:")
}

const pathFaults = (where: string, path: string, needsId: boolean): ReadonlyArray<string> => [
  ...(path.startsWith("/") ? [] : [`${where}.path: ${JSON.stringify(path)} must start with a slash`]),
  ...(path.includes("?") ? [`${where}.path: ${JSON.stringify(path)} holds a query: use ${where}.query`] : []),
  ...(needsId && !path.includes("{id}") ? [`${where}.path: ${JSON.stringify(path)} has no {id}`] : [])
]

const idPathFaults = (where: string, path: IdPath, hasQuery: boolean): ReadonlyArray<string> =>
  typeof path === "string" ? pathFaults(where, path, !hasQuery) : []

const ends = <A, P>(meaning: Meaning<A, P>): boolean =>
  typeof meaning === "object" && ("completed" in meaning || "_tag" in meaning)

const placeFaults = (where: string, place: unknown): ReadonlyArray<string> =>
  Array.isArray(place) && place.length === 0 ? [`${where} must name at least one field`] : []

/** Whether a row for every message speaks of all that a later one speaks of. */
const hides = (row: ErrorRow, later: ErrorRow): boolean =>
  (later.poll === undefined || (row.poll !== undefined && row.on === undefined)) &&
  (later.submit === undefined || row.submit !== undefined)

const rowFaults = (rows: Readonly<Record<string, ErrorRow | ReadonlyArray<ErrorRow>>>): ReadonlyArray<string> =>
  Object.entries(rows).flatMap(([key, given]) => {
    const all = "length" in given ? given : [given]
    const silent = all.length === 0 || all.some((row) => row.poll === undefined && row.submit === undefined)
    const hidden = all.some((row, at) => row.says === undefined && all.slice(at + 1).some((later) => hides(row, later)))
    return [
      ...(rowKey.test(key) ? [] : [`errors.rows: ${JSON.stringify(key)} is not "STATUS CODE" or "STATUS"`]),
      ...(silent ? [`errors.rows: ${JSON.stringify(key)} says nothing`] : []),
      ...(hidden ? [`errors.rows: ${JSON.stringify(key)}: a row without \`says\` hides the rows after it`] : [])
    ]
  })

const factFaults = <T, A, P, F, L>(it: Definition<T, A, P, F, L>): ReadonlyArray<string> => [
  ...(name.test(it.name) ? [] : ["name must be 1 to 32 of a-z, 0-9 and -, a letter first"]),
  ...(it.title.trim() === "" ? ["title is empty"] : []),
  ...(isAddress(it.docs) ? [] : ["docs must be an http or https address"]),
  ...(it.baseUrl === null || isAddress(it.baseUrl) ? [] : ["baseUrl must be an https address, or null"]),
  ...Auth.check(it.auth ?? "bearer", []),
  ...(it.key === undefined && it.auth !== "none" ? ['key is missing: name the variable, or set auth: "none"'] : []),
  ...(it.key === undefined || variable.test(it.key.variable)
    ? []
    : ["key.variable must be of A-Z, 0-9 and _, a letter first"]),
  ...(Adapter.idForm(it.ids).test(it.probe) ? [] : ["probe is not an id of the form `ids`"]),
  ...Object.entries(it.settings ?? {}).flatMap(([key, { header }]) => [
    ...(variable.test(key) ? [] : [`settings: ${JSON.stringify(key)} must be of A-Z, 0-9 and _, a letter first`]),
    ...(Auth.check({ header }, []).length === 0 ? [] : [`settings.${key}: ${JSON.stringify(header)} cannot be set`])
  ])
]

const callFaults = <T, A, P, F, L>(it: Definition<T, A, P, F, L>): ReadonlyArray<string> => {
  const { findings, keyProbe, list, status, submit } = it
  const words = typeof status.words === "function" ? null : Object.entries(status.words)
  return [
    ...(typeof submit.path === "string" ? pathFaults("submit", submit.path, false) : []),
    ...placeFaults("submit.id", submit.id),
    ...(submit.method === "GET" && (submit.body !== undefined || submit.as !== undefined)
      ? ["submit.body: a GET has none: use submit.query"]
      : []),
    ...(submit.as === "none" && submit.body !== undefined ? ['submit.body: there is none with as: "none"'] : []),
    ...idPathFaults("status", status.path, status.query !== undefined),
    ...placeFaults("status.id", status.id),
    ...placeFaults("status.word", status.word),
    ...(words === null || words.some(([, meaning]) => ends(meaning) || meaning === "ended")
      ? []
      : ["status.words: no word means completed"]),
    ...(words?.some(([, meaning]) => meaning === "ended") === true && it.result === undefined
      ? ["result: it is missing, and a word in status.words means ended"]
      : []),
    ...(it.result === undefined ? [] : idPathFaults("result", it.result.path, it.result.query !== undefined)),
    ...placeFaults("result.id", it.result?.id),
    ...(submit.already?.words ?? []).flatMap((word) =>
      words === null || words.some(([known]) => known === word) || Object.hasOwn(submit.already?.meanings ?? {}, word)
        ? []
        : [`submit.already: ${JSON.stringify(word)} is not in status.words`]
    ),
    ...Object.keys(submit.already?.meanings ?? {}).flatMap((word) =>
      submit.already?.words.includes(word) === false
        ? [`submit.already.meanings: ${JSON.stringify(word)} is not in submit.already.words`]
        : []
    ),
    ...(status.pending ?? []).flatMap(({ status }) =>
      status === 200 ? ["status.pending: a 200 is told by its word"] : []
    ),
    ...(findings === undefined ? [] : idPathFaults("findings", findings.path, findings.page !== undefined)),
    ...(typeof list?.path === "string" ? pathFaults("list", list.path, false) : []),
    ...(list?.pages !== undefined && list.pages > 1 && list.query === undefined
      ? ["list.pages: further pages need list.query"]
      : []),
    ...(keyProbe === undefined ? [] : pathFaults("keyProbe", keyProbe.path, false))
  ]
}

const sampleFaults = <T>(target: Wire.Codec<T>, sample: T): ReadonlyArray<string> => {
  const read = Schema.decodeUnknownResult(Schema.toType(target), { errors: "all" })(sample)
  return Result.isSuccess(read)
    ? []
    : Wire.faults(read.failure.issue).map(({ message, path }) => `sample.${path.join(".")} ${message}`)
}

/** Empty where the definition can be used. */
export const faults = <T, A, P, F, L>(
  definition: Definition<T, A, P, F, L>,
  limits: VendorLimits,
  policies: Readonly<Record<string, PollPolicy.PollPolicy>>
): ReadonlyArray<string> => [
  ...factFaults(definition),
  ...callFaults(definition),
  ...rowFaults(definition.errors.rows),
  ...sampleFaults(definition.target, definition.sample),
  ...Object.entries(policies).flatMap(([pace, policy]) => {
    const checked = PollPolicy.check(policy, limits)
    return Result.isFailure(checked) ? [`pacing.every.${pace}: ${checked.failure.message}`] : []
  })
]
