import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as Telemetry from "../../src/engine/Telemetry.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)
const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })

const finish = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust("1 day")
    return yield* Fiber.join(fiber)
  })

const runOne = (vendor: Conversation.Vendor) =>
  finish(Stream.runCollect(Scans.runAll([Scans.request(vendor.adapter, "t")])))

describe("Telemetry", () => {
  it.effect("traces a span per scan with a child per poll that says why it was made", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const vendor = Conversation.make({
        vendor: "traced",
        polls: [{ say: "running", hint: 30_000 }, { say: "Transient" }, { say: "done" }],
        policy: steady
      })
      yield* runOne(vendor).pipe(Effect.provideService(Tracer.Tracer, tracer))
      const scan = spans.find((span) => span.name === "scanpoll.scan")
      const polls = spans.filter((span) => span.name === "scanpoll.poll")
      assert.strictEqual(scan?.attributes.get("scanpoll.vendor"), "traced")
      assert.deepStrictEqual(
        polls.map((span) => [span.attributes.get("scanpoll.because"), span.attributes.get("scanpoll.seen")]),
        [
          ["first", "running"],
          ["hint", "Transient"],
          ["back-off", "settled"]
        ]
      )
      assert.isTrue(polls.every((span) => span.parent._tag === "Some" && span.parent.value.traceId === scan?.traceId))
    }).pipe(Effect.provide(world))
  )

  it.effect("makes no span while nobody listens", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ vendor: "untraced" })
      const current = yield* Effect.option(Effect.currentSpan)
      assert.strictEqual(current._tag, "None")
      let inside: string | null = null
      const adapter = {
        ...vendor.adapter,
        poll: (ticket: Parameters<typeof vendor.adapter.poll>[0]) =>
          Effect.flatMap(Effect.option(Effect.currentSpan), (span) => {
            inside = span._tag
            return vendor.adapter.poll(ticket)
          })
      }
      yield* finish(Scans.run(adapter, "t"))
      assert.strictEqual(inside, "None")
    }).pipe(Effect.provide(world))
  )

  it.effect("counts polls, faults, waits, unknown words and endings per vendor", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        vendor: "counted",
        polls: [{ say: "queued" }, { say: "Transient" }, { say: "word", word: "odd" }, { say: "done" }],
        policy: steady
      })
      yield* runOne(vendor)
      const doubt = Conversation.make({ vendor: "counted", account: "b", submits: [{ say: "InDoubt" }] })
      yield* runOne(doubt)
      const all = (yield* Metric.snapshot).filter((each) => each.attributes?.["vendor"] === "counted")
      const counts = all.flatMap((each) =>
        each.type === "Counter"
          ? [`${each.id} ${Object.values(each.attributes ?? {}).join(" ")} ${each.state.count}`]
          : []
      )
      assert.deepStrictEqual(counts.sort(), [
        "scanpoll_faults counted Transient transient 1",
        "scanpoll_polls counted Transient 1",
        "scanpoll_polls counted queued 1",
        "scanpoll_polls counted settled 1",
        "scanpoll_polls counted unknown 1",
        "scanpoll_scans counted completed 1",
        "scanpoll_scans counted in-doubt 1",
        "scanpoll_unrecognised counted 1"
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("makes no more than 200 series of the codes of one vendor, who may make them up (TR-10)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ vendor: "inventive" })
      const told = Telemetry.listen(yield* Effect.context(), vendor.ticket("s", null))
      for (let polls = 1; polls <= 1_000; polls++) {
        const seen = PollFault.make({ kind: "Transient", code: `code-${polls}`, message: "no" })
        told({ _tag: "Polled", at: 0, seen, polls, first: false })
      }
      const faults = (yield* Metric.snapshot).filter(
        ({ attributes, id }) => id === "scanpoll_faults" && attributes?.["vendor"] === "inventive"
      )
      assert.strictEqual(faults.length, 201)
      const other = faults.find(({ attributes }) => attributes?.["code"] === "other")
      assert.deepStrictEqual(other?.type === "Counter" ? other.state.count : null, 800)
    })
  )

  it.effect(
    "logs a failed try with its next wait, sums a long row up, names an unknown word once, and each ending once",
    () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make<unknown, void>((options) => {
          lines.push(
            `${options.logLevel} ${String(Array.isArray(options.message) ? options.message[0] : options.message)}`
          )
        })
        const vendor = Conversation.make({
          vendor: "logged",
          polls: [
            ...Array.from({ length: 16 }, () => ({ say: "Transient" as const })),
            { say: "word", word: "odd\u001b[2J" },
            { say: "word", word: "odd\u001b[2J" },
            { say: "done" }
          ],
          policy: steady.pipe(PollPolicy.withDeadline("10 hours"))
        })
        yield* runOne(vendor).pipe(Effect.provide(Logger.layer([logger])))
        assert.deepStrictEqual(lines, [
          ...Array.from({ length: 5 }, () => "Warn poll failed: scripted Transient"),
          'Warn unknown status "odd\\u001b[2J": polled on as if it ran',
          "Info scan completed"
        ])
      }).pipe(Effect.provide(world))
  )

  it.effect("logs what a vendor asked for beside what is waited where a cap cut it, once for a wait (HD-04)", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.map(Logger.formatLogFmt, (line) => void lines.push(line))
      const long = { say: "running", hint: 9_999_999_999_000 } as const
      const vendor = Conversation.make({
        vendor: "patient",
        polls: [{ say: "running", hint: 30_000 }, long, long, { say: "Transient", hint: 20_000 }, { say: "done" }],
        limits: { floor: 0, hintCap: "5 minutes" },
        policy: steady.pipe(PollPolicy.withDeadline("10 hours"))
      })
      yield* runOne(vendor).pipe(Effect.provide(Logger.layer([logger])))
      const asked = lines.filter((line) => /askedMs=/.test(line))
      assert.strictEqual(asked.length, 2, lines.join("\n"))
      assert.match(asked[0] ?? "", /level=WARN.*longer wait than is obeyed.*askedMs=9999999999000 nextWaitMs=300000/)
      assert.match(asked[1] ?? "", /poll failed.*nextWaitMs=20000 askedMs=20000/)
    }).pipe(Effect.provide(world))
  )

  it.effect("logs a refused credential once for all scans under it, in polls and submissions (ST-03)", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.map(Logger.formatLogFmt, (line) => void lines.push(line))
      const denied = Conversation.make({ vendor: "strict", polls: [{ say: "Denied" }], policy: steady })
      const many = Array.from({ length: 20 }, (_, i) => Scans.fromTicket(denied.adapter, denied.ticket(`s${i}`, null)))
      const unpaid = Conversation.make({ vendor: "strict", account: "b", submits: [{ say: "Denied" }] })
      yield* finish(Stream.runCollect(Scans.runAll([...many, Scans.request(unpaid.adapter, "t")]))).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      const errors = lines.filter((line) => /level=ERROR/.test(line))
      assert.strictEqual(errors.length, 2, errors.join("\n"))
      for (const [i, account] of ["default", "b"].entries()) {
        assert.match(errors[i] ?? "", new RegExp(`credential was refused.*vendor=strict account=${account}`))
      }
    }).pipe(Effect.provide(world))
  )
})
