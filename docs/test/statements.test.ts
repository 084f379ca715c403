import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as Shipped from "scanpoll/vendors/Shipped"

const root = new URL("../../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")
const page = read("docs/vendors/statements.md")

interface Statement {
  readonly id: string
  readonly says: string
  readonly tests: ReadonlyArray<{ readonly file: string; readonly title: string }>
}

const testsOf = (cell: string): Statement["tests"] =>
  cell.split("<br>").map((one) => {
    const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(one) ?? []
    return { file, title: title.replaceAll("\\|", "|").replaceAll("&lt;", "<") }
  })

const rowsOf = (text: string): ReadonlyArray<Statement> =>
  [...text.matchAll(/^\| ([A-Z]{2}\d\d) \| (.+?) \| (.*) \|$/gm)].map(([, id = "", says = "", cell = ""]) => ({
    id,
    says,
    tests: testsOf(cell)
  }))

const statements = rowsOf(page)

/** What of an answer could be worse than it looks, on the page of one vendor. */
const worseOf = (vendor: string): ReadonlyArray<Statement> => {
  const [, section = ""] = read(`docs/vendors/${vendor}.md`).split("## Could it say worse than we say?")
  const rows = (section.split("\n## ", 1)[0] ?? "").matchAll(/^\| (.+?) \| .+? \| (.*) \|$/gm)
  return [...rows]
    .filter(([, says]) => says !== "in an answer")
    .map(([, says = "", cell = ""]) => ({ id: vendor, says, tests: testsOf(cell) }))
}

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

const gone = (all: ReadonlyArray<Statement>): ReadonlyArray<string> =>
  all.flatMap(({ id, says, tests }) =>
    tests.flatMap(({ file, title }) =>
      titlesOf(file).has(title) ? [] : [`${id} ${says}: ${file} has no test "${title}"`]
    )
  )

/** Every example is in the tables; those with a page of their own say of which day their facts are. */
const examples = readdirSync(new URL("docs/examples/vendors/", root)).flatMap((file) =>
  file.endsWith(".ts") && !file.endsWith(".samples.ts") ? [file.slice(0, -".ts".length)] : []
)
const withPage = examples.filter((name) => existsSync(new URL(`docs/vendors/${name}.md`, root)))

describe("the table of the vendors", () => {
  it("has each shipped vendor and each example in every part: its key, its states, its evidence and its trap (issue 18)", () => {
    const [first = "", states = "", evidence = ""] = read("docs/vendors/README.md").split(/^(?=## )/m)
    const keyOf = (name: string) =>
      /variable: "(\w+)"/.exec(read(`docs/examples/vendors/${name}.ts`))?.[1] ?? assert.fail(`${name} has no key`)
    assert.includeMembers(examples, [
      "github-sarif",
      "harbourmaster",
      "probely",
      "sqlmap",
      "ssllabs",
      "urlscan-short",
      "zap"
    ])
    for (const { key, name } of [
      ...Shipped.all.map(({ keyVariable, name }) => ({ name, key: keyVariable })),
      ...examples.map((name) => ({ name, key: keyOf(name) }))
    ]) {
      const page = existsSync(new URL(`docs/vendors/${name}.md`, root))
        ? `${name}.md`
        : `../examples/vendors/${name}.ts`
      const row = first.split("\n").find((line) => line.includes(`](${page}) \`${name}\` |`)) ?? ""
      assert.include(row, `\`${key}\``, `${name} in the first table`)
      for (const [part, cells] of [
        [states, 7],
        [evidence, 6]
      ] as const) {
        const row = part.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? ""
        assert.lengthOf(row.split(" | "), cells, `${name} in ${part.split("\n", 1)[0]}`)
      }
    }
  })

  it("leads to pages that say of which day their facts are, as doctor does (issue 18)", () => {
    const page = (name: string) => read(`docs/vendors/${name}.md`).replaceAll("\n", " ")
    for (const { asOf, name } of Shipped.all) {
      assert.match(asOf ?? "", /^\d{4}-\d{2}-\d{2}$/, name)
      assert.include(page(name), `Facts of ${asOf ?? "no day"}`, name)
    }
    assert.includeMembers(withPage, ["sqlmap", "ssllabs", "zap"])
    for (const name of withPage) {
      const [, asOf = "no day"] = /asOf: "([\d-]+)"/.exec(read(`docs/examples/vendors/${name}.ts`)) ?? []
      assert.include(page(name), `Facts of ${asOf}`, name)
    }
  })
})

describe("the guide to a vendor of your own", () => {
  it("teaches by definitions of under 60 lines, and of under 100 for real vendors (issue 14)", () => {
    const lines = (name: string) => read(`docs/examples/vendors/${name}.ts`).split("\n").length - 1
    assert.isBelow(lines("harbourmaster"), 60)
    for (const name of ["urlscan-short", "probely"]) assert.isBelow(lines(name), 100, name)
    for (const name of ["harbourmaster", "urlscan-short", "probely"]) {
      assert.include(read("docs/guides/adapters.md"), `](../examples/vendors/${name}.ts)`)
    }
  })
})

describe("the pages of the vendors", () => {
  it.each(["appvet", "compliance", "exona", "examples", "sonarqube", "urlscan", "virustotal"])(
    "name for what could be worse in an answer of %s a test that is there",
    (vendor) => {
      const worse = worseOf(vendor)
      assert.isAtLeast(worse.length, 6)
      assert.deepStrictEqual(gone(worse), [])
      assert.deepStrictEqual(
        worse.filter(({ tests }) => !tests.some(({ file }) => file !== "")),
        []
      )
    }
  )
})

describe("docs/vendors/traps.md", () => {
  it("names for every trap of a vendor a test that is there, and the table of the vendors leads to it (issue 18)", () => {
    const traps = rowsOf(read("docs/vendors/traps.md"))
    assert.isAtLeast(traps.length, 61)
    assert.deepStrictEqual(gone(traps), [])
    assert.deepStrictEqual(
      traps.filter(({ tests }) => !tests.some(({ file }) => file !== "")),
      []
    )
    assert.include(read("docs/vendors/README.md"), "](traps.md)")
  })
})

describe("docs/vendors/statements.md", () => {
  it("names for every documented statement of a vendor's page a test that is there", () => {
    assert.deepStrictEqual(gone(statements), [])
  })

  it("leaves no statement without a test", () => {
    const open = statements.flatMap(({ says, tests }) => (tests.some(({ file }) => file !== "") ? [] : [says]))
    assert.deepStrictEqual(open, [])
  })

  it("counts its statements, and has each once", () => {
    assert.include(page, `statement by statement: ${statements.length} of them`)
    assert.isAtLeast(statements.length, 214)
    assert.strictEqual(new Set(statements.map(({ id }) => id)).size, statements.length)
    assert.strictEqual(page.match(/^\| [A-Z]{2}\d/gm)?.length, statements.length)
  })
})
