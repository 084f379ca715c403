/** The plan of a pull request under `--untrusted-plan`, and the limit of purchases that stands over every run. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { inside } from "../support/inside.ts"
import { active } from "../support/ownVendor.ts"

const world = Layer.merge(Simulators.layer({ speed: 1_000 }), NodeServices.layer)

const target = (site: string, more = "") =>
  `  - { vendor: appvet, url: https://${site}.example, type: seo, pace: 10s${more} }\n`

const surroundings = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ directory: ".", prefix: ".scanpoll-plan-" })
  const simulators = yield* Simulators.Simulators
  const environment = { ...Simulators.environment(simulators), SCANPOLL_JOURNAL: `${folder}/j.db` }
  const plan = `${folder}/scans.yaml`
  const run = (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}) =>
    Effect.map(inside(args, { environment: { ...environment, ...more } }), ({ err, failure, out }) => ({
      code: failure === null ? 0 : failure instanceof ProcessExit ? failure.code : null,
      out,
      err,
      said: `${args.join(" ")}\n${out}${err}`
    }))
  const posts = () => simulators.appvet.ledger.requests({ where: ({ method }) => method === "POST" }).length
  const before = posts()
  return {
    folder,
    plan,
    run,
    write: (text: string) => fs.writeFileString(plan, text),
    bought: () => posts() - before,
    fs
  }
})

describe("a plan under --untrusted-plan", () => {
  layer(world, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("is refused everything but targets and stricter gates, all at once, on every command (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { bought, folder, fs, plan, run, write } = yield* surroundings
          yield* fs.writeFileString(`${folder}/ram.mjs`, active)
          yield* write(
            `version: 1\ndefaults:\n  journal: ${folder}/other.db\n  output: json=${folder}/x.json\n  reuse: 0\n  timeout: 9h\n  pace: bulk\n  maxPurchases: 9\n` +
              `vendors: { appvet: { deadline: 9h } }\naccounts: { b: { vendor: appvet, variable: APPVET_API_KEY_B } }\n` +
              `gate:\n  failOn: critical\n  failOnNew: off\n  minScore: { appvet: 50 }\n  minGrade: D\n  maxViolations: 9\n  allowPartial: true\n` +
              `  allowIncomplete: true\n  exitZero: true\n  baseline: ${folder}/known.json\n` +
              `targets:\n${target("a", ", callbackUrl: https://a.example/x")}  - { vendor: ram, site: b, authorized: true }\n`
          )
          yield* fs.writeFileString(`${folder}/known.json`, "{}")
          const own =
            "--untrusted-plan --max-purchases 5 --fail-on high --fail-on-new high --min-score 70 --min-grade C --max-violations 3"
          const vendor = ["--vendor", `${yield* fs.realPath(folder)}/ram.mjs`]
          for (const [command, flags] of [
            [
              ["run", plan],
              [...own.split(" "), ...vendor]
            ],
            [
              ["run", plan, "--dry-run"],
              [...own.split(" "), ...vendor]
            ],
            [
              ["config", "validate", plan],
              [...own.split(" "), ...vendor]
            ],
            [
              ["submit", plan],
              ["--untrusted-plan", "--max-purchases", "5", ...vendor]
            ]
          ] as const) {
            const { code, said } = yield* run([...command, ...flags])
            assert.strictEqual(code, 2, said)
            for (const name of ["journal", "output", "reuse", "timeout", "maxPurchases", "baseline"]) {
              assert.match(said, new RegExp(`scans\\.yaml:\\d+:\\d+: an untrusted plan may not set ${name};`), said)
            }
            for (const words of [
              /may not set the pace of defaults/,
              /may not set the deadline of appvet/,
              /may not use another account, such as "b"/,
              /allowPartial true makes the gate looser/,
              /allowIncomplete true makes the gate looser/,
              /exitZero true makes the gate looser/,
              /may not have results sent anywhere, such as "a\.example"/,
              /ram attacks what it scans: an untrusted plan may not ask for that/
            ]) {
              assert.match(said, words, said)
            }
            if (command[0] === "submit") continue
            for (const words of [
              /failOn critical makes the gate looser: it is high \(--fail-on\)/,
              /failOnNew off makes the gate looser/,
              /minScore appvet=50 makes the gate looser: it is 70 \(--min-score\)/,
              /minGrade D makes the gate looser/,
              /maxViolations 9 makes the gate looser/
            ]) {
              assert.match(said, words, said)
            }
          }
          assert.strictEqual(bought(), 0)
        })
      )
    )

    it.effect("needs a limit of purchases from the command line or the environment (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { bought, plan, run, write } = yield* surroundings
          yield* write(`version: 1\ndefaults: { maxPurchases: 9 }\ntargets:\n${target("a")}`)
          for (const command of [
            ["run", plan],
            ["run", plan, "--dry-run"],
            ["submit", plan],
            ["config", "validate", plan]
          ]) {
            const { code, said } = yield* run(command, { SCANPOLL_UNTRUSTED_PLAN: "true" })
            assert.strictEqual(code, 2, said)
            assert.match(said, /SCANPOLL_UNTRUSTED_PLAN: needs a limit: say with --max-purchases N/, said)
          }
          assert.strictEqual(bought(), 0)
        })
      )
    )

    it.effect("makes the gate stricter than the command line, whatever the order of sources (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { plan, run, write } = yield* surroundings
          yield* write(
            `version: 1\ngate: { failOn: info, minScore: { appvet: 100 }, allowPartial: false }\ntargets:\n${target("strict")}`
          )
          const flags = [
            "--untrusted-plan",
            "--max-purchases",
            "1",
            "--fail-on",
            "high",
            "--min-score",
            "1",
            "-o",
            "json"
          ]
          const { code, out, said } = yield* run(["run", plan, ...flags], { SCANPOLL_ALLOW_PARTIAL: "true" })
          assert.strictEqual(code, 1, said)
          assert.deepStrictEqual(JSON.parse(out).gate.policy, {
            failOn: "info",
            failOnNew: null,
            minScore: [
              { vendor: null, score: 1 },
              { vendor: "appvet", score: 1 },
              { vendor: "appvet", score: 100 }
            ],
            minGrade: null,
            maxViolations: null,
            allowPartial: false,
            allowIncomplete: false,
            exitZero: false
          })
        })
      )
    )

    it.effect("bounds the lists of targets that lie beside it as it is bound itself (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { folder, fs, run } = yield* surroundings
          yield* fs.writeFileString(`${folder}/ram.mjs`, active)
          yield* fs.writeFileString(
            `${folder}/list.ndjson`,
            [
              { vendor: "ram", site: "b", authorized: true },
              { vendor: "appvet", url: "https://a.example", type: "seo", callbackUrl: "https://a.example/x" }
            ]
              .map((one) => JSON.stringify(one))
              .join("\n")
          )
          yield* fs.writeFileString(`${folder}/list.txt`, "appvet@team:https://a.example\n")
          const lists = ["--targets", `${folder}/list.ndjson`, "--targets", `${folder}/list.txt`]
          const vendor = ["--vendor", `${yield* fs.realPath(folder)}/ram.mjs`]
          const { code, said } = yield* run(
            ["run", "--dry-run", "--untrusted-plan", "--max-purchases=9", ...lists, ...vendor],
            {}
          )
          assert.strictEqual(code, 2, said)
          assert.match(said, /list\.ndjson:1: ram attacks what it scans: a list beside an untrusted plan may not/)
          assert.match(said, /list\.ndjson:2: a list beside an untrusted plan may not have results sent anywhere/)
          assert.match(said, /list\.txt:1: a list beside an untrusted plan may not use another account, such as "team"/)
        })
      )
    )

    it.effect(
      "has no private address visited, however it is written, and nothing of ours connects to a target (S-07)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { bought, plan, run, write } = yield* surroundings
            const planOf = (hosts: ReadonlyArray<string>) =>
              write(
                `version: 1\ntargets:\n${hosts.map((host) => `  - { vendor: appvet, url: "http://${host}/latest", type: seo }\n`).join("")}`
              )
            const dry = ["run", plan, "--dry-run", "--untrusted-plan", "--max-purchases=9"]
            const hosts = [
              "169.254.169.254",
              "[::ffff:169.254.169.254]",
              "2852039166",
              "0xa9fea9fe",
              "169.254.169.254."
            ]
            yield* planOf(hosts)
            const refused = yield* run(dry)
            assert.strictEqual(refused.code, 2, refused.said)
            assert.strictEqual(
              refused.said.match(/this is a local or private host/g)?.length,
              hosts.length,
              refused.said
            )
            yield* planOf(["a.example."])
            const { code, out, said } = yield* run(dry)
            assert.strictEqual(code, 0, said)
            // Its vendor is the one host that is asked.
            const asked = out.match(/^ {2}vendor .*$/gm) ?? []
            assert.strictEqual(asked.length, 1)
            assert.match(asked.join("\n"), /http:\/\/127\.0\.0\.1:\d+ with the key in APPVET_API_KEY/)
            assert.strictEqual(bought(), 0)
          })
        )
    )

    it.effect(
      "sets no address, shows nothing of a file it names, and reads no variable but those it is given (S-06, S-07)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { folder, fs, plan, run, write } = yield* surroundings
            const dry = ["run", plan, "--dry-run"]
            const bound = [...dry, "--untrusted-plan", "--max-purchases=9"]
            for (const [section, key] of [
              ["vendors: { appvet: { baseUrl: https://mallory.example } }", "baseUrl"],
              ["defaults: { proxy: http://mallory.example }", "proxy"],
              ["defaults: { keyFile: /etc/passwd }", "keyFile"],
              ["defaults: { vendor: ./ram.mjs }", "vendor"],
              ["defaults: { untrustedPlan: false }", "untrustedPlan"],
              ["defaults: { trustJournal: true }", "trustJournal"],
              ["defaults: { targets: list.txt }", "targets"],
              ["extends: other.yaml", "extends"]
            ] as const) {
              yield* write(`version: 1\n${section}\ntargets:\n${target("a")}`)
              const { code, said } = yield* run(dry)
              assert.strictEqual(code, 2, said)
              assert.match(said, new RegExp(`unknown key "${key}" in `), said)
            }
            yield* fs.writeFileString(`${folder}/private.txt`, "CANARY of somebody else")
            yield* write(`version: 1\ngate: { baseline: ${folder}/private.txt }\ntargets:\n${target("a")}`)
            const shown = yield* run(dry)
            assert.strictEqual(shown.code, 2, shown.said)
            assert.notInclude(shown.said, "CANARY")
            yield* write(
              `version: 1\nvariables: [SITE, HOME, APPVET_API_KEY]\ntargets:\n${target("a")}` +
                '  - { vendor: appvet, url: "https://${SITE}", type: seo }\n  - { vendor: appvet, url: "https://a.example/${HOME}", type: seo }\n'
            )
            const missing = yield* run(bound, { SCANPOLL_VAR_SITE: "b.example", HOME: "/home/CANARY" })
            assert.strictEqual(missing.code, 2, missing.said)
            assert.match(missing.said, /the variable HOME has no value/)
            assert.notMatch(missing.said, /CANARY|variable SITE has no value/)
            const counted = yield* write(
              "version: 1\ntargets:\n  - { vendor: appvet, url: https://a.example, type: [seo, security, performance] }\n"
            ).pipe(Effect.andThen(run([...dry, "--untrusted-plan", "--max-purchases=2"])))
            assert.strictEqual(counted.code, 2, counted.said)
            assert.match(counted.said, /--max-purchases:? allows 2 purchases, and 3 would be made/)
          })
        )
    )

    it.effect("leaves targets of the command line what they are (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { plan, run, write } = yield* surroundings
          yield* write(`version: 1\ntargets:\n${target("mixed")}`)
          const { code, out, said } = yield* run([
            "run",
            plan,
            "appvet:https://own.example",
            "--dry-run",
            "--untrusted-plan",
            "--max-purchases=2"
          ])
          assert.strictEqual(code, 0, said)
          assert.match(out, /Limit: 2 of at most 2 purchases \(--max-purchases\)/)
          assert.match(out, /The plan is untrusted \(--untrusted-plan\)/)
        })
      )
    )
  })
})

describe("--max-purchases", () => {
  layer(world, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "refuses a run that would buy more, before anything is bought; what is reused does not count (S-07)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { bought, plan, run, write } = yield* surroundings
            yield* write(`version: 1\ntargets:\n${target("p")}${target("q")}${target("q")}`)
            for (const command of [
              ["run", plan],
              ["submit", plan],
              ["run", plan, "--dry-run"]
            ]) {
              const { code, said } = yield* run([...command, "--max-purchases", "1"])
              assert.strictEqual(code, 2, said)
              assert.match(
                said,
                /--max-purchases:? allows 1 purchase, and 2 would be made \(2 from appvet\); raise the limit/
              )
            }
            assert.strictEqual(bought(), 0)
            const only = ["run", "appvet:https://p.example", "--max-purchases=1"]
            yield* write(`version: 1\ntargets:\n${target("p")}`)
            yield* run(["run", plan, "--max-purchases", "1"])
            assert.strictEqual(bought(), 1, only.join(" "))
            yield* write(`version: 1\ntargets:\n${target("p")}${target("q")}${target("q")}`)
            const dry = yield* run(["run", plan, "--dry-run", "--max-purchases", "1", "-o", "json"])
            const { accounts, maxPurchases, purchases } = JSON.parse(dry.out)
            assert.deepStrictEqual([dry.code, purchases, maxPurchases, accounts[0].reused], [0, 1, 1, 1], dry.said)
            yield* run(["run", plan], { SCANPOLL_MAX_PURCHASES: "1" })
            assert.strictEqual(bought(), 2)
          })
        )
    )
  })
})
