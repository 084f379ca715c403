/**
 * The one gate for text: what a vendor, a plan or a command line says reaches people and files without keys in it and
 * without commands to build runners, whatever it is disguised as.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Format from "@scanpoll/report/Format"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { scanpoll } from "../support/command.ts"
import { hurriedVendors } from "../support/vendors.ts"
import { inside } from "../support/inside.ts"

const keys = {
  exona: "exo_live_GATE1+a/b=~Zq0123456789ABCDEFGH",
  appvet: "avk_live_GATE2+a/b=~Zq0123456789ABCDEFGHIJKLMNOP",
  second: "avk_live_GATE3_0123456789abcdefghijklmnop"
}
const all = Object.values(keys)

const unseen = ["\u0000", "\u200b", "\u00ad", "\u001b[0m", "\u202e", "\ufe0f", "\u2060"]

const commands = [
  "##vso[task.setvariable variable=x]1",
  "##teamcity[buildStatus status='FAILURE']",
  "##[set-env name=PATH]x",
  "::add-path::/tmp",
  "section_start:0:x\r\u001b[0K",
  "travis_fold:start:x",
  "+++ a heading"
]

const split = (key: string, by: string): string => key.slice(0, 14) + by + key.slice(14)

const texts = [
  ...unseen.flatMap((by) => all.map((key) => split(key, by))),
  ...commands.map((text) => `\n${text}`)
].join(" ")

const told = { note: texts, [`name ${texts}`]: "x" }

const vendors = hurriedVendors({
  exona: {
    credentials: [keys.exona],
    rateLimit: null,
    retryAfter: null,
    fate: () => ({ result: { risk_assessment: { overall_risk_level: "Low", summary: texts }, ...told } })
  },
  appvet: {
    credentials: [keys.appvet, keys.second],
    rateLimit: null,
    fate: ({ url }) =>
      url.includes("failed")
        ? { outcome: "failed", error: texts, merge: told }
        : { merge: told, settleAfterPolls: 1, events: [{ time: "12:00:05", message: texts }] }
  }
})

// As a reader sees a text that strips everything nobody sees.
const seen = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex
    .replace(/\u001b\[[0-9;]*[A-Za-z]/g, "")
    .replace(/\\u001b\[[0-9;]*[A-Za-z]/g, "")
    .replace(/\\u(?:[0-9a-f]{4})/gi, "")
    .replace(/[\p{C}\p{M}]/gu, "")

const leaks = (where: string, text: string): ReadonlyArray<string> =>
  all.flatMap((key, i) => ([text, seen(text)].some((form) => form.includes(key)) ? [`${where}: key ${i}`] : []))

const active =
  /##(?:\[|vso\[|teamcity\[)|section_start:\d|travis_fold:|^[^\S\n]*(?:::(?!error|warning|notice|group|endgroup|debug)|\+\+\+ )/m

const isCommand = (where: string, text: string): ReadonlyArray<string> => {
  const found = active.exec(text)
  return found === null ? [] : [`${where}: ${JSON.stringify(text.slice(found.index, found.index + 40))}`]
}

describe("what others say", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "90 seconds" })((it) => {
    it.effect("reaches no stream, report or journal with a key or a build command in it (S-02, S-08)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const folder = yield* fs.makeTempDirectoryScoped()
          const environment = {
            ...Simulators.environment(yield* Simulators.Simulators),
            APPVET_API_KEY: "",
            EXONA_API_KEY: keys.exona,
            APPVET_API_KEY_SECOND: keys.second,
            XDG_STATE_HOME: `${folder}/state`
          }
          yield* fs.writeFileString(`${folder}/keys.env`, `APPVET_API_KEY=${keys.appvet}\n`, { mode: 0o600 })
          yield* fs.writeFileString(
            `${folder}/scans.yaml`,
            [
              "version: 1",
              "accounts: { second: { vendor: appvet, variable: APPVET_API_KEY_SECOND } }",
              "targets:",
              "  - { vendor: appvet, url: https://shop.example, type: security }",
              "  - { vendor: appvet, account: second, url: https://failed.example, type: seo }",
              "  - { vendor: exona, company: { name: Acme, website: https://acme.example } }"
            ].join("\n")
          )
          const outputs = Format.names
            .filter((name) => name !== "text")
            .flatMap((name) => ["-o", `${name}=${folder}/report.${name}`])
          const flags = ["--key-file", `${folder}/keys.env`, "--raw", "full", "--interval", "1s", "--log-level", "all"]
          const options = { directory: folder, environment }
          const run = yield* scanpoll(["run", "scans.yaml", ...flags, "-o", "text", ...outputs], options)
          const said = [
            run,
            yield* scanpoll(["status", "-o", "json"], options),
            yield* scanpoll(["history", "-o", "json"], options),
            yield* scanpoll(["history"], options),
            yield* scanpoll(["report", "report.json", "-o", "markdown"], options)
          ]
          const found = said.flatMap(({ stderr, stdout }, i) =>
            [
              [`stdout ${i}`, stdout],
              [`stderr ${i}`, stderr]
            ].flatMap(([where = "", text = ""]) => [...leaks(where, text), ...isCommand(where, text)])
          )
          for (const file of yield* fs.readDirectory(folder, { recursive: true })) {
            if (file === "keys.env" || (yield* fs.stat(`${folder}/${file}`)).type !== "File") continue
            const text = Buffer.from(yield* fs.readFile(`${folder}/${file}`)).toString("utf8")
            found.push(...leaks(file, text), ...(/^report\.(?!html)/.test(file) ? isCommand(file, text) : []))
          }
          assert.deepStrictEqual(found, [])
          assert.strictEqual(run.code, 3, run.stderr)
          assert.include(yield* fs.readFileString(`${folder}/report.json`), "<redacted>")
        })
      )
    )

    it.effect("is neutralised where a plan's own words are a build command (S-08)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const folder = yield* fs.makeTempDirectoryScoped()
          const environment = Simulators.environment(yield* Simulators.Simulators)
          for (const text of commands) {
            const name = JSON.stringify(text)
            yield* fs.writeFileString(
              `${folder}/scans.yaml`,
              `{ "version": 1, ${name}: 1, "defaults": { ${name}: 2 }, "targets": [{ "vendor": ${name}, ${name}: "x" }] }`
            )
            for (const command of [["run"], ["config", "validate"], ["doctor"], ["run", "--dry-run"]]) {
              const { err, failure, out } = yield* inside([...command, `${folder}/scans.yaml`], { environment })
              assert.strictEqual(failure instanceof ProcessExit ? failure.code : null, 2, err)
              assert.deepStrictEqual([...isCommand("stdout", out), ...isCommand("stderr", err)], [])
            }
          }
        })
      )
    )

    it.effect("is refused before anything is written or sent where it is a key (S-05)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          const fs = yield* FileSystem.FileSystem
          const folder = yield* fs.makeTempDirectoryScoped()
          const environment = {
            ...Simulators.environment(simulators),
            EXONA_API_KEY: keys.exona,
            APPVET_API_KEY: keys.appvet,
            XDG_STATE_HOME: `${folder}/state`
          }
          yield* fs.writeFileString(`${folder}/keys.env`, `APPVET_API_KEY_SECOND=${keys.second}\n`, { mode: 0o600 })
          yield* fs.writeFileString(
            `${folder}/scans.yaml`,
            `version: 1\ntargets:\n  - { vendor: appvet, url: "https://a.example/?t=${keys.second}", type: seo }\n`
          )
          const before = simulators.appvet.ledger.requests().length + simulators.exona.ledger.requests().length
          const plan = `${folder}/scans.yaml`
          const file = ["--key-file", `${folder}/keys.env`]
          const inUrl = (key: string) => `appvet:https://example.com/?t=${encodeURIComponent(key)}`
          const tries = [
            ["wait", `exona:${keys.exona}`],
            ["wait", `appvet:${keys.exona}`],
            ["wait", `appvet:${keys.second}`, ...file],
            ["wait", `clm_${keys.second}`, ...file],
            ["status", `appvet:${keys.second.toUpperCase()}`, ...file],
            ["run", inUrl(keys.appvet)],
            ["run", inUrl(keys.exona)],
            ["run", inUrl(keys.second), ...file],
            ["submit", inUrl(Buffer.from(keys.exona).toString("base64"))],
            ["run", `exona:${keys.exona}=https://acme.example`],
            ["run", "appvet:https://example.com", "-o", `json=${keys.exona.replaceAll("/", "_")}${keys.appvet}`],
            ["run", "appvet:https://example.com", "-o", `json=${keys.second}`, ...file],
            ["run", plan, ...file],
            ["run", plan, "--dry-run", ...file],
            ["submit", plan, ...file],
            ["baseline", "write", keys.exona.replaceAll("/", "%2F")],
            ["run", keys.exona],
            ["purge", "--older-than", keys.appvet]
          ]
          for (const words of tries) {
            const { err, failure, out } = yield* inside(words, { environment })
            assert.strictEqual(
              failure instanceof ProcessExit ? failure.code : null,
              2,
              `${words.join(" ")}\n${out}${err}`
            )
            assert.match(err, /holds a key/)
            for (const key of all) assert.notInclude(out + err, key.slice(0, 20))
          }
          assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), ["keys.env", "scans.yaml"])
          const after = simulators.appvet.ledger.requests().length + simulators.exona.ledger.requests().length
          assert.strictEqual(after, before)
        })
      )
    )
  })
})
