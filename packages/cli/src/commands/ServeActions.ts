/**
 * The decisions that `scanpoll serve --allow reconcile` carries out, by the same steps as `scanpoll reconcile`, and the file
 * with a line about each.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as SafeText from "@scanpoll/report/SafeText"
import type * as Actions from "@scanpoll/server/Actions"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import type { Keys } from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Claims from "../prepare/Claims.ts"
import type { Account } from "../vendors/Vendor.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as DecideDoubt from "./DecideDoubt.ts"
import * as ServeFiles from "./ServeFiles.ts"

type Decided = Actions.Decided

const bare = { scanId: null, candidates: [], more: 0 }

const found = (scanId: string): Decided => ({
  ...bare,
  result: "found",
  scanId,
  detail: "the vendor knows it; `scanpoll resume` or a worker waits for it"
})

const ofLook = (looked: DecideDoubt.Looked): Decided => {
  switch (looked._tag) {
    case "Found":
      return found(looked.scanId)
    case "Several":
      return {
        ...bare,
        result: "several",
        detail: "take the one that it is, by its id",
        candidates: looked.candidates.map(({ madeAt, ...one }) => ({
          ...one,
          madeAt: madeAt === null ? null : JournalView.time(madeAt)
        })),
        more: looked.more
      }
    case "None":
      return { ...bare, result: "none", detail: "the vendor's list has no such scan" }
    case "Unlisted":
      return { ...bare, result: "unlisted", detail: "the vendor has no list of scans to look in" }
    case "Unasked":
      return { ...bare, result: "unasked", detail: looked.fault.message }
  }
}

const decides: ReadonlySet<string> = new Set<Decided["result"]>(["found", "released", "parked", "unparked"])

/**
 * The decisions, with the accounts of a plan and the keys of this process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function* (made: {
  readonly plan: Plan
  readonly keys: Keys
}): Effect.fn.Return<
  Actions.Actions,
  UsageError,
  ScanJournal | VendorHttp | Vendors | FileSystem.FileSystem | Path.Path | Streams
> {
  const fs = yield* FileSystem.FileSystem
  const file = yield* ServeFiles.auditFile
  const append = (text: SafeText.SafeText) => fs.writeFileString(file, text, { flag: "a", mode: 0o600 })
  yield* Effect.mapError(append(SafeText.lines()), () => usage(quote(file), "the file of decisions cannot be written"))
  const services = yield* Effect.context<ScanJournal | VendorHttp | Vendors | Streams>()

  // By the account that made the claim, at the address where it was made, as for every command.
  const withAccount = (
    entry: ClaimEntry,
    use: (account: Account) => Effect.Effect<Decided, JournalError, ScanJournal>
  ): Effect.Effect<Decided, JournalError> =>
    Effect.provideContext(
      Effect.flatMap(
        Claims.read(entry.claimId, made.plan, made.keys),
        ({ faults, value }): Effect.Effect<Decided, JournalError, ScanJournal> => {
          const account = value?.account ?? null
          if (account !== null) return use(account)
          const detail = faults.map(({ message, where }) => `${where}: ${message}`).join("; ")
          return Effect.succeed({ ...bare, result: "unasked", detail })
        }
      ),
      services
    )

  return {
    look: (entry) => withAccount(entry, (account) => Effect.map(DecideDoubt.look(entry, account), ofLook)),
    adopt: (entry, scanId) =>
      withAccount(entry, (account) =>
        Effect.map(DecideDoubt.adopt(entry, account, scanId), (adopted): Decided => {
          if (adopted._tag === "Found") return found(adopted.scanId)
          return { ...bare, result: "not-it", detail: adopted.why }
        })
      ),
    release: (entry) => Effect.provideContext(DecideDoubt.release(entry), services),
    park: (entry, isParked) =>
      Effect.provideContext(
        Effect.flatMap(ScanJournal, (journal) => journal.park(entry.claimId, isParked)),
        services
      ),
    audit: ({ at, ...line }) => {
      const text = SafeText.document(Scrubber.ofProcess.value({ at: JournalView.time(at), ...line }), 0)
      const written = Effect.catch(append(text), () =>
        say(`error: the decision could not be written to ${inert(file)}`)
      )
      // Only what was done is a decision; what was refused or came to nothing was asked for.
      const word = decides.has(line.result) ? "decided" : "asked for"
      const told = say(
        `${word} by ${line.who}: ${line.action} ${line.claimId}: ${inert(made.keys.redact(line.result), 300)}`
      )
      return Effect.provideContext(Effect.andThen(written, told), services)
    }
  }
})
