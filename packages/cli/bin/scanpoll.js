#!/usr/bin/env node
/**
 * The `scanpoll` command: plain JavaScript, so that any Node can read it and an old one can say what it lacks.
 *
 * On a Node that is new enough it loads the command itself. On an older one, inside a clone, it starts itself again on
 * the Node that `npm start` brought.
 */
import { existsSync } from "node:fs"
import module from "node:module"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { NODE_VERSION, bring, isNodeUsable, recordIn, run, versionOf } from "./toolchain.js"

const self = fileURLToPath(import.meta.url)

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

const load = async () => {
  module.enableCompileCache?.()
  hideKnownWarnings()
  const source = new URL("../src/main.ts", import.meta.url)
  const built = new URL("../dist/main.js", import.meta.url)
  // A clone has both after a build, and its source is the newer one. An installed package has both too, but Node strips
  // no types under node_modules.
  const installed = /[\\/]node_modules[\\/]/.test(self)
  const entry = existsSync(source) && !installed ? source : built
  if (!existsSync(entry)) {
    process.stderr.write(`scanpoll: this copy is incomplete, ${fileURLToPath(built)} is missing\n`)
    process.exitCode = 70
    return
  }
  try {
    await import(entry.href)
  } catch (error) {
    process.stderr.write(`scanpoll: cannot start\n${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 70
  }
}

const restart = async () => {
  const record = recordIn(fileURLToPath(new URL("../../../", import.meta.url)))
  const recorded = record.read("node")
  let node = recorded !== undefined && isNodeUsable(versionOf(recorded) ?? "0") ? recorded : undefined
  if (node === undefined && recorded !== undefined) {
    // npm's cache was purged since: fetch the same Node once more.
    const brought = await bring([`node@${NODE_VERSION}`])
    if (typeof brought !== "number") {
      node = brought.node
      record.write("node", node)
    }
  }
  if (node === undefined) {
    process.stderr.write(
      `scanpoll: needs Node >= 22.19 and runs on ${process.versions.node}; run \`npm start\` once in the clone, or install a newer Node\n`
    )
    process.exitCode = 2
    return
  }
  process.exitCode = await run(node, [self, ...process.argv.slice(2)])
}

await (isNodeUsable(process.versions.node) ? load() : restart())
