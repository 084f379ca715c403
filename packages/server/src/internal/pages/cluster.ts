/**
 * The workers that share the journal: who polls, and whose scans nobody does.
 *
 * @since 0.2.0
 */
import { badge, type Children, duration, h, type Node, number, plural, safe } from "@scanpoll/report/HtmlParts"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Unavailable } from "../../Api.ts"
import type { Asked, Route } from "./page.ts"
import * as Parts from "./parts.ts"
import * as FromJournal from "../fromJournal.ts"

const Worker = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  alive: Schema.Boolean,
  phase: Schema.NullOr(Schema.String),
  since: Schema.NullOr(Schema.String),
  seenAt: Schema.NullOr(Schema.String),
  slices: Schema.Array(Schema.Finite),
  openScans: Schema.Finite,
  polls: Schema.Finite,
  settled: Schema.Finite,
  latenessMs: Schema.NullOr(Schema.Struct({ p50: Schema.Finite, p99: Schema.Finite, max: Schema.Finite })),
  denied: Schema.Array(Schema.String)
})

// What this page reads of `scanpoll cluster status -o json`.
const Status = Schema.Struct({
  slices: Schema.NullOr(Schema.Finite),
  slicesWithoutWorker: Schema.Finite,
  workers: Schema.Array(Worker),
  scans: Schema.Struct({ open: Schema.Finite, free: Schema.Finite, resting: Schema.Finite }),
  overdue: Schema.Struct({ count: Schema.Finite, worstMs: Schema.Finite })
})

const decode = Schema.decodeUnknownOption(Status)

const statusOf = ({ sources }: Asked): Effect.Effect<typeof Status.Type | null, Unavailable> =>
  sources.cluster === null
    ? Effect.succeed(null)
    : Effect.map(FromJournal.read(sources.cluster), (json) => Option.getOrNull(decode(json)))

/**
 * What of the workers needs a person.
 *
 * @category constructors
 * @since 0.2.0
 */
export const needs = (asked: Asked) =>
  Effect.map(
    statusOf(asked),
    (status): ReadonlyArray<{ id: string; badge: Node; what: Children; why: Children; act: Children }> => {
      if (status === null) return []
      const gone = status.workers.filter(({ alive }) => !alive)
      const cutOff = status.workers.filter(({ alive, phase }) => alive && phase === "cut-off")
      const link = (text: string): Node => h("a", { href: "/cluster" }, text)
      return [
        ...(status.scans.open > 0 && status.slicesWithoutWorker > 0
          ? [
              {
                id: "slices",
                badge: badge("bad", "cross", "no worker"),
                what: link(plural(status.slicesWithoutWorker, "slice has no worker", "slices have no worker")),
                why: "Nobody polls the open scans in them.",
                act: ["Start a worker: ", Parts.command("worker", asked)]
              }
            ]
          : []),
        ...gone.slice(0, 3).map((worker) => ({
          id: `worker-${worker.name}`.replace(/[^A-Za-z0-9-]/g, "_"),
          badge: badge("warn", "cross", "gone"),
          what: link(`Worker ${safe(worker.name, 120)}`),
          why: ["Last seen ", Parts.when(Parts.millisOf(worker.seenAt)), "; others take its scans."],
          act: null
        })),
        ...cutOff.slice(0, 3).map((worker) => ({
          id: `worker-${worker.name}`.replace(/[^A-Za-z0-9-]/g, "_"),
          badge: badge("warn", "half", "cut off"),
          what: link(`Worker ${safe(worker.name, 120)}`),
          why: "The database answers it too slowly; others poll its scans.",
          act: null
        }))
      ]
    }
  )

const workers = (status: typeof Status.Type): Node =>
  Parts.table(
    "Workers",
    ["Worker", "Stands", "Slices", "Open scans", "Polls", "Lateness", "Since"],
    status.workers.map((worker) => ({
      id: worker.name.replace(/[^A-Za-z0-9-]/g, "_"),
      cells: [
        [h("b", null, safe(worker.name, 120)), h("span", { class: "sub" }, safe(worker.label, 120))],
        [
          worker.alive
            ? badge(
                worker.phase === "cut-off" ? "warn" : "none",
                worker.phase === "cut-off" ? "half" : "none",
                safe(worker.phase ?? "alive", 40)
              )
            : badge("bad", "cross", "gone"),
          worker.alive ? null : h("span", { class: "sub" }, "last seen ", Parts.when(Parts.millisOf(worker.seenAt))),
          worker.denied.length === 0
            ? null
            : h("span", { class: "sub" }, `key refused by ${safe(worker.denied.join(", "), 200)}`)
        ],
        number(worker.slices.length),
        number(worker.openScans),
        `${number(worker.polls)}, ${number(worker.settled)} settled`,
        worker.latenessMs === null
          ? "no polls in the last minute"
          : `p50 ${duration(worker.latenessMs.p50)}, p99 ${duration(worker.latenessMs.p99)}, worst ${duration(worker.latenessMs.max)}`,
        Parts.when(Parts.millisOf(worker.since))
      ]
    })),
    "No worker has ever registered here."
  )

/**
 * The cluster; where no workers share the journal, that it is so.
 *
 * @category constructors
 * @since 0.2.0
 */
export const route: Route = {
  path: "/cluster",
  query: [],
  render: Effect.fnUntraced(function* (asked) {
    const status = yield* statusOf(asked)
    return {
      title: "Cluster",
      nav: "/cluster",
      body:
        status === null
          ? Parts.card(
              "alone",
              "One machine",
              h(
                "p",
                { class: "soft" },
                "No workers share this journal: the processes of this machine poll. Workers need a journal on PostgreSQL."
              )
            )
          : [
              Parts.card(
                "shares",
                "Who polls",
                Parts.facts([
                  [
                    "Slices",
                    status.slices === null
                      ? "none yet"
                      : `${number(status.slices)}, ${number(status.slicesWithoutWorker)} without a worker`
                  ],
                  [
                    "Open scans",
                    `${number(status.scans.open)}: ${number(status.scans.free)} wait for a worker, ${number(status.scans.resting)} rest`
                  ],
                  [
                    "Late",
                    status.overdue.count === 0
                      ? "nothing"
                      : `${plural(status.overdue.count, "poll")}, the worst by ${duration(status.overdue.worstMs)}`
                  ]
                ]),
                workers(status)
              )
            ]
    }
  })
}
