/**
 * A canary key in every form, looked for wherever the command speaks: its streams with every log line on, every report
 * format, its files, and what other vendors were sent. The vendors repeat the key wherever they can.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Format from "@scanpoll/report/Format"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { scanpoll } from "../support/command.ts"
import { hurriedVendors } from "../support/vendors.ts"
import { formsOf, hitsOf } from "../support/canary.ts"
import { inside } from "../support/inside.ts"

// Characters that look different in a URL, in base64url and in JSON.
const keys = {
  exona: "exo_live_CANARY1+a/b=~Zq0123456789ABCDEFGH",
  appvet: "avk_live_CANARY2+a/b=~Zq0123456789ABCDEFGHIJKLMNOP",
  compliance: "eyJhbGciOiJub25lIn0.CANARY3_Y2FuYXJ5LXRva2Vu.c2lnbmF0dXJlLTAx"
}

const told = (key: string) => ({
  hint: key,
  note: `Bearer ${key}`,
  link: `https://example.com/?key=${encodeURIComponent(key)}`,
  basic: Buffer.from(`user:${key}`).toString("base64"),
  [`field ${key}`]: [key]
})

const vendors = hurriedVendors({
  exona: {
    credentials: [keys.exona],
    rateLimit: null,
    retryAfter: null,
    fate: () => ({
      merge: { note: keys.exona },
      result: { risk_assessment: { overall_risk_level: "Low" }, ...told(keys.exona) }
    })
  },
  appvet: {
    credentials: [keys.appvet],
    rateLimit: null,
    fate: ({ url }) =>
      url.includes("failed")
        ? { outcome: "failed", error: `the key ${keys.appvet} was refused`, merge: told(keys.appvet) }
        : { merge: told(keys.appvet) }
  },
  compliance: { credentials: [keys.compliance], fate: () => ({ merge: told(keys.compliance) }) }
})

const dataset =
  "compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-426614174000,mapping=789e0123-e45b-47c8-9901-234567890123,name=Q1"

describe("a canary key", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "is found in no stream, no log line, no report, no file and no other vendor's ledger (SE-01, SE-05)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const simulators = yield* Simulators.Simulators
            const fs = yield* FileSystem.FileSystem
            const folder = yield* fs.makeTempDirectoryScoped()
            const environment = {
              ...Simulators.environment(simulators),
              HOME: folder,
              XDG_STATE_HOME: `${folder}/state`
            }
            const { appvet, compliance, exona } = simulators
            for (const [side, key] of [
              [exona, keys.exona],
              [appvet, keys.appvet],
              [compliance, keys.compliance]
            ] as const) {
              yield* side.script({
                match: { route: "status" },
                steps: [
                  Script.respond(503, { error: { code: key, message: `${key} again` } }, { "X-Request-Id": key }),
                  { headers: { "X-Request-Id": key, "X-Echo": key } }
                ]
              })
            }
            const outputs = Format.names
              .filter((name) => name !== "text")
              .flatMap((name) => ["-o", `${name}=${folder}/report.${name}`])
            const ran = yield* scanpoll(
              [
                "run",
                "appvet:https://shop.example",
                "appvet:https://failed.example",
                "exona:Acme=https://acme.example",
                dataset,
                "--log-level",
                "all",
                "--raw",
                "full",
                "--interval",
                "1s",
                "-o",
                "text",
                ...outputs
              ],
              { directory: folder, environment }
            )
            const said = [
              ran,
              yield* scanpoll(["config", "show", "-o", "json", "--log-level", "all"], {
                directory: folder,
                environment
              }),
              yield* scanpoll(["doctor", "--log-level", "all"], { directory: folder, environment }),
              yield* scanpoll(["status", "appvet:scan_nobody", "--log-level", "all"], {
                directory: folder,
                environment
              })
            ]
            const found = said.flatMap((ended, i) => [
              ...hitsOf(keys, `stdout of command ${i}`, ended.stdout),
              ...hitsOf(keys, `stderr of command ${i}`, ended.stderr)
            ])
            const files = yield* fs.readDirectory(folder, { recursive: true })
            let read = 0
            for (const file of files) {
              const path = `${folder}/${file}`
              if ((yield* fs.stat(path)).type !== "File") continue
              read++
              found.push(...hitsOf(keys, file, Buffer.from(yield* fs.readFile(path)).toString("latin1")))
            }
            for (const [own, { ledger }] of Object.entries({ exona, appvet, compliance })) {
              for (const [vendor, key] of Object.entries(keys)) {
                if (vendor === own) continue
                for (const form of formsOf(key)) {
                  if (ledger.mentions(form).length > 0) found.push(`${own} was sent ${vendor}'s key`)
                }
              }
              // Its own key belongs into one header, and the ledger leaves that one out.
              const key = keys[own === "exona" ? "exona" : own === "appvet" ? "appvet" : "compliance"]
              if (ledger.mentions(key).length > 0) found.push(`${own}'s key was outside of its header`)
            }
            assert.deepStrictEqual(found, [])
            // The canary sang: the run went through, the logs were on, the reports are there.
            assert.strictEqual(ran.code, 3, ran.stderr)
            assert.match(ran.stderr, /level=(DEBUG|INFO|WARN)/)
            assert.isAtLeast(read, Format.names.length - 1)
            assert.match(yield* fs.readFileString(`${folder}/report.json`), /was refused/)
          })
        )
    )

    it.effect("is not shown by a defect of the command itself (SE-07)", () =>
      Effect.gen(function* () {
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const planted = "JSON.stringify = () => { throw new Error('planted defect ' + process.env.APPVET_API_KEY) }"
        const { code, stderr, stdout } = yield* scanpoll(["schema", "plan"], {
          environment: {
            ...environment,
            NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(planted)}`
          }
        })
        assert.strictEqual(code, 70)
        assert.deepStrictEqual([...hitsOf(keys, "stdout", stdout), ...hitsOf(keys, "stderr", stderr)], [])
      })
    )
  })
})

describe("a plan from somebody else", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("cannot send another variable of the environment to a vendor, whichever command reads it (S-06)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          const fs = yield* FileSystem.FileSystem
          const folder = yield* fs.makeTempDirectoryScoped()
          const canary = "CANARY4_0123456789abcdef"
          const environment = {
            ...Simulators.environment(simulators),
            AWS_SECRET_ACCESS_KEY: canary,
            SCANPOLL_ALLOW_KEY_VARIABLES: "EXONA_API_KEY"
          }
          yield* fs.writeFileString(`${folder}/keys.env`, `AWS_SECRET_ACCESS_KEY=${canary}\n`, { mode: 0o600 })
          yield* fs.writeFileString(
            `${folder}/scans.yaml`,
            [
              "version: 1",
              "accounts:",
              "  stolen: { vendor: appvet, variable: AWS_SECRET_ACCESS_KEY }",
              "  lent: { vendor: appvet, variable: EXONA_API_KEY }",
              "targets:",
              "  - { vendor: appvet, account: stolen, url: https://a.example, type: seo }",
              "  - { vendor: appvet, account: lent, url: https://b.example, type: seo }",
              ""
            ].join("\n")
          )
          const plan = `${folder}/scans.yaml`
          const commands = [
            ["run", plan],
            ["run", plan, "--key-file", `${folder}/keys.env`],
            ["run", "--dry-run", plan],
            ["submit", plan],
            ["config", "validate", plan],
            ["config", "show", plan],
            ["doctor", plan],
            ["wait", "appvet@stolen:scan_1", "--plan", plan],
            ["status", "appvet@stolen:scan_1", "--plan", plan],
            ["resume", "--plan", plan],
            ["reconcile", "clm_01ARZ3NDEKTSV4RRFFQ69G5FAV", "--plan", plan],
            ["worker", "--plan", plan, "--journal", "postgres://nobody@127.0.0.1:1/x"]
          ]
          for (const command of commands) {
            const { err, failure, out } = yield* inside(command, { environment })
            const said = `${command.join(" ")}\n${out}${err}`
            assert.strictEqual(failure instanceof ProcessExit ? failure.code : null, 2, said)
            for (const column of ["3:39", "4:37"]) assert.include(out + err, `${plan}:${column}`, said)
            assert.include(out + err, "APPVET_API_KEY_", said)
            // Each fault once: that the account cannot be used follows from it.
            assert.notMatch(out + err, /no (such )?account/, said)
            assert.notInclude(out + err, canary)
          }
          const ran = yield* scanpoll(["run", plan], { directory: folder, environment })
          assert.strictEqual(ran.code, 2, ran.stderr)
          assert.match(ran.stderr, /"AWS_SECRET_ACCESS_KEY" is not[^]*"EXONA_API_KEY" is for keys of exona/)
          const { ledger } = simulators.appvet
          assert.deepStrictEqual(ledger.mentions(canary), [])
          assert.deepStrictEqual(
            ledger.requests({ where: ({ authorization }) => authorization?.matches === false }),
            []
          )
        })
      )
    )
  })
})

describe("a plan of a pull request", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    const planOf = (defaults: string, target = "") =>
      `version: 1\ndefaults: ${defaults}\ntargets:\n  - { vendor: appvet, url: https://a.example, type: seo${target} }\n`

    // A folder below the working folder of this process, as the command runs inside of it.
    const surroundings = Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const outside = yield* fs.makeTempDirectoryScoped()
      const folder = yield* fs.makeTempDirectoryScoped({ directory: ".", prefix: ".scanpoll-plan-" })
      yield* fs.makeDirectory(`${folder}/.git/hooks`, { recursive: true })
      yield* fs.makeDirectory(`${folder}/sub`)
      yield* fs.symlink(outside, `${folder}/out`)
      yield* fs.symlink("sub", `${folder}/in`)
      const plan = `${folder}/scans.yaml`
      const simulators = yield* Simulators.Simulators
      const environment = { ...Simulators.environment(simulators), XDG_STATE_HOME: outside }
      return { outside, folder, environment, plan, write: (text: string) => fs.writeFileString(plan, text), simulators }
    })
    const codeOf = (failure: unknown) => (failure instanceof ProcessExit ? failure.code : failure === null ? 0 : null)

    it.effect("names no journal, file or link outside of the working folder, and no database (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { environment, folder, outside, plan, simulators, write } = yield* surroundings
          const refused = [
            "{ journal: postgres://u:p@db.example/x }",
            "{ journal: ../j.db }",
            `{ journal: ${outside}/j.db }`,
            `{ journal: ${folder}/out/j.db }`,
            `{ journal: file://${outside}/j.db }`,
            "{ output: json=../x.json }",
            `{ output: [text, sarif=${folder}/out/x.sarif] }`,
            `{ output: text=${folder}/.git/hooks/pre-commit }`,
            `{ output: text=${folder}/sub/../../../x }`
          ]
          for (const defaults of refused) {
            yield* write(planOf(defaults))
            for (const command of [
              ["run", plan],
              ["run", plan, "--dry-run"],
              ["submit", plan],
              ["config", "validate", plan],
              ["config", "show", plan],
              ["resume", "--plan", plan],
              ["worker", "--plan", plan]
            ]) {
              const { err, failure, out } = yield* inside(command, { environment })
              const said = `${command.join(" ")} ${defaults}\n${out}${err}`
              assert.strictEqual(codeOf(failure), 2, said)
              assert.match(err + out, /scans\.yaml:2:\d+: .*(outside of the working folder|a database|\.git)/, said)
              assert.match(err + out, /name it with --(journal|output) or SCANPOLL_/, said)
            }
          }
          assert.deepStrictEqual(simulators.appvet.ledger.requests({}), [])
          // Who starts the command may name any of them.
          yield* write(planOf("{ journal: ../j.db, output: json=../x.json }"))
          const told = yield* inside(["run", plan, "--dry-run", "--journal", "memory:"], {
            environment: { ...environment, SCANPOLL_OUTPUT: `json=${outside}/y.json` }
          })
          assert.strictEqual(codeOf(told.failure), 0, told.err)
          yield* write(planOf(`{ journal: ${folder}/in/j.db, output: [text, json=${folder}/in/x.json] }`))
          const fine = yield* inside(["config", "validate", plan], { environment })
          assert.strictEqual(codeOf(fine.failure), 0, fine.err + fine.out)
        })
      )
    )

    it.effect("has results sent to the target's own host alone, unless the environment lists another (S-07)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { environment, plan, write } = yield* surroundings
          const validate = (more: Readonly<Record<string, string>> = {}) =>
            Effect.map(inside(["config", "validate", plan], { environment: { ...environment, ...more } }), (ended) => ({
              code: codeOf(ended.failure),
              said: ended.err + ended.out
            }))
          yield* write(planOf("{}", ", callbackUrl: https://hooks.mallory.example/x"))
          const refused = yield* validate()
          assert.strictEqual(refused.code, 2)
          assert.match(refused.said, /"hooks\.mallory\.example"; list it in SCANPOLL_ALLOW_CALLBACK_HOSTS/)
          const listed = { SCANPOLL_ALLOW_CALLBACK_HOSTS: "ci.example, Hooks.mallory.example" }
          assert.strictEqual((yield* validate(listed)).code, 0)
          const fs = yield* FileSystem.FileSystem
          const list = `${plan}.csv`
          yield* fs.writeFileString(
            list,
            "vendor,url,type,callbackUrl\nappvet,https://a.example,seo,https://hooks.mallory.example/x\n"
          )
          const ofList = yield* inside(["run", "--dry-run", "--targets", list], { environment })
          assert.strictEqual(codeOf(ofList.failure), 2, ofList.err)
          assert.match(ofList.err, /\.csv:2: a list may have results sent to the host of the target alone/)
          yield* write(planOf("{}", ", callbackUrl: https://a.example/hook"))
          assert.strictEqual((yield* validate()).code, 0)
          // Some readers take the host for what follows the @.
          yield* write(planOf("{}", ", callbackUrl: 'https://a.example\\@hooks.mallory.example/x'"))
          const disagreed = yield* validate()
          assert.strictEqual(disagreed.code, 2)
          assert.match(disagreed.said, /callbackUrl|hooks\.mallory\.example/)
        })
      )
    )

    it.effect(
      "is shown by --dry-run with every file, host and variable it would use, and nothing is opened (S-07)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { environment, folder, plan, write } = yield* surroundings
            const sub = `${folder}/sub`
            yield* write(
              planOf(
                `{ journal: ${sub}/j.db, output: [text, json=${sub}/x.json] }`,
                ", callbackUrl: https://a.example/x"
              )
            )
            const { out } = yield* inside(["run", plan, "--dry-run"], { environment })
            for (const line of [
              /vendor +http:\/\/\S+ with the key in APPVET_API_KEY \(appvet\)/,
              /callback +a\.example \(\S+scans\.yaml:4:5\)/,
              /journal +\S+sub\/j\.db \(\S+scans\.yaml:2:\d+\)/,
              /writes +json to \S+sub\/x\.json \(\S+scans\.yaml:2:\d+\)/
            ]) {
              assert.match(out, line)
            }
            const json = JSON.parse((yield* inside(["run", plan, "--dry-run", "-o", "json"], { environment })).out)
            assert.strictEqual(json.purchases, 1)
            assert.strictEqual(json.accounts[0].variable, "APPVET_API_KEY")
            assert.strictEqual(json.reach.journal.address, `${sub}/j.db`)
            assert.deepStrictEqual(json.reach.callbacks, [{ host: "a.example", from: `${plan}:4:5` }])
            const fs = yield* FileSystem.FileSystem
            assert.deepStrictEqual(yield* fs.readDirectory(sub), [])
          })
        )
    )
  })
})
