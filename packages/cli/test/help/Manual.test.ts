import { assert, describe, it } from "@effect/vitest"
import * as CliOutput from "effect/cli/CliOutput"
import * as Completions from "effect/cli/Completions"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { root } from "scanpoll/Cli"
import { names, ownFlags, settings, variable } from "scanpoll/config/Setting"
import { pages, variables } from "scanpoll/help/Pages"
import * as Shipped from "scanpoll/vendors/Shipped"
import { inside } from "../support/inside.ts"

type Descriptor = Completions.CommandDescriptor

const all = (command: Descriptor, path: ReadonlyArray<string>): ReadonlyArray<readonly [string, Descriptor]> => [
  [path.join(" "), command],
  ...command.subcommands.flatMap((one) => all(one, [...path, one.name]))
]

const commands = all(Completions.fromCommand(root), [])

const helpOf = (path: string, columns = 80) =>
  Effect.map(inside([...path.split(" ").filter((word) => word !== ""), "--help"], { columns }), ({ out }) => out)

describe("the help of a command", () => {
  it("has a page for every command and none for another", () => {
    assert.sameMembers(
      [...pages.keys()],
      commands.map(([path]) => path)
    )
  })

  it.effect.each(commands.map(([path]) => path))("says how to use `scanpoll %s`, how it ends, and shows it", (path) =>
    Effect.gen(function* () {
      const help = yield* helpOf(path)
      const name = `scanpoll ${path}`.trimEnd()
      assert.isTrue(help.startsWith(`${name} - `), help)
      const isGroup = ["baseline", "cluster", "config", "journal", "schema"].includes(path)
      for (const heading of ["USAGE", "EXIT CODES", "SEE ALSO", ...(isGroup ? [] : ["EXAMPLES"])]) {
        assert.include(help, `\n\n${heading}\n`)
      }
      assert.notMatch(help, /undefined|\[object|[^.]\.\.\n|;\.|,\.|\.;/)
    })
  )

  it.effect.each(commands.map(([path]) => path))("names every flag of `scanpoll %s` with its variable", (path) =>
    Effect.gen(function* () {
      const help = yield* helpOf(path)
      const descriptor = commands.find(([one]) => one === path)?.[1]
      for (const { name } of descriptor?.flags ?? []) {
        assert.include(help, ` --${name}`)
        assert.include(help, variable({ flag: name }))
        assert.isTrue(ownFlags.some((own) => own === name) || names.some((one) => settings[one].flag === name), name)
      }
    })
  )

  it.effect.each(commands.map(([path]) => path))("fits `scanpoll %s` to the terminal, wide or narrow", (path) =>
    Effect.gen(function* () {
      for (const columns of [61, 80, 101, 200]) {
        const help = yield* helpOf(path, columns)
        // Examples are to be copied and are never cut; a single word may be wider than its column.
        const [prose = "", rest = ""] = help.split("\nEXAMPLES\n")
        const others = rest.slice(Math.max(0, rest.indexOf("\n\nEXIT CODES")))
        for (const line of `${prose}${others}`.split("\n")) {
          const fits = CliOutput.displayWidth(line) < Math.min(101, columns)
          assert.isTrue(fits || line.trim().split(/\s+/).length === 1, `${columns}: ${line}`)
        }
      }
    })
  )

  it.effect("shows only examples whose commands and flags there are", () =>
    Effect.gen(function* () {
      for (const [path] of commands) {
        const help = yield* helpOf(path)
        for (const example of help.split("\nEXAMPLES\n")[1]?.split("\n\nEXIT CODES")[0]?.split(/\n|&&/) ?? []) {
          const words = /^\s*(?:\$\()?scanpoll (.*)$/.exec(example)?.[1]?.split(" ") ?? []
          if (words.length === 0) continue
          const command = commands
            .filter(([known]) => known !== "" && ` ${words.join(" ")} `.startsWith(` ${known} `))
            .at(-1)?.[1]
          assert.isDefined(command, example)
          for (const [, flag] of example.matchAll(/ --([a-z-]+)/g)) {
            assert.isTrue(
              command?.flags.some((known) => known.name === flag),
              example
            )
          }
        }
      }
    })
  )

  it("names no command and no flag that there is not, in any message or comment of the sources (U-05)", () => {
    const said = ["cli", "cluster", "core", "journal", "report", "server"].flatMap((name) => {
      const folder = new URL(`../../../${name}/src/`, import.meta.url)
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
      return files.flatMap((file) => [
        ...readFileSync(new URL(file, folder), "utf8").matchAll(/(`?)\bscanpoll ([a-z][^`"'\n|]*)/g)
      ])
    })
    assert.isAbove(said.length, 100)
    const wrong = said.filter(([, quoted = "", words = ""]) => {
      const path = commands.filter(([known]) => known !== "" && `${words} `.startsWith(`${known} `))
      // Outside of quotes the word may go on as prose: "scanpoll itself".
      if (path.length === 0) return quoted === "`" && /^[a-z]+(?: |$)/.test(words)
      const flags = new Set(path.flatMap(([, command]) => command.flags.map((flag) => flag.name)))
      return Array.from(words.matchAll(/ --(?:no-)?([a-z-]+)/g)).some(([, flag = ""]) => !flags.has(flag))
    })
    assert.deepStrictEqual(
      wrong.map(([line]) => line),
      []
    )
  })

  it("names the variables of every vendor", () => {
    const said = Object.values(variables(Shipped.all))
      .flat()
      .map(([name]) => name)
      .join(", ")
    for (const vendor of Shipped.all) {
      for (const name of [vendor.keyVariable ?? "", vendor.baseVariable, ...vendor.extraVariables]) {
        assert.include(said, name)
      }
    }
  })

  it.effect("is in colour on a terminal, and never in a pipe or against the reader's will", () =>
    Effect.gen(function* () {
      const escape = "\u001b["
      assert.include((yield* inside(["run", "--help"], { terminal: true })).out, escape)
      assert.notInclude((yield* inside(["run", "--help"])).out, escape)
      const refusals = [{ NO_COLOR: "1" }, { TERM: "dumb" }]
      for (const environment of refusals) {
        assert.notInclude((yield* inside(["run", "--help"], { terminal: true, environment })).out, escape)
      }
      assert.notInclude((yield* inside(["run", "--help", "--no-color"], { terminal: true })).out, escape)
    })
  )
})

describe("a command line that is no invocation", () => {
  it.effect.each([
    [["rnu"], 'there is no command "rnu"; did you mean `scanpoll run`?'],
    [["help"], 'there is no command "help"; it is `scanpoll --help`'],
    [["completion"], 'there is no command "completion"; it is `scanpoll --completions bash`'],
    [
      ["appvet:https://example.com"],
      'there is no command "appvet:https://example.com"; did you mean `scanpoll run appvet:https://example.com`?'
    ],
    [["scans.yaml"], 'there is no command "scans.yaml"; did you mean `scanpoll run scans.yaml`?'],
    [["config", "valdate"], 'there is no command "valdate" of config; did you mean `scanpoll config validate`?'],
    [["run", "--fial-on", "high"], "run has no flag --fial-on; did you mean --fail-on?"],
    [["history", "--allow-partial"], "history has no flag --allow-partial"],
    [["wait"], "wait needs KEY"],
    [["diff", "a.json"], "diff needs HEAD"],
    [["run", "--deadline"], "--deadline needs a value"],
    [["run", "--dry-run=maybe"], '--dry-run must be true or false, not "maybe"'],
    [["vendors", "extra"], 'there is no command "extra" of vendors; known are new']
  ] as const)("%s is answered with the word, the place and the remedy", ([args, words]) =>
    Effect.gen(function* () {
      const said = yield* inside(args)
      const [first, second] = said.err.split("\n")
      assert.strictEqual(first, `scanpoll: ${words}`)
      assert.match(second ?? "", /^Run `scanpoll( \w+)? --help` for what it understands\.$/)
      assert.strictEqual(said.out, "")
      assert.isNotNull(said.failure)
    })
  )
})
