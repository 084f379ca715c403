// Rules about what a submission needs first: it buys nothing, and may be sent again. Plays answers on the stage of
// `conformanceBench`.
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import type { Kit, PrepareFacts } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import { faultsOf } from "./conformanceSent.ts"

const unplayable = (what: string) => Effect.fail(new bench.Unplayable({ message: `the adapter has no ${what}` }))

/** Answers in place of a good one. */
const wrong: ReadonlyArray<readonly [about: string, step: Script.Step]> = [
  ["500", Script.html(500)],
  ["401", Script.respond(401)],
  ["404", Script.respond(404)],
  ["429", Script.respond(429)],
  ["302", Script.redirect("/x")],
  ["a page", Script.html(200)],
  ["an empty object", { status: 200, body: {} }],
  ["a reset", Script.reset()]
]

const recoverRules = <Request, Payload>(
  kit: Kit<Request, Payload>,
  { recover: facts, returns }: PrepareFacts
): ReadonlyArray<bench.Rule> => {
  if (facts === undefined) return []
  const begin = Effect.gen(function* () {
    const scene = yield* bench.open(kit)
    const { recover } = scene.adapter
    return recover === undefined ? yield* unplayable("recover") : { scene, ask: recover(returns) }
  })
  return [
    {
      group: "prepare",
      name: "MUST tell what became of a submission whose answer was lost, by the request that the vendor documents",
      run: Effect.fnUntraced(function* (note) {
        const { ask, scene } = yield* begin
        yield* scene.play(facts.found.answer)
        const found = yield* scene.listen(ask)
        const [entry] = scene.requests()
        if (entry === undefined) note("no request was sent")
        else faultsOf(kit, entry, facts.sends, facts.found.id).forEach(note)
        const told = found._tag === "Success" ? (found.value?.scanId ?? "no scan") : bench.readFault(found)
        if (told !== facts.found.id) note(`${bench.nameOf(facts.found.answer)}: ${told}, must be ${facts.found.id}`)
        for (const answer of facts.none) {
          yield* scene.play(answer)
          const heard = yield* scene.listen(ask)
          const said = heard._tag === "Success" ? (heard.value?.scanId ?? "no scan") : bench.readFault(heard)
          if (said !== "no scan") note(`${bench.nameOf(answer)}: ${said}, must be no scan`)
        }
      })
    },
    {
      group: "prepare",
      name: "MUST NOT say that there is no scan where the vendor's answer does not prove it",
      run: Effect.fnUntraced(function* (note) {
        const { ask, scene } = yield* begin
        for (const step of [...(facts.unsure ?? []), ...wrong.map(([, one]) => one)]) {
          yield* scene.play(step)
          const heard = yield* scene.listen(ask)
          if (heard._tag === "Failure") continue
          note(`${bench.nameOf(step)}: ${heard._tag === "Success" ? (heard.value?.scanId ?? "no scan") : heard._tag}`)
        }
      })
    }
  ]
}

const rulesOf = <Request, Payload>(kit: Kit<Request, Payload>, facts: PrepareFacts): ReadonlyArray<bench.Rule> => {
  const { calls, returns } = facts
  const [request] = kit.requests.valid
  const begin = Effect.gen(function* () {
    const scene = yield* bench.open(kit)
    const { prepare } = scene.adapter
    return prepare === undefined ? yield* unplayable("prepare") : { scene, prepare: prepare(request) }
  })
  return [
    {
      group: "prepare",
      name: "MUST prepare a submission with the requests that the vendor documents, and submit with what they returned",
      run: Effect.fnUntraced(function* (note) {
        const { prepare, scene } = yield* begin
        yield* scene.script([{ steps: calls.map(({ answer }) => ({ ...answer, times: 1 })) }])
        const heard = yield* scene.listen(prepare)
        const made = scene.requests()
        if (made.length !== calls.length) note(`${made.length} requests, must be ${calls.length}`)
        for (const [at, { sends }] of calls.entries()) {
          const entry = made[at]
          if (entry !== undefined)
            faultsOf(kit, entry, sends, String(Object.values(returns)[at - 1] ?? "")).forEach((fault) =>
              note(`call ${at}: ${fault}`)
            )
        }
        if (heard._tag !== "Success") return note(`it fails: ${heard._tag}`)
        if (!isDeepStrictEqual(heard.value, returns)) {
          note(`it returns ${JSON.stringify(heard.value)}, must be ${JSON.stringify(returns)}`)
        }
        yield* scene.play(kit.submit.accepted[0])
        const submitted = yield* scene.listen(scene.adapter.submit(request, heard.value))
        bench.expect(note, "the submission", bench.readSubmit(submitted), "Submitted")
      })
    },
    {
      group: "prepare",
      name: "MUST NOT buy anything, nor leave a doubt, where a preparation fails",
      run: Effect.fnUntraced(function* (note) {
        for (const [about, step] of wrong) {
          for (const at of calls.keys()) {
            const { prepare, scene } = yield* begin
            const before = calls.slice(0, at).map(({ answer }) => ({ ...answer, times: 1 }))
            yield* scene.script([{ steps: [...before, { ...step, times: Infinity }] }])
            const heard = yield* scene.listen(prepare)
            const seen = heard._tag === "Failure" ? heard.error.kind : heard._tag
            if (heard._tag !== "Failure" || heard.error.kind === "InDoubt") note(`call ${at}, ${about}: ${seen}`)
            const made = scene.requests().length
            if (made !== at + 1) note(`call ${at}, ${about}: ${made} requests, must be ${at + 1}`)
          }
        }
      })
    },
    ...recoverRules(kit, facts)
  ]
}

/** Rules about what has to be there before a submission. */
export const prepareRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> =>
  kit.prepare === undefined ? [] : rulesOf(kit, kit.prepare)
