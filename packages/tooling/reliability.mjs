/**
 * Writes the table of docs/reliability.md: each fault, the promises it tries, and the tests whose names carry its id.
 *
 *     node packages/tooling/launch.mjs exec node packages/tooling/reliability.mjs [--check]
 *
 * With `--check` it writes nothing, and exits with 1 when the page is not what the tests say.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { cases } from "./faultCases.mjs"

export const root = fileURLToPath(new URL("../../", import.meta.url))
const page = "docs/reliability.md"
const begin = "<!-- the table below is made by packages/tooling/reliability.mjs -->"
const end = "<!-- end of the table -->"

const idPattern = /\b(?:TR|ST|HD|BD|EX|CO|AV|TM|DU|RL|CL|RP|SE|SI|S|D)-\d\db?\b/g
const literal = /(["`])((?:\\.|(?!\1)[^\\\n])*)\1/g
const call = /\b(describe|it|test|live)\b((?:\.\w+)*)/g

/**
 * How a test runs: in a process or browser of its own, over real sockets, on a virtual clock, or as a plain function.
 *
 * @param {string} text of the file
 * @param {number} at where its name stands
 */
const levelOf = (text, at) => {
  if (/support\/(?:command|scenes)\.ts"|node:child_process/.test(text)) return "process"
  if (/\.\/(?:\.\.\/)?browser\.ts"|playwright|puppeteer/.test(text)) return "browser"
  let kind = "it"
  for (const [, word = "", rest = ""] of text.slice(0, at).matchAll(call)) {
    if (word !== "describe") kind = word + rest
  }
  if (kind.startsWith("live") || kind.includes(".live")) return /databases/.test(text) ? "store" : "sockets"
  return kind.includes(".effect") ? "virtual clock" : "pure"
}

/**
 * @typedef {{ readonly id: string, readonly file: string, readonly name: string, readonly level: string }} Proof
 * @returns {ReadonlyArray<Proof>} every id in the name of a test, in the order of files
 */
export const proofs = () =>
  globSync("{packages/*,packages/vendors/*,docs}/test/**/*.ts", { cwd: root })
    .filter((file) => !file.includes("node_modules"))
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8")
      return [...text.matchAll(literal)].flatMap((found) => {
        const name = found[2] ?? ""
        const ids = name.includes(" ") ? [...new Set(name.match(idPattern) ?? [])] : []
        return ids.map((id) => ({ id, file, name, level: levelOf(text, found.index) }))
      })
    })

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\\\\|", "\\|")

/** @param {string} name without the ids, which have a column of their own */
const short = (name) => name.replace(/ \([A-Z0-9b, -]+\)$/, "")

/** The table as it should be. */
export const table = () => {
  const all = proofs()
  const unknown = all.filter(({ id }) => !cases.some(([known]) => known === id))
  if (unknown.length > 0)
    throw new Error(`no such case: ${unknown.map(({ file, id }) => `${id} in ${file}`).join(", ")}`)
  const open = cases.filter(([id]) => !all.some((proof) => proof.id === id))
  const rows = cases.map(([id, promises, words]) => {
    const tests = all
      .filter((proof) => proof.id === id)
      .map(({ file, level, name }) => `\`${file}\` (${level}): ${cell(short(name))}`)
    return `| ${id} | ${words} | ${promises} | ${tests.length === 0 ? "**not yet**" : tests.join("<br>")} |`
  })
  return [
    begin,
    "",
    `${cases.length - open.length} of ${cases.length} cases have a test that carries their id.` +
      (open.length === 0 ? "" : ` Not yet: ${open.map(([id]) => id).join(", ")}.`),
    "",
    "| case | what happens | promises | tests |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    end
  ].join("\n")
}

/** The whole page as it should be. */
export const whole = () => {
  const text = readFileSync(join(root, page), "utf8")
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table`)
  return text.slice(0, from) + table() + text.slice(to + end.length)
}

export const current = () => readFileSync(join(root, page), "utf8")

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) process.exitCode = whole() === current() ? 0 : 1
  else writeFileSync(join(root, page), whole())
}
