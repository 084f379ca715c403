/**
 * The code in texts: every fence of README.md, of the pages under docs, of the packages' README.md, and of the doc
 * comments in the packages' sources. An example in a text is code like any other: the type check reads it as a file,
 * and `docs/test/pages.test.ts` runs it.
 *
 * The first word of a fence is its language, as everywhere; the words behind it say how it is read:
 *
 * - `ts`: a module of its own, compiled and run. `expr // => value` and `console.log(...) // => text` are checked, and a
 *   check that is never reached fails.
 * - `ts continued`: continues the module of the fence before it.
 * - `ts file=scan.ts`: compiled, written to the page's folder, and run by a command of the page.
 * - `console`: commands behind `$ `, and what they print; all of it is compared. A line `...` stands for any lines. With
 *   `background`, the command runs until the page ends, and the variables it exports are those of the page.
 * - `sh`: commands that have to be understood: they must not end as a usage error, a defect, or unknown.
 * - `yaml`, `json`: a plan, a workflow or a pipeline, and read as such. With `file=`, also written to the page's folder.
 * - `unrun: why`, behind any of them: compiled where it is `ts`, but not run.
 * - `text`, `mermaid`, `diff`: prose.
 *
 * An import from `./name.ts` is one of `docs/examples/name.ts`. A comment `<!-- ts ... -->` (or `sh`, `yaml`) is a fence that a reader does not see: what an example needs around it.
 */
import { fromMarkdown } from "mdast-util-from-markdown"
import { visit } from "unist-util-visit"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * A fence. `line` is that of its first line of code.
 *
 * @typedef {{
 *   readonly page: string
 *   readonly line: number
 *   readonly lang: string
 *   readonly words: ReadonlyArray<string>
 *   readonly file: string | undefined
 *   readonly unrun: string | undefined
 *   readonly hidden: boolean
 *   readonly code: string
 * }} Block
 */

/**
 * One or several fences that make a module. In `code`, each line stands where it stands in the page.
 *
 * @typedef {{
 *   readonly name: string
 *   readonly page: string
 *   readonly line: number
 *   readonly file: string | undefined
 *   readonly unrun: string | undefined
 *   readonly code: string
 * }} Module
 */

/**
 * The pages, from the root of the repository, with `/` between their parts. The reference under `docs/api` is made of
 * the sources, whose own comments are read instead.
 *
 * @param {string} root
 * @returns {ReadonlyArray<string>}
 */
export const pages = (root) =>
  globSync(["*.md", "docs/**/*.md", "packages/{*,vendors/*}/README.md"], { cwd: root, exclude: skipped })
    .map((page) => page.replaceAll("\\", "/"))
    .toSorted()

/** @param {string} name */
const skipped = (name) => /(^|[\\/])(node_modules|\.cache|dist)$/.test(name) || /^docs[\\/]api$/.test(name)

/**
 * @param {string} page
 * @param {number} line
 * @param {string} info
 * @param {string} code
 * @param {boolean} hidden
 * @returns {Block}
 */
const block = (page, line, info, code, hidden) => {
  const [lang = "", ...rest] = info.trim().split(/\s+/)
  const text = rest.join(" ")
  const unrun = /(?:^|\s)unrun: (.+)$/.exec(text)?.[1]
  const words = text
    .replace(/(?:^|\s)unrun: .+$/, "")
    .split(" ")
    .filter((word) => word !== "")
  const file = words.find((word) => word.startsWith("file="))?.slice("file=".length)
  return { page, line, lang, words, file, unrun, hidden, code }
}

/**
 * The fences of a page.
 *
 * @param {string} root
 * @param {string} page
 * @returns {ReadonlyArray<Block>}
 */
export const blocksOf = (root, page) => {
  /** @type {Array<Block>} */
  const found = []
  visit(fromMarkdown(readFileSync(join(root, page), "utf8")), (node) => {
    const line = (node.position?.start.line ?? 0) + 1
    if (node.type === "code") {
      found.push(block(page, line, `${node.lang ?? ""} ${node.meta ?? ""}`, `${node.value}\n`, false))
    }
    if (node.type === "html") {
      const hidden = /^<!-- ((?:ts|sh|yaml|json)\b[^\n]*)\n([\s\S]*)-->$/.exec(node.value)
      if (hidden !== null) found.push(block(page, line, hidden[1] ?? "", hidden[2] ?? "", true))
    }
  })
  return found
}

/**
 * The fences in the doc comments of the packages' sources.
 *
 * @param {string} root
 * @returns {ReadonlyArray<Block>}
 */
export const blocksOfSources = (root) =>
  globSync("packages/{*,vendors/*}/src/**/*.ts", { cwd: root, exclude: skipped })
    .map((file) => file.replaceAll("\\", "/"))
    .toSorted()
    .flatMap((file) => {
      /** @type {Array<Block>} */
      const found = []
      /** @type {{ readonly line: number, readonly info: string, readonly lines: Array<string> } | undefined} */
      let open
      for (const [index, text] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
        const inside = /^\s*\* ?(.*)$/.exec(text)?.[1]
        if (inside === undefined) {
          open = undefined
        } else if (open === undefined) {
          const info = /^```(\w.*)$/.exec(inside)?.[1]
          if (info !== undefined) open = { line: index + 2, info, lines: [] }
        } else if (inside === "```") {
          found.push(block(file, open.line, open.info, `${open.lines.join("\n")}\n`, false))
          open = undefined
        } else {
          open.lines.push(inside)
        }
      }
      return found
    })

/**
 * The modules that fences make.
 *
 * @param {ReadonlyArray<Block>} blocks
 * @returns {ReadonlyArray<Module>}
 */
export const modulesOf = (blocks) => {
  /** @type {Array<{ first: Block, lines: Array<string> }>} */
  const made = []
  for (const one of blocks) {
    if (one.lang !== "ts") continue
    const last = made.at(-1)
    const continued = one.words.includes("continued")
    if (continued && last?.first.page !== one.page) {
      throw new Error(`${one.page}:${one.line}: continued, but there is no fence before it`)
    }
    const into = continued && last !== undefined ? last : { first: one, lines: [] }
    if (into !== last) made.push(into)
    // The blank lines keep each line where it stands in the page.
    while (into.lines.length < one.line - 1) into.lines.push("")
    into.lines.push(...one.code.trimEnd().split("\n"))
  }
  return made.map(({ first: { file, line, page, unrun }, lines }) => ({
    name: `${page.replace(/\.(md|ts)$/, "").replaceAll("/", ".")}.line-${line}`,
    page,
    line,
    file,
    unrun,
    code: `${lines.join("\n")}\n`.replaceAll(/from "\.\/((?:[\w-]+\/)?[\w.-]+\.ts)"/g, 'from "../../examples/$1"')
  }))
}

/**
 * Writes each module to `docs/.cache/snippets`, where the type check reads it.
 *
 * @param {string} root
 */
export const writeSnippets = (root) => {
  const folder = join(root, "docs/.cache/snippets")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const blocks = [...pages(root).flatMap((page) => blocksOf(root, page)), ...blocksOfSources(root)]
  // With an export it is a module, and may await at its top.
  for (const { code, name } of modulesOf(blocks)) writeFileSync(join(folder, `${name}.ts`), `${code}export {}\n`)
}
