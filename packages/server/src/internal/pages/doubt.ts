/**
 * The submissions whose answers were lost: may they be bought again, and what does each choice cost?
 *
 * @since 0.2.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import { type Children, h, type Node, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as Actions from "../../Actions.ts"
import * as Api from "../../Api.ts"
import type { Asked, Form, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const choice = (title: string, words: string, act: Node): Node =>
  h("li", null, h("p", null, h("b", null, title), ` ${words}`), act)

// What to type, for those who may not decide here.
const commands = ({ claimId }: ClaimEntry, asked: Asked): Node =>
  h(
    "ol",
    { class: "choices" },
    choice(
      "Look at the vendor.",
      "Asks for its list of scans; buys nothing.",
      h("p", { class: "act" }, Parts.command(`reconcile ${claimId}`, asked))
    ),
    choice(
      "It is there.",
      "Take the vendor's id of it: it is waited for, and nothing is bought.",
      h("p", { class: "act" }, Parts.command(`reconcile ${claimId} --as SCANID`, asked))
    ),
    choice(
      "It is not there.",
      "Release it: a later run buys it, and pays again if it was there after all.",
      h("p", { class: "act" }, Parts.command(`reconcile ${claimId} --release`, asked))
    )
  )

const button = (entry: ClaimEntry, action: string, label: string, children: Children, risky = false): Node =>
  h(
    "form",
    {
      class: "do",
      id: `${action}-${entry.claimId}`,
      method: "post",
      action: `/scans/${entry.claimId}/decide`,
      "aria-label": `${label}: ${safe(entry.subject.name, 120)}`
    },
    h("input", { type: "hidden", name: "version", value: Actions.versionOf(entry) }),
    h("input", { type: "hidden", name: "action", value: action }),
    children,
    h("button", { type: "submit", ...(risky ? { class: "risk" } : {}) }, label)
  )

const field = (name: string, label: string): Node =>
  h("label", null, label, h("input", { name, type: "text", required: true, autocomplete: "off", spellcheck: "false" }))

const buttons = (entry: ClaimEntry): Node =>
  h(
    "ol",
    { class: "choices" },
    choice("Look at the vendor.", "Asks for its list of scans; buys nothing.", button(entry, "look", "Look", null)),
    choice(
      "It is there.",
      "Take the vendor's id of it: it is waited for, and nothing is bought.",
      button(entry, "adopt", "Take it", field("scanId", "The vendor's id of the scan"))
    ),
    choice(
      "It is not there.",
      "Release it: a later run buys it, and pays again if it was there after all.",
      button(
        entry,
        "release",
        "Release",
        field("confirmSubject", `To confirm, type ${safe(entry.subject.name, 200) || safe(entry.subject.id, 200)}`),
        true
      )
    )
  )

/**
 * The choices about a claim in doubt: buttons for those who may decide here, commands for the others.
 *
 * @category constructors
 * @since 0.2.0
 */
export const choices = (entry: ClaimEntry, asked: Asked): Node =>
  Actions.mayDecide(asked.sources.actions, asked.who) ? buttons(entry) : commands(entry, asked)

/**
 * The button that ends the wait for an open scan; nothing for those who may not decide here.
 *
 * @category constructors
 * @since 0.2.0
 */
export const stopWaiting = (entry: ClaimEntry, asked: Asked): Node =>
  Actions.mayDecide(asked.sources.actions, asked.who)
    ? button(
        entry,
        "park",
        "Stop waiting",
        h("p", { class: "soft" }, "The scan goes on at the vendor and stays paid; its run ends without it.")
      )
    : null

/**
 * How a scan that nobody waits for is waited for again.
 *
 * @category constructors
 * @since 0.2.0
 */
export const waitAgain = (entry: ClaimEntry, asked: Asked): Node => [
  Actions.mayDecide(asked.sources.actions, asked.who)
    ? button(
        entry,
        "unpark",
        "Wait again",
        h("p", { class: "soft" }, "Workers take it; without workers, a command does.")
      )
    : null,
  h("p", { class: "act" }, "To wait for it here: ", Parts.command(`wait ${entry.claimId}`, asked))
]

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
    choices(entry, asked)
  )
}

const results: Readonly<Record<Actions.Decided["result"], string>> = {
  found: "The vendor has it",
  several: "The vendor has several that it may be",
  none: "The vendor's list has no such scan",
  unlisted: "The vendor has no list to look in",
  unasked: "The vendor could not be asked",
  "not-it": "That is not it",
  released: "Released",
  parked: "Nobody waits for it any more",
  unparked: "It may be waited for again"
}

const candidates = (entry: ClaimEntry, { candidates, more }: Actions.Decided): Node =>
  candidates.length === 0
    ? null
    : [
        Parts.table(
          "Scans of the vendor that it may be",
          ["Scan", "Made", "Stands", "About", ""],
          candidates.map(({ about, madeAt, scanId, stands }, at) => ({
            id: `candidate-${at}`,
            cells: [
              h("code", null, safe(scanId, 240)),
              Parts.when(Parts.millisOf(madeAt)),
              safe(stands, 80),
              about === null ? "not said" : safe(about, 200),
              h(
                "form",
                { class: "do", method: "post", action: `/scans/${entry.claimId}/decide` },
                h("input", { type: "hidden", name: "version", value: Actions.versionOf(entry) }),
                h("input", { type: "hidden", name: "action", value: "adopt" }),
                h("input", { type: "hidden", name: "scanId", value: safe(scanId, 256) }),
                h("button", { type: "submit", "aria-label": `Take ${safe(scanId, 120)}` }, "Take it")
              )
            ]
          })),
          ""
        ),
        more > 0 ? h("p", { class: "soft" }, `and ${more} more`) : null
      ]

/**
 * The form of a decision, and the page that says what came of it. Works without a script.
 *
 * @category constructors
 * @since 0.2.0
 */
export const form: Form = {
  path: "/scans/:claimId/decide",
  submit: Effect.fnUntraced(function* (asked, fields, decide) {
    const { action, confirmSubject, scanId, version } = fields
    const given = Object.entries({ action, confirmSubject: confirmSubject?.trim(), scanId: scanId?.trim() })
    const said = Object.fromEntries(given.filter(([, value]) => value !== undefined))
    const decision = Actions.isParking(said)
      ? said
      : yield* Effect.mapError(
          Actions.read(said),
          () => new Api.BadRequest({ detail: "the form cannot be read; an empty field is not an answer" })
        )
    const claimId = asked.params["claimId"] ?? ""
    const { entry, ...made } = yield* decide(asked.who, { claimId, version, decision })
    const isDecided = entry.state !== "in-doubt"
    return {
      title: `Decided: ${safe(entry.subject.name, 160)}`,
      nav: "/doubt",
      // What is shown is the answer to one question; it is not asked again.
      kinds: [],
      body: [
        Parts.card(
          "decided",
          results[made.result],
          h("p", null, safe(made.detail, 400)),
          candidates(entry, made),
          h(
            "p",
            { class: "act" },
            isDecided
              ? h("a", { href: `/scans/${claimId}` }, "To the scan")
              : h("a", { href: `/doubt#doubt-${claimId}` }, "It stays in doubt: decide otherwise")
          )
        )
      ]
    }
  })
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
