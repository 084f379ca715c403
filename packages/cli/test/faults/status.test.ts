/** What the number of an answer means for a scan, over real sockets, for each vendor. The ledger tells what was sent. */
import { assert, describe, it } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Stage from "@scanpoll/testkit/Stage"
import * as Effect from "effect/Effect"
import { type Side, gaps, inWorld, polls, vendors, within } from "../support/stack.ts"

const soon = { settleAfterPolls: 0 }
const onPolls = (...steps: ReadonlyArray<Script.Step>): Script.Script => ({ match: { route: "status" }, steps })
const always = (step: Script.Step): Script.Step => ({ ...step, times: Infinity })

// So that twenty scans fit the hour of this vendor.
const roomy = { exona: { rateLimit: { limit: 100_000, window: "1 hour" } } } as const

const unknownId: Readonly<Record<Side["vendor"], string>> = {
  exona: "scn_01hx7m2d3e4f5g6h7j8k9l0zz",
  appvet: "scan_nobody",
  compliance: "123e4567-e89b-42d3-a456-999999999999"
}

describe.each(vendors)("%s", (vendor) => {
  it.live("two errors cost two tries at growing gaps, and the scan completes (ST-01)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls({ ...Script.respond(500, "oops"), times: 2 }))
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made], ["completed", 3])
        const [first = 0, second = 0] = gaps(side)
        assert.isAtLeast(first, side.floor)
        assert.isAtLeast(second, side.floor)
        const waits = lines.flatMap((line) => /poll failed.*nextWaitMs=(\d+)/.exec(line)?.[1] ?? []).map(Number)
        assert.strictEqual(waits.length, 2)
        assert.isAtLeast(waits[1] ?? 0, waits[0] ?? Infinity)
      })
    )
  )

  it.live("errors without end are unreachable at the deadline, after few requests (ST-02)", () =>
    inWorld({ fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(always(Script.respond(500, "oops"))))
        const before = side.simulator.ledger.requests().length
        const { notBefore, polls: made, reason, state } = yield* record(side.wanted(1, within("2 minutes")))
        assert.strictEqual(state, "unreachable")
        assert.isNotNull(notBefore)
        assert.isNotNull(reason)
        // Doubling from 2 s to 60 s, for compliance from 1 s to 20 s, with one at the start and one at the deadline.
        assert.isAtMost(made, vendor === "compliance" ? 12 : 8)
        assert.strictEqual(side.simulator.ledger.requests().length - before, made + 1)
      })
    )
  )

  it.live("a scan of our own may be unknown for a moment (ST-04)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(Script.respond(404, { error: "NOT_FOUND", message: "Scan not found" })))
        assert.strictEqual((yield* record(side.wanted(1))).state, "completed")
        assert.notMatch(lines.join("\n"), /level=ERROR/)
      })
    )
  )

  it.live("a scan of our own that stays unknown is not found when its 30 s are over (ST-05)", () =>
    inWorld({ fate: soon }, ({ record, sides, time }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(always(Script.respond(404, { error: "NOT_FOUND", message: "x" }))))
        const begun = time.now()
        assert.strictEqual((yield* record(side.wanted(1))).state, "not-found")
        assert.isBelow(time.now() - begun, 90_000)
        const [first] = polls(side)
        const last = polls(side).at(-1)
        assert.isAtMost((last?.at ?? 0) - (first?.at ?? 0), 60_000)
      })
    )
  )

  it.live("an id that somebody typed is not found at once, and the words say what may be wrong (ST-06)", () =>
    inWorld({}, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const { polls: made, reason, state } = yield* record(side.typed(unknownId[vendor]))
        assert.strictEqual(state, "not-found")
        assert.isAtMost(made, 2)
        assert.match(`${reason?.message} ${reason?.advice}`, /key|account|organi[sz]ation|token/i)
      })
    )
  )

  it.live("a 429 holds back everything of its key for as long as it says, and is no failure (ST-07)", () =>
    inWorld({ fate: { settleAfterPolls: 3 } }, ({ lines, records, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const throttled = { error: { code: "RATE_LIMIT_EXCEEDED", message: "slow down" } }
        yield* side.simulator.script(
          onPolls(Script.respond(429, throttled, { "Retry-After": "7" }), Script.respond(500, "oops"))
        )
        const ten = yield* records(Array.from({ length: 10 }, (_, number) => side.wanted(number)))
        assert.deepStrictEqual(new Set(ten.map(({ state }) => state)), new Set(["completed"]))
        const { ledger } = side.simulator
        const [refused] = ledger.requests({ status: 429 })
        const since = refused?.answeredAt ?? 0
        // What was on its way when the refusal was written may still arrive, at the same moment.
        const meanwhile = ledger.requests({ where: ({ at }) => at > since && at < since + 7_000 })
        assert.strictEqual(meanwhile.length, 0)
        const failures = lines.filter((line) => /poll failed/.test(line) && /kind=Transient/.test(line))
        assert.strictEqual(failures.length, 1)
        assert.strictEqual(ledger.accepted().length, 10)
      })
    )
  )

  it.live("a 429 without a wait is followed by the vendor's documented one (ST-08)", () =>
    inWorld({ fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const bare = { "Retry-After": null, "X-RateLimit-Reset": null, "X-RateLimit-Remaining": null }
        yield* side.simulator.script(onPolls(Script.respond(429, { error: "RATE_LIMITED" }, bare)))
        assert.strictEqual((yield* record(side.wanted(1))).state, "completed")
        assert.isAtLeast(gaps(side)[0] ?? 0, vendor === "exona" ? 60_000 : side.floor)
      })
    )
  )

  it.live("a redirect is not followed: the scan ends as protocol, and the key goes nowhere (ST-09, SE-02)", () =>
    inWorld({ fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const other = yield* Effect.orDie(Stage.make())
        yield* side.simulator.script(onPolls(always(Script.redirect(`${other.origin}/elsewhere`))))
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made], ["protocol", 1])
        assert.strictEqual(other.ledger.totals().connections, 0)
      })
    )
  )

  it.live("a page in place of an answer is borne twice, is final the third time, and is never quoted (ST-10)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(always(Script.html(200))))
        const { polls: made, reason, state } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made], ["protocol", 3])
        assert.match(reason?.message ?? "", /200.*text\/html/)
        assert.notMatch(lines.join("\n") + JSON.stringify(reason), /<h1>|doctype/i)
      })
    )
  )

  it.live.each([
    ["204", Script.respond(204)],
    ["an empty 200", Script.respond(200, "")],
    ["a 200 of null", Script.respond(200, null)]
  ] as const)("%s never passes for a scan that still runs (ST-11)", ([, step]) =>
    inWorld({ fate: soon }, ({ record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(always(step)))
        const { polls: made, state } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made], ["protocol", 3])
      })
    )
  )

  it.live.each([
    [400, "protocol"],
    [402, "protocol"],
    [405, "protocol"],
    [410, "protocol"],
    [422, "protocol"],
    [451, "protocol"],
    [403, "denied"]
  ] as const)(
    "HTTP %i ends the scan as %s after one request, and the reason names the status (ST-12, V-21)",
    ([status, expected]) =>
      inWorld({ fate: soon }, ({ record, sides }) =>
        Effect.gen(function* () {
          const side = sides[vendor]
          yield* side.simulator.script(onPolls(always(Script.respond(status, "no"))))
          const { reason, state } = yield* record(side.wanted(1))
          assert.strictEqual(state, expected)
          assert.include(`${reason?.code ?? ""} ${reason?.message ?? ""}`, String(status))
          assert.strictEqual(polls(side).length, 1)
        })
      )
  )

  it.live("a 503 that names a wait is waited out, and counts as one failure (ST-13)", () =>
    inWorld({ fate: soon }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(Script.respond(503, "busy", { "Retry-After": "30" })))
        assert.strictEqual((yield* record(side.wanted(1))).state, "completed")
        assert.isAtLeast(gaps(side)[0] ?? 0, 30_000)
        assert.strictEqual(lines.filter((line) => /poll failed/.test(line)).length, 1)
      })
    )
  )

  it.live("JSON under another content type is JSON, and one debug line says so (ST-14)", () =>
    inWorld({ fate: { settleAfterPolls: 2 } }, ({ lines, record, sides }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        yield* side.simulator.script(onPolls(always({ headers: { "Content-Type": "text/plain; charset=utf-8" } })))
        const { polls: made, state, warnings } = yield* record(side.wanted(1))
        assert.deepStrictEqual([state, made, warnings], ["completed", 3, []])
        const said = lines.filter((line) => /content type/.test(line))
        assert.strictEqual(said.length, 1)
        assert.match(said[0] ?? "", /level=DEBUG.*text\/plain/)
      })
    )
  )

  it.live(
    "a refused key stops every scan under it and is one error line; what is open can be gone on with (ST-03)",
    () =>
      inWorld({ fate: { duration: Infinity }, simulators: roomy }, ({ lines, records, sides }) =>
        Effect.gen(function* () {
          const side = sides[vendor]
          const { ledger } = side.simulator
          const count = vendor === "appvet" ? 10 : 20
          yield* Effect.forkScoped(
            Effect.gen(function* () {
              yield* ledger.until(() => new Set(polls(side).map(({ scanId }) => scanId)).size === count)
              yield* side.simulator.script(
                onPolls(always(Script.respond(401, { error: { code: "INVALID_API_KEY", message: "no" } })))
              )
            })
          )
          const all = yield* records(Array.from({ length: count }, (_, number) => side.wanted(number)))
          assert.deepStrictEqual(new Set(all.map(({ state }) => state)), new Set(["denied"]))
          // The second refusal ends what the first one left (V-17).
          const [, second] = ledger
            .requests({ status: 401 })
            .map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY)
            .toSorted((a, b) => a - b)
          const late = ledger.requests({ where: ({ at }) => at > (second ?? 0) })
          assert.strictEqual(late.length, 0)
          assert.notInclude(lines.join("\n"), side.simulator.key)
          const errors = lines.filter((line) => /level=ERROR/.test(line))
          assert.strictEqual(errors.length, 1, errors.join("\n"))
          assert.match(errors[0] ?? "", new RegExp(`credential was refused.*vendor=${vendor}`))
        })
      )
  )
})
