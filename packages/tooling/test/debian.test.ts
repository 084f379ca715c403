/** The programs of tests that `debian.mjs` brings. */
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { starter } from "../debian.mjs"

const folder = mkdtempSync(join(tmpdir(), "scanpoll it's here "))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file of a package that says with which arguments and libraries it was started. */
const started = (by: string | undefined, libraries: ReadonlyArray<string>, ...args: ReadonlyArray<string>) => {
  mkdirSync(join(folder, "usr/bin"), { recursive: true })
  writeFileSync(
    join(folder, "usr/bin/says"),
    `#!/bin/sh\nprintf '%s\\n' "$LD_LIBRARY_PATH"; for each in "$@"; do printf '<%s>' "$each"; done`
  )
  chmodSync(join(folder, "usr/bin/says"), by === undefined ? 0o755 : 0o644)
  const program = { name: "says", packages: [], file: "usr/bin/says", ...(by === undefined ? {} : { by }) }
  writeFileSync(join(folder, "says"), starter(program, folder, libraries))
  return execFileSync("/bin/sh", [join(folder, "says"), ...args], { encoding: "utf8", env: {} })
}

describe("a program out of Debian's archive", () => {
  it("starts from a folder of any name, with its libraries and its arguments as they are", () => {
    assert.strictEqual(started(undefined, ["/a b", "/c"], "one word", "$HOME"), "/a b:/c\n<one word><$HOME>")
  })

  it("is run by the machine's own program where it is a script", () => {
    assert.strictEqual(started("/bin/sh", [], "x"), "\n<x>")
  })
})
