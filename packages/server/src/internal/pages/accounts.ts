/**
 * The accounts: what each has open and in doubt, until when it is paused, whether its key is refused, and how long its scans
 * take.
 *
 * @since 0.2.0
 */
import type { Lesson } from "@scanpoll/core/unstable/engine/DurationModel"
import * as Account from "@scanpoll/core/unstable/model/Account"
import { badge, duration, h, type Node, number, plural, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as AccountStanding from "../../AccountStanding.ts"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"
import * as Tally from "../tally.ts"

type Standings = ReturnType<typeof AccountStanding.of>[number]

// Half of the scans of a kind took no longer.
const usual = (lessons: ReadonlyArray<Lesson>, { origin, vendor }: Standings): Node => {
  const settled = lessons.filter(
    (lesson) => lesson.vendor === vendor && lesson.origin === origin && lesson.ended === "settled"
  )
  const kinds = [...Map.groupBy(settled, ({ kind }) => kind)].map(([kind, some]) => {
    const sorted = some.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b)
    const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
    const newest = some.at(-1)?.durationMs ?? 0
    return `${kind === "" ? "" : `${safe(kind, 40)}: `}half took ${duration(median)} or less, the last ${duration(newest)} (${plural(some.length, "scan")})`
  })
  return kinds.length === 0 ? null : kinds.map((line) => h("span", { class: "line" }, line))
}

const keyHealth = (denied: number, asked: Asked): Node => {
  if (denied === 0) return "not refused, as far as the journal knows"
  return [
    badge("bad", "cross", "refused"),
    ` ${plural(denied, "scan waits", "scans wait")}. Fix the key, then: `,
    Parts.command("resume", asked)
  ]
}

const pauseWords = (standing: Standings, now: number): Node => {
  const all = Parts.millisOf(standing.pausedUntil) ?? 0
  const submits = Parts.millisOf(standing.submitsPausedUntil) ?? 0
  if (all <= now && submits <= now) return "not paused"
  return [
    badge("warn", "half", "paused"),
    all > now ? [" Asked again ", Parts.when(all), "."] : null,
    submits > now ? [" The next new scan goes out ", Parts.when(submits), "."] : null,
    standing.lastFault === null ? null : ` Last trouble: ${safe(standing.lastFault.message, 200)}`
  ]
}

const one = (standing: Standings, all: Tally.Tally, lessons: ReadonlyArray<Lesson>, asked: Asked): Node => {
  const { account, inDoubt, lastFault, open, origin, troubled, vendor } = standing
  const id = `account-${[vendor, account, origin].join("-").replace(/[^A-Za-z0-9-]/g, "_")}`
  const key = Account.key(standing)
  const late = all.of("late", key).count
  const budget = asked.sources.budgetOf(vendor)
  return Parts.card(
    id,
    Parts.accountName(standing),
    Parts.facts([
      ["Asked at", safe(origin, 200)],
      [
        "Open",
        [
          open === 0
            ? "none"
            : h("a", { href: Parts.href("/scans", { state: "submitted", vendor, account }) }, plural(open, "scan")),
          troubled === 0 ? null : `, ${number(troubled)} whose last poll failed`,
          late === 0 ? null : `, ${number(late)} late`
        ]
      ],
      [
        "In doubt",
        inDoubt === 0 ? "none" : h("a", { href: Parts.href("/doubt", { vendor }) }, plural(inDoubt, "scan"))
      ],
      ["Key", keyHealth(all.of("denied", key).count, asked)],
      ["Pause", pauseWords(standing, asked.now)],
      ["Budget", budget === null ? null : safe(budget, 200)],
      ["Scans take", usual(lessons, standing)],
      [
        "Last trouble",
        lastFault === null
          ? "none"
          : [Parts.when(Parts.millisOf(lastFault.at)), ` ${safe(lastFault.code, 60)}: ${safe(lastFault.message, 300)}`]
      ]
    ])
  )
}

/**
 * All accounts that have something open, in doubt or paused.
 *
 * @category constructors
 * @since 0.2.0
 */
export const route: Route = {
  path: "/accounts",
  query: [],
  render: Effect.fnUntraced(function* (asked) {
    const { journal } = asked
    const open = yield* FromJournal.read(asked.whole.open)
    const standings = AccountStanding.of(open, yield* FromJournal.read(journal.pauses))
    const lessons = yield* FromJournal.read(journal.lessons)
    const all = Tally.make(open, asked.now, Parts.takenAhead(asked))
    return {
      title: "Accounts",
      nav: "/accounts",
      kinds: ["claim", "account"],
      body:
        standings.length === 0
          ? Parts.card("none", "Nothing open", h("p", { class: "soft" }, "No account has an open scan or a pause."))
          : standings.map((standing) => one(standing, all, lessons, asked))
    }
  })
}
