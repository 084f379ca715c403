// Markdown as a tree, so that no text of a vendor becomes markup. Touches nothing.
import type { Nodes, PhrasingContent, Root, RootContent, Table, TableCell, TableRow } from "mdast"
import { gfmToMarkdown } from "mdast-util-gfm"
import { toMarkdown, type Options } from "mdast-util-to-markdown"
import * as HostileText from "../HostileText.ts"

// Builds Markdown as a tree, so that nothing in a text can become anything but text.

export const text = (value: string): PhrasingContent => ({
  type: "text",
  value: HostileText.toMarkdown(HostileText.of(value))
})

export const space: PhrasingContent = { type: "text", value: " " }

export const strong = (value: string): PhrasingContent => ({ type: "strong", children: [text(value)] })

// A code span, where neither names nor numbers are linked, so that what is copied out of it is exact.
export const code = (value: string): PhrasingContent => ({
  type: "inlineCode",
  value: HostileText.toLine(HostileText.of(value), 8_000)
})

export const link = (url: string, label: string): PhrasingContent => ({ type: "link", url, children: [text(label)] })

export const paragraph = (...children: ReadonlyArray<PhrasingContent>): RootContent => ({
  type: "paragraph",
  children: [...children]
})

export const heading = (depth: 1 | 2 | 3, value: string): RootContent => ({
  type: "heading",
  depth,
  children: [text(value)]
})

export const list = (items: ReadonlyArray<ReadonlyArray<PhrasingContent>>): RootContent => ({
  type: "list",
  spread: false,
  children: items.map((item) => ({
    type: "listItem",
    spread: false,
    children: [{ type: "paragraph", children: [...item] }]
  }))
})

const cell = (children: ReadonlyArray<PhrasingContent>): TableCell => ({ type: "tableCell", children: [...children] })

const row = (cells: ReadonlyArray<ReadonlyArray<PhrasingContent>>): TableRow => ({
  type: "tableRow",
  children: cells.map(cell)
})

export const table = (
  align: Table["align"],
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<ReadonlyArray<PhrasingContent>>>
): Table => ({
  type: "table",
  ...(align === undefined ? {} : { align }),
  children: [row(head.map((name) => [text(name)])), ...rows.map(row)]
})

// With all of GFM, for it also escapes what GFM would link or strike by itself.
const options: Options = {
  bullet: "-",
  emphasis: "_",
  rule: "-",
  extensions: [gfmToMarkdown({ tablePipeAlign: false })]
}

export const write = (children: ReadonlyArray<RootContent>): string => {
  const root: Root = { type: "root", children: [...children] }
  const node: Nodes = root
  return HostileText.guardLines(toMarkdown(node, options))
}
