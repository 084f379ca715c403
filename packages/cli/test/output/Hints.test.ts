import { assert, describe, it } from "@effect/vitest"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Result from "effect/Result"
import { execFileSync } from "node:child_process"
import process from "node:process"
import type { SettingName } from "scanpoll/config/Setting"
import * as Hints from "scanpoll/output/Hints"

const typed = (words: ReadonlyArray<string>, flags: { readonly [K in SettingName]?: ReadonlyArray<string> } = {}) => {
  const text = flags.journal?.at(-1)
  const value = text === undefined ? null : Result.getOrElse(JournalAddress.parse(text), () => null)
  const source = text === undefined ? ("default" as const) : ("flag" as const)
  const settings = { journal: { value, texts: flags.journal ?? [], shown: "", source, where: "" } }
  return Hints.runLine({ settings, plan: words[0] ?? null, flags, typed: null }, { words, flags })
}

const ticket = ScanTicket.make({
  vendor: "appvet",
  origin: "https://appvet.dev",
  account: "default",
  scanId: "scan_1",
  submittedAt: 0
})

const open: ScanRecord = {
  index: 0,
  claimId: null,
  vendor: "appvet",
  account: "default",
  subject: { kind: "url", id: "x", name: "x" },
  ticket,
  state: "still-running",
  outcome: null,
  reason: null,
  because: "stop",
  submittedAt: 0,
  observedAt: 0,
  polls: 1,
  progress: null,
  notBefore: null,
  reused: false,
  ageMs: null,
  warnings: []
}

const said = ScanOutcome.makeCompleted({
  ticket,
  vendorStatus: "done",
  assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
  payload: null
})

const ended = (outcome: ScanOutcome.ScanOutcome<unknown>): ScanRecord => ({
  ...open,
  state: "completed",
  because: "outcome",
  outcome
})

describe("a command to type next", () => {
  for (const word of ["a b", "it's", "$HOME", "`id`", "a\\b", 'a"b', "*", "~", "ä", "", "#x", "a;b", "a&b", "!x"]) {
    it(`has the word ${JSON.stringify(word)} as a shell reads it back (V-08)`, () => {
      const back = execFileSync("sh", ["-c", `printf %s ${ShellWord.quote(word)}`], { encoding: "utf8" })
      assert.strictEqual(back, word)
    })
  }

  it("shows nothing of a word that a terminal would obey (V-08)", () => {
    const word = ShellWord.quote("a\u001b]0;x\u0007\n'b\u202e")
    assert.notMatch(word, /\p{C}/u)
    // A machine may have no UTF-8 locale, which is what a build runner often starts with.
    for (const locale of ["C", "C.UTF-8"]) {
      assert.strictEqual(
        execFileSync("bash", ["-c", `printf %s ${word}`], {
          encoding: "utf8",
          env: { ...process.env, LC_ALL: locale }
        }),
        "a\u001b]0;x\u0007\n'b\u202e"
      )
    }
  })

  it("repeats every flag that was given, switches and values that begin with a dash among them (V-08)", () => {
    const flags = {
      failOn: ["high"],
      minScore: ["appvet=50", "60"],
      quiet: ["true"],
      exitZero: ["false"],
      baseline: ["-b"]
    }
    const line = typed(["my plan.yaml"], flags)
    for (const part of ["'my plan.yaml'", "--fail-on high", "--min-score appvet=50 --min-score 60", "--baseline=-b"]) {
      assert.include(line, part)
    }
    assert.match(line, /--quiet(?!=)/)
    assert.include(line, "--no-exit-zero")
  })

  it("repeats a journal's address, and never one that may hold a password (V-08)", () => {
    assert.include(typed(["p.yaml"], { journal: ["my journal.db"] }), "--journal 'my journal.db'")
    assert.include(typed(["p.yaml"], { journal: ["postgres://me@db/scans"] }), "--journal postgres://me@db/scans")
    for (const secret of ["postgres://me:hunter2@db/scans", "postgres://me@db/scans?password=hunter2"]) {
      const line = typed(["p.yaml"], { journal: [secret] })
      assert.notInclude(line, "hunter2")
      assert.notInclude(line, "--journal")
    }
  })

  it("waits for open scans without the flags that only a run knows (U-05)", () => {
    const flags = { journal: ["memory:"], maxPurchases: ["5"], targets: ["t.csv"], targetsAs: ["appvet"], var: ["A=b"] }
    const value = Result.getOrElse(JournalAddress.parse("memory:"), () => null)
    const settings = { journal: { value, texts: ["memory:"], shown: "", source: "flag" as const, where: "" } }
    const context = { settings, plan: "p.yaml", run: "run_1", flags, typed: { words: ["p.yaml"], flags } }
    assert.deepStrictEqual(Hints.hints([open], context).slice(1), [
      "  scanpoll wait --plan p.yaml appvet:scan_1 --journal memory:"
    ])
    assert.deepStrictEqual(Hints.hints([open], { ...context, typed: null }).slice(1), [
      "  scanpoll wait --plan p.yaml appvet:scan_1 --journal memory:"
    ])
  })

  it("asks again about what only a new answer can bring, which no end of the run does (V-11, V-08)", () => {
    const settings = { journal: { value: null, texts: [], shown: "", source: "default" as const, where: "" } }
    const context = {
      settings,
      plan: "p.yaml",
      run: "run_1",
      flags: { failOn: ["high"] },
      typed: { words: ["p.yaml"], flags: {} }
    }
    const other = ended(ScanOutcome.withoutEvidence(said, "the answer is about another site"))
    const asked = "  scanpoll wait --plan p.yaml appvet:scan_1 --fresh --fail-on high"
    assert.deepStrictEqual(Hints.hints([other], context).slice(1), [asked])
    assert.deepStrictEqual(
      Hints.hints([open, other], context).filter((line) => line.startsWith("  scanpoll")),
      ["  scanpoll run --continue run_1", asked]
    )
    // Findings by a call of their own are fetched by every wait; others come with the answer.
    const lacks = ended(ScanOutcome.withoutFindings(said, "the findings could not be fetched"))
    const hintsOf = (collects: boolean) => Hints.hints([lacks], { ...context, collects: () => collects })[1]
    assert.deepStrictEqual([hintsOf(true), hintsOf(false)], ["  scanpoll run --continue run_1", asked])
  })
})
