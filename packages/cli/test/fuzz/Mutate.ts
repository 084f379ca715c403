/** Changes to texts, bytes and JSON that keep most of their structure: what is nearly right finds more than noise. */
import type { Chance } from "./Chance.ts"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [name: string]: Json }

// Values as JSON text: some of them no JavaScript value could be written as.
const oddJson: ReadonlyArray<string> = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1",
  "1.5",
  "100",
  "101",
  "-1e-9",
  "100.0000001",
  "1e999",
  "-1e999",
  "1e21",
  "9007199254740993",
  "4294967296",
  '""',
  '" "',
  '"0"',
  '"NaN"',
  '"Infinity"',
  '"null"',
  '"87.5"',
  '"completed"',
  '"Completed"',
  '"completed "',
  '"complete"',
  '"failed"',
  '"partial"',
  '"running"',
  '"processing"',
  '"pending"',
  '"queued"',
  '"scanning"',
  '"archived"',
  "[]",
  "{}",
  "[[]]",
  "[null]",
  "[{}]",
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u2028\\u2029"',
  '"\\ufeff"',
  '"\\u001b[2J\\u0007"',
  '"\\u202e\\u2066"',
  '"=1+1"',
  '"<script>alert(1)</script>"',
  '"]]>"',
  '"::error::x"',
  '"2026-02-30T00:00:00Z"',
  '"0000-00-00T00:00:00Z"',
  '"+275760-09-13T00:00:00Z"',
  '"12:00:05"',
  '"javascript:alert(1)"',
  '"//evil.example/x"',
  '"../../etc"',
  '"data:text/html,x"',
  '"Low"',
  '"Very High"',
  '"very high"',
  '"A+"',
  '"Z"'
]

const oddNames: ReadonlyArray<string> = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "",
  " ",
  "0",
  "id",
  "status",
  "scan_id",
  "result",
  "error",
  "length",
  "valueOf",
  "toJSON",
  "Status",
  "ID"
]

const oddTexts: ReadonlyArray<string> = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "\ufeff",
  "\u2028",
  "\r\n",
  "\u001b]52;c;eA==\u0007",
  "\u202e",
  "%2e%2e",
  "..",
  "/",
  "?x=1",
  "#",
  "\\",
  "'",
  '"',
  "`",
  "=",
  "+",
  "-",
  "@",
  "1e999",
  "NaN",
  "a".repeat(300),
  "\u{1f4a9}",
  "e\u0301",
  "\u00e4",
  "<b>"
]

export const oddText = (chance: Chance): string => chance.pick(oddTexts)

/** A text with some of its characters changed. */
export const text = (chance: Chance, from: string, times = 1 + chance.below(4)): string => {
  let out = from
  for (let i = 0; i < times; i++) {
    const at = chance.below(out.length + 1)
    const to = Math.min(out.length, at + chance.below(6))
    switch (chance.below(7)) {
      case 0:
        out = out.slice(0, at) + out.slice(to)
        break
      case 1:
        out = out.slice(0, at) + oddText(chance) + out.slice(at)
        break
      case 2:
        out = out.slice(0, at) + String.fromCharCode(chance.below(256)) + out.slice(to)
        break
      case 3:
        out = out.slice(0, at) + out.slice(at, to).repeat(1 + chance.below(3)) + out.slice(to)
        break
      case 4:
        out = out.slice(0, at)
        break
      case 5: {
        const from = chance.below(out.length + 1)
        out = out.slice(0, at) + out.slice(from, from + chance.below(20)) + out.slice(at)
        break
      }
      case 6:
        out = out.slice(0, at) + out.slice(at, to).toUpperCase() + out.slice(to)
        break
    }
    if (out.length > 20_000) out = out.slice(0, 20_000)
  }
  return out
}

/** Bytes with some of them changed, added or cut off. */
export const bytes = (chance: Chance, from: Uint8Array): Uint8Array => {
  const out = Array.from(from)
  for (let i = 1 + chance.below(6); i > 0; i--) {
    const at = chance.below(out.length + 1)
    switch (chance.below(4)) {
      case 0:
        out.splice(at, 1 + chance.below(4))
        break
      case 1:
        out.splice(at, 0, chance.below(256))
        break
      case 2:
        if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << chance.below(8))
        break
      case 3:
        out.splice(at, 1, chance.pick([0, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xef, 0x22, 0x5c, 0x7b, 0x7d]))
        break
    }
  }
  return Uint8Array.from(out)
}

// A document with its texts as JSON wrote them, so that a value may become any text.
type Tree = string | ReadonlyArray<Tree> | { readonly fields: ReadonlyArray<readonly [name: string, value: Tree]> }

const isText = (tree: Tree): tree is string => typeof tree === "string"
const isList = (tree: Tree): tree is ReadonlyArray<Tree> => Array.isArray(tree)

const grow = (value: Json): Tree => {
  if (Array.isArray(value)) return value.map(grow)
  if (typeof value === "object" && value !== null) {
    return { fields: Object.entries(value).map(([name, inner]) => [name, grow(inner)] as const) }
  }
  return JSON.stringify(value)
}

const write = (tree: Tree, chance: Chance, quirks: boolean): string => {
  const gap = (): string => (quirks && chance.once(8) ? chance.pick([" ", "\n", "\t", "\r\n", "  "]) : "")
  if (isText(tree)) return tree
  if (isList(tree)) return `[${tree.map((entry) => gap() + write(entry, chance, quirks)).join(",")}${gap()}]`
  const fields = tree.fields.map(([name, value]) => {
    const quoted = JSON.stringify(name)
    // The same name in another spelling.
    const spelt =
      quirks && name !== "" && chance.once(12)
        ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${quoted.slice(2)}`
        : quoted
    return `${gap()}${spelt}:${gap()}${write(value, chance, quirks)}`
  })
  return `{${fields.join(",")}${gap()}}`
}

const change = (chance: Chance, tree: Tree, told: ReadonlyArray<string>): Tree => {
  const odd = (): Tree => (told.length > 0 && chance.once(6) ? JSON.stringify(chance.pick(told)) : chance.pick(oddJson))
  if (isText(tree)) {
    if (!chance.once(3) || !tree.startsWith('"')) return odd()
    return JSON.stringify(text(chance, String(JSON.parse(tree)), 1))
  }
  if (isList(tree)) {
    if (tree.length === 0) return chance.once(2) ? odd() : [odd()]
    const at = chance.below(tree.length)
    switch (chance.below(6)) {
      case 0:
        return odd()
      case 1:
        return tree.filter((_, index) => index !== at)
      case 2:
        return [...tree, ...tree]
      case 3:
        return [...tree.slice(0, at), odd(), ...tree.slice(at)]
      default:
        return tree.map((entry, index) => (index === at ? change(chance, entry, told) : entry))
    }
  }
  const { fields } = tree
  if (fields.length === 0) return chance.once(2) ? odd() : { fields: [[chance.pick(oddNames), odd()]] }
  const at = chance.below(fields.length)
  const field = fields[at]
  if (field === undefined) return tree
  const [name, value] = field
  const put = (...instead: ReadonlyArray<readonly [string, Tree]>): Tree => ({
    fields: [...fields.slice(0, at), ...instead, ...fields.slice(at + 1)]
  })
  switch (chance.below(10)) {
    case 0:
      return put()
    case 1:
      return put([name, odd()])
    case 2:
      // Twice, with two values.
      return put([name, odd()], [name, value])
    case 3:
      return put([name, value], [name, odd()])
    case 4:
      return put([chance.pick(oddNames), value], [name, value])
    case 5:
      return put([text(chance, name, 1), value])
    case 6: {
      let deep: Tree = value
      for (let i = chance.pick([1, 2, 90, 98, 99, 100, 101, 200]); i > 0; i--)
        deep = chance.once(2) ? [deep] : { fields: [[name, deep]] }
      return put([name, deep])
    }
    case 7: {
      const other = fields[chance.below(fields.length)]
      return other === undefined ? tree : put([name, other[1]])
    }
    default:
      return put([name, change(chance, value, told)])
  }
}

/**
 * A document near `from`, as text. `told` are texts that may stand anywhere in it. One in ten is `from` itself, written
 * another way.
 */
export const json = (chance: Chance, from: Json, told: ReadonlyArray<string> = []): string => {
  let tree = grow(from)
  for (let i = chance.once(10) ? 0 : 1 + chance.below(3); i > 0; i--) tree = change(chance, tree, told)
  return write(tree, chance, chance.once(3))
}

const encoder = new TextEncoder()

/** The bytes of a document near `from`; some are no document any more. */
export const body = (chance: Chance, from: Json, told: ReadonlyArray<string> = []): Uint8Array => {
  const whole = json(chance, from, told)
  switch (chance.below(16)) {
    case 0:
      return bytes(chance, encoder.encode(whole))
    case 1:
      return encoder.encode(text(chance, whole))
    case 2:
      return encoder.encode(chance.pick(["\ufeff", "\ufeff\ufeff", " ", "\n", "\u0000", ")]}',\n"]) + whole)
    case 3:
      return encoder.encode(whole + chance.pick([whole, " ", "\n", "x", ",", "{}", "\u0000", "//"]))
    case 4:
      return encoder.encode(whole.slice(0, chance.below(whole.length + 1)))
    case 5:
      return chance.once(4)
        ? Uint8Array.from({ length: chance.below(64) }, () => chance.below(256))
        : encoder.encode(whole)
    default:
      return encoder.encode(whole)
  }
}
