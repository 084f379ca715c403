// What a definition is made of, for code without types: its parts, what each is, and which may not be missing. Typos in
// optional parts would be left out in silence otherwise, and a fingerprint that is left out buys twice.
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { AccountLimits, KnownDurations } from "../../engine/ScanAdapter.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type {
  CancelCall,
  Definition,
  ErrorRow,
  Errors,
  FindingsCall,
  KeyProbe,
  KnownScan,
  ListCall,
  Pacing,
  PendingStatus,
  PrepareCall,
  RecoverCall,
  ResultCall,
  Setting,
  Status,
  Submit
} from "../Definition.ts"
import { meant } from "./nearest.ts"

interface Kind {
  readonly words: string
  readonly is: (value: unknown) => boolean
  readonly inside?: (value: object, where: string) => ReadonlyArray<string>
}

interface Part {
  readonly needed: boolean
  readonly kinds: ReadonlyArray<Kind>
}

type Parts<T> = { readonly [K in keyof T]-?: Part }

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const text: Kind = { words: "a text", is: (value) => typeof value === "string" }
const whole: Kind = { words: "a whole number", is: Number.isSafeInteger }
const flag: Kind = { words: "true or false", is: (value) => typeof value === "boolean" }
const fn: Kind = { words: "a function", is: (value) => typeof value === "function" }
const form: Kind = { words: "a regular expression", is: (value) => value instanceof RegExp }
const schema: Kind = { words: "a schema, such as Schema.Struct({ ... })", is: Schema.isSchema }
const nothing: Kind = { words: "null", is: (value) => value === null }
const anything: Kind = { words: "anything", is: () => true }
const policy: Kind = { words: "a policy", is: PollPolicy.isPollPolicy }
const place: Kind = {
  words: 'the way to a field, such as ["scan", "id"]',
  is: (value) => Array.isArray(value) && value.every((part) => typeof part === "string" || Number.isSafeInteger(part))
}
// A text that is no duration is told apart by its value, with the others.
const duration: Kind = {
  words: 'a duration, such as "5 seconds"',
  is: (value) => Duration.isDuration(value) || ["string", "number", "bigint"].includes(typeof value)
}

const words = (...known: ReadonlyArray<string>): Kind => ({
  words: `one of ${known.join(", ")}`,
  is: (value) => typeof value === "string" && known.includes(value)
})

const list = (kind: Kind): Kind => ({
  words: `a list, each ${kind.words}`,
  is: (value) => Array.isArray(value),
  inside: (value, where) => Object.values(value).flatMap((one: unknown, at) => faultsOf(one, [kind], `${where}[${at}]`))
})

const record = (what: string, kind: Kind): Kind => ({
  words: `an object with ${what}`,
  is: isObject,
  inside: (value, where) => Object.entries(value).flatMap(([key, one]) => faultsOf(one, [kind], `${where}.${key}`))
})

const object = <T>(parts: Parts<T>): Kind => ({
  words: `an object with ${Object.keys(parts).join(", ")}`,
  is: isObject,
  inside: (value, where) => partFaults(value, parts, `${where}.`)
})

const opt = (...kinds: ReadonlyArray<Kind>): Part => ({ needed: false, kinds })
const must = (...kinds: ReadonlyArray<Kind>): Part => ({ needed: true, kinds })

/** An object that is known by one of its fields. */
const by = <T>(field: keyof T & string, parts: Parts<T>): Kind => ({
  ...object(parts),
  words: `{ ${field} }`,
  is: (value) => isObject(value) && field in value
})

const faultsOf = (value: unknown, kinds: ReadonlyArray<Kind>, where: string): ReadonlyArray<string> => {
  const kind = kinds.find(({ is }) => is(value))
  if (kind === undefined) return [`${where} must be ${kinds.map((one) => one.words).join(", or ")}`]
  return typeof value === "object" && value !== null ? (kind.inside?.(value, where) ?? []) : []
}

const partFaults = <T>(value: object, parts: Parts<T>, prefix: string): ReadonlyArray<string> => {
  const known: ReadonlyArray<readonly [string, Part]> = Object.entries(parts)
  const given = Object.entries(value).filter(([, one]) => one !== undefined)
  const names = known.map(([name]) => name)
  return [
    ...given.flatMap(([name]) =>
      names.includes(name)
        ? []
        : [
            `${prefix}${name} is not known${meant(
              name,
              names.filter((one) => Reflect.get(value, one) === undefined)
            )}`
          ]
    ),
    ...known.flatMap(([name, { kinds, needed }]) => {
      const one: unknown = Reflect.get(value, name)
      if (one !== undefined) return faultsOf(one, kinds, `${prefix}${name}`)
      return needed ? [`${prefix}${name} is missing`] : []
    })
  ]
}

const method = (...known: ReadonlyArray<string>): Part => opt(words(...known))
const body = words("json", "form", "multipart", "text", "none")
const located = by<{ readonly location: RegExp }>("location", { location: must(form) })

const ending = (word: "completed" | "partial" | "failed"): Kind => ({
  words: `{ ${word}: function }`,
  is: (value) => isObject(value) && word in value,
  inside: (value, where) => partFaults(value, { [word]: must(fn) }, `${where}.`)
})

const when: Kind = {
  words: "Vendor.when(...)",
  is: (value) => isObject(value) && Reflect.get(value, "_tag") === "When"
}
const endings = [ending("completed"), ending("partial"), ending("failed"), when]

const meaning: ReadonlyArray<Kind> = [
  words("queued", "running", "ended", "cancelled", "missing", "gone"),
  by<{ readonly moved: unknown }>("moved", { moved: must(place, fn) }),
  by<{ readonly running: unknown }>("running", { running: must(place, fn) }),
  ...endings
]

/** An object whose values may be no objects themselves. */
const each = (kinds: ReadonlyArray<Kind>): Kind => ({
  words: "an object",
  is: isObject,
  inside: (value, where) => Object.entries(value).flatMap(([key, one]) => faultsOf(one, kinds, `${where}.${key}`))
})

const pendings = list(
  object<PendingStatus>({
    status: must(whole),
    phase: must(words("queued", "running")),
    says: opt(form),
    within: opt(duration)
  })
)

const firm = (...kinds: ReadonlyArray<string>): Part => opt(words(...kinds.flatMap((kind) => [kind, `${kind}!`])))
const row = object<ErrorRow>({
  poll: firm("Transient", "Throttled", "Missing", "Denied", "Broken"),
  on: opt(list(words("status", "result", "findings", "list", "recover", "cancel"))),
  submit: firm("Refused", "Denied", "Throttled", "NotSent", "InDoubt"),
  says: opt(form),
  wait: opt(duration),
  advice: opt(text)
})

const auth: ReadonlyArray<Kind> = [
  words("bearer", "basic", "none"),
  by<{ readonly header: string; readonly scheme?: string }>("header", { header: must(text), scheme: opt(text) }),
  by<{ readonly query: string }>("query", { query: must(text) }),
  by<{ readonly sign: unknown }>("sign", { sign: must(fn) }),
  by<{ readonly clientCredentials: unknown }>("clientCredentials", {
    clientCredentials: must({ words: "an object with tokenUrl", is: (value) => isObject(value) && "tokenUrl" in value })
  })
]

type Any = Definition<unknown, unknown, unknown, unknown, unknown>

const parts: Parts<Any> = {
  name: must(text),
  title: must(text),
  scans: must(text),
  docs: must(text),
  asOf: opt(text),
  terms: opt(list(text)),
  baseUrl: must(text, nothing),
  auth: opt(...auth),
  key: opt(object<NonNullable<Any["key"]>>({ variable: must(text), form: opt(form), words: opt(text) })),
  headers: opt(record("texts", text)),
  probe: must(text),
  active: opt(flag),
  ids: opt(form, words("number")),
  sameId: opt(fn),
  settings: opt(record("settings", object<Setting>({ header: must(text), form: opt(form), words: opt(text) }))),
  target: must(schema),
  sample: must(anything),
  line: must(text, fn),
  check: opt(fn),
  subject: must(fn),
  environment: opt(fn),
  fingerprint: opt(fn),
  maxAge: opt(fn),
  prepare: opt(
    record(
      "calls",
      object<PrepareCall<unknown>>({
        method: method("POST", "PUT", "GET"),
        path: must(text, fn),
        query: opt(fn),
        body: opt(fn),
        as: opt(body),
        take: must(place, located, fn),
        pending: opt(
          object<NonNullable<PrepareCall<unknown>["pending"]>>({
            says: must(fn),
            every: must(duration),
            within: must(duration)
          })
        )
      })
    )
  ),
  submit: must(
    by<KnownScan<unknown>>("known", { known: must(fn) }),
    object<Submit<unknown, unknown>>({
      method: method("POST", "PUT", "GET"),
      path: must(text, fn),
      query: opt(fn),
      body: opt(fn),
      as: opt(body),
      answer: opt(words("json", "text")),
      id: must(place, located, by<{ readonly prepared: string }>("prepared", { prepared: must(text) }), fn),
      already: opt(
        object<NonNullable<Submit<unknown, unknown>["already"]>>({
          words: must(list(text)),
          meanings: opt(each([when])),
          warnings: opt(fn)
        })
      ),
      pollAtOnce: opt(list(text))
    })
  ),
  recover: opt(
    object<RecoverCall<never>>({ path: must(text, fn), query: opt(fn), scan: must(fn), none: opt(list(whole)) })
  ),
  answer: must(schema),
  payload: must(schema),
  status: must(
    object<Status<unknown, unknown>>({
      path: must(text, fn),
      query: opt(fn),
      id: must(place, nothing),
      word: must(place, fn),
      numeric: opt(flag),
      words: must(fn, each(meaning)),
      messages: opt(
        fn,
        by<{ readonly rows: unknown; readonly line: ReadonlyArray<string> }>("rows", {
          rows: must(place),
          line: must(list(text))
        })
      ),
      pending: opt(pendings),
      until: opt(fn),
      created: opt(place),
      completed: opt(place),
      subject: opt(fn),
      type: opt(place)
    })
  ),
  result: opt(
    object<ResultCall<unknown, unknown>>({
      path: must(text, fn),
      query: opt(fn),
      id: must(place, nothing),
      means: must(fn, ...endings),
      pending: opt(pendings)
    })
  ),
  findings: opt(
    object<FindingsCall<unknown>>({
      path: must(text, fn),
      page: opt(fn),
      pages: opt(whole),
      answer: must(schema),
      isAbout: opt(fn),
      read: must(fn)
    })
  ),
  list: opt(
    object<ListCall<unknown, unknown>>({
      path: must(text, fn),
      query: opt(fn),
      isAbout: opt(fn),
      rows: must(place, fn),
      total: opt(place),
      whole: opt(flag),
      row: must(schema),
      scan: must(fn),
      same: opt(fn),
      look: opt(object<NonNullable<ListCall<unknown, unknown>["look"]>>({ same: must(fn), most: opt(whole) })),
      pages: opt(whole)
    })
  ),
  cancel: opt(
    object<CancelCall>({
      method: method("POST", "PUT", "DELETE", "GET"),
      path: must(text, fn),
      query: opt(fn),
      body: opt(fn),
      as: opt(body)
    })
  ),
  keyProbe: opt(object<KeyProbe>({ path: must(text), query: opt(anything), passes: opt(list(whole)) })),
  errors: must(
    object<Errors<unknown>>({
      code: opt(place),
      message: must(place),
      either: opt(flag),
      details: opt(fn),
      advice: opt(place),
      requestId: opt(place),
      rows: must(each([list(row), row])),
      odd: opt(fn),
      unanswered: opt(text),
      doubt: opt(text, fn)
    })
  ),
  pacing: must(
    object<Pacing<unknown>>({
      limits: must(
        object<Pacing<unknown>["limits"]>({
          floor: must(duration),
          hintCap: opt(duration),
          pauseCap: opt(duration),
          throttledWait: opt(duration),
          submitTimeout: opt(duration)
        })
      ),
      every: must(
        object<Pacing<unknown>["every"]>({
          interactive: must(duration, policy),
          default: must(duration, policy),
          background: must(duration, policy),
          bulk: must(duration, policy)
        })
      ),
      deadline: opt(duration),
      budget: must(
        object<AccountLimits>({
          requests: must(whole, nothing),
          window: opt(duration),
          windows: opt(list({ words: "an object with requests and window", is: isObject })),
          submitGap: opt(duration),
          openScans: opt(whole, nothing),
          typicalDuration: must(duration),
          pollsPerScan: opt(fn)
        })
      ),
      durations: opt(
        object<KnownDurations<unknown>>({
          prior: must({ words: "an object with low and high", is: isObject }),
          kind: must(fn)
        })
      )
    })
  )
}

/** Every part that is missing, not known or of another kind; empty for whatever types let through. */
export const faults = (definition: unknown): ReadonlyArray<string> =>
  isObject(definition) ? partFaults(definition, parts, "") : ["a definition is an object"]
