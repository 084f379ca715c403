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
import * as Signals from "./process/Signals.ts"
import * as Uncaught from "./process/Uncaught.ts"
import * as Program from "./Program.ts"

const shutdown = Shutdown.make()

Uncaught.listen(
  (text) => process.stderr.write(text),
  () => process.exit(Program.defect)
)

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  const meaning = Signals.make()
  const onSignal = (signal: Signals.Ending): void => {
    switch (meaning(signal, performance.now())) {
      case "nothing":
        return
      case "leave":
        return process.exit(Program.interrupted)
      case "wind-up":
    }
    Effect.runFork(
      Effect.andThen(
        Effect.sleep(shutdown.bound()),
        Effect.sync(() => process.exit(Program.interrupted))
      )
    )
    if (!shutdown.request()) fiber.interruptUnsafe(fiber.id)
  }
  // Node undoes what it finds ignored, so an ignored signal needs a listener too.
  const isIgnored = Signals.ignoresHangup(Signals.origin(process.env, process.ppid))
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  process.on("SIGHUP", isIgnored ? () => {} : onSignal)
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

const program = Effect.provide(
  Program.run(process.argv.slice(2)),
  Layer.merge(Streams.layer, Layer.succeed(Shutdown.Shutdown, shutdown.operations))
)

runMain(program, { disableErrorReporting: true, teardown: (exit, end) => end(Program.codeOf(exit)) })
