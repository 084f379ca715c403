import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { inside } from "../support/inside.ts"
import { jsonOf } from "../support/reportText.ts"

const subject = { kind: "url" as const, id: "https://a.example/", name: "https://a.example/" }

const ticket = ScanTicket.make({
  vendor: "appvet",
  origin: "https://appvet.example",
  account: "default",
  scanId: "scan_1",
  submittedAt: 0
})

const report = (scanType: string, ...rules: ReadonlyArray<string>): Effect.Effect<string> => {
  const outcome = ScanOutcome.makeCompleted<unknown>({
    ticket,
    vendorStatus: "completed",
    assessment: { severity: "medium", vendorSeverity: "D", compliance: null, score: null },
    payload: null,
    findings: {
      coverage: "full",
      total: rules.length,
      items: rules.map((ruleId) => ({
        findingId: `appvet:${ruleId}`,
        ruleId,
        title: ruleId,
        description: null,
        severity: "high",
        vendorSeverity: null,
        status: "unknown",
        resource: null,
        remediation: null,
        references: []
      }))
    }
  })
  const made = ScanReport.fromRecords(
    [
      {
        index: 0,
        claimId: "clm_1",
        vendor: "appvet",
        account: "default",
        subject,
        ticket,
        state: "completed",
        outcome,
        reason: null,
        because: "outcome",
        submittedAt: 0,
        observedAt: 1_000,
        polls: 1,
        progress: null,
        notBefore: null,
        reused: false,
        ageMs: null,
        warnings: []
      }
    ],
    { version: "0.0.0", id: "run_1", startedAt: 0, finishedAt: 1_000, plan: null, row: () => ({ scanType }) }
  )
  return jsonOf(made)
}

const open = Effect.fnUntraced(function* (texts: Readonly<Record<string, string>>) {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  for (const [name, text] of Object.entries(texts)) yield* files.writeFileString(`${folder}/${name}`, text)
  return {
    at: (name: string) => `${folder}/${name}`,
    text: (name: string) => files.readFileString(`${folder}/${name}`),
    write: (...rest: ReadonlyArray<string>) =>
      inside(["baseline", "write", `${folder}/known.json`, ...rest], {
        environment: { USER: "ada", SCANPOLL_JOURNAL: "memory:" }
      })
  }
})

describe("baseline write", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("written again without a reason keeps who accepted what, why and until when (V-14)", () =>
      Effect.gen(function* () {
        const { at, text, write } = yield* open({ "run.json": yield* report("security", "csp", "hsts") })
        const first = yield* write(
          "--from",
          at("run.json"),
          "--reason",
          "accepted",
          "--until",
          "2999-01-31",
          "--assessments"
        )
        assert.include(first.err, "2 findings; 3 accepted")
        const before = yield* text("known.json")
        assert.strictEqual(before.match(/"reason": "accepted"/g)?.length, 3)
        assert.strictEqual(before.match(/"by": "ada"/g)?.length, 3)
        yield* write("--from", at("run.json"))
        assert.strictEqual(yield* text("known.json"), before)
      })
    )

    it.effect("lets accepted findings and an accepted assessment break no gate (V-07)", () =>
      Effect.gen(function* () {
        const { at, write } = yield* open({ "run.json": yield* report("security", "csp") })
        const held = () => inside(["report", at("run.json"), "--baseline", at("known.json"), "--fail-on", "low"])
        yield* write("--from", at("run.json"), "--reason", "accepted")
        assert.include((yield* held()).out, "FAILED  fail-on low: 1 scan is low or worse\n    MEDIUM")
        yield* write("--from", at("run.json"), "--reason", "accepted", "--assessments")
        const { failure, out } = yield* held()
        assert.isNull(failure ?? null, out)
      })
    )

    it.effect("refuses a past date, a date that is none and a missing --from in words, all at once (V-14)", () =>
      Effect.gen(function* () {
        const { at, write } = yield* open({ "run.json": yield* report("security", "csp") })
        const past = yield* write("--from", at("run.json"), "--reason", "x", "--until", "1969-12-24")
        assert.include(past.err, "in the past")
        const none = yield* write("--reason", "x", "--until", "2027-02-30")
        assert.include(none.err, "must be a day such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z")
        assert.include(none.err, "the journal has no complete run")
        assert.notInclude(none.err, "RegExp")
      })
    )

    it.effect("does not write over decisions it cannot read, nor over a report of another shape (V-14)", () =>
      Effect.gen(function* () {
        const { at, text, write } = yield* open({
          "run.json": yield* report("security", "csp"),
          "known.json": "<<<<<<< mine"
        })
        assert.include((yield* write("--from", at("run.json"))).err, "would be lost")
        assert.strictEqual(yield* text("known.json"), "<<<<<<< mine")
        const saved = yield* report("security", "csp")
        const over = yield* open({ "run.json": saved, "known.json": saved })
        assert.include((yield* over.write("--from", over.at("run.json"))).err, "is a report, not a baseline")
        assert.strictEqual(yield* over.text("known.json"), saved)
      })
    )

    it.effect("a baseline that matches nothing, and entries that match nothing, are warned of (V-14)", () =>
      Effect.gen(function* () {
        const texts = {
          "run.json": yield* report("security", "csp"),
          "seo.json": yield* report("seo", "t"),
          "less.json": yield* report("security")
        }
        const { at, write } = yield* open(texts)
        yield* write("--from", at("run.json"), "--reason", "accepted")
        const held = (name: string) => inside(["report", at(name), "--baseline", at("known.json")])
        assert.include((yield* held("seo.json")).err, "matches no scan of this run")
        assert.include((yield* held("less.json")).err, "accepts 1 entry that this run does not have")
        assert.notInclude((yield* held("run.json")).err, "warning")
      })
    )
  })
})
