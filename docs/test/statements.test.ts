import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")
const page = read("docs/vendors/statements.md")

interface Statement {
  readonly id: string
  readonly says: string
  readonly tests: ReadonlyArray<{ readonly file: string; readonly title: string }>
}

const statements: ReadonlyArray<Statement> = [...page.matchAll(/^\| ([A-Z]{2}\d\d) \| (.+?) \| (.*) \|$/gm)].map(
  ([, id = "", says = "", cell = ""]) => ({
    id,
    says,
    tests: (cell === "**not yet**" ? [] : cell.split("<br>")).map((one) => {
      const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(one) ?? []
      return { file, title: title.replaceAll("\\|", "|").replaceAll("&lt;", "<") }
    })
  })
)

const titles = new Map<string, ReadonlySet<string>>()
const titlesOf = (file: string): ReadonlySet<string> => {
  const known = titles.get(file)
  if (known !== undefined) return known
  const text = existsSync(new URL(file, root)) ? read(file) : ""
  const found = new Set(
    [...text.matchAll(/(["`])((?:\\.|(?!\1)[^\\\n])*)\1/g)].map(([, , literal = ""]) => literal.replaceAll('\\"', '"'))
  )
  titles.set(file, found)
  return found
}

describe("docs/vendors/statements.md", () => {
  it("names for every documented statement of a vendor's page a test that is there", () => {
    const gone = statements.flatMap(({ id, says, tests }) =>
      tests.flatMap(({ file, title }) =>
        titlesOf(file).has(title) ? [] : [`${id} ${says}: ${file} has no test "${title}"`]
      )
    )
    assert.deepStrictEqual(gone, [])
  })

  it("leaves no statement without a test but those the engine does not follow yet", () => {
    const open = statements.flatMap(({ says, tests }) => (tests.length === 0 ? [says] : []))
    assert.deepStrictEqual(open, ["`Retry-After` may be shorter than the pace"])
  })

  it("counts its statements, and has each once", () => {
    assert.include(page, `statement by statement: ${statements.length} of them`)
    assert.isAtLeast(statements.length, 214)
    assert.strictEqual(new Set(statements.map(({ id }) => id)).size, statements.length)
    assert.strictEqual(page.match(/^\| [A-Z]{2}\d/gm)?.length, statements.length)
  })
})
