/** The files by which the repository itself is kept: each is read by the schema of whoever reads it. */
import { Ajv, type AnySchema } from "ajv"
import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"
import * as Version from "../../packages/tooling/version.mjs"
import { closed, text, texts } from "./support/schemaWords.ts"
import { faultsOfWorkflow } from "./support/workflow.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), "utf8")
const workflows = globSync(".github/workflows/*.yml", { cwd: root }).toSorted()

const ajv = new Ajv({ allErrors: true })
const faultsBy = (schema: AnySchema, value: unknown): ReadonlyArray<string> => {
  const validate = ajv.compile(schema)
  if (validate(value) === true) return []
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`)
}

// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
const field = (type: string, attributes: Readonly<Record<string, unknown>>, required: ReadonlyArray<string>) =>
  closed(type === "markdown" ? ["type", "attributes"] : ["type", "id", "attributes"], {
    type: { const: type },
    id: { type: "string", pattern: "^[a-zA-Z0-9_-]+$" },
    attributes: closed(required, attributes),
    validations: closed([], { required: { type: "boolean" } })
  })
const labelled = { label: text, description: text }
const form = closed(["name", "description", "body"], {
  name: text,
  description: text,
  labels: texts,
  body: {
    type: "array",
    minItems: 1,
    items: {
      oneOf: [
        field("markdown", { value: text }, ["value"]),
        field("input", { ...labelled, placeholder: text }, ["label"]),
        field("textarea", { ...labelled, render: text }, ["label"]),
        field("dropdown", { ...labelled, options: { ...texts, uniqueItems: true } }, ["label", "options"]),
        field("checkboxes", { ...labelled, options: { type: "array", items: closed(["label"], { label: text }) } }, [
          "label",
          "options"
        ])
      ]
    }
  }
})
const chooser = closed(["blank_issues_enabled"], {
  blank_issues_enabled: { type: "boolean" },
  contact_links: { type: "array", items: closed(["name", "url", "about"], { name: text, url: text, about: text }) }
})

// https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference
const group = closed([], {
  "dependency-type": { enum: ["development", "production"] },
  patterns: texts,
  "exclude-patterns": texts,
  "update-types": { type: "array", items: { enum: ["minor", "patch", "major"] } }
})
const dependabot = closed(["version", "updates"], {
  version: { const: 2 },
  updates: {
    type: "array",
    minItems: 1,
    items: closed(["package-ecosystem", "directory", "schedule"], {
      "package-ecosystem": { enum: ["npm", "github-actions"] },
      directory: { type: "string", pattern: "^/" },
      schedule: closed(["interval"], {
        interval: { enum: ["daily", "weekly", "monthly"] },
        day: { enum: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] }
      }),
      "open-pull-requests-limit": { type: "integer", minimum: 0 },
      groups: { type: "object", additionalProperties: group },
      cooldown: closed([], { "default-days": { type: "integer", minimum: 1 } })
    })
  }
})

describe("the workflows of the repository", () => {
  it.each(workflows)("%s is a workflow by GitHub's own parser", async (path) => {
    assert.deepStrictEqual(await faultsOfWorkflow(read(path)), [])
  })

  it("a workflow with an unknown key is refused by that parser", async () => {
    const broken = read(".github/workflows/ci.yml").replace("runs-on:", "runs_on:")
    assert.isNotEmpty(await faultsOfWorkflow(broken))
  })

  it.each(workflows)("%s runs actions by the digest of a commit, and may write nothing unless a job asks", (path) => {
    for (const [, uses = ""] of read(path).matchAll(/uses: (\S+)/g)) assert.match(uses, /@[0-9a-f]{40}$/, path)
    assert.deepStrictEqual(parse(read(path)).permissions, { contents: "read" })
  })

  it.each(workflows)("%s puts no text of a stranger into a script", (path) => {
    for (const [, run = ""] of read(path).matchAll(/run: (.*)$/gm)) assert.notInclude(run, "${{", path)
  })

  it("the nightly commands name programs that the repository has", () => {
    const scripts: Record<string, string> = JSON.parse(read("package.json")).scripts
    for (const { command } of parse(read(".github/workflows/nightly.yml")).jobs.long.strategy.matrix.include) {
      const [, filter, script] = /pnpm --filter (\S+) (\S+)/.exec(command) ?? []
      if (filter !== undefined) {
        const own = JSON.parse(read(`packages/${filter.replace("@scanpoll/", "")}/package.json`)).scripts
        assert.property(own, script ?? "", command)
      }
      const [, file] = /node (packages\S+)/.exec(command) ?? []
      if (file !== undefined) assert.isNotEmpty(globSync(file, { cwd: root }), command)
      const [, named] = /npm run (\S+)/.exec(command) ?? []
      if (named !== undefined) assert.property(scripts, named, command)
    }
  })
})

describe("what contributors are asked", () => {
  it.each(globSync(".github/ISSUE_TEMPLATE/*.yml", { cwd: root }).toSorted())(
    "%s is a form that GitHub shows",
    (path) => {
      const schema = basename(path) === "config.yml" ? chooser : form
      assert.deepStrictEqual(faultsBy(schema, parse(read(path))), [])
    }
  )

  it("a form with a field of no kind is refused", () => {
    assert.isNotEmpty(faultsBy(form, { name: "a", description: "b", body: [{ type: "text", attributes: {} }] }))
  })

  it("dependabot.yml asks for updates in the words of its reference", () => {
    assert.deepStrictEqual(faultsBy(dependabot, parse(read(".github/dependabot.yml"))), [])
    assert.isNotEmpty(faultsBy(dependabot, { version: 2, updates: [{ "package-ecosystem": "npm" }] }))
  })

  it("editors find the tests, the lint and the formatter", () => {
    const settings = JSON.parse(read(".vscode/settings.json"))
    for (const name of ["vitest.rootConfig", "oxc.configPath"])
      assert.isNotEmpty(globSync(settings[name], { cwd: root }))
    const sections = read(".editorconfig").split(/^\[/m)
    assert.match(sections[0] ?? "", /^root = true$/m)
    assert.match(sections[1] ?? "", /^\*\]\n(?:(?:#.*|[a-z_]+ = \S+)?\n)+$/)
    assert.include(read(".editorconfig"), `max_line_length = ${JSON.parse(read(".oxfmtrc.json")).printWidth}`)
  })
})

describe("the lockfile", () => {
  it("holds the programs of macOS and Windows beside those of Linux, for every package that brings programs", () => {
    const locked: Record<string, { optionalDependencies?: Record<string, string> }> = parse(
      read("pnpm-lock.yaml")
    ).snapshots
    const platforms = [/darwin-arm64/, /darwin-x64/, /(?:win32|windows)-x64/]
    const bringing = Object.entries(locked).filter(([, { optionalDependencies: on }]) =>
      Object.keys(on ?? {}).some((name) => /linux-x64/.test(name))
    )
    assert.isAbove(bringing.length, 4)
    for (const [name, { optionalDependencies }] of bringing) {
      // Its other platforms were not to be had when the lockfile was made; `npm run check` falls back to plain tsc there.
      if (name.startsWith("@effect/tsgo@")) continue
      const brought = Object.keys(optionalDependencies ?? {})
      for (const platform of platforms)
        assert.isTrue(
          brought.some((one) => platform.test(one)),
          `${name}: ${platform.source}`
        )
    }
  })
})

describe("the changelog", () => {
  it("takes every waiting changeset, the greatest step of a file deciding its group", () => {
    const waiting = globSync(".changeset/*.md", { cwd: root }).filter((path) => basename(path) !== "README.md")
    for (const path of waiting) assert.doesNotThrow(() => Version.parse(read(path)), path)
    const changes = [
      { bump: "patch", text: "One.\nMore." },
      { bump: "minor", text: "Two." }
    ] as const
    assert.strictEqual(
      Version.prepend("# Changelog\n\n## 0.1.0\n\nOld.\n", Version.section("0.2.0", changes)),
      "# Changelog\n\n## 0.2.0\n\n### New\n\n- Two.\n\n### Fixed\n\n- One.\n  More.\n\n## 0.1.0\n\nOld.\n"
    )
    assert.throws(() => Version.parse("no head"))
  })
})
