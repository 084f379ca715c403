/** The rules of reading, as `Wire` documents them, at any depth: held against a second reading that is written from the rules alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

type Need = "needed" | "optional" | "decides"
type Spec =
  | { readonly is: "count" }
  | { readonly is: "words" }
  | { readonly is: "struct"; readonly fields: Readonly<Record<string, readonly [Need, Spec]>> }
  | { readonly is: "sieve"; readonly of: Spec }
  | { readonly is: "record"; readonly of: Spec }

const count: Spec = { is: "count" }
const words: Spec = { is: "words" }
const struct = (fields: Readonly<Record<string, readonly [Need, Spec]>>): Spec => ({ is: "struct", fields })
const sieve = (of: Spec): Spec => ({ is: "sieve", of })
const record = (of: Spec): Spec => ({ is: "record", of })

const check = struct({ name: ["needed", words], times: ["optional", count], score: ["decides", count] })
const inner = struct({ id: ["needed", count], note: ["optional", words], checks: ["optional", sieve(check)] })
const answer = struct({
  id: ["needed", words],
  verdict: [
    "decides",
    struct({ score: ["needed", count], grade: ["optional", words], by: ["optional", record(inner)] })
  ],
  parts: ["needed", sieve(inner)],
  whole: ["optional", inner],
  counts: ["optional", record(count)]
})

const schemaOf = (spec: Spec): Wire.Codec => {
  switch (spec.is) {
    case "count":
      return Wire.count
    case "words":
      return Wire.words()
    case "sieve":
      return Wire.sieve(schemaOf(spec.of))
    case "record":
      return Schema.Record(Schema.String, schemaOf(spec.of))
    case "struct":
      return Schema.Struct(
        Object.fromEntries(
          Object.entries(spec.fields).map(([name, [need, field]]) => {
            const schema = schemaOf(field)
            return [
              name,
              need === "needed" ? schema : need === "optional" ? Schema.optionalKey(schema) : Wire.decides(schema)
            ]
          })
        )
      )
  }
}

/** What is wrong counts for the whole answer where a field that decides is wrong, or holds what is. */
type Read = { readonly value: unknown; readonly leftOut: number } | "wrong" | "decided"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Entries that may be left out, each by itself. */
const readEntries = (entries: ReadonlyArray<readonly [string, unknown]>, of: Spec) => {
  const kept: Array<readonly [string, unknown]> = []
  let leftOut = 0
  let lost = 0
  for (const [name, entry] of entries) {
    const read = readBy(of, entry)
    if (read === "decided") return read
    if (read === "wrong") {
      lost += 1
      continue
    }
    kept.push([name, read.value])
    leftOut += read.leftOut
  }
  return { kept, leftOut, lost }
}

const readBy = (spec: Spec, value: unknown): Read => {
  switch (spec.is) {
    case "count":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? { value, leftOut: 0 } : "wrong"
    case "words":
      return typeof value === "string" && value.trim() !== "" ? { value, leftOut: 0 } : "wrong"
    case "sieve": {
      if (!Array.isArray(value)) return "wrong"
      const read = readEntries(
        value.map((entry: unknown) => ["", entry] as const),
        spec.of
      )
      if (read === "decided") return read
      return { value: read.kept.map(([, entry]) => entry), leftOut: read.leftOut + read.lost }
    }
    case "record": {
      if (!isRecord(value)) return "wrong"
      const read = readEntries(Object.entries(value), spec.of)
      return read === "decided" ? read : { value: Object.fromEntries(read.kept), leftOut: read.leftOut }
    }
    case "struct": {
      if (!isRecord(value)) return "wrong"
      const kept: Array<readonly [string, unknown]> = []
      let leftOut = 0
      let isWrong = false
      for (const [name, [need, field]] of Object.entries(spec.fields)) {
        const found = value[name] ?? null
        if (found === null) {
          isWrong ||= need === "needed"
          continue
        }
        const read = readBy(field, found)
        if (read === "decided" || (read === "wrong" && need === "decides")) return "decided"
        if (read === "wrong") isWrong ||= need === "needed"
        else {
          kept.push([name, read.value])
          leftOut += read.leftOut
        }
      }
      return isWrong ? "wrong" : { value: Object.fromEntries(kept), leftOut }
    }
  }
}

const oneCheck = { name: "tls", times: 1, score: 71 }
const oneInner = { id: 1, note: "n", checks: [oneCheck, { ...oneCheck, name: "csp" }] }
const good = {
  id: "s-1",
  verdict: { score: 71, grade: "B", by: { left: oneInner, right: { id: 3 } } },
  parts: [oneInner, { id: 2, checks: [oneCheck] }],
  whole: { id: 4, note: "n" },
  counts: { high: 1, low: 2 }
}

type Path = ReadonlyArray<string>
const pathsOf = (value: unknown, at: Path = []): ReadonlyArray<Path> => [
  at,
  ...(typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, one]) => pathsOf(one, [...at, name]))
    : [])
]
const paths = pathsOf(good)

/** The value with another one at a path; undefined takes it away. */
const put = (value: unknown, [step, ...rest]: Path, other: unknown): unknown => {
  if (step === undefined) return other
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).flatMap(([name, one]) => {
    const next: unknown = name === step ? put(one, rest, other) : one
    return next === undefined ? [] : [[name, next] as const]
  })
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries)
}

const secret = "sk-live-0123456789"
const others: ReadonlyArray<unknown> = [
  undefined,
  null,
  secret,
  "",
  -1,
  0.5,
  7,
  true,
  [],
  [secret],
  [null, oneInner],
  {},
  { name: secret, score: secret },
  { id: 3 },
  { more: oneInner }
]

const Edits = Schema.Array(
  Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: paths.length - 1 })),
    to: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: others.length - 1 }))
  })
).check(Schema.isMaxLength(5))

const read = Wire.reader(schemaOf(answer))

const agree = (value: unknown): void => {
  const wanted = readBy(answer, value)
  const seen = read(value)
  if (typeof wanted === "string") {
    assert.isTrue(Result.isFailure(seen), JSON.stringify(value))
    return
  }
  const { leftOut, value: kept, warnings } = Result.getOrThrow(seen)
  assert.deepStrictEqual(kept, wanted.value)
  // What is wrong within something that is left out as a whole counts as well.
  assert.isAtLeast(leftOut, wanted.leftOut)
  assert.notInclude(warnings.join("\n"), secret)
}

describe("an answer of any depth", () => {
  it("is read whole where nothing is wrong", () => {
    assert.deepStrictEqual(Result.getOrThrow(read(good)), { value: good, warnings: [], leftOut: 0 })
  })

  it("is read by the documented rules, whatever one place holds, and no warning quotes a value", () => {
    assert.isAbove(paths.length, 30)
    for (const path of paths) for (const other of others) agree(put(good, path, other))
  })

  it.prop(
    "is read by the documented rules, whatever several places hold, and no warning quotes a value",
    [Edits],
    ([edits]) => {
      agree(edits.reduce<unknown>((value, { at, to }) => put(value, paths[at] ?? [], others[to]), good))
    },
    { arbitrary: { runs: 500 } }
  )
})
