/** Both ways into the engine's driver behind one face: every law holds for each. */
import * as Effect from "effect/Effect"
import type { PollStopped } from "../../src/model/PollStopped.ts"
import * as Fleet from "../../src/engine/Fleet.ts"
import * as Poller from "../../src/engine/Poller.ts"

export interface Driver {
  readonly name: string
  readonly wait: <A, T, R>(spec: Poller.PollSpec<A, T, R>) => Effect.Effect<A, PollStopped<T>, R>
}

export const drivers: ReadonlyArray<Driver> = [
  { name: "without a fleet", wait: Poller.untilTerminal },
  {
    name: "fleet",
    wait: (spec) => Effect.scoped(Effect.flatMap(Fleet.make, (fleet) => fleet.wait(spec)))
  }
]
