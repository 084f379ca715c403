// The terminal of a page: its commands run one after the other in a folder of their own, with simulated vendors.
import { hurried } from "@scanpoll/test-support/hurry"
import { program, quickly, sparingly } from "@scanpoll/test-support/programs"
import { type ChildProcess, spawn } from "node:child_process"
import { chmod, mkdir, rm, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const cache = join(root, "docs/.cache")
const mark = "\u001e"

export interface Step {
  readonly command: string
  readonly said: string
  readonly code: number
}

// `scanpoll`, and `npx` that would fetch it, in any version. Both are this clone's.
const programs: Promise<string> = (async () => {
  const folder = join(cache, "bin")
  await mkdir(folder, { recursive: true })
  const scripts = {
    scanpoll: `exec '${process.execPath}' ${sparingly.join(" ")} '${program}' "$@"`,
    npx: `[ "$1" = --yes ] && shift
case "$1" in
  scanpoll | scanpoll@*) shift; exec scanpoll "$@" ;;
  *) echo "npx: only scanpoll is known here" >&2; exit 127 ;;
esac`
  }
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, name), 0o755)
  }
  return folder
})()

/** The commands of a `console` block behind `$ ` (and, continued, `> `), and of an `sh` block its lines. */
export const commandsOf = (
  lang: string,
  code: string
): ReadonlyArray<{ command: string; shown: ReadonlyArray<string> }> => {
  const found: Array<{ command: string; shown: Array<string> }> = []
  const lines = code.trimEnd().split("\n")
  if (lang === "sh") {
    for (const line of code.replaceAll("\\\n", "").split("\n")) {
      if (line.trim() !== "" && !line.startsWith("#")) found.push({ command: line, shown: [] })
    }
    return found
  }
  for (const line of lines) {
    const last = found.at(-1)
    if (line.startsWith("$ ")) found.push({ command: line.slice(2), shown: [] })
    else if (last === undefined) throw new Error("a console block begins with a command")
    else if (line.startsWith("> ") && last.shown.length === 0) last.command += `\n${line.slice(2)}`
    else last.shown.push(line)
  }
  return found
}

// What differs from run to run: when, how long, on which port, under which id.
const volatile: ReadonlyArray<readonly [RegExp, string]> = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)?/g, "TIME"],
  [/(127\.0\.0\.1|localhost):\d+/g, "HOST"],
  // A page's folder stands for the root of a repository.
  [/\bdocs\/\.cache\/pages\/[^/,\s]+\//g, ""],
  [/\b(clm|scan|scn|run|req|job)_[0-9a-z]{6,}\b/g, "$1_ID"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "UUID"],
  [/^\[ *[\d hmins]+\]/gm, "[AT]"],
  [/^\[\d\d:\d\d:\d\d\.\d+\] (\w+) \(#\d+\)/gm, "[LOG] $1"],
  [/\b(took|in|for|after|within|ago) (\d+(\.\d+)? (ms|s|min|h|d)\b ?)+/g, "$1 LONG "],
  [/\b(fiber=#|nextWaitMs=)\d+/g, "$1N"],
  [/"(spanId|traceId|parentSpanId)": ?"[0-9a-f]+"/g, '"$1":"HEX"']
]

// Rows of progress of several scans come in any order.
const steady = (text: string): ReadonlyArray<string> => {
  const lines = text
    .split("\n")
    .map((line) => volatile.reduce((all, [what, word]) => all.replace(what, word), line).trimEnd())
  const sorted: Array<string> = []
  for (let index = 0; index < lines.length;) {
    const begin = index
    while ((lines[index] ?? "").startsWith("[AT]")) index++
    if (index === begin) sorted.push(lines[index++] ?? "")
    else sorted.push(...lines.slice(begin, index).sort())
  }
  return sorted
}

/** Where what was printed is not what a page shows; a line `...` of the page stands for any lines. */
export const difference = (shown: ReadonlyArray<string>, said: string): string | null => {
  const lines = (text: string) => (text.trimEnd() === "" ? [] : steady(text.trimEnd()))
  const actual = lines(said)
  const wanted = lines(shown.join("\n"))
  const matches = (w: number, a: number): boolean => {
    for (; w < wanted.length; w++, a++) {
      if (wanted[w] === "...") {
        for (let next = a; next <= actual.length; next++) if (matches(w + 1, next)) return true
        return false
      }
      if (a >= actual.length || wanted[w] !== actual[a]) return false
    }
    return a === actual.length
  }
  return matches(0, 0) ? null : `shown:\n${wanted.join("\n")}\n\nprinted:\n${actual.join("\n")}`
}

export class Session {
  readonly folder: string
  readonly #environment: Record<string, string>
  readonly #background: Array<ChildProcess> = []

  /** The time of its commands passes ten times as quickly as their reader's where it is hurried. */
  constructor(page: string, environment: Readonly<Record<string, string>>, isHurried = false) {
    this.folder = join(cache, "pages", page.replaceAll("/", "."))
    this.#environment = {
      HOME: this.folder,
      TZ: "UTC",
      LC_ALL: "C.UTF-8",
      ...quickly,
      NODE_OPTIONS: `${isHurried ? hurried.NODE_OPTIONS : ""} --import=${new URL("redirect.mjs", import.meta.url).href}`,
      ...environment
    }
  }

  async open(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
    await mkdir(this.folder, { recursive: true })
    this.#environment["PATH"] = [await programs, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter)
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true })
    await writeFile(join(this.folder, file), text)
  }

  #spawn(script: string): ChildProcess {
    return spawn("bash", ["-c", `exec 2>&1\n${script}`], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true
    })
  }

  /** Runs commands as one person types them: each finds the exit code of the one before in `$?`. */
  run(commands: ReadonlyArray<string>): Promise<ReadonlyArray<Step>> {
    const script = commands
      .map((command) => `${command}\n__code=$?; printf '\\n${mark}%s${mark}' "$__code"; (exit "$__code")`)
      .join("\n")
    return new Promise((resolve, reject) => {
      const child = this.#spawn(`${script}\nexit 0`)
      let text = ""
      child.stdout?.setEncoding("utf8").on("data", (more: string) => (text += more))
      child.once("error", reject)
      child.once("close", () => {
        const parts = text.split(mark)
        resolve(
          commands.map((command, index) => ({
            command,
            said: (parts[2 * index] ?? "").replace(/\n$/, ""),
            code: Number(parts[2 * index + 1] ?? -1)
          }))
        )
      })
    })
  }

  /** Starts a command that runs until the page ends; brings what it has printed once that many lines are there. */
  background(command: string, lines: number): Promise<string> {
    const child = this.#spawn(`exec ${command}`)
    this.#background.push(child)
    return new Promise((resolve, reject) => {
      let text = ""
      child.stdout?.setEncoding("utf8").on("data", (more: string) => {
        text += more
        if (text.split("\n").length <= lines) return
        // What a reader pastes into the second terminal.
        for (const [, name = "", value = ""] of text.matchAll(/^export (\w+)='([^']*)'$/gm)) {
          this.#environment[name] = value
        }
        resolve(text)
      })
      child.once("error", reject)
      child.once("close", () => reject(new Error(`${command} ended by itself:\n${text}`)))
    })
  }

  async close(): Promise<void> {
    for (const child of this.#background) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGINT")
      await ended
    }
  }
}
