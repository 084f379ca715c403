// The command in a real terminal: what no picture of the rows as a text can tell.
import { program, quickly } from "@scanpoll/test-support/programs"
import { hasProgram } from "@scanpoll/test-support/tools"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as CliOutput from "effect/cli/CliOutput"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"

// A server that was told to end may still be ending while the next one begins: each has a socket of its own.
let servers = 0
const name = `scanpoll-test-${process.pid}`

const rc = join(tmpdir(), `${name}.rc`)

const tmux = (...args: ReadonlyArray<string>): string =>
  spawnSync("tmux", ["-L", `${name}-${servers}`, ...args], { encoding: "utf8" }).stdout

const screen = (): string => tmux("capture-pane", "-p", "-t", "run", "-S", "-")
const cursor = (): string => tmux("display-message", "-p", "-t", "run", "#{cursor_flag}").trim()

const until = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail(what))).pipe(
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 600 }),
    Effect.mapError(() => new Error(`${what}; the screen:\n${screen()}`)),
    Effect.orDie
  )

// A shell in a terminal of this size, in which the vendors are the simulated ones.
const terminal = (width: number, height: number) =>
  Effect.acquireRelease(
    Effect.map(Simulators.Simulators, (vendors) => {
      const names = { ...Simulators.environment(vendors), ...quickly, SCANPOLL_JOURNAL: "memory:", LC_ALL: "C.UTF-8" }
      const exported = Object.entries(names).map(([variable, value]) => `export ${variable}='${value}'\n`)
      writeFileSync(rc, `${exported.join("")}unset CI\nPS1='ready$ '\n`, { mode: 0o600 })
      const size = ["-x", String(width), "-y", String(height)]
      servers += 1
      tmux("new-session", "-d", "-s", "run", ...size, `bash --noprofile --rcfile ${rc} -i`)
    }),
    () =>
      Effect.sync(() => {
        tmux("kill-server")
        rmSync(rc, { force: true })
      })
  )

const type = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    tmux("send-keys", "-t", "run", "-l", text)
    tmux("send-keys", "-t", "run", "Enter")
  })

const run = `"${process.execPath}" "${program}" run appvet:https://never.example "exona:株式会社日本語テスト 👨‍👩‍👧=https://never.example"`

describe.runIf(hasProgram("tmux"))("in a terminal", () => {
  layer(Simulators.layer({ speed: 1 }), { excludeTestServices: true, timeout: "20 seconds" })((it) => {
    it.effect("rows fit while the terminal is made narrower, and Ctrl-C gives the cursor back below the report", () =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* terminal(100, 30)
          yield* until("no prompt", () => screen().includes("ready$"))
          yield* type(run)
          yield* until("no row", () => /0 of 2 scans ended, 2 under way/.test(screen()))
          yield* until("a cursor in the rows", () => cursor() === "0")
          // Longer than the narrower terminal is wide.
          yield* until("a long row", () => /^appvet .* next poll in \d+ s \(/m.test(screen()))
          tmux("resize-window", "-t", "run", "-x", "60", "-y", "20")
          // Drawn anew, with nothing left of the rows that the narrower terminal broke in two (U-10).
          const rows = () => screen().match(/^(?:appvet|exona|,) .*$/gm) ?? []
          yield* until(
            "a row that is cut",
            () => rows().length === 2 && /(?:submitted|running|queued)[^(]*$/.test(rows()[0] ?? "")
          )
          for (const line of screen().split("\n")) assert.isAtMost(CliOutput.displayWidth(line), 60)
          tmux("send-keys", "-t", "run", "C-c")
          yield* until("no prompt again", () => /\nready\$\s*$/.test(screen()))
          assert.match(screen(), /2 scans interrupted[^]*scanpoll wait/)
          assert.strictEqual(cursor(), "1")
        })
      )
    )

    it.effect("a second Ctrl-C leaves at once, and gives the cursor back as well", () =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* terminal(80, 24)
          yield* until("no prompt", () => screen().includes("ready$"))
          // The first one waits for a submission that is never answered.
          yield* type(`${run.replaceAll("never.example", "lost.example")}; echo "code $?"`)
          yield* until("no row", () => /scans ended/.test(screen()))
          tmux("send-keys", "-t", "run", "C-c")
          yield* until("no word of it", () => /stopping/.test(screen()))
          tmux("send-keys", "-t", "run", "C-c")
          yield* until("no end", () => /code 130/.test(screen()))
          assert.strictEqual(cursor(), "1")
        })
      )
    )

    it.effect("a pipe gets no escape code, on either side", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const err = join(tmpdir(), `${name}.err`)
          yield* terminal(80, 24)
          yield* until("no prompt", () => screen().includes("ready$"))
          yield* type(`${run} --timeout 3s 2> "${err}" | cat -v; echo "en""d"`)
          yield* until("no end", () => /\nend\n/.test(screen()))
          const said = readFileSync(err, "utf8")
          rmSync(err)
          assert.include(screen(), "Scan report")
          assert.notInclude(screen(), "^[")
          assert.include(said, "submitted as")
          assert.notInclude(said, "\u001b")
        })
      )
    )
  })
})
