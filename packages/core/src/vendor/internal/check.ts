// Everything that can be wrong with a definition and that types cannot tell, in words.
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as Auth from "../../http/Auth.ts"
import * as WireFields from "../../http/WireFields.ts"
import { fixedHeaders } from "../../http/internal/settings.ts"
import type { Definition, ErrorRow, IdPath, Meaning, RecoverCall } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import * as Asking from "./asking.ts"
import * as Preparing from "./preparing.ts"

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

const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && WireFields.timestamp(`${text}T00:00:00Z`) !== null

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

const factFaults = <T, A, P, F, L, K extends string>(it: Definition<T, A, P, F, L, K>): ReadonlyArray<string> => [
  ...(name.test(it.name) ? [] : ["name must be 1 to 32 of a-z, 0-9 and -, a letter first"]),
  ...(it.title.trim() === "" ? ["title is empty"] : []),
  ...(isAddress(it.docs) ? [] : ["docs must be an http or https address"]),
  ...(it.asOf === undefined || isDay(it.asOf) ? [] : ["asOf must be a day, such as 2026-11-29"]),
  ...(it.terms?.some((term) => term.trim() === "") === true ? ["terms: one of them is empty"] : []),
  ...(it.baseUrl === null || isAddress(it.baseUrl) ? [] : ["baseUrl must be an https address, or null"]),
  ...Auth.check(it.auth ?? "bearer", []),
  ...fixedHeaders(it.headers ?? {}, it.auth ?? "bearer").faults,
  ...(it.key === undefined && it.auth !== "none" ? ['key is missing: name the variable, or set auth: "none"'] : []),
  ...(it.key === undefined || variable.test(it.key.variable)
    ? []
    : ["key.variable must be of A-Z, 0-9 and _, a letter first"]),
  ...(Asking.isId(it.ids, it.probe) ? [] : ["probe is not an id of the form `ids`"]),
  ...Object.entries(it.settings ?? {}).flatMap(([key, { header }]) => [
    ...(variable.test(key) ? [] : [`settings: ${JSON.stringify(key)} must be of A-Z, 0-9 and _, a letter first`]),
    ...(Auth.check({ header }, []).length === 0 ? [] : [`settings.${key}: ${JSON.stringify(header)} cannot be set`])
  ])
]

/** The names in a path that no earlier call returns. */
const nameFaults = (where: string, path: unknown, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof path !== "string"
    ? []
    : Array.from(path.matchAll(/\{([^{}]*)\}/g)).flatMap(([, name = ""]) =>
        known.includes(name) ? [] : [`${where}.path: {${name}} is not the name of an earlier call in prepare`]
      )

const recoverFaults = <K extends string>(
  recover: RecoverCall<K>,
  names: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const { none = [], path, query } = recover
  const asksByIt = typeof path !== "string" || query !== undefined || path.includes("{")
  return [
    ...(names.length === 0 ? ["recover: it asks by what was prepared: it needs prepare"] : []),
    ...(typeof path === "string" ? pathFaults("recover", path, false) : []),
    ...(asksByIt ? [] : [`recover.path: ${JSON.stringify(path)} names nothing of prepare, such as {task}`]),
    ...nameFaults("recover", path, names),
    ...(none.includes(200) ? ["recover.none: a 200 is read by recover.scan"] : [])
  ]
}

const prepareFaults = <T, A, P, F, L, K extends string>({
  prepare,
  recover,
  submit
}: Definition<T, A, P, F, L, K>): ReadonlyArray<string> => {
  const names = Preparing.namesOf(prepare)
  const sent = "known" in submit ? null : submit
  const id = sent?.id
  const taken = typeof id === "object" && "prepared" in id ? id.prepared : null
  return [
    ...(sent === null && prepare !== undefined
      ? ["prepare: nothing is submitted, so there is nothing to prepare"]
      : []),
    ...(prepare !== undefined && names.length === 0 ? ["prepare: it has no call"] : []),
    ...names.flatMap((name, at) => {
      const call = prepare?.[name]
      if (call === undefined) return []
      const where = `prepare.${name}`
      return [
        ...(/^[a-z][A-Za-z0-9]{0,31}$/.test(name)
          ? []
          : [`prepare: ${JSON.stringify(name)} must be 1 to 32 letters and digits, a small letter first`]),
        ...(typeof call.path === "string" ? pathFaults(where, call.path, false) : []),
        ...nameFaults(where, call.path, names.slice(0, at)),
        ...placeFaults(`${where}.take`, call.take),
        ...(call.method === "GET" && (call.body !== undefined || call.as !== undefined)
          ? [`${where}.body: a GET has none: use ${where}.query`]
          : []),
        ...(call.as !== undefined && call.as !== "none" && call.body === undefined && call.method !== "GET"
          ? [`${where}.as: there is no ${where}.body`]
          : [])
      ]
    }),
    ...nameFaults("submit", sent?.path, names),
    ...(taken === null || names.includes(taken)
      ? []
      : [`submit.id: ${JSON.stringify(taken)} is not the name of a call in prepare`]),
    ...(recover === undefined ? [] : recoverFaults(recover, names))
  ]
}

const callFaults = <T, A, P, F, L, K extends string>(it: Definition<T, A, P, F, L, K>): ReadonlyArray<string> => {
  const { cancel, findings, keyProbe, list, status } = it
  const submit = "known" in it.submit ? null : it.submit
  const words = typeof status.words === "function" ? null : Object.entries(status.words)
  return [
    ...prepareFaults(it),
    ...(submit === null && list !== undefined ? ["list: nothing is submitted, so nothing can be lost"] : []),
    ...(typeof submit?.path === "string" ? pathFaults("submit", submit.path, false) : []),
    ...placeFaults("submit.id", submit?.id),
    ...(submit?.method === "GET" && (submit.body !== undefined || submit.as !== undefined)
      ? ["submit.body: a GET has none: use submit.query"]
      : []),
    ...(submit?.as === "none" && submit.body !== undefined ? ['submit.body: there is none with as: "none"'] : []),
    ...idPathFaults("status", status.path, status.query !== undefined),
    ...placeFaults("status.id", status.id),
    ...placeFaults("status.word", status.word),
    ...(typeof status.messages === "object"
      ? [
          ...placeFaults("status.messages.rows", status.messages.rows),
          ...placeFaults("status.messages.line", status.messages.line)
        ]
      : []),
    ...(words === null || words.some(([, meaning]) => ends(meaning) || meaning === "ended")
      ? []
      : ["status.words: no word means completed"]),
    ...(words?.some(([, meaning]) => meaning === "ended") === true && it.result === undefined
      ? ["result: it is missing, and a word in status.words means ended"]
      : []),
    ...(it.result === undefined ? [] : idPathFaults("result", it.result.path, it.result.query !== undefined)),
    ...placeFaults("result.id", it.result?.id),
    ...(submit?.already?.words ?? []).flatMap((word) =>
      words === null || words.some(([known]) => known === word) || Object.hasOwn(submit?.already?.meanings ?? {}, word)
        ? []
        : [`submit.already: ${JSON.stringify(word)} is not in status.words`]
    ),
    ...Object.keys(submit?.already?.meanings ?? {}).flatMap((word) =>
      submit?.already?.words.includes(word) === false
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
    ...(cancel === undefined ? [] : idPathFaults("cancel", cancel.path, cancel.query !== undefined)),
    ...(cancel?.method === "GET" && (cancel.body !== undefined || cancel.as !== undefined)
      ? ["cancel.body: a GET has none: use cancel.query"]
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
export const faults = <T, A, P, F, L, K extends string>(
  definition: Definition<T, A, P, F, L, K>,
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
