/** What networks do to polls, over real sockets, for each vendor: what becomes of the scan, and what the vendor saw. */
import { assert, describe, it } from "@effect/vitest"
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as Script from "@scanpoll/testkit/Script"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { gaps, inWorld, polls, vendors, within } from "../support/stack.ts"

const soon = { settleAfterPolls: 0 }

describe.each(vendors)("%s", (vendor) => {
  it.live(
    "a poll that is never answered ends at its 15 s, closes its socket and is made again until the deadline (TR-01)",
    () =>
      inWorld({ fate: soon }, ({ record, sides }) =>
        Effect.gen(function* () {
          const side = sides[vendor]
          yield* side.simulator.script({ match: { route: "status" }, steps: [{ ...Script.hang(), times: Infinity }] })
          const { polls: made, state } = yield* record(side.wanted(1, within("40 seconds")))
          assert.strictEqual(state, "unreachable")
          assert.isAtLeast(made, 2)
          yield* side.simulator.ledger.until(({ totals }) => totals().openSockets === 0 && totals().requestsNow === 0)
          for (const poll of polls(side)) {
            const took = (poll.clientClosedAt ?? Infinity) - poll.at
            assert.strictEqual(took, 15_000)
          }
        })
      )
  )

  it.live("a body that stops in its middle is under the same limit (TR-02)", () =>
    inWorld({ fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script({ match: { route: "status" }, steps: [Script.hang("answer")] })
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.strictEqual(state, "completed")
        assert.strictEqual(made, 2)
        const [first] = polls(side)
        assert.strictEqual((first?.clientClosedAt ?? Infinity) - (first?.at ?? 0), 15_000)
      })
    )
  )

  it.live("one reset costs one warning and no verdict (TR-03)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script({ match: { route: "status" }, steps: [Script.reset()] })
        const { polls: made, state, warnings } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made, warnings], ["completed", 2, []])
        assert.strictEqual(lines.filter((line) => /level=WARN.*poll failed/.test(line)).length, 1)
        assert.strictEqual(lines.filter((line) => /level=ERROR/.test(line)).length, 0)
        assert.strictEqual(side.simulator.ledger.accepted().length, 1)
      })
    )
  )

  it.live("a vendor that is down for three polls is waited for at growing gaps, and costs three tries (TR-04)", () =>
    inWorld({ fate: { settleAfterPolls: 1 } }, ({ records, sides, time }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const { ledger } = side.simulator
        const third = yield* Deferred.make<void>()
        const waits: Array<number> = []
        let failures = 0
        const observer = (event: ScanEvent): void => {
          if (event._tag === "Polled" && event.seen._tag === "PollFault") {
            failures++
            if (failures === 3) Deferred.doneUnsafe(third, Effect.void)
          }
          if (event._tag === "Scheduled" && failures > 0) waits.push(event.until - time.now())
        }
        yield* Effect.forkScoped(
          Effect.gen(function* () {
            // The first poll sees the scan run; then nobody listens until three polls have failed.
            yield* ledger.until(() => polls(side).length === 1 && ledger.totals().requestsNow === 0)
            yield* side.simulator.down
            yield* Deferred.await(third)
            yield* Effect.orDie(side.simulator.up)
          })
        )
        const [seen] = yield* records([side.wanted(1)], { observer })
        assert.deepStrictEqual([seen?.state, failures, seen?.polls], ["completed", 3, 5])
        assert.strictEqual(ledger.accepted().length, 1)
        assert.strictEqual(waits.length, 3)
        for (const [i, wait] of waits.slice(1).entries()) assert.isAtLeast(wait, waits[i] ?? Infinity)
        assert.isAbove(waits[2] ?? 0, waits[0] ?? Infinity)
        for (const wait of waits) assert.isAtMost(wait, 60_000)
      })
    )
  )

  it.live("half a body is no answer, and is not told to anybody (TR-05)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script({ match: { route: "status" }, steps: [Script.cut()] })
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made], ["completed", 2])
        const failures = lines.filter((line) => /poll failed/.test(line))
        assert.strictEqual(failures.length, 1)
        assert.match(failures[0] ?? "", /kind=Transient/)
        assert.notMatch(lines.join("\n"), /"status"|\{/)
      })
    )
  )

  it.live("a kept connection that dies under a poll costs the scan nothing (TR-06)", () =>
    inWorld({ fate: { settleAfterPolls: 2 } }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script({
          match: { route: "status", where: (head) => head.socketRequest > 0 },
          steps: [Script.reset("head")]
        })
        const { state, warnings } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, warnings], ["completed", []])
        assert.strictEqual(side.simulator.ledger.accepted().length, 1)
        for (const gap of gaps(side).slice(1)) assert.isAtLeast(gap, 0)
      })
    )
  )

  it.live("a submission whose kept connection dies is in doubt, and sent once (TR-07)", () =>
    inWorld({ fate: soon }, ({ record, records, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* record(side.wanted(1))
        yield* side.simulator.script({
          match: { route: "submit" },
          steps: [{ ...Script.reset(), accept: true }]
        })
        const [lost, again] = yield* records([side.wanted(2), side.wanted(2)])
        assert.deepStrictEqual([lost?.state, again?.state], ["in-doubt", "in-doubt"])
        assert.strictEqual((yield* record(side.wanted(2))).state, "in-doubt")
        assert.strictEqual(side.simulator.ledger.requests({ method: "POST" }).length, 2)
      })
    )
  )
})
