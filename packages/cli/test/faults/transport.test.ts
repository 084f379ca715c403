/** What networks do to polls, over real sockets, for each vendor: what becomes of the scan, and what the vendor saw. */
import { assert, describe, it } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Effect from "effect/Effect"
import { gaps, inWorld, polls, vendors, within } from "../support/stack.ts"

const soon = { settleAfterPolls: 0 }

describe.each(vendors)("%s", (vendor) => {
  it.live(
    "a poll that is never answered ends at its 15 s, closes its socket and is made again until the deadline (TR-01)",
    () =>
      inWorld({ speed: 25, fastRequests: true, fate: soon }, ({ record, sides }) =>
        Effect.gen(function* () {
          const side = sides[vendor]
          yield* side.simulator.script({ match: { route: "status" }, steps: [{ ...Script.hang(), times: Infinity }] })
          const { polls: made, state } = yield* record(side.wanted(1, within("40 seconds")))
          assert.strictEqual(state, "unreachable")
          assert.isAtLeast(made, 2)
          yield* side.simulator.ledger.until(({ totals }) => totals().openSockets === 0 && totals().requestsNow === 0)
          for (const poll of polls(side)) {
            const took = (poll.clientClosedAt ?? Infinity) - poll.at
            assert.isAtLeast(took, 10_000)
            assert.isBelow(took, 25_000)
          }
        })
      )
  )

  it.live("a body that stops in its middle is under the same limit (TR-02)", () =>
    inWorld({ speed: 25, fastRequests: true, fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script({ match: { route: "status" }, steps: [Script.hang("answer")] })
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.strictEqual(state, "completed")
        assert.strictEqual(made, 2)
        const [first] = polls(side)
        assert.isBelow((first?.clientClosedAt ?? Infinity) - (first?.at ?? 0), 25_000)
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

  it.live("a vendor that is down for three polls is waited for at growing gaps (TR-04)", () =>
    inWorld({ speed: 50, fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.nextConnections(["reset"])
        yield* side.simulator.clearScripts
        // The submission goes through; then nobody listens until three polls have failed.
        const failed = () => lines.filter((line) => /poll failed/.test(line)).length
        yield* Effect.forkScoped(
          Effect.gen(function* () {
            yield* side.simulator.ledger.until((ledger) => ledger.accepted().length === 1)
            yield* side.simulator.ledger.until(({ totals }) => totals().requestsNow === 0)
            yield* side.simulator.down
            // The first, second and fourth failure of a row have a line of their own.
            while (failed() < 2) yield* Effect.sleep("500 millis")
            yield* Effect.sleep("1 second")
            yield* Effect.orDie(side.simulator.up)
          })
        )
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.strictEqual(state, "completed")
        assert.isAtLeast(made, 3)
        const waits = lines.flatMap((line) => /poll failed.*nextWaitMs=(\d+)/.exec(line)?.[1] ?? [])
        assert.isAtLeast(Number(waits[1]), Number(waits[0]))
        for (const wait of waits) assert.isAtMost(Number(wait), 60_000)
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
