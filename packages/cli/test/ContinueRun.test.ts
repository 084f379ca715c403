/** `run --continue`: what it buys, what it keeps, and that the commands a run prints do what they say. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { once, type Options } from "./support/command.ts"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

const vendors = hurriedVendors({ exona: { retryAfter: null } })

const dataset = (n: number): string =>
  `  - { vendor: compliance, policyId: 550e8400-e29b-41d4-a716-446655440000, uploadId: 123e4567-e89b-42d3-a456-42661417400${n}, mappingId: 789e0123-e45b-47c8-9901-234567890123 }`

// Nothing of it would be taken by another run: what completed is too old, one failed, one asks for a new scan.
const plan = `version: 1
defaults: { reuse: 0, concurrency: 1, output: text, journal: "journal of the plan.db" }
gate: { minScore: { appvet: 1 } }
targets:
${dataset(1)}
${dataset(2)}
  - { vendor: appvet, url: https://failed.example, type: security, pace: interactive }
  - { vendor: exona, company: { name: Acme, website: https://acme.example }, forceRefresh: true, pace: interactive }
${dataset(3)}
${dataset(4)}
${dataset(5)}
`

// The journal is where the command puts it by itself.
const withPlan = <A, E, R>(
  use: (run: (args: ReadonlyArray<string>, options?: Options) => ReturnType<typeof runIn>) => Effect.Effect<A, E, R>
) =>
  inFolder((folder, fs) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(join(folder, "scans.yaml"), plan)
      const environment = { SCANPOLL_JOURNAL: "" }
      return yield* use((args, options = {}) => runIn(folder, args, { ...options, environment, directory: folder }))
    })
  )

// The words of a printed command, as a shell reads them.
const wordsOf = (line: string): ReadonlyArray<string> =>
  Array.from(line.trim().matchAll(/'([^']*)'|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? "").slice(1)

const printed = (stderr: string, form: RegExp): ReadonlyArray<string> => {
  const line = stderr.split("\n").find((each) => form.test(each))
  if (line === undefined) throw new Error(`no such command is printed: ${stderr}`)
  return wordsOf(line)
}

const statesOf = (stdout: string): ReadonlyArray<string> =>
  JSON.parse(stdout).scans.map(({ state }: { readonly state: string }) => state)

const all = ["completed", "completed", "failed", "completed", "completed", "completed", "completed"]

describe("a run that was stopped", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("prints one command that ends it, which buys what was not started and nothing else (V-08, U-05)", () =>
      withPlan((run) =>
        Effect.gen(function* () {
          const before = yield* posts
          const stopped = yield* run(["run"], { watch: once(/exona .*submitted/, (it) => it.kill("SIGINT")) })
          assert.strictEqual(stopped.code, 130, stopped.stderr)
          const bought = (yield* posts) - before
          assert.strictEqual(bought, 4, stopped.stderr)
          assert.match(stopped.stderr, /3 targets of 7 were not started; to end this run, with a verdict on all 7:/)
          const command = printed(stopped.stderr, /^ {2}scanpoll run --continue run_\w+/)
          assert.match(command.slice(3).join(" "), /^--journal .*journal of the plan\.db$/)
          const ended = yield* run([...command, "-o", "json"])
          assert.strictEqual(ended.code, 3, ended.stderr)
          assert.deepStrictEqual(statesOf(ended.stdout), all)
          assert.strictEqual((yield* posts) - before, 7)
          // What the run itself bought is not taken from another one.
          const report = JSON.parse(ended.stdout)
          assert.isTrue(report.scans.every(({ reused }: { readonly reused: boolean }) => !reused))
          assert.strictEqual(report.run.id, command[2])
          assert.deepStrictEqual(report.gate.rules.length, 1)
          // Ended, it is told again, and nothing is bought.
          const again = yield* run(["run", "--continue", "last", "--journal", "journal of the plan.db", "-o", "json"])
          assert.deepStrictEqual([again.code, statesOf(again.stdout)], [3, all])
          assert.strictEqual((yield* posts) - before, 7)
        })
      )
    )

    it.effect("or killed is ended by `--continue last` as well (V-08)", () =>
      withPlan((run) =>
        Effect.gen(function* () {
          const before = yield* posts
          const killed = yield* run(["run"], { watch: once(/exona .*submitted/, (it) => it.kill("SIGKILL")) })
          assert.isNull(killed.code)
          const ended = yield* run(["run", "--continue", "last", "--journal", "journal of the plan.db", "-o", "json"])
          assert.strictEqual(ended.code, 3, ended.stderr)
          assert.deepStrictEqual(statesOf(ended.stdout), all)
          assert.strictEqual((yield* posts) - before, 7)
        })
      )
    )

    it.effect("has rows whose own next command runs as it is printed (U-05)", () =>
      withPlan((run) =>
        Effect.gen(function* () {
          const stopped = yield* run(["run", "-o", "json", "--timeout", "2s"])
          const rows: ReadonlyArray<{
            readonly state: string
            readonly next: { readonly command: string | null } | null
          }> = JSON.parse(stopped.stdout).scans
          const commands = [...new Set(rows.flatMap(({ next }) => next?.command ?? []))]
          assert.isAbove(commands.length, 0)
          for (const command of commands) {
            const before = yield* posts
            const ended = yield* run([...wordsOf(command), "-o", "json", "--timeout", "10m"])
            assert.notInclude([2, 70, 74, null], ended.code, `${command}\n${ended.stderr}`)
            if (command.includes("--continue")) assert.deepStrictEqual(statesOf(ended.stdout), all)
            else assert.strictEqual(yield* posts, before)
          }
        })
      )
    )

    it.effect("is not ended by `resume`, which says so in its report and names the command that does (V-08)", () =>
      withPlan((run) =>
        Effect.gen(function* () {
          const stopped = yield* run(["run"], { watch: once(/exona .*submitted/, (it) => it.kill("SIGINT")) })
          assert.strictEqual(stopped.code, 130, stopped.stderr)
          const resumed = yield* run(["resume", "--plan", "scans.yaml", "-o", "json"])
          assert.strictEqual(resumed.code, 3, resumed.stderr)
          const { exit } = JSON.parse(resumed.stdout)
          assert.match(JSON.stringify(exit), /left out: 4 targets of the plan without an open scan/)
          const before = yield* posts
          const ended = yield* run([...printed(resumed.stderr, /^ {2}scanpoll run --continue run_\w+/), "-o", "json"])
          assert.deepStrictEqual(statesOf(ended.stdout), all)
          assert.strictEqual((yield* posts) - before, 3)
        })
      )
    )

    it.effect("buys what was turned down for its key, once that is valid, and nothing that was bought (V-08)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const targets = ["one", "two", "three"].map(
            (name) => `  - { vendor: appvet, url: https://${name}.example, type: seo }`
          )
          yield* fs.writeFileString(
            join(folder, "scans.yaml"),
            `version: 1\ntargets:\n${dataset(1)}\n${targets.join("\n")}\n`
          )
          const bad = { APPVET_API_KEY: "avk_live_revoked5555555555555555555555555555555555" }
          const run = (args: ReadonlyArray<string>, environment = {}) =>
            runIn(folder, args, { directory: folder, environment })
          const accepted = Effect.map(
            Simulators.Simulators,
            ({ appvet, compliance }) => appvet.ledger.accepted().length + compliance.ledger.accepted().length
          )
          const before = yield* accepted
          const refused = yield* run(["run", "--concurrency", "1", "-o", "json"], bad)
          assert.strictEqual(refused.code, 4, refused.stderr)
          assert.deepStrictEqual(statesOf(refused.stdout), ["completed", "refused", "not-started", "not-started"])
          assert.match(refused.stderr, /3 targets of 4 were not bought; to end this run once the key is fixed/)
          // With the key still wrong nothing is bought, and nothing is lost.
          const still = yield* run(["run", "--continue", "last", "-o", "json"], bad)
          assert.strictEqual(still.code, 4, still.stderr)
          const bought = yield* accepted
          const { next } = JSON.parse(still.stdout).scans[1]
          assert.match(next.command, /^scanpoll run --continue run_\w+/)
          const ended = yield* run([...wordsOf(next.command), "-o", "json"])
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.deepStrictEqual(statesOf(ended.stdout), ["completed", "completed", "completed", "completed"])
          assert.strictEqual((yield* accepted) - bought, 3)
          yield* run(["run", "--continue", "last"])
          assert.strictEqual((yield* accepted) - bought, 3)
          assert.isAtMost(bought - before, 1)
        })
      )
    )

    it.effect("leaves refused what the vendor turned down for the target itself (V-08)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          yield* appvet.script({
            match: { route: "submit" },
            steps: [Script.respond(403, { code: "DOMAIN_BLOCKED", error: "This domain is blocked" })]
          })
          const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { directory: folder })
          const refused = yield* run("run", "appvet:https://blocked.example", "-o", "json")
          assert.deepStrictEqual([refused.code, statesOf(refused.stdout)], [3, ["refused"]])
          const before = yield* posts
          const ended = yield* run("run", "--continue", "last", "-o", "json")
          assert.deepStrictEqual([ended.code, statesOf(ended.stdout)], [3, ["refused"]])
          assert.strictEqual(yield* posts, before)
        })
      )
    )

    it.effect("cannot be ended where it is not known, is under way, or where a plan is named too", () =>
      withPlan((run) =>
        Effect.gen(function* () {
          yield* run(["submit", "appvet:https://a.example", "--journal", "j.db"])
          const cases = [
            [
              ["--continue", "run_nobody", "--journal", "j.db"],
              /the journal has no run "run_nobody"; `scanpoll history --runs --journal j\.db`/
            ],
            [["--continue", "last", "--journal", "j.db"], /the journal has no run; /],
            [["--continue", "last", "scans.yaml"], /takes no plan and no target/],
            [["--continue", "last", "--dry-run"], /shows a plan or targets/]
          ] as const
          for (const [args, said] of cases) {
            const { code, stderr } = yield* run(["run", ...args])
            assert.strictEqual(code, 2, stderr)
            assert.match(stderr, said)
          }
        })
      )
    )
  })
})
