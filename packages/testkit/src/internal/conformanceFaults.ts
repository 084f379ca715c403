// Rules about answers that are no answers: which fault each of them is. Plays answers on the stage of `conformanceBench`.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { gzipSync } from "node:zlib"
import type { Answer, Kit } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import * as wire from "./conformanceWire.ts"

/** What a status means for a poll when the vendor's own code does not say. */
const undocumented: ReadonlyArray<readonly [status: number, wanted: string]> = [
  ...[401, 403].map((status) => [status, "Denied"] as const),
  [404, "Missing"],
  [429, "Throttled"],
  ...[408, 425, 500, 502, 503, 504, 520].map((status) => [status, "Transient"] as const),
  ...[301, 302, 303, 304, 307, 308, 400, 402, 405, 406, 409, 410, 413, 415, 422, 451, 501, 505].map(
    (status) => [status, "Broken for good"] as const
  )
]

const unreadable: ReadonlyArray<readonly [about: string, answer: Answer]> = [
  ["a page", Script.html(200)],
  ["an empty body", { status: 200, body: "" }],
  ["white space", { status: 200, body: " \r\n" }],
  ["204", { status: 204 }],
  ["null", { status: 200, body: "null" }],
  ["a list", { status: 200, body: [] }],
  ["a list of one", { status: 200, body: [{}] }],
  ["a text", { status: 200, body: '"completed"' }],
  ["a number", { status: 200, body: "1" }],
  ["true", { status: 200, body: "true" }],
  ["an empty object", { status: 200, body: {} }],
  ["single quotes", { status: 200, body: "{'status': 'completed'}" }],
  ["no JSON", { status: 200, body: "OK" }],
  ["bytes that are no UTF-8", { status: 200, body: Uint8Array.from([0x7b, 0xff, 0xfe, 0x80, 0x7d]) }]
]

const longestMessage = 1000

export const faultRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const completed = bench.completedOf(kit).answer
  const asked = bench.idIn(kit, completed)
  const text = JSON.stringify(completed.body)
  // Of these statuses an error of the vendor's may say that the scan is not finished.
  const pendingStatuses = new Set(kit.poll.pending.map(({ answer }) => bench.statusOf(answer)))

  return [
    {
      group: "faults",
      name: "MUST understand the vendor's documented errors as the kit says",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, on, permanent, poll } of kit.errors) {
          if (poll === undefined || on?.includes("status") === false) continue
          const heard = yield* scene.poll(answer, asked)
          const about = bench.nameOf(answer)
          bench.expect(note, about, bench.readPoll(heard), permanent === true ? `${poll} for good` : poll)
          if (heard._tag === "Failure" && (heard.error.code === "" || heard.error.message.trim() === "")) {
            note(`${about}: a fault without a code or words`)
          }
        }
      })
    },
    {
      group: "faults",
      name: "MUST class a status that no documented error has by the common rule, the permanent ones for good",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [status, wanted] of undocumented) {
          for (const answer of [Script.html(status), Script.respond(status), Script.respond(status, { x: [1] })]) {
            const heard = yield* scene.poll({ ...answer, headers: { ...answer.headers, location: "/x" } }, asked)
            bench.expect(note, bench.nameOf(answer), bench.readPoll(heard), bench.pollAlone(kit, status, wanted))
          }
        }
      })
    },
    {
      group: "faults",
      name: "MUST call a connection that is refused, reset, closed or cut short transient",
      run: Effect.fnUntraced(function* (note) {
        const steps: ReadonlyArray<readonly [string, Script.Step]> = [
          ["a reset before the request was read", Script.reset("head")],
          ["a reset before the answer", Script.reset("read")],
          ["a reset within the answer", { ...completed, ...Script.reset("answer") }],
          ["a close before the answer", Script.close("read")],
          ["a close within the answer", { ...completed, ...Script.close("answer") }],
          ["an answer that is cut", { ...completed, ...Script.cut() }],
          ["an answer cut before its body", { ...completed, ...Script.cut(0) }],
          ["an answer cut by its last byte", { ...completed, ...Script.cut(Buffer.byteLength(text) - 1) }],
          ["no HTTP", Script.raw("SSH-2.0-OpenSSH_9.6\r\n")]
        ]
        for (const [about, step] of steps) {
          const scene = yield* bench.open(kit)
          const heard = yield* scene.poll(step, asked)
          bench.expect(note, about, bench.readPoll(heard), "Transient")
          if (heard._tag === "Failure" && heard.error.code === "") note(`${about}: no code`)
        }
        const refused = yield* bench.open(kit)
        yield* refused.stage.down
        bench.expect(note, "a refused connection", bench.readPoll(yield* refused.poll(completed)), "Transient")
        const early = yield* bench.open(kit)
        yield* early.play(completed)
        yield* early.stage.nextConnections(["reset"])
        const heard = yield* early.listen(early.adapter.poll(early.ticket(asked)))
        bench.expect(note, "a connection reset at once", bench.readPoll(heard), "Transient")
      })
    },
    {
      group: "faults",
      name: "MUST end a poll that gets no whole answer by the end of its time, as transient",
      run: Effect.fnUntraced(function* (note) {
        const steps: ReadonlyArray<readonly [string, Script.Step]> = [
          ["no answer", Script.hang("read")],
          ["half an answer", { ...completed, ...Script.hang("answer") }],
          ["white space for ever", { ...completed, ...Script.drip("20 millis", { endless: true }) }]
        ]
        const tryStep = Effect.fnUntraced(function* ([about, step]: (typeof steps)[number]) {
          const scene = yield* bench.open(kit)
          const { adapter } = scene
          const limit = Duration.max(adapter.policy.pollTimeout, Duration.seconds(15))
          const seen = yield* bench.hang(scene, step, adapter.poll(scene.ticket(asked)), [limit])
          if (seen === null) note(`${about}: no request`)
          else bench.expect(note, `${about} after ${Duration.format(limit)}`, bench.readPoll(seen.heard), "Transient")
        })
        yield* Effect.forEach(steps, tryStep, { concurrency: "unbounded", discard: true })
      })
    },
    {
      group: "faults",
      name: "MUST call an answer that it cannot understand broken, not for good",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const rows: ReadonlyArray<readonly [string, Answer]> = [
          ...unreadable,
          ["two documents", { status: 200, body: `${text}${text}` }],
          ["a document and more", { status: 200, body: `${text};` }],
          ["half a document", { status: 200, body: text.slice(0, -1) }],
          ["a document in a document", { status: 200, body: JSON.stringify(text) }],
          ["a document in a list", { status: 200, body: [completed.body] }],
          ["a document in a callback", { status: 200, body: `callback(${text})` }]
        ]
        for (const [about, answer] of rows) {
          bench.expect(note, about, bench.readPoll(yield* scene.poll(answer, asked)), "Broken")
        }
      })
    },
    {
      group: "faults",
      name: "MUST bound what it reads: an answer that is huge, deep or compressed unasked is broken",
      run: Effect.fnUntraced(function* (note) {
        const deep = (open: string, close: string, inner: string) =>
          text.replace("{", `{"x":${open.repeat(20_000)}${inner}${close.repeat(20_000)},`)
        const far = (mebibytes: number): string => " ".repeat(mebibytes * 1024 * 1024) + text
        const bomb = { status: 200, body: gzipSync(far(16)), headers: { "content-encoding": "gzip" } }
        // Each of them is a completed scan to a reader without bounds.
        const steps: ReadonlyArray<readonly [string, Script.Step]> = [
          ["12 MiB", { status: 200, body: far(12) }],
          ["16 MiB within a few KB", bomb],
          ["20 000 lists in one another", { status: 200, body: deep("[", "]", "") }],
          ["20 000 objects in one another", { status: 200, body: deep('{"x":', "}", "1") }]
        ]
        for (const [about, step] of steps) {
          const scene = yield* bench.open(kit)
          bench.expect(note, about, bench.readPoll(yield* scene.poll(step, asked)), "Broken")
        }
      })
    },
    {
      group: "faults",
      name: "MUST keep the vendor's id of a request that went wrong",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const headers = { "x-request-id": "req-conformance-1" }
        for (const answer of [Script.html(500), Script.respond(404), Script.respond(401), Script.html(200)]) {
          const heard = yield* scene.poll(bench.withHeaders(answer, headers), asked)
          const kept = heard._tag === "Failure" ? heard.error.requestId : null
          if (kept !== "req-conformance-1") note(`poll, ${bench.nameOf(answer)}: ${JSON.stringify(kept)}`)
        }
        for (const answer of kit.submit.waits === true ? [] : [Script.html(500), Script.respond(401)]) {
          const heard = yield* scene.submit(bench.withHeaders(answer, headers))
          const kept = heard._tag === "Failure" ? heard.error.requestId : null
          if (kept !== "req-conformance-1") note(`submission, ${bench.nameOf(answer)}: ${JSON.stringify(kept)}`)
        }
      })
    },
    {
      group: "faults",
      name: "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const { id } = kit.poll
        const brief = (about: string, texts: ReadonlyArray<string | null>): void => {
          const longest = Math.max(...texts.map((text) => text?.length ?? 0))
          if (longest > longestMessage) note(`${about}: a message of ${longest} characters`)
        }
        for (const hostile of wire.hostileTexts) {
          const shown = JSON.stringify(hostile.slice(0, 20))
          const soil = (answer: Answer, kept: ReadonlyArray<ReadonlyArray<string | number>>): Answer =>
            bench.withBody(
              answer,
              wire.mapTexts(answer.body, kept, () => hostile)
            )
          for (const { answer, name, reading } of bench.scansOf(kit)) {
            const heard = yield* scene.poll(soil(answer, bench.pollPaths(kit)), bench.idIn(kit, answer))
            const about = `${name} with ${shown} for every text`
            bench.expect(note, about, bench.readPoll(heard), reading, ...bench.otherwise(kit, answer))
            if (heard._tag === "Failure") brief(about, [heard.error.message, heard.error.code])
            if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
            const outcome = heard.value.observation.value
            brief(about, outcome.warnings)
            if (outcome._tag !== "Completed") {
              const { advice, code, message } = outcome.reason
              brief(about, [advice, code, message])
            }
          }
          for (const row of kit.errors) {
            const answer = soil(row.answer, [])
            const about = `${bench.nameOf(row.answer)} with ${shown} for every text`
            const polled = yield* scene.poll(answer, asked)
            const pending = bench.readPoll(polled).startsWith("Pending") && pendingStatuses.has(bench.statusOf(answer))
            if (polled._tag !== "Failure") {
              if (!pending) note(`${about}: ${bench.readPoll(polled)}`)
            } else brief(about, [polled.error.message, polled.error.code])
            const submitted = yield* scene.submit(answer)
            if (submitted._tag === "Defect" || submitted._tag === "Late")
              note(`${about}: ${bench.readSubmit(submitted)}`)
            if (submitted._tag === "Failure") {
              brief(about, [submitted.error.message, submitted.error.code, submitted.error.advice])
            }
          }
          if (id === null) continue
          const other = bench.withBody(completed, wire.set(completed.body, id, hostile))
          const heard = yield* scene.poll(other, asked)
          bench.expect(note, `an answer about ${shown}`, bench.readPoll(heard), "Broken")
          if (heard._tag === "Failure") brief(`an answer about ${shown}`, [heard.error.message])
        }
      })
    },
    {
      group: "faults",
      name: "MUST give the same answer the same meaning each time, also side by side",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, name } of bench.scansOf(kit)) {
          yield* scene.play(answer)
          const ticket = scene.ticket(bench.idIn(kit, answer))
          const heard = yield* Effect.forEach([1, 2, 3], () => scene.listen(scene.adapter.poll(ticket)), {
            concurrency: "unbounded"
          })
          const [first, ...others] = heard
          if (first === undefined || first._tag !== "Success") continue
          for (const other of others) {
            if (other._tag !== "Success" || !isDeepStrictEqual(other.value.observation, first.value.observation)) {
              note(`${name}: ${bench.readPoll(other)} another time`)
            }
          }
        }
      })
    }
  ]
}
