import { assert, describe, it } from "@effect/vitest"
import * as Exit from "effect/Exit"
import * as Progress from "../../../src/engine/internal/progress.ts"
import * as Record from "../../../src/engine/internal/record.ts"
import { JournalError } from "../../../src/engine/ScanJournal.ts"
import { request } from "../../../src/engine/Scans.ts"
import { PollStopped } from "../../../src/model/PollStopped.ts"
import * as SubmitError from "../../../src/model/SubmitError.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const vendor = Conversation.make()
const wanted = request(vendor.adapter, "acme")
const ticket = vendor.ticket("x")
const begun = (change: (progress: Progress.Progress<Conversation.Payload>) => void = () => undefined) => {
  const progress = Progress.make<Conversation.Payload>(wanted)
  change(progress)
  return progress
}
const bought = begun((progress) => Progress.recordTicket(progress, "c1", ticket))
const inDoubt = begun((progress) => {
  progress.inDoubt = { code: "in-doubt", message: "no answer", advice: null, requestId: null }
})

describe("the verdict on a request", () => {
  it("is its outcome, even where the run ended before the request returned", () => {
    const progress = begun((one) => Progress.recordOutcome(one, Conversation.completed(ticket)))
    assert.strictEqual(Record.verdict(progress, null, "interrupted").state, "completed")
  })

  it.each([
    ["nothing was begun", begun(), "interrupted", "not-started"],
    ["nothing was begun in time", begun(), "timeout", "not-started"],
    ["the scan was bought", bought, "interrupted", "interrupted"],
    ["the scan was bought and time ran out", bought, "timeout", "still-running"],
    ["a submission had no answer", inDoubt, "interrupted", "in-doubt"]
  ] as const)("says what is left of a request that was cut off when %s", (_, progress, ending, state) => {
    assert.strictEqual(Record.verdict(progress, null, ending).state, state)
  })

  it.each([
    ["Refused", "refused"],
    ["Denied", "refused"],
    ["InDoubt", "in-doubt"],
    ["NotSent", "not-started"],
    ["Throttled", "not-started"]
  ] as const)("follows from a submission that ended %s", (kind, state) => {
    const error = SubmitError.make({ kind, code: "e", message: "no" })
    assert.strictEqual(Record.verdict(begun(), Exit.fail(error), "interrupted").state, state)
  })

  it("blames the key for a wait that ended denied, and the journal for what it could not write", () => {
    const denied = new PollStopped({ ticket, reason: "denied", polls: 1, last: null, notBefore: 0 })
    assert.strictEqual(Record.verdict(bought, Exit.fail(denied), "interrupted").because, "credential")
    const full = new JournalError({ reason: "full", message: "disk full" })
    assert.deepInclude(Record.verdict(bought, Exit.fail(full), "interrupted"), {
      state: "interrupted",
      because: "journal"
    })
  })

  it("says of a defect that there was one, and not what it said", () => {
    const { because, reason } = Record.verdict(bought, Exit.die(new Error("sk-live-1234")), "interrupted")
    assert.strictEqual(because, "defect")
    assert.notInclude(reason?.message ?? "", "sk-live-1234")
  })
})
