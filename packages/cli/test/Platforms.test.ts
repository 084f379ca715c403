// What is different on Windows and macOS, as far as it can be told from here.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkKeyFile } from "scanpoll/commands/Doctor"
import { setting } from "scanpoll/commands/Simulate"
import { cmdLine } from "../bin/toolchain.js"
import { facts } from "./support/inside.ts"

describe("on Windows", () => {
  it("a program below a folder with spaces, and an argument with spaces, stay one word for cmd.exe", () => {
    assert.strictEqual(
      cmdLine(["C:\\Program Files\\nodejs\\pnpm", "install", "--filter=@scanpoll/core", "a & b", 'say "x"', ""]),
      '"C:\\Program Files\\nodejs\\pnpm" install --filter=@scanpoll/core "a & b" "say ""x""" ""'
    )
  })

  it("simulate prints its variables for PowerShell, elsewhere for a POSIX shell", () => {
    assert.strictEqual(setting("win32", "EXONA_API_KEY", "exo_test_1"), "$env:EXONA_API_KEY = 'exo_test_1'")
    assert.strictEqual(setting("darwin", "EXONA_API_KEY", "exo_test_1"), "export EXONA_API_KEY='exo_test_1'")
  })

  it.effect("doctor says that it does not look at who can read a key file", () =>
    Effect.gen(function* () {
      const [check, ...others] = yield* checkKeyFile("keys.env", { ...facts({}, "/nowhere"), platform: "win32" })
      assert.deepStrictEqual(others, [])
      assert.strictEqual(check?.result, "skipped")
      assert.include(check?.message ?? "", "Windows")
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
