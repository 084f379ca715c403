import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"
import * as Scrubber from "../../src/model/Scrubber.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const key = "avk_live_misplaced_0123456789"
const states: ReadonlyArray<ScanJournal.ClaimState> = [
  "intent",
  "submitted",
  "settled",
  "in-doubt",
  "refused",
  "released"
]

const vendor = () => Conversation.make({ polls: [{ say: "done" }] })
const ticketOf = ({ adapter }: Conversation.Vendor, scanId: string) =>
  ScanTicket.make({
    vendor: adapter.vendor,
    origin: adapter.origin,
    account: adapter.account,
    scanId,
    submittedAt: null
  })

const ways: Readonly<
  Record<
    string,
    (vendor: Conversation.Vendor, text: string) => Effect.Effect<unknown, unknown, ScanJournal.ScanJournal>
  >
> = {
  "run of a request": ({ adapter }, text) => Scans.run(adapter, text),
  "submit of a request": ({ adapter }, text) => Scans.submit(adapter, text),
  "wait for a scan": (asked, text) => Scans.wait(asked.adapter, ticketOf(asked, text)),
  "run in a lane": ({ adapter }, text) => Scans.run(adapter, "acme", { lane: text }),
  "batch, of which it is one row": ({ adapter }, text) =>
    Effect.map(Stream.runCollect(Scans.runAll([Scans.request(adapter, text)])), (records) => {
      const [record] = [...records]
      return record?.state === "refused" ? Effect.fail(record.reason?.message) : record
    }).pipe(Effect.flatMap((record) => (Effect.isEffect(record) ? record : Effect.succeed(record))))
}

describe("a key where a request belongs (S-05)", () => {
  for (const [name, ask] of Object.entries(ways)) {
    for (const [form, text] of Object.entries({
      plain: key,
      encoded: encodeURIComponent(`x/${key}`),
      base64: btoa(key)
    })) {
      it.effect(`a ${name} that holds a ${form} key of this process is refused, stored nowhere and sent nowhere`, () =>
        Effect.gen(function* () {
          Scrubber.ofProcess.learn(key)
          const asked = vendor()
          const error = yield* Effect.flip(ask(asked, text))
          assert.notInclude(JSON.stringify(error), key)
          const journal = yield* ScanJournal.ScanJournal
          assert.deepStrictEqual(yield* journal.list(states), [])
          assert.lengthOf(asked.ledger.submissions, 0)
          assert.lengthOf(asked.ledger.polls, 0)
        }).pipe(Effect.provide(Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)))
      )
    }
  }
})
