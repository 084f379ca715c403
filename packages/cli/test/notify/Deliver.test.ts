/** The delivery of notifications, in virtual time, and what is signed. */
import { assert, describe, it } from "@effect/vitest"
import type { Due, Outbox } from "@scanpoll/journal/Notifications"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import { randomBytes } from "node:crypto"
import * as Deliver from "scanpoll/notify/Deliver"
import type { Receiver } from "scanpoll/notify/NotifyFile"
import * as PrivateAddress from "scanpoll/notify/PrivateAddress"
import * as Send from "scanpoll/notify/Send"
import { Webhook } from "standardwebhooks"

const secret = `whsec_${randomBytes(32).toString("base64")}`
const receiver: Receiver = {
  name: "ops",
  events: new Set(["scan.ended"]),
  way: { _tag: "Webhook", url: Redacted.make("https://ops.test/"), secret: Redacted.make(secret), allowPrivate: false }
}

const every = "20 seconds"

interface Kept {
  readonly due: Omit<Due, "attempts">
  attempts: number
  dueAt: number
  state: "pending" | "delivered" | "dead"
}

// An outbox in memory, as that of a journal: what is taken is due again when its lease is over.
const boxOf = (count: number) =>
  Effect.gen(function* () {
    const kept = Array.from({ length: count }, (_, n): Kept => ({
      due: { id: `evt_${n}`, receiver: "ops", type: "scan.ended", body: JSON.stringify({ n }) },
      attempts: 0,
      dueAt: 0,
      state: "pending"
    }))
    const clock = yield* TestClock.testClockWith(Effect.succeed)
    const now = (): number => clock.currentTimeMillisUnsafe()
    const of = ({ id }: Pick<Due, "id">) => kept.find(({ due }) => due.id === id)
    const set = (due: Due, change: Partial<Kept>) => Effect.sync(() => void Object.assign(of(due) ?? {}, change))
    const outbox: Outbox = {
      take: (_, { lease, limit }) =>
        Effect.sync(() =>
          kept
            .filter(({ dueAt, state }) => state === "pending" && dueAt <= now())
            .slice(0, limit)
            .map((one) => {
              one.attempts += 1
              one.dueAt = now() + lease
              return { ...one.due, attempts: one.attempts }
            })
        ),
      delivered: (due) => set(due, { state: "delivered" }),
      failed: (due, _, dueAt) => set(due, dueAt === null ? { state: "dead" } : { dueAt }),
      gone: () => Effect.sync(() => kept.forEach((one) => (one.state === "pending" ? (one.state = "dead") : null))),
      forget: () => Effect.void
    }
    return { kept, outbox, now }
  })

describe("the delivery of notifications", () => {
  it.effect(
    "a receiver that is down for an hour, and a sender that is stopped three times, lose nothing: each arrives, under its own id",
    () =>
      Effect.gen(function* () {
        const { kept, now, outbox } = yield* boxOf(25)
        const arrived = new Map<string, Set<string>>()
        const send: Deliver.Options["send"] = (_, { body, id }) =>
          Effect.suspend(() => {
            // Each request takes a moment, so that a stop cuts some of them.
            const answer = Effect.sync((): Send.Sent => {
              if (now() < 3_600_000) return { _tag: "Failed", why: "ECONNREFUSED" }
              arrived.set(id, (arrived.get(id) ?? new Set()).add(body))
              return { _tag: "Delivered" }
            })
            return Effect.andThen(Effect.sleep("200 millis"), answer)
          })
        const working = Effect.scoped(
          Effect.andThen(Deliver.run({ receivers: [receiver], send, every }, outbox), Effect.never)
        )
        for (const life of ["100 millis", "7 seconds", "20 minutes", "12 hours"] as const) {
          const sender = yield* Effect.forkChild(working)
          yield* TestClock.adjust(life)
          const ending = yield* Effect.forkChild(Fiber.interrupt(sender))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(ending)
        }
        assert.strictEqual(arrived.size, 25)
        assert.isTrue([...arrived].every(([id, bodies]) => bodies.size === 1 && kept.some(({ due }) => due.id === id)))
        assert.isTrue(kept.every(({ state }) => state === "delivered"))
      })
  )

  it.effect("is tried seven times, each later than the last by what is promised, and is then given up", () =>
    Effect.gen(function* () {
      const { kept, now, outbox } = yield* boxOf(1)
      const at: Array<number> = []
      const send = () =>
        Effect.sync((): Send.Sent => {
          at.push(now())
          return { _tag: "Failed", why: "HTTP 503" }
        })
      const sender = yield* Effect.forkChild(
        Effect.scoped(Effect.andThen(Deliver.run({ receivers: [receiver], send, every }, outbox), Effect.never))
      )
      for (const delay of Deliver.delays) yield* TestClock.adjust(delay + 20_000)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(at.length, 7)
      const waits = at.slice(1).map((time, n) => time - (at[n] ?? 0))
      assert.isTrue(
        waits.every((wait, n) => wait >= (Deliver.delays[n] ?? 0) && wait <= (Deliver.delays[n] ?? 0) + 40_000)
      )
      assert.strictEqual(kept[0]?.state, "dead")
      yield* Fiber.interrupt(sender)
    })
  )

  it.effect("a receiver that answers 410 hears no more", () =>
    Effect.gen(function* () {
      const { kept, outbox } = yield* boxOf(30)
      let tried = 0
      const send = () =>
        Effect.sync((): Send.Sent => {
          tried += 1
          return { _tag: "Gone", why: "HTTP 410" }
        })
      const sender = yield* Effect.forkChild(
        Effect.scoped(Effect.andThen(Deliver.run({ receivers: [receiver], send, every }, outbox), Effect.never))
      )
      yield* TestClock.adjust("1 minute")
      assert.isTrue(kept.every(({ state }) => state === "dead"))
      assert.isAtMost(tried, 10)
      yield* Fiber.interrupt(sender)
    })
  )

  it("is signed as Standard Webhooks has it: its own library takes it, and nothing that was changed", () => {
    const due = { id: "evt_1", body: JSON.stringify({ type: "scan.ended", data: { name: "ü ☃" } }) }
    const headers = Send.headers(Redacted.make(secret), due, Math.floor(Date.now() / 1000))
    const verifier = new Webhook(secret)
    assert.deepStrictEqual(verifier.verify(due.body, { ...headers }), JSON.parse(due.body))
    assert.throws(() => verifier.verify(`${due.body} `, { ...headers }))
    assert.throws(() => verifier.verify(due.body, { ...headers, "webhook-id": "evt_2" }))
    assert.throws(() => new Webhook(`whsec_${randomBytes(32).toString("base64")}`).verify(due.body, { ...headers }))
  })

  it("addresses of this machine and of private networks are told from public ones, however they are written", () => {
    const own = ["127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
    const own6 = [
      "::1",
      "::",
      "fe80::1",
      "fd00::1",
      "::ffff:127.0.0.1",
      "::ffff:10.0.0.1",
      "64:ff9b::7f00:1",
      "nonsense"
    ]
    for (const address of [...own, ...own6]) assert.isTrue(PrivateAddress.is(address), address)
    for (const address of ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"]) {
      assert.isFalse(PrivateAddress.is(address), address)
    }
  })
})
