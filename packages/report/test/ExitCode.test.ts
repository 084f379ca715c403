import { assert, describe, it } from "@effect/vitest"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as ExitCode from "@scanpoll/report/ExitCode"
import * as Gate from "@scanpoll/report/Gate"
import type { ReportScan } from "@scanpoll/report/ReportScan"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { inState, info } from "./fixtures.ts"

type Because = ReportScan["because"]

const becauses: ReadonlyArray<Because> = [
  "outcome",
  "stop",
  "vendor-refusal",
  "credential",
  "journal",
  "not-begun",
  "defect"
]

// What each state costs alone, for each thing that can have ended it.
const table: {
  readonly [K in ScanRecord.ScanState]: ExitCode.ExitCode | { readonly [B in Because]?: ExitCode.ExitCode }
} = {
  completed: 0,
  partial: 3,
  failed: 3,
  "not-found": 3,
  "still-running": { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 3, journal: 74, "not-begun": 3 },
  unreachable: { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 3, journal: 74, "not-begun": 3 },
  protocol: { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 3, journal: 74, "not-begun": 3 },
  interrupted: { outcome: 130, stop: 130, "vendor-refusal": 130, credential: 130, journal: 74, "not-begun": 130 },
  denied: 4,
  "in-doubt": { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 3, journal: 74, "not-begun": 3 },
  refused: { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 4, journal: 3, "not-begun": 3 },
  "not-started": { outcome: 3, stop: 3, "vendor-refusal": 3, credential: 4, journal: 74, "not-begun": 3 }
}

const rowCode = (state: ScanRecord.ScanState, because: Because): ExitCode.ExitCode => {
  if (because === "defect") return 70
  const entry = table[state]
  return typeof entry === "number" ? entry : (entry[because] ?? 0)
}

const order = [130, 70, 74, 2, 1, 4, 3, 0]

const strongest = (codes: ReadonlyArray<number>): number => order.find((code) => codes.includes(code)) ?? 0

describe("one scan", () => {
  for (const state of ScanRecord.states) {
    for (const because of becauses) {
      it(`${state} because of ${because} gives ${rowCode(state, because)}`, () => {
        assert.strictEqual(ExitCode.ofRow({ state, because }), rowCode(state, because))
      })
    }
  }
})

describe("a run", () => {
  // Every pair of states, under every allowance, with a gate that holds and one that is broken, interrupted or not.
  it("takes the strongest code that no allowance masks", () => {
    let cases = 0
    for (const a of ScanRecord.states) {
      for (const b of ScanRecord.states) {
        for (let bits = 0; bits < 32; bits += 1) {
          const policy: Gate.GatePolicy = {
            ...Gate.none,
            allowPartial: (bits & 1) !== 0,
            allowIncomplete: (bits & 2) !== 0,
            exitZero: (bits & 4) !== 0,
            // `info` is broken by every scan with an assessment, `critical` by none of these.
            failOn: (bits & 8) !== 0 ? "info" : "critical"
          }
          const interrupted = (bits & 16) !== 0
          const report = ScanReport.fromRecords([inState(0, a), inState(1, b)], info({ policy, interrupted }))
          const states = [a, b]
          const expected: Array<number> = []
          if (interrupted) expected.push(130)
          for (const state of states) {
            const code = rowCode(state, inState(0, state).because)
            if (code === 3 && policy.allowIncomplete) continue
            if (state === "partial" && policy.allowPartial) continue
            expected.push(code)
          }
          const breaks = states.some((state) => state === "completed" || state === "partial")
          if (breaks && policy.failOn === "info" && !policy.exitZero) expected.push(1)
          assert.strictEqual(report.exit.code, strongest(expected), JSON.stringify({ a, b, policy, interrupted }))
          cases += 1
        }
      }
    }
    assert.strictEqual(cases, 12 * 12 * 32)
  })

  it("names every reason, the strongest first, with the scans it is about", () => {
    const report = ScanReport.fromRecords(
      [
        inState(0, "completed"),
        inState(1, "failed"),
        inState(2, "denied"),
        inState(3, "failed"),
        inState(4, "partial")
      ],
      info({ policy: { ...Gate.none, failOn: "low", allowPartial: true } })
    )
    assert.deepStrictEqual(
      JSON.parse(JSON.stringify(report.exit.reasons.map(({ code, scans, masked }) => [code, scans, masked]))),
      [
        [1, ["clm_0", "clm_4"], false],
        [4, ["clm_2"], false],
        [3, ["clm_1", "clm_3"], false],
        [3, ["clm_4"], true]
      ]
    )
  })

  it.each([
    ["exit-zero over a broken gate gives 0", ["completed"], { failOn: "info", exitZero: true }, 0],
    [
      "exit-zero over a broken gate and no verdict gives 3",
      ["completed", "failed"],
      { failOn: "info", exitZero: true },
      3
    ],
    ["exit-zero does not mask a refused credential", ["completed", "denied"], { failOn: "info", exitZero: true }, 4],
    ["a broken gate beats a refused credential", ["completed", "denied"], { failOn: "info" }, 1],
    ["a broken gate beats a missing verdict", ["completed", "failed"], { failOn: "info" }, 1],
    ["allow-partial accepts a partial scan", ["partial"], { allowPartial: true }, 0],
    ["allow-partial accepts no failed scan", ["partial", "failed"], { allowPartial: true }, 3],
    ["allow-partial lets a partial scan break the gate", ["partial"], { allowPartial: true, failOn: "info" }, 1],
    ["a partial scan breaks the gate though it is not allowed", ["partial"], { failOn: "info" }, 1],
    ["allow-incomplete masks no verdict", ["failed", "in-doubt", "refused"], { allowIncomplete: true }, 0],
    ["allow-incomplete does not mask a refused credential", ["denied", "failed"], { allowIncomplete: true }, 4],
    ["allow-incomplete does not mask an interrupt", ["interrupted"], { allowIncomplete: true }, 130],
    ["an incomplete scan breaks no severity gate", ["failed"], { failOn: "info" }, 3],
    ["no scans and no gate give 0", [], {}, 0],
    ["no scans under a gate give 3", [], { failOn: "critical" }, 3]
  ] as const)("%s", (_, states, policy, code) => {
    const report = ScanReport.fromRecords(
      states.map((state, at) => inState(at, state)),
      info({ policy: { ...Gate.none, ...policy } })
    )
    assert.strictEqual(report.exit.code, code)
  })

  it("a fault of the journal gives 74 and beats everything but a defect and an interrupt", () => {
    const journal = inState(0, "not-started", { because: "journal" })
    const policy = { ...Gate.none, failOn: "info", allowIncomplete: true } as const
    const code = (...records: ReadonlyArray<ScanRecord.ScanRecord>) =>
      ScanReport.fromRecords(records, info({ policy })).exit.code
    assert.strictEqual(code(journal), 74)
    assert.strictEqual(code(journal, inState(1, "completed"), inState(2, "denied")), 74)
    assert.strictEqual(code(journal, inState(1, "interrupted")), 130)
  })

  it.each([
    [[70], false, 70],
    [[74], false, 74],
    [[2], false, 2],
    [[2, 74], false, 74],
    [[2, 74, 70], false, 70],
    [[70], true, 130]
  ] as const)("faults %j beside a broken gate, interrupted %s, give %i", (faults, interrupted, code) => {
    const report = ScanReport.fromRecords(
      [inState(0, "completed")],
      info({
        policy: { ...Gate.none, failOn: "info" },
        interrupted,
        faults: faults.map((fault) => ({ code: fault, message: "trouble" }))
      })
    )
    assert.strictEqual(report.exit.code, code)
  })
})
