import type { ScanEvent, ScanEventKind } from "@scanpoll/core/engine/ScanEvent"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { assert, describe, it } from "@effect/vitest"
import * as CliOutput from "effect/cli/CliOutput"
import * as Option from "effect/Option"
import * as Board from "scanpoll/progress/Board"
import * as Progress from "scanpoll/progress/Progress"
import * as Rows from "scanpoll/progress/Rows"

const ticket = ScanTicket.make({
  vendor: "appvet",
  origin: "https://appvet.dev",
  account: "default",
  scanId: "scan_1",
  submittedAt: 0
})

const event = (kind: ScanEventKind, index = 0, name = "https://example.com/"): ScanEvent => ({
  ...kind,
  index,
  at: 1_000,
  vendor: "appvet",
  account: "default",
  subject: { kind: "url", id: name, name },
  claimId: null,
  ticket: kind._tag === "Queued" ? null : ticket
})

const polled = (fraction: number): ScanEventKind => ({
  _tag: "Polled",
  seen: Observation.pending("running", Option.some({ fraction, done: null, total: null })),
  polls: 1,
  first: true
})

const record = (fields: Partial<ScanRecord>): ScanRecord => ({
  index: 0,
  claimId: null,
  vendor: "appvet",
  account: "default",
  subject: { kind: "url", id: "x", name: "x" },
  ticket,
  state: "completed",
  outcome: null,
  reason: null,
  because: "outcome",
  submittedAt: 0,
  observedAt: 9_000,
  polls: 3,
  progress: null,
  notBefore: null,
  reused: false,
  ageMs: null,
  warnings: [],
  ...fields
})

const drawn = (board: Board.Board, size = { width: 120, height: 20 }) =>
  Rows.draw(board, 4_000, { ...size, color: false }).split("\n")

describe("the board", () => {
  it("tells two scans of one address apart by type and account (U-17)", () => {
    const board = Board.make(2, 0, () => "seo")
    for (const [index, account] of ["default", "team-b"].entries()) {
      board.update({ ...event({ _tag: "Queued" }, index), account })
    }
    assert.deepStrictEqual(Array.from(board.live.values(), Board.kindWords), [" (seo)", " (seo) [team-b]"])
    assert.match(drawn(board).join("\n"), /\(seo\) \[team-b\]/)
  })

  it("tells a change of state once, not every poll", () => {
    const board = Board.make(1, 0)
    const news = [event({ _tag: "Queued" }), event(polled(0.1)), event(polled(0.2)), event(polled(0.3))]
    assert.deepStrictEqual(
      news.map((one) => board.update(one)?.isNew),
      [true, true, false, false]
    )
  })

  it("shows the vendor, the subject, how far it is, and when and why it is looked at next", () => {
    const board = Board.make(1, 0)
    board.update(event(polled(0.45)))
    board.update(event({ _tag: "Scheduled", until: 9_000, because: "hint", polls: 1 }))
    const [row] = drawn(board)
    assert.match(
      row ?? "",
      /^appvet +https:\/\/example\.com\/ +0:03 running 45 %, next poll in 5 s \(as the vendor asked\)$/
    )
  })

  it("shows the last thing that the vendor says it does while the scan runs, and until it says another", () => {
    const board = Board.make(1, 0)
    const saying = (...messages: ReadonlyArray<string>) => ({ ...polled(0.45), messages })
    assert.isTrue(board.update(event(saying("12:00:05 HSTS", "12:00:08 CSP\u001b[2J")))?.isNew)
    assert.isFalse(board.update(event(polled(0.5)))?.isNew)
    board.update(event({ _tag: "Scheduled", until: 9_000, because: "pace", polls: 2 }))
    assert.match(drawn(board)[0] ?? "", / running 50 %: 12:00:08 CSP, next poll in 5 s$/)
    // What tells more is dropped first where there is no room.
    assert.match(drawn(board, { width: 80, height: 20 })[0] ?? "", / running 50 %, next poll in 5 s$/)
    board.update(event({ _tag: "Ended", record: record({}) }))
    assert.notInclude(drawn(board)[0] ?? "", "CSP")
  })

  it("shows no letter of a vendor that could move the cursor or begin a build log's command", () => {
    const board = Board.make(2, 0)
    board.update(event(polled(0), 0, "evil\u001b[2J\u202e\r\n::error::x##[group]y"))
    const fault = PollFault.make({ kind: "Broken", code: "\u001b]8;;http://evil\u0007x", message: "m" })
    board.update(event({ _tag: "Polled", seen: fault, polls: 1, first: true }, 1))
    const lines = drawn(board)
    assert.strictEqual(lines.length, 3)
    for (const line of lines) {
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]|^::|##\[/)
    }
  })

  it("says how a scan ended: its state, what it said, its age where it is not fresh, and why not", () => {
    const outcome = ScanOutcome.makeCompleted({
      ticket,
      vendorStatus: "completed",
      cached: true,
      ageMs: 12 * 86_400_000,
      assessment: {
        severity: "medium",
        vendorSeverity: "C",
        compliance: null,
        score: { value: 72, min: 0, max: 100, direction: "higher-is-better", grade: "C", basis: "vendor" }
      },
      payload: null
    })
    assert.strictEqual(
      Board.endWords(record({ outcome })),
      "completed, medium, score 72 C, from the vendor's cache, 12d old"
    )
    const worse = {
      findingId: "f1",
      ruleId: "r1",
      title: "Open door",
      description: null,
      severity: "high" as const,
      vendorSeverity: null,
      status: "unknown" as const,
      resource: null,
      remediation: null,
      references: []
    }
    const withFinding = { ...outcome, findings: { coverage: "full" as const, total: 1, items: [worse] } }
    // The report and the gate say the same.
    assert.match(Board.endWords(record({ outcome: withFinding })), /^completed, high, score 72 C/)
    const reason = { code: "deadline", message: "the deadline passed", advice: null, requestId: null }
    assert.strictEqual(Board.endWords(record({ state: "still-running", reason })), "still-running: the deadline passed")
  })

  it("lets scans that ended scroll up once, in their order, and keeps the rest within the terminal (U-10)", () => {
    const board = Board.make(50, 0)
    for (let index = 0; index < 50; index++) board.update(event(polled(0.5), index, `https://${index}.example/`))
    for (const index of [7, 3]) board.update(event({ _tag: "Ended", record: record({ index }) }, index))
    const style = { width: 80, height: 12, color: false }
    const ended = Rows.takeEnded(board, 4_000, style)?.split("\n") ?? []
    assert.deepStrictEqual(
      ended.map((line) => /https:\S+/.exec(line)?.[0]),
      ["https://7.example/", "https://3.example/"]
    )
    assert.strictEqual(Rows.takeEnded(board, 4_000, style), null)
    const lines = drawn(board, { width: 80, height: 12 })
    assert.isAtMost(lines.length, 12)
    for (const line of lines) assert.isAtMost(line.length, 80)
    assert.notMatch(lines.join("\n"), /https:\/\/[37]\.example/)
    assert.strictEqual(lines.at(-1), "2 of 50 scans ended, 2 failed, 48 under way, 39 rows not shown")
  })

  it("sums up what is done, the worst, what failed, what holds the rest back and how long it takes (U-10)", () => {
    const board = Board.make(300, 0)
    const assessed = (severity: "critical" | "low") =>
      ScanOutcome.makeCompleted({
        ticket,
        vendorStatus: "completed",
        assessment: { severity, vendorSeverity: null, compliance: null, score: null },
        payload: null
      })
    for (let index = 0; index < 10; index++) {
      const outcome = index === 9 ? null : assessed(index === 4 ? "critical" : "low")
      const state = outcome === null ? "unreachable" : "completed"
      board.update(event({ _tag: "Ended", record: record({ index, outcome, state }) }, index))
    }
    for (let index = 10; index < 30; index++) board.update(event(polled(0.5), index))
    board.update(event({ _tag: "Scheduled", until: 64_000, because: "pause", polls: 1 }, 12))
    const [sum] = drawn(board, { width: 200, height: 24 }).slice(-1)
    assert.strictEqual(
      sum,
      "10 of 300 scans ended, about 116 s left, worst critical, 1 failed, 20 under way, appvet held back for 60 s"
    )
    // Where there is no room, what tells least is left out.
    assert.strictEqual(
      drawn(board, { width: 60, height: 24 }).at(-1),
      "10 of 300 scans ended, about 116 s left, worst critical"
    )
  })

  it("tells how long the rest takes from past scans, from the first one under way, and by the rate where they are silent (U-10)", () => {
    // Scans take a minute, some up to 80 s, and this vendor has four at once.
    const minute = (age: number, p: number) => (age > 100_000 ? null : Math.max(0, (p <= 0.5 ? 60_000 : 80_000) - age))
    const scanAt = () => ({ account: "appvet", kind: "security", left: minute })
    const sum = (board: Board.Board, now: number) =>
      Rows.draw(board, now, { width: 200, height: 24, color: false }, scanAt).split("\n").at(-1)
    const submitted = (index: number, submittedAt: number): ScanEvent => ({
      ...event({ _tag: "Submitted", known: false }, index),
      ticket: { ...ticket, submittedAt }
    })
    const board = Board.make(12, 0)
    for (let index = 0; index < 12; index++) board.update(event({ _tag: "Queued" }, index))
    assert.strictEqual(sum(board, 1_000), "0 of 12 scans ended, 12 waiting")
    for (let index = 0; index < 4; index++) board.update(submitted(index, 0))
    // Three rounds of a minute, and what the last one takes longer.
    assert.strictEqual(sum(board, 0), "0 of 12 scans ended, about 4 min left, 4 under way, 8 waiting")
    assert.strictEqual(sum(board, 30_000), "0 of 12 scans ended, about 3 min left, 4 under way, 8 waiting")
    for (let index = 0; index < 8; index++) {
      board.update(event({ _tag: "Ended", record: record({ index, state: "unreachable" }) }, index))
    }
    for (let index = 8; index < 12; index++) board.update(submitted(index, 120_000))
    assert.match(sum(board, 130_000) ?? "", /ended, about 70 s left, .*4 under way$/)
    // No scan has taken so long before: the rate of this run is all that is known.
    assert.match(sum(board, 240_000) ?? "", /ended, about (?:120 s|2 min) left, .*4 under way$/)
  })

  it("does not count as ended what was stopped, and does not let it scroll up (U-10)", () => {
    const board = Board.make(300, 0)
    for (let index = 0; index < 300; index++) {
      const state = index < 22 ? "unreachable" : index < 40 ? "interrupted" : "not-started"
      board.update(event({ _tag: "Ended", record: record({ index, state }) }, index))
    }
    assert.strictEqual(Rows.takeEnded(board, 4_000, { width: 80, height: 24, color: false })?.split("\n").length, 22)
    assert.deepStrictEqual(drawn(board), ["22 of 300 scans ended, 22 failed, 278 stopped"])
  })

  it("shows first what something is wrong with (U-10)", () => {
    const board = Board.make(3, 0)
    board.update(event(polled(0.5), 0, "https://fine.example/"))
    board.update(event(polled(0.5), 1, "https://slow.example/"))
    const fault = PollFault.make({ kind: "Transient", code: "http-503", message: "m" })
    board.update(event({ _tag: "Polled", seen: fault, polls: 2, first: false }, 1, "https://slow.example/"))
    assert.match(drawn(board)[0] ?? "", /slow\.example/)
  })
})

describe("a row", () => {
  const scheduled = (name: string): Board.Board => {
    const board = Board.make(1, 0)
    board.update(event(polled(0.45), 0, name))
    board.update(event({ _tag: "Scheduled", until: 9_000, because: "hint", polls: 1 }, 0, name))
    return board
  }

  it("leaves out what tells least where there is no room, and cuts no word of it in two", () => {
    const board = scheduled("https://example.com/")
    const stateAt = (width: number): string => drawn(board, { width, height: 20 })[0]?.split(/ {2,}0:03 /)[1] ?? ""
    assert.strictEqual(stateAt(120), "running 45 %, next poll in 5 s (as the vendor asked)")
    assert.strictEqual(stateAt(79), "running 45 %, next poll in 5 s")
    assert.strictEqual(stateAt(50), "running 45 %")
  })

  it.each([
    "株式会社日本語テスト長い名前の会社です",
    "Émigré Cafe\u0301 👩‍👩‍👧‍👦 families ☃️ of the north",
    "plain".repeat(20)
  ])("of %s is as wide as the others and never wider than the terminal", (name) => {
    for (const width of [40, 60, 79, 120, 199]) {
      const [row = ""] = drawn(scheduled(name), { width, height: 20 })
      const [plainRow = ""] = drawn(scheduled("x"), { width, height: 20 })
      assert.isAtMost(CliOutput.displayWidth(row), width)
      assert.strictEqual(
        CliOutput.displayWidth(row.slice(0, row.indexOf(" 0:03 "))),
        CliOutput.displayWidth(plainRow.slice(0, plainRow.indexOf(" 0:03 ")))
      )
      assert.notMatch(row, /\u200d…/)
    }
  })

  it("shows how far a scan is only while it runs", () => {
    const board = scheduled("https://example.com/")
    const fault = PollFault.make({ kind: "Throttled", code: "429", message: "m" })
    board.update(event({ _tag: "Polled", seen: fault, polls: 2, first: false }))
    assert.match(drawn(board)[0] ?? "", / 0:03 throttled by the vendor$/)
  })

  it("says that a poll is due rather than that it comes in no time (issue 19)", () => {
    const board = scheduled("https://example.com/")
    const late = Rows.draw(board, 60_000, { width: 200, height: 20, color: false }).split("\n")
    assert.match(late[0] ?? "", / running 45 %, poll is due$/)
  })

  it("of scans that wait for their turn are drawn where there is room for all, and else are a number in the sum (U-10)", () => {
    const board = Board.make(50, 0)
    for (let index = 0; index < 50; index++) board.update(event({ _tag: "Queued" }, index, `https://${index}.example/`))
    board.update(event(polled(0.5), 49))
    const lines = drawn(board, { width: 80, height: 12 })
    assert.match(lines[0] ?? "", /49\.example/)
    assert.deepStrictEqual(lines.slice(1), ["0 of 50 scans ended, 1 under way, 49 waiting"])
    assert.strictEqual(drawn(board, { width: 80, height: 60 }).length, 51)
  })

  it("ends in plain dots where the locale may know no other sign", () => {
    assert.strictEqual(Rows.ellipsisOf({ LANG: "de_DE.UTF-8" }), "…")
    assert.strictEqual(Rows.ellipsisOf({ LC_ALL: "C.utf8", LANG: "C" }), "…")
    assert.strictEqual(Rows.ellipsisOf({}), "…")
    assert.strictEqual(Rows.ellipsisOf({ LANG: "C" }), "...")
    assert.strictEqual(Rows.ellipsisOf({ LC_CTYPE: "de_DE.ISO-8859-1", LANG: "de_DE.UTF-8" }), "...")
  })
})

describe("the style of progress", () => {
  const facts = { stderrIsTerminal: true, environment: {}, quiet: false }
  it("is rows on a terminal, lines elsewhere and in CI, and nothing where quiet was asked", () => {
    assert.strictEqual(Progress.styleOf("auto", facts), "tty")
    assert.strictEqual(Progress.styleOf("auto", { ...facts, stderrIsTerminal: false }), "plain")
    assert.strictEqual(Progress.styleOf("auto", { ...facts, environment: { CI: "true" } }), "plain")
    assert.strictEqual(Progress.styleOf("auto", { ...facts, environment: { TERM: "dumb" } }), "plain")
    assert.strictEqual(Progress.styleOf("tty", { ...facts, quiet: true }), "none")
    assert.strictEqual(Progress.styleOf("tty", { ...facts, stderrIsTerminal: false }), "tty")
  })
})
