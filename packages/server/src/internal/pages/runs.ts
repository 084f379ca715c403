/**
 * The runs of a journal, and one run: what came of its targets, what it waits for, and its report.
 *
 * @since 0.2.0
 */
import type { StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Standing from "@scanpoll/journal/Standing"
import { badge, h, type Node, number, safe, sections } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as Cursor from "../../Cursor.ts"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const limit = 50
// More rows that have not ended are counted.
const openAtMost = 100

const standing = ({ endedAt, exitCode, heldBy }: StoredRun): Node =>
  endedAt === null
    ? heldBy === null
      ? badge("bad", "cross", "ended early")
      : badge("info", "open", "under way")
    : exitCode === 0
      ? badge("none", "none", "exit code 0")
      : badge(exitCode === 1 || exitCode === 4 ? "bad" : "warn", "half", `exit code ${exitCode ?? "unknown"}`)

const states = ({ byState }: StoredRun): string =>
  Object.entries(byState)
    .map(([state, count]) => `${number(count)} ${state}`)
    .join(", ")

/**
 * Runs as a table.
 *
 * @category constructors
 * @since 0.2.0
 */
export const list = (runs: ReadonlyArray<StoredRun>): Node =>
  Parts.table(
    "Runs, the newest first",
    ["Run", "Stands", "Rows", "Began", "Ended"],
    runs.map((run) => ({
      id: run.runId,
      cells: [
        [
          h("a", { class: "name", href: `/runs/${run.runId}` }, run.runId),
          h("span", { class: "sub" }, safe(run.command, 40), run.plan === null ? "" : ` of ${safe(run.plan, 120)}`)
        ],
        standing(run),
        [
          `${number(run.total - JournalView.openRows(run))} of ${number(run.total)} ended`,
          h("span", { class: "sub" }, states(run))
        ],
        Parts.when(run.startedAt),
        Parts.when(run.endedAt)
      ]
    })),
    "The journal has no run yet."
  )

/**
 * All runs, a page at a time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const all: Route = {
  path: "/runs",
  query: ["cursor"],
  render: Effect.fnUntraced(function* ({ journal, query }) {
    const [before, beforeId] = (yield* Cursor.decode("runs", query["cursor"], 2)) ?? []
    const found = yield* FromJournal.read(
      journal.runs.list({
        limit: limit + 1,
        ...(before === undefined || beforeId === undefined ? {} : { before: Number(before), beforeId })
      })
    )
    const shown = found.slice(0, limit)
    const last = found.length > limit ? shown.at(-1) : undefined
    return {
      title: "Runs",
      nav: "/runs",
      kinds: ["run", "claim"],
      body: Parts.card(
        "runs",
        "All runs",
        list(shown),
        Parts.older(
          "/runs",
          query,
          last === undefined ? null : Cursor.encode("runs", String(last.startedAt), last.runId)
        )
      )
    }
  })
}

interface Waiting {
  readonly row: StoredRow
  readonly entry: ClaimEntry | null
}

const waitsFor = (waiting: ReadonlyArray<Waiting>, left: number, asked: Asked): Node =>
  waiting.length === 0
    ? null
    : Parts.card(
        "waits",
        "Waiting for",
        Parts.table(
          "Targets that have not ended",
          ["Target", "Stands", "Next poll", "Last trouble"],
          waiting.map(({ entry, row }) => ({
            id: `row-${row.index}`,
            cells: [
              entry === null
                ? [
                    h("bdi", null, safe(row.subject.name, 200)),
                    " ",
                    h("span", { class: "sub" }, Parts.accountName(row))
                  ]
                : Parts.scanLink(entry),
              entry === null
                ? badge("info", "open", "not begun")
                : Parts.claimBadge(entry, asked.now, Parts.takenAhead(asked)),
              entry === null ? "–" : Parts.when(entry.notBefore),
              entry === null || entry.lastFault === null ? "–" : Parts.faultWords(entry.lastFault)
            ]
          })),
          ""
        ),
        left > 0 ? h("p", { class: "more" }, `${number(left)} more`) : null
      )

// The script puts another report in only where it is another one.
const reportOf = (markup: string): string =>
  `<div id="report" class="page-in" data-digest="${createHash("sha256").update(markup).digest("hex").slice(0, 32)}">\n${markup}</div>`

const formats = (runId: string): Node =>
  h(
    "p",
    { class: "more" },
    "The report as ",
    ["html", "json", "sarif", "junit", "csv", "markdown"].map((format, at) => [
      at === 0 ? null : ", ",
      h("a", { href: `/api/v1/runs/${runId}/report?format=${format}` }, format)
    ])
  )

/**
 * One run.
 *
 * @category constructors
 * @since 0.2.0
 */
export const one: Route = {
  path: "/runs/:runId",
  query: [],
  render: Effect.fnUntraced(function* (asked) {
    const { journal, params, sources } = asked
    const runId = params["runId"] ?? ""
    const { rows, run } = yield* FromJournal.orNotFound(yield* FromJournal.read(journal.runs.get(runId)), "run")
    const open = rows.filter(({ ended }) => ended === null)
    const waiting = yield* Effect.forEach(open.slice(0, openAtMost), (row) =>
      Effect.map(
        row.claimId === null ? Effect.succeed(null) : FromJournal.read(journal.get(row.claimId)),
        (entry): Waiting => ({ row, entry })
      )
    )
    const report = yield* FromJournal.read(sources.reportOfRun(runId, false))
    const canContinue = run.endedAt === null && run.heldBy === null && run.command === "run"
    const denied = waiting.filter(
      ({ entry }) => entry !== null && Standing.of(entry, asked.now, Parts.takenAhead(asked)) === "denied"
    )
    return {
      title: `Run ${run.runId}`,
      nav: "/runs",
      reportTools: true,
      body: [
        Parts.card(
          "run",
          run.endedAt === null ? (run.heldBy === null ? "Ended early" : "Under way") : "Ended",
          Parts.facts([
            ["Stands", standing(run)],
            ["Rows", `${number(run.total - open.length)} of ${number(run.total)} ended: ${states(run) || "none yet"}`],
            ["Began", Parts.when(run.startedAt)],
            ["Ended", run.endedAt === null ? null : Parts.when(run.endedAt)],
            ["Command", safe(run.command, 60)],
            ["Plan", run.plan === null ? null : safe(run.plan, 200)],
            ["Held by", run.heldBy === null ? null : safe(run.heldBy, 120)]
          ]),
          canContinue ? h("p", { class: "act" }, "To end it: ", Parts.command(`run --continue ${runId}`, asked)) : null,
          denied.length > 0
            ? h("p", { class: "act" }, "A key was refused. Fix it, then: ", Parts.command("resume", asked))
            : null,
          formats(runId)
        ),
        waitsFor(waiting, open.length - waiting.length, asked)
      ],
      ...(report === null ? {} : { markup: reportOf(sections(report)) })
    }
  })
}
