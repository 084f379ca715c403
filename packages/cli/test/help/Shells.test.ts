import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Format from "@scanpoll/report/Format"
import { hasProgram } from "@scanpoll/test-support/tools"
import { inside } from "../support/inside.ts"

const folder = mkdtempSync(join(tmpdir(), "scanpoll-shells-"))

beforeAll(() =>
  Effect.runPromise(
    Effect.gen(function* () {
      for (const shell of ["bash", "zsh", "fish"]) {
        const { err, out } = yield* inside(["--completions", shell])
        assert.strictEqual(err, "")
        writeFileSync(join(folder, `completing.${shell}`), out)
      }
      writeFileSync(join(folder, "scans.yaml"), "")
    })
  )
)

afterAll(() => rmSync(folder, { recursive: true }))

// What bash offers for a line, by the function that readline calls.
const inBash = (line: string): ReadonlyArray<string> => {
  const script = `
    source "$1"
    read -r -a COMP_WORDS <<< "$2"
    [[ "$2" == *" " ]] && COMP_WORDS+=("")
    COMP_LINE="$2"; COMP_POINT=\${#2}; COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
    _scanpoll scanpoll "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync(
    "bash",
    ["--noprofile", "--norc", "-c", script, "bash", join(folder, "completing.bash"), line],
    {
      cwd: folder,
      encoding: "utf8"
    }
  )
  return out.split("\n").filter((word) => word !== "")
}

const inFish = (line: string): ReadonlyArray<string> => {
  const script = `source ${JSON.stringify(join(folder, "completing.fish"))}; complete -C ${JSON.stringify(line)}`
  const out = execFileSync("fish", ["--no-config", "-c", script], { cwd: folder, encoding: "utf8" })
  return out
    .split("\n")
    .map((row) => row.split("\t", 1)[0] ?? "")
    .filter((word) => word !== "")
}

const severities = ["info", "low", "medium", "high", "critical", "off"]

describe.each([
  ["bash", inBash],
  ["fish", inFish]
] as const)("completing in %s", (shell, complete) => {
  it.runIf(hasProgram(shell))("offers commands and their subcommands", () => {
    assert.includeMembers([...complete("scanpoll ")], ["run", "wait", "config", "demo"])
    assert.deepStrictEqual(complete("scanpoll ven"), ["vendors"])
    assert.includeMembers([...complete("scanpoll config ")], ["init", "show", "validate"])
  })

  it.runIf(hasProgram(shell))("offers the flags of the command that stands there, and no others", () => {
    assert.includeMembers([...complete("scanpoll run --")], ["--fail-on", "--output", "--dry-run", "--help"])
    assert.deepStrictEqual(complete("scanpoll run --dea"), ["--deadline"])
    assert.deepStrictEqual(complete("scanpoll history --dea"), [])
  })

  it.runIf(hasProgram(shell))("offers every value of a flag that has a list of them", () => {
    assert.sameMembers([...complete("scanpoll run --fail-on ")], severities)
    assert.sameMembers([...complete("scanpoll run --raw ")], ["none", "redacted", "full"])
    assert.sameMembers([...complete("scanpoll wait -o ")], [...Format.names])
    assert.sameMembers([...complete("scanpoll vendors --output ")], ["text", "json"])
    assert.deepStrictEqual(complete("scanpoll run --progress pl"), ["plain"])
  })

  it.runIf(hasProgram(shell))("offers files where a plan or a file is meant", () => {
    assert.deepStrictEqual(complete("scanpoll run sca"), ["scans.yaml"])
    assert.deepStrictEqual(complete("scanpoll resume --plan sca"), ["scans.yaml"])
    assert.deepStrictEqual(complete("scanpoll config validate sca"), ["scans.yaml"])
  })
})

describe("completing in zsh", () => {
  it.runIf(hasProgram("zsh"))("is read by the shell", () => {
    assert.strictEqual(spawnSync("zsh", ["-n", join(folder, "completing.zsh")]).status, 0)
  })
})
