/**
 * The settings as pages and the action show them, compared with the one table of them in the command.
 *
 * With `DOCS_UPDATE=1` in the environment, the tables are written into the pages instead of being compared.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { byFlag, names, ownFlags, settings, variable } from "scanpoll/config/Setting"
import { otherVariables, resolve } from "scanpoll/config/Settings"
import { isEnvironment } from "scanpoll/config/Variables"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), "utf8")
const updating = process.env["DOCS_UPDATE"] === "1"

const defaults = resolve({ flags: {}, environment: {}, plan: {} }).settings

const cell = (text: string): string => text.replaceAll("|", "\\|")
const row = (cells: ReadonlyArray<string>): string =>
  `|${cells.map((text) => (text === "" ? " " : ` ${cell(text)} `)).join("|")}|`
const table = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(heads), row(heads.map(() => "---")), ...rows.map(row)].join("\n")

const settingsTable = table(
  ["flag", "variable", "in a plan", "default", "what it does"],
  names.map((name) => {
    const setting = settings[name]
    const { shown, value } = defaults[name]
    const long = `\`--${setting.flag}${setting.kind === "switch" ? "" : ` ${setting.metavar}`}\``
    return [
      `${setting.alias === null ? "" : `\`-${setting.alias}\`, `}${long}`,
      `\`${variable(setting)}\``,
      setting.plan === null ? "" : `\`${setting.plan.join(".")}\``,
      shown === "not set" ? "" : typeof value === "boolean" || value === null ? shown : `\`${shown}\``,
      setting.words
    ]
  })
)

interface Input {
  readonly description: string
  readonly default: string
}

const isInput = (value: unknown): value is Input =>
  typeof value === "object" &&
  value !== null &&
  "description" in value &&
  typeof value.description === "string" &&
  "default" in value &&
  typeof value.default === "string"

const inputs: ReadonlyArray<readonly [name: string, input: Input]> = Object.entries(
  parse(read("packages/action/action.yml")).inputs
).flatMap(([name, value]) => (isInput(value) ? [[name, value] as const] : []))

const inputsTable = table(
  ["input", "default", "what it is"],
  inputs.map(([name, input]) => {
    const value = input.default.startsWith("${{") ? "the job's" : `\`${input.default}\``
    return [`\`${name}\``, value === "``" ? "" : value, input.description]
  })
)

const tables = {
  settings: ["docs/guides/cli.md", settingsTable],
  "inputs of the action": ["packages/action/README.md", inputsTable]
} as const

describe("a table of settings", () => {
  it.each(Object.entries(tables))(
    "of the %s has the rows, words and defaults that are in force",
    (name, [page, made]) => {
      const text = read(page)
      const begin = `<!-- ${name}: written by DOCS_UPDATE=1 npm test -- docs/test/settings.test.ts -->\n\n`
      const end = `\n\n<!-- end of ${name} -->`
      const [before = "", after = ""] = text.split(begin)
      const at = after.indexOf(end)
      assert.notStrictEqual(at, -1, `${page} has no place for the table: ${begin}${end}`)
      if (updating) writeFileSync(join(root, page), `${before}${begin}${made}${after.slice(at)}`)
      else assert.strictEqual(after.slice(0, at), made)
    }
  )
})

describe("an input of the action", () => {
  const asSettings = inputs.flatMap(([name, input]) => {
    const setting = byFlag.get(name)
    // The input holds the targets themselves, the flag names a file of them.
    return setting === undefined || name === "targets" ? [] : [[name, setting, input] as const]
  })

  it("is there for what breaks a build, bounds it, and records it", () => {
    const found = asSettings.map(([name]) => name)
    for (const name of ["fail-on", "fail-on-new", "baseline", "timeout", "journal"]) {
      assert.include(found, name)
    }
  })

  it.each(asSettings)("%s says what the setting %s says, with its choices and its default", (_, name, input) => {
    const { choices, plan, words } = settings[name]
    const { shown } = defaults[name]
    const { description } = input
    assert.isTrue(description.startsWith(words), `${description}\ndoes not begin with\n${words}`)
    for (const choice of choices ?? []) assert.match(description, new RegExp(`\\b${choice}\\b`))
    if (input.default !== "") return
    const own = shown === "not set" ? "" : `, else ${shown}`
    assert.include(description, `Default: ${plan === null ? shown : `what the plan says${own}`}.`)
  })

  it.each(asSettings)("%s reaches the command as the flag of %s", (name, setting) => {
    const script = `${read("packages/action/scan.sh")}${read("packages/action/journal.sh")}`
    const flag = `--${settings[setting].flag}=`
    assert.include(script, flag)
    assert.match(script, new RegExp(`\\bINPUT_${name.toUpperCase().replaceAll("-", "_")}\\b`))
  })
})

const pages = globSync(
  [
    "README.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/guides/*.md",
    "docs/vendors/*.md",
    "docs/examples/cluster/**/*.{yaml,example}",
    "docs/examples/cluster/Dockerfile",
    "packages/*/README.md",
    "packages/action/*.{yml,sh}",
    "packages/vendors/*/README.md"
  ],
  { cwd: root }
)

describe("a page", () => {
  it.each(pages)("%s names no variable of scanpoll that is not read", (page) => {
    const known = [...names.map((name) => variable(settings[name])), ...otherVariables]
    const named = [...read(page).matchAll(/\bSCANPOLL_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name)
    assert.deepStrictEqual(
      named.filter((name) => !known.includes(name) && !isEnvironment(name)),
      []
    )
  })

  it.each(pages)("%s names no flag of scanpoll that is not there", (page) => {
    // `--kills` is of the kill harness, which the page on durability shows.
    const known = new Set(["help", "version", "completions", "kills", ...ownFlags, ...byFlag.keys()])
    // A flag that stands alone in a page, and what follows the command's name in one.
    const spans = [...read(page).matchAll(/`(--[^`\n]+)`/g), ...read(page).matchAll(/\bscanpoll ([a-z][^`|\n]*)/g)]
    const flags = spans.flatMap(([, text = ""]) =>
      [...text.replace(/ && .*/, "").matchAll(/(?:^|[\s"'])--(?:no-)?([a-z][a-z-]+)/g)].map(([, flag = ""]) => flag)
    )
    assert.deepStrictEqual(
      flags.filter((flag) => !known.has(flag) && !known.has(`no-${flag}`)),
      []
    )
  })
})
