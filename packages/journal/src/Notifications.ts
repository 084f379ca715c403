/**
 * Who is to be notified of what a journal's process writes, and how that is delivered: a transactional outbox.
 *
 * A process that is given receivers writes a row for each in the transaction of the move itself, so that a notification is there
 * exactly if what it tells of happened. Without receivers nothing is written and no statement is longer.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { EventType, StoredDelivery } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * A receiver by its name, and what it wants to hear.
 *
 * @category models
 * @since 0.2.0
 */
export interface Receiver {
  readonly name: string
  readonly events: ReadonlySet<EventType>
}

/**
 * A delivery to make now. `body` is what is sent, the same in every try.
 *
 * @category models
 * @since 0.2.0
 */
export interface Due extends Pick<StoredDelivery, "id" | "receiver" | "type" | "attempts"> {
  readonly body: string
}

/**
 * The deliveries of a journal.
 *
 * - `take`: at most so many that are due for these receivers, counted as tried, and due again when `lease` (milliseconds) has
 *   passed: the process that takes them may be killed.
 * - `delivered`: this one arrived. `failed`: it did not; it is due again at `dueAt`, milliseconds since 1970, or dead where that is
 *   null. `gone`: this receiver wants nothing any more, so whatever is pending for it is dead.
 * - `forget`: the delivered ones that were made before this time, in milliseconds since 1970.
 *
 * @category models
 * @since 0.2.0
 */
export interface Outbox {
  readonly take: (
    receivers: ReadonlyArray<string>,
    options: { readonly limit: number; readonly lease: number }
  ) => Effect.Effect<ReadonlyArray<Due>, JournalError>
  readonly delivered: (due: Due) => Effect.Effect<void, JournalError>
  readonly failed: (due: Due, error: string, dueAt: number | null) => Effect.Effect<void, JournalError>
  readonly gone: (receiver: string, error: string) => Effect.Effect<void, JournalError>
  readonly forget: (before: number) => Effect.Effect<void, JournalError>
}

/**
 * What a journal is told when it is opened: who is to be notified, and what to begin with its outbox. What `opened` begins in its
 * scope ends before the journal is closed.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wanted {
  readonly receivers: ReadonlyArray<Receiver>
  readonly opened: (outbox: Outbox) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * What the journals that are opened from here on are told. Default: nobody is notified.
 *
 * @category services
 * @since 0.2.0
 */
export const Notified: Context.Reference<Wanted | null> = Context.Reference<Wanted | null>(
  "@scanpoll/journal/Notified",
  { defaultValue: () => null }
)
