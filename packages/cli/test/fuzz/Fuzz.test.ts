/** Some thousand cases of the fuzzing; a million in `nightly.ts`. A failing seed is printed with what repeats it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Answers from "./Answers.ts"
import * as Chance from "./Chance.ts"
import { run, split } from "./Fuzz.ts"
import * as Verdict from "./Verdict.ts"

const cases = 4_000

const promises: Readonly<Record<string, string>> = {
  poll: "any answer to a poll: the right verdict or a fault, no other outcome, no defect, no key",
  submission:
    "any answer to a submission: accepted exactly with an id, refused only in the vendor's words, else in doubt",
  header: "any text in a header: a wait within bounds, or none",
  id: "any id: sent as it is, or refused before a request; no path changes",
  address: "any base address: https without a password, or refused without showing one",
  duration: "any duration or pace: within its bounds, or refused",
  keyFile: "any key file: a key, or words that hold none",
  secret: "the key in any disguise: gone, and nothing else with it",
  plan: "any plan: its own targets, or faults that each have a place",
  report: "any report or baseline read back: refused in words, or its counts and verdict are true",
  row: "any row of a journal: every operation answers, and nothing is bought a second time"
}

describe("under seeds", () => {
  for (const [name, count] of split(cases)) {
    it.live(promises[name] ?? name, () =>
      Effect.map(run(name, 1, Math.max(20, count)), (found) => {
        assert.deepStrictEqual(found, [])
      })
    )
  }

  it("the same seed is the same case", () => {
    const draw = (seed: number, word: string) => {
      const chance = Chance.make(seed, word)
      return Array.from({ length: 20 }, () => chance.next())
    }
    assert.deepStrictEqual(draw(7, "poll"), draw(7, "poll"))
    assert.notDeepEqual(draw(7, "poll"), draw(8, "poll"))
    assert.notDeepEqual(draw(7, "poll"), draw(7, "plan"))
  })
})

describe("readers that are wrong are caught", () => {
  const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))
  const naive: ReadonlyArray<
    readonly [name: string, settles: (vendor: Verdict.Vendor, scan: unknown, status: number) => boolean]
  > = [
    ["looks for a word inside the status", (_, scan) => /complete/i.test(JSON.stringify(scan))],
    [
      "does not look at the id",
      (vendor, scan, status) => Verdict.ofPoll(vendor, idOf(scan), answer(scan, status)).is === "settled"
    ],
    [
      "takes any success for an answer",
      (vendor, scan, status) =>
        Verdict.ofPoll(vendor, "scan_abc123", answer(scan, status < 300 ? 200 : status)).is === "settled"
    ]
  ]
  const answer = (scan: unknown, status: number): Verdict.Answer => ({ status, headers: {}, bytes: bytes(scan) })
  const idOf = (scan: unknown): string =>
    typeof scan === "object" && scan !== null && "id" in scan && typeof scan.id === "string" ? scan.id : ""

  for (const [name, settles] of naive) {
    it(`one that ${name}`, () => {
      let caught = 0
      for (let seed = 1; seed <= 2_000; seed++) {
        const { answer: made, scanId, vendor } = Answers.example(Chance.make(seed, "control"))
        const scan = Verdict.document(made)
        if (scan === undefined) continue
        if (settles(vendor, scan, made.status) !== (Verdict.ofPoll(vendor, scanId, made).is === "settled")) caught++
      }
      assert.isAbove(caught, 10)
    })
  }
})
