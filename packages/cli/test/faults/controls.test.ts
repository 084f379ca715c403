/**
 * Programs that do it wrong, under the same judges as ours: a judge that lets one of them pass is no judge.
 *
 * Each judge is handed a client and says what it saw that must not be; nothing for ours, something for the naive one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as FaultProxy from "@scanpoll/testkit/FaultProxy"
import * as Script from "@scanpoll/testkit/Script"
import * as Stage from "@scanpoll/testkit/Stage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Http from "scanpoll/vendors/Http"
import { inWorld } from "../support/stack.ts"

const megabyte = 1024 * 1024
type Get = (port: number) => Effect.Effect<unknown>

const ours: Get = (port) =>
  Effect.gen(function* () {
    const { make } = yield* VendorHttp.VendorHttp
    const client = yield* Effect.orDie(
      make({
        vendor: "acme",
        baseUrl: `http://127.0.0.1:${port}`,
        insecureHosts: [`127.0.0.1:${port}`],
        credential: Effect.succeed(Redacted.make("acme-key-0123456789"))
      })
    )
    return yield* Effect.result(client.get("/scans/1"))
  }).pipe(Effect.provide(Http.layer))

const bareFetch: Get = (port) =>
  Effect.promise(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/scans/1`, { headers: { "x-api-key": "acme-key-0123456789" } })
    return answer.text()
  })

const readsTooMuch = (get: Get) =>
  Effect.gen(function* () {
    const stage = yield* Effect.orDie(Stage.make({ scripts: [{ steps: [Script.huge(64 * megabyte)] }] }))
    const proxy = yield* Effect.orDie(FaultProxy.make({ target: stage.port }))
    yield* get(proxy.port)
    // What was on its way when the reader stopped may be some megabytes in buffers.
    const { down } = proxy.traffic()
    return down < 32 * megabyte ? [] : [`${down} bytes were read`]
  }).pipe(Effect.scoped)

const wanders = (get: Get) =>
  Effect.gen(function* () {
    const other = yield* Effect.orDie(
      Stage.make({ scripts: [{ steps: [Script.respond(200, { status: "completed" })] }] })
    )
    const stage = yield* Effect.orDie(Stage.make({ scripts: [{ steps: [Script.redirect(`${other.origin}/x`)] }] }))
    yield* get(stage.port)
    const keys = other.ledger.mentions("acme-key-0123456789").length
    return other.ledger.totals().connections === 0 ? [] : [`another host was asked, and saw ${keys} keys`]
  }).pipe(Effect.scoped)

const headers = [
  "10",
  "0",
  "",
  "abc",
  "10s",
  "-5",
  "1e3",
  "0x10",
  "9".repeat(400),
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "NaN"
]
const clock = () => Date.UTC(1994, 10, 6, 8, 49, 7)

/** A wait in milliseconds from a header, for a vendor with a floor of 5 s, a default of 10 s and a cap of 300 s. */
type Wait = (header: string) => number

const waitsOddly = (wait: Wait): ReadonlyArray<string> =>
  headers.flatMap((header) => {
    const millis = wait(header)
    return millis >= 5_000 && millis <= 300_000 ? [] : [`${JSON.stringify(header.slice(0, 20))} gives ${millis} ms`]
  })

const clamped: Wait = (header) =>
  Option.match(RetryAfter.parse(header, clock), {
    onNone: () => 10_000,
    onSome: (hint) => Math.min(Math.max(Duration.toMillis(hint), 5_000), 300_000)
  })

const isoDate = /^\d{4}-/

describe("control programs", () => {
  it.live("a reader without a bound is caught, ours is not", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* readsTooMuch(ours), [])
      assert.isNotEmpty(yield* readsTooMuch(bareFetch))
    })
  )

  it.live("a client that follows redirects is caught, ours is not", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* wanders(ours), [])
      assert.isNotEmpty(yield* wanders(bareFetch))
    })
  )

  it("a wait that is Number(Retry-After), or a date by whatever parses it, is caught; ours is not", () => {
    assert.deepStrictEqual(waitsOddly(clamped), [])
    assert.isAtLeast(waitsOddly((header) => Number(header) * 1_000).length, 5)
    assert.isNotEmpty(waitsOddly((header) => (Number.parseInt(header, 10) || 10) * 1_000))
    assert.isNotEmpty(
      waitsOddly((header) => (isoDate.test(header) ? 10_000 : Math.max(5_000, Date.parse(header) - clock())))
    )
  })

  it.live("a loop that counts a 429 as an error gives up early and is caught, ours is not", () =>
    Effect.gen(function* () {
      const busy = { ...Script.respond(429, { error: "RATE_LIMITED" }, { "Retry-After": "1" }), times: 3 }
      const steps = [busy, Script.respond(500, "oops")]
      const state = yield* inWorld({ fate: { settleAfterPolls: 0 } }, ({ record, sides: { appvet } }) =>
        Effect.gen(function* () {
          yield* appvet.simulator.script({ match: { route: "status" }, steps })
          return (yield* record(appvet.wanted(1))).state
        })
      )
      assert.strictEqual(state, "completed")

      const stage = yield* Effect.orDie(
        Stage.make({ scripts: [{ steps: [...steps, Script.respond(200, { status: "completed" })] }] })
      )
      const naive = yield* Effect.promise(async () => {
        for (let errors = 0; errors < 3;) {
          const answer = await fetch(`${stage.origin}/scans/1`)
          if (answer.ok) return "completed"
          errors++
        }
        return "failed"
      })
      assert.notStrictEqual(naive, "completed")
    }).pipe(Effect.scoped)
  )

  it.live("a program that tries a submission again is caught: the vendor sells two scans, to ours one", () =>
    Effect.gen(function* () {
      const lost = { settleAfterPolls: 0, submit: [Script.acceptedAnswerLost] }
      const sold = yield* inWorld({ fate: lost }, ({ record, sides: { appvet } }) =>
        Effect.gen(function* () {
          for (let run = 0; run < 3; run++) assert.strictEqual((yield* record(appvet.wanted(1))).state, "in-doubt")
          return appvet.simulator.ledger.accepted().length
        })
      )
      assert.strictEqual(sold, 1)
      const resold = yield* inWorld({ fate: lost }, ({ sides: { appvet } }) =>
        Effect.gen(function* () {
          const { key, ledger, origin } = appvet.simulator
          yield* Effect.promise(async () => {
            for (let tries = 0; tries < 3; tries++) {
              const answer = await fetch(`${origin}/v1/scan`, {
                method: "POST",
                headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
                body: JSON.stringify({ url: "https://shop-1.example", type: "security" })
              }).catch(() => null)
              if (answer?.ok === true) return
            }
          })
          return ledger.accepted().length
        })
      )
      assert.strictEqual(resold, 2)
    })
  )
})
