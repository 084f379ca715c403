/**
 * Mistakes in reports: verdicts, exit codes, pairing, and what a text may do where it is read.
 */

const sources = "packages/report/src/**/*.ts"
const gate = "packages/report/test/Gate.test.ts"
const evidence = "packages/report/test/Evidence.test.ts"
const exit = "packages/report/test/ExitCode.test.ts"
const machine = "packages/report/test/Machine.test.ts"
const merging = "packages/report/test/Merge.test.ts"
const baseline = "packages/report/test/Baseline.test.ts"
const oneGate = "packages/report/test/OneGate.test.ts"
const hostile = "packages/report/test/HostileText.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const report = [
  {
    id: "report-01",
    promise: "a gate has no verdict on a row whose evidence is unavailable",
    in: sources,
    find: "} else if (lack !== null) unjudged.push({ row, why: lack })",
    put: "}",
    tests: [evidence, gate]
  },
  {
    id: "report-02",
    promise: "a rule that was held against nothing is not met",
    in: sources,
    find: "passed: broken.length === 0 && !unanswered,",
    put: "passed: broken.length === 0,",
    tests: [gate]
  },
  {
    id: "report-03",
    promise: "accepted findings do not count as new",
    in: sources,
    find: `if (!isOpen(finding) || finding.status === "unchanged") continue`,
    put: `if (finding.status === "unchanged") continue`,
    tests: [gate, baseline]
  },
  {
    id: "report-04",
    promise: "an assessment that got worse counts as new although no finding says so",
    in: sources,
    find: "if (isWorseThanBefore(row)) {",
    put: "if (row.previous === undefined) {",
    tests: [gate]
  },
  {
    id: "report-05",
    promise: "a score that is better when it is lower is held from above",
    in: sources,
    find: `score.direction === "higher-is-better" ? score.value < asked.score : score.value > asked.score`,
    put: "score.value < asked.score",
    tests: [gate]
  },
  {
    id: "report-06",
    promise: "a vendor that was named and gave no score breaks the rule",
    in: sources,
    find: `return mayMiss || assessmentOf(row) === null ? notApplicable : breaks("no score")`,
    put: "return notApplicable",
    tests: [gate]
  },
  {
    id: "report-07",
    promise: "B+ is better than B, and B- is worse",
    in: sources,
    find: `(parts[2] === "+" ? 0 : parts[2] === "-" ? 2 : 1)`,
    put: `(parts[2] === "+" ? 0 : 1)`,
    tests: [gate]
  },
  {
    id: "report-08",
    promise: "a number of violations that nobody knows breaks the rule",
    in: sources,
    find: `if (total === null) return lackOf(row, ["findings"]) === null ? breaks("number unknown") : notApplicable`,
    put: "if (total === null) return notApplicable",
    tests: [gate]
  },
  {
    id: "report-09",
    promise: "a run that was interrupted exits with 130, whatever else went wrong",
    in: sources,
    find: "[130, 70, 74, 2, 1, 4, 3, 0]",
    put: "[1, 130, 70, 74, 2, 4, 3, 0]",
    tests: [exit]
  },
  {
    id: "report-10",
    promise: "--allow-partial masks what is partial and nothing else",
    in: sources,
    find: `code === 3 && (allowIncomplete || (row.state === "partial" && allowPartial))`,
    put: "code === 3 && (allowIncomplete || allowPartial)",
    tests: [exit]
  },
  {
    id: "report-11",
    promise: "--allow-incomplete masks no refused key",
    in: sources,
    find: `code === 3 && (allowIncomplete || (row.state === "partial" && allowPartial))`,
    put: `(code === 3 || code === 4) && (allowIncomplete || (row.state === "partial" && allowPartial))`,
    tests: [exit]
  },
  {
    id: "report-34",
    promise: "of the gate of the run and that of a row the stricter one wins",
    in: sources,
    find: `b === null || order.indexOf(a) <= order.indexOf(b) ? a : b`,
    put: `b === null || order.indexOf(a) >= order.indexOf(b) ? a : b`,
    tests: [gate]
  },
  {
    id: "report-35",
    promise: "a row's own gate takes back what the run allows",
    in: sources,
    find: `policy.allowIncomplete && gate?.allowIncomplete !== false`,
    put: "policy.allowIncomplete",
    tests: [gate]
  },
  {
    id: "report-12",
    promise: "--exit-zero masks the gate alone",
    in: sources,
    find: `if (rows.length === 0 && gate.rules.length > 0) add(3, noScan, [], policy.allowIncomplete)`,
    put: `if (rows.length === 0 && gate.rules.length > 0) add(3, noScan, [], policy.exitZero)`,
    tests: [exit]
  },
  {
    id: "report-13",
    promise: "a partial scan under --allow-incomplete is skipped in JUnit, not green",
    in: sources,
    find: "if (allowPartial) return if (allowIncomplete) test.skipped() else test.error(why, scan.state)",
    put: "if (allowPartial || allowIncomplete) return\n      test.error(why, scan.state)",
    tests: [machine]
  },
  {
    id: "report-14",
    promise: "in JUnit a broken gate is a failure although the scan has completed",
    in: sources,
    find: `if (broken.length > 0) { test.failure(xml(broken.join("; "), 1_000), "gate") return }`,
    put: "",
    tests: [machine]
  },
  {
    id: "report-15",
    promise: "a target given twice stays two rows when reports are merged",
    in: sources,
    find: "seen.set(name, nth + 1)",
    put: "",
    tests: [merging]
  },
  {
    id: "report-16",
    promise: "the settled row wins over the one that is still running, whichever file is newer",
    in: sources,
    find: "if (isSettled(a) !== isSettled(b)) return isSettled(a) ? a : b",
    put: "",
    tests: [merging]
  },
  {
    id: "report-17",
    promise: "of two settled rows the one with its findings wins over the newer one without",
    in: sources,
    find: "if (lacks === 0) return later",
    put: "if (lacks !== 99) return later",
    tests: [merging, evidence]
  },
  {
    id: "report-18",
    promise: "a merged run was interrupted if one of its parts was",
    in: sources,
    find: "interrupted: last.some((report) => ScanReport.troubleOf(report).interrupted === true),",
    put: "interrupted: false,",
    tests: [merging]
  },
  {
    id: "report-19",
    promise: "more findings than were accepted are not accepted",
    in: sources,
    find: "count: isOld && entry !== null ? Math.min(entry.count, count) : count,",
    put: "count,",
    tests: [baseline]
  },
  {
    id: "report-20",
    promise: "a scan that did not complete is not taken into a baseline",
    in: sources,
    find: `if (scan.state !== "completed" || scan.assessment === null || Evidence.missing(scan).length > 0) return []`,
    put: "if (scan.assessment === null) return []",
    more: [
      {
        in: sources,
        find: `const open = report.scans.filter((scan) => scan.state !== "completed" || Evidence.missing(scan).length > 0)`,
        put: `const open = report.scans.filter((scan) => scan.state === "protocol")`
      }
    ],
    tests: [baseline, evidence]
  },
  {
    id: "report-21",
    promise: "a baseline that matches nothing warns",
    in: sources,
    find: "if (rowOf.size === 0) {",
    put: "if (rowOf.size < 0) {",
    tests: [baseline]
  },
  {
    id: "report-22",
    promise: "an acceptance that expired is told",
    in: sources,
    find: `if (!Compare.isLive(entry, at)) expired.push(\`\${what}, until \${entry.until ?? ""}\`) else if`,
    put: "if",
    tests: [baseline]
  },
  {
    id: "report-23",
    promise: "a link that is not the vendor's own is not one over plain http",
    in: sources,
    find: `if (url.protocol !== "http:" || origin === null) return null`,
    put: `if (url.protocol === "http:") return url.href`,
    tests: [hostile]
  },
  {
    id: "report-24",
    promise: "a link with a name and a password in it is no link",
    in: sources,
    find: `if (url === null || url.username !== "" || url.password !== "" || url.hostname === "") return null`,
    put: `if (url === null || url.hostname === "") return null`,
    tests: [hostile]
  },
  {
    id: "report-25",
    promise: "a formula with blanks before it is no formula in a spreadsheet",
    in: sources,
    find: "const formula = /^\\s*[=+\\-@",
    put: "const formula = /^[=+\\-@",
    tests: [hostile]
  },
  {
    id: "report-26",
    promise: "a vendor's text starts no command of a build runner at the start of a later line",
    in: sources,
    find: "\\^(?=\\^\\^ ))/gm",
    put: "\\^(?=\\^\\^ ))/g",
    tests: [hostile]
  },
  {
    id: "report-27",
    promise: "nobody is notified from a report: @name is broken",
    in: sources,
    find: '.replace(/@(?=[\\p{L}\\p{N}_])/gu, "@\\u2060")',
    put: "",
    tests: [hostile, "packages/report/test/Render.test.ts"]
  },
  {
    id: "report-28",
    promise: "only completed scans are points of a trend",
    in: sources,
    find: `if (scan?.state === "completed" && Evidence.missing(scan).length === 0) past[index]?.push`,
    put: "if (scan !== undefined) past[index]?.push",
    tests: [merging, "packages/report/test/ScanReport.test.ts", "packages/report/test/Diff.test.ts"]
  },
  {
    id: "report-29",
    promise: "a key that a renderer forgot does not reach a terminal, a page or a file",
    in: sources,
    find: `const text = Scrubber.ofProcess.literal(piece)`,
    put: `const text = piece`,
    tests: [oneGate]
  },
  {
    id: "report-30",
    promise: "nothing active that a renderer forgot reaches a terminal or a log",
    in: sources,
    find: `return branded(HostileText.guardLines(withoutActive(text, true)))`,
    put: `return branded(text)`,
    tests: [oneGate]
  },
  {
    id: "report-31",
    promise: "nothing active that a renderer forgot reaches HTML, XML or CSV",
    in: sources,
    find: `case "commands":
      return branded(withoutActive(text, false))`,
    put: `case "commands":
      return branded(text)`,
    tests: [oneGate]
  },
  {
    id: "report-32",
    promise: "no command to a build runner that a renderer forgot stands in JSON",
    in: sources,
    find: `return branded(guardJson(text))`,
    put: `return branded(text)`,
    tests: [oneGate]
  },
  {
    id: "report-33",
    promise: "a vendor's key is taken out of a text where it is marked, for every format",
    in: sources,
    find: `const scrubbed = Scrubber.ofProcess.data(text)`,
    put: `const scrubbed = text`,
    tests: [oneGate]
  },
  {
    id: "report-36",
    promise: "a merged run has no verdict where one of its parts left targets out",
    in: sources,
    find: "leftOut: [...new Set(last.flatMap((report) => ScanReport.troubleOf(report).leftOut ?? []))],",
    put: "leftOut: [],",
    tests: [merging]
  },
  {
    id: "report-37",
    promise: "a fuller answer of before does not hide a later one that says worse",
    in: sources,
    find: "return isStale && verdictOf(later) !== verdictOf(fuller) ? later : fuller",
    put: "return fuller",
    tests: [merging]
  }
]
