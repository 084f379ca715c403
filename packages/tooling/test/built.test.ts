/** A library that was never built is not packed. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "vitest"
import { published } from "../published.mjs"

const built = fileURLToPath(new URL("../built.mjs", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "scanpoll-built-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (file: string): void => {
  mkdirSync(join(folder, file, ".."), { recursive: true })
  writeFileSync(join(folder, file), file === "package.json" ? '{ "name": "@scanpoll/core" }' : "")
}

const check = () => {
  const { status, stderr } = spawnSync(process.execPath, [built], { cwd: folder, encoding: "utf8" })
  return { status, stderr: stderr.trim() }
}

describe("a library's tarball", () => {
  it("is refused in words where the library was not built, wholly or in part (issue 14)", () => {
    for (const file of ["package.json", "src/index.ts", "src/http/Auth.ts"]) write(file)
    const refused = (what: string) => ({
      status: 1,
      stderr: `@scanpoll/core is not built: dist lacks ${what}. Run \`npm run check\` first, which builds it`
    })
    assert.match(check().stderr, /^@scanpoll\/core is not built: dist lacks \S+ and 1 more\. Run/)
    for (const file of ["dist/index.js", "dist/index.d.ts", "dist/http/Auth.js"]) write(file)
    assert.deepStrictEqual(check(), refused("http/Auth"), "its types are missing")
    write("dist/http/Auth.d.ts")
    assert.deepStrictEqual(check(), { status: 0, stderr: "" })
  })

  it("is made of no published library that does not ask so before it is packed (issue 14)", () => {
    const unasked = published()
      .filter(({ isCommand }) => !isCommand)
      .filter(
        (one) => !/built\.mjs/.test(JSON.parse(readFileSync(join(one.folder, "package.json"), "utf8")).scripts?.prepack)
      )
    assert.deepStrictEqual(
      unasked.map(({ name }) => name),
      []
    )
  })
})
