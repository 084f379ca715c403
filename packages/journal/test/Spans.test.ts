import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { keyOf, subject } from "./support/fixtures.ts"

describe("the statements of a journal", () => {
  it.live("make no spans unless they are asked for (U-14)", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "scanpoll-spans-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const named = Effect.fnUntraced(function* (told: boolean) {
        const names: Array<string> = []
        const tracer = Tracer.make({
          span: (options) => {
            names.push(options.name)
            return new Tracer.NativeSpan(options)
          }
        })
        yield* Effect.gen(function* () {
          const journal = yield* ScanJournal.ScanJournal
          yield* journal.claim(keyOf("a"), { subject, reuseFrom: 0 })
          yield* journal.list(["submitted"])
        }).pipe(
          Effect.provide(Journal.layer(join(folder, "scans.db"))),
          Effect.provideService(SqlJournal.SqlSpans, told),
          Effect.withTracer(tracer)
        )
        return names
      })
      assert.deepStrictEqual(yield* named(false), [])
      assert.isNotEmpty(yield* named(true))
    })
  )
})
