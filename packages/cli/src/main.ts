/**
 * The entry of the process: runs the command, listens to signals, and decides how the process ends.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import process from "node:process"
import * as Streams from "./output/Streams.ts"
import * as Shutdown from "./process/Shutdown.ts"
import * as Program from "./Program.ts"

// A run of the whole group and a launcher that passes a signal on deliver it twice; no person is that quick.
const sameSignal = 100
// Who stops a program kills it after ten seconds.
const bound = "9500 millis"

const shutdown = Shutdown.make()

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  let first: number | null = null
  const onSignal = (): void => {
    const now = performance.now()
    if (first !== null) {
      if (now - first > sameSignal) process.exit(Program.interrupted)
      return
    }
    first = now
    Effect.runFork(
      Effect.andThen(
        Effect.sleep(bound),
        Effect.sync(() => process.exit(Program.interrupted))
      )
    )
    if (!shutdown.request()) fiber.interruptUnsafe(fiber.id)
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal)
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

const program = Effect.provide(
  Program.run(process.argv.slice(2)),
  Layer.merge(Streams.layer, Layer.succeed(Shutdown.Shutdown, shutdown.operations))
)

runMain(program, { disableErrorReporting: true, teardown: (exit, end) => end(Program.codeOf(exit)) })
