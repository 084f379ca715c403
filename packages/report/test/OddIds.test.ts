/** Ids that look like something else: what a vendor may call a scan, in every format and in every command to paste. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Format from "@scanpoll/report/Format"
import * as NextStep from "@scanpoll/report/NextStep"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { assessment, finding, info, record, start, ticket } from "./fixtures.ts"
import { render } from "./formats.ts"

const known = [
  "a'b",
  'a"b',
  "$HOME",
  "$(id)",
  "`id`",
  "a%2fb",
  "%2e%2e%2f",
  "...",
  "../../etc",
  "a/../b",
  "-rf",
  "--yes",
  "a;b&c|d>e<f",
  "*?[x]{1,2}",
  "a\\b\\n",
  "!!",
  "~root",
  "#x",
  "a:b@c:d",
  "=cmd|'/c'!A1",
  "@x",
  "+1",
  "]]>",
  "<!--",
  "</script><script>",
  "&amp;",
  "|",
  "__proto__",
  "constructor",
  "##[group]x",
  "::error::x",
  "x".repeat(200),
  "'".repeat(200)
]

/** Every visible character, in an order that means nothing. */
const drawn = Array.from({ length: 60 }, (_, n) =>
  Array.from({ length: 1 + ((n * 37) % 200) }, (_, at) =>
    String.fromCharCode(0x21 + ((n * 7919 + at * at * 104_729 + at * 31) % 94))
  ).join("")
)

const ids = Array.from(new Set([...known, ...drawn].filter(ScanTicket.isScanId)))

const done = (scanId: string, index: number) => {
  const mine = ticket("harbour", scanId)
  return record(index, {
    vendor: "harbour",
    ticket: mine,
    outcome: ScanOutcome.makeCompleted<unknown>({
      ticket: mine,
      vendorStatus: "done",
      assessment: assessment("low"),
      createdAt: start,
      completedAt: start + 1,
      findings: { coverage: "full", total: 1, items: [finding({ findingId: `finding ${scanId}`, resource: scanId })] },
      payload: null
    })
  })
}

const open = (scanId: string, index: number) =>
  record(index, { vendor: "harbour", ticket: ticket("harbour", scanId), state: "still-running" })

const report = ScanReport.fromRecords(
  ids.flatMap((id, at) => [done(id, 2 * at), open(id, 2 * at + 1)]),
  info()
)

describe("an odd id of a scan", () => {
  it("is read back from the key that names the scan, whatever the account is called (issue 14)", () => {
    for (const scanId of ids) {
      for (const account of ["default", "a:b @%"]) {
        const key = ScanTicket.accountKey({ vendor: "harbour", account, scanId })
        const wanted = { vendor: "harbour", account: account === "default" ? null : account, scanId }
        assert.deepStrictEqual(Option.getOrNull(ScanTicket.parseKey(key)), wanted)
      }
    }
  })

  it("comes through every format: none fails, and those for machines keep it as it is (issue 14)", async () => {
    for (const name of Format.names) assert.isAbove((await render(name, report)).length, 0, name)
    const read: unknown = JSON.parse(await render("json", report))
    const scans: unknown = Reflect.get(Object(read), "scans")
    assert.deepStrictEqual(
      Array.isArray(scans) ? scans.map((scan: unknown): unknown => Reflect.get(Object(scan), "scanId")) : [],
      ids.flatMap((id) => [id, id])
    )
    for (const name of ["sarif", "ocsf"].filter((one) => Format.names.some((known) => known === one))) {
      const text = await render(name, report)
      for (const line of name === "ocsf" && !text.startsWith("[") ? text.trim().split("\n") : [text]) JSON.parse(line)
    }
    const html = await render("html", report)
    assert.notInclude(html, "</script><script>")
  })

  it("is one word of a command that a POSIX shell is given, and the word that was meant (issue 14)", () => {
    const commands = ids.map(
      (scanId) =>
        NextStep.of({
          state: "still-running",
          because: "stop",
          claimId: null,
          key: ScanTicket.accountKey({ vendor: "harbour", account: "default", scanId })
        })?.command ?? ""
    )
    const script = commands.map((command) => `printf '%s\\0' ${command}`).join("\n")
    const words = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)
    assert.deepStrictEqual(
      words,
      ids.flatMap((id) => ["scanpoll", "wait", `harbour:${id}`])
    )
  })

  it("is in no way of a baseline: what it knows of a run is unchanged in the same run (issue 14)", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const whole = ScanReport.fromRecords(ids.map(done), info())
        const read = yield* Baseline.parse(Baseline.toText(yield* Baseline.make(whole)))
        const { scans } = Baseline.apply(whole, read, start)
        const statuses = scans.flatMap(({ findings }) => findings.items.map(({ status }) => status))
        assert.deepStrictEqual(new Set(statuses), new Set(["unchanged"]))
        assert.lengthOf(statuses, ids.length)
      })
    ))
})
