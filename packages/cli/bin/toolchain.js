/**
 * Finds a Node that can run scanpoll, and runs a program on it. How one is fetched stands in `fetched.js`.
 *
 * Plain JavaScript without dependencies, because it runs before anything is installed and on any Node from 18. The
 * command (`scanpoll.js`) and the launcher behind `npm start` and `npm test` share it.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { constants } from "node:os"
import { delimiter, join } from "node:path"
import process from "node:process"
import { fetched } from "./fetched.js"

export { NODE_VERSION, PNPM_VERSION } from "./fetched.js"
export { isNodeUsable } from "./usable.js"

const windows = process.platform === "win32"

/**
 * A command for `cmd.exe`, which starts the `.cmd` files that npm and pnpm make: each word stays one word.
 *
 * @param {ReadonlyArray<string>} words
 */
export const cmdLine = (words) =>
  words.map((word) => (/^[\w@=:,.\\/+-]+$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`)).join(" ")

/**
 * What is started for a program and its arguments: on Windows by `cmd.exe`, unless it is no `.cmd` file.
 *
 * @param {string} program
 * @param {ReadonlyArray<string>} args
 * @returns {[command: string, args: Array<string>, options: { shell: boolean }]}
 */
const startOf = (program, args) =>
  windows && !program.endsWith(".exe")
    ? [cmdLine([program, ...args]), [], { shell: true }]
    : [program, [...args], { shell: false }]

/**
 * What a program answers to `--version`, without the `v`; `undefined` where it does not run.
 *
 * @param {string} program
 */
export const versionOf = (program) => {
  const [command, args, options] = startOf(program, ["--version"])
  const answer = spawnSync(command, args, {
    ...options,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 20_000
  })
  return answer.status === 0 ? answer.stdout.trim().replace(/^v/, "") : undefined
}

/**
 * The first match for a program on the PATH, links resolved.
 *
 * @param {string} name
 */
export const onPath = (name) => {
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const suffix of windows ? [".exe", ".cmd"] : [""]) {
      const candidate = join(dir, name + suffix)
      if (dir !== "" && existsSync(candidate)) return realpathSync(candidate)
    }
  }
  return undefined
}

/**
 * The paths that the last set-up left in a clone, so that the next start asks nobody.
 *
 * @param {string} root the clone
 */
export const recordIn = (root) => {
  const folder = join(root, "node_modules", ".scanpoll")
  /** @param {"node" | "bin"} name */
  const read = (name) => {
    try {
      return readFileSync(join(folder, name), "utf8").trim() || undefined
    } catch {
      return undefined
    }
  }
  /**
   * @param {"node" | "bin"} name
   * @param {string} path
   */
  const write = (name, path) => {
    if (read(name) === path) return
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), `${path}\n`)
  }
  return { read, write }
}

// In the foreground of a terminal Ctrl-C reaches every process of the group, the child too.
const inForeground = () => {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\)/s, "").trim().split(" ")
    return fields[2] === fields[5]
  } catch {
    return process.stdin.isTTY
  }
}

/**
 * Passes SIGINT, SIGTERM and SIGHUP on to a child, outlives it, and gives its exit code: 128 + n where signal n ended
 * it, 127 where it could not be started.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>}
 */
const ended = (child) =>
  new Promise((resolve) => {
    /** @type {ReadonlyArray<NodeJS.Signals>} */
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // Windows has no signals: its console tells every program of a Ctrl-C, and to pass one on would kill the child.
      if (windows) return
      if (signal === "SIGTERM" || !inForeground()) child.kill(signal)
    }
    for (const signal of signals) process.on(signal, pass)
    /** @param {number} code */
    const finish = (code) => {
      for (const signal of signals) process.off(signal, pass)
      resolve(code)
    }
    child.once("error", (error) => {
      process.stderr.write(`scanpoll: ${error.message}\n`)
      finish(127)
    })
    child.once("close", (code, signal) => finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })

/**
 * Runs a program to its end and gives its exit code, as a shell would.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} [options] `quiet` sends its output to stderr
 */
export const run = (command, args, options = {}) => {
  const [program, rest, how] = startOf(command, args)
  const { cwd, env = process.env, quiet = false } = options
  return ended(spawn(program, rest, { ...how, cwd, env, stdio: quiet ? ["ignore", 2, 2] : "inherit" }))
}

/**
 * Fetches exact versions of `node` and `pnpm` whose contents are known, and says where they lie: `node` is the
 * executable, `bin` the folder with each by its plain name. The exit code of a person's stop, or why it was not done.
 *
 * @param {ReadonlyArray<"node" | "pnpm">} names
 * @returns {Promise<{ node: string, bin: string } | number | { why: string }>}
 */
export const bring = async (names) => {
  const brought = await fetched(names, { run: ended })
  if ("why" in brought) return brought.code !== undefined && brought.code >= 128 ? brought.code : { why: brought.why }
  return { node: join(brought.bin, windows ? "node.exe" : "node"), bin: brought.bin }
}
