import { assert, describe, it } from "@effect/vitest"
import { LessonBook } from "../../../src/engine/internal/lessonBook.ts"

const lesson = (scan: string, durationMs: number, kind = "web") => ({
  vendor: "acme",
  origin: "https://api.acme.example",
  kind,
  scan,
  ended: "settled" as const,
  durationMs
})
const durations = (book: LessonBook) => book.all.map(({ durationMs }) => durationMs)

describe("the lessons of a journal in memory", () => {
  it("hold one lesson for each scan, the latest", () => {
    const book = new LessonBook(10)
    book.add(lesson("a", 1000), 0)
    book.add(lesson("a", 2000), 1)
    assert.deepStrictEqual(durations(book), [2000])
  })

  it("drop the oldest of a kind when there are too many, and none of another kind", () => {
    const book = new LessonBook(2)
    book.add(lesson("z", 9000, "mail"), 0)
    for (const [index, scan] of ["a", "b", "c"].entries()) book.add(lesson(scan, index), index)
    assert.deepStrictEqual(durations(book), [9000, 1, 2])
  })

  it("forget what was learned before a time", () => {
    const book = new LessonBook(10)
    book.add(lesson("a", 1), 5)
    book.add(lesson("b", 2), 6)
    book.forget(6)
    assert.deepStrictEqual(durations(book), [2])
  })
})
