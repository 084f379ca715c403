/** How open claims stand, which of them are listed, in which order and with which command. */
import type { ClaimEntry, LastFault } from "@scanpoll/core/engine/ScanJournal"
import * as Standing from "@scanpoll/journal/Standing"
import { assert, describe, it } from "vitest"
import * as Attention from "../src/commands/Attention.ts"

const now = 1_000_000

const entry = (claimId: string, other: Partial<ClaimEntry> = {}): ClaimEntry => ({
  claimId,
  key: { vendor: "acme", origin: "https://acme.test", account: "default", environment: "", fingerprint: claimId },
  subject: { kind: "url", id: "https://a.test/", name: "https://a.test/" },
  state: "submitted",
  ticket: null,
  notBefore: now + 5_000,
  outcome: null,
  reason: null,
  request: null,
  kind: null,
  prepared: null,
  endedAs: null,
  lastFault: null,
  heldBy: "worker a",
  claimedAt: 10,
  changedAt: 10,
  ...other
})

const fault = (stopped?: LastFault["stopped"]): LastFault => ({
  code: "E1",
  message: "said by the vendor",
  at: now - 1_000,
  by: "worker a",
  until: now + 60_000,
  ...(stopped === undefined ? {} : { stopped })
})

const all = [
  entry("clm_parked", { parkedAt: now - 1_000, heldBy: null, claimedAt: 11 }),
  entry("clm_waiting"),
  entry("clm_failing", { lastFault: fault(), claimedAt: 9 }),
  entry("clm_late", { notBefore: now - 6_000, claimedAt: 8 }),
  entry("clm_unowned", { heldBy: null, claimedAt: 7 }),
  entry("clm_resting", { lastFault: fault("not-found"), claimedAt: 6 }),
  entry("clm_denied", { lastFault: fault("denied"), claimedAt: 5 }),
  entry("clm_doubt", { state: "in-doubt", heldBy: null, claimedAt: 4 }),
  entry("clm_intent", { state: "intent", claimedAt: 3 })
]

const read = (typed: Partial<Attention.Typed>) =>
  Attention.read({ sort: null, state: null, only: null, ...typed }, ["acme", "other"])
const select = (typed: Partial<Attention.Typed>, entries: ReadonlyArray<ClaimEntry> = all) =>
  Attention.select(entries, read(typed).value, now, Standing.workersTakeAhead)

describe("what open scans need", () => {
  it("tells apart what is late, resting, refused, in doubt and polled by no process, by reason (D-02)", () => {
    const states = select({}).map(({ entry: { claimId }, standing }) => [claimId.slice(4), standing])
    assert.deepStrictEqual(states, [
      ["intent", "submitting"],
      ["doubt", "in-doubt"],
      ["denied", "denied"],
      ["resting", "resting"],
      ["unowned", "unowned"],
      ["late", "late"],
      ["failing", "failing"],
      ["waiting", "waiting"],
      ["parked", "parked"]
    ])
    const counts: Readonly<Record<string, number>> = Attention.counts(select({}))
    for (const standing of Standing.all) assert.strictEqual(counts[standing], 1, standing)
    // A free scan that no worker has to take yet is as it should be; without workers, no process polls it.
    const later = entry("clm_later", { heldBy: null, notBefore: now + 60 * 60_000 })
    assert.strictEqual(Standing.of(later, now, Standing.workersTakeAhead), "waiting")
    assert.strictEqual(Standing.of(later, now, Infinity), "unowned")
    // Once the time of the next poll has come, a scan that rested is an open one again.
    const over = entry("clm_over", { lastFault: fault("denied"), notBefore: now - 1 })
    assert.strictEqual(Standing.of(over, now, Infinity), "failing")
  })

  it("shows what --state and --only ask for in the order of --sort, and refuses what it does not know (D-02)", () => {
    const names = (typed: Partial<Attention.Typed>) => select(typed).map(({ entry: { claimId } }) => claimId.slice(4))
    assert.deepStrictEqual(names({ state: "late, denied" }), ["denied", "late"])
    assert.deepStrictEqual(names({ state: "denied,in-doubt", sort: "state" }), ["doubt", "denied"])
    assert.strictEqual(names({ sort: "due" })[0], "late")
    const other = entry("clm_other", {
      key: { vendor: "other", origin: "https://o.test", account: "eu", environment: "", fingerprint: "f" }
    })
    const only = (typed: string) => select({ only: typed }, [...all, other]).map(({ entry: { claimId } }) => claimId)
    assert.deepStrictEqual([only("other"), only("other@eu"), only("other@us")], [["clm_other"], ["clm_other"], []])
    for (const [typed, where] of [
      [{ state: "lat" }, "--state"],
      [{ state: "," }, "--state"],
      [{ sort: "size" }, "--sort"],
      [{ only: "acm" }, "--only"]
    ] as const) {
      assert.deepStrictEqual(
        read(typed).faults.map((one) => one.where),
        [where],
        JSON.stringify(typed)
      )
    }
    assert.strictEqual(read({ state: "x", sort: "y", only: "z" }).faults.length, 3)
  })

  it("names the plan in a command about an account that only a plan names (U-05)", () => {
    const second = { ...entry("clm_second"), key: { ...entry("x").key, account: "second" } }
    const ran = (plan: string | null, planDigest: string | null = "00") => ({ plan, planDigest })
    const runs = [ran(null), ran("a.yaml, b.yaml", null), ran("it's a plan.yaml"), ran("older.yaml")]
    const found = [entry("clm_first"), second]
    assert.strictEqual(Attention.planFor(null, runs)(found), ` --plan 'it'\\''s a plan.yaml'`)
    assert.deepStrictEqual(
      [Attention.planFor(null, runs)([entry("clm_first")]), Attention.planFor(null, [ran(null, null)])(found)],
      ["", ""]
    )
    assert.strictEqual(Attention.planFor("mine.yaml", runs)([]), " --plan mine.yaml")
    const planFor = Attention.planFor(null, [ran("scans.yaml")])
    const listing = { now, shown: 9, sorted: false, more: "", tail: " --journal j.db", poll: "", planFor }
    const doubt = { ...second, state: "in-doubt" as const, heldBy: null }
    const entries = new Map([[doubt.claimId, doubt]])
    const text = Attention.lines(select({}, [doubt]), { ...listing, entries }).join("")
    assert.include(text, "scanpoll reconcile clm_second --plan scans.yaml --journal j.db\n")
  })

  it("names the command to type below each, the most urgent first, and counts what it leaves out (D-02)", () => {
    const listing = {
      now,
      shown: 2,
      sorted: false,
      more: "scanpoll status -o json",
      tail: "",
      poll: "scanpoll worker",
      planFor: () => ""
    }
    const linesOf = (some: ReadonlyArray<ClaimEntry>) => {
      const open = select({}, some)
      const shown = new Set(Attention.shownIds(open, listing))
      const whole = new Map(some.filter(({ claimId }) => shown.has(claimId)).map((one) => [one.claimId, one]))
      return Attention.lines(open, { ...listing, entries: whole }).join("")
    }
    const text = linesOf(all)
    const titles = [...text.matchAll(/^([a-z ]+) \(1\)/gm)].map(([, title]) => title)
    assert.deepStrictEqual(titles, [
      "in doubt",
      "denied",
      "resting",
      "not polled",
      "late",
      "failing",
      "submitting",
      "parked",
      "waiting"
    ])
    for (const command of ["reconcile clm_doubt", "wait clm_denied", "wait clm_resting", "wait clm_late", "worker"]) {
      assert.include(text, `scanpoll ${command}\n`)
    }
    assert.include(text, "said by the vendor")
    const many = Array.from({ length: 5 }, (_, n) => entry(`clm_d${n}`, { state: "in-doubt", heldBy: null }))
    const bounded = linesOf(many)
    assert.include(bounded, "and 3 more: scanpoll status -o json\n")
    assert.strictEqual(bounded.match(/scanpoll reconcile/g)?.length, 2)
  })

  it("needs a person for a doubt, a refused key, a rest and a scan that no process polls, and for nothing else (D-02)", () => {
    assert.deepStrictEqual(Standing.all.filter(Standing.needsPerson), ["in-doubt", "denied", "resting", "unowned"])
  })
})
