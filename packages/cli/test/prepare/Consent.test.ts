import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import { Streams } from "scanpoll/output/Streams"
import * as Consent from "scanpoll/prepare/Consent"
import { ProcessContext } from "scanpoll/process/ProcessContext"

const inProcess = (stdinIsTerminal: boolean, stderrIsTerminal: boolean) => ({
  environment: {},
  directory: "/",
  home: "/",
  platform: "linux",
  stdinIsTerminal,
  stdoutIsTerminal: true,
  stderrIsTerminal,
  columns: () => 80,
  rows: () => 24,
  nodeVersion: "24.0.0"
})

/** What a person answers to a question, and where the question was written. */
const answered = (readLine: Terminal.Terminal["readLine"]) => {
  const said: Array<string> = []
  const isAgreed = Consent.ask("Forget 3 claims?").pipe(
    Effect.provideService(Streams, {
      out: () => Effect.die("a question is no report"),
      err: (text) => Effect.sync(() => void said.push(text)),
      errUnsafe: (text) => void said.push(text),
      interpose: () => Effect.void,
      readerGone: Effect.never
    }),
    Effect.provideService(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(80),
        rows: Effect.succeed(24),
        size: Effect.die("nothing is drawn"),
        readInput: Effect.die("one line is read"),
        readLine,
        display: () => Effect.die("a question is no report")
      })
    )
  )
  return Effect.map(isAgreed, (agreed) => ({ agreed, said: said.join("") }))
}

describe("what cannot be taken back", () => {
  it.effect("is done when a person types yes, and the question is not on standard output", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answered(Effect.succeed(" Yes")), {
        agreed: true,
        said: "Forget 3 claims? Type yes:\n"
      })
    })
  )

  it.effect.each(["", "y", "no", "yes please"])("is not done at the answer %j, nor without one", (line) =>
    Effect.gen(function* () {
      assert.isFalse((yield* answered(Effect.succeed(line))).agreed)
      assert.isFalse((yield* answered(Effect.fail(new Terminal.QuitError({})))).agreed)
    })
  )

  it.effect.each([
    [true, false, false, 0],
    [false, true, true, 0],
    [false, false, true, 1],
    [false, true, false, 1]
  ] as const)("needs --yes unless a person can read the question and type (%j)", ([yes, stdin, stderr, faults]) =>
    Effect.gen(function* () {
      const checked = yield* Effect.provideService(Consent.check(yes), ProcessContext, inProcess(stdin, stderr))
      assert.strictEqual(checked.faults.length, faults)
    })
  )
})
