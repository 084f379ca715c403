import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Heap, type HeapItem } from "../../src/time/internal/heap.ts"

const due = Schema.Literals([0, 1, 2, 3, 5, 8, 13])

describe("Heap", () => {
  it.prop(
    "gives back what is in it by due time, then in the order of its numbers, whatever was moved and taken out before",
    {
      steps: Schema.Array(
        Schema.Union([
          Schema.Struct({ do: Schema.Literals(["push"]), due }),
          Schema.Struct({ do: Schema.Literals(["remove", "move"]), nth: Schema.Literals([0, 1, 2, 3, 7, 11]), due }),
          Schema.Struct({ do: Schema.Literals(["pop"]), due })
        ])
      )
    },
    ({ steps }) => {
      const heap = new Heap<HeapItem>()
      const model: Array<HeapItem> = []
      const first = () => [...model].sort((a, b) => a.due - b.due || a.seq - b.seq)[0]
      const drop = (item: HeapItem) => model.splice(model.indexOf(item), 1)
      let seq = 0
      const push = (at: number) => {
        const item = { due: at, seq: seq++, place: -1 }
        heap.push(item)
        model.push(item)
      }
      // Enough to begin with for a tree of several levels.
      for (const at of [5, 3, 8, 1, 13, 2, 2, 0, 5, 8, 3]) push(at)
      for (const step of steps) {
        const item = "nth" in step ? model[step.nth % Math.max(1, model.length)] : undefined
        switch (step.do) {
          case "push":
            push(step.due)
            break
          case "pop": {
            const expected = first()
            assert.strictEqual(heap.pop(), expected)
            if (expected !== undefined) drop(expected)
            break
          }
          case "remove":
            if (item === undefined) break
            heap.remove(item)
            heap.remove(item)
            drop(item)
            break
          case "move":
            if (item !== undefined) heap.move(item, step.due)
        }
        assert.strictEqual(heap.peek(), first())
        assert.strictEqual(heap.size, model.length)
      }
      while (model.length > 0) {
        const expected = first()
        assert.strictEqual(heap.pop(), expected)
        if (expected !== undefined) drop(expected)
      }
      assert.isUndefined(heap.pop())
    },
    { arbitrary: { runs: 500 } }
  )
})
