import { assert, describe, it } from "@effect/vitest"
import { Conformance, Script } from "@scanpoll/testkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as Tidewatch from "./Tidewatch.ts"

Conformance.suite(Tidewatch.kit(), { describe, it })

/** What each slip must be caught by, and nothing else. */
const caught: Readonly<Record<Tidewatch.Slip, ReadonlyArray<string>>> = {
  "speaks through a bare fetch": [
    "MUST make exactly one request per submission, whatever the answer",
    "MUST say that nothing was sent when the connection is refused, and that it may be sent again",
    "MUST await a submission as long as limits.submitTimeout, and no longer",
    "MUST pass on the wait and the quota that the answer to a submission names",
    "MUST make exactly one request per poll, whatever the answer",
    "MUST pass on the wait and the quota that an answer names",
    "MUST NOT make a wait of a hint that is nonsense, nor one that never ends",
    "MUST end a poll that is interrupted, and close its socket",
    "MUST class a status that no documented error has by the common rule, the permanent ones for good",
    "MUST end a poll that gets no whole answer by the end of its time, as transient",
    "MUST bound what it reads: an answer that is huge, deep or compressed unasked is broken",
    "MUST NOT follow a redirect",
    "MUST ask for the credential before each request, and send the one it is given then",
    "MUST be denied without a request where there is no credential",
    "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it",
    "MUST NOT tell the vendor about our traces, nor send it cookies",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "retries a poll": [
    "MUST make exactly one request per poll, whatever the answer",
    "MUST call a connection that is refused, reset, closed or cut short transient",
    "MUST end a poll that gets no whole answer by the end of its time, as transient",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood",
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "retries a submission": ["MUST make exactly one request per submission, whatever the answer"],
  "matches words by prefix": [
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing"
  ],
  "coerces the word": ["MUST NOT take a status that is no word for one"],
  "goes by the verdict": [
    "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word",
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
    "MUST call a word that the vendor does not document unrecognised, and tell it",
    "MUST go by the status word alone, whatever stands beside it",
    "MUST bear fields it does not know at every level, a byte order mark and any content type",
    "MUST read other fields of any type without a defect, and without another verdict than broken",
    "MUST pass on the wait and the quota that an answer names",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "fetches the web report": ["MUST NOT fetch an address that an answer or a ticket tells it"],
  "accepts any id": [
    "MUST call an answer about another scan broken",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "completes without a result": ["MUST NOT complete a scan that comes without its result"],
  "fails only with a reason": ["MUST let a scan fail that gives no reason, in words of its own"],
  "takes any 2xx for a scan": ["MUST take a scan from an answer with status 200 only"],
  "calls a 404 a failed scan": [
    "MUST take a scan from an answer with status 200 only",
    "MUST understand the vendor's documented errors as the kit says",
    "MUST class a status that no documented error has by the common rule, the permanent ones for good",
    "MUST keep the vendor's id of a request that went wrong",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "calls every open scan queued": [
    "MUST call a scan pending under every documented word of one that has not ended, in its phase",
    "MUST go by the status word alone, whatever stands beside it",
    "MUST bear fields it does not know at every level, a byte order mark and any content type",
    "MUST read other fields of any type without a defect, and without another verdict than broken",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "reads the hint as any number": [
    "MUST pass on the wait and the quota that an answer names",
    "MUST NOT make a wait of a hint that is nonsense, nor one that never ends"
  ],
  "drops the wait of a submission": ["MUST pass on the wait and the quota that the answer to a submission names"],
  "forgets the id of a request": ["MUST keep the vendor's id of a request that went wrong"],
  "shows the key in an error": [
    "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST keep the key in its header while it searches, and out of what it answers"
  ],
  "keeps the first key": [
    "MUST ask for the credential before each request, and send the one it is given then",
    "MUST be denied without a request where there is no credential"
  ],
  "puts the key into the query": [
    "MUST show the key in every request where the vendor looks for it, and nowhere else",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST keep the key in its header while it searches, and out of what it answers"
  ],
  "trusts the shape of an answer": ["MUST call an answer that it cannot understand broken, not for good"],
  "trusts the note": ["MUST read other fields of any type without a defect, and without another verdict than broken"],
  "trusts the remarks": ["MUST bear anything in the vendor's list of findings without a defect"],
  "trusts the list": [
    "MUST bear anything in the vendor's list without a defect, and give no ticket that cannot be asked for"
  ],
  "needs the state of a submission": ["MUST take a usable id in any answer for an acceptance, whatever else it holds"],
  "refuses fields it does not know": [
    "MUST bear fields it does not know at every level, a byte order mark and any content type"
  ],
  "reads no id from an error": ["MUST take a usable id in any answer for an acceptance, whatever else it holds"],
  "dates the ticket in seconds": [
    "MUST put the vendor, origin, account, id and time of the submission into its ticket, and nothing else"
  ],
  "forgets when a scan was submitted": [
    "MUST settle a submission at once when its answer is the end of the scan",
    "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word"
  ],
  "polls what is settled": ["MUST settle a submission at once when its answer is the end of the scan"],
  "calls a lost answer refused": [
    "MUST call a submission in doubt that was answered well but without a usable id",
    "MUST call in doubt whatever goes wrong once the request has left",
    "MUST call 401 and 403 denied and 429 throttled, and take no other error for a refusal unless it is the vendor's own",
    "MUST NOT follow a redirect"
  ],
  "calls a refusal throttled": [
    "MUST tell refused, denied and throttled submissions apart by the vendor's documented errors"
  ],
  "calls a timeout not sent": ["MUST await a submission as long as limits.submitTimeout, and no longer"],
  "calls a refused connection in doubt": [
    "MUST say that nothing was sent when the connection is refused, and that it may be sent again"
  ],
  "hurries a submission": ["MUST await a submission as long as limits.submitTimeout, and no longer"],
  "cannot be interrupted": ["MUST end a poll that is interrupted, and close its socket"],
  "sends any id": ["MUST refuse an id that could change the path of a request before one is made"],
  "puts an id into the path as it is": [
    "MUST send an id as one part of a request's address, percent-encoded where it has to be"
  ],
  "draws the fingerprint": [
    "MUST give equal purchases one fingerprint and different ones another",
    "MUST give a request the same fingerprint at any time, under any key and at any address of the vendor"
  ],
  "lets the dataset's case count": ["MUST give equal purchases one fingerprint and different ones another"],
  "takes an old answer for a new one": [
    "MUST allow a request an answer of one age each time, and none where it asks for a new scan"
  ],
  "names no field": [
    "MUST name the path of each fault of an invalid request, the same each time and without asking the vendor"
  ],
  "faults what is valid": ["MUST find no fault in a valid request"],
  "sends what is invalid": ["MUST refuse an invalid request before a connection is made"],
  "changes its request": ["MUST leave the requests it is given as they are"],
  "names no subject": ["MUST name one subject for a request, the same each time and for equal purchases"],
  "draws finding ids": [
    "MUST collect the findings that the vendor lists, each under an id of its own that stays the same"
  ],
  "finds nothing when asked too early": [
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "finds what is known": [
    "MUST find the lost submission in the vendor's list, and never a scan that is known or older"
  ],
  "has no account": [
    "MUST say whose it is: its vendor, the origin of its base and its account, and no credential in any of them"
  ],
  "waits for ever when throttled": ["MUST have limits that hang together: finite waits, the floor below the caps"],
  "recommends an endless poll": [
    "MUST recommend policies that PollPolicy.check accepts with its own limits, one under each name"
  ],
  "polls faster with many scans": [
    "MUST NOT recommend a pace below the floor, nor a faster one while more scans are open"
  ],
  "spends half a request": ["MUST state a budget of whole requests and finite times"],
  "keeps no payload": [
    "MUST settle a submission at once when its answer is the end of the scan",
    "MUST give an outcome that its payload's schema writes as JSON and reads back the same"
  ],
  "numbers its answers": ["MUST give the same answer the same meaning each time, also side by side"],
  "shows all the vendor says": [
    "MUST call a word that the vendor does not document unrecognised, and tell it",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ]
}

/** Wrong adapters. What the slips of one are caught by does not overlap, so that none can hide another. */
const wrongAdapters: ReadonlyArray<ReadonlyArray<Tidewatch.Slip>> = [
  ["speaks through a bare fetch"],
  [
    "retries a poll",
    "retries a submission",
    "draws the fingerprint",
    "takes an old answer for a new one",
    "names no field",
    "polls faster with many scans",
    "spends half a request"
  ],
  [
    "matches words by prefix",
    "completes without a result",
    "fails only with a reason",
    "takes any 2xx for a scan",
    "accepts any id",
    "has no account",
    "drops the wait of a submission"
  ],
  ["goes by the verdict", "sends what is invalid", "recommends an endless poll", "calls a refused connection in doubt"],
  [
    "coerces the word",
    "fetches the web report",
    "trusts the note",
    "trusts the remarks",
    "names no subject",
    "reads no id from an error"
  ],
  [
    "calls a 404 a failed scan",
    "calls a timeout not sent",
    "finds what is known",
    "puts an id into the path as it is",
    "draws finding ids",
    "changes its request"
  ],
  [
    "calls every open scan queued",
    "shows the key in an error",
    "lets the dataset's case count",
    "dates the ticket in seconds"
  ],
  [
    "reads the hint as any number",
    "forgets the id of a request",
    "keeps the first key",
    "polls what is settled",
    "faults what is valid"
  ],
  ["puts the key into the query", "calls a lost answer refused", "keeps no payload"],
  [
    "trusts the shape of an answer",
    "refuses fields it does not know",
    "hurries a submission",
    "trusts the list",
    "needs the state of a submission",
    "cannot be interrupted",
    "finds nothing when asked too early"
  ],
  [
    "sends any id",
    "calls a refusal throttled",
    "numbers its answers",
    "waits for ever when throttled",
    "shows all the vendor says",
    "forgets when a scan was submitted"
  ]
]

const violations = <A>(exit: Exit.Exit<A, Conformance.ConformanceFailure>): ReadonlyArray<string> =>
  Exit.isSuccess(exit)
    ? []
    : Option.match(Cause.findErrorOption(exit.cause), {
        onNone: () => [`not a failure of conformance: ${Cause.pretty(exit.cause)}`],
        onSome: (failure) => failure.violations
      })

const run = (cases: ReadonlyArray<Conformance.Case>) =>
  Effect.forEach(
    cases,
    ({ name, run }) => Effect.map(Effect.exit(run), (exit) => ({ name, violations: violations(exit) })),
    { concurrency: 6 }
  )

const failed = (results: Effect.Success<ReturnType<typeof run>>): ReadonlyArray<string> =>
  results.filter((one) => one.violations.length > 0).map((one) => one.name)

const find = (cases: ReadonlyArray<Conformance.Case>, start: string): ReadonlyArray<Conformance.Case> => {
  const found = cases.filter(({ name }) => name.startsWith(start))
  assert.strictEqual(found.length, 1, start)
  return found
}

describe("a wrong adapter", () => {
  for (const slips of wrongAdapters) {
    it.live(`that ${slips.join(", ")} fails what forbids it, and nothing else`, () =>
      Effect.gen(function* () {
        const results = yield* run(Conformance.cases(Tidewatch.kit(...slips)))
        const wanted = new Set(slips.flatMap((slip) => caught[slip]))
        assert.deepStrictEqual([...failed(results)].sort(), [...wanted].sort())
      })
    )
  }

  it("is tried once for each slip", () => {
    assert.deepStrictEqual(wrongAdapters.flat().sort(), [...Tidewatch.slips].sort())
  })

  it("shows each rule red at least once", () => {
    const seen = new Set(Object.values(caught).flat())
    const unseen = Conformance.cases(Tidewatch.kit()).filter(({ group, name }) => group !== "kit" && !seen.has(name))
    assert.deepStrictEqual(unseen, [])
  })
})

describe("a kit", () => {
  const facts = "MUST be described by facts"
  const faultsOf = (kit: Parameters<typeof Conformance.cases<Tidewatch.Request, Tidewatch.Verdict>>[0]) =>
    Effect.map(run(find(Conformance.cases(kit), facts)), (results) => results.flatMap((one) => one.violations))

  it.live("that would check nothing, or the wrong thing, is told so", () =>
    Effect.gen(function* () {
      const kit = Tidewatch.kit()
      const { collect: _collect, ...without } = kit
      const [done, partial, lost] = kit.poll.settled
      assert.isTrue(done !== undefined && partial !== undefined && lost !== undefined)
      if (done === undefined || partial === undefined || lost === undefined) return
      const rows: ReadonlyArray<readonly [typeof kit, string]> = [
        [{ ...kit, submit: { ...kit.submit, id: ["id"] } }, "submit.accepted[0]: no usable id at id"],
        [{ ...kit, poll: { ...kit.poll, id: ["ref"] } }, "poll.pending[0]: no usable id at ref"],
        [{ ...kit, poll: { ...kit.poll, status: ["state"] } }, "poll.pending[0]: no word at state"],
        [{ ...kit, poll: { ...kit.poll, otherId: "tw-1001" } }, "poll.pending[0]: has the id that is otherId"],
        [{ ...kit, poll: { ...kit.poll, otherId: "a b" } }, "poll.otherId is not a usable id"],
        [{ ...kit, poll: { ...kit.poll, settled: [lost] } }, "poll.settled: none is completed"],
        [
          { ...kit, poll: { ...kit.poll, settled: [{ ...done, result: [] }] } },
          "poll.settled: no completed answer says where its result is"
        ],
        [
          { ...kit, poll: { ...kit.poll, settled: [{ ...done, result: [["check", "outcome"]] }] } },
          "poll.settled[0]: nothing is at check.outcome"
        ],
        [
          { ...kit, poll: { ...kit.poll, pending: [{ answer: done.answer, phase: "running" }] } },
          `"done" is both pending and settled`
        ],
        [
          {
            ...kit,
            poll: { ...kit.poll, settled: [done, { ...partial, answer: { ...partial.answer, status: 202 } }] }
          },
          "poll.settled[1]: only an answer with status 200 is the end of a scan"
        ],
        [
          { ...kit, errors: [{ answer: Script.respond(404), poll: "Missing" }] },
          "errors: none is a refused submission"
        ],
        [
          { ...kit, keys: ["the same key twice", "the same key twice"] },
          "keys must be two, each of 12 characters or more"
        ],
        [without, "the adapter has collect, the kit has not"],
        [{ ...kit, collect: { answer: Script.respond(200, {}), findings: 0 } }, "collect.findings must be at least 1"]
      ]
      assert.deepStrictEqual(yield* faultsOf(kit), [])
      for (const [wrong, fault] of rows) assert.include(yield* faultsOf(wrong), fault)
    })
  )

  it.live("whose adapter cannot be made fails every case with the reason, at once", () =>
    Effect.gen(function* () {
      const results = yield* run(
        Conformance.cases({ ...Tidewatch.kit(), make: () => Effect.fail("there is no such vendor") })
      )
      for (const { name, violations } of results) {
        assert.isTrue(
          violations.some((one) => one.includes("there is no such vendor")),
          name
        )
      }
    })
  )
})

describe("the suite", () => {
  it("registers every case under its name and group, with any runner", () => {
    const groups: Array<string> = []
    const tests: Array<string> = []
    Conformance.suite(Tidewatch.kit(), {
      describe: (name, body) => {
        groups.push(name)
        body()
      },
      it: (name) => {
        tests.push(name)
      }
    })
    const all = Conformance.cases(Tidewatch.kit())
    assert.deepStrictEqual(
      tests,
      all.map(({ name }) => name)
    )
    assert.strictEqual(new Set(tests).size, tests.length)
    assert.deepStrictEqual(groups, ["tidewatch: conformance", ...new Set(all.map(({ group }) => group))])
  })

  it("rejects with what was seen and what must be", async () => {
    const tests = new Map<string, () => Promise<void>>()
    Conformance.suite(Tidewatch.kit("calls a refusal throttled"), {
      describe: (_name, body) => body(),
      it: (name, test) => tests.set(name, test)
    })
    const [name] = caught["calls a refusal throttled"]
    const reason: unknown = await tests
      .get(name ?? "")?.()
      .then(
        () => "it passed",
        (error: unknown) => error
      )
    assert.isTrue(reason instanceof Conformance.ConformanceFailure)
    if (!(reason instanceof Conformance.ConformanceFailure)) return
    assert.include(reason.message, `tidewatch ${name}\n  - 422 `)
    assert.include(reason.message, "Throttled, must be Refused")
  })

  it.effect("keeps real time where the caller's tests do not", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1)
      const cases = Conformance.cases(Tidewatch.kit())
      const results = yield* run([
        ...find(cases, "MUST put the vendor, origin, account, id and time"),
        ...find(cases, "MUST end a poll that gets no whole answer"),
        ...find(cases, "MUST end a poll that is interrupted")
      ])
      assert.deepStrictEqual(failed(results), [])
    })
  )
})
