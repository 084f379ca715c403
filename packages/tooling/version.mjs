/**
 * Makes the next version out of the files in `.changeset`: the version of every published package and of the command,
 * and a section of CHANGELOG.md with what the files say.
 *
 *     node packages/tooling/launch.mjs exec node packages/tooling/version.mjs [--preview]
 *
 * With `--preview` it prints the section and changes nothing.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** @typedef {"major" | "minor" | "patch"} Bump */
/** @typedef {{ bump: Bump, text: string }} Change */

/** @type {ReadonlyArray<readonly [Bump, string]>} */
const headings = [
  ["major", "Breaking"],
  ["minor", "New"],
  ["patch", "Fixed"]
]

/**
 * One file of `.changeset`: the greatest step it asks for, and its words.
 *
 * @param {string} file its text
 * @returns {Change}
 */
export const parse = (file) => {
  const [, head = "", text = ""] = /^---\n([\s\S]*?)\n?---\n([\s\S]*)$/.exec(file) ?? []
  const bump = headings.map(([name]) => name).find((name) => new RegExp(`: ${name}$`, "m").test(head))
  if (bump === undefined || text.trim() === "") throw new Error(`not a changeset: ${file.slice(0, 80)}`)
  return { bump, text: text.trim() }
}

/**
 * The section of a version: what breaks, what is new, what is fixed; empty groups are left out.
 *
 * @param {string} version
 * @param {ReadonlyArray<Change>} changes
 */
export const section = (version, changes) =>
  [
    `## ${version}`,
    ...headings.flatMap(([bump, heading]) => {
      const lines = changes.filter((change) => change.bump === bump)
      const items = lines.map(({ text }) => (/^[-*] /.test(text) ? text : `- ${text.replaceAll("\n", "\n  ")}`))
      return lines.length === 0 ? [] : [`### ${heading}`, items.join("\n")]
    })
  ].join("\n\n")

/**
 * A changelog with a new section before the others.
 *
 * @param {string} changelog
 * @param {string} added
 */
export const prepend = (changelog, added) => {
  const at = changelog.search(/^## /m)
  return at === -1
    ? `${changelog.trimEnd()}\n\n${added}\n`
    : `${changelog.slice(0, at)}${added}\n\n${changelog.slice(at)}`
}

const main = () => {
  const folder = join(root, ".changeset")
  const files = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md")
  const changes = files.toSorted().map((name) => parse(readFileSync(join(folder, name), "utf8")))
  if (process.argv.includes("--preview")) {
    console.log(section("the next version", changes))
    return 0
  }
  if (spawnSync("changeset", ["version"], { cwd: root, stdio: "inherit" }).status !== 0) return 1
  /** @type {string} */
  const version = JSON.parse(readFileSync(join(root, "packages/core/package.json"), "utf8")).version
  const module = join(root, "packages/cli/src/process/Version.ts")
  writeFileSync(module, readFileSync(module, "utf8").replace(/"\d+\.\d+\.\d+[^"]*"/, JSON.stringify(version)))
  const changelog = join(root, "CHANGELOG.md")
  writeFileSync(changelog, prepend(readFileSync(changelog, "utf8"), section(version, changes)))
  return 0
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main()
