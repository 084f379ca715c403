/**
 * What several pages say in the same way: times, names, how a scan stands, tables and lists that lead on.
 *
 * @since 0.2.0
 */
import type { ClaimEntry, LastFault } from "@scanpoll/core/engine/ScanJournal"
import type { Account } from "@scanpoll/core/unstable/model/Account"
import * as History from "@scanpoll/journal/History"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Standing from "@scanpoll/journal/Standing"
import {
  badge,
  type Children,
  h,
  moment,
  type Node,
  number,
  safe,
  severityBadge,
  stateBadge
} from "@scanpoll/report/HtmlParts"
import type { Asked } from "./page.ts"

/**
 * A time, which the script makes into how long ago or in how long. A dash where there is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const when = (millis: number | null): Node => {
  const text = millis === null || millis === 0 ? null : JournalView.time(millis)
  return text === null ? "–" : h("time", { datetime: text, "data-live": "" }, moment(text))
}

/**
 * A time of the API in milliseconds; null where there is none.
 *
 * @category destructors
 * @since 0.2.0
 */
export const millisOf = (time: string | null): number | null => (time === null ? null : Date.parse(time))

/**
 * A time to the second, as it stands: where how long ago says too little.
 *
 * @category constructors
 * @since 0.2.0
 */
export const at = (millis: number): Node => {
  const text = JournalView.time(millis)
  return text === null ? "–" : h("time", { datetime: text }, moment(text))
}

/**
 * An account as people write it: `vendor` or `vendor@label`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const accountName = ({ account, vendor }: Pick<Account, "account" | "vendor">): string =>
  account === "default" || account === "" ? vendor : `${vendor}@${safe(account, 80)}`

/**
 * An address with those of its query that say something.
 *
 * @category constructors
 * @since 0.2.0
 */
export const href = (path: string, query: Readonly<Record<string, string | null | undefined>> = {}): string => {
  const said = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null || value === "" ? [] : [[name, value]]
  )
  return said.length === 0 ? path : `${path}?${new URLSearchParams(Object.fromEntries(said)).toString()}`
}

/**
 * The type of a claim's scan; null where none is known.
 *
 * @category destructors
 * @since 0.2.0
 */
export const typeOf = ({ kind }: Pick<ClaimEntry, "kind">): string | null =>
  kind === null || kind === "" ? null : kind

/**
 * A link to a scan, named by its subject and its account.
 *
 * @category constructors
 * @since 0.2.0
 */
export const scanLink = (entry: Pick<ClaimEntry, "claimId" | "key" | "kind" | "subject">): Node => [
  h(
    "a",
    { class: "name", href: `/scans/${entry.claimId}` },
    h("bdi", null, safe(entry.subject.name, 200) || "(no name)")
  ),
  " ",
  h(
    "span",
    { class: "sub" },
    [accountName(entry.key), typeOf(entry)].flatMap((part) => (part === null ? [] : [safe(part, 80)])).join(", ")
  )
]

const signs: Readonly<Record<Standing.Standing, readonly [tone: string, sign: string, word: string]>> = {
  "in-doubt": ["unknown", "unknown", "in doubt"],
  denied: ["bad", "cross", "denied"],
  resting: ["warn", "open", "resting"],
  unowned: ["warn", "open", "not polled"],
  late: ["warn", "open", "late"],
  failing: ["warn", "half", "failing"],
  submitting: ["info", "open", "submitting"],
  parked: ["info", "half", "not waited for"],
  waiting: ["info", "open", "waiting"]
}

/**
 * @category constructors
 * @since 0.2.0
 */
export const standingBadge = (standing: Standing.Standing): Node => badge(...signs[standing])

/**
 * What an answer comes to: how severe it is, and that it is partial or a failure.
 *
 * @category constructors
 * @since 0.2.0
 */
export const answerBadge = (point: History.Point): Node =>
  point.state === "failed"
    ? stateBadge("failed")
    : [severityBadge(point.severity), point.state === "partial" ? [" ", stateBadge("partial")] : null]

/**
 * How a claim stands now, whatever its state.
 *
 * @category constructors
 * @since 0.2.0
 */
export const claimBadge = (entry: ClaimEntry, now: number, takenAhead: number): Node => {
  if (entry.state === "settled") {
    const point = History.point(entry)
    return point === null ? badge("unknown", "unknown", "unreadable") : answerBadge(point)
  }
  if (entry.state === "refused") return stateBadge("refused")
  if (entry.state === "released") return badge("info", "info", "released")
  return standingBadge(Standing.of(entry, now, takenAhead))
}

const becauses: Readonly<Record<string, string>> = {
  first: "it is the first poll",
  pace: "that is the pace for this scan",
  "back-off": "the last poll failed, and each retry waits longer",
  hint: "the vendor asked to wait this long",
  floor: "the vendor allows no faster polls",
  pause: "the vendor paused this account",
  deadline: "that is the last poll before the deadline",
  turn: "the account's request budget is shared, and it waits for its turn"
}

/**
 * Why a wait is as long as it is, as the end of a sentence.
 *
 * @category destructors
 * @since 0.2.0
 */
export const becauseWords = (because: string): string => becauses[because] ?? safe(because, 60)

/**
 * @category constructors
 * @since 0.2.0
 */
export const faultWords = (fault: LastFault): Node => [
  `last poll failed `,
  when(fault.at),
  `: ${safe(fault.message, 300)}`
]

/**
 * What a scan said, in one line.
 *
 * @category destructors
 * @since 0.2.0
 */
export const answerWords = (point: History.Point): string =>
  [
    point.state,
    ...(point.score === null
      ? []
      : [`score ${number(point.score.value)}${point.score.grade === null ? "" : ` ${safe(point.score.grade, 8)}`}`]),
    ...(point.findings === null ? [] : [`${number(point.findings)} finding${point.findings === 1 ? "" : "s"}`]),
    ...(point.delta === null || !point.delta.comparable
      ? []
      : [`${number(point.delta.new)} new, ${number(point.delta.resolved)} resolved`]),
    ...(point.cached ? ["from the vendor's cache"] : []),
    ...(point.lacks === null ? [] : [`no verdict: ${safe(point.lacks, 300)}`])
  ].join(", ")

/**
 * @category constructors
 * @since 0.2.0
 */
export const card = (id: string, title: string, ...children: ReadonlyArray<Children>): Node =>
  h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), ...children)

/**
 * A row of a table. The first cell names it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Row {
  readonly id: string
  readonly cells: ReadonlyArray<Children>
}

/**
 * A table that becomes a list on a phone. What it is empty of, `none` says.
 *
 * @category constructors
 * @since 0.2.0
 */
export const table = (caption: string, labels: ReadonlyArray<string>, rows: ReadonlyArray<Row>, none: string): Node =>
  rows.length === 0
    ? h("p", { class: "soft" }, none)
    : h(
        "div",
        { class: "scroll", role: "group", "aria-label": caption, tabindex: 0 },
        h(
          "table",
          { class: "list fit" },
          h("caption", null, caption),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              labels.map((label) => h("th", { scope: "col" }, label))
            )
          ),
          h(
            "tbody",
            null,
            rows.map(({ cells, id }) =>
              h(
                "tr",
                { id: `row-${id}` },
                cells.map((cell, at) =>
                  at === 0 ? h("th", { scope: "row" }, cell) : h("td", { "data-l": labels[at] ?? "" }, cell)
                )
              )
            )
          )
        )
      )

/**
 * Facts by name; those without a value are left out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const facts = (all: ReadonlyArray<readonly [label: string, value: Children]>): Node =>
  h(
    "dl",
    { class: "facts" },
    all
      .filter(([, value]) => value !== null && value !== "")
      .map(([label, value]) => [h("dt", null, label), h("dd", null, value)])
  )

/**
 * A command to type, with what it needs to find this journal.
 *
 * @category constructors
 * @since 0.2.0
 */
export const command = (words: string, { sources }: Pick<Asked, "sources">): Node =>
  h("code", null, `scanpoll ${words}${sources.tail === "" ? "" : ` ${safe(sources.tail, 600)}`}`)

/**
 * A form that filters the page: its values go into the address. `fields` are selects, or texts where they have no values.
 *
 * @category constructors
 * @since 0.2.0
 */
export const filters = (
  path: string,
  query: Asked["query"],
  fields: ReadonlyArray<{ readonly name: string; readonly label: string; readonly values?: ReadonlyArray<string> }>
): Node =>
  h(
    "form",
    { class: "tools", method: "get", action: path, role: "search", "aria-label": "Filter this page" },
    fields.map(({ label, name, values }) =>
      h(
        "label",
        null,
        label,
        values === undefined
          ? h("input", { name, type: "search", autocomplete: "off", value: safe(query[name] ?? "", 200) })
          : h(
              "select",
              { name },
              h("option", { value: "" }, "all"),
              [...new Set([...values, ...(query[name] === undefined || query[name] === "" ? [] : [query[name]])])].map(
                (value) => h("option", { value, ...(query[name] === value ? { selected: true } : {}) }, safe(value, 80))
              )
            )
      )
    ),
    h("button", { type: "submit" }, "Show"),
    Object.values(query).some((value) => value !== undefined && value !== "")
      ? h("a", { href: path }, "Show all")
      : null
  )

/**
 * The way to the next page of a list; nothing on the last.
 *
 * @category constructors
 * @since 0.2.0
 */
export const older = (path: string, query: Asked["query"], cursor: string | null): Node =>
  cursor === null
    ? null
    : h("p", { class: "more" }, h("a", { href: href(path, { ...query, cursor }), rel: "next" }, "Older ones"))

/**
 * For `Standing.of`: how long before it is due a process takes a free scan. Who has the journal alone polls whatever is open.
 *
 * @category destructors
 * @since 0.2.0
 */
export const takenAhead = ({ sources }: Pick<Asked, "sources">): number =>
  sources.cluster === null ? Number.POSITIVE_INFINITY : Standing.workersTakeAhead

/**
 * What came of a claim that is over, in one line.
 *
 * @category destructors
 * @since 0.2.0
 */
export const endWords = (entry: ClaimEntry): string => {
  const point = entry.state === "settled" ? History.point(entry) : null
  return point === null ? safe(entry.reason?.message ?? entry.state, 300) : answerWords(point)
}
