/**
 * What a page is made of, and the frame around every page: its head, the way to the others, and whether it is live.
 *
 * A page tells the same facts without its script: that only brings newer ones, and says how long ago a time is.
 *
 * @since 0.2.0
 */
import type { Operations } from "@scanpoll/core/engine/ScanJournal"
import { h, type Node, safe, sprite, write } from "@scanpoll/report/HtmlParts"
import * as SafeText from "@scanpoll/report/SafeText"
import type * as Effect from "effect/Effect"
import type { Refused } from "../../Actions.ts"
import * as Answer from "../../Answer.ts"
import type { BadRequest, NotFound, Unavailable } from "../../Api.ts"
import type { Decide, Sources } from "../../Handlers.ts"
import type { Principal } from "../../Principal.ts"
import type { Whole } from "../fromJournal.ts"

/**
 * - `nav`: the entry of the navigation that is the current one.
 * - `kinds`: which changes of the journal make the page another one; `about`: of this claim alone, where it is one.
 * - `markup`: the sections of a report, shown after `body`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Page {
  readonly title: string
  readonly nav: string
  readonly body: Node
  readonly markup?: string
  readonly kinds?: ReadonlyArray<"claim" | "poll" | "run" | "account">
  readonly about?: string
  readonly reportTools?: boolean
}

/**
 * What a page is asked with. `now` is milliseconds since 1970; `whole` what is read once for all who ask at once.
 *
 * @category models
 * @since 0.2.0
 */
export interface Asked {
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | undefined>>
  readonly journal: Operations
  readonly whole: Whole
  readonly sources: Sources
  readonly who: Principal
  readonly now: number
}

/**
 * A page of an address.
 *
 * @category models
 * @since 0.2.0
 */
export interface Route {
  readonly path: `/${string}`
  readonly query: ReadonlyArray<string>
  readonly render: (asked: Asked) => Effect.Effect<Page, BadRequest | NotFound | Unavailable>
}

/**
 * A form that a page has: what is sent to its address, and the page that answers it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Form {
  readonly path: `/${string}`
  readonly submit: (
    asked: Asked,
    fields: Readonly<Record<string, string | undefined>>,
    decide: Decide
  ) => Effect.Effect<Page, Refused>
}

const places: ReadonlyArray<readonly [path: string, name: string]> = [
  ["/", "Now"],
  ["/doubt", "In doubt"],
  ["/scans", "Scans"],
  ["/runs", "Runs"],
  ["/targets", "Targets"],
  ["/accounts", "Accounts"],
  ["/cluster", "Cluster"],
  ["/deliveries", "Notifications"]
]

const navigation = (current: string): Node =>
  h(
    "nav",
    { class: "nav", "aria-label": "Pages" },
    places.map(([path, name]) => h("a", { href: path, ...(current === path ? { "aria-current": "page" } : {}) }, name))
  )

// Without the script it says how old the facts are; the script says that it is live, and since when.
const liveness = (now: number): Node =>
  h(
    "div",
    { class: "live", id: "live", "data-now": now },
    h("span", { id: "live-state", role: "status" }, "not live: reload for newer facts"),
    h("span", { id: "live-at" }, new Date(now).toISOString().slice(11, 19), " UTC"),
    h("button", { type: "button", id: "live-pause", hidden: true }, "Pause")
  )

/**
 * A page as a whole document.
 *
 * @category destructors
 * @since 0.2.0
 */
export const document = (page: Page, asked: Pick<Asked, "sources" | "now">): SafeText.SafeText => {
  const { about, body, kinds = ["claim", "poll", "run", "account"], markup, nav, reportTools, title } = page
  const main = `<main class="page-in" id="main" data-kinds="${kinds.join(" ")}"${about === undefined ? "" : ` data-about="${about}"`}>`
  return SafeText.page(
    [
      `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`,
      write(h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" })),
      write(h("meta", { name: "robots", content: "noindex" })),
      write(h("title", null, `${title} · scanpoll`)),
      write(h("link", { rel: "stylesheet", href: "/assets/style.css" })),
      write(h("script", { src: "/assets/live.js", defer: true })),
      reportTools === true ? write(h("script", { src: "/assets/report.js", defer: true })) : "",
      `\n</head>\n<body>\n`,
      write(h("a", { class: "skip", href: "#main" }, "Skip to the facts")),
      write(sprite()),
      `<div class="page">\n`,
      write(
        h(
          "header",
          { class: "bar" },
          h(
            "p",
            { class: "brand" },
            h("b", null, "scanpoll"),
            " ",
            h("span", { class: "soft" }, safe(asked.sources.journal, 120))
          ),
          liveness(asked.now),
          navigation(nav)
        )
      ),
      `\n${main}\n`,
      write(h("h1", null, title)),
      write(body),
      markup ?? "",
      `\n</main>\n</div>\n</body>\n</html>\n`
    ].join("")
  )
}

/**
 * What a browser without a session gets: how to get one, and no fact.
 *
 * @category constructors
 * @since 0.2.0
 */
export const signIn = Answer.text(
  SafeText.seal(
    "markup",
    [
      `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`,
      write(h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" })),
      write(h("title", null, "Sign in · scanpoll")),
      `\n</head>\n<body>\n<main>\n`,
      write(h("h1", null, "Open the link in the terminal")),
      write(
        h(
          "p",
          null,
          "A link lets one browser in, once, within a minute. ",
          h("code", null, "scanpoll serve"),
          " prints one when it starts. Start it again for a new link."
        )
      ),
      `\n</main>\n</body>\n</html>\n`
    ].join("")
  ),
  { status: 401, type: "text/html; charset=utf-8" }
)
