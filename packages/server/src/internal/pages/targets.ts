/**
 * The targets, and one target: did it get worse, and since when?
 *
 * @since 0.2.0
 */
import * as History from "@scanpoll/journal/History"
import * as JournalView from "@scanpoll/journal/JournalView"
import { badge, h, type Node, number, plural, safe, trendLine } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as Api from "../../Api.ts"
import * as Cursor from "../../Cursor.ts"
import type { Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const limit = 50

const trends: Readonly<Record<History.Trend, Node>> = {
  better: badge("none", "check", "better"),
  worse: badge("bad", "critical", "worse"),
  same: badge("info", "info", "same"),
  unknown: badge("info", "open", "one answer")
}

const isTrend = (word: string): word is History.Trend => Object.hasOwn(trends, word)

const addressOf = ({ account, scanType, subject, vendor }: History.Line): string =>
  Parts.href("/target", {
    vendor,
    account,
    type: scanType,
    subject: `${subject.kind}:${subject.id}`,
    series: subject.series
  })

// What is drawn and compared: complete answers, each scan once.
const drawn = ({ points }: History.Line) =>
  points
    .filter((point) => History.isCompared(point) && !point.cached)
    .map(({ at, score, severity }) => ({ at: JournalView.time(at) ?? "", score: score?.value ?? null, severity }))

const changeOf = ({ delta }: History.Point): string =>
  delta === null ? "–" : delta.comparable ? `+${number(delta.new)} −${number(delta.resolved)}` : "not comparable"

const row = (line: History.Line): Parts.Row => {
  const last = line.points.at(-1)
  return {
    id: last?.claimId ?? "",
    cells: [
      [
        h("a", { class: "name", href: addressOf(line) }, h("bdi", null, safe(line.subject.name, 200))),
        " ",
        h(
          "span",
          { class: "sub" },
          [Parts.accountName(line), line.scanType].flatMap((part) => (part === null ? [] : [safe(part, 80)])).join(", ")
        )
      ],
      trends[line.trend],
      last === undefined ? null : Parts.answerBadge(last),
      last === undefined || last.score === null ? "–" : number(last.score.value),
      last === undefined || last.findings === null ? "–" : number(last.findings),
      last === undefined ? "–" : changeOf(last),
      h("div", { class: "spark" }, trendLine(drawn(line)) ?? "–"),
      last === undefined ? "–" : Parts.when(last.at)
    ]
  }
}

/**
 * All targets, the newest answer first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const all: Route = {
  path: "/targets",
  query: ["vendor", "trend", "q", "cursor"],
  render: Effect.fnUntraced(function* ({ query, whole }) {
    const [vendor = "", trend = "", q = ""] = [query["vendor"], query["trend"], query["q"]]
    if (trend !== "" && !isTrend(trend)) return yield* new Api.BadRequest({ detail: "there is no such trend" })
    const after = (yield* Cursor.decode("targets", query["cursor"], 1))?.[0]
    const entries = yield* FromJournal.read(whole.answers)
    const lines = History.lines(entries)
    const wanted = lines.filter(
      (line) =>
        (vendor === "" || line.vendor === vendor) &&
        (trend === "" || line.trend === trend) &&
        (q === "" || line.subject.name.toLowerCase().includes(q.toLowerCase()))
    )
    const from =
      after === undefined ? 0 : wanted.findIndex(({ points }) => points.some(({ claimId }) => claimId === after)) + 1
    const shown = wanted.slice(from, from + limit)
    const last = from + shown.length < wanted.length ? shown.at(-1)?.points.at(-1) : undefined
    return {
      title: "Targets",
      nav: "/targets",
      kinds: ["claim"],
      body: Parts.card(
        "targets",
        "All targets",
        Parts.filters("/targets", { vendor, trend, q }, [
          { name: "q", label: "Name has" },
          { name: "vendor", label: "Vendor", values: lines.map((line) => line.vendor) },
          { name: "trend", label: "Trend", values: Object.keys(trends) }
        ]),
        Parts.table(
          "Targets, the newest answer first",
          ["Target", "Trend", "Last answer", "Score", "Findings", "Change", "Over time", "At"],
          shown.map(row),
          "No target is like that."
        ),
        Parts.older(
          "/targets",
          { vendor, trend, q },
          last === undefined ? null : Cursor.encode("targets", last.claimId)
        ),
        entries.length < FromJournal.answersOfTargets
          ? null
          : h("p", { class: "more" }, `Made from the newest ${number(FromJournal.answersOfTargets)} answers.`)
      )
    }
  })
}

const subjectOf = (text: string) => {
  const [, kind, id] = /^([a-z][a-z0-9-]{0,31}):(.+)$/s.exec(text) ?? []
  return kind === undefined || id === undefined ? null : { kind, id }
}

// What the trend rests on: the first of score, severity and findings that tells the two answers apart.
const wordsOf = (line: History.Line): string => {
  const compared = History.compare(line.points)
  if (compared === null) return "There is no earlier complete answer to compare with."
  const { before, by, last, trend } = compared
  const were = (count: number | null): string => (count === null ? "" : `, were ${number(count)}`)
  const changes = {
    score: `score ${number(last.score?.value ?? 0)}, was ${number(before.score?.value ?? 0)}`,
    severity: `severity ${last.severity}, was ${before.severity}`,
    findings: `severity ${last.severity} as before, ${plural(last.findings ?? 0, "finding")}${were(before.findings)}`,
    nothing: `severity ${last.severity} as before`
  }
  const isAsBefore = by === "findings" && trend === "same"
  const change = changes[isAsBefore ? "nothing" : by]
  return trend === "same" ? `As before: ${change}.` : `It got ${trend}: ${change}.`
}

const oneLine = (line: History.Line, at: number): Node => {
  const drawing = trendLine(drawn(line))
  return Parts.card(
    `line-${at}`,
    [Parts.accountName(line), line.scanType].flatMap((part) => (part === null ? [] : [safe(part, 80)])).join(", "),
    h("p", null, trends[line.trend], ` ${wordsOf(line)}`),
    drawing === null
      ? null
      : h(
          "div",
          { class: "mini" },
          drawing,
          h("p", { class: "now" }, `${plural(drawn(line).length, "complete answer")}; the higher the better`)
        ),
    Parts.table(
      "Answers, the newest first",
      ["At", "Answer", "Score", "Findings", "Change", "Said"],
      line.points.toReversed().map((point) => ({
        id: point.claimId,
        cells: [
          h("a", { href: `/scans/${point.claimId}` }, Parts.when(point.at)),
          Parts.answerBadge(point),
          point.score === null ? "–" : number(point.score.value),
          point.findings === null ? "–" : number(point.findings),
          changeOf(point),
          Parts.answerWords(point)
        ]
      })),
      ""
    )
  )
}

/**
 * One target: all its answers, of each type of scan.
 *
 * @category constructors
 * @since 0.2.0
 */
export const one: Route = {
  path: "/target",
  query: ["vendor", "account", "type", "subject", "series"],
  render: Effect.fnUntraced(function* ({ journal, query }) {
    const subject = subjectOf(query["subject"] ?? "")
    if (subject === null) {
      return yield* new Api.BadRequest({ detail: "subject must be kind:id, such as url:https://example.com/" })
    }
    const { account = "", series = "", type = "", vendor = "" } = query
    const entries = yield* FromJournal.read(
      journal.history({
        limit: 500,
        payloads: false,
        subject: { ...subject, ...(series === "" ? {} : { series }) },
        ...(vendor === "" ? {} : { vendor }),
        ...(account === "" ? {} : { account })
      })
    )
    const lines = History.lines(entries).filter(({ scanType }) => type === "" || scanType === type)
    const [first] = lines
    if (first === undefined) return yield* new Api.NotFound({ detail: "the journal has no answer about this target" })
    return {
      title: safe(first.subject.name, 160),
      nav: "/targets",
      kinds: ["claim"],
      body: lines.map(oneLine)
    }
  })
}
