/**
 * What needs a person now, and what goes on.
 *
 * @since 0.2.0
 */
import type { ClaimEntry, Pause } from "@scanpoll/core/engine/ScanJournal"
import type { StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import type * as Standing from "@scanpoll/journal/Standing"
import { badge, type Children, duration, h, type Node, number, plural, safe, tile } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as ClusterPage from "./cluster.ts"
import * as Deliveries from "./deliveries.ts"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"
import * as Tally from "../tally.ts"
import * as Runs from "./runs.ts"

const runsLookedAt = 50

interface Need {
  readonly id: string
  readonly badge: Node
  readonly what: Children
  readonly why: Children
  readonly act: Children
}

const needItem = ({ act, badge: sign, id, what, why }: Need): Node =>
  h(
    "li",
    { id: `need-${id}` },
    h("div", { class: "badges" }, sign),
    h(
      "div",
      null,
      h("p", null, what),
      h("p", { class: "soft" }, why),
      act === null ? null : h("p", { class: "act" }, act)
    )
  )

// The claims that are shown with what they are about: there may be very many others.
type Whole = ReadonlyMap<string, ClaimEntry>

// Each claim on a line of its own, the others counted.
const each = (
  all: Tally.Tally,
  whole: Whole,
  standing: Standing.Standing,
  make: (entry: ClaimEntry) => Pick<Need, "why" | "act">,
  rest: string
): ReadonlyArray<Need> => {
  const { count, first } = all.of(standing)
  const left = count - first.length
  return [
    ...first.flatMap(({ claimId }) => {
      const entry = whole.get(claimId)
      if (entry === undefined) return []
      return [{ id: claimId, badge: Parts.standingBadge(standing), what: Parts.scanLink(entry), ...make(entry) }]
    }),
    ...(left > 0
      ? [
          {
            id: standing,
            badge: Parts.standingBadge(standing),
            what: h("a", { href: rest }, `${number(left)} more`),
            why: null,
            act: null
          }
        ]
      : [])
  ]
}

const denied = (all: Tally.Tally, asked: Asked): ReadonlyArray<Need> =>
  all.accounts.flatMap((account) => {
    const {
      count,
      first: [entry]
    } = all.of("denied", account)
    if (entry === undefined) return []
    return [
      {
        id: `denied-${entry.claimId}`,
        badge: Parts.standingBadge("denied"),
        what: h("b", null, Parts.accountName(entry.key)),
        why: [
          entry.lastFault === null ? "the key was refused" : Parts.faultWords(entry.lastFault),
          `; ${plural(count, "scan waits", "scans wait")}`
        ],
        act: ["Fix the key, then: ", Parts.command("resume", asked)]
      }
    ]
  })

const unowned = (all: Tally.Tally, asked: Asked): ReadonlyArray<Need> => {
  const { count } = all.of("unowned")
  return count === 0
    ? []
    : [
        {
          id: "unowned",
          badge: Parts.standingBadge("unowned"),
          what: h("a", { href: "/scans?state=submitted" }, plural(count, "open scan")),
          why: "No process polls them. They are paid for, and nobody waits for their results.",
          act: ["To wait for them: ", Parts.command("resume", asked)]
        }
      ]
}

const late = (all: Tally.Tally): ReadonlyArray<Need> => {
  const { count } = all.of("late")
  return count === 0
    ? []
    : [
        {
          id: "late",
          badge: Parts.standingBadge("late"),
          what: plural(count, "poll is overdue", "polls are overdue"),
          why: `The worst by ${duration(all.worstLate)}. Their process is alive and does not ask: its machine is busy, or its line is slow.`,
          act: null
        }
      ]
}

const killed = (runs: ReadonlyArray<StoredRun>, asked: Asked): ReadonlyArray<Need> =>
  runs
    .filter(({ command, endedAt, heldBy }) => endedAt === null && heldBy === null && command === "run")
    .slice(0, Tally.namedAtMost)
    .map((run) => ({
      id: run.runId,
      badge: badge("bad", "cross", "ended early"),
      what: ["Run ", h("a", { href: `/runs/${run.runId}` }, run.runId)],
      why: ["Began ", Parts.when(run.startedAt), "; its process went away before its end."],
      act: ["To end it: ", Parts.command(`run --continue ${run.runId}`, asked)]
    }))

const paused = (pauses: ReadonlyArray<Pause>, now: number): ReadonlyArray<Need> =>
  pauses
    .filter(({ until }) => until > now)
    .map((pause) => ({
      id: `pause-${pause.vendor}-${pause.account}-${pause.kind ?? "all"}`.replace(/[^A-Za-z0-9-]/g, "_"),
      badge: badge("warn", "half", "paused"),
      what: h("a", { href: "/accounts" }, Parts.accountName(pause)),
      why: [
        pause.kind === "submit"
          ? "The vendor takes no new scan for now. The next one goes out "
          : "The vendor asked for a break. It is asked again ",
        Parts.when(pause.until),
        "."
      ],
      act: null
    }))

const needs = (
  all: Tally.Tally,
  whole: Whole,
  runs: ReadonlyArray<StoredRun>,
  pauses: ReadonlyArray<Pause>,
  others: ReadonlyArray<Need>,
  asked: Asked
): ReadonlyArray<Need> => [
  ...each(
    all,
    whole,
    "in-doubt",
    (entry) => ({
      why: ["Its answer was lost ", Parts.when(entry.changedAt), ". It may have been bought."],
      act: h("a", { href: `/doubt#doubt-${entry.claimId}` }, "Decide")
    }),
    "/doubt"
  ),
  ...denied(all, asked),
  ...each(
    all,
    whole,
    "resting",
    (entry) => ({
      why:
        entry.lastFault === null
          ? null
          : [Parts.faultWords(entry.lastFault), "; asked again ", Parts.when(entry.notBefore)],
      act: null
    }),
    "/scans?state=submitted"
  ),
  ...others,
  ...unowned(all, asked),
  ...late(all),
  ...killed(runs, asked),
  ...paused(pauses, asked.now)
]

const openRows = (all: Tally.Tally, whole: Whole): Node =>
  Parts.table(
    "Open scans, the next poll first",
    ["Scan", "Stands", "Next poll", "Since", "Held by"],
    all.next.flatMap(({ entry: { claimId }, standing }) => {
      const entry = whole.get(claimId)
      if (entry === undefined) return []
      const cells = [
        Parts.scanLink(entry),
        Parts.standingBadge(standing),
        Parts.when(entry.notBefore),
        Parts.when(entry.claimedAt),
        entry.heldBy === null ? "no process" : safe(entry.heldBy, 80)
      ]
      return [{ id: claimId, cells }]
    }),
    "No scan is open."
  )

const tiles = (all: Tally.Tally, underWay: number): Node => {
  const count = (wanted: Standing.Standing): number => all.of(wanted).count
  return h(
    "section",
    { "aria-label": "At a glance" },
    h(
      "dl",
      { class: "tiles" },
      tile(
        "Open scans",
        number(all.total),
        `${number(count("in-doubt"))} in doubt, ${number(count("submitting"))} being submitted`
      ),
      tile("Next poll", Parts.when(all.nextPoll)),
      tile("Late", number(count("late")), "overdue by more than 5 s"),
      tile("Failing", number(count("failing")), "last poll failed, retried"),
      tile("Runs under way", number(underWay))
    )
  )
}

/**
 * The page that opens first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const route: Route = {
  path: "/",
  query: [],
  render: Effect.fnUntraced(function* (asked) {
    const { journal, now } = asked
    const open = yield* FromJournal.read(asked.whole.open)
    const runs = yield* FromJournal.read(journal.runs.list({ limit: runsLookedAt }))
    const pauses = yield* FromJournal.read(journal.pauses)
    const ended = yield* FromJournal.read(
      journal.history({ states: ["settled", "refused"], limit: 10, payloads: false })
    )
    const others = [...(yield* ClusterPage.needs(asked)), ...(yield* Deliveries.needs(asked))]
    const all = Tally.make(open, now, Parts.takenAhead(asked))
    const named = [...all.of("in-doubt").first, ...all.of("resting").first, ...all.next.map(({ entry }) => entry)]
    const ids = [...new Set(named.map(({ claimId }) => claimId))]
    const whole = new Map((yield* FromJournal.read(journal.entries(ids))).map((entry) => [entry.claimId, entry]))
    const wanted = needs(all, whole, runs, pauses, others, asked)
    const underWay = runs.filter(({ endedAt, heldBy }) => endedAt === null && heldBy !== null)
    return {
      title: "Now",
      nav: "/",
      body: [
        Parts.card(
          "needs",
          wanted.length === 0 ? "Nothing needs you" : `Needs you: ${number(wanted.length)}`,
          wanted.length === 0
            ? h("p", { class: "soft" }, "No scan is in doubt, refused, late or unattended.")
            : h("ul", { class: "todo" }, wanted.map(needItem))
        ),
        tiles(all, underWay.length),
        underWay.length === 0 ? null : Parts.card("under-way", "Runs under way", Runs.list(underWay)),
        Parts.card(
          "open",
          "Open",
          openRows(all, whole),
          all.total > all.next.length
            ? h(
                "p",
                { class: "more" },
                h("a", { href: "/scans?state=submitted" }, `${number(all.total - all.next.length)} more`)
              )
            : null
        ),
        Parts.card(
          "ended",
          "Ended last",
          Parts.table(
            "The ten scans that ended last",
            ["Scan", "Result", "Said", "Ended"],
            ended.map((entry) => ({
              id: `ended-${entry.claimId}`,
              cells: [
                Parts.scanLink(entry),
                Parts.claimBadge(entry, now, 0),
                Parts.endWords(entry),
                Parts.when(entry.changedAt)
              ]
            })),
            "No scan has ended yet."
          )
        )
      ]
    }
  })
}
