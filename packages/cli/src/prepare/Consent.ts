/**
 * Asks a person before something that cannot be taken back. The question goes to standard error, as everything that is no
 * report; where nobody can answer, a script says `--yes`.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import { say, type Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Checked from "./Checked.ts"

/**
 * The fault of a command that nobody agreed to and nobody can be asked about. `instead` ends its message: what to do in place
 * of `--yes`.
 *
 * @category guards
 * @since 0.2.0
 */
export const check = (yes: boolean, instead = ""): Effect.Effect<Checked.Checked<null>> =>
  Effect.map(ProcessContext, ({ stderrIsTerminal, stdinIsTerminal }) =>
    yes || (stdinIsTerminal && stderrIsTerminal)
      ? Checked.make(null)
      : Checked.faulty(null, "--yes", `is required where there is no terminal to ask${instead}`)
  )

/**
 * Whether a person typed `yes`. Silence is no consent.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ask = (question: string): Effect.Effect<boolean, never, Streams | Terminal.Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    yield* say(`${question} Type yes:`)
    const answer = yield* Effect.orElseSucceed(terminal.readLine, () => "")
    return answer.trim().toLowerCase() === "yes"
  })
