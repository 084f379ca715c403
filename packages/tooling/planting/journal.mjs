/**
 * Mistakes in the journal: what the database is asked, who holds what, and when.
 */

const sources = "packages/journal/src/**/*.ts"
const owners = "packages/journal/test/Ownership.test.ts"
const faults = "packages/journal/test/Faults.test.ts"
const every = "packages/journal/test/Suite.test.ts"
const versions = "packages/journal/test/Versions.test.ts"
const small = "packages/journal/test/SmallWrites.test.ts"
const clocks = "packages/journal/test/Clocks.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const journal = [
  {
    id: "journal-01",
    promise: "a step of the schema that was published is never changed: a constraint is loosened in step 2",
    in: sources,
    find: "learned_at DOUBLE PRECISION NOT NULL,",
    put: "learned_at DOUBLE PRECISION,",
    tests: [versions]
  },
  {
    id: "journal-02",
    promise: "a step of the schema that was published is never changed: an index leaves step 1",
    in: sources,
    find: "`CREATE INDEX scanpoll_claims_owner ON scanpoll_claims (owner)`,",
    put: "",
    tests: [versions]
  },
  {
    id: "journal-03",
    promise: "a shorter pause never replaces a longer one that another process stored",
    in: sources,
    find: "${until} = CASE WHEN ${stood} < excluded.${until} THEN excluded.${until} ELSE ${stood} END`)",
    put: "${until} = excluded.${until}`)",
    tests: [small],
    only: "shorter pause"
  },
  {
    id: "journal-04",
    promise: "a shorter pause never replaces a longer one of the same process that is not stored yet",
    in: sources,
    find: "if (!(until > (gathered.pauses.get(key)?.until ?? 0))) return",
    put: "",
    tests: [every],
    only: "longest pause"
  },
  {
    id: "journal-05",
    promise: "a process whose heartbeat comes between the look and the burial is not buried",
    in: sources,
    find: "WHERE owner_id = ${owner.owner_id} AND heartbeat_at + lease <= ${dialect.now} RETURNING owner_id`",
    put: "WHERE owner_id = ${owner.owner_id} RETURNING owner_id`",
    tests: [small],
    only: "burial"
  },
  {
    id: "journal-06",
    promise: "a waiting time that is told while an earlier one is being stored is stored too",
    in: sources,
    find: "if (this.waits.get(claimId) === wait) this.waits.delete(claimId)",
    put: "this.waits.delete(claimId)",
    tests: [small],
    only: "being committed"
  },
  {
    id: "journal-07",
    promise: "a pause that is told while an earlier one is being stored is stored too",
    in: sources,
    find: "if (this.pauses.get(key) === pause) this.pauses.delete(key)",
    put: "this.pauses.delete(key)",
    tests: [small],
    only: "being committed"
  },
  {
    id: "journal-08",
    promise: "a small write that comes during another one is made without waiting for a third",
    in: sources,
    find: "gathered.remove(batch) if (!gathered.isEmpty()) wake.openUnsafe()",
    put: "gathered.remove(batch)",
    tests: [small],
    only: "thousands"
  },
  {
    id: "journal-09",
    promise: "a machine that slept, so that the wall clock alone moved on, polls only after a heartbeat",
    in: sources,
    find: "return Math.max(now.steady - renewedAt.steady, Math.abs(now.wall - renewedAt.wall))",
    put: "return now.steady - renewedAt.steady",
    tests: [clocks],
    only: "wall clock alone"
  },
  {
    id: "journal-10",
    promise: "a process whose wall clock was set back while it was stopped polls only after a heartbeat",
    in: sources,
    find: "return Math.max(now.steady - renewedAt.steady, Math.abs(now.wall - renewedAt.wall))",
    put: "return Math.abs(now.wall - renewedAt.wall)",
    tests: [clocks],
    only: "steady clock alone"
  },
  {
    id: "journal-11",
    promise: "a request under way is cut when the lease has run out without a word from the database",
    in: sources,
    find: "Deferred.doneUnsafe(lapse, Effect.void) lapse = Deferred.makeUnsafe<void>() const lapsed = renewedAt",
    put: "lapse = Deferred.makeUnsafe<void>()\nconst lapsed = renewedAt",
    tests: [clocks],
    only: "under way"
  },
  {
    id: "journal-12",
    promise: "what a former holder says about its waiting time is refused",
    in: sources,
    find: "waited_at = v.column4, polled_until = NULL FROM (VALUES ${sql.csv(values)}) AS v WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`",
    put: "waited_at = v.column4, polled_until = NULL FROM (VALUES ${sql.csv(values)}) AS v WHERE claim_id = v.column1`",
    tests: [small],
    only: "former holder"
  },
  {
    id: "journal-13",
    promise: "of several answers to one request the newest is reused",
    in: sources,
    find: "ORDER BY CASE WHEN changed_at > ${latest} THEN 1 ELSE 0 END, changed_at DESC, claim_id DESC LIMIT 1`",
    put: "ORDER BY CASE WHEN changed_at > ${latest} THEN 1 ELSE 0 END, changed_at, claim_id LIMIT 1`",
    tests: [every],
    only: "newest is reused"
  },
  {
    id: "journal-14",
    promise: "an answer that is older than asked for is not reused",
    in: sources,
    find: "AND changed_at >= ${from} ORDER BY",
    put: "ORDER BY",
    tests: [every],
    only: "newest is reused",
    survives: "core's `answers` is asked about the newest row all the same; the statement only spares reading it"
  },
  {
    id: "journal-15",
    promise: "a ticket of another account or origin is not stored with a claim",
    in: sources,
    find: "if (!Account.equals(ticket, row.key)) {",
    put: "if (row.claimId === '') {",
    tests: [every],
    only: "another account"
  },
  {
    id: "journal-16",
    promise: "a typed ticket joins no claim of another origin",
    in: sources,
    find: "sql`scan_id = ${scanId} AND vendor = ${vendor} AND origin = ${origin} AND account = ${account}`",
    put: "sql`scan_id = ${scanId} AND vendor = ${vendor} AND account = ${account} AND ${origin} <> ''`",
    tests: [every],
    only: "another account"
  },
  {
    id: "journal-17",
    promise: "the known scans of an account are not those of another origin",
    in: sources,
    find: "AND origin = ${origin} AND account = ${account} AND scan_id IS NOT NULL`",
    put: "AND ${origin} <> '' AND account = ${account} AND scan_id IS NOT NULL`",
    tests: [every],
    only: "another account"
  },
  {
    id: "journal-18",
    promise: "a scan in doubt is not found in a claim of another account that has the same id",
    in: sources,
    find: "sql`scan_id = ${scanId} AND vendor = ${vendor} AND origin = ${origin} AND account = ${account}`",
    put: "sql`scan_id = ${scanId} AND vendor = ${vendor} AND origin = ${origin} AND ${account} <> ''`",
    tests: [every],
    only: "another account"
  },
  {
    id: "journal-19",
    promise: "a new journal file can be read by its owner alone from its first moment",
    in: sources,
    find: 'Fs.closeSync(Fs.openSync(path, "a", 0o600))',
    put: 'Fs.closeSync(Fs.openSync(path, "a", 0o644))',
    tests: [faults],
    only: "SE-08|a new file"
  },
  {
    id: "journal-20",
    promise: "a journal file that others may read is closed to them when it is opened",
    in: sources,
    find: "if ((Fs.statSync(file).mode & 0o077) !== 0) Fs.chmodSync(file, 0o600)",
    put: "",
    tests: [faults],
    only: "SE-08"
  },
  {
    id: "journal-21",
    promise: "lessons of a kind are forgotten beyond the last 256",
    in: sources,
    find: "AND kind = ${kind} ORDER BY learned_at DESC LIMIT 1 OFFSET ${ScanJournal.lessonsKept - 1})`",
    put: "AND kind = ${kind} ORDER BY learned_at DESC LIMIT 1 OFFSET ${ScanJournal.lessonsKept * 100})`",
    tests: [every],
    only: "taught"
  },
  {
    id: "journal-22",
    promise: "a server that lets nobody write is told as that, not as one that cannot be reached",
    in: sources,
    find: '"25006": "read-only",',
    put: "",
    tests: [faults],
    only: "lets nobody write"
  },
  {
    id: "journal-23",
    promise: "a claim that a living process holds is not given to another one",
    in: sources,
    find: "if (others.some((each) => each.owner_id === row.owner)) return { row, epoch: null }",
    put: "",
    tests: [owners],
    only: "DU-06|DU-16"
  },
  {
    id: "journal-24",
    promise: "a file that a newer version made is refused by its log too, and not a byte of it changes",
    in: sources,
    find: 'return typeof version === "number" && version > schemaVersion ? Effect.fail(errorOf("newer", path)) : Effect.void',
    put: "return Effect.void",
    tests: [faults],
    only: "DU-10"
  },
  {
    id: "journal-25",
    promise: "an unreadable row hides no other one from the history, however few are asked for",
    in: sources,
    find: "if (entry !== null) entries.push(entry) else {",
    put: "if (entry !== null) entries.push(entry)\n      else break\n      if (entry === null) {",
    tests: [faults],
    only: "hides no other|tampered"
  },
  {
    id: "journal-26",
    promise: "a scan of a free claim of another origin is not taken by a worker of this one",
    in: sources,
    find: "sql`(vendor = ${vendor} AND origin = ${origin} AND account = ${account})`",
    put: "sql`(vendor = ${vendor} AND account = ${account})`",
    tests: ["packages/cluster/test/Parts.test.ts"],
    only: "its own vendor, origin and account"
  },
  {
    id: "journal-27",
    promise: "a process that does not know whether its heartbeats arrived polls nothing",
    in: sources,
    find: "isFresh: () => age() < heartbeatEvery * 2,",
    put: "isFresh: () => age() < length * 1_000,",
    tests: [clocks],
    only: "before the database"
  },
  {
    id: "journal-28",
    promise: "a request that begins after its lease is over is cut at once",
    in: sources,
    find: "lapsed: Effect.suspend(() => (left() > 0 ? Deferred.await(lapse) : Effect.void)),",
    put: "lapsed: Effect.suspend(() => Deferred.await(lapse)),",
    tests: [clocks],
    only: "more than the lease"
  },
  {
    id: "journal-29",
    promise: "a lock of another process does not stop this one's event loop",
    in: sources,
    find: "export const busyTimeout = 25",
    put: "export const busyTimeout = 1_000",
    tests: [faults],
    only: "event loop|gives up on a lock"
  },
  {
    id: "journal-30",
    promise: "whether another process is gone is told by the database's clock, not by its own or ours",
    in: sources,
    find: "label, heartbeat_at + lease - ${dialect.now} AS remaining FROM scanpoll_owners`",
    put: "label, heartbeat_at + lease - ${Date.now() + 157680000000} AS remaining FROM scanpoll_owners`",
    tests: [clocks],
    only: "wrong by years"
  }
]
