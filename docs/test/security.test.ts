import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { cases } from "../../packages/tooling/faultCases.mjs"
import * as Reliability from "../../packages/tooling/reliability.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))
const page = readFileSync(join(root, "SECURITY.md"), "utf8")

const section = (title: string): string => {
  const from = page.indexOf(`\n## ${title}\n`)
  const to = page.indexOf("\n## ", from + 1)
  return from < 0 ? "" : page.slice(from, to < 0 ? undefined : to)
}

const id = /\b[A-Z]{1,2}-\d\d\b/g

// `S-02 to S-05` names all of them.
const idsIn = (text: string): ReadonlyArray<string> => {
  const ranges = [...text.matchAll(/\b([A-Z]{1,2})-(\d\d) to \1-(\d\d)\b/g)]
  const within = ranges.flatMap(([, kind = "", from = "", to = ""]) =>
    Array.from(
      { length: Number(to) - Number(from) + 1 },
      (_, at) => `${kind}-${String(Number(from) + at).padStart(2, "0")}`
    )
  )
  return [...within, ...(text.match(id) ?? [])]
}

// The test files that a text names.
const filesIn = (text: string): ReadonlyArray<string> => text.match(/packages\/[\w/]+\.test\.ts/g) ?? []

const testsOf = (line: string): string => line.split("|").at(-2) ?? ""

const promises = section("What is promised")
  .split(/\n(?=- \*\*)/)
  .slice(1)
const rows = ["What a plan can do", "Who is not trusted"].flatMap((title) =>
  section(title)
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .filter((line) => !line.endsWith("| tests |") && !line.startsWith("| ---"))
)

describe("SECURITY.md", () => {
  it("names the tests of each of its promises and of each row of its tables, and each of them is there", () => {
    const known = new Set(cases.map(([name]) => name))
    const proven = new Set(Reliability.proofs().map((proof) => proof.id))
    assert.isAtLeast(promises.length, 10)
    assert.isAtLeast(rows.length, 20)
    const bare = [
      ...promises.filter(
        (text) => !/\n {2}Tests: [^\n]+\.\s*(?:\n\n|$)/.test(`${text.trimEnd().split("\n\n")[0] ?? ""}\n\n`)
      ),
      ...rows.filter((line) => idsIn(testsOf(line)).length + filesIn(testsOf(line)).length === 0)
    ]
    assert.deepStrictEqual(bare, [])
    const lost = idsIn(page).filter((name) => !known.has(name) || !proven.has(name))
    assert.deepStrictEqual(lost, [])
    const gone = filesIn(page).filter((file) => !existsSync(join(root, file)))
    assert.deepStrictEqual(gone, [])
  })
})
