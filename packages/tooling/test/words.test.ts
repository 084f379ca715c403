import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const words = fileURLToPath(new URL("../words.mjs", import.meta.url))

const check = (...args: ReadonlyArray<string>) => {
  const { status, stderr } = spawnSync(process.execPath, [words, ...args], { encoding: "utf8" })
  return { status, stderr }
}

const checkOf = (files: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), "words-"))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return check(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("the list of banned phrases", () => {
  it("keeps riddles out of the messages, the help and the pages of this repository (U-18)", () => {
    assert.deepStrictEqual(check(), { status: 0, stderr: "" })
  })

  it.each([
    ["docs/guides/start.md", "Mend the credential.", /docs\/guides\/start\.md:1: "Mend": say it plainly: fix/],
    [
      "packages/cli/src/Help.ts",
      'const help = "what cannot be gone on with"',
      /"gone on with": say it plainly: resume/
    ],
    [
      "packages/report/src/Words.ts",
      'const gate = "The gate is broken."',
      /"gate is broken": say it plainly: .*failed/
    ],
    [".changeset/one.md", "Whoever reads this", /"Whoever": say it plainly: name the person/]
  ])("names file, line and the plain phrase for a riddle in %s (U-18)", (name, text, said) => {
    const { status, stderr } = checkOf({ [name]: text })
    assert.strictEqual(status, 1)
    assert.match(stderr, said)
  })
})
