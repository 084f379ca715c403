// Rules about the calls after the outcome: findings, and what became of a lost submission. Plays answers on the stage of
// `conformanceBench`.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Account from "@scanpoll/core/unstable/model/Account"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import type { Answer, CollectFacts, Kit, ReconcileFacts } from "./kitFacts.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import { resultOf } from "./conformanceResult.ts"
import * as wire from "./conformanceWire.ts"

/** Answers in place of a good one, and the fault they must be. */
const wrong: ReadonlyArray<readonly [about: string, step: Script.Step, wanted: string]> = [
  ["500", Script.html(500), "Transient"],
  ["503", Script.respond(503), "Transient"],
  ["429", Script.respond(429), "Throttled"],
  ["401", Script.respond(401), "Denied"],
  ["403", Script.respond(403), "Denied"],
  ["404", Script.respond(404), "Missing"],
  ["302", Script.redirect("/x"), "Broken for good"],
  ["400", Script.respond(400), "Broken for good"],
  ["a reset", Script.reset(), "Transient"],
  ["a page", Script.html(200), "Broken"],
  ["an empty body", { status: 200, body: "" }, "Broken"],
  ["null", { status: 200, body: "null" }, "Broken"],
  ["an empty object", { status: 200, body: {} }, "Broken"],
  ["a text", { status: 200, body: '"none"' }, "Broken"]
]

const unplayable = (what: string) => Effect.fail(new bench.Unplayable({ message: `the adapter has no ${what}` }))

const isResult = <Request, Payload>({ result }: Kit<Request, Payload>, answer: Answer): boolean =>
  result?.settled.some((one) => one.answer === answer) === true

const completedResult = <Request, Payload>({ result, vendor }: Kit<Request, Payload>): Answer => {
  const found = result?.settled.find(({ outcome }) => outcome === "Completed")
  if (found === undefined) throw new TypeError(`${vendor}: no answer of result.settled is completed`)
  return found.answer
}

/** The outcome that is collected for; with a kit, by the request for its result. */
const settledOutcome = <Request, Payload>(
  scene: bench.Scene<Request, Payload>,
  answer: Answer,
  kit: Kit<Request, Payload> | null
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>, bench.Unplayable> =>
  Effect.flatMap(kit === null ? scene.poll(answer) : resultOf(scene, kit, answer), (heard) =>
    heard._tag === "Success" && heard.value.observation._tag === "Settled"
      ? Effect.succeed(heard.value.observation.value)
      : Effect.fail(new bench.Unplayable({ message: `no outcome to collect for: ${bench.readPoll(heard)}` }))
  )

const collectRules = <Request, Payload>(kit: Kit<Request, Payload>, facts: CollectFacts): ReadonlyArray<bench.Rule> => {
  const elsewhere = facts.of === undefined ? (kit.poll.ended ?? []).length > 0 : isResult(kit, facts.of.answer)
  const of = facts.of?.answer ?? (elsewhere ? completedResult(kit) : bench.completedOf(kit).answer)
  const result = elsewhere ? kit : null
  const isFindings = Schema.is(ScanOutcome.Findings)

  const begin = Effect.gen(function* () {
    const scene = yield* bench.open(kit)
    const { collect } = scene.adapter
    if (collect === undefined) return yield* unplayable("collect")
    const about = bench.aboutOf(scene.adapter, kit)
    const outcome = yield* settledOutcome(scene, of, result)
    return { scene, collect: (one: typeof outcome) => collect(one, about), outcome }
  })

  const { pages = [] } = facts
  /** The pages, one a request, the first one changed. */
  const playPages = (scene: bench.Scene<Request, Payload>, first: Answer) =>
    scene.script([{ steps: [first, ...pages].map((step) => ({ ...step, times: 1 })) }])

  const heardFault = <A>(heard: bench.Heard<A, PollFault>): string => bench.readFault(heard)

  return [
    {
      group: "collect",
      name: "MUST collect the findings that the vendor lists, each under an id of its own that stays the same",
      run: Effect.fnUntraced(function* (note) {
        const { collect, outcome, scene } = yield* begin
        const reworded = wire.mapTexts(facts.answer.body, facts.id === undefined ? [] : [facts.id], (text) =>
          text.length > 24 ? `${text} and more` : text
        )
        const ids: Array<ReadonlyArray<string>> = []
        for (const [about, answer] of [
          ["the first time", facts.answer],
          ["the second time", facts.answer],
          ["with other sentences", bench.withBody(facts.answer, reworded)]
        ] as const) {
          yield* playPages(scene, answer)
          const before = scene.requests().length
          const heard = yield* scene.listen(collect(outcome))
          const made = scene.requests().length - before
          if (made !== pages.length + 1) note(`${about}: ${made} requests, must be ${pages.length + 1}`)
          if (heard._tag !== "Success") {
            note(`${about}: ${heardFault(heard)}`)
            continue
          }
          const { items } = heard.value
          ids.push(items.map((item) => item.findingId))
          if (!isFindings(heard.value)) note(`${about}: not of the shape of findings`)
          if (items.length !== facts.findings) note(`${about}: ${items.length} findings, must be ${facts.findings}`)
          if (new Set(items.map((item) => item.findingId)).size !== items.length) note(`${about}: two of one id`)
          if (items.some((item) => item.findingId === "" || item.ruleId === "")) note(`${about}: an empty id`)
        }
        for (const later of ids.slice(1)) if (!isDeepStrictEqual(later, ids[0])) note("other ids another time")
      })
    },
    {
      group: "collect",
      name: "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood",
      run: Effect.fnUntraced(function* (note) {
        for (const [about, step, wanted] of wrong) {
          const { collect, outcome, scene } = yield* begin
          yield* scene.play(step)
          const before = scene.requests().length
          const meant = bench.pollAlone(kit, bench.statusOf(step), wanted, "findings")
          bench.expect(note, about, heardFault(yield* scene.listen(collect(outcome))), meant)
          const made = scene.requests().length - before
          if (made !== 1) note(`${about}: ${made} requests, must be 1`)
        }
        const { collect, outcome, scene } = yield* begin
        if (facts.id === undefined) return
        for (const other of [kit.poll.otherId, 7, null]) {
          yield* scene.play(bench.withBody(facts.answer, wire.set(facts.answer.body, facts.id, other)))
          const heard = yield* scene.listen(collect(outcome))
          bench.expect(note, `about ${JSON.stringify(other)}`, heardFault(heard), "Broken")
        }
      })
    },
    {
      group: "collect",
      name: "MUST bear anything in the vendor's list of findings without a defect",
      run: Effect.fnUntraced(function* (note) {
        const { collect, outcome, scene } = yield* begin
        const kept = facts.id === undefined ? [] : [facts.id]
        const { body } = facts.answer
        const bodies: ReadonlyArray<unknown> = [
          wire.enrich(body),
          wire.withPrototypeKeys(body),
          ...wire.hostileTexts.map((text) => wire.mapTexts(body, kept, () => text)),
          ...wire.distort(body, kept).map((one) => one.body)
        ]
        for (const changed of bodies) {
          yield* playPages(scene, bench.withBody(facts.answer, changed))
          const heard = yield* scene.listen(collect(outcome))
          const about = (typeof changed === "string" ? changed : JSON.stringify(changed)).slice(0, 120)
          if (heard._tag === "Defect" || heard._tag === "Late") note(`${about}: ${bench.readTrouble(heard)}`)
          if (heard._tag === "Failure" && heard.error.kind !== "Broken") note(`${about}: ${heardFault(heard)}`)
          if (heard._tag === "Success" && !isFindings(heard.value)) note(`${about}: not of the shape of findings`)
        }
      })
    },
    {
      group: "collect",
      name: "MUST NOT call findings complete that it could not all read",
      run: Effect.fnUntraced(function* (note) {
        const { collect, outcome, scene } = yield* begin
        for (const { about, body } of wire.spoilEntries(facts.answer.body)) {
          yield* playPages(scene, bench.withBody(facts.answer, body))
          const heard = yield* scene.listen(collect(outcome))
          if (heard._tag !== "Success" || heard.value.coverage !== "full") continue
          const { length } = heard.value.items
          if (length < facts.findings) note(`${about}: full with ${length} findings, ${facts.findings} are listed`)
        }
      })
    },
    {
      group: "collect",
      name: "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
      run: Effect.fnUntraced(function* (note) {
        const { collect, outcome, scene } = yield* begin
        const elsewhere = yield* bench.stage({ vendor: "elsewhere" })
        const [key] = bench.keysOf(kit)
        yield* scene.play(facts.answer)
        const before = scene.requests().length
        const there = `${elsewhere.origin}/report`
        yield* scene.listen(collect({ ...outcome, links: { report: there } }))
        yield* scene.listen(collect({ ...outcome, ticket: { ...outcome.ticket, origin: elsewhere.origin } }))
        if (scene.requests().length === before) note("no request to the vendor")
        if (elsewhere.ledger.requests().length > 0) note("a request went elsewhere")
        if (bench.formsOf(key).some((form) => scene.stage.ledger.mentions(form).length > 0)) {
          note("the key is outside its header")
        }
        const sent = scene.requests().length
        for (const scanId of wire.unsendableIds.filter((one) => !bench.isId(kit, one))) {
          const heard = yield* scene.listen(collect({ ...outcome, ticket: { ...outcome.ticket, scanId } }))
          bench.expect(note, JSON.stringify(scanId.slice(0, 40)), heardFault(heard), "Broken for good")
        }
        if (scene.requests().length !== sent) note("an id that could change a path was sent")
        for (const step of [facts.answer, ...wrong.map(([, step]) => step)]) {
          yield* scene.play(step)
          if (bench.showsHeard(yield* scene.listen(collect(outcome))).includes(key)) note("the key is shown")
        }
        const echo = wire.mapTexts(facts.answer.body, facts.id === undefined ? [] : [facts.id], () => `Bearer ${key}`)
        yield* scene.play(bench.withBody(facts.answer, echo))
        if (bench.showsHeard(yield* scene.listen(collect(outcome))).includes(key)) note("the key, repeated, is shown")
      })
    }
  ]
}

const reconcileRules = <Request, Payload>(
  kit: Kit<Request, Payload>,
  facts: ReconcileFacts<Request>
): ReadonlyArray<bench.Rule> => {
  const { finds, request, scripts, since } = facts

  const begin = Effect.gen(function* () {
    const scene = yield* bench.open(kit)
    const { reconcile } = scene.adapter
    if (reconcile === undefined) return yield* unplayable("reconcile")
    return { scene, reconcile }
  })

  const search = Effect.fnUntraced(function* (
    scene: bench.Scene<Request, Payload>,
    reconcile: NonNullable<ScanAdapter<Request, Payload>["reconcile"]>,
    from: number,
    known: ReadonlyArray<string>
  ) {
    yield* scene.script(scripts)
    return yield* scene.listen(reconcile(request, from, new Set(known)))
  })

  return [
    {
      group: "reconcile",
      name: "MUST find the lost submission in the vendor's list, and never a scan that is known or older",
      run: Effect.fnUntraced(function* (note) {
        const { reconcile, scene } = yield* begin
        const { account, origin, vendor } = scene.adapter
        const longAfter = since + 365 * 24 * 60 * 60 * 1000
        for (const [about, from, known, wanted] of [
          ["nothing is known", since, [], [...finds]],
          ["one is known", since, [finds[0]], finds.slice(1)],
          ["all are known", since, finds, []],
          ["all are older", longAfter, [], []]
        ] as const) {
          const heard = yield* search(scene, reconcile, from, known)
          if (heard._tag !== "Success") {
            note(`where ${about}: ${bench.readFault(heard)}`)
            continue
          }
          const found = heard.value.map((ticket) => ticket.scanId)
          if (!isDeepStrictEqual([...found].sort(), [...wanted].sort())) {
            note(`where ${about}: ${JSON.stringify(found)}, must be ${JSON.stringify(wanted)}`)
          }
          for (const ticket of heard.value) {
            const ours = Account.equals(ticket, { vendor, origin, account })
            if (!Schema.is(ScanTicket.ScanTicket)(ticket) || !ours) note(`no ticket of ours: ${JSON.stringify(ticket)}`)
          }
        }
        if (scene.requests().some(({ method }) => method !== "GET")) note("something else than GET was sent")
      })
    },
    {
      group: "reconcile",
      name: "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood",
      run: Effect.fnUntraced(function* (note) {
        for (const [about, step, wanted] of wrong) {
          const { reconcile, scene } = yield* begin
          yield* scene.play(step)
          const heard = yield* scene.listen(reconcile(request, since, new Set<string>()))
          // A vendor without the place to look in is not a vendor without the scan, but it may be gone for good.
          const also = wanted === "Missing" ? ["Broken for good"] : []
          const meant = bench.pollAlone(kit, bench.statusOf(step), wanted, "list")
          bench.expect(note, about, bench.readFault(heard), meant, ...also)
          if (scene.requests().length !== 1) note(`${about}: ${scene.requests().length} requests, must be 1`)
        }
      })
    },
    {
      group: "reconcile",
      name: "MUST bear anything in the vendor's list without a defect, and give no ticket that cannot be asked for",
      run: Effect.fnUntraced(function* (note) {
        const { reconcile, scene } = yield* begin
        for (const [at, script] of scripts.entries()) {
          const [step] = script.steps
          if (step === undefined || step === null) continue
          const changed: ReadonlyArray<{ readonly about: string; readonly body: unknown }> = [
            { about: "unknown fields", body: wire.enrich(step.body) },
            { about: "keys that reach a prototype", body: wire.withPrototypeKeys(step.body) },
            ...[...wire.hostileTexts, ...wire.unsendableIds].map((text) => ({
              about: `${JSON.stringify(text.slice(0, 20))} for every text`,
              body: wire.mapTexts(step.body, [], () => text)
            })),
            ...wire.distort(step.body, [])
          ]
          for (const { about, body } of changed) {
            const steps = [{ ...step, body, times: Infinity }]
            yield* scene.script([...scripts.slice(0, at), { ...script, steps }, ...scripts.slice(at + 1)])
            const heard = yield* scene.listen(reconcile(request, since, new Set<string>()))
            if (heard._tag === "Defect" || heard._tag === "Late") note(`${about}: ${bench.readTrouble(heard)}`)
            if (heard._tag !== "Success") continue
            if (!heard.value.every(Schema.is(ScanTicket.ScanTicket))) note(`${about}: a ticket that cannot be used`)
          }
        }
      })
    },
    {
      group: "reconcile",
      name: "MUST keep the key in its header while it searches, and out of what it answers",
      run: Effect.fnUntraced(function* (note) {
        const { reconcile, scene } = yield* begin
        const [key] = bench.keysOf(kit)
        const heard = [yield* search(scene, reconcile, since, [])]
        for (const [, step] of wrong) {
          yield* scene.play(step)
          heard.push(yield* scene.listen(reconcile(request, since, new Set<string>())))
        }
        if (heard.some((one) => bench.showsHeard(one).includes(key))) note("the key is shown")
        if (bench.formsOf(key).some((form) => scene.stage.ledger.mentions(form).length > 0)) {
          note("the key is outside its header")
        }
      })
    }
  ]
}

export const followUpRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => [
  ...(kit.collect === undefined ? [] : collectRules(kit, kit.collect)),
  ...(kit.reconcile === undefined ? [] : reconcileRules(kit, kit.reconcile))
]
