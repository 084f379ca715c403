// Places inside a JSON body: read one, change one. Touches nothing; a body that is given is never changed.
import { isDeepStrictEqual } from "node:util"

/** The way to a value inside a JSON body. */
export type Path = ReadonlyArray<string | number>

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const get = (body: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (found, part) =>
      typeof found === "object" && found !== null && Object.hasOwn(found, part) ? Reflect.get(found, part) : undefined,
    body
  )

export const samePath = (a: Path, b: Path): boolean => a.length === b.length && a.every((part, at) => part === b[at])

export const showPath = (path: Path): string => (path.length === 0 ? "the body" : path.join("."))

/** The body with `value` at `path`; undefined takes the field away. A way that leads nowhere changes nothing. */
export const set = (body: unknown, path: Path, value: unknown): unknown => {
  const [part, ...rest] = path
  if (part === undefined) return value
  if (Array.isArray(body)) {
    return body.flatMap((item: unknown, at) => {
      if (at !== part) return [item]
      const inner = set(item, rest, value)
      return inner === undefined ? [] : [inner]
    })
  }
  if (!isRecord(body)) return body
  const name = String(part)
  if (!Object.hasOwn(body, name) && rest.length > 0) return body
  const inner = set(body[name], rest, value)
  const others = Object.entries(body).filter(([key]) => key !== name)
  return Object.fromEntries(inner === undefined ? others : [...others, [name, inner]])
}

/** The body with `value` at `path`, the way to it made where there is none. */
export const put = (body: unknown, path: Path, value: unknown): unknown => {
  const [part, ...rest] = path
  if (part === undefined) return value
  if (typeof part === "number") {
    const items: ReadonlyArray<unknown> = Array.isArray(body) ? body : []
    return Array.from({ length: Math.max(items.length, part + 1) }, (_, at) =>
      at === part ? put(items[at], rest, value) : (items[at] ?? null)
    )
  }
  const fields = isRecord(body) ? body : {}
  return { ...fields, [part]: put(fields[part], rest, value) }
}

/** The body with every text replaced, those at `kept` left as they are. */
export const mapTexts = (
  body: unknown,
  kept: ReadonlyArray<Path>,
  replace: (text: string) => unknown,
  at: Path = []
): unknown => {
  if (typeof body === "string") return kept.some((path) => samePath(path, at)) ? body : replace(body)
  if (Array.isArray(body)) return body.map((item: unknown, index) => mapTexts(item, kept, replace, [...at, index]))
  if (!isRecord(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([name, inner]) => [name, mapTexts(inner, kept, replace, [...at, name])])
  )
}

/** The body with every text, number, flag and null replaced. */
export const mapValues = (body: unknown, replace: (value: unknown) => unknown): unknown => {
  if (Array.isArray(body)) return body.map((item: unknown) => mapValues(item, replace))
  if (!isRecord(body)) return replace(body)
  return Object.fromEntries(Object.entries(body).map(([name, inner]) => [name, mapValues(inner, replace)]))
}

/** The body with unknown fields in every object, at every depth. */
export const enrich = (body: unknown): unknown => {
  if (Array.isArray(body)) return body.map(enrich)
  if (!isRecord(body)) return body
  return Object.fromEntries([
    ...Object.entries(body).map(([name, inner]) => [name, enrich(inner)] as const),
    ["x_conformance_unknown", { of: ["any", 1.5, null, true], within: {} }]
  ])
}

/** The ways to every value of a body that may be replaced without touching what lies at or around `kept`. */
const places = (body: unknown, kept: ReadonlyArray<Path>, at: Path = []): ReadonlyArray<Path> => {
  const around = kept.some((path) => at.every((part, index) => part === path[index]))
  const inner = Array.isArray(body)
    ? body.flatMap((item: unknown, index) => places(item, kept, [...at, index]))
    : isRecord(body)
      ? Object.entries(body).flatMap(([name, item]) => places(item, kept, [...at, name]))
      : []
  return around ? inner : [at, ...inner]
}

/** The most places of one body that are tried with values of other types. */
const mostPlaces = 120

/** Values that are seldom what a field should hold. */
export const strange: ReadonlyArray<unknown> = [null, "x", -1, [], { x: [] }]

/** The body with a value of another type at one place after the other, what lies at or around `kept` left alone. */
export const distort = (
  body: unknown,
  kept: ReadonlyArray<Path>
): ReadonlyArray<{ readonly about: string; readonly body: unknown }> =>
  places(body, kept)
    .slice(0, mostPlaces)
    .flatMap((path) =>
      strange.map((value) => ({
        about: `${JSON.stringify(value)} at ${showPath(path)}`,
        body: set(body, path, value)
      }))
    )

/** The body with what is no entry in place of one entry of a list after the other. */
export const spoilEntries = (body: unknown): ReadonlyArray<{ readonly about: string; readonly body: unknown }> =>
  places(body, [])
    .filter((path) => typeof path.at(-1) === "number" && isRecord(get(body, path)))
    .slice(0, mostPlaces)
    .flatMap((path) =>
      [null, "x", 7, {}].map((value) => ({
        about: `${JSON.stringify(value)} for the entry at ${showPath(path)}`,
        body: set(body, path, value)
      }))
    )

/** JSON with something that `JSON.stringify` would not write in place of the marked values. */
export const unusualJson = (body: unknown, mark: string, written: string): string =>
  JSON.stringify(body).replaceAll(JSON.stringify(mark), written)

/** Every number of a body replaced by a mark. */
export const markNumbers = (body: unknown, mark: string, kept: ReadonlyArray<Path> = [], at: Path = []): unknown => {
  if (typeof body === "number") return kept.some((path) => samePath(path, at)) ? body : mark
  if (Array.isArray(body)) return body.map((item: unknown, index) => markNumbers(item, mark, kept, [...at, index]))
  if (!isRecord(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([name, inner]) => [name, markNumbers(inner, mark, kept, [...at, name])])
  )
}

/** JSON whose objects all carry keys that could reach a prototype. */
export const withPrototypeKeys = (body: unknown): string => {
  const poison = '"__proto__":{"conformancePolluted":true},"constructor":{"prototype":{"conformancePolluted":true}}'
  const write = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(write).join(",")}]`
    if (!isRecord(value)) return JSON.stringify(value) ?? "null"
    const fields = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${write(inner)}`)
    return `{${[poison, ...fields].join(",")}}`
  }
  return write(body)
}

/** Texts that have hurt programs which trusted them. */
export const hostileTexts: ReadonlyArray<string> = [
  "",
  "\u001b[2J\u001b]8;;https://elsewhere.example\u0007here\u001b]8;;\u0007",
  "\u0000\u0001\r\nSet-Cookie: session=1",
  "\u202egpj.exe\u2066 \u2028\u2029\ufeff",
  "\ud800 half a character \udfff",
  "__proto__",
  "constructor",
  "${1+1} %s %d %n {{7*7}}",
  '<img src=x onerror="alert(1)">]]>',
  '=HYPERLINK("https://elsewhere.example")',
  "javascript:alert(1)",
  "x".repeat(20_000),
  "\u{1f600}".repeat(5_000)
]

/** What could be mistaken for a documented status word by a program that does not compare exactly. */
export const nearWords = (word: string): ReadonlyArray<string> => {
  const lower = word.toLowerCase()
  const upper = word.toUpperCase()
  const first = word.charAt(0)
  return [
    lower,
    upper,
    first.toUpperCase() + word.slice(1),
    first.toLowerCase() + word.slice(1).toUpperCase(),
    ` ${word}`,
    `${word} `,
    `\t${word}\n`,
    `\u00a0${word}`,
    `${word}\u200b`,
    `\ufeff${word}`,
    `${word}\u0000`,
    word.slice(0, -1),
    word.slice(1),
    `${word}d`,
    `${word}_with_warnings`,
    `not ${word}`,
    `un${word}`,
    `${word},${word}`,
    `"${word}"`,
    word.replace(/[aeo]/, (char) => ({ a: "\u0430", e: "\u0435", o: "\u043e" })[char] ?? char)
  ]
}

/** Words no vendor uses for a status, some of them names that every object answers to. */
export const unheardOf: ReadonlyArray<string> = [
  "x-conformance-unheard-of",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "0",
  "true",
  "x".repeat(20_000)
]

/** Values of `Retry-After` that name no wait. */
export const nonsenseHints: ReadonlyArray<string> = [
  "",
  "abc",
  "10s",
  "NaN",
  "Infinity",
  "-5",
  "+3",
  "1.5",
  "1e3",
  "0x10",
  "10;x",
  "10 20",
  "2026-05-01T00:00:00Z",
  "Fri, 31 Feb 2026 12:00:00 GMT",
  "null"
]

/** Ids that would change the path of a request, or break it, unless they are encoded. */
export const unsendableIds: ReadonlyArray<string> = [
  "",
  " ",
  ".",
  "..",
  "../keys",
  "a/b",
  "a/../../keys",
  "..\\keys",
  "%2e%2e",
  "a%2fb",
  "a?x=1",
  "a#b",
  "a;b=c",
  "//elsewhere.example",
  "https://elsewhere.example/x",
  "a\r\nX-Injected: 1",
  "a\u0000b",
  "\ud800",
  "\u00e9",
  "x".repeat(5_000)
]

/** An address in parts: its path at the slashes, its query by name and value. */
const partsOf = (address: string): ReadonlyArray<string> => {
  const [path = "", search = ""] = address.split("?", 2)
  const decoded = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return `${part} (not encoded)`
    }
  })
  return [...decoded, ...[...new URLSearchParams(search)].flat()]
}

/** Whether one address is the other with another id in it. */
export const sameAddress = (address: string, id: string, other: string, otherId: string): boolean =>
  isDeepStrictEqual(
    partsOf(other),
    partsOf(address).map((part) => part.replaceAll(id, () => otherId))
  )

/** Whether a part of an address holds the whole id. */
export const holdsId = (address: string, id: string): boolean => partsOf(address).some((part) => part.includes(id))
