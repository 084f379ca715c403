// What holds the pages to their word is held to its own.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert, describe, it, type TestContext } from "vitest"
import { withChecks } from "../../packages/tooling/doctest.mjs"
import * as Links from "../../packages/tooling/links.mjs"
import * as Snippets from "../../packages/tooling/snippets.mjs"
import * as Check from "./support/check.ts"
import { commandsOf, difference } from "./support/session.ts"

const repository = async (test: TestContext, files: Readonly<Record<string, string>>): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), "scanpoll-pages-"))
  test.onTestFinished(() => rm(root, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  return root
}

describe("the checks of an example", () => {
  it("refuse another value, another text, and are missed where the code does not come to them", () => {
    assert.throws(() => Check.is("gate", 1, [1], () => [2]), /line 1/)
    assert.throws(() => Check.says("gate", 2, "one 1", "one", 2), /line 2/)
    Check.is("gate", 3, { a: [1] }, () => ({ a: [1] }))
    Check.says("gate", 4, "one { a: 1 }", "one", { a: 1 })
    assert.deepStrictEqual(Check.missed("gate", [3, 4, 5]), [5])
  })

  it("keep each line where it is, of statements of one line or several", () => {
    const { code, lines } = withChecks(
      "gate",
      "f(\n  1\n) // => 2\nconst a = g() // => 3\nconsole.log(a) // => 3\n",
      "./s"
    )
    assert.deepStrictEqual(lines, [3, 4, 5])
    const [, , third = "", fourth = "", fifth = ""] = code.split("\n")
    assert.include(third, `, () => (2))`)
    assert.include(fourth, `__is("gate", 4, a, () => (3))`)
    assert.include(fifth, `__says("gate", 5, "3", a)`)
  })

  it("are refused where they are behind no statement, or the code is none", () => {
    assert.throws(() => withChecks("gate", "const a = [\n  1, // => 1\n  2\n]\n", "./s"), /line 2/)
    assert.throws(() => withChecks("gate", "const = 1\n", "./s"), /gate/)
  })
})

describe("what commands print", () => {
  it("differs in any word, and not in ports, ids, times and how long it took", () => {
    const shown = ["done scan_abc123def456 at http://127.0.0.1:40000, took 5 s", "score 81"]
    assert.isNull(difference(shown, "done scan_zzz999zzz999 at http://127.0.0.1:51234, took 1 min 5.2 s\nscore 81\n"))
    assert.isNotNull(difference(shown, "done scan_abc123def456 at http://127.0.0.1:40000, took 5 s\nscore 82\n"))
    assert.isNotNull(difference(shown, "done scan_abc123def456 at http://127.0.0.1:40000, took 5 s\n"))
    assert.isNotNull(difference([], "a line that is not shown\n"))
  })

  it("may be left out where a line says so, and there alone", () => {
    assert.isNull(difference(["a", "...", "z"], "a\nb\nc\nz\n"))
    assert.isNull(difference(["a", "..."], "a\n"))
    assert.isNotNull(difference(["a", "...", "z"], "a\nb\n"))
  })

  it("belongs to the command above it", () => {
    assert.deepStrictEqual(commandsOf("console", "$ one \\\n>   two\nsaid\n$ three\n"), [
      { command: "one \\\n  two", shown: ["said"] },
      { command: "three", shown: [] }
    ])
    assert.throws(() => commandsOf("console", "said\n"))
  })
})

describe("the fences of a page", () => {
  it("are found in lists, comments and doc comments; continued ones make one module, each line in its place", async (test) => {
    const root = await repository(test, {
      "docs/a.md":
        "# A\n\n1. List\n\n   ```ts\n   const a = 1\n   ```\n\n<!-- ts continued\na // => 1\n-->\n\n```sh unrun: why not\nx\n```\n",
      "packages/p/src/P.ts": "/**\n * ```ts\n * const b = 2\n * ```\n */\nexport const p = 1\n"
    })
    const blocks = Snippets.blocksOf(root, "docs/a.md")
    assert.deepStrictEqual(
      blocks.map(({ hidden, lang, line, unrun }) => [lang, line, hidden, unrun]),
      [
        ["ts", 6, false, undefined],
        ["ts", 10, true, undefined],
        ["sh", 14, false, "why not"]
      ]
    )
    const [module] = Snippets.modulesOf(blocks)
    assert.deepStrictEqual(module?.code.split("\n").slice(5, 10), ["const a = 1", "", "", "", "a // => 1"])
    assert.deepStrictEqual(
      Snippets.blocksOfSources(root).map(({ code, line, page }) => [page, line, code]),
      [["packages/p/src/P.ts", 3, "const b = 2\n"]]
    )
    assert.throws(() => Snippets.modulesOf(blocks.slice(1)), /continued/)
  })
})

describe("the links of the pages", () => {
  it("lead to files and headings, and every page is found", async (test) => {
    const root = await repository(test, {
      "docs/README.md": "# Start\n\n[b](b.md#the-heading), [gone](gone.md), [no heading](b.md#none), [here](#start)\n",
      "docs/b.md": "# The heading\n\n| [up](../README.md) |\n|---|\n",
      "docs/lost.md": "# Lost\n",
      "README.md": "# Top\n\n[bad](https://[)\n"
    })
    const { faults, reached } = Links.check(root, "docs/README.md")
    assert.deepStrictEqual(
      faults.map((fault) => fault.split(":").slice(0, 3).join(":")),
      ["README.md:3: https", "docs/README.md:3: gone.md", "docs/README.md:3: b.md#none"]
    )
    assert.deepStrictEqual([...reached].toSorted(), ["README.md", "docs/README.md", "docs/b.md"])
  })
})
