/** A folder of a test's own, and the command in it: against the simulated vendors, with one journal for all its runs. */
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { Options } from "./command.ts"
import { scanpollInside } from "./inside.ts"

/** Its path has no links in it. */
export const inFolder = <A, E, R>(use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      return yield* use(yield* fs.realPath(yield* fs.makeTempDirectoryScoped()), fs)
    })
  )

/** Runs the command with the journal of this folder. `options` as anywhere; their environment counts first. */
export const runIn = Effect.fnUntraced(function* (folder: string, args: ReadonlyArray<string>, options: Options = {}) {
  const environment = {
    ...Simulators.environment(yield* Simulators.Simulators),
    SCANPOLL_JOURNAL: join(folder, "journal.db"),
    SCANPOLL_PROGRESS: "plain",
    ...options.environment
  }
  return yield* scanpollInside(args, { ...options, environment })
})

/** How many submissions the vendors have had. */
export const posts = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.requests({ method: "POST" }).length, 0)
)
