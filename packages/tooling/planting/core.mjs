/**
 * Mistakes in the core: when it polls, when it stops, what it buys, and what an answer does to the account.
 */

const policy = "packages/core/src/policy/*.ts"
const engine = "packages/core/src/engine/**/*.ts"
const http = "packages/core/src/http/**/*.ts"
const model = "packages/core/src/model/**/*.ts"
const decision = "packages/core/test/policy/Decision.test.ts"
const poller = "packages/core/test/engine/Poller.test.ts"
const budget = "packages/core/test/engine/RateBudget.test.ts"
const scans = "packages/core/test/engine/Scans.test.ts"
const reuse = "packages/core/test/engine/Reuse.test.ts"
const resume = "packages/core/test/engine/Resume.test.ts"
const evidence = "packages/core/test/engine/Evidence.test.ts"
const says = "packages/core/test/engine/VendorSays.test.ts"
const purchase = "packages/core/test/engine/Purchase.test.ts"
const joins = "packages/core/test/engine/Joins.test.ts"
const open = "packages/core/test/engine/OpenScans.test.ts"
const retryAfter = "packages/core/test/http/RetryAfter.test.ts"
const status = "packages/core/test/http/StatusClass.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const core = [
  {
    id: "core-01",
    promise: "throttling does not end a row of faults",
    in: policy,
    find: `case "Throttled": case "Denied": return case "Transient": state.faultsInARow += 1`,
    put: `case "Throttled": case "Denied": state.faultsInARow = 0
      return
    case "Transient":
      state.faultsInARow += 1`,
    tests: [decision]
  },
  {
    id: "core-02",
    promise: "the floor holds also where the vendor's own is the longer one",
    in: policy,
    find: "Math.ceil(Math.max(Waits.millis(policy.floor), Waits.millis(limits.floor)))",
    put: "Math.ceil(Waits.millis(policy.floor))",
    tests: [decision, poller]
  },
  {
    id: "core-03",
    promise: "a wait longer than the pace is obeyed when the vendor asks for it",
    in: policy,
    find: "if (now + hint > until) {",
    put: "if (state.faultsInARow > 0 && now + hint > until) {",
    tests: [decision, poller]
  },
  {
    id: "core-04",
    promise: "a healthy answer cannot ask for the long pause of a vendor in trouble",
    in: policy,
    find: `throttled || fault?.kind === "Transient" ? limits.pauseCap : limits.hintCap`,
    put: "limits.pauseCap",
    tests: [decision, poller]
  },
  {
    id: "core-05",
    promise: "time in the queue of the budget does not shorten the deadline",
    in: policy,
    find: "state.startedAt + state.credit + Math.ceil(Waits.millis(policy.deadline))",
    put: "state.startedAt + Math.ceil(Waits.millis(policy.deadline))",
    tests: [decision, poller]
  },
  {
    id: "core-06",
    promise: "a scan that was seen is not called missing by one 404",
    in: policy,
    find: "if (state.everSeen) return state.missingInARow > missingAfterSeen",
    put: "if (state.everSeen) return true",
    tests: [decision, poller]
  },
  {
    id: "core-07",
    promise: "one last poll is made at the deadline, not after it",
    in: policy,
    find: `if (earliest <= deadlineAt && now < deadlineAt) return { _tag: "Wait", until: deadlineAt, because: "deadline" }`,
    put: "",
    tests: [decision]
  },
  {
    id: "core-08",
    promise: "the last poll at the deadline does not cut short what the vendor asked for",
    in: policy,
    find: "const earliest = Math.max(now + floor, now + hint, pausedUntil)",
    put: "const earliest = Math.max(now + floor, pausedUntil)",
    tests: [decision, poller]
  },
  {
    id: "core-09",
    promise: "when a stopped wait says how long to leave the vendor alone, a pause of the account counts",
    in: policy,
    find: `const reason = fault === null ? "pace-ended" : reasonOf(fault) return { _tag: "Stop", reason, notBefore: Math.max(now + Math.max(floor, hint), pausedUntil) }`,
    put: `const reason = fault === null ? "pace-ended" : reasonOf(fault)
    return { _tag: "Stop", reason, notBefore: now + Math.max(floor, hint) }`,
    tests: [decision]
  },
  {
    id: "core-10",
    promise: "of two Retry-After values the longer one counts",
    in: http,
    find: "if (wait !== null && (longest === null || wait > longest)) longest = wait",
    put: "if (wait !== null && longest === null) longest = wait",
    tests: [retryAfter]
  },
  {
    id: "core-11",
    promise: "an HTTP date in Retry-After is not cut in two at its comma",
    in: http,
    find: "if (next !== undefined && dayName.test(trim(part))) {",
    put: "if (next !== undefined && part === next) {",
    tests: [retryAfter]
  },
  {
    id: "core-12",
    promise: "a submission that timed out at the vendor is in doubt, not refused",
    in: http,
    find: "isRefusal(status) && vendorShaped",
    put: "status >= 400 && status < 500 && vendorShaped",
    tests: [status]
  },
  {
    id: "core-13",
    promise: "an error page of a proxy does not refuse a submission",
    in: http,
    find: "isRefusal(status) && vendorShaped",
    put: "status >= 400 && status < 500 && status !== 408",
    tests: [status, "packages/core/test/http/VendorHttp.test.ts"]
  },
  {
    id: "core-14",
    promise: "a shorter pause never replaces a longer one",
    in: engine,
    find: "else this.pausedTill = Math.max(this.pausedTill, until)",
    put: "else this.pausedTill = until",
    tests: [budget]
  },
  {
    id: "core-15",
    promise: "answers that overtake each other do not give turns back",
    in: engine,
    find: "known.left = Math.min(known.left, left)",
    put: "known.left = left",
    tests: [budget]
  },
  {
    id: "core-16",
    promise: "a vendor that says nothing is left until 2100 does not freeze the account",
    in: engine,
    find: "Math.min(resetAt, now + longestBlock)",
    put: "resetAt",
    tests: [budget]
  },
  {
    id: "core-17",
    promise: "a turn that was given back is free for others",
    in: engine,
    find: "if (at >= 0) this.grants.splice(at, 1)",
    put: "",
    tests: [budget]
  },
  {
    id: "core-18",
    promise: "whoever leaves the queue at the moment of its turn gives the turn back",
    in: engine,
    find: "else this.undo(waiter.kind, waiter.grant)",
    put: "",
    tests: [budget]
  },
  {
    id: "core-19",
    promise: "the lane that was served goes to the end of the line",
    in: engine,
    find: "this.order.shift() this.order.push(lane)",
    put: "",
    tests: ["packages/core/test/engine/Lanes.test.ts", budget]
  },
  {
    id: "core-20",
    promise: "a scan that nobody follows counts as open until it has surely ended",
    in: engine,
    find: "if (this.limits.openScans !== null) this.unfollowedUntil.set(scanId, until)",
    put: "",
    tests: [open, budget]
  },
  {
    id: "core-21",
    promise: "a pause that a vendor asked for is stored, and holds after a restart",
    in: engine,
    find: "journal.paused(account, until, kind)",
    put: "",
    tests: [resume, says, scans]
  },
  {
    id: "core-22",
    promise: "a stored pause holds for no longer than the cap that made it",
    in: engine,
    find: "const until = Waits.storedUntil(pause.until, pause.at ?? null, now, Duration.toMillis(limits.pauseCap))",
    put: "const until = Waits.storedUntil(pause.until, pause.at ?? null, now)",
    tests: [resume, says, scans]
  },
  {
    id: "core-23",
    promise: "a key that works again after a refusal is not counted as refused",
    in: engine,
    find: "else if (answer.kind === undefined) budget.proven()",
    put: "",
    tests: [says]
  },
  {
    id: "core-24",
    promise: "a request that holds a key of this process is refused before anything is stored or sent",
    in: engine,
    find: "if (misplaced.length > 0) {",
    put: "if (misplaced.length > 99) {",
    tests: ["packages/core/test/engine/MisplacedKeys.test.ts"]
  },
  {
    id: "core-25",
    promise: "a submission of which no byte left us is tried again three times at most",
    in: engine,
    find: "!error.permanent && ++notSent < submitTries",
    put: "!error.permanent && ++notSent < 100",
    tests: [purchase, scans]
  },
  {
    id: "core-26",
    promise: "a wish that asks for a new scan is not answered from the journal",
    in: engine,
    find: "return Math.max(run.reuseFrom, settledSince(run.startedAt, maxAge))",
    put: "return Duration.toMillis(maxAge) === 0 ? run.reuseFrom : Math.max(run.reuseFrom, settledSince(run.startedAt, maxAge))",
    tests: [reuse]
  },
  {
    id: "core-27",
    promise: "findings that could not be fetched are called unavailable, not empty",
    in: engine,
    find: `answer.permanent || answer.kind === "Denied" || tried >= collectTries) { return withoutFindings(outcome, answer.code, answer)`,
    put: `answer.permanent || answer.kind === "Denied" || tried >= collectTries) {
        return outcome`,
    tests: [evidence]
  },
  {
    id: "core-28",
    promise: "a stored ticket is not followed with the key of another account",
    in: engine,
    find: "if (!Account.equals(ticket, job.request.adapter)) {",
    put: "if (ticket.vendor !== job.request.adapter.vendor) {",
    tests: [resume, "packages/core/test/engine/Pieces.test.ts", scans]
  },
  {
    id: "core-29",
    promise: "one denial of a key is told in one log line",
    in: engine,
    find: "base.denials() === denialsBefore + 1",
    put: "base.denials() >= denialsBefore + 1",
    tests: [says, scans, "packages/core/test/engine/Telemetry.test.ts"]
  },
  {
    id: "core-30",
    promise: "those who wait for the scan of another request are told when it ends",
    in: engine,
    find: "table.delete(scanId) Deferred.doneUnsafe(mine.done, Effect.succeed(said))",
    put: "table.delete(scanId)",
    tests: [joins]
  },
  {
    id: "core-31",
    promise: "the first poll of a claim whose owner is gone comes a floor after the owner's last possible poll",
    in: engine,
    find: "Math.max(stored, Math.ceil(Math.min(polledUntil, now) + floor))",
    put: "stored",
    tests: [resume, "packages/core/test/engine/Pieces.test.ts", "packages/journal/test/Ownership.test.ts"]
  },
  {
    id: "core-32",
    promise: "a purchase of an equal request that is in doubt is never made",
    in: engine,
    find: `return yield* Recall.inDoubt(job, standing.claimId) case "Busy": awaited = standing.claimId`,
    put: `break
        case "Busy":
          awaited = standing.claimId`,
    tests: [purchase, scans, reuse]
  },
  {
    id: "core-33",
    promise: "an unknown severity does not pass a gate at critical",
    in: model,
    find: `self === "unknown" || ranks[self] >= ranks[threshold]`,
    put: "ranks[self] >= ranks[threshold]",
    tests: ["packages/core/test/model/model.test.ts", "packages/report/test/Gate.test.ts"]
  },
  {
    id: "core-34",
    promise: "a poll runs in its own caller's asynchronous context",
    in: engine,
    find: "AsyncContext.inside(this.around, this.act, this, now)",
    put: "this.act(now)",
    tests: ["packages/core/test/engine/AsyncContext.test.ts"]
  },
  {
    id: "core-35",
    promise: "a process that dies while its submission is prepared leaves no doubt",
    in: engine,
    find: "yield* keep(Doubt.preparing)",
    put: "yield* Effect.void",
    tests: ["packages/core/test/engine/Prepare.test.ts"]
  }
]
