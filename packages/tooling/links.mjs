/**
 * The links of the pages: what they name must be there, headings included. Nothing is asked over the network.
 */
import Slugger from "github-slugger"
import { fromMarkdown } from "mdast-util-from-markdown"
import { toString } from "mdast-util-to-string"
import { visit } from "unist-util-visit"
import { existsSync, globSync, readFileSync, statSync } from "node:fs"
import { join, posix } from "node:path"

/**
 * @typedef {{ readonly line: number, readonly to: string }} Link
 * @typedef {{ readonly links: ReadonlyArray<Link>, readonly anchors: ReadonlySet<string> }} Page
 */

/** @param {string} root */
export const allPages = (root) =>
  globSync(["*.md", "docs/**/*.md", "packages/{*,vendors/*}/README.md"], {
    cwd: root,
    exclude: (name) => /(^|[\\/])(node_modules|\.cache|dist)$/.test(name)
  })
    .map((page) => page.replaceAll("\\", "/"))
    .toSorted()

/**
 * @param {string} text
 * @returns {Page}
 */
const read = (text) => {
  const slugger = new Slugger()
  /** @type {Array<Link>} */
  const links = []
  /** @type {Set<string>} */
  const anchors = new Set()
  visit(fromMarkdown(text), (node) => {
    const line = node.position?.start.line ?? 0
    if (node.type === "heading") anchors.add(slugger.slug(toString(node)))
    if (node.type === "link" || node.type === "image" || node.type === "definition") links.push({ line, to: node.url })
    if (node.type === "html") {
      for (const [, to = ""] of node.value.matchAll(/\b(?:href|src)="([^"]*)"/g)) links.push({ line, to })
      for (const [, id = ""] of node.value.matchAll(/\b(?:id|name)="([^"]*)"/g)) anchors.add(id)
    }
  })
  return { links, anchors }
}

/**
 * What is wrong with the links of the pages, a line each; and the pages that are found from this one.
 *
 * @param {string} root
 * @param {string} start
 * @returns {{ readonly faults: ReadonlyArray<string>, readonly reached: ReadonlySet<string>, readonly count: number }}
 */
export const check = (root, start) => {
  const pages = new Map(allPages(root).map((page) => [page, read(readFileSync(join(root, page), "utf8"))]))
  /** @type {Array<string>} */
  const faults = []
  /** @type {Map<string, Set<string>>} */
  const ways = new Map()
  let count = 0
  for (const [page, { anchors, links }] of pages) {
    /** @type {Set<string>} */
    const found = new Set()
    ways.set(page, found)
    for (const { line, to } of links) {
      count++
      if (/^(https?|mailto):/.test(to)) {
        if (URL.parse(to) === null) faults.push(`${page}:${line}: ${to} is no address`)
        continue
      }
      const [path = "", anchor] = to.split("#")
      const target = path === "" ? page : posix.join(posix.dirname(page), decodeURI(path))
      if (target.startsWith("..") || !existsSync(join(root, target))) {
        faults.push(`${page}:${line}: ${to}: there is no ${target}`)
        continue
      }
      const inFolder = posix.join(target, "README.md")
      const isFolder = statSync(join(root, target)).isDirectory()
      const named = isFolder && pages.has(inFolder) ? inFolder : target
      found.add(named)
      const known = named === page ? anchors : pages.get(named)?.anchors
      if (anchor !== undefined && known !== undefined && !known.has(anchor)) {
        faults.push(`${page}:${line}: ${to}: ${named} has no heading for #${anchor}`)
      }
    }
  }
  /** @type {Set<string>} */
  const reached = new Set()
  const open = [start]
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (reached.has(page)) continue
    reached.add(page)
    open.push(...(ways.get(page) ?? []))
  }
  return { faults, reached, count }
}
