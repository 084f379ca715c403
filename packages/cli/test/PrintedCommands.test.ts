/** What the command tells a person to type is typed, as it is printed, from where it was printed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import * as Demo from "scanpoll/commands/Demo"
import { inFolder as inAnyFolder } from "./support/folder.ts"
import { printedIn, typed } from "./support/printed.ts"
import { hurriedVendors } from "./support/vendors.ts"

const vendors = hurriedVendors({ exona: { retryAfter: null } })

type Typing = (line: string) => ReturnType<typeof typed>

const inFolder = <A, E, R>(
  use: (folder: {
    readonly type: Typing
    readonly path: string
    readonly fs: FileSystem.FileSystem
  }) => Effect.Effect<A, E, R>
) =>
  inAnyFolder((parent, fs) =>
    Effect.gen(function* () {
      // A path that has to be quoted.
      const path = join(parent, "our scans")
      yield* fs.makeDirectory(path)
      const environment = {
        ...Simulators.environment(yield* Simulators.Simulators),
        HOME: parent,
        XDG_STATE_HOME: parent,
        SCANPOLL_JOURNAL: ""
      }
      return yield* use({ path, fs, type: (line) => typed(line, { environment, directory: path }) })
    })
  )

// Types a line, and then each command that it printed; `filled` has the words that a person puts in the place of others.
const followed = Effect.fnUntraced(function* (
  type: Typing,
  line: string,
  { expect, filled = {} }: { readonly expect: RegExp; readonly filled?: Readonly<Record<string, string>> }
) {
  const first = yield* type(line)
  const commands = printedIn(`${first.stdout}\n${first.stderr}`)
  assert.match(commands.join("\n"), expect, `${line}\n${first.stdout}${first.stderr}`)
  for (const command of commands) {
    const typed = Object.entries(filled).reduce((text, [word, value]) => text.replace(word, value), command)
    const ended = yield* type(typed)
    assert.notInclude([2, 70, 74], ended.code, `${line}\n  ${typed}\n${ended.stderr}`)
  }
  return commands
})

const journal = "--journal 'our journal.db'"

describe("a command that is printed", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("where something is missing or misspelt, runs as it is printed (U-05)", () =>
      inFolder(({ fs, path, type }) =>
        Effect.gen(function* () {
          const first = yield* followed(type, "scanpoll run", { expect: /^scanpoll config init$/ })
          assert.lengthOf(first, 1)
          assert.isTrue(yield* fs.exists(join(path, "scans.yaml")))
          yield* fs.remove(join(path, "scans.yaml"))
          yield* fs.writeFileString(join(path, "empty.yaml"), "")
          yield* followed(type, "scanpoll run empty.yaml", { expect: /^scanpoll config init$/ })
          yield* followed(type, "scanpoll config init 'my plan.yaml'", { expect: /^scanpoll run 'my plan\.yaml'$/ })
          yield* followed(type, "scanpoll run nonsense", { expect: /^scanpoll vendors$/m })
          yield* followed(type, "scanpoll appvet:https://shop.example", {
            expect: /^scanpoll run appvet:https:\/\/shop\.example$/m
          })
          yield* followed(type, "scanpoll stats", { expect: /^scanpoll status$/m })
          yield* followed(type, "scanpoll version", { expect: /^scanpoll --version$/m })
        })
      )
    )

    it.effect("about a journal names that journal (U-05)", () =>
      inFolder(({ type }) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* type(`scanpoll submit appvet:https://open.example ${journal}`)
          const listed = / --journal 'our journal\.db'$/
          yield* followed(type, `scanpoll run --continue run_nobody ${journal}`, { expect: listed })
          yield* followed(type, `scanpoll report --run run_nobody ${journal}`, { expect: listed })
          yield* followed(type, `scanpoll purge --subject https://open.example/ --yes ${journal}`, { expect: listed })
          yield* followed(type, `scanpoll reconcile nobody ${journal}`, { expect: listed })
          yield* followed(type, `scanpoll status ${journal}`, { expect: /^scanpoll resume / })
          // What is in the journal already costs no requests (U-08).
          const { stdout } = yield* type(`scanpoll run appvet:https://open.example --dry-run -o json ${journal}`)
          const { accounts, requests } = JSON.parse(stdout)
          assert.deepInclude(accounts[0], { purchases: 0, reused: 1, requests: 0, atLeastMs: 0 })
          assert.strictEqual(requests, 0)
          // A doubt, and both choices of it.
          yield* appvet.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
          yield* type(`scanpoll run appvet:https://doubt.example --timeout 1m ${journal}`)
          yield* appvet.clearScripts
          const [found = ""] = printedIn((yield* type(`scanpoll status ${journal}`)).stdout).filter((line) =>
            line.includes("reconcile")
          )
          assert.match(found, /^scanpoll reconcile clm_\w+ --journal/)
          yield* followed(type, found, { expect: /^scanpoll resume --journal/ })
        })
      )
    )

    it.effect("by the simulators and by the page of a journal runs as it is printed (U-05)", () =>
      inFolder(({ type }) =>
        Effect.gen(function* () {
          const first = yield* followed(type, "scanpoll simulate", { expect: /^scanpoll run appvet:\S+ 'exona:/ })
          assert.lengthOf(first, 1)
          yield* type(`scanpoll submit appvet:https://served.example ${journal}`)
          const served = yield* followed(type, `scanpoll serve --listen 127.0.0.1:0 ${journal}`, {
            expect: /^scanpoll serve token add NAME --scope read$/,
            filled: { NAME: "grafana" }
          })
          assert.lengthOf(served, 1)
        })
      )
    )

    // That the demonstration ends with these lines is seen where it is run: in Command.test.ts.
    it.effect("at the end of the demonstration runs as it is printed, with no key and no plan yet (U-05)", () =>
      inFolder(({ type }) =>
        Effect.gen(function* () {
          const codes = yield* Effect.forEach(printedIn(Demo.closing.join("\n")), (command) =>
            Effect.map(type(command), ({ code }) => `${command.replace(/ +#.*/, "")}: ${code}`)
          )
          assert.deepStrictEqual(codes, [
            "scanpoll config init: 0",
            "scanpoll vendors: 0",
            "scanpoll doctor: 0",
            "scanpoll simulate: 0",
            "scanpoll serve --demo: 0",
            "scanpoll --help: 0"
          ])
        })
      )
    )

    it.effect("about a scan whose vendor has no list names both choices (U-05)", () =>
      inFolder(({ type }) =>
        Effect.gen(function* () {
          const { exona } = yield* Simulators.Simulators
          yield* exona.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
          yield* type(`scanpoll run 'exona:Doubt Ltd=https://doubt.example' --timeout 2m ${journal}`)
          yield* exona.clearScripts
          const [claim = ""] = printedIn((yield* type(`scanpoll status ${journal}`)).stdout).filter((line) =>
            line.includes("reconcile")
          )
          const [submitted] = exona.ledger.accepted("https://doubt.example")
          const filled = { SCANID: submitted?.scanId ?? "scn_nobody" }
          const choices = yield* followed(type, claim, {
            expect: /--as SCANID --journal.*\n.*--release --journal/,
            filled
          })
          assert.lengthOf(choices, 2)
        })
      )
    )
  })
})
