// The charts of the page, a function each, as drawn SVG with its numbers beside it. Touches nothing.
import type { Severity } from "@scanpoll/core/model/Severity"
import { scaleLinear, scaleLog } from "d3-scale"
import { area, line } from "d3-shape"
import { type ReportScan, type TrendPoint, countSeverities, worstFirst } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"
import * as Words from "../words.ts"
import { type Children, type Node, h, icon } from "./dom.ts"

// Every chart is a list: for each vendor its numbers in words, and the drawing. The drawing stretches with the page,
// so nothing but lines, boxes and dots whose stroke does not scale is in it.

const round = (value: number): number => Math.round(value * 100) / 100

const strip = (children: Children, height = 34): Node =>
  h(
    "svg",
    {
      class: height > 34 ? "strip tall" : "strip",
      viewBox: `0 0 100 ${height}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      focusable: "false"
    },
    children
  )

const rule = (x1: number, y1: number, x2: number, y2: number, name: string): Node =>
  h("path", {
    d: `M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}`,
    class: name,
    "vector-effect": "non-scaling-stroke"
  })

const dot = (x: number, y: number, severity: Severity): Node =>
  h("path", { d: `M${round(x)} ${round(y)}h0`, class: `dot s-${severity}`, "vector-effect": "non-scaling-stroke" })

interface Mark {
  readonly x: number
  readonly severity: Severity
}

// Dots that would cover one another are moved up and down by turns.
const dots = (marks: ReadonlyArray<Mark>): ReadonlyArray<Node> => {
  const taken = new Map<number, number>()
  return marks.map(({ severity, x }) => {
    const bin = Math.round(x / 1.6)
    const nth = taken.get(bin) ?? 0
    taken.set(bin, nth + 1)
    const step = Math.min(Math.ceil(nth / 2) * 7, 14)
    return dot(x, 17 + (nth % 2 === 0 ? step : -step), severity)
  })
}

// More marks than can be told apart are thinned evenly; the words beside them count all.
const thinned = <A>(items: ReadonlyArray<A>, max: number): ReadonlyArray<A> =>
  items.length <= max
    ? items
    : Array.from({ length: max }, (_, at) => items[Math.floor((at * items.length) / max)]).filter(
        (item) => item !== undefined
      )

// Where the bands of scores begin; a stylesheet has no arithmetic of its own, so each place has a class.
const scoreAxis = (): Node =>
  h(
    "div",
    { class: "axis score", "aria-hidden": "true" },
    ["0", "60", "70", "80", "90", "100"].map((label) => h("span", { class: `p${label}` }, label))
  )

const axis = (...labels: ReadonlyArray<string>): Node =>
  h(
    "div",
    { class: "axis", "aria-hidden": "true" },
    labels.map((label) => h("span", null, label))
  )

interface Row {
  readonly name: string
  readonly plot: Children
  readonly say: Children
}

const table = (caption: string, rows: ReadonlyArray<Row>, foot: Node = null): Node => [
  h("p", { class: "lead" }, caption),
  h(
    "ul",
    { class: "bars" },
    rows.map((row) =>
      h(
        "li",
        null,
        h("p", { class: "row" }, h("b", null, row.name), " ", h("span", { class: "say" }, row.say)),
        row.plot
      )
    )
  ),
  foot
]

const card = (id: string, title: string, ...children: ReadonlyArray<Children>): Node =>
  h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), ...children)

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? 0, sorted[middle] ?? 0]
  return (low + high) / 2
}

const least = (values: ReadonlyArray<number>): number =>
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)

const most = (values: ReadonlyArray<number>): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

export const severities = (report: ScanReport): Node => {
  const vendors = [...Words.byVendor(report.scans)]
  const widest = most(vendors.map(([, scans]) => scans.length))
  const x = scaleLinear([0, Math.max(1, widest)], [0, 100])
  return card(
    "c-sev",
    "Severity",
    table(
      "Scans of each vendor, the worst first; what has no result comes last.",
      vendors.map(([vendor, scans]) => {
        const counts = countSeverities(scans.filter((scan) => scan.assessment !== null).map((scan) => scan.severity))
        const open = scans.filter((scan) => scan.assessment === null).length
        const parts = [
          ...worstFirst.map((severity) => ({ name: severity, count: counts[severity] ?? 0 })),
          { name: "open", count: open }
        ].filter((part) => part.count > 0)
        let at = 0
        const boxes = parts.map((part) => {
          const from = at
          at += part.count
          const width = Math.max(0.3, x(at) - x(from) - 0.5)
          return h("rect", { x: round(x(from)), y: 8, width: round(width), height: 18, class: `f-${part.name}` })
        })
        return {
          name: vendor,
          plot: strip(boxes),
          say: h(
            "span",
            { class: "legend" },
            parts.map((part) =>
              h(
                "span",
                { class: part.name === "open" ? "soft" : `t-${part.name}` },
                icon(part.name),
                ` ${Words.number(part.count)} ${part.name === "open" ? "without a result" : part.name}`
              )
            )
          )
        }
      })
    )
  )
}

export const scores = (report: ScanReport): Node => {
  const x = scaleLinear([0, 1], [2, 98])
  const rows = [...Words.byVendor(report.scans)].map(([vendor, scans]): Row => {
    const found = scans.flatMap((scan) => {
      const score = scan.assessment?.score ?? null
      if (score === null || score.max <= score.min) return []
      const share = (score.value - score.min) / (score.max - score.min)
      return [
        {
          value: score.value,
          share: score.direction === "higher-is-better" ? share : 1 - share,
          severity: scan.severity
        }
      ]
    })
    if (found.length === 0) return { name: vendor, plot: null, say: "gives no score" }
    const values = found.map((one) => one.value)
    const asked = report.gate.policy.minScore
    const limit = asked.find((one) => one.vendor === vendor) ?? asked.find((one) => one.vendor === null)
    const spread =
      found.length === 1
        ? Words.number(values[0] ?? 0)
        : `${Words.number(least(values))} to ${Words.number(most(values))}, median ${Words.number(median(values))}`
    return {
      name: vendor,
      plot: strip([
        ...[0.6, 0.7, 0.8, 0.9].map((share) => rule(x(share), 5, x(share), 29, "grid")),
        rule(2, 17, 98, 17, "rail"),
        ...(limit === undefined ? [] : [rule(x(limit.score / 100), 1, x(limit.score / 100), 33, "limit")]),
        ...dots(thinned(found, 400).map((one) => ({ x: x(one.share), severity: one.severity })))
      ]),
      say: `${Words.plural(found.length, "score")}: ${spread}${limit === undefined ? "" : `; asked for ${Words.number(limit.score)}`}`
    }
  })
  return card(
    "c-score",
    "Scores",
    table(
      "Each vendor's own scores, in hundredths of its scale; the further right the better. Never averaged across vendors.",
      rows,
      scoreAxis()
    )
  )
}

export const changes = (report: ScanReport): Node => {
  const rows = [...Words.byVendor(report.scans)].flatMap(([vendor, scans]) => {
    const deltas = scans.flatMap((scan) => (scan.delta === null ? [] : [scan.delta]))
    if (deltas.length === 0) return []
    const sum = (pick: (delta: NonNullable<ReportScan["delta"]>) => number) =>
      deltas.reduce((total, delta) => total + pick(delta), 0)
    return [
      {
        vendor,
        scans: deltas.length,
        fresh: sum((delta) => delta.new),
        gone: sum((delta) => (delta.comparable ? delta.resolved : 0)),
        same: sum((delta) => delta.unchanged),
        doubtful: deltas.filter((delta) => !delta.comparable || !delta.consistent).length
      }
    ]
  })
  if (rows.length === 0) return null
  const widest = most(rows.flatMap((row) => [row.fresh, row.gone]))
  const x = scaleLinear([0, Math.max(1, widest)], [0, 48])
  return card(
    "c-delta",
    "What changed",
    table(
      "Findings since the scan before: resolved to the left, new to the right.",
      rows.map((row) => ({
        name: row.vendor,
        plot: strip([
          h("rect", { x: round(50 - x(row.gone)), y: 9, width: round(x(row.gone)), height: 16, class: "f-good" }),
          h("rect", { x: 50, y: 9, width: round(x(row.fresh)), height: 16, class: "f-bad" }),
          rule(50, 4, 50, 30, "rail")
        ]),
        say: `${Words.number(row.fresh)} new, ${Words.number(row.gone)} resolved, ${Words.number(row.same)} unchanged in ${Words.plural(row.scans, "scan")}${row.doubtful === 0 ? "" : `; ${Words.number(row.doubtful)} not fully comparable`}`
      })),
      axis("resolved", "new")
    )
  )
}

export const durations = (report: ScanReport): readonly [times: Node, polls: Node] => {
  const timed = report.scans.filter((scan) => scan.timings.durationMs !== null)
  const polled = report.scans.filter((scan) => scan.timings.polls > 0)
  const values = timed.map((scan) => Math.max(100, scan.timings.durationMs ?? 0))
  const [from, to] = [least(values), most(values)]
  // Scans of seconds and of hours on one line.
  const x = scaleLog([Math.max(1, from * 0.9), Math.max(2, to * 1.1)], [2, 98])
  const topPolls = most(polled.map((scan) => scan.timings.polls))
  const p = scaleLinear([0, Math.max(1, topPolls)], [2, 98])
  const times = [...Words.byVendor(timed)].map(([vendor, scans]): Row => {
    const mine = scans.map((scan) => scan.timings.durationMs ?? 0)
    const ours = scans.filter((scan) => scan.timings.durationBasis === "client").length
    return {
      name: vendor,
      plot: strip([
        rule(2, 17, 98, 17, "rail"),
        ...dots(
          thinned(scans, 400).map((scan) => ({
            x: x(Math.max(100, scan.timings.durationMs ?? 0)),
            severity: "info" as const
          }))
        )
      ]),
      say:
        mine.length === 1
          ? `${Words.duration(most(mine))}${ours === 0 ? "" : ", by our clock"}`
          : `median ${Words.duration(median(mine))}, longest ${Words.duration(most(mine))}${ours === 0 ? "" : `; ${Words.number(ours)} by our clock`}`
    }
  })
  const polls = [...Words.byVendor(polled)].map(([vendor, scans]): Row => {
    const mine = scans.map((scan) => scan.timings.polls)
    const all = mine.reduce((sum, count) => sum + count, 0)
    return {
      name: vendor,
      plot: strip([
        rule(2, 17, 98, 17, "rail"),
        ...dots(thinned(scans, 400).map((scan) => ({ x: p(scan.timings.polls), severity: "info" as const })))
      ]),
      say:
        mine.length === 1
          ? Words.plural(all, "poll")
          : `${Words.plural(all, "poll")}: median ${Words.number(median(mine))} a scan, most ${Words.number(most(mine))}`
    }
  })
  return [
    times.length === 0
      ? null
      : card(
          "c-time",
          "How long scans took",
          table(
            "Each dot is a scan; the scale is logarithmic.",
            times,
            from === to ? null : axis(Words.duration(from), Words.duration(to))
          )
        ),
    polls.length === 0
      ? null
      : card("c-poll", "How often we polled", table("Each dot is a scan.", polls, axis("0", Words.number(topPolls))))
  ]
}

const ranks: Readonly<Record<Severity, number>> = {
  none: 6,
  info: 5,
  low: 4,
  medium: 3,
  high: 2,
  unknown: 1,
  critical: 0
}

interface Series {
  readonly scan: ReportScan
  readonly points: ReadonlyArray<{ readonly at: number; readonly value: number }>
  readonly scored: boolean
  readonly move: number
}

interface Plotted {
  readonly points: ReadonlyArray<{ readonly at: number; readonly value: number }>
  readonly scored: boolean
}

// By score where every point has one, else by severity.
const plotted = (all: ReadonlyArray<Pick<TrendPoint, "at" | "score" | "severity">>): Plotted => {
  const scored = all.every((point) => point.score !== null)
  const points = all.map((point) => ({
    at: Date.parse(point.at),
    value: scored ? (point.score ?? 0) : ranks[point.severity]
  }))
  return { points, scored }
}

const seriesOf = (scan: ReportScan): Series | null => {
  if (scan.trend.length === 0 || scan.assessment === null) return null
  const now: TrendPoint = {
    at: scan.timings.completedAt ?? scan.timings.observedAt,
    scanId: scan.scanId,
    severity: scan.severity,
    score: scan.assessment.score?.value ?? null,
    findings: scan.findings.total
  }
  const { points, scored } = plotted([...scan.trend, now])
  const [before, last] = [points.at(-2)?.value ?? 0, points.at(-1)?.value ?? 0]
  return { scan, points, scored, move: (last - before) / (scored ? 100 : 6) }
}

const plot = ({ points, scored }: Plotted, severity: Severity): Node => {
  const xs = scaleLinear([points[0]?.at ?? 0, points.at(-1)?.at ?? 1], [2, 98])
  const equal = points[0]?.at === points.at(-1)?.at
  const ys = scaleLinear(scored ? [0, 100] : [0, 6], [52, 6])
  const px = (point: { readonly at: number }, at: number): number =>
    equal ? 2 + (96 * at) / Math.max(1, points.length - 1) : xs(point.at)
  const path = line<(typeof points)[number]>()
    .x((point, at) => round(px(point, at)))
    .y((point) => round(ys(point.value)))
  const fill = area<(typeof points)[number]>()
    .x((point, at) => round(px(point, at)))
    .y0(54)
    .y1((point) => round(ys(point.value)))
  const last = points.at(-1)
  return strip(
    [
      h("path", { d: fill([...points]) ?? "", class: "area" }),
      rule(0, 55, 100, 55, "rail"),
      h("path", { d: path([...points]) ?? "", class: "trend", "vector-effect": "non-scaling-stroke" }),
      last === undefined ? null : dot(px(last, points.length - 1), ys(last.value), severity)
    ],
    58
  )
}

const drawing = (series: Series): Node => plot(series, series.scan.severity)

/**
 * Answers over time as a line, oldest first: by score where each has one, else by severity, the higher the better. Null for fewer
 * than two.
 *
 * @category constructors
 * @since 0.2.0
 */
export const trendLine = (all: ReadonlyArray<Pick<TrendPoint, "at" | "score" | "severity">>): Node => {
  const last = all.at(-1)
  return last === undefined || all.length < 2 ? null : plot(plotted(all), last.severity)
}

const told = (series: Series): string => {
  const { points, scan, scored } = series
  const before = scan.trend.at(-1)
  if (before === undefined) return ""
  const last = points.at(-1)?.value ?? 0
  const now = scored ? `score ${Words.number(last)}` : scan.severity
  const was = scored ? Words.number(before.score ?? 0) : before.severity
  return `${now}, was ${was}`
}

export const trendOf = (scan: ReportScan): Node => {
  const series = seriesOf(scan)
  if (series === null) return null
  const first = scan.trend[0]
  return h(
    "div",
    { class: "mini" },
    drawing(series),
    h(
      "p",
      { class: "now" },
      h("span", null, told(series)),
      h("span", null, `${Words.plural(series.points.length, "scan")} since ${(first?.at ?? "").slice(0, 10)}`)
    )
  )
}

export const trends = (report: ScanReport, max: number): Node => {
  const all = report.scans
    .map(seriesOf)
    .filter((series) => series !== null)
    .toSorted((a, b) => a.move - b.move || Words.rank(a.scan.severity) - Words.rank(b.scan.severity))
  if (all.length === 0) return null
  return card(
    "c-trend",
    "Trend",
    h("p", { class: "lead" }, "Earlier scans of the same subjects; what fell most comes first. The higher the better."),
    h(
      "ul",
      { class: "minis" },
      all
        .slice(0, max)
        .map((series) =>
          h(
            "li",
            { class: "mini" },
            h("p", { class: "name" }, h("bdi", null, Words.subject(series.scan, 80))),
            h("p", { class: "vend" }, series.scan.vendor),
            drawing(series),
            h(
              "p",
              { class: "now" },
              h("b", null, told(series)),
              h(
                "span",
                null,
                `${Words.plural(series.points.length, "scan")} since ${(series.scan.trend[0]?.at ?? "").slice(0, 10)}`
              )
            )
          )
        )
    ),
    all.length > max
      ? h("p", { class: "more" }, `${Words.number(all.length - max)} more subjects have a trend; see their scans.`)
      : null
  )
}
