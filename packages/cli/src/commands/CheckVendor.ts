/**
 * `scanpoll vendors --check FILE`: holds a definition to every rule of conformance, by the vendor's own samples.
 *
 * The samples are the module's export `samples`, or that of `NAME.samples` beside it. The vendor is a bare server on this
 * machine that answers what the samples say: no vendor is asked, and no key is read.
 *
 * @since 0.2.0
 */
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import * as Conformance from "@scanpoll/testkit/Conformance"
import type * as Samples from "@scanpoll/testkit/Samples"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import { usage, type UsageError } from "../config/InputFault.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as Brought from "../vendors/Brought.ts"
import * as Http from "../vendors/Http.ts"
import * as BroughtSamples from "../vendors/BroughtSamples.ts"
import * as Shown from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"

interface Judged {
  readonly name: string
  readonly violations: ReadonlyArray<string>
  readonly tooSlow: boolean
}

const judged = (name: string, exit: Exit.Exit<void, Conformance.ConformanceFailure>): Judged => {
  if (Exit.isSuccess(exit)) return { name, violations: [], tooSlow: false }
  const failure = Option.getOrNull(Cause.findErrorOption(exit.cause))
  return failure === null
    ? { name, violations: [`the check itself failed: ${Cause.pretty(exit.cause)}`], tooSlow: false }
    : { name, violations: failure.violations, tooSlow: failure.tooSlow }
}

const summary = (vendor: string, rules: number, broken: number, slow: number): ReadonlyArray<string> => [
  broken > 0
    ? `${vendor}: ${broken} of ${rules} rules ${broken === 1 ? "does" : "do"} not hold`
    : slow > 0
      ? `${vendor}: ${rules - slow} of ${rules} rules hold`
      : `${vendor}: all ${rules} rules hold`,
  ...(slow > 0
    ? [
        `${slow} could not be decided within 4 minutes, and nothing wrong was seen: run the check again when less else runs`
      ]
    : [])
]

// Enough to see what is meant; a mistake in one place may show in a hundred.
const shown = 5

const judge = (vendor: Vendor<unknown, unknown>, samples: Samples.Samples<unknown>) =>
  Effect.gen(function* () {
    const kit = yield* Effect.try({
      try: () => Conformance.kit(vendor, samples, Http.layer),
      catch: (error) => (error instanceof Error ? error.message : String(error))
    })
    return yield* Effect.forEach(
      Conformance.cases(kit),
      ({ name, run }) => Effect.map(Effect.exit(run), (exit) => judged(name, exit)),
      { concurrency: 4 }
    )
  })

/**
 * `scanpoll vendors --check FILE`: exit code 0 where every rule is kept, 1 where one is not, 2 where nothing can be held to
 * them, 3 where no rule is broken and one could not be decided in its time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const check = Effect.fnUntraced(function* (
  name: string
): Effect.fn.Return<number, UsageError, Streams | Vendors> {
  const where = `--check ${inert(name, 200)}`
  const refuse = (message: string) => usage(where, message)
  const streams = yield* Streams
  const { all } = yield* Vendors
  const loaded = yield* Effect.mapError(Brought.one(name), refuse)
  const clash = Brought.clash(Shown.fromDefinition(loaded.vendor), all)
  if (clash !== null) return yield* Effect.fail(refuse(clash))
  const samples = yield* Effect.mapError(BroughtSamples.of(loaded), refuse)
  const results = yield* Effect.mapError(judge(loaded.vendor, samples), refuse)
  const broken = results.filter(({ violations }) => violations.length > 0)
  const slow = results.filter(({ tooSlow }) => tooSlow)
  const lines = broken.flatMap(({ name: rule, violations }) => {
    const different = Array.from(new Set(violations))
    return [
      `FAILED  ${rule}`,
      ...different.slice(0, shown).map((violation) => `        - ${inert(violation, 400)}`),
      ...(different.length > shown ? [`        and ${different.length - shown} more`] : [])
    ]
  })
  const undecided = slow.map(({ name: rule }) => `UNKNOWN ${rule}`)
  yield* Effect.ignore(streams.out(SafeText.lines(...lines, ...undecided)))
  yield* say(...summary(loaded.vendor.name, results.length, broken.length, slow.length))
  return broken.length > 0 ? 1 : slow.length > 0 ? 3 : 0
})
