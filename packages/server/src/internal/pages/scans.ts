/**
 * All scans with filters, and one scan: why it is still waiting, what its polls saw, what holds it, and what it said.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, claimStates, openStates } from "@scanpoll/core/engine/ScanJournal"
import type { StoredPoll } from "@scanpoll/core/unstable/engine/StoredPolls"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Standing from "@scanpoll/journal/Standing"
import { badge, details, duration, h, type Node, number, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as Api from "../../Api.ts"
import * as Cursor from "../../Cursor.ts"
import * as Subjects from "../../Subjects.ts"
import type { Asked, Route } from "./page.ts"
import * as Doubt from "./doubt.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const limit = 50

const isState = (word: string | undefined): word is ClaimEntry["state"] => claimStates.some((state) => state === word)

const said = (text: string | undefined): string | undefined => (text === "" ? undefined : text)

/**
 * All scans, a page at a time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const all: Route = {
  path: "/scans",
  query: ["state", "vendor", "account", "subject", "cursor"],
  render: Effect.fnUntraced(function* (asked) {
    const { journal, now, query } = asked
    const state = said(query["state"])
    const [vendor, account] = [said(query["vendor"]), said(query["account"])]
    if (state !== undefined && !isState(state)) return yield* new Api.BadRequest({ detail: "there is no such state" })
    const after = (yield* Cursor.decode("claims", said(query["cursor"]), 1))?.[0]
    const { entries, next } = yield* FromJournal.read(
      journal.page({
        limit,
        ...(yield* Subjects.read(said(query["subject"]))),
        ...(state === undefined ? {} : { states: [state] }),
        ...(vendor === undefined ? {} : { vendor }),
        ...(account === undefined ? {} : { account }),
        ...(after === undefined ? {} : { after })
      })
    )
    return {
      title: "Scans",
      nav: "/scans",
      kinds: ["claim"],
      body: Parts.card(
        "scans",
        "All scans",
        Parts.filters("/scans", { state, vendor, account, subject: said(query["subject"]) }, [
          { name: "state", label: "State", values: claimStates },
          { name: "vendor", label: "Vendor" },
          { name: "account", label: "Account" },
          { name: "subject", label: "Subject, as kind:id" }
        ]),
        Parts.table(
          "Scans, the newest first",
          ["Scan", "Stands", "Said", "Claimed", "Changed"],
          entries.map((entry) => ({
            id: entry.claimId,
            cells: [
              Parts.scanLink(entry),
              Parts.claimBadge(entry, now, Parts.takenAhead(asked)),
              entry.state === "submitted" ? ["next poll ", Parts.when(entry.notBefore)] : Parts.endWords(entry),
              Parts.when(entry.claimedAt),
              Parts.when(entry.changedAt)
            ]
          })),
          "No scan is like that."
        ),
        Parts.older(
          "/scans",
          { state, vendor, account, subject: query["subject"] },
          next === null ? null : Cursor.encode("claims", next)
        )
      )
    }
  })
}

const kinds: Readonly<Record<StoredPoll["kind"], string>> = { wait: "begins to wait", poll: "poll", stop: "stops" }

const seenOf = ({ code, message, percent, seen }: StoredPoll): Node => {
  if (seen === null) return null
  const words = [seen === "fault" ? "" : seen, code === null ? "" : safe(code, 80)]
    .filter((word) => word !== "")
    .join(" ")
  return [
    seen === "fault" || seen === "unrecognised" ? badge("warn", "cross", words || "failed") : words,
    percent === null
      ? null
      : [
          ` ${percent} %`,
          h(
            "svg",
            {
              class: "meter",
              viewBox: "0 0 100 6",
              preserveAspectRatio: "none",
              "aria-hidden": "true",
              focusable: "false"
            },
            h("rect", { class: "track", width: 100, height: 6 }),
            h("rect", { class: "f-low", width: Math.min(100, Math.max(0, percent)), height: 6 })
          )
        ],
    message === null ? null : h("span", { class: "sub" }, safe(message, 200))
  ]
}

const timeline = (polls: ReadonlyArray<StoredPoll>): Node =>
  Parts.table(
    "What the polls saw, the newest first; equal ones in a row are one line",
    ["At", "What", "Saw", "Then"],
    polls.toReversed().map((poll) => ({
      id: `poll-${poll.seq}`,
      cells: [
        [Parts.at(poll.lastAt), poll.count === 1 ? null : h("span", { class: "sub" }, "first ", Parts.at(poll.at))],
        `${kinds[poll.kind]}${poll.count === 1 ? "" : ` ×${number(poll.count)}`}`,
        seenOf(poll),
        poll.kind === "stop"
          ? `stopped: ${safe(poll.because, 60)}`
          : `waits ${duration(Math.max(0, poll.until - poll.lastAt))}: ${Parts.becauseWords(poll.because)}`
      ]
    })),
    "No poll of it is stored."
  )

// Whether asking sooner would help.
const sooner = ({ because }: StoredPoll): string => {
  switch (because) {
    case "hint":
      return "Asking sooner is not possible: the vendor asked for this wait."
    case "floor":
      return "Asking sooner is not possible: the vendor allows no faster polls."
    case "pause":
      return "Asking sooner is not possible: the vendor paused the whole account."
    case "turn":
      return "Asking sooner would not help: the account's requests are used up, and other scans wait, too."
    default:
      return "Asking sooner is possible with a shorter --interval, down to the vendor's floor. It costs requests, and the result comes no sooner."
  }
}

const whyWaiting = (entry: ClaimEntry, polls: ReadonlyArray<StoredPoll>, asked: Asked): Node => {
  const last = polls.at(-1)
  const standing = Standing.of(entry, asked.now, Parts.takenAhead(asked))
  const fault = entry.lastFault
  const trouble = fault === null ? null : h("p", null, "The ", Parts.faultWords(fault), ".")
  switch (standing) {
    case "in-doubt":
      return [
        h(
          "p",
          null,
          "Its submission was sent and its answer was lost. It may have been bought, so it is never sent again by itself."
        ),
        Doubt.choices(entry, asked)
      ]
    case "submitting":
      return h("p", null, "It is being submitted. Nothing is known of it yet.")
    case "parked":
      return [
        h("p", null, "Nobody waits for it since ", Parts.when(entry.parkedAt ?? null), ", because a person said so."),
        h("p", { class: "soft" }, "It goes on at the vendor, and stays paid."),
        Doubt.waitAgain(entry, asked)
      ]
    case "denied":
      return [trouble, h("p", { class: "act" }, "Fix the key, then: ", Parts.command("resume", asked))]
    case "resting":
      return [
        trouble,
        h("p", null, "Its poller gave it up for now. It is asked again ", Parts.when(entry.notBefore), "."),
        h("p", { class: "act" }, "To ask now: ", Parts.command(`wait ${entry.claimId}`, asked))
      ]
    case "unowned":
      return [
        h("p", null, "No process polls it. It is paid for, and goes on at the vendor."),
        trouble,
        h("p", { class: "act" }, "To wait for it: ", Parts.command(`wait ${entry.claimId}`, asked))
      ]
    case "late":
    case "failing":
    case "waiting":
      return [
        h(
          "p",
          null,
          standing === "late" ? "Its next poll was due " : "The next poll is due ",
          Parts.when(entry.notBefore === 0 ? (last?.until ?? null) : entry.notBefore),
          last === undefined || last.kind === "stop" ? "." : `, because ${Parts.becauseWords(last.because)}.`
        ),
        trouble,
        last === undefined || last.kind === "stop" ? null : h("p", { class: "soft" }, sooner(last)),
        Doubt.stopWaiting(entry, asked)
      ]
  }
}

const factsOf = (entry: ClaimEntry): Node =>
  Parts.facts([
    ["Vendor", Parts.accountName(entry.key)],
    ["Type", Parts.typeOf(entry) === null ? null : safe(Parts.typeOf(entry) ?? "", 80)],
    [
      "Subject",
      [
        h("bdi", null, safe(entry.subject.name, 300)),
        h("span", { class: "sub" }, safe(`${entry.subject.kind}:${entry.subject.id}`, 300))
      ]
    ],
    ["Scan", entry.ticket === null ? null : h("code", null, safe(ScanTicket.accountKey(entry.ticket), 240))],
    ["Claim", h("code", null, entry.claimId)],
    ["Asked at", safe(entry.key.origin, 200)],
    ["Claimed", Parts.when(entry.claimedAt)],
    ["Changed", Parts.when(entry.changedAt)],
    ["Held by", entry.heldBy === null ? "no process" : safe(entry.heldBy, 120)],
    ["Reason", entry.reason === null ? null : safe(entry.reason.message, 400)]
  ])

const isOpen = ({ state }: ClaimEntry): boolean => openStates.includes(state)

/**
 * One scan.
 *
 * @category constructors
 * @since 0.2.0
 */
export const one: Route = {
  path: "/scans/:claimId",
  query: [],
  render: Effect.fnUntraced(function* (asked) {
    const { journal, params, sources } = asked
    const claimId = params["claimId"] ?? ""
    const entry = yield* FromJournal.orNotFound(yield* FromJournal.read(journal.get(claimId)), "scan")
    const polls = yield* FromJournal.read(journal.polls(claimId))
    const report = entry.state === "settled" ? yield* FromJournal.read(sources.reportOfClaim(claimId, false)) : null
    const badges = Parts.claimBadge(entry, asked.now, Parts.takenAhead(asked))
    return {
      title: `${Parts.accountName(entry.key)}: ${safe(entry.subject.name, 160)}`,
      nav: "/scans",
      kinds: ["claim", "poll"],
      about: claimId,
      body: [
        Parts.card(
          "why",
          isOpen(entry) ? "Why it is still waiting" : "How it ended",
          h("p", { class: "badges" }, badges),
          isOpen(entry) ? whyWaiting(entry, polls, asked) : h("p", null, Parts.endWords(entry))
        ),
        Parts.card("polls", "Polls", timeline(polls)),
        Parts.card(
          "facts",
          "What it is",
          factsOf(entry),
          h(
            "p",
            { class: "more" },
            h("a", { href: `/api/v1/claims/${claimId}` }, "JSON"),
            ", ",
            h(
              "a",
              { href: Parts.href("/scans", { subject: `${entry.subject.kind}:${entry.subject.id}` }) },
              "all scans of this subject"
            ),
            ...(entry.state === "settled"
              ? [", ", h("a", { href: `/api/v1/claims/${claimId}/report?format=html` }, "the report as one file")]
              : [])
          )
        )
      ],
      ...(report === null ? {} : { markup: `<div class="scans">${details(report, true)}</div>` })
    }
  })
}
