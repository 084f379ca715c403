import { assert, describe, it } from "@effect/vitest"
import { Conformance, Script } from "@scanpoll/testkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { byTidewatch as caught } from "./planted.ts"
import * as Tidewatch from "./Tidewatch.ts"
import { tried } from "./tried.ts"

Conformance.suite(Tidewatch.kit(), { describe, it })

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
    "breaks on a verdict beside a failure",
    "calls what it left out nothing",
    "takes a day without requests",
    "shows the key in a failed search",
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
  for (const [group, slips] of wrongAdapters.entries()) {
    it.live(`that ${slips.join(", ")} fails what forbids it, and nothing else`, () =>
      Effect.gen(function* () {
        const wanted = new Set<string>(slips.flatMap((slip) => caught[slip]))
        const results = yield* run(tried(Conformance.cases(Tidewatch.kit(...slips)), wanted, group))
        assert.deepStrictEqual([...failed(results)].sort(), [...wanted].sort())
      })
    )
  }

  it("is tried once for each slip", () => {
    assert.deepStrictEqual(wrongAdapters.flat().sort(), [...Tidewatch.slips].sort())
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
