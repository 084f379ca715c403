// Rules about a submission: sent once, and in doubt unless it was surely not accepted. Plays answers on the stage of
// `conformanceBench`.
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import type { Answer, Kit } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import { codecOf, outcomeFaults } from "./conformanceOutcome.ts"
import * as wire from "./conformanceWire.ts"

/** Ids that cannot be asked for: an answer with one of them names no scan. */
const unusableIds: ReadonlyArray<unknown> = [
  undefined,
  null,
  "",
  " ",
  5,
  true,
  [],
  {},
  ".",
  "..",
  "../keys",
  "a/b",
  "a?x=1",
  "a\nb",
  "x".repeat(5_000)
]

/** Steps after which it is unknown whether the vendor took the submission. */
const doubtful = (accepted: Answer): ReadonlyArray<readonly [about: string, step: Script.Step]> => [
  ...[500, 502, 503, 504, 520, 408].map((status) => [`${status} of a gateway`, Script.html(status)] as const),
  ...[301, 302, 303, 307, 308].map((status) => [`${status}`, Script.redirect("/elsewhere", status)] as const),
  ["a reset before the body was read", Script.reset("head")],
  ["a reset before the answer", Script.reset("read")],
  ["a reset within the answer", { ...accepted, ...Script.reset("answer") }],
  ["a close before the answer", Script.close("read")],
  ["an answer that is cut", { ...accepted, ...Script.cut() }],
  ["no HTTP", Script.raw("SSH-2.0-OpenSSH_9.6\r\n")],
  ["a huge answer", Script.huge(11 * 1024 * 1024)],
  ["a compressed answer", { ...Script.gzipBomb(1024), status: 200 }]
]

/** An answer that came, and whose body nobody reads. */
const isUnread = ({ fault }: Script.Step): boolean => fault?._tag === "Huge" || fault?._tag === "GzipBomb"

const unreadable: ReadonlyArray<readonly [about: string, answer: Answer]> = [
  ["an empty body", { status: 200, body: "" }],
  ["204", { status: 204 }],
  ["a page", Script.html(200)],
  ["a list", { status: 201, body: [] }],
  ["null", { status: 201, body: "null" }],
  ["a text", { status: 201, body: '"accepted"' }],
  ["half a document", { status: 201, body: '{"id": "' }],
  ["a document too deep", { status: 201, body: `${"[".repeat(50_000)}${"]".repeat(50_000)}` }]
]

/** An accepted answer that no longer names a scan, or no longer says that one was started. */
const withoutId = <Request, Payload>(
  kit: Kit<Request, Payload>,
  answer: Answer
): ReadonlyArray<{ readonly about: string; readonly odd: Answer }> => {
  const { id } = kit.submit
  const shown = (value: unknown): string =>
    typeof value === "string" ? JSON.stringify(value.slice(0, 20)) : (JSON.stringify(value) ?? "nothing")
  if ("prepared" in id) {
    return (id.says ?? []).flatMap((path) =>
      [undefined, null, "", 5, []].map((value) => ({
        about: `${shown(value)} at ${wire.showPath(path)}`,
        odd: bench.withBody(answer, wire.set(answer.body, path, value))
      }))
    )
  }
  // Beside a slash the last part of a Location may be an id after all.
  const values =
    "location" in id ? [undefined, ""] : unusableIds.filter((value) => !bench.isId(kit, bench.scanIdOf(kit, value)))
  return values.map((value) => ({ about: `the id ${shown(value)}`, odd: bench.withNewId(kit, answer, value) }))
}

/** The one rule of an adapter that is only waited with. */
const waitingRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => [
  {
    group: "submit",
    name: "MUST take the scan that a request names for its own, without a request",
    run: Effect.fnUntraced(function* (note) {
      const scene = yield* bench.open(kit)
      const heard = yield* scene.listen(scene.adapter.submit(kit.requests.valid[0]))
      bench.expect(note, "the first valid request", bench.readSubmit(heard), "Submitted")
      const named = bench.newIdIn(kit, kit.submit.accepted[0])
      if (heard._tag === "Success" && heard.value._tag === "Submitted" && heard.value.ticket.scanId !== named)
        note(`the ticket is for "${heard.value.ticket.scanId}", must be "${String(named)}"`)
      if (scene.requests().length > 0) note(`${scene.requests().length} requests reached the vendor, must be none`)
    })
  }
]

export const submitRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  if (kit.submit.waits === true) return waitingRules(kit)
  const { accepted, id, settled } = kit.submit
  const first = accepted[0]
  // No answer has an id that was prepared: what shows that the scan was started are places of the body, or any 2xx.
  const says = "prepared" in id ? (id.says ?? []) : null
  const isAnyTaken = says?.length === 0
  const scanId = (answer: Answer): string => String(bench.newIdIn(kit, answer))
  const kept = bench.newIdPaths(kit)

  const rules: ReadonlyArray<bench.Rule> = [
    {
      group: "submit",
      name: "MUST make exactly one request per submission, whatever the answer",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const answers: ReadonlyArray<readonly [string, Script.Step]> = [
          ...accepted.map((answer, at) => [`accepted[${at}]`, answer] as const),
          ...kit.errors.map(({ answer }) => [bench.nameOf(answer), answer] as const),
          ...doubtful(first).filter(([, { fault }]) => fault === undefined || fault._tag === "Reset"),
          ["429", { ...Script.respond(429), headers: { "retry-after": "1" } }],
          ["401", Script.respond(401)]
        ]
        for (const [about, step] of answers) {
          const before = scene.requests().length
          yield* scene.submit(step)
          const made = scene.requests().slice(before)
          if (made.length !== 1) note(`${about}: ${made.length} requests, must be 1`)
        }
      })
    },
    {
      group: "submit",
      name: "MUST take a usable id in any answer for an acceptance, whatever else it holds",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [at, answer] of accepted.entries()) {
          const good = [bench.statusOf(answer), 200, 201, 202]
          for (const status of isAnyTaken ? good : [...good, 400, 403, 409, 422, 429, 500, 502, 503]) {
            const heard = yield* scene.submit({ ...answer, status })
            const about = `accepted[${at}] with status ${status}`
            if (!bench.expect(note, about, bench.readSubmit(heard), "Submitted")) continue
            if (heard._tag !== "Success" || heard.value._tag !== "Submitted") continue
            const found = heard.value.ticket.scanId
            if (found !== scanId(answer)) note(`${about}: the ticket is for "${found}", must be "${scanId(answer)}"`)
          }
          const others = [
            { about: "unknown fields", body: wire.enrich(answer.body) },
            { about: "keys that reach a prototype", body: wire.withPrototypeKeys(answer.body) },
            ...wire.distort(answer.body, kept)
          ]
          for (const { about, body } of others) {
            const heard = yield* scene.submit(bench.withBody(answer, body))
            bench.expect(note, `accepted[${at}] with ${about}`, bench.readSubmit(heard), "Submitted")
          }
        }
        for (const [at, { answer, outcome }] of (settled ?? []).entries()) {
          for (const { about, body } of wire.distort(answer.body, kept)) {
            const heard = yield* scene.submit(bench.withBody(answer, body))
            const reading = bench.readSubmit(heard)
            bench.expect(note, `submit.settled[${at}] with ${about}`, reading, "Submitted", `Already ${outcome}`)
          }
        }
      })
    },
    {
      group: "submit",
      name: "MUST put the vendor, origin, account, id and time of the submission into its ticket, and nothing else",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const { account, origin, vendor } = scene.adapter
        for (const [at, answer] of accepted.entries()) {
          const since = yield* Clock.currentTimeMillis
          const heard = yield* scene.submit(answer)
          const until = yield* Clock.currentTimeMillis
          if (heard._tag !== "Success" || heard.value._tag !== "Submitted") {
            note(`accepted[${at}]: ${bench.readSubmit(heard)}`)
            continue
          }
          const { ticket } = heard.value
          const submittedAt = ticket.submittedAt ?? Number.NaN
          const wanted = { v: 1, vendor, origin, account, scanId: scanId(answer), submittedAt: ticket.submittedAt }
          if (!Schema.is(ScanTicket.ScanTicket)(ticket) || !isDeepStrictEqual({ ...ticket }, wanted)) {
            note(`accepted[${at}]: ${JSON.stringify(ticket)}, must be ${JSON.stringify(wanted)}`)
          }
          if (!(submittedAt >= since - 1 && submittedAt <= until + 1)) {
            note(`accepted[${at}]: submitted at ${ticket.submittedAt}, must be from ${since} to ${until}`)
          }
        }
      })
    },
    {
      group: "submit",
      name: "MUST call a submission in doubt that was answered well but without a usable id",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [at, answer] of accepted.entries()) {
          for (const { about, odd } of withoutId(kit, answer)) {
            bench.expect(note, `accepted[${at}] with ${about}`, bench.readSubmit(yield* scene.submit(odd)), "InDoubt")
          }
        }
        for (const [about, answer] of isAnyTaken ? [] : unreadable) {
          bench.expect(note, about, bench.readSubmit(yield* scene.submit(answer)), "InDoubt")
        }
      })
    },
    {
      group: "submit",
      name: "MUST call in doubt whatever goes wrong once the request has left",
      run: Effect.fnUntraced(function* (note) {
        for (const [about, step] of doubtful(first)) {
          if (isAnyTaken && isUnread(step)) continue
          const scene = yield* bench.open(kit)
          bench.expect(note, about, bench.readSubmit(yield* scene.submit(step)), "InDoubt")
        }
      })
    },
    {
      group: "submit",
      name: "MUST say that nothing was sent when the connection is refused, and that it may be sent again",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        yield* scene.stage.down
        const heard = yield* scene.submit(first)
        bench.expect(note, "connection refused", bench.readSubmit(heard), "NotSent")
        if (heard._tag === "Failure" && heard.error.permanent) note("connection refused: called permanent")
      })
    },
    {
      group: "submit",
      name: "MUST tell refused, denied and throttled submissions apart by the vendor's documented errors",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, submit } of kit.errors) {
          if (submit === undefined) continue
          const heard = yield* scene.submit(answer)
          bench.expect(note, bench.nameOf(answer), bench.readSubmit(heard), submit)
          if (heard._tag === "Failure" && (heard.error.code === "" || heard.error.message.trim() === "")) {
            note(`${bench.nameOf(answer)}: an error without a code or words`)
          }
        }
      })
    },
    {
      group: "submit",
      name: "MUST call 401 and 403 denied and 429 throttled, and take no other error for a refusal unless it is the vendor's own",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const rows: ReadonlyArray<readonly [number, string]> = [
          [401, "Denied"],
          [403, "Denied"],
          [429, "Throttled"],
          ...[400, 402, 404, 405, 408, 409, 410, 413, 415, 422, 425, 451, 500, 501, 502, 503, 504].map(
            (status) => [status, "InDoubt"] as const
          )
        ]
        for (const [status, wanted] of rows) {
          for (const answer of [Script.html(status), Script.respond(status), Script.respond(status, { x: [1] })]) {
            const meant = bench.submitAlone(kit, status, wanted)
            bench.expect(note, bench.nameOf(answer), bench.readSubmit(yield* scene.submit(answer)), meant)
          }
        }
      })
    },
    {
      group: "submit",
      name: "MUST await a submission as long as limits.submitTimeout, and no longer",
      run: Effect.fnUntraced(function* (note) {
        const hangAt = Effect.fnUntraced(function* (at: "read" | "answer") {
          const scene = yield* bench.open(kit)
          const { adapter } = scene
          const limit = Duration.toMillis(adapter.limits.submitTimeout)
          const step = { ...first, ...Script.hang(at) }
          const pass = [Duration.millis(limit * 0.9), Duration.millis(limit * 0.2)]
          const seen = yield* bench.hang(scene, step, adapter.submit(kit.requests.valid[0]), pass)
          const about = at === "read" ? "no answer" : "half an answer"
          if (seen === null) return note(`${about}: no request`)
          if (seen.early) note(`${about}: given up before ${limit} ms`)
          bench.expect(note, `${about} after ${limit} ms`, bench.readSubmit(seen.heard), "InDoubt")
        })
        yield* Effect.forEach(["read", "answer"] as const, hangAt, { concurrency: "unbounded", discard: true })
      })
    },
    {
      group: "submit",
      name: "MUST pass on the wait and the quota that the answer to a submission names",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const headers = { "retry-after": "7", "x-ratelimit-limit": "60", "x-ratelimit-remaining": "17" }
        let passed = false
        for (const [at, answer] of accepted.entries()) {
          const heard = yield* scene.submit(bench.withHeaders(answer, headers))
          if (heard._tag !== "Success" || heard.value._tag !== "Submitted") {
            note(`accepted[${at}]: ${bench.readSubmit(heard)}`)
            continue
          }
          const hint = Option.map(heard.value.hint, Duration.toMillis)
          passed ||= Option.isSome(hint)
          if (Option.isSome(hint) && hint.value !== 7000)
            note(`accepted[${at}]: a wait of ${hint.value} ms, must be 7000`)
          const quota = Option.getOrNull(heard.value.quota)
          if (quota?.limit !== 60 || quota.remaining !== 17)
            note(`accepted[${at}]: the quota is ${JSON.stringify(quota)}`)
        }
        if (!passed) note("no accepted answer passes its wait on")
        for (const { answer, submit } of kit.errors) {
          if (submit !== "Throttled") continue
          const heard = yield* scene.submit(bench.withHeaders(answer, { ...headers, "x-ratelimit-remaining": "0" }))
          if (heard._tag !== "Failure") continue
          const hint = Option.getOrNull(Option.map(heard.error.hint, Duration.toMillis))
          if (hint !== 7000) note(`${bench.nameOf(answer)}: a wait of ${hint} ms, must be 7000`)
          if (Option.getOrNull(heard.error.quota)?.remaining !== 0) note(`${bench.nameOf(answer)}: the quota is lost`)
        }
      })
    }
  ]

  const settledRule: bench.Rule = {
    group: "submit",
    name: "MUST settle a submission at once when its answer is the end of the scan",
    run: Effect.fnUntraced(function* (note) {
      const scene = yield* bench.open(kit)
      const codec = codecOf(scene.adapter)
      for (const [at, { answer, outcome }] of (settled ?? []).entries()) {
        const heard = yield* scene.submit(answer)
        const about = `submit.settled[${at}]`
        if (!bench.expect(note, about, bench.readSubmit(heard), `Already ${outcome}`)) continue
        if (heard._tag !== "Success" || heard.value._tag !== "Already") continue
        const { ticket } = heard.value.outcome
        if (ticket.scanId !== scanId(answer)) note(`${about}: the ticket is for "${ticket.scanId}"`)
        if (ticket.submittedAt === null) note(`${about}: the ticket does not say when it was submitted`)
        outcomeFaults(heard.value.outcome, codec).forEach((fault) => note(`${about}: ${fault}`))
      }
    })
  }
  return (settled ?? []).length === 0 ? rules : [...rules, settledRule]
}
