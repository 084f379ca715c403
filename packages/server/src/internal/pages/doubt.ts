/**
 * The submissions whose answers were lost: may they be bought again, and what does each choice cost?
 *
 * @since 0.2.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import { h, type Node, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const one = (entry: ClaimEntry, asked: Asked): Node => {
  const { claimId } = entry
  const advice = asked.sources.doubtOf(entry.key.vendor)
  return h(
    "section",
    { class: "card", id: `doubt-${claimId}`, "aria-labelledby": `title-${claimId}` },
    h("h2", { id: `title-${claimId}` }, Parts.scanLink(entry)),
    h("p", null, "Submitted ", Parts.when(entry.claimedAt), ". Its answer was lost: it may have been bought."),
    entry.reason === null ? null : h("p", { class: "soft" }, safe(entry.reason.message, 400)),
    advice.length === 0
      ? null
      : h(
          "ul",
          { class: "warns" },
          advice.map((line) => h("li", null, safe(line, 300)))
        ),
    h(
      "ol",
      { class: "choices" },
      h(
        "li",
        null,
        h("p", null, h("b", null, "Look at the vendor."), " Asks for its list of scans; buys nothing."),
        h("p", { class: "act" }, Parts.command(`reconcile ${claimId}`, asked))
      ),
      h(
        "li",
        null,
        h(
          "p",
          null,
          h("b", null, "It is there."),
          " Take the vendor's id of it: it is waited for, and nothing is bought."
        ),
        h("p", { class: "act" }, Parts.command(`reconcile ${claimId} --as SCANID`, asked))
      ),
      h(
        "li",
        null,
        h(
          "p",
          null,
          h("b", null, "It is not there."),
          " Release it: a later run buys it, and pays again if it was there after all."
        ),
        h("p", { class: "act" }, Parts.command(`reconcile ${claimId} --release`, asked))
      )
    )
  )
}

/**
 * All claims in doubt.
 *
 * @category constructors
 * @since 0.2.0
 */
export const route: Route = {
  path: "/doubt",
  query: ["vendor"],
  render: Effect.fnUntraced(function* (asked) {
    const vendor = asked.query["vendor"] ?? ""
    const all = yield* FromJournal.read(asked.journal.list(["in-doubt"]))
    const shown = all.filter(({ key }) => vendor === "" || key.vendor === vendor)
    return {
      title: "In doubt",
      nav: "/doubt",
      kinds: ["claim"],
      body: [
        all.length === 0
          ? null
          : Parts.filters("/doubt", { vendor }, [
              { name: "vendor", label: "Vendor", values: all.map(({ key }) => key.vendor) }
            ]),
        shown.length === 0
          ? Parts.card("none", "Nothing is in doubt", h("p", { class: "soft" }, "Every submission was answered."))
          : shown.map((entry) => one(entry, asked))
      ]
    }
  })
}
