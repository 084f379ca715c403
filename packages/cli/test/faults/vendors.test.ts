/** What each vendor's own words become, from the socket to every report format. */
import { assert, describe, it } from "@effect/vitest"
import * as Merge from "@scanpoll/report/Merge"
import * as Script from "@scanpoll/testkit/Script"
import * as Effect from "effect/Effect"
import { everyFormat, gaps, inWorld, polls, report, vendors, within } from "../support/stack.ts"

const onPolls = (...steps: ReadonlyArray<Script.Step>): Script.Script => ({ match: { route: "status" }, steps })
const always = (step: Script.Step): Script.Step => ({ ...step, times: Infinity })

describe.each(vendors)("bodies of %s", (vendor) => {
  it.live.each(["[]", '"completed"', "{} {}", '{"status":"completed"} x', "null"])(
    "%s is borne twice and final the third time, never a verdict (BD-04)",
    (body) =>
      inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides }) =>
        Effect.gen(function* () {
          const side = sides[vendor]
          const headers = { "Content-Type": "application/json" }
          yield* side.simulator.script(onPolls(always({ status: 200, body, headers })))
          const { outcome, polls: made, state } = yield* record(side.wanted(1))
          assert.deepStrictEqual([state, made, outcome], ["protocol", 3, null])
        })
      )
  )

  it.live("fields nobody knows change nothing and bring no warning (BD-05)", () =>
    inWorld(
      { fate: { settleAfterPolls: 1, merge: { newest: { deep: [1, { a: null }] }, "": 0 } } },
      ({ lines, record, sides }) =>
        Effect.gen(function* () {
          const { state, warnings } = yield* record(sides[vendor].wanted(1))
          assert.deepStrictEqual([state, warnings], ["completed", []])
          assert.notMatch(lines.join("\n"), /level=(WARN|ERROR)/)
        })
    )
  )

  it.live("names of prototypes inside an answer reach no object, through report and merge (BD-08)", () =>
    inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides }) =>
      Effect.gen(function* () {
        const evil: Readonly<Record<string, unknown>> = JSON.parse(
          '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}'
        )
        const merge = { ...evil, company: evil, mapping_config: evil, extra: evil }
        yield* sides[vendor].simulator.script(onPolls({ merge }))
        const one = report([yield* record(sides[vendor].wanted(1))])
        assert.strictEqual(one.scans[0]?.state, "completed")
        yield* everyFormat(Merge.merge(one, [one]))
        assert.notProperty({}, "polluted")
        assert.strictEqual(Reflect.get({}, "polluted"), undefined)
      })
    )
  )
})

describe("exona", () => {
  it.live("is polled at its documented 10 s and completes with what was served (EX-01)", () =>
    inWorld({ fate: { settleAfterPolls: 3 } }, ({ record, sides: { exona } }) =>
      Effect.gen(function* () {
        const { polls: made, state } = yield* record(exona.wanted(1))
        assert.deepStrictEqual([state, made], ["completed", 4])
        for (const gap of gaps(exona)) assert.isAtLeast(gap, 10_000)
      })
    )
  )

  it.live("a failed scan is shown with its code, message, advice and request id, and asked no more (EX-02)", () =>
    inWorld(
      { simulators: { exona: { fate: () => ({ outcome: "failed", settleAfterPolls: 0 }) } } },
      ({ record, sides: { exona } }) =>
        Effect.gen(function* () {
          const seen = yield* record(exona.wanted(1))
          assert.strictEqual(seen.state, "failed")
          for (const part of [seen.reason?.code, seen.reason?.message, seen.reason?.advice, seen.reason?.requestId]) {
            assert.isAbove(part?.length ?? 0, 0)
          }
          assert.strictEqual(polls(exona).length, 1)
          assert.strictEqual(exona.simulator.ledger.requests({ method: "POST" }).length, 1)
          const text = (yield* everyFormat(report([seen]))).get("text") ?? ""
          assert.include(text, seen.reason?.code ?? "?")
        })
    )
  )

  it.live("a vendor that always says processing is still running at 300 s, with the last answer kept (EX-03)", () =>
    inWorld({ fate: { duration: Infinity } }, ({ record, sides: { exona } }) =>
      Effect.gen(function* () {
        const { notBefore, polls: made, state, ticket } = yield* record(exona.wanted(1))
        assert.strictEqual(state, "still-running")
        assert.isNotNull(ticket)
        assert.isNotNull(notBefore)
        assert.isAtLeast(made, 20)
        const sent = exona.simulator.ledger.totals().requests
        yield* Effect.sleep("60 seconds")
        assert.strictEqual(exona.simulator.ledger.totals().requests, sent)
      })
    )
  )

  it.live("an id that is not the one asked for is no outcome of either (EX-06)", () =>
    inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides: { exona } }) =>
      Effect.gen(function* () {
        yield* exona.simulator.script(onPolls(always({ merge: { id: "scn_01hx7m2d3e4f5g6h7j8k9l0zz" } })))
        const { outcome, polls: made, state } = yield* record(exona.wanted(1))
        assert.deepStrictEqual([state, made, outcome], ["protocol", 3, null])
      })
    )
  )

  it.live("a status nobody knows is polled on, told once, and protocol at the deadline (EX-07)", () =>
    inWorld({ fate: { words: ["archived"], duration: Infinity } }, ({ lines, record, sides: { exona } }) =>
      Effect.gen(function* () {
        const { reason, state } = yield* record(exona.wanted(1, within("1 minute")))
        assert.strictEqual(state, "protocol")
        assert.match(reason?.message ?? "", /unknown status "archived"/)
        assert.strictEqual(lines.filter((line) => /unknown status/.test(line) && /level=WARN/.test(line)).length, 1)
      })
    )
  )
})

describe("compliance", () => {
  const placeholder = /\bscore 0\b|"score": ?0|"value": ?0\b|,0,/

  it.live("the zeros of a running scan are no score in any format (CO-01)", () =>
    inWorld({ fate: { duration: Infinity } }, ({ record, sides: { compliance } }) =>
      Effect.gen(function* () {
        yield* compliance.simulator.script(onPolls(always({ merge: { compliance_score: 0, violations_count: 0 } })))
        const seen = yield* record(compliance.wanted(1, within("20 seconds")))
        assert.strictEqual(seen.state, "still-running")
        const made = report([seen])
        assert.isNull(made.scans[0]?.assessment ?? null)
        for (const name of ["text", "markdown", "html", "github", "csv", "junit"]) {
          assert.notMatch((yield* everyFormat(made)).get(name) ?? "", placeholder, name)
        }
      })
    )
  )

  it.live("is asked for the first time within a second of its submission (CO-02)", () =>
    inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides: { compliance } }) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* record(compliance.wanted(1)), { state: "completed", polls: 1 })
        const [post] = compliance.simulator.ledger.requests({ method: "POST" })
        const [poll] = polls(compliance)
        assert.isAtMost((poll?.at ?? Infinity) - (post?.answeredAt ?? 0), 1_000)
      })
    )
  )

  it.live("steps back between running and pending decide nothing, and one debug line tells of them (CO-09)", () =>
    inWorld({ fate: { settleAfterPolls: 4 } }, ({ lines, record, sides: { compliance } }) =>
      Effect.gen(function* () {
        yield* compliance.simulator.script(
          onPolls(
            { merge: { status: "running", rules_processed: 8, rules_total: 15 } },
            { merge: { status: "pending", rules_processed: 0 } },
            { merge: { status: "running", rules_processed: 3, rules_total: 15 } },
            { merge: { status: "running", rules_processed: 15, rules_total: 15 } }
          )
        )
        const { polls: made, state, warnings } = yield* record(compliance.wanted(1))
        assert.deepStrictEqual([state, made, warnings], ["completed", 5, []])
        assert.notMatch(lines.join("\n"), /level=(WARN|ERROR)/)
        assert.strictEqual(lines.filter((line) => /level=DEBUG.*a step back/.test(line)).length, 1)
      })
    )
  )
})

describe("appvet", () => {
  it.live("queued, scanning, completed: never asked sooner than every 3 s (AV-01)", () =>
    inWorld({ fate: { settleAfterPolls: 3, words: ["queued", "scanning"] } }, ({ record, sides: { appvet } }) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* record(appvet.wanted(1)), { state: "completed", polls: 4 })
        for (const gap of gaps(appvet)) assert.isAtLeast(gap, 3_000)
      })
    )
  )

  it.live.each([
    ["with a result", {}],
    ["without one", { omit: ["result"] }]
  ] as const)("a partial scan %s is terminal, and is partial in every format (AV-02, AV-03)", ([, step]) =>
    inWorld(
      { simulators: { appvet: { fate: () => ({ outcome: "partial", settleAfterPolls: 0, polls: [step] }) } } },
      ({ record, sides: { appvet } }) =>
        Effect.gen(function* () {
          const seen = yield* record(appvet.wanted(1))
          assert.strictEqual(seen.state, "partial")
          assert.strictEqual(polls(appvet).length, 1)
          const made = report([seen])
          assert.deepStrictEqual(made.summary.byState, { partial: 1 })
          assert.strictEqual(made.exit.code, 3)
          for (const [name, text] of yield* everyFormat(made)) {
            if (name !== "sarif" && name !== "defectdojo") assert.match(text, /partial/i, name)
          }
        })
    )
  )

  it.live("a failed scan without an end time is failed with its text, and timed by us (AV-04)", () =>
    inWorld(
      { simulators: { appvet: { fate: () => ({ outcome: "failed", settleAfterPolls: 0, error: "Site down." }) } } },
      ({ record, sides: { appvet } }) =>
        Effect.gen(function* () {
          const [row] = report([yield* record(appvet.wanted(1))]).scans
          assert.deepInclude(row, { state: "failed" })
          assert.strictEqual(JSON.stringify(row?.reason?.message), '"Site down."')
          assert.isNull(row?.timings.completedAt ?? null)
          assert.notStrictEqual(row?.timings.durationBasis, "vendor")
        })
    )
  )

  it.live("progress of any kind ends nothing (AV-05)", () =>
    inWorld({ fate: { settleAfterPolls: 6 } }, ({ record, sides: { appvet } }) =>
      Effect.gen(function* () {
        const odd = [45, 30, 101, -1, "50%", 100]
        yield* appvet.simulator.script(onPolls(...odd.map((progress) => ({ merge: { status: "scanning", progress } }))))
        assert.deepInclude(yield* record(appvet.wanted(1)), { state: "completed", polls: 7 })
      })
    )
  )

  it.live("500 events sent again with each poll grow neither the log nor the outcome (AV-06, AV-08)", () =>
    inWorld(
      {
        simulators: {
          appvet: {
            fate: () => ({
              settleAfterPolls: 10,
              events: Array.from({ length: 500 }, (_, i) => ({
                time: i % 2 === 0 ? "23:59:58" : "00:00:02",
                message: `event ${i}`
              }))
            })
          }
        }
      },
      ({ lines, record, sides: { appvet } }) =>
        Effect.gen(function* () {
          const seen = yield* record(appvet.wanted(1))
          assert.strictEqual(seen.state, "completed")
          assert.isBelow(JSON.stringify(seen.outcome).length, 20_000)
          assert.isBelow(lines.join("\n").length, 20_000)
          const [row] = report([seen]).scans
          assert.isAtLeast(row?.timings.durationMs ?? 0, 0)
        })
    )
  )

  it.live("a report address in an answer is shown at the vendor's origin and never fetched (AV-07)", () =>
    inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides: { appvet } }) =>
      Effect.gen(function* () {
        const [row] = report([yield* record(appvet.wanted(1))]).scans
        assert.include(JSON.stringify(row?.links.report), `"${appvet.origin}/report/`)
        const { ledger } = appvet.simulator
        assert.deepStrictEqual(
          new Set(ledger.requests().map(({ route }) => route)),
          new Set(["submit", "status", "report"])
        )
        // The route "report" is the documented call for findings, not the page that people read.
        for (const { path } of ledger.requests({ route: "report" })) assert.match(path, /^\/v1\//)
      })
    )
  )

  it.live("Latin-1 bytes cost their letters and not the verdict (BD-11)", () =>
    inWorld({ fate: { id: "scan_latin", settleAfterPolls: 0 } }, ({ record, sides: { appvet } }) =>
      Effect.gen(function* () {
        const bytes = Buffer.from('{"id":"scan_latin","status":"failed","error":"M\u00fcller is down"}', "latin1")
        yield* appvet.simulator.script(
          onPolls({ status: 200, body: bytes, headers: { "Content-Type": "application/json; charset=iso-8859-1" } })
        )
        const { reason, state, warnings } = yield* record(appvet.typed("scan_latin"))
        assert.deepStrictEqual([state, reason?.message], ["failed", "M\ufffdller is down"])
        assert.strictEqual(warnings.length, 1)
      })
    )
  )
})
