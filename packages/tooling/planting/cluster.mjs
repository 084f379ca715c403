/**
 * Mistakes in the cluster: workers and what they hold, and the budget that many processes share.
 */

const sources = "packages/cluster/src/**/*.ts"
const budget = "packages/cluster/test/SharedBudget.test.ts"
const parts = "packages/cluster/test/Parts.test.ts"
const worker = "packages/cluster/test/Worker.test.ts"
const machines = "packages/cluster/test/Machines.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const cluster = [
  {
    id: "cluster-01",
    promise: "a worker that is frozen past its lease loses its scans",
    in: sources,
    find: 'SqlJournal.makeShared({ lease: settings.lease, presence: "lease", outage: "1 hour",',
    put: 'SqlJournal.makeShared({ lease: settings.lease, outage: "1 hour",',
    tests: [machines],
    only: "frozen"
  },
  {
    id: "cluster-02",
    promise: "a key that the vendor revoked is not asked with in a loop",
    in: sources,
    find: 'case "unreachable": case "denied": case "journal": return minute',
    put: 'case "denied": return 0\n    case "unreachable":\n    case "journal":\n      return minute',
    tests: [worker],
    only: "revoked"
  },
  {
    id: "cluster-03",
    promise: "a slice is given up only when its scans are free",
    in: sources,
    find: 'return Effect.andThen(keeper.stop, Effect.timeoutOption(journal.flushed, "3 seconds"))',
    put: "return keeper.stop",
    tests: [worker],
    only: "gives up a slice"
  },
  {
    id: "cluster-04",
    promise: "a claim of an account's other environment is left free for a worker that has that environment",
    in: sources,
    find: "if (adapter === undefined) journal.waiting(claimId, (yield* SteadyClock.now) + 15 * minute) journal.leave(claimId)",
    put: "if (adapter === undefined) journal.waiting(claimId, (yield* SteadyClock.now) + 15 * minute)",
    tests: [worker],
    only: "other environment"
  },
  {
    id: "cluster-05",
    promise: "a waiter that is interrupted after its turn was granted gives it back",
    in: sources,
    find: "else this.takeBack(waiter.kind, waiter.grant)",
    put: "",
    tests: [budget],
    only: "just being interrupted"
  },
  {
    id: "cluster-06",
    promise: "a machine that slept, so that the wall clock alone moved on, uses no turn without asking again",
    in: sources,
    find: "return steady - this.known.steady < this.lease && Math.abs(wall - this.known.wall) < this.lease",
    put: "return steady - this.known.steady < this.lease",
    tests: [budget],
    only: "clock alone"
  },
  {
    id: "cluster-07",
    promise: "a process whose wall clock was set back uses no turn past its lease",
    in: sources,
    find: "return steady - this.known.steady < this.lease && Math.abs(wall - this.known.wall) < this.lease",
    put: "return Math.abs(wall - this.known.wall) < this.lease",
    tests: [budget],
    only: "clock alone"
  },
  {
    id: "cluster-08",
    promise: "the limit holds where the database's clock is set back and put right",
    in: sources,
    find: "const said = was.now + (at - (was.clock ?? was.now))",
    put: "const said = Math.max(at, was.now)",
    tests: [budget],
    only: "database's clock"
  },
  {
    id: "cluster-09",
    promise: "a shorter pause told later does not replace a longer one",
    in: sources,
    find: "pausedUntil: Math.max(was.pausedUntil, report.pausedFor > 0 ? now + report.pausedFor : 0),",
    put: "pausedUntil: report.pausedFor > 0 ? now + report.pausedFor : was.pausedUntil,",
    tests: [budget],
    only: "shorter pause"
  },
  {
    id: "cluster-10",
    promise: "a submission that was not sent gives back its place among the open scans",
    in: sources,
    find: "this.handingOver.pop() this.remove()",
    put: "this.handingOver.pop()",
    tests: [budget],
    only: "was not sent"
  },
  {
    id: "cluster-11",
    promise: "a turn that was given back can be used again",
    in: sources,
    find: 'if (isCounted) this.turns += 1 if (kind === "submit") this.starts += 1',
    put: "",
    tests: [budget],
    only: "made no request|being interrupted"
  },
  {
    id: "cluster-12",
    promise: "a process with nothing to do returns what it was granted and did not use",
    in: sources,
    find: "if (isLeaving || isIdle) hand.drop()",
    put: "if (isLeaving) hand.drop()",
    tests: [budget],
    only: "made no request"
  },
  {
    id: "cluster-13",
    promise: "what a client bought is free for the workers at once",
    in: sources,
    find: "SqlJournal.make({ ...others, polls: false })",
    put: "SqlJournal.make({ ...others })",
    tests: [parts],
    only: "free at once"
  },
  {
    id: "cluster-14",
    promise: "scans of a client are not counted twice, by it and by the worker that polls them",
    in: sources,
    find: "return this.polls ? this.loaded : 0",
    put: "return this.loaded",
    tests: [budget],
    only: "and not twice"
  },
  {
    id: "cluster-15",
    promise: "two workers with one name do not run at the same time",
    in: sources,
    find: "if (alive.some((worker) => worker.name === name)) {",
    put: "if (false) {",
    tests: [parts],
    only: "names the living"
  },
  {
    id: "cluster-16",
    promise: "the limit holds where the database's clock is set forward: a process's own steady clock bounds it",
    in: sources,
    find: "const now = Math.max(was.now, said <= most ? said : least)",
    put: "const now = Math.max(was.now, said)",
    tests: [budget],
    only: "database's clock"
  },
  {
    id: "cluster-17",
    promise: "a process that is new believes no jump of the database's clock where others hold turns",
    in: sources,
    find: "if (!isDoubtful) return { now: Math.max(was.now, said), lost }",
    put: "if (!isDoubtful || at > 0) return { now: Math.max(was.now, said), lost }",
    tests: [budget],
    only: "database's clock"
  },
  {
    id: "cluster-18",
    promise: "time that the books once lost is not caught up with by a process that was away meanwhile",
    in: sources,
    find: "const kept = known.seen - (was.lost - known.lost)",
    put: "const kept = known.seen",
    tests: [budget],
    only: "database's clock"
  },
  {
    id: "cluster-19",
    promise: "a turn of a process that was killed counts until its request cannot arrive any more",
    in: sources,
    find: "until: now + rules.lease + rules.silence,",
    put: "until: now,",
    tests: [budget],
    only: "one that is killed"
  },
  {
    id: "cluster-20",
    promise: "a process that ends returns what it was granted and did not use",
    in: sources,
    find: "if (isLeaving || isIdle) hand.drop()",
    put: "if (isIdle) hand.drop()",
    tests: [budget],
    only: "a process that ends has not used"
  }
]
