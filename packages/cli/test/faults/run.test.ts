/** Whole runs over real sockets: every kind of ending in one report, stops, floods of errors, and what is left behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { getEventListeners } from "node:events"
import { inspect } from "node:util"
import { everyFormat, inWorld, polls, report, vendors, within } from "../support/stack.ts"

const onPolls = (...steps: ReadonlyArray<Script.Step>): Script.Script => ({ match: { route: "status" }, steps })
const always = (step: Script.Step): Script.Step => ({ ...step, times: Infinity })

describe("a run with every kind of ending", () => {
  it.live("has a row for each target, sums that add up, and says what is cached and what is in doubt (RP-08)", () =>
    inWorld(
      {
        simulators: {
          exona: {
            rateLimit: null,
            fate: ({ companyWebsite }) =>
              companyWebsite.includes("acme-2")
                ? { submit: [Script.acceptedAnswerLost] }
                : companyWebsite.includes("acme-3")
                  ? { duration: Infinity }
                  : companyWebsite.includes("acme-4")
                    ? { settleAfterPolls: 0, polls: [always(Script.html(200))] }
                    : companyWebsite.includes("acme-5")
                      ? { settleAfterPolls: 0, polls: [always(Script.respond(500, "oops"))] }
                      : { submit: [Script.respond(400, { error: { code: "INVALID_REQUEST", message: "no" } })] }
          },
          appvet: {
            rateLimit: null,
            fate: ({ url }) =>
              url.includes("shop-2")
                ? { outcome: "partial", settleAfterPolls: 0 }
                : url.includes("shop-3")
                  ? { outcome: "failed", settleAfterPolls: 0 }
                  : { settleAfterPolls: 0 }
          },
          compliance: {
            fate: () => ({ inline: false, duration: Infinity, polls: [always(Script.respond(401, "no"))] })
          }
        }
      },
      ({ records, sides: { appvet, compliance, exona } }) =>
        Effect.gen(function* () {
          const short = within("40 seconds")
          const all = yield* records([
            appvet.wanted(1, short),
            appvet.wanted(2, short),
            appvet.wanted(3, short),
            appvet.typed("scan_nobody"),
            exona.wanted(2, short),
            exona.wanted(3, short),
            exona.wanted(4, short),
            exona.wanted(5, short),
            exona.wanted(6, short),
            compliance.wanted(1, short)
          ])
          const expected = [
            "completed",
            "partial",
            "failed",
            "not-found",
            "in-doubt",
            "still-running",
            "protocol",
            "unreachable",
            "refused",
            "denied"
          ]
          assert.deepStrictEqual(
            all.map(({ state }) => state),
            expected
          )
          const made = report(all)
          assert.strictEqual(made.summary.total, 10)
          assert.strictEqual(
            Object.values(made.summary.byState).reduce((sum, count) => sum + count, 0),
            10
          )
          assert.strictEqual(made.exit.code, 4)
          const formats = yield* everyFormat(made)
          for (const name of ["text", "markdown", "html", "csv", "json", "events"]) {
            for (const state of expected) assert.include(formats.get(name), state, name)
          }
          assert.match(formats.get("text") ?? "", /reconcile/)
          assert.strictEqual(exona.simulator.ledger.accepted("https://acme-2.example").length, 1)
        })
    )
  )

  it.live("shows the age of what the vendor had in its cache (RP-08, EX-08)", () =>
    inWorld(
      {
        simulators: {
          exona: {
            rateLimit: null,
            earlier: [{ companyName: "Acme 1", companyWebsite: "https://acme-1.example", ageDays: 12, fate: {} }]
          }
        }
      },
      ({ records, sides: { exona } }) =>
        Effect.gen(function* () {
          const [seen] = yield* records([exona.cached(1)])
          assert.deepInclude(seen, { state: "completed", polls: 0 })
          assert.isAtLeast(seen?.ageMs ?? 0, 11 * 86_400_000)
          const text = (yield* everyFormat(report(seen === undefined ? [] : [seen]))).get("text") ?? ""
          assert.match(text, /cache/i)
          assert.match(text, /1[12] ?d/)
        })
    )
  )

  it.live("carries any character of a vendor's from its answer into every format (BD-10)", () =>
    inWorld({}, ({ record, sides: { appvet } }) =>
      Effect.gen(function* () {
        const odd = "nul \u0000 lone \ud800 line \u2028 end"
        yield* appvet.simulator.script(
          onPolls({ status: 200, body: JSON.stringify({ id: "scan_odd", status: "failed", error: odd }) })
        )
        const seen = yield* record(appvet.typed("scan_odd"))
        assert.strictEqual(seen.state, "failed")
        const formats = yield* everyFormat(report([seen]))
        for (const name of ["json", "sarif", "defectdojo"]) JSON.parse(formats.get(name) ?? "")
        for (const [name, text] of formats) assert.notInclude(text, "\u0000", name)
      })
    )
  )
})

describe.each(vendors)("%s", (vendor) => {
  it.live("a stop cuts the request in flight within a second, closes its socket and keeps the ticket (TM-09)", () =>
    inWorld({ fate: { duration: Infinity } }, ({ records, sides, time }) =>
      Effect.gen(function* () {
        const side = sides[vendor]
        const stop = yield* Deferred.make<void>()
        yield* side.simulator.script({ match: { route: "status" }, steps: [always(Script.hang())] })
        yield* Effect.forkScoped(
          Effect.andThen(
            side.simulator.ledger.until(() => polls(side).length === 1),
            Deferred.succeed(stop, undefined)
          )
        )
        // A typed id is asked at once, so that a request is in flight.
        const id = "123e4567-e89b-42d3-a456-999999999999"
        const begun = time.now()
        const [seen] = yield* records([side.typed(id)], { until: Deferred.await(stop) })
        assert.isAtMost(time.now() - begun, 1_000)
        assert.strictEqual(seen?.state, "interrupted")
        assert.strictEqual(seen?.ticket?.scanId, id)
        yield* side.simulator.ledger.until(({ totals }) => totals().openSockets === 0)
      })
    )
  )
})

describe("a flood of errors", () => {
  it.live("300 polls answered with 503 and 200 KB keep sockets few and memory flat (TR-09)", () =>
    inWorld({ fate: { duration: Infinity } }, ({ records, sides }) =>
      Effect.gen(function* () {
        const side = sides.appvet
        yield* side.simulator.script(onPolls(always(Script.respond(503, "x".repeat(200_000)))))
        const count = 10
        let most = 0
        const wanted = Array.from({ length: count }, (_, number) => side.wanted(number, within("29 minutes")))
        const before = process.memoryUsage().rss
        const watch = Effect.forever(
          Effect.andThen(
            Effect.sync(() => {
              most = Math.max(most, process.memoryUsage().rss)
            }),
            Effect.sleep("20 seconds")
          )
        )
        const fiber = yield* Effect.forkScoped(watch)
        const all = yield* records(wanted)
        yield* Effect.sync(() => fiber.interruptUnsafe())
        assert.deepStrictEqual(new Set(all.map(({ state }) => state)), new Set(["unreachable"]))
        assert.isAtLeast(polls(side).length, count * 20)
        assert.isAtMost(side.simulator.ledger.totals().maxOpenSockets, 2 * count)
        assert.isBelow(most - before, 150 * 1024 * 1024)
      })
    )
  )
})

describe("one signal for 3 000 polls", () => {
  it.live("has one listener for each wait, none for a poll, and none when it was given; nobody is warned (TM-09)", () =>
    inWorld({ fate: { duration: Infinity } }, ({ record, sides: { appvet }, time }) =>
      Effect.gen(function* () {
        const warnings: Array<string> = []
        const note = (warning: Error) => void warnings.push(warning.name)
        process.on("warning", note)
        const controller = new AbortController()
        const listeners = () => getEventListeners(controller.signal, "abort").length
        const waits = 30
        const all = Array.from({ length: waits }, (_, number) =>
          Effect.runPromiseExit(record(appvet.wanted(number, within("10 days"))), { signal: controller.signal })
        )
        yield* appvet.simulator.ledger.until(() => polls(appvet).length >= 3_000)
        assert.isAtMost(listeners(), waits)
        const begun = time.now()
        controller.abort()
        const exits = yield* Effect.promise(() => Promise.all(all))
        assert.isAtMost(time.now() - begun, 1_000)
        for (const exit of exits) assert.isTrue(exit._tag === "Failure" && Cause.hasInterrupts(exit.cause))
        assert.strictEqual(listeners(), 0)
        yield* appvet.simulator.ledger.until(({ totals }) => totals().requestsNow === 0)
        const made = polls(appvet).length
        yield* Effect.sleep("10 minutes")
        assert.strictEqual(polls(appvet).length, made)
        process.off("warning", note)
        assert.deepStrictEqual(warnings, [])
      })
    )
  )
})

describe("every error and record, printed every way", () => {
  it.live("never shows the key, also where the vendor repeats it (SE-03, SE-05)", () =>
    inWorld({ fate: { settleAfterPolls: 0 } }, ({ lines, records, sides }) =>
      Effect.gen(function* () {
        const { appvet, compliance, exona } = sides
        const seen = []
        for (const side of [exona, appvet, compliance]) {
          const { key } = side.simulator
          const told = { error: { code: key, message: `bad key ${key}`, hint: encodeURIComponent(key) }, message: key }
          yield* side.simulator.script(
            onPolls(
              { ...Script.respond(500, told, { "X-Request-Id": key }), times: 1 },
              { ...Script.respond(200, { ...told, id: key, status: key }), times: 3 }
            )
          )
          yield* side.simulator.script({
            match: { route: "submit", where: ({ socketRequest }) => socketRequest >= 0 },
            steps: [Script.respond(400, told), Script.respond(403, told)]
          })
          seen.push(...(yield* records([side.wanted(1), side.typed("123e4567-e89b-42d3-a456-999999999999")])))
          seen.push(...(yield* records([side.wanted(2)])))
        }
        assert.strictEqual(seen.length, 9)
        const formats = [...(yield* everyFormat(report(seen))).values()]
        const printed = [
          ...lines,
          ...formats,
          ...seen.flatMap((record) => [
            inspect(record, { depth: 20 }),
            JSON.stringify(record),
            `${record.reason?.message} ${record.reason?.advice}`
          ])
        ].join("\n")
        for (const { simulator } of [exona, appvet, compliance]) {
          for (const form of [
            simulator.key,
            encodeURIComponent(simulator.key),
            Buffer.from(simulator.key).toString("base64"),
            Buffer.from(`x${simulator.key}`).toString("base64").slice(4, -4)
          ]) {
            assert.notInclude(printed, form)
          }
        }
      })
    )
  )
})
