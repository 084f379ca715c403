// The simulated vendors that the examples speak to: by the variables of the command, and under the vendors' own names.
import { Simulators } from "@scanpoll/testkit"
import { Effect, Exit, Scope } from "effect"

export interface Vendors {
  readonly environment: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

// A minute of a vendor is a second here. Equal seeds give equal answers, so that pages can show them.
// `clock` is that of whoever asks them.
export const start = async (clock?: () => number): Promise<Vendors> => {
  const scope = Scope.makeUnsafe()
  const made = Simulators.make({
    seed: "docs",
    speed: 60,
    exona: { retryAfter: 1 },
    ...(clock === undefined ? {} : { clock })
  })
  const vendors = await Effect.runPromise(Effect.provideService(made, Scope.Scope, scope))
  return {
    environment: Simulators.environment(vendors),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
