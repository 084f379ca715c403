import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Script, type Simulator, Stage } from "@scanpoll/testkit"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { scanpoll } from "./support/command.ts"
import { fields, folderOf } from "./support/harbour.ts"
import { scanpollInside } from "./support/inside.ts"
import { printedIn, wordsOf } from "./support/printed.ts"

const key = "harbour-key-0123456789"

const source = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries(changes).reduce(
    (text, [from, to]) => text.replace(from, to),
    `export default ({ Vendor, Wire, Schema, Duration }) => (${fields})
`
  )

const plan = `version: 1
vendors:
  harbour: {}
targets:
  - { vendor: harbour, dataset: moorings }
`

const Summary = Schema.Struct({
  summary: Schema.Struct({ byState: Schema.Record(Schema.String, Schema.Number) })
})

const scan = (fields: object) => Script.respond(200, { id: "hb-1", ...fields })
const done = scan({ state: "done", verdict: { score: 81 } })

const vendorOf = Effect.fnUntraced(function* (status: Script.Steps) {
  const vendor = yield* Stage.make({ vendor: "harbour", auth: { header: "X-Harbour-Key" }, credentials: [key] })
  yield* vendor.script({ match: { route: "submit" }, steps: [Script.respond(202, { id: "hb-1" })] })
  yield* vendor.script({ match: { route: "status" }, steps: status })
  return vendor
})

const environmentOf = (vendor: Simulator.Simulator) => ({
  HARBOUR_KEY: key,
  HARBOUR_BASE_URL: vendor.baseUrl,
  SCANPOLL_ALLOW_INSECURE_HOSTS: `127.0.0.1:${vendor.port}`
})

describe("a vendor of a user's own", () => {
  it.live("is scanned by a plan, looked at dry, reported, resumed and remembered as the shipped ones are", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const vendor = yield* vendorOf([scan({ state: "waiting" }), { ...done, times: Infinity }])
        const directory = yield* folderOf({ "harbour.ts": source(), "scans.yaml": plan })
        const environment = { ...environmentOf(vendor), SCANPOLL_JOURNAL: join(directory, "journal.db") }
        const run = (...args: ReadonlyArray<string>) => scanpollInside(args, { directory, environment })

        const dry = yield* run("run", "--dry-run", "--vendor", "./harbour.ts")
        assert.strictEqual(dry.code, 0, dry.stderr)
        assert.include(dry.stdout, "harbour: 1 purchase for 1 target")
        assert.include(dry.stdout, "runs      the code of ./harbour.ts (--vendor)")
        assert.strictEqual(vendor.ledger.requests().length, 0)

        const ran = yield* run("run", "--vendor", "./harbour.ts", "-o", "json=scans.json", "-o", "text")
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.include(ran.stdout, "score 81 of 100")

        // What was bought is known, also where the vendor is named by the environment alone.
        const own = { ...environment, SCANPOLL_VENDOR: "./harbour.ts" }
        const again = yield* scanpollInside(["run", "harbour:moorings", "-o", "text"], { directory, environment: own })
        assert.strictEqual(again.code, 0, again.stderr)
        const waited = yield* scanpollInside(["wait", "harbour:hb-1"], { directory, environment: own })
        assert.strictEqual(waited.code, 0, waited.stderr)
        const resumed = yield* scanpollInside(["resume"], { directory, environment: own })
        assert.strictEqual(resumed.code, 0, resumed.stderr)
        const history = yield* scanpollInside(["history"], { directory, environment: own })
        assert.match(history.stdout, /^harbour {2}moorings {2}one answer so far$/m, history.stderr)
        assert.include(history.stdout, "score 81")
        const report = yield* run("report", "scans.json")
        assert.include(report.stdout, "score 81 of 100", report.stderr)
        assert.strictEqual(vendor.ledger.requests({ route: "submit" }).length, 1)

        const schema = yield* scanpollInside(["schema", "plan"], { directory, environment: own })
        assert.include(schema.stdout, '"harbour"', schema.stderr)
        const doctor = yield* scanpollInside(["doctor"], { directory, environment: own })
        assert.include(doctor.stdout, "HARBOUR_KEY is set and well formed")
      })
    )
  )

  it.live("is named in every command that a run prints, so that each of them runs as shown (V-08, U-05)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const waiting = scan({ state: "waiting" })
        const vendor = yield* vendorOf([waiting, Script.hang(), { ...done, times: Infinity }])
        const directory = yield* folderOf({ "harbour.ts": source(), "scans.yaml": plan })
        const environment = { ...environmentOf(vendor), SCANPOLL_JOURNAL: join(directory, "journal.db") }
        const run = (args: ReadonlyArray<string>) => scanpoll(args, { directory, environment, time: "real" })
        const stopped = yield* run(["run", "--vendor", "./harbour.ts", "--timeout", "3s"])
        assert.strictEqual(stopped.code, 3, stopped.stderr)
        const printed = [...`${stopped.stdout}\n${stopped.stderr}`.matchAll(/^ +scanpoll (\S.*)$/gm)].map(
          ([, line = ""]) => line.split(" ")
        )
        assert.isTrue(
          printed.some(([command]) => command === "run"),
          stopped.stderr
        )
        for (const args of printed) {
          assert.include(args.join(" "), "--vendor ./harbour.ts")
          const { code, stderr } = yield* run(args)
          assert.strictEqual(code, 0, `${args.join(" ")}\n${stderr}`)
        }
        assert.strictEqual(vendor.ledger.requests({ route: "submit" }).length, 1)
      })
    )
  )

  it.live(
    "whose polls fail is told of by `status`: the last fault, its time, the next time and the command to type (D-02, D-03)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const vendor = yield* vendorOf([{ ...Script.respond(500, { message: "upset" }), times: Infinity }])
          const directory = yield* folderOf({ "harbour.ts": source() })
          const environment = {
            ...environmentOf(vendor),
            SCANPOLL_VENDOR: "./harbour.ts",
            SCANPOLL_JOURNAL: join(directory, "journal.db")
          }
          const run = (...args: ReadonlyArray<string>) => scanpollInside(args, { directory, environment })
          assert.strictEqual((yield* run("run", "harbour:moorings", "--deadline", "1s")).code, 3)
          const text = yield* run("status")
          assert.match(
            text.stdout,
            /clm_\w+ {2}harbour:hb-1 .*last poll failed [\dms]+ ago: upset \(HTTP 500\)\n +scanpoll resume\n/
          )
          const [open] = JSON.parse((yield* run("status", "-o", "json")).stdout).open
          const { at, by, code, message, until } = open.lastFault
          assert.deepStrictEqual([code, message], ["http-500", "upset (HTTP 500)"])
          assert.match(by, /\d/)
          assert.isFalse(Number.isNaN(Date.parse(at)))
          assert.isFalse(Number.isNaN(Date.parse(until)))
          assert.isFalse(Number.isNaN(Date.parse(open.notBefore)))
          // Why each wait was as long as it was, for the claim that is named.
          const told = yield* run("history", open.claimId)
          assert.match(told.stdout, /^clm_\w+ .*\n {2}\S+Z {2}begins to wait; next in \d+m?s, because: first\n/)
          assert.match(
            told.stdout,
            /\n {2}\S+Z {2}polled http-500.*; next in \d+m?s, because: .+: upset \(HTTP 500\)\n/
          )
          assert.match(told.stdout, /\n {2}\S+Z {2}stops http-500: unreachable: upset \(HTTP 500\)\n$/)
          const polls = JSON.parse((yield* run("history", open.claimId, "-o", "json")).stdout).polls
          assert.deepInclude(polls.at(-1), { kind: "stop", seen: "fault", code: "http-500", because: "unreachable" })
          const unknown = yield* run("history", "clm_nobody")
          assert.strictEqual(unknown.code, 2)
          assert.match(unknown.stderr, /there is no such claim/)
        })
      )
  )

  it.live(
    "that cancels scans is asked once by `cancel`, which stores nothing: the vendor's next answer ends the scan as failed",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const vendor = yield* vendorOf([
            { ...scan({ state: "waiting" }), times: 2 },
            { ...scan({ state: "stopped" }), times: Infinity }
          ])
          yield* vendor.script({
            match: { method: "DELETE" },
            steps: [{ ...Script.respond(202, {}), times: Infinity }]
          })
          const cancels = {
            '      waiting: "queued",': '      waiting: "queued",\n      stopped: "cancelled",',
            "  errors: {": '  cancel: { method: "DELETE", path: "/scans/{id}" },\n  errors: {'
          }
          const directory = yield* folderOf({ "harbour.ts": source(cancels) })
          const environment = {
            ...environmentOf(vendor),
            SCANPOLL_VENDOR: "./harbour.ts",
            SCANPOLL_JOURNAL: join(directory, "journal.db")
          }
          const run = (...args: ReadonlyArray<string>) => scanpollInside(args, { directory, environment })
          const deletes = () => vendor.ledger.requests().filter(({ method }) => method === "DELETE")

          assert.strictEqual((yield* run("submit", "harbour:moorings")).code, 0)
          const unsure = yield* run("cancel", "harbour:hb-1")
          assert.deepStrictEqual([unsure.code, deletes().length], [2, 0])
          assert.include(unsure.stderr, "--yes: is required where there is no terminal to ask")

          const asked = yield* run("cancel", "harbour:hb-1", "--yes")
          assert.strictEqual(asked.code, 0, asked.stderr)
          assert.include(asked.stderr, "harbour:hb-1: the vendor was asked to cancel it")
          const [{ path } = { path: "" }] = deletes()
          assert.deepStrictEqual([deletes().length, path], [1, "/scans/hb-1"])
          const overview = yield* run("status", "-o", "json")
          const [open] = JSON.parse(overview.stdout).open ?? JSON.parse(overview.stdout).claims
          assert.strictEqual(open.state, "submitted")

          const unsureClaim = yield* run("cancel", open.claimId)
          assert.deepStrictEqual([unsureClaim.code, deletes().length], [2, 1])
          assert.include(unsureClaim.stderr, "--yes: is required where there is no terminal to ask")
          const byClaim = yield* run("cancel", open.claimId, "--yes")
          assert.strictEqual(byClaim.code, 0, byClaim.stderr)
          const [printed = ""] = printedIn(byClaim.stderr)
          assert.strictEqual(printed, `scanpoll wait ${open.claimId}`)
          const waited = yield* run(...wordsOf(printed), "-o", "json")
          const [row] = JSON.parse(waited.stdout).scans
          assert.deepStrictEqual([waited.code, row.state, row.reason.code], [3, "failed", "cancelled"])
          const over = yield* run("cancel", open.claimId, "--yes")
          assert.deepStrictEqual([over.code, deletes().length], [0, 2])
          assert.include(over.stderr, "not open, but settled; nothing was sent")
        })
      )
  )

  it.live("that cannot cancel scans says so before it asks anybody for consent, of a key and of a claim", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const vendor = yield* vendorOf([{ ...scan({ state: "waiting" }), times: Infinity }])
        const directory = yield* folderOf({ "harbour.ts": source() })
        const environment = {
          ...environmentOf(vendor),
          SCANPOLL_VENDOR: "./harbour.ts",
          SCANPOLL_JOURNAL: join(directory, "journal.db")
        }
        const run = (...args: ReadonlyArray<string>) => scanpollInside(args, { directory, environment })
        assert.strictEqual((yield* run("submit", "harbour:moorings")).code, 0)
        const [{ claimId }] = JSON.parse((yield* run("status", "-o", "json")).stdout).open
        const sent = vendor.ledger.requests().length
        for (const known of ["harbour:hb-1", claimId]) {
          // There is no terminal, and nobody says --yes.
          const cannot = yield* run("cancel", known)
          assert.strictEqual(cannot.code, 3, cannot.stderr)
          assert.include(cannot.stderr, "harbour:hb-1: harbour has no call that cancels a scan; nothing was sent")
          assert.notInclude(cannot.stderr, "yes")
        }
        assert.strictEqual(vendor.ledger.requests().length, sent)
        const unknown = yield* run("cancel", "harbour:hb-1", "--log-level", "loud")
        assert.strictEqual(unknown.code, 2)
      })
    )
  )

  it.live(
    "with a hostile server is read as every vendor is: no key, no escape and no long wait comes through (S-02, S-05)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const hostile = {
            ...scan({
              state: "done",
              verdict: { score: 81, note: key },
              more: "\u001b]8;;https://elsewhere.example\u0007"
            }),
            headers: { "retry-after": "9999999999", "x-request-id": `r-${key}` }
          }
          const vendor = yield* vendorOf([
            Script.respond(500, { message: `${key} \u001b[2J ##vso[task.complete]` }),
            { ...hostile, times: Infinity }
          ])
          const directory = yield* folderOf({ "harbour.ts": source(), "scans.yaml": plan })
          const environment = { ...environmentOf(vendor), SCANPOLL_VENDOR: "./harbour.ts" }
          const args = ["run", "-o", "text", "-o", "json=scans.json", "--raw", "full", "--timeout", "30s"]
          const ran = yield* scanpoll(args, { directory, environment })
          assert.strictEqual(ran.code, 0, ran.stderr)
          for (const text of [ran.stdout, ran.stderr, readFileSync(join(directory, "scans.json"), "utf8")]) {
            assert.notInclude(text, key)
            assert.notInclude(text, "\u001b")
          }
        })
      )
  )

  it.live(
    "with a server that sends too much, too deep, of wrong types or to elsewhere has no verdict of that, and its other scans have theirs (issue 14)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const vendor = yield* Stage.make({ vendor: "harbour", auth: { header: "X-Harbour-Key" }, credentials: [key] })
          const elsewhere = yield* Stage.make({ vendor: "elsewhere" })
          const there = Script.redirect(`${elsewhere.origin}/scans/hb-1`, 307)
          const whole = '"state":"done","verdict":{"score":81}}'
          const nested = `${"[".repeat(20_000)}${"]".repeat(20_000)}`
          const taken = (id: unknown) => Script.respond(202, { id })
          const polls: ReadonlyArray<ReadonlyArray<Script.Step>> = [
            [Script.respond(200, { id: "hb-0", state: "done", verdict: { score: 81 } })],
            [Script.respond(200, `${" ".repeat(12 * 1024 * 1024)}{"id":"hb-1",${whole}`)],
            [Script.gzipBomb(1024 * 1024)],
            [Script.respond(200, `{"id":"hb-3","x":${nested},${whole}`)],
            [
              { ...Script.respond(200, { id: "hb-4", state: 7, verdict: [] }), times: 1 },
              { ...Script.respond(200, { id: ["hb-4"], state: "done", verdict: { score: 81 } }), times: 1 },
              Script.respond(200, { id: "hb-4", state: "done", verdict: { score: "81" } })
            ],
            [there]
          ]
          const submissions = [
            ...polls.map((_, at) => taken(`hb-${at}`)),
            Script.huge(12 * 1024 * 1024),
            there,
            taken({ id: "hb-9" }),
            taken("..")
          ]
          yield* vendor.script({ match: { route: "submit" }, steps: submissions })
          for (const [at, steps] of polls.entries()) {
            const always = steps.map((step) => ({ times: Infinity, ...step }))
            yield* vendor.script({ match: { route: "status", scanId: `hb-${at}` }, steps: always })
          }
          const targets = submissions.map((_, at) => `  - { vendor: harbour, dataset: mooring-${at} }`)
          const quick = { "requests: 60": "requests: 6000" }
          const head = "version: 1\nvendors: { harbour: {} }\ntargets:\n"
          const directory = yield* folderOf({
            "harbour.ts": source(quick),
            "scans.yaml": `${head}${targets.join("\n")}\n`
          })
          const environment = { ...environmentOf(vendor), SCANPOLL_VENDOR: "./harbour.ts" }
          const ran = yield* scanpollInside(["run", "-o", "json=scans.json", "--raw", "full"], {
            directory,
            environment
          })
          const report = readFileSync(join(directory, "scans.json"), "utf8")
          const { summary } = Schema.decodeUnknownSync(Summary)(JSON.parse(report))
          assert.deepStrictEqual(summary.byState, { completed: 1, protocol: 5, "in-doubt": 4 }, ran.stderr)
          assert.deepStrictEqual(elsewhere.ledger.requests(), [])
          assert.isBelow(report.length + ran.stderr.length, 100_000)
        })
      )
  )

  it.live("with a server that answers too slowly is not waited for longer than the plan says (issue 14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const vendor = yield* vendorOf([{ ...done, ...Script.drip("20 millis", { endless: true }), times: Infinity }])
        const directory = yield* folderOf({ "harbour.ts": source(), "scans.yaml": plan })
        const environment = { ...environmentOf(vendor), SCANPOLL_VENDOR: "./harbour.ts" }
        const args = ["run", "-o", "json=scans.json", "--timeout", "20s"]
        const ran = yield* scanpollInside(args, { directory, environment })
        const { summary } = Schema.decodeUnknownSync(Summary)(
          JSON.parse(readFileSync(join(directory, "scans.json"), "utf8"))
        )
        assert.include(["unreachable", "still-running"], Object.keys(summary.byState).join(), ran.stderr)
        assert.include(ran.stderr, "scanpoll wait --plan scans.yaml harbour:hb-1")
      })
    )
  )

  it.live(
    "that a plan names and nobody brought is refused with the way to bring it, and no code of a plan is run (S-06)",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const directory = yield* folderOf({ "harbour.ts": "process.stdout.write('ran')", "scans.yaml": plan })
          for (const args of [["run"], ["config", "validate"], ["run", "--dry-run"]]) {
            const { code, stderr, stdout } = yield* scanpollInside(args, { directory })
            assert.strictEqual(code, 2)
            assert.include(stderr, 'unknown vendor "harbour"')
            assert.include(stderr, "--vendor ./harbour.ts")
            assert.strictEqual(stdout, "")
          }
          const word = yield* scanpollInside(["run", "harbour:moorings"], { directory })
          assert.include(word.stderr, "--vendor ./harbour.ts")
        })
      )
  )

  it.live("without keys needs none", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const vendor = yield* Stage.make({ vendor: "harbour", auth: "none" })
        yield* vendor.script({ match: { route: "submit" }, steps: [Script.respond(202, { id: "hb-1" })] })
        yield* vendor.script({ match: { route: "status" }, steps: [{ ...done, times: Infinity }] })
        const keyless = {
          'auth: { header: "X-Harbour-Key" }': 'auth: "none"',
          '  key: { variable: "HARBOUR_KEY" },\n': ""
        }
        const directory = yield* folderOf({ "harbour.ts": source(keyless) })
        const { HARBOUR_KEY: _, ...environment } = environmentOf(vendor)
        const run = (...args: ReadonlyArray<string>) =>
          scanpollInside([...args, "--vendor", "harbour.ts"], { directory, environment })
        const ran = yield* run("run", "harbour:moorings")
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.include((yield* run("vendors")).stdout, "key          none")
        assert.include((yield* run("config", "show")).stdout, "needs no key")
      })
    )
  )

  it.live("that cannot be used is refused in words, every module at once and before anything is sent", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const modules: ReadonlyArray<readonly [file: string, text: string, words: string]> = [
          ["empty.mjs", "export const x = 1", "has no default export"],
          ["text.mjs", "export default 'harbour'", "its default export is neither a definition nor a function"],
          [
            "bare.mjs",
            "export default { name: 'bare' }",
            "the vendor bare cannot be used: title is missing; scans is missing"
          ],
          ["throws.mjs", "\n\nexport default () => { throw new Error('oh') }", "its function fails in line 3: oh"],
          ["class.mjs", "export default class Harbour {}", "its default export is a class: export default ({ Vendor"],
          ["nothing.mjs", "export default () => {}", "its function returns nothing: return Vendor.define({ ... })"],
          ["promise.mjs", "export default Promise.resolve(7)", "its default export is neither a definition nor"],
          ["late.mjs", "export default Promise.reject(new Error('oh'))", "is a promise that fails: oh"],
          ["other.mjs", "export const harbour = 1", "has no default export (it exports harbour); export default"],
          ["typed.ts", "\nenum Kind { A }\nexport default Kind", "has TypeScript that Node cannot run in line 2"],
          ["data.json", "{}", "is not a JavaScript or TypeScript module"],
          ["half.mjs", "export default (", "cannot be read"],
          ["lost.mjs", "import 'no-such-package'\nexport default {}", "imports what is not there"],
          ["taken.ts", source({ '"harbour"': '"appvet"' }), "the name appvet is taken"],
          ["key.ts", source({ HARBOUR_KEY: "EXONA_API_KEY" }), "the variable EXONA_API_KEY is one of exona's"],
          ["longer.ts", source({ HARBOUR_KEY: "EXONA_API_KEY_2" }), "the variable EXONA_API_KEY_2 is one of exona's"],
          [
            "ours.ts",
            source({ HARBOUR_KEY: "SCANPOLL_JOURNAL" }),
            "the variable SCANPOLL_JOURNAL cannot be a vendor's"
          ],
          [
            "wrong.ts",
            source({ '"/scans"': '"scans"', '"harbour"': '"My Harbour"' }),
            'submit.path: "scans" must start'
          ],
          ["copy.mjs", "export default { _tag: 'scanpoll/Vendor', name: 'copy' }", "another copy of Effect"],
          [
            "schema.mjs",
            "const s = { ast: { _tag: 'String' } }\nexport default { name: 'x', target: s, submit: {}, answer: s, payload: s, status: {}, errors: {}, pacing: {} }",
            "another copy of Effect"
          ]
        ]
        const directory = yield* folderOf(Object.fromEntries(modules.map(([file, text]) => [file, text])))
        const named = [...modules.map(([file]) => `./${file}`), "./gone.ts", "no-such-package"]
        const { code, stderr, stdout } = yield* scanpoll(["vendors", ...named.flatMap((name) => ["--vendor", name])], {
          directory
        })
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
        for (const [file, , words] of modules) {
          const line = stderr.split("\n").find((one) => one.includes(`--vendor ./${file}:`)) ?? stderr
          assert.include(line, words)
        }
        assert.include(stderr, "--vendor ./gone.ts: there is no such file")
        assert.include(stderr, "no-such-package: is not installed here")
      })
    )
  )

  it.live("comes from a package that is installed where the command runs, by its exports", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({
          "node_modules/scanpoll-vendor-harbour/package.json": JSON.stringify({
            name: "scanpoll-vendor-harbour",
            type: "module",
            exports: { ".": { types: "./x.d.ts", import: "./dist/index.js" } }
          }),
          "node_modules/scanpoll-vendor-harbour/dist/index.js": source()
        })
        const { code, stderr, stdout } = yield* scanpoll(["vendors", "--vendor", "scanpoll-vendor-harbour"], {
          directory
        })
        assert.strictEqual(code, 0, stderr)
        assert.include(stdout, "harbour  Harbour: scans of datasets")
      })
    )
  )
})

describe("vendors new and vendors --check", () => {
  it.live("write a definition that keeps every rule, and say in words what a changed one does wrong", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({})
        const made = yield* scanpollInside(["vendors", "new", "tide"], { directory })
        assert.strictEqual(made.code, 0, made.stderr)
        assert.deepStrictEqual(readdirSync(directory).toSorted(), ["tide.samples.ts", "tide.test.ts", "tide.ts"])
        const held = yield* scanpoll(["vendors", "--check", "./tide.ts"], { directory, time: "real" })
        assert.strictEqual(held.code, 0, held.stdout)
        assert.match(held.stderr, /tide: all \d+ rules hold/)
        const file = join(directory, "tide.ts")
        const text = readFileSync(file, "utf8")
        writeFileSync(file, text.replace('auth: "bearer"', 'auth: { header: "X-Tide-Key" }'))
        const wrong = yield* scanpoll(["vendors", "--check", "./tide.ts"], { directory, time: "real" })
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.stdout, "FAILED  MUST show the key in every request where the vendor looks for it")
        assert.include(wrong.stdout, "no key in Authorization")
        const again = yield* scanpollInside(["vendors", "new", "tide"], { directory })
        assert.strictEqual(again.code, 2)
        const shipped = yield* scanpollInside(["vendors", "new", "exona"], { directory })
        assert.include(shipped.stderr, "exona is a shipped vendor already")
      })
    )
  )

  it.live("are played by simulate, which a run of the command then scans", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({})
        const written = yield* scanpollInside(["vendors", "new", "tide"], { directory })
        // Each of them is typed by a test of this file, so or with more words.
        assert.deepStrictEqual(printedIn(written.stderr).map(wordsOf), [
          ["vendors", "--check", "./tide.ts"],
          ["demo", "--vendor", "./tide.ts"],
          ["simulate", "--vendor", "./tide.ts"],
          ["run", "--vendor", "./tide.ts", "tide:https://shop.example/"]
        ])
        let said = ""
        const simulated = yield* Effect.forkChild(
          scanpoll(["simulate", "--vendor", "./tide.ts", "--speed", "1000"], {
            directory,
            watch: ({ stdout }) => {
              said = stdout
            }
          })
        )
        while (!said.includes("SCANPOLL_ALLOW_INSECURE_HOSTS")) yield* Effect.sleep("50 millis")
        const variables = [...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [
          name,
          value
        ])
        const { code, stderr, stdout } = yield* scanpoll(
          ["run", "--vendor", "./tide.ts", "tide:https://shop.example/"],
          {
            directory,
            environment: Object.fromEntries(variables)
          }
        )
        assert.strictEqual(code, 0, stderr)
        assert.include(stdout, "score 81 of 100, grade B")
        yield* Fiber.interrupt(simulated)
      })
    )
  )

  it.live("are demonstrated whole: bought once, through a 429 and a 503, and one of them fails", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({})
        yield* scanpollInside(["vendors", "new", "tide"], { directory })
        const shown = yield* scanpoll(["demo", "--vendor", "./tide.ts", "--dir", "out", "--progress", "none"], {
          time: "real",
          directory
        })
        assert.strictEqual(shown.code, 0, shown.stderr)
        assert.include(shown.stderr, "Tide, simulated from its samples, is listening on this machine")
        assert.include(shown.stderr, "Tide: 4 targets, 3 purchases: the target that was listed twice was bought once")
        assert.include(shown.stderr, "a 429 with Retry-After")
        assert.include(shown.stderr, "a 503 in the middle of a scan")
        assert.include(shown.stdout, "4 scans: 3 completed, 1 failed")
        const plan = readFileSync(join(directory, "out/scans.yaml"), "utf8")
        assert.include(plan, '- {"vendor":"tide","url":"https://blog.example/"}')
        // The file of the plan is one that `run` takes.
        const dry = yield* scanpollInside(["run", "out/scans.yaml", "--dry-run", "--vendor", "./tide.ts"], {
          directory,
          environment: { TIDE_API_KEY: "k-1" }
        })
        assert.strictEqual(dry.code, 0, dry.stderr)
      })
    )
  )

  it.live("are not demonstrated where the definition reads its samples otherwise, and the check is named", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({})
        yield* scanpollInside(["vendors", "new", "tide"], { directory })
        const file = join(directory, "tide.ts")
        writeFileSync(file, readFileSync(file, "utf8").replace('word: ["status"]', 'word: ["state"]'))
        const { code, stderr } = yield* scanpoll(["demo", "--vendor", "./tide.ts", "--dir", "out"], {
          directory,
          time: "real"
        })
        assert.strictEqual(code, 1, stderr)
        assert.include(stderr, "The demonstration failed:")
        assert.include(stderr, "scanpoll vendors --check FILE")
      })
    )
  )

  it.live("say which samples are missing or wrong", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({
          "none.ts": source(),
          "wrong.ts": `${source()}\nexport const samples = { requests: {}, submit: { sends: { method: "PUSH", path: "x" } } }`
        })
        const none = yield* scanpoll(["vendors", "--check", "none.ts"], { directory, time: "real" })
        assert.strictEqual(none.code, 2)
        assert.include(none.stderr, "has no samples of what its vendor says")
        const wrong = yield* scanpoll(["vendors", "--check", "wrong.ts"], { directory, time: "real" })
        assert.strictEqual(wrong.code, 2)
        for (const words of [
          "samples.requests.equal is missing",
          "samples.poll is missing",
          "samples.submit.sends.method"
        ]) {
          assert.include(wrong.stderr, words)
        }
      })
    )
  )
})
