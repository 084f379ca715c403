#!/usr/bin/env node
/**
 * The `scanpoll` command: plain JavaScript, so that any Node can read it and an old one can say what it lacks.
 *
 * It answers `--version` itself. On a Node that is new enough it loads the command. On an older one it starts itself again on
 * another Node: in a clone on the one that `npm start` brought, elsewhere on one that it fetches and verifies.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import module from "node:module"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { cacheFolder, whyNotOwn } from "./own.js"
import { isNodeUsable } from "./usable.js"

const self = fileURLToPath(import.meta.url)
const source = new URL("../src/main.ts", import.meta.url)
const built = new URL("../dist/main.js", import.meta.url)
// A clone has both after a build, and its source is the newer one. An installed package has both too, but Node strips no
// types under node_modules.
const isInstalled = /[\\/]node_modules[\\/]/.test(self)

// On Node 22 both still announce themselves; neither line helps who reads a report.
const hideKnownWarnings = () => {
  const emit = process.emitWarning
  /** @type {(warning: string | Error, ...rest: Array<any>) => void} */
  const filtered = (warning, ...rest) => {
    const kind = typeof rest[0] === "object" ? rest[0]?.type : rest[0]
    if (kind === "ExperimentalWarning" && /^(SQLite|Type Stripping) is an experimental feature/i.test(String(warning)))
      return
    Reflect.apply(emit, process, [warning, ...rest])
  }
  process.emitWarning = filtered
}

// What failed here is the program that would hide keys itself.
const withoutKeys = (/** @type {string} */ text) =>
  Object.entries(process.env)
    .filter(([name, value = ""]) => /key|token|secret|password|credential/i.test(name) && value.trim().length >= 8)
    .reduce((clean, [, value = ""]) => clean.replaceAll(value.trim(), "<redacted>"), text)

// Compiled code is run unseen. Node's own place for it is in the folder for temporary files, where others may put some first.
const compileOnce = () => {
  const folder = cacheFolder(process.env, "compiled")
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (whyNotOwn(folder) === undefined) module.enableCompileCache(folder)
  } catch {
    // Without a folder of its own each start compiles anew.
  }
}

const load = async () => {
  compileOnce()
  hideKnownWarnings()
  const entry = existsSync(source) && !isInstalled ? source : built
  if (!existsSync(entry)) {
    process.stderr.write(`scanpoll: this copy is incomplete, ${fileURLToPath(built)} is missing\n`)
    process.exitCode = 70
    return
  }
  try {
    await import(entry.href)
  } catch (error) {
    const why = entry === source ? (await import("../src/process/MissingPackage.ts")).wordsOf(error) : null
    if (why !== null) {
      process.stderr.write(withoutKeys(`scanpoll: ${why}\n`))
      process.exitCode = 2
      return
    }
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(withoutKeys(`scanpoll: cannot start\n${words}\n`))
    process.exitCode = 70
  }
}

const needs = `needs Node 22.19 or newer of that line, or 24 and up, and this is ${process.versions.node}`

const restart = async () => {
  const { NODE_VERSION, bring, recordIn, run, versionOf } = await import("./toolchain.js")
  const record = isInstalled ? null : recordIn(fileURLToPath(new URL("../../../", import.meta.url)))
  const recorded = record?.read("node")
  if (record !== null && recorded === undefined) {
    process.stderr.write(`scanpoll: ${needs}; run \`npm start\` once in the clone, or install a newer one\n`)
    process.exitCode = 2
    return
  }
  if (recorded !== undefined && isNodeUsable(versionOf(recorded) ?? "0")) {
    process.exitCode = await run(recorded, [self, ...process.argv.slice(2)])
    return
  }
  if (isInstalled) process.stderr.write(`scanpoll: ${needs}; continuing with a verified Node ${NODE_VERSION}\n`)
  const brought = await bring(["node"])
  if (typeof brought === "number") {
    process.exitCode = brought
    return
  }
  const why = "why" in brought ? brought.why : versionOf(brought.node) === NODE_VERSION ? null : "it does not run here"
  if ("why" in brought || why !== null) {
    process.stderr.write(`scanpoll: ${needs}; Node ${NODE_VERSION} was not fetched: ${why}. Install Node 24.\n`)
    process.exitCode = 2
    return
  }
  record?.write("node", brought.node)
  process.exitCode = await run(brought.node, [self, ...process.argv.slice(2)])
}

const [first, ...others] = process.argv.slice(2)
if (others.length === 0 && (first === "--version" || first === "-v")) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  process.stdout.write(`scanpoll v${version}\n`)
} else await (isNodeUsable(process.versions.node) ? load() : restart())
