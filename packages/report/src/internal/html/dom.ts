// HTML as a tree. Touches nothing. Law: a text is a text node.
import type { Severity } from "@scanpoll/core/model/Severity"
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import { createElement, Fragment, type ComponentChild, type ComponentChildren } from "preact"
import { renderToString } from "preact-render-to-string"

/**
 * An element, a text, a list of them, or nothing.
 *
 * @category models
 * @since 0.2.0
 */
export type Node = ComponentChild
/**
 * What an element may hold.
 *
 * @category models
 * @since 0.2.0
 */
export type Children = ComponentChildren

// Plain values alone: neither markup nor a listener can be handed to an element.
interface Props {
  readonly [name: string]: string | number | boolean
}

/**
 * An element with attributes of plain values. Texts in it are escaped.
 *
 * @category constructors
 * @since 0.2.0
 */
export const h = (tag: string, props: Props | null, ...children: ReadonlyArray<Children>): Node =>
  createElement(tag, props, ...children)

/**
 * The markup of an element.
 *
 * @category destructors
 * @since 0.2.0
 */
export const write = (node: Node): string => renderToString(createElement(Fragment, null, node))

// A shape for each severity and state, so that colour is never the only sign.
const paths: Readonly<Record<string, string>> = {
  critical: "M5 0h6l5 5v6l-5 5H5l-5-5V5zM7 3.5v5.5h2V3.5zM7 10.6v2h2v-2z",
  high: "M8 .6 16 15.4H0zM7.1 5.6v4.6h1.8V5.6zM7.1 11.5v1.9h1.8v-1.9z",
  medium: "M8 0 16 8 8 16 0 8zM7.1 3.9v4.7h1.8V3.9zM7.1 9.9v1.9h1.8V9.9z",
  low: "M0 2h16L8 15.5z",
  info: "M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0m0 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M7 7h2v5H7zM7 4h2v2H7z",
  none: "M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0m3.9 4.6L7 9.5 4.6 7.1 3.2 8.5 7 12.3l6.3-6.3z",
  unknown:
    "M0 0h16v16H0zM7 11.4v2h2v-2zM4.8 5.8h2c0-.9.5-1.4 1.3-1.4s1.3.5 1.3 1.1c0 1.3-2.4 1.5-2.4 4.3h2c0-1.9 2.4-2.1 2.4-4.5C11.4 3.6 10 2.5 8 2.5S4.8 3.8 4.8 5.8z",
  open: "M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0m0 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M7 4h2v4.2l3 1.8-1 1.7-4-2.4z",
  half: "M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0m0 2v12A6 6 0 0 0 8 2",
  cross: "M2.2.8 8 6.6 13.8.8l1.4 1.4L9.4 8l5.8 5.8-1.4 1.4L8 9.4l-5.8 5.8-1.4-1.4L6.6 8 .8 2.2z",
  check: "M14.6 2.4 16 3.8 5.6 14.2 0 8.6l1.4-1.4 4.2 4.2z"
}

/**
 * The shapes that `icon` uses by name. A page has it once.
 *
 * @category constructors
 * @since 0.2.0
 */
export const sprite = (): Node =>
  h(
    "svg",
    { width: 0, height: 0, "aria-hidden": "true", focusable: "false" },
    Object.entries(paths).map(([name, d]) =>
      h("symbol", { id: `i-${name}`, viewBox: "0 0 16 16" }, h("path", { d, "fill-rule": "evenodd" }))
    )
  )

/**
 * A shape of `sprite` by its name, of the size of the text beside it. `extra`: further classes, by default none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const icon = (name: string, extra = ""): Node =>
  h(
    "svg",
    { class: extra === "" ? "ic" : `ic ${extra}`, "aria-hidden": "true", focusable: "false" },
    h("use", { href: `#i-${name}` })
  )

/**
 * A coloured word with a shape before it. `tone`: the class of its colour; `sign`: the name of its shape.
 *
 * @category constructors
 * @since 0.2.0
 */
export const badge = (tone: string, sign: string, text: string): Node =>
  h("span", { class: `badge ${tone}` }, icon(sign), text)

/**
 * A severity as a badge.
 *
 * @category constructors
 * @since 0.2.0
 */
export const severityBadge = (severity: Severity): Node => badge(severity, severity, severity)

const signs: Readonly<Record<ScanState, readonly [tone: string, icon: string]>> = {
  completed: ["none", "none"],
  partial: ["warn", "half"],
  failed: ["bad", "cross"],
  "not-found": ["bad", "cross"],
  "still-running": ["warn", "open"],
  unreachable: ["warn", "open"],
  protocol: ["warn", "unknown"],
  interrupted: ["warn", "open"],
  denied: ["bad", "cross"],
  "in-doubt": ["unknown", "unknown"],
  refused: ["bad", "cross"],
  "not-started": ["warn", "open"]
}

/**
 * How a scan ended, as a badge.
 *
 * @category constructors
 * @since 0.2.0
 */
export const stateBadge = (state: ScanState): Node => badge(...signs[state], state)
