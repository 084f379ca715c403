/**
 * The targets of the fuzzing, and how one case of each is run: from a seed to a problem in words, or null.
 *
 * A seed gives the same case on every machine. `node packages/cli/test/fuzz/nightly.ts --target T --from SEED --cases 1`
 * runs one again.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Answers from "./Answers.ts"
import * as Chance from "./Chance.ts"
import * as Inputs from "./Inputs.ts"
import * as Stored from "./Stored.ts"

/** `share` is of a thousand cases. */
interface Target {
  readonly share: number
  readonly run: (chance: Chance.Chance) => Effect.Effect<string | null>
}

const pure =
  (run: (chance: Chance.Chance) => string | null): Target["run"] =>
  (chance) =>
    Effect.sync(() => run(chance))

export const targets: Readonly<Record<string, Target>> = {
  poll: { share: 450, run: Answers.poll },
  submission: { share: 200, run: Answers.submission },
  header: { share: 100, run: pure(Inputs.header) },
  id: { share: 80, run: pure(Inputs.id) },
  address: { share: 30, run: pure(Inputs.address) },
  duration: { share: 30, run: pure(Inputs.duration) },
  keyFile: { share: 20, run: Inputs.keyFile },
  secret: { share: 20, run: pure(Inputs.secretText) },
  plan: { share: 49, run: pure(Inputs.plan) },
  report: { share: 20, run: Stored.report },
  row: { share: 1, run: Stored.row }
}

export interface Found {
  readonly target: string
  readonly seed: number
  readonly problem: string
}

/** How often each target is run in so many cases: at least once. */
export const split = (cases: number): ReadonlyArray<readonly [name: string, cases: number]> =>
  Object.entries(targets).map(([name, { share }]) => [name, Math.max(1, Math.round((cases * share) / 1000))] as const)

/** Runs the cases of these seeds and tells what went wrong, up to `most` of them. */
export const run = (name: string, from: number, cases: number, most = 5): Effect.Effect<ReadonlyArray<Found>> =>
  Effect.gen(function* () {
    const target = targets[name]
    if (target === undefined) throw new RangeError(`no target ${name}; there are ${Object.keys(targets).join(", ")}`)
    const found: Array<Found> = []
    for (let seed = from; seed < from + cases && found.length < most; seed++) {
      const exit = yield* Effect.exit(Effect.suspend(() => target.run(Chance.make(seed, name))))
      const problem = Exit.isSuccess(exit) ? exit.value : `a defect: ${Cause.pretty(exit.cause)}`
      if (problem !== null) found.push({ target: name, seed, problem })
      // What a hostile key leaves behind in one case would be found in every later one.
      if (Object.getOwnPropertyNames(Object.prototype).includes("polluted")) {
        found.push({ target: name, seed, problem: "the prototype of every object has changed" })
        break
      }
    }
    return found
  }).pipe(Effect.provide(Logger.layer([])))
