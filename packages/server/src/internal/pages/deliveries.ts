/**
 * The notifications: what was told to whom, what is tried again, and what never arrived.
 *
 * @since 0.2.0
 */
import {
  type DeliveryState,
  deliveryStates,
  type StoredDelivery
} from "@scanpoll/core/unstable/engine/StoredDeliveries"
import { badge, type Children, h, type Node, number, plural, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as Api from "../../Api.ts"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const shownAtMost = 200

const signs: Readonly<Record<DeliveryState, readonly [tone: string, sign: string, word: string]>> = {
  pending: ["info", "open", "pending"],
  delivered: ["none", "check", "delivered"],
  dead: ["bad", "cross", "did not arrive"]
}

const isState = (word: string): word is DeliveryState => deliveryStates.some((state) => state === word)

const next = ({ attempts, dueAt, lastError, state }: StoredDelivery): Node => [
  state === "pending" ? [attempts === 0 ? "at once" : ["tried again ", Parts.when(dueAt)]] : null,
  lastError === null ? null : h("span", { class: "sub" }, safe(lastError, 200))
]

/**
 * What of the notifications needs a person: the ones that were given up.
 *
 * @category constructors
 * @since 0.2.0
 */
export const needs = (asked: Asked) =>
  Effect.map(
    FromJournal.read(asked.journal.deliveries({ states: ["dead"], limit: shownAtMost })),
    (dead): ReadonlyArray<{ id: string; badge: Node; what: Children; why: Children; act: Children }> =>
      [...Map.groupBy(dead, ({ receiver }) => receiver)].map(([receiver, some]) => ({
        id: `dead-${receiver}`.replace(/[^A-Za-z0-9-]/g, "_"),
        badge: badge(...signs.dead),
        what: h(
          "a",
          { href: "/deliveries?state=dead" },
          `${plural(some.length, "notification")} to ${safe(receiver, 64)}`
        ),
        why:
          some[0]?.lastError === null
            ? null
            : `Tried for a day and a half; the last try: ${safe(some[0]?.lastError ?? "", 200)}`,
        act: ["Once it can be reached: ", Parts.command(`journal redeliver --receiver ${receiver}`, asked)]
      }))
  )

/**
 * All notifications, the newest first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const route: Route = {
  path: "/deliveries",
  query: ["state"],
  render: Effect.fnUntraced(function* (asked) {
    const { journal, query } = asked
    const state = query["state"] ?? ""
    if (state !== "" && !isState(state)) return yield* new Api.BadRequest({ detail: "there is no such state" })
    const all = yield* FromJournal.read(
      journal.deliveries({ limit: shownAtMost, ...(state === "" ? {} : { states: [state] }) })
    )
    return {
      title: "Notifications",
      nav: "/deliveries",
      body: Parts.card(
        "deliveries",
        "What was told to whom",
        Parts.filters("/deliveries", { state }, [{ name: "state", label: "State", values: deliveryStates }]),
        Parts.table(
          "Notifications, the newest first",
          ["Event", "Stands", "To", "Tries", "Made"],
          all.map((delivery) => ({
            id: `${delivery.id}-${delivery.receiver}`.replace(/[^A-Za-z0-9-]/g, "_"),
            cells: [
              [
                delivery.claimId === null
                  ? delivery.type
                  : h("a", { href: `/scans/${delivery.claimId}` }, delivery.type),
                h("span", { class: "sub" }, safe(delivery.id, 80))
              ],
              [badge(...signs[delivery.state]), " ", next(delivery)],
              safe(delivery.receiver, 64),
              number(delivery.attempts),
              Parts.when(delivery.madeAt)
            ]
          })),
          "Nobody was notified. `--notify FILE` of run, worker and serve names receivers."
        ),
        all.some((delivery) => delivery.state === "dead")
          ? h("p", { class: "act" }, "To try again what did not arrive: ", Parts.command("journal redeliver", asked))
          : null,
        all.length === shownAtMost ? h("p", { class: "soft" }, `The newest ${number(shownAtMost)} are shown.`) : null
      )
    }
  })
}
