/**
 * Runs every gate of the repository. Ends with what each gate said, where the tests' time went, the name of each test that
 * failed, and a line `N passed, N failed`: each test counts as one, and so does each gate.
 *
 * A gate is a command. It has no stdin, a time it must end in, and no process may outlive it. A failed gate does not
 * stop the others, except where nothing could be installed. Needs Node 18 or newer and npm; `.ci/run` starts it.
 */
import { spawn, spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { LEDGER, linesOf, readLedger } from "./testLedger.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), "scanpoll-gates-"))
const ledger = join(scratch, "tests.jsonl")

/** @param {ReadonlyArray<string>} args */
const launch = (...args) => [process.execPath, "packages/tooling/launch.mjs", ...args]

/** @typedef {{ name: string, minutes: number, command: ReadonlyArray<string>, env?: NodeJS.ProcessEnv }} Gate */

/**
 * Groups of gates, one group after the other. The gates of a group run side by side: they read what an earlier group made,
 * and none reads what another of them writes. What one of several prints is shown when it ends.
 *
 * A new check of the whole repository is one more line here.
 *
 * @type {ReadonlyArray<ReadonlyArray<Gate>>}
 */
const groups = [
  [{ name: "install", minutes: 10, command: launch("exec", "node", "--version") }],
  [{ name: "check", minutes: 5, command: launch("check") }],
  [
    { name: "pack", minutes: 6, command: launch("pack") },
    { name: "lint", minutes: 6, command: launch("lint") },
    { name: "fences", minutes: 4, command: launch("fences") },
    { name: "api", minutes: 3, command: launch("exec", "node", "packages/tooling/api.mjs", "--check") },
    { name: "unused", minutes: 3, command: launch("unused") },
    { name: "start", minutes: 4, command: ["npm", "start"] }
  ],
  [{ name: "test", minutes: 20, command: ["npm", "test"], env: { [LEDGER]: ledger } }]
]

/** @param {Gate} gate */
const markerOf = (gate) => `scanpoll-gate-${process.pid}-${gate.name}`

/**
 * What a gate left behind: the living processes of its group, and those that left it but still carry the environment
 * they were started with. A dead one that waits for its parent does not count.
 *
 * @param {number} group
 * @param {string} marker
 */
const strays = (group, marker) => {
  /** @param {string} file */
  const read = (file) => {
    try {
      return readFileSync(file, "latin1")
    } catch {
      return ""
    }
  }
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => {
      const [state, , pgrp] = read(`/proc/${entry}/stat`).replace(/^.*\)/s, "").trim().split(" ")
      if (state === undefined || state === "Z" || state === "X") return false
      return Number(pgrp) === group || read(`/proc/${entry}/environ`).split("\0").includes(`LAUNCHER_GATE=${marker}`)
    })
    .map((entry) => ({ pid: Number(entry), command: read(`/proc/${entry}/cmdline`).replaceAll("\0", " ").trim() }))
}

/**
 * @param {number} pid negative for a whole group
 * @param {NodeJS.Signals} signal
 */
const kill = (pid, signal) => {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** @type {Set<number>} */
const running = new Set()
let stopped = false

/**
 * @param {Gate} gate
 * @param {"inherit" | number} output
 * @returns {Promise<string | undefined>} why it failed
 */
const pass = (gate, output) =>
  new Promise((resolve) => {
    const [command = "", ...args] = gate.command
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", output, output],
      detached: true,
      env: { ...process.env, LAUNCHER_GATE: markerOf(gate), ...gate.env }
    })
    let late = false
    const group = child.pid ?? 0
    if (child.pid !== undefined) running.add(child.pid)
    const timer = setTimeout(() => {
      late = true
      kill(-group, "SIGTERM")
      setTimeout(() => kill(-group, "SIGKILL"), 5_000).unref()
    }, gate.minutes * 60_000)
    child.once("error", (error) => {
      clearTimeout(timer)
      resolve(error.message)
    })
    child.once("exit", (code, signal) => {
      clearTimeout(timer)
      running.delete(group)
      const left = process.platform === "linux" ? strays(group, markerOf(gate)) : []
      for (const stray of left) kill(stray.pid, "SIGKILL")
      if (late) resolve(`not done after ${gate.minutes} min`)
      else if (code !== 0) resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`)
      else resolve(left.length === 0 ? undefined : `still running: ${left.map((stray) => stray.command).join(", ")}`)
    })
  })

/** @typedef {{ name: string, fault: string | undefined, seconds?: number }} Result */

/**
 * @param {Gate} gate
 * @param {boolean} isAlone whether its output may be shown as it comes
 * @returns {Promise<Result>}
 */
const passAndTell = async (gate, isAlone) => {
  const started = performance.now()
  const file = join(scratch, `${gate.name}.log`)
  const title = `\n== ${gate.name}`
  const output = isAlone ? "inherit" : openSync(file, "a")
  if (isAlone) console.log(title)
  const fault = await pass(gate, output)
  if (output !== "inherit") {
    closeSync(output)
    console.log(`${title}\n${readFileSync(file, "utf8").trimEnd()}`)
  }
  return { name: gate.name, fault, seconds: Math.round((performance.now() - started) / 1000) }
}

const treeState = () => {
  const answer = spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" })
  return answer.status === 0 ? answer.stdout : undefined
}

const main = async () => {
  const before = treeState()
  /** @type {Array<Result>} */
  const results = []
  for (const group of groups) {
    if (stopped || results.some(({ fault, name }) => name === "install" && fault !== undefined)) {
      results.push(...group.map(({ name }) => ({ name, fault: "not run" })))
    } else {
      results.push(...(await Promise.all(group.map((gate) => passAndTell(gate, group.length === 1)))))
    }
  }

  const tests = readLedger(ledger)
  const test = results.find((result) => result.name === "test")
  if (test !== undefined && test.fault === undefined && tests.passed === 0) test.fault = "no test ran"
  results.push({ name: "clean tree", fault: treeState() === before ? undefined : "git status is not what it was" })

  console.log("")
  for (const { fault, name, seconds } of results) {
    const time = seconds === undefined ? "" : ` (${seconds} s)`
    console.log(
      `${fault === undefined ? "passed" : "FAILED"}  ${name}${time}${fault === undefined ? "" : `: ${fault}`}`
    )
  }
  for (const line of linesOf(tests)) console.log(line)
  const failed = results.filter((result) => result.fault !== undefined).length
  console.log(`${tests.passed + results.length - failed} passed, ${tests.failed + failed} failed`)
  return failed === 0 && tests.failed === 0 ? 0 : 1
}

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    stopped = true
    for (const group of running) kill(-group, signal)
  })
}
try {
  process.exitCode = await main()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
