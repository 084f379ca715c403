/**
 * Brings the programs that some tests need and this machine lacks, from Debian's archive, into a folder: nothing of the
 * machine is changed, and no rights are needed. What cannot be had is said in a line; its tests then say that they did not
 * run.
 *
 *     node packages/tooling/debian.mjs FOLDER
 *
 * The programs are then in FOLDER/bin, to be put on the PATH.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { onPath } from "../cli/bin/toolchain.js"

/**
 * - `packages`: those that hold the program and what a machine may lack of what it needs.
 * - `file`: where it is in them.
 * - `by`: the program of the machine that runs the file.
 *
 * @typedef {{ name: string, packages: ReadonlyArray<string>, file: string, by?: string }} Program
 */

/** @type {ReadonlyArray<Program>} */
const programs = [
  { name: "fish", packages: ["fish", "fish-common", "libpcre2-32-0"], file: "usr/bin/fish" },
  { name: "zsh", packages: ["zsh", "zsh-common"], file: "bin/zsh" },
  { name: "promtool", packages: ["prometheus"], file: "usr/bin/promtool" },
  { name: "sqlmapapi", packages: ["sqlmap"], file: "usr/share/sqlmap/sqlmapapi.py", by: "/usr/bin/python3" }
]

/**
 * @param {string} text
 * @returns {string} one word for a POSIX shell
 */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * The script that starts a program where its packages were unpacked.
 *
 * @param {Program} program
 * @param {string} root
 * @param {ReadonlyArray<string>} libraries
 */
export const starter = ({ by, file }, root, libraries) =>
  [
    "#!/bin/sh",
    ...(libraries.length === 0 ? [] : [`export LD_LIBRARY_PATH=${quoted(libraries.join(":"))}`]),
    `exec ${by === undefined ? "" : `${by} `}${quoted(join(root, file))} "$@"`,
    ""
  ].join("\n")

/**
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {string} cwd
 * @returns {string | undefined} why it failed
 */
const failed = (command, args, cwd) => {
  const { error, signal, status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 60_000 })
  if (error !== undefined) return error.message
  if (status === 0) return undefined
  const said = stderr.trim().split("\n").at(-1) ?? ""
  return `${command} ended with ${signal ?? status}${said === "" ? "" : `: ${said}`}`
}

/**
 * @param {string} folder
 * @returns {string | undefined} why nothing could be brought
 */
const bring = (folder) => {
  const lacking = programs.filter(({ by, name }) => onPath(name) === undefined && (by === undefined || existsSync(by)))
  const bin = join(folder, "bin")
  const root = join(folder, "root")
  const lists = join(folder, "lists")
  const cache = join(folder, "cache")
  for (const each of [bin, root, join(lists, "partial"), join(cache, "archives/partial")]) {
    mkdirSync(each, { recursive: true })
  }
  if (lacking.length === 0) return undefined
  if (onPath("apt-get") === undefined || onPath("dpkg-deb") === undefined) return "this is no Debian"
  const ours = {
    "Dir::State::Lists": lists,
    "Dir::Cache": cache,
    "Debug::NoLocking": "1",
    "APT::Sandbox::User": "root"
  }
  const options = Object.entries({ ...ours, "Acquire::Retries": "1", "Acquire::http::Timeout": "10" }).flatMap(
    ([name, value]) => ["-o", `${name}=${value}`]
  )
  const outdated = failed("apt-get", ["--quiet", ...options, "update"], folder)
  if (outdated !== undefined) return outdated
  /** @param {ReadonlyArray<Program>} which */
  const download = (which) =>
    failed("apt-get", ["--quiet", ...options, "download", ...which.flatMap(({ packages }) => packages)], folder)
  // All at once is three times as quick; one that is not there leaves the others.
  if (download(lacking) !== undefined) {
    for (const program of lacking) {
      const missing = download([program])
      if (missing !== undefined) console.error(`${program.name} cannot be had: ${missing}`)
    }
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) {
    const broken = failed("dpkg-deb", ["--extract", file, root], folder)
    if (broken !== undefined) return broken
  }
  // Where fish looks for its own functions, it asks for its settings beside them.
  if (!existsSync(join(root, "usr/etc"))) symlinkSync("../etc", join(root, "usr/etc"))
  const shared = join(root, "usr/lib")
  const libraries = existsSync(shared)
    ? readdirSync(shared)
        .filter((name) => name.endsWith("-linux-gnu"))
        .map((name) => join(shared, name))
    : []
  for (const program of lacking.filter(({ file }) => existsSync(join(root, file)))) {
    const script = join(bin, program.name)
    writeFileSync(script, starter(program, root, libraries))
    chmodSync(script, 0o755)
    console.error(`${program.name}: brought from Debian's archive`)
  }
  return undefined
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = process.argv[2]
  if (folder === undefined) {
    console.error("node packages/tooling/debian.mjs FOLDER")
    process.exitCode = 2
  } else {
    const why = bring(resolve(folder))
    if (why !== undefined) console.error(`no programs were brought: ${why}`)
  }
}
