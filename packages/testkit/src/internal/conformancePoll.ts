// Rules about one poll: one request, the documented meaning, no retry. Plays answers on the stage of `conformanceBench`.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isDeepStrictEqual } from "node:util"
import type { Answer, Kit } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import { codecOf, outcomeFaults } from "./conformanceOutcome.ts"
import * as wire from "./conformanceWire.ts"

const longestWait = Duration.toMillis("30 days")

const hintMillis = (hint: Option.Option<Duration.Duration>): number | null =>
  Option.getOrNull(Option.map(hint, Duration.toMillis))

/** What a settled answer says, apart from its payload: what an unknown field must not change. */
const verdict = (heard: bench.HeardPoll<unknown>): unknown => {
  if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") return null
  const outcome = heard.value.observation.value
  return outcome._tag === "Failed"
    ? [outcome._tag, outcome.reason]
    : [outcome._tag, outcome.assessment, outcome.findings.total, outcome.completedAt]
}

const wordRules = [
  "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
  "MUST call a word that the vendor does not document unrecognised, and tell it",
  "MUST NOT take a status that is no word for one",
  "MUST go by the status word alone, whatever stands beside it"
]
const encodedRule = "MUST send an id as one part of a request's address, percent-encoded where it has to be"
const endedRule = "MUST call a scan ended, and never settled, whose result the vendor has at another address"
const movedRule = "MUST go on under the id that the vendor names for a scan that moved, and call one without it broken"
const failedRule = "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included"
const cancelledRule = "MUST let a scan that was cancelled fail, with the code cancelled"
const timeRule =
  "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that"

export const pollRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const { id, numeric = false, otherId, pending, settled, status } = kit.poll
  const scans = bench.scansOf(kit)
  const completed = bench.completedOf(kit).answer
  const kept = bench.pollPaths(kit)
  const worded = scans.filter(({ answer }) => bench.wordOf(kit, answer) !== null)
  const documented = new Set(worded.map(({ name }) => name))
  const isWord = (word: string): boolean => kit.poll.isWord?.(word) ?? documented.has(word)
  const reworded = (answer: Answer, word: unknown): Answer =>
    status === null ? answer : bench.withBody(answer, wire.set(answer.body, status, word))
  /** A word as the vendor writes it. */
  const written = (word: string): unknown => (numeric ? Number(word) : word)
  /** Words that no vendor has. */
  const unheardOf = (numeric ? ["987654321", "-7"] : wire.unheardOf).filter((word) => !isWord(word))
  const [unknownWord] = unheardOf
  const oddIds = wire.unsendableIds.filter((scanId) => bench.isId(kit, scanId))
  const inPhase = pending.filter(({ answer }) => bench.wordOf(kit, answer) !== null)

  const rules: ReadonlyArray<bench.Rule> = [
    {
      group: "poll",
      name: "MUST make exactly one request per poll, whatever the answer",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const steps: ReadonlyArray<readonly [string, Script.Step]> = [
          ...scans.map(({ answer, name }) => [name, answer] as const),
          ...kit.errors.map(({ answer }) => [bench.nameOf(answer), answer] as const),
          ...[301, 307, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504].map(
            (code) => [`${code}`, { ...Script.respond(code), headers: { "retry-after": "1", location: "/x" } }] as const
          ),
          ["a page", Script.html(200)],
          ["an empty answer", { status: 200, body: "" }],
          ["a reset", Script.reset()]
        ]
        for (const [about, step] of steps) {
          const before = scene.requests().length
          yield* scene.poll(step, bench.idIn(kit, completed))
          const made = scene.requests().slice(before)
          if (made.length !== 1) note(`${about}: ${made.length} requests, must be 1`)
          if (made.some(({ method }) => method !== "GET")) note(`${about}: ${made[0]?.method}, must be GET`)
        }
      })
    },
    {
      group: "poll",
      name: "MUST call a scan pending under every documented word of one that has not ended, in its phase",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        // A vendor may put a scan back into its queue.
        for (const { answer, phase } of [...pending, ...pending.toReversed()]) {
          const heard = yield* scene.poll(answer)
          bench.expect(note, bench.wordIn(kit, answer), bench.readPoll(heard), `Pending ${phase}`)
        }
      })
    },
    {
      group: "poll",
      name: "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const now = yield* Clock.currentTimeMillis
        for (const { answer, phase, within } of pending) {
          const millis = within === undefined ? null : Option.getOrNull(Duration.fromInput(within))
          if (millis === null) continue
          const length = Duration.toMillis(millis)
          for (const [age, wanted] of [
            [length / 2, [`Pending ${phase}`]],
            [length + 60_000, bench.otherwise(kit, answer)]
          ] as const) {
            const ticket = { ...scene.ticket(bench.idIn(kit, answer)), submittedAt: Math.round(now - age) }
            yield* scene.play(answer)
            const heard = yield* scene.listen(scene.adapter.poll(ticket))
            bench.expect(note, `${bench.nameOf(answer)} after ${age} ms`, bench.readPoll(heard), ...wanted)
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, outcome } of settled) {
          const word = bench.wordIn(kit, answer)
          const ticket = { ...scene.ticket(bench.idIn(kit, answer)), submittedAt: 1_700_000_000_123 }
          yield* scene.play(answer)
          const heard = yield* scene.listen(scene.adapter.poll(ticket))
          if (!bench.expect(note, word, bench.readPoll(heard), `Settled ${outcome}`)) continue
          if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
          const { value } = heard.value.observation
          if (!isDeepStrictEqual(value.ticket, ticket)) note(`${word}: its ticket is ${JSON.stringify(value.ticket)}`)
          if (bench.wordOf(kit, answer) !== null && value.vendorStatus !== word)
            note(`${word}: its vendorStatus is "${value.vendorStatus}"`)
        }
      })
    },
    {
      group: "poll",
      name: "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, name } of worded) {
          const near = new Set(wire.nearWords(name).filter((word) => word.trim() !== "" && !isWord(word)))
          for (const word of near) {
            const heard = yield* scene.poll(reworded(answer, word))
            bench.expect(note, JSON.stringify(word), bench.readPoll(heard), numeric ? "Broken" : "Unrecognised")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST call a word that the vendor does not document unrecognised, and tell it",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const word of unheardOf) {
          for (const answer of [completed, ...inPhase.slice(0, 1).map((one) => one.answer)]) {
            const heard = yield* scene.poll(reworded(answer, written(word)))
            const shown = JSON.stringify(word.slice(0, 40))
            if (!bench.expect(note, shown, bench.readPoll(heard), "Unrecognised")) continue
            if (heard._tag !== "Success" || heard.value.observation._tag !== "Unrecognised") continue
            const told = heard.value.observation.word
            if (!told.startsWith(word.slice(0, 40))) note(`${shown}: told as ${JSON.stringify(told.slice(0, 40))}`)
            if (told.length > 1000) note(`${shown}: told in ${told.length} characters, must be at most 1000`)
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST NOT take a status that is no word for one",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const none = numeric ? [undefined, null, 1.5, true, {}] : [undefined, null, 0, 1, true]
        for (const { answer, name } of worded) {
          for (const value of [...none, [name], { [name]: true }]) {
            const heard = yield* scene.poll(reworded(answer, value))
            const shown = value === undefined ? "missing" : JSON.stringify(value)
            bench.expect(note, `status ${shown} beside what else ${name} has`, bench.readPoll(heard), "Broken")
          }
          for (const blank of numeric ? [] : ["", " "]) {
            const heard = yield* scene.poll(reworded(answer, blank))
            bench.expect(note, `a blank status`, bench.readPoll(heard), "Broken", "Unrecognised")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST go by the status word alone, whatever stands beside it",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const own of inPhase) {
          const word = bench.wordIn(kit, own.answer)
          for (const { answer } of settled) {
            const heard = yield* scene.poll(reworded(answer, written(word)))
            const about = `${word} beside all that ${bench.wordIn(kit, answer)} has`
            bench.expect(note, about, bench.readPoll(heard), `Pending ${own.phase}`)
          }
        }
        for (const one of settled) {
          const word = bench.wordIn(kit, one.answer)
          for (const other of status === null ? [] : settled) {
            const heard = yield* scene.poll(reworded(other.answer, written(word)))
            const about = `${word} beside all that ${bench.wordIn(kit, other.answer)} has`
            bench.expect(note, about, bench.readPoll(heard), `Settled ${one.outcome}`, "Broken")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST NOT complete a scan that comes without its result",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, outcome, result } of settled) {
          if (outcome === "Failed") continue
          const name = bench.wordIn(kit, answer)
          const bare = (value: unknown): unknown =>
            (result ?? []).reduce((body, path) => wire.set(body, path, value), answer.body)
          const variants: ReadonlyArray<readonly [string, unknown]> =
            (result ?? []).length === 0
              ? []
              : [
                  ["no result", bare(undefined)],
                  ["a result of null", bare(null)],
                  ["an empty result", bare({})],
                  ["a text for a result", bare("ok")],
                  ["a list for a result", bare([])],
                  ["true for a result", bare(true)]
                ]
          for (const [about, body] of variants) {
            const heard = yield* scene.poll(bench.withBody(answer, body))
            const allowed = outcome === "Partial" ? ["Settled Partial"] : []
            bench.expect(note, `${name} with ${about}`, bench.readPoll(heard), "Broken", "Settled Failed", ...allowed)
          }
        }
        for (const { answer } of inPhase) {
          const heard = yield* scene.poll(reworded(answer, written(bench.wordIn(kit, completed))))
          const reading = bench.readPoll(heard)
          if (heard._tag === "Defect" || heard._tag === "Late" || reading.startsWith("Pending")) {
            note(`${bench.wordIn(kit, completed)} in the answer of ${bench.wordIn(kit, answer)}: ${reading}`)
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST let a scan fail that gives no reason, in words of its own",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, outcome, reason } of settled) {
          if (outcome !== "Failed") continue
          for (const value of [undefined, null, "", 5, [], {}]) {
            const body = (reason ?? []).reduce((body, path) => wire.set(body, path, value), answer.body)
            const heard = yield* scene.poll(bench.withBody(answer, body))
            const about = `${bench.wordIn(kit, answer)} with the reason ${JSON.stringify(value) ?? "missing"}`
            if (!bench.expect(note, about, bench.readPoll(heard), "Settled Failed")) continue
            if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
            const { value: failed } = heard.value.observation
            if (failed._tag === "Failed" && failed.reason.message.trim() === "") note(`${about}: no words`)
          }
        }
      })
    },
    {
      group: "poll",
      name: failedRule,
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, outcome } of settled) {
          if (outcome !== "Failed") continue
          const word = bench.wordIn(kit, answer)
          const own = wire
            .distort(answer.body, kept)
            .map((odd) => [odd.about, bench.withBody(answer, odd.body)] as const)
          // A verdict that could not be read beside the word of another end.
          const beside = settled.flatMap((other) =>
            (other.result ?? []).flatMap((path) =>
              wire.strange.map((value) => {
                const body = wire.set(other.answer.body, path, value)
                const about = `${JSON.stringify(value)} at ${wire.showPath(path)}`
                return [about, reworded(bench.withBody(other.answer, body), written(word))] as const
              })
            )
          )
          for (const [about, odd] of [...own, ...beside]) {
            const heard = yield* scene.poll(odd)
            bench.expect(note, `${word} with ${about}`, bench.readPoll(heard), "Settled Failed")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST call an answer about another scan broken",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        if (id === null) return
        for (const { answer, name } of scans) {
          if (bench.statusOf(answer) !== 200) continue
          const asked = bench.idIn(kit, answer)
          const others =
            kit.ids === "number"
              ? [Number(otherId), Number(asked) + 1, asked, -1]
              : [otherId, `${asked}x`, asked.slice(0, -1), ` ${asked}`, "", 7]
          for (const other of [...others, undefined, null, [asked]]) {
            const heard = yield* scene.poll(bench.withBody(answer, wire.set(answer.body, id, other)), asked)
            const shown = other === undefined ? "no id" : JSON.stringify(other)
            bench.expect(note, `${name}, asked for ${asked}, about ${shown}`, bench.readPoll(heard), "Broken")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST take a scan from an answer with status 200 only",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const rows: ReadonlyArray<readonly [number, string]> = [
          ...[201, 202, 203, 206].map((code) => [code, "Broken"] as const),
          [302, "Broken for good"],
          [400, "Broken for good"],
          [401, "Denied"],
          [404, "Missing"],
          [429, "Throttled"],
          [500, "Transient"],
          [503, "Transient"]
        ]
        for (const { answer, name } of scans) {
          if (bench.statusOf(answer) !== 200) continue
          for (const [code, wanted] of rows) {
            const heard = yield* scene.poll({ ...answer, status: code })
            bench.expect(note, `${name} with status ${code}`, bench.readPoll(heard), bench.pollAlone(kit, code, wanted))
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST bear fields it does not know at every level, a byte order mark and any content type",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, name, reading } of scans) {
          const plain = verdict(yield* scene.poll(answer))
          const variants: ReadonlyArray<readonly [string, Answer]> = [
            ["unknown fields", bench.withBody(answer, wire.enrich(answer.body))],
            ["keys that reach a prototype", bench.withBody(answer, wire.withPrototypeKeys(answer.body))],
            ["a byte order mark", bench.withBody(answer, `\ufeff${JSON.stringify(answer.body)}`)],
            ["white space around", bench.withBody(answer, `\n ${JSON.stringify(answer.body, null, 2)}\r\n`)],
            ["content type text/plain", { ...answer, headers: { "content-type": "text/plain" } }],
            ["no content type", { ...answer, headers: { "content-type": null } }]
          ]
          for (const [about, variant] of variants) {
            const heard = yield* scene.poll(variant, bench.idIn(kit, answer))
            const fits = bench.expect(note, `${name} with ${about}`, bench.readPoll(heard), reading)
            if (fits && !isDeepStrictEqual(verdict(heard), plain)) note(`${name} with ${about}: another verdict`)
          }
          if (Reflect.get({}, "conformancePolluted") !== undefined) {
            note(`${name}: a key of the answer reached the prototype of every object`)
            Reflect.deleteProperty(Object.prototype, "conformancePolluted")
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST read other fields of any type without a defect, and without another verdict than broken",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const mark = "x-conformance-number"
        for (const { answer, name, reading } of scans) {
          for (const { about, body } of wire.distort(answer.body, kept)) {
            const heard = yield* scene.poll(bench.withBody(answer, body), bench.idIn(kit, answer))
            bench.expect(note, `${name} with ${about}`, bench.readPoll(heard), reading, ...bench.otherwise(kit, answer))
          }
          const endless = wire.unusualJson(wire.markNumbers(answer.body, mark, kit.poll.decides), mark, "1e999")
          const heard = yield* scene.poll(bench.withBody(answer, endless), bench.idIn(kit, answer))
          const about = `${name} with 1e999 for every number`
          bench.expect(note, about, bench.readPoll(heard), reading, ...bench.otherwise(kit, answer))
        }
      })
    },
    {
      group: "poll",
      name: "MUST give an outcome that its payload's schema writes as JSON and reads back the same",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const codec = codecOf(scene.adapter)
        const mark = "x-conformance-number"
        for (const { answer } of settled) {
          const name = bench.wordIn(kit, answer)
          const variants: ReadonlyArray<readonly [string, Answer]> = [
            ["as documented", answer],
            ["with unknown fields", bench.withBody(answer, wire.enrich(answer.body))],
            ["with keys that reach a prototype", bench.withBody(answer, wire.withPrototypeKeys(answer.body))],
            [
              "with 1e999 for every number",
              bench.withBody(answer, wire.unusualJson(wire.markNumbers(answer.body, mark), mark, "1e999"))
            ],
            ...wire.hostileTexts.map(
              (text) =>
                [
                  `with ${JSON.stringify(text.slice(0, 20))} for every text`,
                  bench.withBody(
                    answer,
                    wire.mapTexts(answer.body, kept, () => text)
                  )
                ] as const
            )
          ]
          for (const [about, variant] of variants) {
            const heard = yield* scene.poll(variant, bench.idIn(kit, answer))
            if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
            const { value } = heard.value.observation
            for (const fault of outcomeFaults(value, codec)) note(`${name} ${about}: ${fault}`)
          }
        }
      })
    },
    {
      group: "poll",
      name: "MUST pass on the wait and the quota that an answer names",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const headers = { "retry-after": "7", "x-ratelimit-limit": "60", "x-ratelimit-remaining": "17" }
        const asked = bench.idIn(kit, pending[0]?.answer ?? completed)
        const unknown = status === null || unknownWord === undefined ? [] : [reworded(completed, written(unknownWord))]
        for (const answer of [...pending.map((one) => one.answer), ...unknown]) {
          const heard = yield* scene.poll(bench.withHeaders(answer, headers), bench.idIn(kit, answer))
          const about = bench.wordIn(kit, answer)
          if (heard._tag !== "Success") {
            note(`${about}: ${bench.readPoll(heard)}`)
            continue
          }
          if (hintMillis(heard.value.hint) !== 7000)
            note(`${about}: a wait of ${hintMillis(heard.value.hint)} ms, must be 7000`)
          const quota = Option.getOrNull(heard.value.quota)
          if (quota?.limit !== 60 || quota.remaining !== 17) note(`${about}: the quota is ${JSON.stringify(quota)}`)
        }
        for (const answer of [
          Script.respond(429),
          Script.respond(503),
          ...kit.errors.filter(({ poll }) => poll === "Throttled").map((row) => row.answer)
        ]) {
          const heard = yield* scene.poll(bench.withHeaders(answer, headers), asked)
          const about = bench.nameOf(answer)
          if (heard._tag !== "Failure") {
            note(`${about}: ${bench.readPoll(heard)}`)
            continue
          }
          if (hintMillis(heard.error.hint) !== 7000)
            note(`${about}: a wait of ${hintMillis(heard.error.hint)} ms, must be 7000`)
          if (Option.getOrNull(heard.error.quota)?.remaining !== 17) note(`${about}: the quota is lost`)
        }
      })
    },
    {
      group: "poll",
      name: "MUST NOT make a wait of a hint that is nonsense, nor one that never ends",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const asked = bench.idIn(kit, pending[0]?.answer ?? completed)
        const waitAfter = Effect.fnUntraced(function* (answer: Answer, value: string | ReadonlyArray<string>) {
          const heard = yield* scene.poll(bench.withHeaders(answer, { "retry-after": value }), asked)
          if (heard._tag === "Success") return hintMillis(heard.value.hint)
          if (heard._tag === "Failure") return hintMillis(heard.error.hint)
          note(`Retry-After ${JSON.stringify(value)}: ${bench.readPoll(heard)}`)
          return null
        })
        for (const answer of [
          ...pending.slice(0, 1).map((one) => one.answer),
          Script.respond(429),
          Script.respond(503)
        ]) {
          // Nonsense is no hint at all, and for that the vendor's documentation may name a wait.
          const usual = bench.documentedWait(kit, bench.statusOf(answer))
          for (const value of wire.nonsenseHints) {
            const wait = yield* waitAfter(answer, value)
            if (wait !== usual) note(`${bench.statusOf(answer)} with Retry-After ${JSON.stringify(value)}: ${wait} ms`)
          }
          for (const value of ["0", "2147484", "9999999999", "9".repeat(400), "Thu, 01 Jan 1970 00:00:00 GMT"]) {
            const wait = yield* waitAfter(answer, value)
            if (wait !== null && !(wait >= 0 && wait <= longestWait)) {
              note(
                `${bench.statusOf(answer)} with Retry-After ${value.slice(0, 30)}: ${wait} ms, must be up to 30 days`
              )
            }
          }
          const wait = yield* waitAfter(answer, ["10", "20"])
          if (wait !== usual && wait !== 20_000) note(`Retry-After 10 and 20: ${wait} ms, must be 20000 or none`)
        }
      })
    },
    {
      group: "poll",
      name: "MUST end a poll that is interrupted, and close its socket",
      run: Effect.fnUntraced(function* (note) {
        const interruptAt = Effect.fnUntraced(function* (at: "read" | "answer") {
          const scene = yield* bench.open(kit)
          const call = scene.adapter.poll(scene.ticket(bench.idIn(kit, completed)))
          const came = yield* bench.interrupt(scene, { ...completed, ...Script.hang(at) }, call)
          bench.expect(note, at === "read" ? "before the answer" : "within the answer", came, "closed")
        })
        yield* Effect.forEach(["read", "answer"] as const, interruptAt, { concurrency: "unbounded", discard: true })
      })
    },
    {
      group: "poll",
      name: "MUST poll a scan that is known by its id alone as every other, or refuse it for good without a request",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const usual = bench.readPoll(yield* scene.poll(completed))
        const before = scene.requests().length
        const reading = bench.readPoll(yield* scene.pollById(completed))
        const made = scene.requests().length - before
        if (reading === "Broken for good" && made === 0) return
        if (reading !== usual) note(`${reading}, must be ${usual} or Broken for good`)
        if (made !== 1) note(`${made} requests, must be 1, or none where it is refused`)
      })
    },
    {
      group: "poll",
      name: "MUST refuse an id that could change the path of a request before one is made",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const unsendable of wire.unsendableIds.filter((scanId) => !bench.isId(kit, scanId))) {
          const heard = yield* scene.poll(completed, unsendable)
          bench.expect(note, JSON.stringify(unsendable.slice(0, 40)), bench.readPoll(heard), "Broken for good")
        }
        const { connections } = scene.stage.ledger.totals()
        if (connections > 0) note(`${connections} connections reached the vendor, must be none`)
      })
    },
    {
      group: "poll",
      name: endedRule,
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const answer of kit.poll.ended ?? []) {
          const word = bench.wordIn(kit, answer)
          const heard = yield* scene.poll(answer)
          if (!bench.expect(note, word, bench.readPoll(heard), "Ended")) continue
          if (heard._tag !== "Success" || heard.value.observation._tag !== "Ended") continue
          const told = heard.value.observation.vendorStatus
          if (bench.wordOf(kit, answer) !== null && told !== word) note(`${word}: told as "${told}"`)
        }
      })
    },
    {
      group: "poll",
      name: movedRule,
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, at, to } of kit.poll.moved ?? []) {
          const word = bench.wordIn(kit, answer)
          const ticket = scene.ticket(bench.idIn(kit, answer))
          const heard = yield* scene.poll(answer)
          if (bench.expect(note, word, bench.readPoll(heard), "Pending running") && heard._tag === "Success") {
            const { observation } = heard.value
            const next = observation._tag === "Pending" ? observation.moved : undefined
            if (!isDeepStrictEqual(next, { ...ticket, scanId: to })) note(`${word}: goes on as ${JSON.stringify(next)}`)
          }
          for (const value of [undefined, null, "", "..", {}]) {
            const other = bench.withBody(answer, wire.set(answer.body, at, value))
            const told = JSON.stringify(value) ?? "nothing"
            bench.expect(note, `${word} to ${told}`, bench.readPoll(yield* scene.poll(other, ticket.scanId)), "Broken")
          }
        }
      })
    },
    {
      group: "poll",
      name: cancelledRule,
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const answer of kit.poll.cancelled ?? []) {
          const word = bench.wordIn(kit, answer)
          const heard = yield* scene.poll(answer)
          if (!bench.expect(note, word, bench.readPoll(heard), "Settled Failed")) continue
          if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
          const { value } = heard.value.observation
          const code = value._tag === "Failed" ? value.reason.code : null
          if (code !== "cancelled") note(`${word}: with the code ${JSON.stringify(code)}`)
        }
      })
    },
    {
      group: "poll",
      name: encodedRule,
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const usual = bench.idIn(kit, completed)
        yield* scene.poll(completed, usual)
        const [plain] = scene.requests()
        // A function may spread an id over several parts.
        if (plain !== undefined && !wire.holdsId(plain.path, usual)) return
        for (const scanId of oddIds) {
          const before = scene.requests().length
          const heard = yield* scene.poll(completed, scanId)
          const entry = scene.requests()[before]
          const shown = JSON.stringify(scanId)
          // An adapter may know that its vendor gives no such ids.
          if (entry === undefined && bench.readPoll(heard) === "Broken for good") continue
          if (plain === undefined || entry === undefined) note(`${shown}: no request`)
          else if (!wire.sameAddress(plain.path, usual, entry.path, scanId)) note(`${shown}: asked for ${entry.path}`)
        }
      })
    }
  ]
  // What a vendor does not have, no rule is about.
  const without = new Set<string>([
    ...(status === null ? wordRules : []),
    ...(id === null ? ["MUST call an answer about another scan broken"] : []),
    // A function may find the word in anything that an answer holds.
    ...(status === null || settled.every(({ outcome }) => outcome !== "Failed") ? [failedRule] : []),
    ...(oddIds.length === 0 ? [encodedRule] : []),
    ...(kit.poll.ended === undefined || kit.poll.ended.length === 0 ? [endedRule] : []),
    ...(kit.poll.moved === undefined || kit.poll.moved.length === 0 ? [movedRule] : []),
    ...(kit.poll.cancelled === undefined || kit.poll.cancelled.length === 0 ? [cancelledRule] : []),
    ...(pending.every(({ within }) => within === undefined) ? [timeRule] : [])
  ])
  return rules.filter(({ name }) => !without.has(name))
}
