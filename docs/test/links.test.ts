import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import * as Links from "../../packages/tooling/links.mjs"
import * as Snippets from "../../packages/tooling/snippets.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const published = globSync("packages/{*,vendors/*}/package.json", { cwd: root })
  .map((file) => file.replaceAll("\\", "/").replace("/package.json", ""))
  .filter((folder) => {
    const manifest: unknown = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
    return isObject(manifest) && manifest["private"] !== true
  })

describe("the pages", () => {
  const { count, faults, reached } = Links.check(root, "docs/README.md")

  it("link to what is there, headings included", () => {
    assert.isAbove(count, 100)
    assert.deepStrictEqual(faults, [])
  })

  it("are all found from docs/README.md", () => {
    const lost = Links.allPages(root).filter((page) => page.startsWith("docs/") && !reached.has(page))
    assert.deepStrictEqual(lost, [])
  })

  it("list every decision in their index, under its title", () => {
    const index = readFileSync(join(root, "docs/decisions/README.md"), "utf8")
    const wanted = globSync("docs/decisions/0*.md", { cwd: root }).map((file) => {
      const [, number = "", title = ""] = /^# (\d+)\. (.+)$/m.exec(readFileSync(join(root, file), "utf8")) ?? []
      return `| [${number.padStart(4, "0")}](${basename(file)}) | ${title} |`
    })
    assert.deepStrictEqual(
      wanted.filter((row) => !index.includes(row)),
      []
    )
  })

  it.each(published)(
    "%s has a page of its own, with an example that is run, or compiled where it needs a server",
    (folder) => {
      const page = `${folder}/README.md`
      assert.isTrue(existsSync(join(root, page)), `${page} is missing`)
      const shown = Snippets.blocksOf(root, page).filter((block) => !block.hidden)
      assert.isTrue(shown.some(({ lang, unrun }) => lang === "ts" || (lang === "console" && unrun === undefined)))
    }
  )
})
