/**
 * How long reading one answer keeps everything else of the process waiting, with the worst answers that fit the bounds: what
 * another account's poll is late by because of it. It counts the time of this thread, not the wall's, so that other programs of
 * the machine do not count. Prints a row for each, and ends with 1 where one is above a second.
 *
 *     node packages/tooling/launch.mjs exec node packages/core/test/http/lateness.ts
 */
import * as Effect from "effect/Effect"
import process from "node:process"
import * as Scrubber from "../../src/model/Scrubber.ts"
import * as JsonBody from "../../src/http/JsonBody.ts"

const most = 10 * 1024 * 1024
const aim = 1_000

const filled = (piece: string, size = most - 64): string => piece.repeat(Math.floor(size / piece.length))
const list = (piece: string, count: number): string => `[${`${piece},`.repeat(count - 1)}${piece}]`

const worst: Readonly<Record<string, () => string>> = {
  "199 999 numbers": () => list("0", 199_999),
  "199 999 short texts with an escape": () => list('"\\u0061"', 199_999),
  "199 999 texts of 45 characters": () => list(`"${"x".repeat(45)}"`, 199_999),
  "99 999 different names": () => `{${Array.from({ length: 99_999 }, (_, at) => `"n${at}":0`).join(",")}}`,
  "99 999 names with an escape": () => `{${Array.from({ length: 99_999 }, (_, at) => `"\\u006e${at}":0`).join(",")}}`,
  "1 text of letters": () => `"${filled("a")}"`,
  "1 text of escapes": () => `"${filled("\\u0061")}"`,
  "1 text of escaped escapes": () => `"${filled("\\\\u0061")}"`,
  "1 text of percent-encoding, four deep": () => `"${filled("%25252561")}"`,
  "1 text of HTML entities": () => `"${filled("&#x26;#x26;#x61;")}"`,
  "1 text of base64": () => `"${filled("c2stbGl2ZS1jYW5hcnk")}"`,
  "1 text of hexadecimal": () => `"${filled("736b2d6c6976652d63616e617279")}"`,
  "1 text of what nobody sees": () => `"${filled("s\u200bk\u200b", most / 2 - 64)}"`,
  "1 text of styled letters": () => `"${filled("\u{1d42c}\u{1d424}", most / 2 - 64)}"`,
  "1 text of accents": () => `"${filled("s\u0301k\u0301", most / 1.5 - 64)}"`,
  "1 text of entities by name": () => `"${filled("&ZeroWidthSpace;&lowbar;")}"`,
  "1 text of base64 with line ends": () => `"${filled("c2stbGl2ZS1j\\r\\n")}"`,
  "1 text of hexadecimal in pairs": () => `"${filled("73:6b:2d:6c:")}"`,
  "1 text of digits": () => `"${filled("0123456789")}"`,
  "10 000 texts of four encodings": () => list(`"${filled("%252561&#x61;\\u0061YWFh", 900)}"`, 10_000),
  "1 text of beginnings of a key": () => `"${filled("sk-live-canar")}"`,
  "1 text full of keys": () => `"${filled("sk-live-canary-0123 ")}"`,
  "100 levels, over and over": () => list(`${"[".repeat(90)}${"]".repeat(90)}`, 2_000)
}

const now = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
}

// The longest time between two turns of a timer of 5 ms while an answer is read.
const latest = async (
  text: string
): Promise<{ readonly late: number; readonly took: number; readonly how: string }> => {
  const scrubber = Scrubber.make()
  for (let at = 0; at < 20; at++) scrubber.learn(`sk-live-canary-${at}123`)
  scrubber.learn("sk-live-canary-0123")
  const bytes = new TextEncoder().encode(text)
  let late = 0
  let last = now()
  const timer = setInterval(() => {
    const at = now()
    late = Math.max(late, at - last)
    last = at
  }, 5)
  await new Promise((resume) => setTimeout(resume, 50))
  late = 0
  const began = now()
  const { body } = await Effect.runPromise(JsonBody.decode(bytes, { maxDepth: 100, about: () => "", scrubber }))
  const took = now() - began
  await new Promise((resume) => setTimeout(resume, 20))
  clearInterval(timer)
  return { late, took, how: body._tag === "Json" ? "read" : body.why }
}

let isOver = false
console.log("| an answer | MiB | read | ms | another poll is late by, ms |\n|---|---|---|---|---|")
for (const [name, make] of Object.entries(worst)) {
  const text = make()
  const { how, late, took } = await latest(text)
  isOver ||= late > aim
  const size = (text.length / 1024 / 1024).toFixed(1)
  console.log(`| ${name} | ${size} | ${how} | ${took.toFixed(0)} | ${late.toFixed(0)} |`)
}
process.exitCode = isOver ? 1 : 0
