import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as StoredRuns from "../../src/engine/StoredRuns.ts"
import * as Effect from "effect/Effect"

const runs = (count: number, total: number) =>
  Array.from({ length: count }, (_, n) => ({ runId: `run_${count - n}`, total }))

describe("how many runs a journal keeps", () => {
  it("goes by the number of runs: the oldest are too many", () => {
    assert.deepStrictEqual(StoredRuns.surplus(runs(StoredRuns.runsKept, 1)), [])
    assert.deepStrictEqual(StoredRuns.surplus(runs(StoredRuns.runsKept + 2, 1)), ["run_2", "run_1"])
  })

  it("goes by the number of rows, and the newest run is kept whatever its size", () => {
    assert.deepStrictEqual(StoredRuns.surplus(runs(3, StoredRuns.rowsKept / 2)), ["run_1"])
    assert.deepStrictEqual(StoredRuns.surplus(runs(3, StoredRuns.rowsKept + 1)), ["run_2", "run_1"])
  })

  it.effect("is held by a journal at each new run", () =>
    Effect.gen(function* () {
      const { runs } = yield* ScanJournal.ScanJournal
      const common = { command: "run", plan: null, planDigest: null, options: null, rows: [] }
      for (let n = 0; n <= StoredRuns.runsKept; n++) yield* runs.begin({ ...common, runId: `run_${n}`, startedAt: n })
      assert.isNull(yield* runs.get("run_0"))
      assert.strictEqual((yield* runs.list({ limit: 1_000 })).length, StoredRuns.runsKept)
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )
})
