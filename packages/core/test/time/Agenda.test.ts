import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Agenda } from "../../src/time/internal/agenda.ts"
import type { HeapItem } from "../../src/time/internal/heap.ts"

const nth = Schema.Literals([0, 1, 2, 3, 7, 11, 50, 99])
const after = Schema.Literals([0, 1, 2, 3, 5, 8, 13])

describe("Agenda", () => {
  it.prop(
    "gives back what is in it by due time, then in the order of its numbers, whatever was moved and taken out before",
    {
      steps: Schema.Array(
        Schema.Union([
          Schema.Struct({ do: Schema.Literals(["put", "put last", "serve"]), after }),
          Schema.Struct({ do: Schema.Literals(["remove", "move", "move last"]), nth, after })
        ])
      )
    },
    ({ steps }) => {
      const agenda = new Agenda<HeapItem>()
      const model: Array<HeapItem> = []
      const first = () => [...model].sort((a, b) => a.due - b.due || a.seq - b.seq)[0]
      const last = () => Math.max(0, ...model.map((item) => item.due))
      const drop = (item: HeapItem) => {
        agenda.remove(item)
        agenda.remove(item)
        model.splice(model.indexOf(item), 1)
      }
      let seq = 0
      const put = (due: number) => {
        const item = { due: 0, seq: seq++, place: -1 }
        agenda.move(item, due)
        model.push(item)
      }
      // Enough to begin with for gaps worth closing.
      for (let i = 0; i < 150; i++) put(last() + (i % 3))
      for (let i = 0; i < 140; i += 2) drop(model[i % model.length] ?? { due: 0, seq: 0, place: -1 })
      for (const step of steps) {
        const item = "nth" in step ? model[step.nth % Math.max(1, model.length)] : first()
        switch (step.do) {
          case "put":
            put(step.after)
            break
          case "put last":
            put(last() + step.after)
            break
          case "serve":
            if (item !== undefined) agenda.move(item, item.due + step.after)
            break
          case "remove":
            if (item !== undefined) drop(item)
            break
          case "move":
            if (item !== undefined) agenda.move(item, step.after)
            break
          case "move last":
            if (item !== undefined) agenda.move(item, last() + step.after)
        }
        assert.strictEqual(agenda.peek(), first())
        assert.strictEqual(agenda.size, model.length)
      }
      while (model.length > 0) {
        const expected = first()
        assert.strictEqual(agenda.peek(), expected)
        if (expected !== undefined) drop(expected)
      }
      assert.isUndefined(agenda.peek())
      assert.strictEqual(agenda.size, 0)
    },
    { arbitrary: { runs: 500 } }
  )
})
