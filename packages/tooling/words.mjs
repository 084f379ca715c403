/**
 * House rules about the text of a file, which the lint cannot express: core speaks of no vendor, nothing reads the
 * clock behind Effect's back, no test shuts the others out, no module is imported in two forms, no merge is unfinished, and
 * no text of ours is a riddle that a plain phrase says better.
 *
 *     node packages/tooling/words.mjs [root]
 */
import { globSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const noVendor = "core knows no vendor"
const viaClock = "the time comes from Effect's Clock"

const people =
  "{*.md,.changeset/*.md,docs/{README,architecture,glossary,performance,size,guides/*,vendors/*,decisions/*,examples/**/*}.{md,ts},packages/{*,vendors/*}/README.md}"
const sources = "packages/{*,vendors/*}/src/**/*.ts"

// A riddle, and what a reader gets at the first reading.
/** @type {ReadonlyArray<readonly [RegExp, string]>} */
const riddles = [
  [/\b(?:go|goes|going|gone) on with\b/i, "resume, continue"],
  [/\bwhoever(?:'s)?\b/i, "name the person or the part"],
  [/\bnobody's\b/i, "without an owner"],
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\bslips?\b(?! in\b)/i, "typo, mistake"],
  [/\bbears\b/i, "allows, can hold"],
  [/\bin whose place\b/i, "use X instead"],
  [/\bbelongs into\b/i, "put X in Y"],
  [/\bis not there yet\b/i, "does not exist, is not ready"],
  [/\bis a good plan\b/i, "is valid"],
  [/\b(?:nobody|no one) (?:knows|sees|can know|vouches)\b/i, "unknown, invisible, untrusted"],
  [/\basks nobody\b/i, "makes no request"],
  [/\b(?:is|are) told (?:at once|all|once|as that)\b/i, "is reported"],
  [/\bgate (?:is|was) broken\b|\bbroken gate\b|\bgate holds\b/i, "the gate failed, the gate passed"]
]

/** @type {ReadonlyArray<{ files: string, what: RegExp, why: string }>} */
const rules = [
  // The page of reliability has the titles of tests, and that of statements the vendors' own words.
  ...riddles.flatMap(([what, better]) =>
    [people, sources].map((files) => ({ files, what, why: `say it plainly: ${better}` }))
  ),
  { files: "packages/core/src/**/*.ts", what: /exona|appvet/i, why: noVendor },
  // Any scan may have a compliance, so only the word's use as a name of the vendor is meant.
  { files: "packages/core/src/**/*.ts", what: /["'/]compliance["'/]|\bCompliance[A-Z]|\bCOMPLIANCE_/, why: noVendor },
  { files: "packages/{*,vendors/*}/src/**/*.ts", what: /\bnew Date(\(\s*\)|(?![\w(]))/, why: viaClock },
  { files: "packages/{*,vendors/*}/src/**/*.ts", what: /(?<!\bnew )\bDate\(/, why: viaClock },
  {
    files: "{packages/*,packages/vendors/*,docs}/test/**/*.ts",
    what: /\b(it|test|describe)(\.\w+)*\.only\b/,
    why: "the other tests would be left out"
  },
  {
    files:
      "{*.md,.changeset/*.md,.github/**/*.yml,docs/**/*.md,packages/{*,vendors/*}/{README.md,*.mjs,{src,test}/**/*.ts}}",
    what: /^(?:<{7}|>{7}|\|{7}) /,
    why: "a merge was left unfinished here"
  }
]

// Both forms of an import of one module: its namespace, and names beside it.
const namespace = /^import (?:type )?\* as \w+ from "([^"]+)"$/gm
const names = /^import (?:type )?\{[^}]*\} from "([^"]+)"$/gm
const once =
  "{packages/{action,bench,cli,cluster,core,journal,promise,test-support,testkit}/{src,test},packages/report/test,docs/test}/**/*.ts"

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("../../", import.meta.url)))
let faults = 0
for (const { files, what, why } of rules) {
  for (const file of globSync(files, { cwd: root }).toSorted()) {
    for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
      const found = what.exec(line)
      if (found === null) continue
      faults++
      console.error(`${file}:${index + 1}: ${JSON.stringify(found[0])}: ${why}`)
    }
  }
}
for (const file of globSync(once, { cwd: root }).toSorted()) {
  const text = readFileSync(join(root, file), "utf8")
  const whole = new Set([...text.matchAll(namespace)].map(([, from]) => from))
  for (const [, from] of text.matchAll(names)) {
    if (!whole.has(from)) continue
    faults++
    console.error(`${file}: "${from}": a module is imported once, by name or as a namespace`)
  }
}
process.exitCode = faults === 0 ? 0 : 1
