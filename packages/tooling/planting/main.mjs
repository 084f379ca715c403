/**
 * Plants one mistake at a time in a copy of the repository and runs the tests that are to catch it.
 *
 *     node packages/tooling/launch.mjs exec node packages/tooling/planting/main.mjs            all of them
 *     ... --only journal     those of a package; an id for one of them; several with commas
 *     ... --list             what there is and whether it can still be planted, without running anything
 *
 * A mistake is caught when a test that is green without it fails. One that survives is red, and so is one that can no
 * longer be planted: its code was changed, and somebody has to say what the mistake is now. Takes about 15 seconds a
 * plant, all of them an hour; run before a release and nightly, and for the package you rebuild.
 */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { changed } from "./plant.mjs"
import { faultOf, plants as all } from "./plants.mjs"
import { makeScratch } from "./scratch.mjs"

/** @typedef {import("./plant.mjs").Plant} Plant */

const root = fileURLToPath(new URL("../../../", import.meta.url))
// A run of tests that has not ended by then hangs.
const longest = 8 * 60_000
// So many tests that are red by chance are put aside for one plant.
const rounds = 3

/** @param {string} title */
const exactly = (title) => title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

// As `vitest.workspace.ts` names them.
/** @param {ReadonlyArray<string>} files */
const projectsOf = (files) => [
  ...new Set(files.map((file) => /^(?:packages\/(?:vendors\/)?)?([^/]+)\//.exec(file)?.[1] ?? ""))
]

/** @param {Plant} plant */
const packageOf = (plant) => plant.id.replace(/-\d+$/, "")

/**
 * @typedef {{ failed: ReadonlyArray<string>, passed: number, seconds: number, said: string, hangs: boolean }} Ran
 */

let stop = () => undefined

/**
 * Runs tests in the copy; the first failure ends it where one is all that is wanted.
 *
 * @param {string} copy
 * @param {ReadonlyArray<string>} files
 * @param {{ only?: string | undefined, first: boolean }} how
 * @returns {Promise<Ran>}
 */
const test = (copy, files, { first, only }) =>
  new Promise((resolve) => {
    const report = join(copy, "planting-report.json")
    rmSync(report, { force: true })
    const began = performance.now()
    const child = spawn(
      process.execPath,
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        "--config",
        "vitest.workspace.ts",
        // Vitest would make every other project ready as well, which takes longer than most of the tests.
        ...projectsOf(files).map((project) => `--project=${project}`),
        "--reporter=json",
        `--outputFile=${report}`,
        ...(first ? ["--bail=1"] : []),
        ...(only === undefined ? [] : [`--testNamePattern=${only}`]),
        ...files
      ],
      { cwd: copy, stdio: ["ignore", "pipe", "pipe"], detached: true }
    )
    let said = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
        said = (said + text).slice(-4_000)
      })
    }
    let hangs = false
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
      } catch {
        // It is gone.
      }
      return undefined
    }
    stop = end
    const timer = setTimeout(() => {
      hangs = true
      end()
    }, longest)
    child.once("close", () => {
      clearTimeout(timer)
      end()
      /** @type {{ testResults: ReadonlyArray<{ name: string, status: string, message: string,
       *   assertionResults: ReadonlyArray<{ title: string, status: string }> }> }} */
      const read = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : { testResults: [] }
      const results = read.testResults.flatMap((file) => file.assertionResults)
      const failed = results.filter(({ status }) => status === "failed").map(({ title }) => title.trim())
      const broken = read.testResults
        .filter((file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"))
        .map((file) => `${relative(copy, file.name)}: ${file.message.split("\n")[0] ?? ""}`)
      resolve({
        failed: [...failed, ...broken],
        passed: results.filter(({ status }) => status === "passed").length,
        seconds: Math.round((performance.now() - began) / 1000),
        said,
        hangs
      })
    })
  })

/**
 * @typedef {"caught" | "survived" | "expected" | "unplantable" | "unproven"} Verdict
 */

/** @type {Readonly<Record<Verdict, string>>} */
const words = {
  caught: "caught     ",
  survived: "SURVIVED   ",
  expected: "survives   ",
  unplantable: "CANNOT     ",
  unproven: "UNPROVEN   "
}

/**
 * @param {string} copy
 * @param {Plant} plant
 * @param {(files: ReadonlyArray<string>, only: string | undefined) => Promise<Ran>} green what the tests do without it
 * @returns {Promise<{ verdict: Verdict, why: string }>}
 */
const judge = async (copy, plant, green) => {
  const missing = plant.tests.filter((file) => !existsSync(join(copy, file)))
  if (missing.length > 0) return { verdict: "unplantable", why: `there is no ${missing.join(", ")}` }
  const texts = changed(copy, plant)
  if (typeof texts === "string") return { verdict: "unplantable", why: texts }
  const before = await green(plant.tests, plant.only)
  if (before.hangs || before.passed === 0) {
    return {
      verdict: "unproven",
      why: `without it ${before.hangs ? "the tests hang" : "no test passes"}; red: ${before.failed.join("; ")}\n${before.said}`
    }
  }
  const originals = [...texts.keys()].map((file) => ({ file, text: readFileSync(join(copy, file), "utf8") }))
  const plantIt = () => {
    for (const [file, text] of texts) writeFileSync(join(copy, file), text)
  }
  const undo = () => {
    for (const { file, text } of originals) writeFileSync(join(copy, file), text)
  }
  /** @type {Set<string>} */
  const fickle = new Set(before.failed)
  /** @type {Ran | undefined} */
  let ran
  // A test that is red for another reason, such as a busy machine, catches nothing: red twice with, green without.
  for (let round = 0; round < rounds; round++) {
    plantIt()
    ran = await test(copy, plant.tests, { only: plant.only, first: fickle.size === 0 })
    if (!ran.hangs && ran.passed === 0 && ran.failed.length === 0) {
      undo()
      return { verdict: "unplantable", why: `with it no test begins: ${ran.said}` }
    }
    const title = ran.failed.find((one) => !fickle.has(one))
    if (title !== undefined && /Transform failed|SyntaxError/.test(title)) {
      undo()
      return { verdict: "unplantable", why: `with it the code cannot be read: ${title}` }
    }
    const again = title === undefined ? undefined : await test(copy, plant.tests, { only: exactly(title), first: true })
    undo()
    if (title === undefined || again === undefined) break
    const isFirm = again.failed.includes(title)
    const without = isFirm ? await test(copy, plant.tests, { only: exactly(title), first: true }) : undefined
    // A file that does not even load has no titles.
    const isGreen = without?.failed.length === 0 && (without.passed > 0 || !before.failed.includes(title))
    if (isFirm && isGreen) {
      const why = `${ran.seconds} s, by: ${title}`
      return plant.survives === undefined
        ? { verdict: "caught", why }
        : { verdict: "survived", why: `is said to survive, and is caught now; delete \`survives\` (${why})` }
    }
    fickle.add(title)
  }
  const unsteady = fickle.size === 0 ? "" : `; red without the mistake too: ${[...fickle].join("; ")}`
  if (ran?.hangs === true)
    return { verdict: "survived", why: `the tests hang for ${ran.seconds} s: give the loop a bound` }
  return plant.survives === undefined
    ? { verdict: "survived", why: `${ran?.passed ?? 0} tests stay green in ${plant.tests.join(", ")}${unsteady}` }
    : { verdict: "expected", why: plant.survives }
}

const main = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== "--"),
    options: { only: { type: "string" }, list: { type: "boolean", default: false } }
  })
  const twice = all.filter((plant, index) => all.findIndex(({ id }) => id === plant.id) !== index)
  if (twice.length > 0) {
    console.error(`planting: two plants are called ${twice.map(({ id }) => id).join(", ")}`)
    return 2
  }
  const names = values.only?.split(",").map((name) => name.trim())
  const chosen =
    names === undefined ? all : all.filter((plant) => names.includes(plant.id) || names.includes(packageOf(plant)))
  const unknown = (names ?? []).filter((name) => !all.some((plant) => plant.id === name || packageOf(plant) === name))
  if (unknown.length > 0) {
    console.error(`planting: there is no plant and no package called ${unknown.join(", ")}; --list shows them`)
    return 2
  }
  if (values.list) {
    const faults = chosen.flatMap((plant) => {
      const fault = faultOf(root, plant)
      console.log(`${plant.id.padEnd(12)}${plant.promise}\n            ${plant.tests.join(", ")}`)
      if (fault !== undefined) console.log(`            ${words.unplantable.trim()} be planted: ${fault}`)
      return fault === undefined ? [] : [fault]
    })
    console.log(`${chosen.length} plants, ${faults.length} of them cannot be planted`)
    return faults.length === 0 ? 0 : 1
  }
  const scratch = makeScratch(root)
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      stop()
      scratch.remove()
      process.exit(130)
    })
  }
  // One PostgreSQL for all the runs, started when the first of them asks for it.
  /** @type {typeof import("../../test-support/src/serverOfRun.ts")} */
  const postgres = await import(pathToFileURL(join(scratch.path, "packages/test-support/src/serverOfRun.ts")).href)
  await postgres.setup()
  try {
    /** @type {Map<string, Promise<Ran>>} */
    const known = new Map()
    /** @type {(files: ReadonlyArray<string>, only: string | undefined) => Promise<Ran>} */
    const green = (files, only) => {
      const name = JSON.stringify([files, only])
      const ran = known.get(name) ?? test(scratch.path, files, { only, first: false })
      known.set(name, ran)
      return ran
    }
    /** @type {Map<string, Map<Verdict, number>>} */
    const counts = new Map()
    let isRed = false
    for (const plant of chosen) {
      const { verdict, why } = await judge(scratch.path, plant, green)
      console.log(`${words[verdict]}${plant.id.padEnd(12)}${plant.promise}\n                       ${why}`)
      const count = counts.get(packageOf(plant)) ?? new Map()
      count.set(verdict, (count.get(verdict) ?? 0) + 1)
      counts.set(packageOf(plant), count)
      if (verdict !== "caught" && verdict !== "expected") isRed = true
    }
    for (const [name, count] of counts) {
      const total = [...count.values()].reduce((sum, one) => sum + one, 0)
      const rest = [...count].filter(([verdict]) => verdict !== "caught").map(([verdict, n]) => `, ${n} ${verdict}`)
      console.log(`${name}: ${count.get("caught") ?? 0} of ${total} caught${rest.join("")}`)
    }
    return isRed ? 1 : 0
  } finally {
    await postgres.teardown()
    scratch.remove()
  }
}

process.exitCode = await main()
