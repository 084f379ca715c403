/**
 * Takes the TypeScript fences out of README.md and the pages under docs, so that the type check reads them as files: an
 * example in a text is code like any other. Each fence is a module of its own. One that is only a fragment is opened as
 * `ts fragment` and left out.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Writes each fence to `docs/.cache/snippets`, named after its page and line.
 *
 * @param {string} root
 */
export const writeSnippets = (root) => {
  const folder = join(root, "docs/.cache/snippets")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const pages = globSync(["README.md", "docs/**/*.md", "packages/*/README.md"], {
    cwd: root,
    exclude: (name) => name === "node_modules"
  })
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8")
    for (const fence of text.matchAll(/^```ts\n(.*?)^```$/gms)) {
      const line = text.slice(0, fence.index).split("\n").length
      const name = page.replace(/\.md$/, "").replaceAll(/[\\/]/g, ".")
      writeFileSync(join(folder, `${name}.line-${line}.ts`), fence[1] ?? "")
    }
  }
}
