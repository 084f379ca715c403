/**
 * Simulated vendors from samples, shipped ones and those of a user's own modules: what each says, and the variables under which the command speaks to it.
 *
 * @since 0.2.0
 */
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { Samples } from "@scanpoll/testkit/Samples"
import type { Simulator } from "@scanpoll/testkit/Simulator"
import * as Effect from "effect/Effect"
import { usage, type UsageError } from "../config/InputFault.ts"
import { inert } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Brought from "./Brought.ts"
import * as BroughtSamples from "./BroughtSamples.ts"
import * as Wanted from "./Wanted.ts"

/**
 * A vendor, with what it says.
 *
 * @category models
 * @since 0.2.0
 */
export interface Playable {
  readonly vendor: Vendor.Vendor<unknown, unknown>
  readonly samples: Samples<unknown>
}

/**
 * The vendors that come with the command and are played by their samples.
 *
 * @category constructors
 * @since 0.2.0
 */
export const shipped: Effect.Effect<ReadonlyArray<Playable>> = Effect.promise(async () => {
  const { definitions } = await import("./Shipped.ts")
  return Promise.all(definitions.map(async ({ samples, vendor }) => ({ vendor, samples: await samples() })))
})

/**
 * The vendors that `--vendor` or its variable names; one without samples is refused in words.
 *
 * @category constructors
 * @since 0.2.0
 */
export const brought = Effect.fnUntraced(function* (
  flags: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<Playable>, UsageError> {
  const { environment } = yield* ProcessContext
  return yield* Effect.forEach(Wanted.of(flags, environment), ({ name, where }) =>
    Effect.gen(function* () {
      const loaded = yield* Brought.one(name)
      return { vendor: loaded.vendor, samples: yield* BroughtSamples.of(loaded) }
    }).pipe(Effect.mapError((message) => usage(`${where} ${inert(name, 200)}`, message)))
  )
})

/**
 * The variables of a simulated vendor, without the hosts that may be reached by plain http.
 *
 * @category destructors
 * @since 0.2.0
 */
export const variables = (
  { auth, key, name }: Vendor.Vendor<unknown, unknown>,
  simulated: Simulator
): ReadonlyArray<readonly [name: string, value: string]> => [
  ...(key === undefined || auth === "none" ? [] : [[key.variable, simulated.key] as const]),
  [Vendor.baseVariable(name), simulated.baseUrl]
]

/**
 * The variable that lists hosts which may be reached by plain http.
 *
 * @category constants
 * @since 0.2.0
 */
export const hosts = "SCANPOLL_ALLOW_INSECURE_HOSTS"
