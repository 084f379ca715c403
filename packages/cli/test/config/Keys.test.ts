import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { TestClock } from "effect/testing"
import * as Keys from "scanpoll/config/Keys"
import * as Shipped from "scanpoll/vendors/Shipped"
import * as Vendors from "scanpoll/vendors/Vendors"
import { infoOf } from "../support/fileInfo.ts"

const old = "exo_live_canary_old_4711"
const renewed = "exo_live_canary_renewed_4711"
const line = (key: string): string => `EXONA_API_KEY=${key}\n`

const away = Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "stat" }))

// A key file whose text may be set; null where it is away.
const inFile = <A, E>(
  use: (
    set: (text: string | null) => void,
    key: Effect.Effect<Fiber.Fiber<Result.Result<string, string>>>
  ) => Effect.Effect<A, E>
) =>
  Effect.suspend(() => {
    let text: string | null = line(old)
    const fs = FileSystem.layerNoop({
      stat: () => (text === null ? away : Effect.succeed(infoOf(text))),
      readFileString: () => (text === null ? away : Effect.succeed(text))
    })
    return Effect.gen(function* () {
      const keys = yield* Keys.make({}, "keys.env")
      const asked = keys
        .credential("exona", "EXONA_API_KEY")
        .pipe(Effect.mapBoth({ onFailure: ({ message }) => message, onSuccess: Redacted.value }), Effect.result)
      return yield* use(
        (next) => {
          text = next
        },
        Effect.forkChild(asked, { startImmediately: true })
      )
    }).pipe(Effect.provide(fs), Effect.provideService(Vendors.Vendors, Vendors.make(Shipped.all)))
  })

describe("a key file", () => {
  for (const [what, moment] of [
    ["missing", null],
    ["empty", ""],
    ["half written", line(renewed).slice(0, 24)]
  ] as const) {
    it.effect(`that is ${what} for a moment while it is replaced is waited for (D-17)`, () =>
      inFile((set, key) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* Fiber.join(yield* key), Result.succeed(old))
          set(moment)
          const asked = yield* key
          yield* TestClock.adjust("900 millis")
          assert.isUndefined(asked.pollUnsafe())
          set(line(renewed))
          yield* TestClock.adjust("1500 millis")
          assert.deepStrictEqual(yield* Fiber.join(asked), Result.succeed(renewed))
          // What has held still is used at once.
          assert.deepStrictEqual((yield* key).pollUnsafe()?._tag, "Success")
        })
      )
    )
  }

  it.effect("that stays away is waited for three seconds, and once only (D-17)", () =>
    inFile((set, key) =>
      Effect.gen(function* () {
        yield* Fiber.join(yield* key)
        set(null)
        const asked = yield* key
        yield* TestClock.adjust("2900 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("200 millis")
        const gone = Result.fail("EXONA_API_KEY the key file cannot be read")
        assert.deepStrictEqual(yield* Fiber.join(asked), gone)
        assert.deepStrictEqual(yield* Fiber.join(yield* key), gone)
        set(line(old))
        const back = yield* key
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(back), Result.succeed(old))
      })
    )
  )

  it.effect("whose key is as before is used without a wait (D-17)", () =>
    inFile((set, key) =>
      Effect.gen(function* () {
        yield* Fiber.join(yield* key)
        set(`# a comment\n${line(old)}`)
        assert.deepStrictEqual(yield* Fiber.join(yield* key), Result.succeed(old))
      })
    )
  )
})
