/**
 * Runs a task of this repository on a machine that has Node (18 or newer) and npm, and nothing else.
 *
 *     node packages/tooling/launch.mjs start [args]      the demonstration
 *     node packages/tooling/launch.mjs test [args]       every test, or those that vitest's arguments choose
 *     node packages/tooling/launch.mjs exec cmd [args]   any command, with the tools of the repository on its PATH
 *     node packages/tooling/launch.mjs check | lint | format | fences | api | unused | pack | bench
 *
 * Each task first sees to the right Node and pnpm, fetched through npm only where the machine lacks them, and to an
 * install that matches the lockfile. All of that speaks on stderr: stdout belongs to the task.
 */
import { existsSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import {
  NODE_VERSION,
  PNPM_VERSION,
  bring,
  isNodeUsable,
  onPath,
  recordIn,
  run,
  versionOf
} from "../cli/bin/toolchain.js"

const UNAVAILABLE = 69

const root = fileURLToPath(new URL("../../", import.meta.url))

/** @param {string} line */
const say = (line) => process.stderr.write(`scanpoll: ${line}\n`)

/** @param {string} name */
const local = (name) => join(root, "node_modules", ...name.split("/"))

/**
 * The Node to run on, and the folders to put before the PATH.
 *
 * @returns {Promise<{ node: string, path: ReadonlyArray<string>, bin?: string } | number>} or the exit code of a failure
 */
const toolchain = async () => {
  const record = recordIn(root)
  const nodeFits = isNodeUsable(process.versions.node)
  const pnpmFits = versionOf("pnpm") === PNPM_VERSION
  // `node` in a script must mean this Node, also where it was started by its full path.
  const own = nodeFits && onPath("node") !== process.execPath ? [dirname(process.execPath)] : []
  if (nodeFits && pnpmFits) return { node: process.execPath, path: own }

  const node = nodeFits ? process.execPath : record.read("node")
  const bin = record.read("bin")
  if (
    node !== undefined &&
    bin !== undefined &&
    (nodeFits || versionOf(node) === NODE_VERSION) &&
    (pnpmFits || versionOf(join(bin, "pnpm")) === PNPM_VERSION)
  ) {
    return { node, path: [...own, bin] }
  }

  /** @type {ReadonlyArray<"node" | "pnpm">} */
  const missing = nodeFits ? ["pnpm"] : pnpmFits ? ["node"] : ["node", "pnpm"]
  const words = missing.map((name) => `${name}@${name === "node" ? NODE_VERSION : PNPM_VERSION}`).join(" and ")
  say(`fetching ${words} (kept in your cache folder; nothing is installed globally)`)
  const brought = await bring(missing)
  if (typeof brought === "number") return brought
  if ("why" in brought) {
    say(`could not fetch ${words}: ${brought.why}.`)
    say(`Check the network and npm's settings (\`npm ping\`), or install Node 24 and pnpm ${PNPM_VERSION} yourself.`)
    return UNAVAILABLE
  }
  return { node: nodeFits ? process.execPath : brought.node, path: [...own, brought.bin], bin: brought.bin }
}

/**
 * Sees to the toolchain and the packages; gives the Node to run on and the environment for children, or the exit code
 * of what failed.
 *
 * @param {boolean} [isInstalling] whether the task itself installs
 * @returns {Promise<{ node: string, env: NodeJS.ProcessEnv } | number>}
 */
const setUp = async (isInstalling = false) => {
  // Inside another task of this launcher all is in place already.
  if (process.env["LAUNCHER_ROOT"] === root) return { node: process.execPath, env: process.env }

  const tools = await toolchain()
  if (typeof tools === "number") return tools
  const path = [...tools.path, join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter)
  const env = { ...process.env, PATH: path, LAUNCHER_ROOT: root }

  if (!existsSync(local(".modules.yaml"))) say("installing the packages (once; about half a minute)")
  const install = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only", "--loglevel=warn"]
  // Whoever asks for another install has changed what the lockfile is about.
  const installed = isInstalling ? 0 : await run("pnpm", install, { cwd: root, env, quiet: true })
  if (installed !== 0) {
    if (installed < 128) say("the packages could not be installed; what pnpm said stands above")
    return installed
  }
  const record = recordIn(root)
  record.write("node", tools.node)
  if (tools.bin !== undefined) record.write("bin", tools.bin)
  return { node: tools.node, env }
}

const oxlint = [
  "oxlint",
  "-c",
  ".oxlintrc.mjs",
  "--type-aware",
  "--deny-warnings",
  "--report-unused-disable-directives"
]

/** @type {Record<string, ReadonlyArray<ReadonlyArray<string>>>} */
const tasks = {
  start: [["node", "packages/cli/bin/scanpoll.js", "demo"]],
  test: [["node", "node_modules/vitest/vitest.mjs", "run", "--config", "vitest.workspace.ts"]],
  check: [["node", "packages/tooling/check.mjs"]],
  lint: [
    [...oxlint, "."],
    ["oxfmt", "--check", "."],
    ["node", "packages/tooling/words.mjs"]
  ],
  format: [["oxfmt", "."]],
  fences: [["node", "packages/tooling/fences.mjs"]],
  api: [
    ["node", "packages/tooling/check.mjs"],
    ["node", "packages/tooling/api.mjs"]
  ],
  unused: [["knip", "--no-progress"]],
  pack: [["node", "packages/tooling/pack.mjs"]],
  bench: [["node", "packages/bench/src/main.ts"]],
  sbom: [["node", "packages/tooling/sbom.mjs"]],
  exec: [[]]
}

/**
 * @param {string} task
 * @param {ReadonlyArray<string>} args
 */
const main = async (task, args) => {
  const commands = tasks[task]
  if (commands === undefined || (task === "exec" && args.length === 0)) {
    say(`usage: launch.mjs ${Object.keys(tasks).join(" | ")} [args]; exec wants a command`)
    return 2
  }
  const house = await setUp(task === "exec" && args[0] === "pnpm" && args[1] === "install")
  if (typeof house === "number") return house
  if (task === "start" && !existsSync(join(root, "packages/cli/src/main.ts"))) {
    say("the command is not in this copy: packages/cli/src/main.ts is missing")
    return 70
  }
  let worst = 0
  for (const line of commands) {
    const [command = "", ...rest] = [...line, ...args]
    const code = await run(command === "node" ? house.node : command, rest, { cwd: root, env: house.env })
    worst = Math.max(worst, code)
    if (code >= 128) break
  }
  return worst
}

const [task = "", ...args] = process.argv.slice(2)
process.exitCode = await main(task, args)
