/**
 * Notifies of what a command does to its journal, where `--notify` names a file of receivers.
 *
 * A command without it loads nothing of this, writes no row and sends nothing.
 *
 * @since 0.2.0
 */
import * as Notifications from "@scanpoll/journal/Notifications"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import { usage, type UsageError } from "../config/InputFault.ts"
import type { Settings } from "../config/Settings.ts"
import type { Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"

/**
 * What is wrong with the file of receivers, to be told with the other faults of a command.
 *
 * @category constructors
 * @since 0.2.0
 */
export const check = (
  settings: Pick<Settings, "notify" | "journal">
): Effect.Effect<Checked.Checked<null>, never, FileSystem.FileSystem> => {
  const { value, where } = settings.notify
  if (value === null) return Effect.succeed(Checked.make(null))
  return Effect.gen(function* () {
    const { read } = yield* Effect.promise(() => import("./NotifyFile.ts"))
    const found = Checked.map(yield* read(value), () => null)
    const message = "needs a journal that outlasts the command: what could not be delivered is kept there"
    return settings.journal.value?._tag === "Memory" ? Checked.and(found, Checked.faulty(null, where, message)) : found
  })
}

/**
 * Runs a command whose journal notifies. Its receivers hear what it does, and are tried until it ends.
 *
 * @category combinators
 * @since 0.2.0
 */
export const during = <A, E, R>(
  settings: Pick<Settings, "notify" | "journal">,
  command: Effect.Effect<A, E, R>
): Effect.Effect<A, E | UsageError, R | FileSystem.FileSystem | Streams> => {
  const { value } = settings.notify
  if (value === null) return command
  return Effect.gen(function* () {
    yield* Checked.accept(yield* check(settings))
    const [{ read }, Deliver, { send }] = yield* Effect.promise(() =>
      Promise.all([import("./NotifyFile.ts"), import("./Deliver.ts"), import("./Send.ts")])
    )
    const { faults, value: receivers } = yield* read(value)
    const [fault] = faults
    if (fault !== undefined) return yield* Effect.fail(usage(fault.where, fault.message))
    return yield* Effect.provideService(command, Notifications.Notified, {
      receivers,
      opened: (outbox) => Deliver.run({ receivers, send }, outbox)
    })
  })
}
