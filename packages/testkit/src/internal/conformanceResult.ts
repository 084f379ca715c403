// Rules about the request for a result, and about the call that cancels. Plays answers on the stage of `conformanceBench`.
import * as Effect from "effect/Effect"
import type { Answer, CancelFacts, Kit, ResultFacts } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import { credentialRules } from "./conformanceCredential.ts"
import { faultRules } from "./conformanceFaults.ts"
import { pollRules } from "./conformancePoll.ts"
import { faultsOf } from "./conformanceSent.ts"

const unplayable = (what: string) => Effect.fail(new bench.Unplayable({ message: `the adapter has no ${what}` }))

/** Asks for the result of a scan while every request gets this answer. */
export const resultOf = <Request, Payload>(
  scene: bench.Scene<Request, Payload>,
  kit: Kit<Request, Payload>,
  answer: Answer
): Effect.Effect<bench.HeardPoll<Payload>, bench.Unplayable> => {
  const { adapter } = scene
  const { result } = adapter
  const facts = kit.result
  if (result === undefined || facts === undefined) return unplayable("result")
  const word = facts.settled.find((one) => one.answer === answer)?.word ?? facts.word
  const ticket = scene.ticket(bench.idIn(asPolled(kit, facts), answer))
  const asking = Effect.suspend(() => result(ticket, word, bench.aboutOf(adapter, kit)))
  return Effect.andThen(scene.play(answer), scene.listen(asking))
}

/** The rules of polls that hold for the request for a result as well: it is retried and paced as a poll is. */
const shared = new Set<string>([
  "MUST make exactly one request per poll, whatever the answer",
  "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word",
  "MUST NOT complete a scan that comes without its result",
  "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that",
  "MUST call an answer about another scan broken",
  "MUST take a scan from an answer with status 200 only",
  "MUST bear fields it does not know at every level, a byte order mark and any content type",
  "MUST read other fields of any type without a defect, and without another verdict than broken",
  "MUST give an outcome that its payload's schema writes as JSON and reads back the same",
  "MUST pass on the wait and the quota that an answer names",
  "MUST end a poll that is interrupted, and close its socket",
  "MUST refuse an id that could change the path of a request before one is made",
  "MUST understand the vendor's documented errors as the kit says",
  "MUST class a status that no documented error has by the common rule, the permanent ones for good",
  "MUST call a connection that is refused, reset, closed or cut short transient",
  "MUST call an answer that it cannot understand broken, not for good"
])

/** The facts about a result as those about a poll that has no words. */
const asPolled = <Request, Payload>(kit: Kit<Request, Payload>, facts: ResultFacts): Kit<Request, Payload> => {
  const { collect: _c, reconcile: _r, result: _s, ...rest } = kit
  const [first, ...others] = kit.errors.flatMap(({ on, ...row }) => (on?.includes("result") === false ? [] : [row]))
  return {
    ...rest,
    errors: first === undefined ? kit.errors : [first, ...others],
    poll: {
      id: facts.id,
      status: null,
      otherId: kit.poll.otherId,
      ...(facts.decides === undefined ? {} : { decides: facts.decides }),
      pending: facts.pending ?? [],
      settled: facts.settled.filter(({ word }) => word === undefined || word === facts.word)
    },
    make: (place) =>
      Effect.map(kit.make(place), (adapter) => ({
        ...adapter,
        poll: (ticket) =>
          adapter.result === undefined
            ? Effect.die(new TypeError("the adapter has no result"))
            : adapter.result(ticket, facts.word, bench.aboutOf(adapter, kit))
      }))
  }
}

const asked = (name: bench.Rule["name"]): bench.Rule["name"] => `${name} (asked for a result)`

/** Rules about the request for the result of a scan that has ended. */
export const resultRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const facts = kit.result
  if (facts === undefined) return []
  const polled = asPolled(kit, facts)
  const { sends } = facts
  const own: ReadonlyArray<bench.Rule> = [
    {
      group: "result",
      name: "MUST settle the result of every documented end with its outcome, under the word that ended the scan",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const { answer, outcome, word = facts.word } of facts.settled) {
          const heard = yield* resultOf(scene, kit, answer)
          const about = `the result of "${word}"`
          if (!bench.expect(note, about, bench.readPoll(heard), `Settled ${outcome}`)) continue
          if (heard._tag !== "Success" || heard.value.observation._tag !== "Settled") continue
          const told = heard.value.observation.value.vendorStatus
          if (told !== word) note(`${about}: its vendorStatus is "${told}"`)
        }
      })
    },
    {
      group: "result",
      name: "MUST NOT call a scan ended, running or settled for want of a result",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const ended = bench.scansOf(kit).flatMap(({ answer, reading }) => (reading === "Ended" ? [answer] : []))
        const none = [Script.html(500), Script.respond(404), Script.html(200), { status: 200, body: {} }]
        for (const answer of [...none, ...ended]) {
          const reading = bench.readPoll(yield* resultOf(scene, kit, answer))
          if (reading === "Ended" || /^(?:Pending|Settled Completed|Unrecognised)/.test(reading)) {
            note(`${bench.nameOf(answer)}: ${reading}, must be a fault`)
          }
        }
      })
    }
  ]
  const sent: bench.Rule = {
    group: "result",
    name: "MUST ask for a result with the request that the vendor documents: its method, address and headers",
    run: Effect.fnUntraced(function* (note) {
      const scene = yield* bench.open(kit)
      const [one] = facts.settled
      if (one === undefined || sends === undefined) return
      yield* resultOf(scene, kit, one.answer)
      const [entry] = scene.requests()
      if (entry === undefined) note("no request was sent")
      else faultsOf(kit, entry, sends, bench.idIn(polled, one.answer)).forEach(note)
    })
  }
  const key = credentialRules(polled).filter(({ name }) => name.includes("though the vendor repeats it"))
  const rules = [...pollRules(polled), ...faultRules(polled)].filter(({ name }) => shared.has(name))
  return [
    ...(sends === undefined ? [] : [sent]),
    ...own,
    ...[...rules, ...key].map((rule) => ({ ...rule, group: "result" as const, name: asked(rule.name) }))
  ]
}

const cancelRulesOf = <Request, Payload>(
  kit: Kit<Request, Payload>,
  { answer, sends }: CancelFacts
): ReadonlyArray<bench.Rule> => {
  const scanId = bench.idIn(kit, bench.completedOf(kit).answer)
  const begin = Effect.gen(function* () {
    const scene = yield* bench.open(kit)
    const { cancel } = scene.adapter
    return cancel === undefined ? yield* unplayable("cancel") : { scene, cancel }
  })
  return [
    {
      group: "cancel",
      name: "MUST ask to cancel a scan with the one request that the vendor documents",
      run: Effect.fnUntraced(function* (note) {
        const { cancel, scene } = yield* begin
        yield* scene.play(answer)
        const heard = yield* scene.listen(cancel(scene.ticket(scanId)))
        if (heard._tag !== "Success") note(`${bench.nameOf(answer)}: ${bench.readFault(heard)}, must be asked for`)
        const made = scene.requests()
        if (made.length !== 1) note(`${made.length} requests, must be 1`)
        for (const entry of made.slice(0, 1)) faultsOf(kit, entry, sends, scanId).forEach(note)
      })
    },
    {
      group: "cancel",
      name: "MUST answer with a fault when a scan cannot be cancelled, and make one request for it",
      run: Effect.fnUntraced(function* (note) {
        const { cancel, scene } = yield* begin
        for (const [step, wanted] of [
          [Script.html(500), "Transient"],
          [Script.respond(401), "Denied"],
          [Script.respond(404), "Missing"],
          [Script.respond(429), "Throttled"],
          [Script.redirect("/x"), "Broken for good"],
          [Script.reset(), "Transient"]
        ] as const) {
          yield* scene.play(step)
          const before = scene.requests().length
          const meant = bench.pollAlone(kit, bench.statusOf(step), wanted, "cancel")
          const heard = yield* scene.listen(cancel(scene.ticket(scanId)))
          bench.expect(note, bench.nameOf(step), bench.readFault(heard), meant)
          const made = scene.requests().length - before
          if (made !== 1) note(`${bench.nameOf(step)}: ${made} requests, must be 1`)
        }
      })
    }
  ]
}

/** Rules about the call that cancels a scan. */
export const cancelRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> =>
  kit.cancel === undefined ? [] : cancelRulesOf(kit, kit.cancel)
