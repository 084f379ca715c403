/**
 * The events of a run as lines of JSON: kept for the files that take them, and written to standard output as they come.
 *
 * Telling an event never waits: lines queue up, and one fiber writes them in order.
 *
 * @since 0.2.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import * as SafeText from "@scanpoll/report/SafeText"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { OutputWish } from "../config/Setting.ts"
import { Streams } from "../output/Streams.ts"

/**
 * - `onStdout`: whether they go to standard output.
 * - `lines`: what files get, so far.
 * - `write`: writes to standard output until `end`; the answer is the first failure, or null.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventLines {
  readonly onStdout: boolean
  readonly lines: ReadonlyArray<SafeText.SafeText>
  readonly tell: (event: ScanEvent) => void
  readonly write: Effect.Effect<string | null, never, Streams>
  readonly end: Effect.Effect<void>
}

/**
 * The lines that the outputs ask for, made by `render`; null where an event is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  outputs: ReadonlyArray<OutputWish>,
  render: (event: ScanEvent) => string | null
): Effect.Effect<EventLines> =>
  Effect.map(Queue.unbounded<SafeText.SafeText, Cause.Done>(), (live): EventLines => {
    const wishes = outputs.filter((wish) => wish.format === "events")
    const onStdout = wishes.some((wish) => wish.file === null)
    const inFiles = wishes.some((wish) => wish.file !== null)
    const lines: Array<SafeText.SafeText> = []
    let failure: string | null = null
    return {
      onStdout,
      lines,
      tell: (event) => {
        const rendered = wishes.length === 0 ? null : render(event)
        if (rendered === null) return
        const line = SafeText.seal("json", rendered)
        if (inFiles) lines.push(line)
        if (onStdout) Queue.offerUnsafe(live, line)
      },
      write: Effect.flatMap(Streams, (streams) =>
        Stream.runForEach(Stream.fromQueue(live), (line) =>
          Effect.catch(streams.out(line), (why) =>
            Effect.sync(() => {
              failure ??= why
            })
          )
        )
      ).pipe(Effect.andThen(Effect.sync(() => failure))),
      end: Effect.asVoid(Queue.end(live))
    }
  })
