/**
 * Tries every command of an installed scanpoll, against the simulated vendors that it brings, with a journal in a file: that
 * none of them lacks a part of the bundle.
 */
import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"

/**
 * - `program`: its file, to be started with this Node.
 * - `folder`: an empty one for its files.
 * - `env`: its environment; the keys and addresses of the simulated vendors are added.
 *
 * @typedef {{ program: string, folder: string, env: NodeJS.ProcessEnv }} Place
 */

/**
 * The simulated vendors as servers, until `stop`.
 *
 * @param {Place} place
 * @returns {Promise<{ env: NodeJS.ProcessEnv, stop: () => Promise<number | null> }>}
 */
const simulated = ({ env, folder, program }) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "simulate", "--speed", "100"], { cwd: folder, env })
    /** @type {Promise<number | null>} */
    const ended = new Promise((end) => child.once("close", end))
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text))
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said += text
      if (!said.includes("SCANPOLL_ALLOW_INSECURE_HOSTS=")) return
      const set = [...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [name, value])
      const stop = () => {
        child.kill("SIGTERM")
        return ended
      }
      resolve({ env: Object.fromEntries(set), stop })
    })
    void ended.then((code) => reject(new Error(`scanpoll simulate ended with ${code}: ${said}`)))
  })

/**
 * @param {Place} place
 * @param {NodeJS.ProcessEnv} env
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<{ code: number | null, said: string }>}
 */
const once = ({ folder, program }, env, args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
      killSignal: "SIGKILL"
    })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text))
    child.once("close", (code) => resolve({ code, said }))
  })

const formats = ["json", "markdown", "html", "csv", "sarif", "junit", "github", "events", "ocsf", "defectdojo"]

// Where the function of `vendors new` is given the parts, this module imports them, with no node_modules to find them in.
const importing = `
import { Vendor, Wire } from "@scanpoll/core"
import { Duration } from "effect"
import * as Schema from "effect/Schema"
import make from "./harbour.ts"
const { name, key, ...rest } = make({ Vendor: { ...Vendor, define: (one) => one }, Wire, Schema, Duration })
export default Vendor.define({ ...rest, name: "imported", key: { variable: "IMPORTED_API_KEY" } })
`

/**
 * The command lines of the trial, each with its exit code and what it prints.
 *
 * @type {ReadonlyArray<{ args: ReadonlyArray<string>, code?: number, says: RegExp }>}
 */
const lines = [
  { args: ["--version"], says: /^scanpoll v\d+\.\d+\.\d+\n$/ },
  { args: ["--help"], says: /scanpoll demo/ },
  { args: ["run", "--help"], says: /--fail-on/ },
  ...["bash", "zsh", "fish"].map((shell) => ({ args: ["--completions", shell], says: /scanpoll/ })),
  { args: ["rnu"], code: 2, says: /run/ },
  { args: ["vendors"], says: /appvet/ },
  { args: ["vendors", "new", "harbour"], says: /harbour\.ts/ },
  { args: ["vendors", "--check", "./harbour.ts"], says: /all \d+ rules hold/ },
  { args: ["demo", "--vendor", "./harbour.ts"], says: /harbour/ },
  { args: ["vendors", "--vendor", "./imports.ts"], says: /imported/ },
  { args: ["schema", "plan"], says: /\$schema/ },
  { args: ["schema", "report"], says: /\$schema/ },
  { args: ["config", "init", "made.yaml"], says: /made\.yaml/ },
  { args: ["config", "validate", "plan.yaml"], says: /valid/ },
  { args: ["run", "plan.yaml", "--dry-run"], says: /appvet/ },
  { args: ["doctor", "plan.yaml"], says: /appvet/ },
  {
    args: ["run", "plan.yaml", "-o", "text", ...formats.flatMap((one) => ["-o", `${one}=report.${one}`])],
    says: /shop\.example/
  },
  { args: ["submit", "appvet:https://later.example/"], says: /appvet:/ },
  { args: ["resume"], says: /later\.example/ },
  { args: ["status"], says: /./ },
  { args: ["wait", "appvet:no-such-scan"], code: 3, says: /NOT-FOUND/ },
  { args: ["reconcile", "no-such-claim"], code: 2, says: /no-such-claim/ },
  { args: ["report", "report.json"], says: /shop\.example/ },
  { args: ["diff", "report.json", "report.json"], says: /./ },
  { args: ["baseline", "write", "baseline.json", "--from", "report.json"], says: /./ },
  { args: ["history"], says: /./ },
  { args: ["purge", "--older-than", "1d", "--yes"], says: /./ },
  { args: ["cancel", "appvet:no-such-scan", "--yes"], code: 3, says: /no call that cancels/ },
  { args: ["worker"], code: 2, says: /postgres/ },
  { args: ["cluster", "status"], code: 2, says: /postgres/ },
  { args: ["serve", "--listen", ":7461"], code: 2, says: /--behind-proxy/ },
  { args: ["serve", "token", "add", "trial", "--tokens", "serve.tokens"], says: /^spt_/m }
]

/**
 * Runs the trial and gives what went wrong.
 *
 * @param {Place} place
 * @returns {Promise<{ tried: number, faults: ReadonlyArray<string> }>}
 */
export const tryEveryCommand = async (place) => {
  mkdirSync(place.folder, { recursive: true })
  const env = { ...place.env, SCANPOLL_JOURNAL: join(place.folder, "journal.db") }
  const vendors = await simulated({ ...place, env })
  /** @type {Array<string>} */
  const faults = []
  writeFileSync(
    join(place.folder, "plan.yaml"),
    "version: 1\ntargets:\n  - vendor: appvet\n    type: security\n    url: https://shop.example/\n"
  )
  writeFileSync(join(place.folder, "imports.ts"), importing)
  try {
    for (const { args, code: wanted = 0, says } of lines) {
      const { code, said } = await once(place, { ...env, ...vendors.env }, args)
      if (code !== wanted || !says.test(said)) faults.push(`scanpoll ${args.join(" ")} ended with ${code}: ${said}`)
    }
  } finally {
    const code = await vendors.stop()
    if (code !== 0 && code !== 130) faults.push(`scanpoll simulate ended with ${code}`)
  }
  return { tried: lines.length + 1, faults }
}
