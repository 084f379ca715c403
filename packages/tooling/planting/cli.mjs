/**
 * Mistakes in the command: signals, exit codes, files, and which of several values is in force.
 */

const sources = "packages/cli/src/**/*.ts"
const command = "packages/cli/test/Command.test.ts"
const typed = "packages/cli/test/faults/command.test.ts"
const stored = "packages/cli/test/Journal.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const cli = [
  {
    id: "cli-01",
    promise: "a terminal that is closed (SIGHUP) ends a run as Ctrl-C does: with its report",
    in: sources,
    find: 'process.on("SIGHUP", isIgnored ? () => {} : onSignal)',
    put: 'if (isIgnored) process.on("SIGHUP", () => {})',
    tests: [typed],
    only: "SIGHUP"
  },
  {
    id: "cli-02",
    promise: "a submission that the vendor answers within the grace after a signal is not in doubt",
    in: sources,
    find: "Effect.provideService(effect, SubmissionGrace, grace.value)",
    put: "Effect.provideService(effect, SubmissionGrace, Duration.millis(1))",
    tests: [typed],
    only: "awaits a submission"
  },
  {
    id: "cli-03",
    promise: "a submission that is never answered does not hold the end of a run",
    in: sources,
    find: "Effect.provideService(effect, SubmissionGrace, grace.value)",
    put: "Effect.provideService(effect, SubmissionGrace, Duration.minutes(1))",
    tests: [typed],
    only: "never answered"
  },
  {
    id: "cli-04",
    promise: "a signal that is delivered twice at once, as to a whole group, still writes the report",
    in: sources,
    find: `return isRepeated && at - first > sameSignal ? "leave" : "nothing"`,
    put: `return isRepeated ? "leave" : "nothing"`,
    // Two of one kind that a process has not read yet are one to the system: only the rule itself can be asked.
    tests: ["packages/cli/test/process/Signals.test.ts"]
  },
  {
    id: "cli-05",
    promise: "the report file of a run that holds payloads can be read by its owner alone",
    in: sources,
    find: 'const mode = Payload.isIn(report) && name === "json" ? Payload.fileMode : 0o666',
    put: "const mode = 0o666",
    tests: [command],
    only: "closes a report"
  },
  {
    id: "cli-06",
    promise: "a saved report with payloads that is written again can be read by its owner alone",
    in: sources,
    find: 'const mode = wish.format === "json" && Payload.isIn(merged) ? Payload.fileMode : undefined',
    put: "const mode = undefined",
    tests: [command],
    only: "closes a report"
  },
  {
    id: "cli-07",
    promise: "no output overwrites the key file",
    in: "packages/cli/src/prepare/Outputs.ts",
    find: '{ file: settings.keyFile.value, what: "the key file" },',
    put: "",
    tests: [command],
    only: "takes keys from a key file"
  },
  {
    id: "cli-08",
    promise: "two outputs are one file under whatever spelling of its path, and refused",
    in: sources,
    find: "if (taken.has(identity)) refused.push(`${quote(file)} is named twice; two outputs cannot share a file`) taken.add(identity)",
    put: "if (taken.has(file)) refused.push(`${quote(file)} is named twice; two outputs cannot share a file`)\n    taken.add(file)",
    tests: [typed],
    only: "two outputs share"
  },
  {
    id: "cli-09",
    promise: "`resume` that leaves claims alone ends with the gate's 1, not with 3",
    in: "packages/report/src/ExitCode.ts",
    find: "[130, 70, 74, 2, 1, 4, 3, 0]",
    put: "[130, 70, 74, 2, 3, 1, 4, 0]",
    tests: [stored],
    only: "leaves alone"
  },
  {
    id: "cli-10",
    promise: "`resume` is not green over claims that it leaves alone",
    in: sources,
    find: "leftOut: () => leftWords(strangersLeft, targetsLeft.length)",
    put: "leftOut: () => leftWords(0, targetsLeft.length)",
    tests: [stored],
    only: "leaves alone"
  },
  {
    id: "cli-11",
    promise: "a variable's interval and deadline go before those of the plan, down to the policy that runs",
    in: sources,
    find: 'const ruled = (source: string): boolean => source === "flag" || source === "environment"',
    put: 'const ruled = (source: string): boolean => source === "flag"',
    tests: ["packages/cli/test/InForce.test.ts"]
  },
  {
    id: "cli-12",
    promise: "a flag's interval goes before the plan's, down to the policy that runs",
    in: sources,
    find: "ruled(settings.interval.source) ? interval : (pace ?? own?.pace ?? plan.pace ?? interval)",
    put: "pace ?? own?.pace ?? plan.pace ?? interval",
    tests: ["packages/cli/test/InForce.test.ts"]
  },
  {
    id: "cli-13",
    promise: "a flag's deadline goes before the plan's, down to the policy that runs",
    in: sources,
    find: "ruled(settings.deadline.source) ? fallback : (deadline ?? own?.deadline ?? fallback)",
    put: "deadline ?? own?.deadline ?? fallback",
    tests: ["packages/cli/test/InForce.test.ts"]
  },
  {
    id: "cli-14",
    promise: "a claim that was made at another address is left alone",
    in: sources,
    find: "if (account === null || account.isFor(entry)) return { entry, vendor, account, why }",
    put: "if (account !== undefined) return { entry, vendor, account, why }",
    tests: [stored],
    only: "leaves alone"
  },
  {
    id: "cli-15",
    promise: "the gate's flags reach the gate: --max-violations",
    in: sources,
    find: "maxViolations: settings.maxViolations.value,",
    put: "maxViolations: null,",
    tests: [command],
    only: "every gate"
  },
  {
    id: "cli-16",
    promise: "a run is held against the baseline that is named",
    in: sources,
    find: "if (baseline === null) return report",
    put: "if (baseline !== undefined) return report",
    tests: [command],
    only: "every gate"
  },
  {
    id: "cli-17",
    promise: "--timeout ends the whole run",
    in: sources,
    find: "until, timeout: settings.timeout.value,",
    put: "until,",
    tests: [command],
    only: "--concurrency"
  },
  {
    id: "cli-18",
    promise: "--concurrency bounds the scans that are under way",
    in: sources,
    find: "...(settings.concurrency.value === null ? {} : { concurrency: settings.concurrency.value }),",
    put: "",
    tests: [command],
    only: "--concurrency"
  },
  {
    id: "cli-20",
    promise: "an error is told once: in the lines of progress or in the log",
    in: sources,
    find: 'Effect.provideService(Log.ToldByProgress, style === "plain" && settings.logLevel.source === "default")',
    put: "Effect.provideService(Log.ToldByProgress, false)",
    tests: [command],
    only: "key once"
  }
]
