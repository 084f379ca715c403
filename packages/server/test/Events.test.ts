/** The stream of events: what it tells, and how it ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Feed from "@scanpoll/server/Feed"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { ask, listen, serving, submitted, until } from "./support/serving.ts"

const eventsOf = (text: string): ReadonlyArray<readonly [name: string, data: string]> =>
  text.split("\n\n").flatMap((event) => {
    const [, name = "", data = ""] = /event: (\w+)\ndata: (.*)$/.exec(event) ?? []
    return name === "" ? [] : [[name, data] as const]
  })

describe("the stream of events", () => {
  it.live("greets at once, and tells a claim that is made and one that settles to everybody who listens", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serving()
        const all = yield* Effect.forEach([1, 2, 3], () => listen(server))
        yield* until(() => all.every(({ text }) => text().includes("event: hello")))
        const claimId = yield* submitted(server.journal, "told")
        yield* until(() => all.every(({ text }) => text().includes(claimId)))
        for (const { status, text } of all) {
          assert.strictEqual(status(), 200)
          assert.strictEqual(eventsOf(text())[0]?.[0], "hello")
          const [, data = ""] = eventsOf(text()).find(([name]) => name === "change") ?? []
          assert.deepInclude(JSON.parse(data), { kind: "claim", id: claimId })
        }
      })
    )
  )

  it.live("goes on after the id that was told last, and asks to begin anew where that is too old or none of ours", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serving({ every: "1 hour" })
        const claimId = yield* submitted(server.journal, "missed")
        const at = (yield* server.journal.get(claimId))?.changedAt ?? 0
        const resumed = yield* listen(server, { "last-event-id": String(at) })
        yield* until(() => resumed.text().includes(claimId))
        for (const id of ["1", "nonsense", String(at + 86_400_000)]) {
          const lost = yield* listen(server, { "last-event-id": id })
          yield* until(() => lost.text().includes("event: reset"))
        }
      })
    )
  )

  it.effect("asks to begin anew where more changed at once than is told, and tells single changes again after it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        const feed = yield* Feed.make()
        const heard: Array<string> = []
        yield* Effect.forkScoped(Stream.runForEach(feed.listen(null), (event) => Effect.sync(() => heard.push(event))))
        yield* TestClock.adjust("10 seconds")
        const key = (n: string) => ({ vendor: "v", origin: "o", account: "a", environment: "", fingerprint: n })
        const subject = { kind: "url", id: "x", name: "x" } as const
        for (let n = 0; n < 1_200; n++) yield* journal.claim(key(`burst-${n}`), { subject, reuseFrom: 0 })
        yield* TestClock.adjust("10 seconds")
        assert.include(heard.join(""), "event: reset")
        heard.length = 0
        const { claimId } = yield* journal.claim(key("after"), { subject, reuseFrom: 0 })
        yield* TestClock.adjust("10 seconds")
        const told = heard.flatMap((event) => /event: (\w+)\ndata: (.*)/.exec(event)?.slice(1) ?? [])
        assert.strictEqual(told[0], "change")
        assert.strictEqual(JSON.parse(told[1] ?? "").id, claimId)
      })
    ).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.live("ends when the server stops, at once and for everybody, although it may wait longer for other answers", () =>
    Effect.gen(function* () {
      const all = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* serving()
          const open = yield* Effect.forEach(Array.from({ length: 20 }), () => listen(server))
          yield* until(() => open.every(({ text }) => text().includes("event: hello")))
          yield* server.server.drain
          yield* until(() => open.every(({ isOver }) => isOver()))
          const late = yield* listen(server)
          yield* until(() => late.isOver())
          assert.strictEqual((yield* ask(server, "/api/v1/claims")).status, 200)
          return open
        })
      )
      assert.isTrue(all.every(({ isOver }) => isOver()))
    })
  )

  it.effect("pings where nothing else is told, and lets go of a listener for whom a megabyte waits", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        const feed = yield* Feed.make()
        const heard: Array<string> = []
        const hearing = yield* Effect.forkChild(
          Stream.runForEach(feed.listen(null), (event) => Effect.sync(() => heard.push(event)))
        )
        yield* TestClock.adjust("35 seconds")
        assert.deepStrictEqual(
          heard.map((event) => /event: (\w+)/.exec(event)?.[1]),
          ["hello", "ping", "ping"]
        )
        // One who takes the first event and no other.
        let taken = 0
        const slow = yield* Effect.forkChild(
          Stream.runForEach(feed.listen(null), () => {
            taken += 1
            return Effect.never
          })
        )
        yield* TestClock.adjust("1 second")
        assert.strictEqual(feed.listeners(), 2)
        const key = (n: string) => ({ vendor: "v", origin: "o", account: "a", environment: "", fingerprint: n })
        const subject = { kind: "url", id: "x", name: "x" } as const
        for (let round = 0; round < 20; round++) {
          for (let n = 0; n < 900; n++) yield* journal.claim(key(`${round}-${n}`), { subject, reuseFrom: 0 })
          yield* TestClock.adjust("11 seconds")
        }
        assert.strictEqual(feed.listeners(), 1)
        assert.strictEqual(taken, 1)
        assert.isAbove(heard.length, 10_000)
        yield* Fiber.interrupt(slow)
        yield* Fiber.interrupt(hearing)
        assert.strictEqual(feed.listeners(), 0)
      })
    ).pipe(Effect.provide(ScanJournal.layerMemory))
  )
})
