import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { hasFile } from "@scanpoll/test-support/tools"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Program from "scanpoll/Program"
import * as Demo from "scanpoll/commands/Demo"
import { settings } from "scanpoll/config/Setting"
import * as MissingPackage from "scanpoll/process/MissingPackage"
import { version } from "scanpoll/process/Version"
import { openSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { once, type Options, scanpoll } from "./support/command.ts"
import { scanpollInside } from "./support/inside.ts"
import { keyedVendors, keys } from "./support/vendors.ts"

// Vendors as quick as they can be; what the command waits for is its own pace.
const vendors = keyedVendors()

const dataset = (audit: string): string =>
  `compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-426614174000,mapping=789e0123-e45b-47c8-9901-234567890123,name=${audit}`
const cached = "{ vendor: exona, company: { name: Cached Ltd, website: https://cached.example }, maxAgeDays: 30 }"
const neverEnds = "appvet:https://never.example"

const environment = Effect.map(Simulators.Simulators, Simulators.environment)

const posts = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.requests({ method: "POST" }).length, 0)
)

const requests = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.totals().requests, 0)
)

const runWith = (start: typeof scanpoll) =>
  Effect.fnUntraced(function* (args: ReadonlyArray<string>, options: Options = {}) {
    const ended = yield* start(args, { ...options, environment: { ...(yield* environment), ...options.environment } })
    for (const key of Object.values(keys)) assert.notInclude(ended.stdout + ended.stderr, key)
    assert.notMatch(ended.stderr, /^\s+at .*\.[jt]s:\d+/m)
    return ended
  })

const run = runWith(scanpollInside)
const runAsProcess = runWith(scanpoll)

const Listed = Schema.fromJsonString(
  Schema.Struct({
    vendors: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        paces: Schema.Array(
          Schema.Struct({ name: Schema.String, policy: Schema.String, polls: Schema.Array(Schema.String) })
        )
      })
    )
  })
)

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      return yield* use(yield* fs.makeTempDirectoryScoped())
    })
  )

describe("the command", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "20 seconds" })((it) => {
    it.effect(
      "exits 0 when all completed; stdout is one JSON document and nothing else, with every log line on (CL-10)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const twin = cached.replace("https://cached.example", "https://CACHED.example/")
            yield* fs.writeFileString(`${folder}/scans.yaml`, `version: 1\ntargets:\n  - ${cached}\n  - ${twin}\n`)
            const before = yield* posts
            const { code, stderr, stdout } = yield* runAsProcess(
              ["run", "scans.yaml", dataset("clean: Q1"), "-o", "json", "--log-level", "all"],
              { directory: folder }
            )
            assert.strictEqual(code, 0, stderr)
            const report = yield* ScanReport.parse(stdout)
            assert.deepStrictEqual(report.summary.byState, { completed: 3 })
            assert.deepStrictEqual(
              report.scans.map((scan) => [scan.cached, scan.declaredAt?.line ?? null]),
              [
                [true, 3],
                [true, 4],
                [false, null]
              ]
            )
            assert.strictEqual(report.exit.code, 0)
            // Equal targets: as many rows, one purchase.
            assert.strictEqual((yield* posts) - before, 2)
            assert.match(stderr, /compliance .*: completed, none, score 100/)
            assert.match(stderr, /level=INFO/)
          })
        )
    )

    it.effect("--dry-run says what would be asked, when and at what cost, and asks nobody", () =>
      Effect.gen(function* () {
        const before = yield* requests
        const { code, stdout } = yield* run(["run", dataset("clean: dry"), "appvet:https://shop.example", "--dry-run"])
        assert.strictEqual(code, 0)
        assert.match(stdout, /compliance: 1 purchase for 1 target, about 2 requests/)
        assert.match(stdout, /appvet: 1 purchase for 1 target, about \d+ requests/)
        assert.match(stdout, /polls {5}at 4\.5s, 9s, 13\.5s/)
        assert.strictEqual(yield* requests, before)
        const faulty = yield* run(["run", "appvet:nowhere", "--dry-run"])
        assert.deepStrictEqual([faulty.code, faulty.stdout], [2, ""])
      })
    )

    it.effect("exits 1 when the gate is broken, 0 with --exit-zero", () =>
      Effect.gen(function* () {
        const broken = yield* run(["run", dataset("risky: Q1"), "--fail-on", "low"])
        assert.strictEqual(broken.code, 1, broken.stderr)
        assert.match(broken.stdout, /gate failed/)
        const masked = yield* run([
          "run",
          dataset("risky: Q2"),
          "--fail-on",
          "low",
          "--exit-zero",
          "-o",
          "markdown",
          "--quiet"
        ])
        assert.strictEqual(masked.code, 0, masked.stderr)
        assert.strictEqual(masked.stderr, "")
      })
    )

    it.effect("exits 3 when a scan brought no verdict, 0 with --allow-incomplete", () =>
      Effect.gen(function* () {
        const failed = yield* run(["run", dataset("failed: Q1")])
        assert.strictEqual(failed.code, 3, failed.stderr)
        const allowed = yield* run(["run", dataset("failed: Q2"), "--allow-incomplete"])
        assert.strictEqual(allowed.code, 0, allowed.stderr)
      })
    )

    it.effect("exits 4 when a vendor refuses the key; the other vendor's outcome stands", () =>
      Effect.gen(function* () {
        const { code, stdout } = yield* run(
          ["run", "appvet:https://shop.example", dataset("clean: Q2"), "-o", "json"],
          {
            environment: { APPVET_API_KEY: "avk_live_wrong00000000000000000000000000000000000" }
          }
        )
        assert.strictEqual(code, 4)
        const report = yield* ScanReport.parse(stdout)
        assert.deepStrictEqual(
          report.scans.map((scan) => scan.state),
          ["refused", "completed"]
        )
      })
    )

    it.effect(
      "exits 2 with every fault of plan, flags, environment, keys and outputs, before any request (CL-02, CL-03, CL-07, RP-10)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            yield* fs.writeFileString(
              `${folder}/scans.yaml`,
              "version: 1\ngate: { failOn: hgh }\ntargets:\n  - { vendor: appvet, urll: https://shop.example, type: seo }\n  - { vendor: exona, company: { name: A, website: https://a.example } }\n"
            )
            const before = yield* requests
            const { code, stderr, stdout } = yield* run(
              [
                "run",
                "scans.yaml",
                "--concurrency",
                "0",
                "-o",
                "json=scans.yaml",
                "-o",
                "json=no/a.json",
                "-o",
                "text",
                "-o",
                "csv",
                "-o",
                "jsn=b"
              ],
              {
                directory: folder,
                environment: {
                  EXONA_API_KEY: "",
                  APPVET_API_KEY: "avk_live\u00e4",
                  SCANPOLL_TIMEOUT: "1",
                  SCANPOLL_DEADLNE: "1m",
                  APPVET_BASE_URL: "http://example.com"
                }
              }
            )
            assert.strictEqual(code, 2)
            assert.strictEqual(stdout, "")
            for (const expected of [
              /scans\.yaml:4:23: unknown key "urll".*did you mean "url"/,
              /scans\.yaml:4:5: url is missing/,
              /scans\.yaml:2:17: failOn must be one of .*did you mean "high"/,
              /--concurrency: must be a whole number from 1/,
              /SCANPOLL_TIMEOUT: must be a duration/,
              /SCANPOLL_DEADLNE: unknown variable; did you mean "SCANPOLL_DEADLINE"/,
              /EXONA_API_KEY: is not set/,
              /APPVET_API_KEY: holds white space, a control character or a character outside ASCII/,
              /APPVET_BASE_URL: must be https/,
              /--output: only one format may go to stdout/,
              /--output: "scans\.yaml" is the plan/,
              /--output: "no\/a\.json" its folder is not there/,
              /--output: unknown format "jsn"; did you mean "json"/
            ]) {
              assert.match(stderr, expected)
            }
            assert.strictEqual(yield* requests, before)
            assert.deepStrictEqual(yield* fs.readDirectory(folder), ["scans.yaml"])
          })
        )
    )

    it.effect("exits 2 for what is no invocation, with the nearest flag on stderr and an empty stdout (CL-07)", () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(["run", neverEnds, "--fail-onn", "high"])
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /--fail-onn.*--fail-on/)
      })
    )

    it.effect(
      "exits 130 at Ctrl-C with the report written and a command that goes on; nothing is bought again (DU-11)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const { code, stderr, stdout } = yield* run(
              ["run", neverEnds, dataset("clean: Q3"), "-o", "json=report.json", "-o", "events=events.ndjson"],
              {
                directory: folder,
                watch: once(/never\.example\/ \(security\): submitted as/, ({ kill }) => kill("SIGINT"))
              }
            )
            assert.strictEqual(code, 130, stderr)
            assert.strictEqual(stdout, "")
            const report = yield* Effect.flatMap(fs.readFileString(`${folder}/report.json`), ScanReport.parse)
            assert.strictEqual(report.scans[0]?.state, "interrupted")
            assert.strictEqual(report.exit.code, 130)
            const events = (yield* fs.readFileString(`${folder}/events.ndjson`)).trim().split("\n")
            assert.match(events.at(-1) ?? "", /"event":"finished"/)
            const key = /scanpoll wait (appvet:scan_\S+)/.exec(stderr)?.[1]
            assert.isDefined(key)
            const before = yield* posts
            const status = yield* run(["status", key ?? "", "-o", "json"])
            assert.strictEqual(status.code, 0, status.stderr)
            assert.match(status.stdout, /"status": "running"/)
            assert.strictEqual(yield* posts, before)
          })
        )
    )

    it.effect("leaves at once at a second Ctrl-C, also while a submission hangs (DU-12)", () =>
      Effect.gen(function* () {
        const { compliance } = yield* Simulators.Simulators
        yield* compliance.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
        const { code, stderr, stdout } = yield* run(["run", dataset("Q4"), "-o", "events"], {
          time: "slowed",
          watch: once(/"event":"submitting"/, ({ insist }) => insist("SIGTERM"))
        })
        assert.strictEqual(code, 130, stderr)
        // One that waited for the submission or for the report would have told its end.
        assert.notMatch(stdout, /in-doubt|"event":"finished"/)
        yield* compliance.clearScripts
      })
    )

    it.effect(
      "waits after Ctrl-C as long as --grace for a submission on its way, and then calls it in doubt (DU-11)",
      () =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          const stopped = Effect.fnUntraced(function* (grace: string, step: Script.Step) {
            yield* appvet.script({ match: { route: "submit" }, steps: [step] })
            const { code, stderr, stdout } = yield* run(
              ["run", `appvet:https://grace-${grace}.example`, "-o", "events", "--grace", grace],
              { watch: once(/"event":"submitting"/, ({ kill }) => kill("SIGINT")) }
            )
            assert.strictEqual(code, 130, stderr)
            assert.include(stderr, `a submission on its way has ${grace}`)
            yield* appvet.clearScripts
            return stdout
          })
          assert.match(yield* stopped("1s", Script.acceptedNeverAnswered), /"state":"in-doubt"/)
          assert.notMatch(yield* stopped("1m", { delay: "1 second" }), /in-doubt/)
        })
    )

    it.effect("ends cleanly when the reader of its events goes away (CL-08)", () =>
      Effect.gen(function* () {
        const { code, stderr } = yield* run(["run", neverEnds, "-o", "events"], {
          watch: once(/"event":"submitting"/, ({ closeStdout }) => closeStdout())
        })
        assert.strictEqual(code, 130)
        assert.match(stderr, /standard output was closed/)
        assert.match(stderr, /scanpoll wait appvet:scan_/)
      })
    )

    it.effect.skipIf(!hasFile("/dev/full"))("exits 74 when standard output or a file cannot be written", () =>
      Effect.gen(function* () {
        const full = yield* run(["run", dataset("clean: Q5")], { stdout: openSync("/dev/full", "w") })
        assert.strictEqual(full.code, 74)
        assert.match(full.stderr, /standard output failed/)
        const file = yield* run(["run", dataset("clean: Q6"), "-o", "csv=/dev/full", "-o", "json"])
        assert.strictEqual(file.code, 74)
        const report = yield* ScanReport.parse(file.stdout)
        assert.strictEqual(report.exit.code, 74)
      })
    )

    it.effect("exits 70 at a defect of its own, in one clear line with its cause", () =>
      Effect.gen(function* () {
        const planted = "JSON.stringify = () => { throw new Error('planted defect') }"
        const { code, stderr, stdout } = yield* scanpoll(["schema", "plan"], {
          environment: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(planted)}` }
        })
        assert.strictEqual(code, 70)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /^scanpoll: a defect of scanpoll itself: planted defect$/m)
      })
    )

    it.effect("exits 2 where a clone lacks a package that its sources import, and says to run `npm start`", () =>
      Effect.gen(function* () {
        const root = fileURLToPath(new URL("../../", import.meta.url))
        const lost = (importer: string): Error =>
          Object.assign(new Error(`Cannot find package 'added' imported from ${importer}`), {
            code: "ERR_MODULE_NOT_FOUND"
          })
        const words = "this clone has not installed the package added, which its sources import; run `npm start` once"
        assert.include(MissingPackage.wordsOf(lost(join(root, "report/src/Format.ts"))) ?? "", words)
        assert.isNull(MissingPackage.wordsOf(lost("/elsewhere/definition.ts")))
        assert.strictEqual(Program.codeOf(Exit.die(lost(join(root, "report/src/Format.ts")))), 2)
        assert.strictEqual(Program.codeOf(Exit.die(lost("/elsewhere/definition.ts"))), 70)
      })
    )

    it.effect("takes keys from a key file before the environment, and shows none of them (SE-07)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* fs.writeFileString(
            `${folder}/keys.env`,
            `# rotated\nexport COMPLIANCE_TOKEN='${keys.compliance}'  \r\n`
          )
          const wrong = { COMPLIANCE_TOKEN: "wrong.token.x" }
          const ran = yield* runAsProcess(
            ["run", dataset("clean: Q7"), "--key-file", `${folder}/keys.env`, "-o", "json", "--raw", "full"],
            {
              environment: wrong
            }
          )
          assert.strictEqual(ran.code, 0, ran.stderr)
          const shown = yield* runAsProcess(["config", "show", "--key-file", `${folder}/keys.env`, "-o", "json"], {
            environment: wrong
          })
          assert.strictEqual(shown.code, 0, shown.stderr)
          assert.notInclude(shown.stdout, "wrong.token.x")
          assert.match(shown.stdout, /"source": "flag"/)
          const overwritten = yield* runAsProcess([
            "run",
            dataset("Q8"),
            "--key-file",
            `${folder}/keys.env`,
            "-o",
            `text=${folder}/keys.env`
          ])
          assert.strictEqual(overwritten.code, 2)
        })
      )
    )

    it.effect(
      "closes a report file with payloads to all but its owner, written by a run or from a saved one (SE-08)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const at = { directory: folder }
            const rights = (name: string) => (statSync(`${folder}/${name}`).mode & 0o777).toString(8)
            writeFileSync(`${folder}/old.json`, "old", { mode: 0o666 })
            const outputs = ["-o", "json=run.json", "-o", "json=old.json", "-o", "csv=run.csv"]
            const ran = yield* run(["run", dataset("clean: rights"), "--raw", "full", ...outputs], at)
            assert.strictEqual(ran.code, 0, ran.stderr)
            assert.include(readFileSync(`${folder}/run.json`, "utf8"), '"payload": {')
            assert.deepStrictEqual(["run.json", "old.json"].map(rights), ["600", "600"])
            const again = yield* run(["report", "run.json", "-o", "json=again.json"], at)
            assert.strictEqual(again.code, 0, again.stderr)
            assert.strictEqual(rights("again.json"), "600")
            // What holds none is a file as any other.
            writeFileSync(`${folder}/usual`, "")
            assert.strictEqual(rights("run.csv"), rights("usual"))
          })
        )
    )

    it.effect("holds a run to every gate it is given: violations and a baseline that is named", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const at = { directory: folder }
          const risky = (name: string) => ["run", dataset(`risky: ${name}`)]
          const judged = ["--max-violations", "0", "-o", "json=run.json"]
          const held = yield* run([...risky("gates"), ...judged], at)
          assert.strictEqual(held.code, 1, held.stderr)
          const written = yield* run(["baseline", "write", "known.json", "--from", "run.json"], at)
          assert.strictEqual(written.code, 0, written.stderr)
          const asNew = yield* run([...risky("gates"), "--fail-on-new", "info", "-o", "json=new.json"], at)
          const known = yield* run(
            [...risky("gates"), "--fail-on-new", "info", "--baseline", "known.json", "-o", "json=held.json"],
            at
          )
          assert.deepStrictEqual([asNew.code, known.code], [1, 0], asNew.stderr + known.stderr)
        })
      )
    )

    it.effect("ends the whole run at --timeout, and has no more than --concurrency scans under way", () =>
      Effect.gen(function* () {
        const late = yield* run(["run", neverEnds, "--timeout", "2s", "-o", "json"])
        assert.strictEqual(late.code, 3, late.stderr)
        const targets = ["one", "two", "three"].map((name) => `appvet:https://never.${name}.example`)
        const before = yield* posts
        const bounded = yield* run(["run", ...targets, "--concurrency", "1", "--timeout", "2s", "-o", "json"])
        assert.strictEqual(bounded.code, 3, bounded.stderr)
        assert.strictEqual((yield* posts) - before, 1)
        const { summary } = yield* ScanReport.parse(bounded.stdout)
        assert.deepStrictEqual(summary.byState, { "still-running": 1, "not-started": 2 })
      })
    )

    it.effect("renders, compares and accepts saved reports without asking anybody", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const at = { directory: folder }
          assert.strictEqual((yield* run(["run", dataset("Q9"), "-o", "json=run.json"], at)).code, 0)
          const before = yield* requests
          const csv = yield* run(["report", "run.json", "-o", "csv", "--fail-on", "info"], at)
          assert.strictEqual(csv.code, 1, csv.stderr)
          assert.match(csv.stdout, /^row,vendor.*compliance/s)
          // Excel reads a file as UTF-8 by its mark alone (U-04).
          const marked = yield* run(["report", "run.json", "-o", "csv", "-o", "csv=run.csv", "--csv-bom"], at)
          assert.strictEqual(marked.stdout, `\u{feff}${csv.stdout}`)
          assert.strictEqual(readFileSync(`${folder}/run.csv`, "utf8"), marked.stdout)
          const written = yield* run(["baseline", "write", "known.json", "--from", "run.json"], at)
          assert.strictEqual(written.code, 0, written.stderr)
          const held = yield* run(["report", "run.json", "--baseline", "known.json", "--fail-on-new", "info"], at)
          assert.strictEqual(held.code, 0, held.stdout + held.stderr)
          const diff = yield* run(["diff", "run.json", "run.json", "-o", "json"], at)
          assert.strictEqual(diff.code, 0, diff.stderr)
          assert.match(diff.stdout, /"unchanged"/)
          assert.strictEqual(yield* requests, before)
        })
      )
    )

    it.effect("examines itself without buying anything, and fails as the worst finding would", () =>
      Effect.gen(function* () {
        const before = yield* posts
        const well = yield* run(["doctor"])
        assert.strictEqual(well.code, 0, well.stdout)
        // Terms are told, not checked.
        assert.match(well.stdout, /^note exona +follows the documentation of 2026-11-22; the current one is https:/m)
        assert.match(well.stdout, /^note appvet +each submission is a new scan, and counts against the quota/m)
        const ill = yield* run(["doctor", "-o", "json"], { environment: { APPVET_API_KEY: "avk_live_wrong" } })
        assert.strictEqual(ill.code, 4, ill.stdout)
        assert.strictEqual(yield* posts, before)
        const list = yield* run(["vendors", "-o", "json"])
        assert.strictEqual(list.code, 0)
        assert.match(list.stdout, /"variable": "EXONA_API_KEY",\s+"set": true/)
      })
    )

    it.effect("shows each vendor's paces in the policies' words and at the times the engine would poll", () =>
      Effect.gen(function* () {
        const text = yield* run(["vendors"])
        assert.match(
          text.stdout,
          /polls +at 4\.5s, 9s, 13\.5s, 18s, 22\.5s, 27s, \.\.\. after the submission, at the earliest/
        )
        assert.match(
          text.stdout,
          /^ {2}limits +4 requests a minute, 500 requests a day, 2 open scans; a scan is polled at most once every 15s/m
        )
        const { vendors } = Schema.decodeUnknownSync(Listed)((yield* run(["vendors", "-o", "json"])).stdout)
        const exona = vendors.find(({ name }) => name === "exona")?.paces.find(({ name }) => name === "default")
        assert.deepStrictEqual(exona?.polls, ["10s", "20s", "30s", "40s", "50s", "1m"])
        assert.match(exona?.policy ?? "", /^first poll after 10s, then every 10s.*gives up softly after 5m/)
      })
    )

    it.effect("says before the first submission that a run cannot fit its account and its time", () =>
      Effect.gen(function* () {
        const before = yield* posts
        const args = ["run", dataset("clean: late"), "--timeout", "1s", "--progress", "plain"]
        const { stderr } = yield* run(args)
        const lines = stderr.split("\n")
        const warned = lines.findIndex((line) =>
          /^warning: compliance: this run needs about 2 requests, which take at least .*not all of it will be done/.test(
            line
          )
        )
        const submitted = lines.findIndex((line) => /submi/.test(line))
        assert.strictEqual(warned, 0, stderr)
        assert.isAbove(submitted, warned, stderr)
        assert.strictEqual((yield* posts) - before, 1)
        assert.notMatch((yield* run(["run", dataset("clean: in time")])).stderr, /cannot|not all of it/)
      })
    )

    it.effect(
      "tells a failed poll and a refused key once: in the lines of progress, or in the log where there are none",
      () =>
        Effect.gen(function* () {
          // Each is told once by a process.
          const told = (stderr: string, word: RegExp) => stderr.split("\n").filter((line) => word.test(line))
          const flaky = ["run", "appvet:https://flaky.example"]
          const wrong = { environment: { APPVET_API_KEY: "avk_live_wrong00000000000000000000000000000000000" } }
          const [lines, quiet, both, refused, hushed] = yield* Effect.all(
            [
              runAsProcess(flaky, { environment: { CI: "true" } }),
              runAsProcess([...flaky, "--quiet"]),
              runAsProcess([...flaky, "--log-level", "warn"]),
              runAsProcess(flaky, wrong),
              runAsProcess([...flaky, "--quiet"], wrong)
            ],
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual([lines.code, quiet.code, both.code, refused.code, hushed.code], [0, 0, 0, 4, 4])
          assert.match(
            told(lines.stderr, /503/).join("\n"),
            /^\[ +\d+s\] 1\/1 appvet .*: no answer \(http-503\), asking again$/
          )
          assert.match(told(quiet.stderr, /503/).join("\n"), /^timestamp=\S+ level=WARN .*poll failed.*$/)
          assert.strictEqual(told(both.stderr, /503/).length, 2, both.stderr)
          assert.match(
            told(refused.stderr, /API key/).join("\n"),
            /^\[ +\d+s\] 1\/1 appvet .*: refused: .*; check the API key \(APPVET_API_KEY\)$/
          )
          assert.match(
            told(hushed.stderr, /API key/).join("\n"),
            /^timestamp=\S+ level=ERROR .*credential was refused.*$/
          )
        })
    )

    it.effect("tells two types of scan of one address apart, in progress and in every format for people", () =>
      Effect.gen(function* () {
        const of = (type: string) => `appvet:url=https://clean.example,type=${type}`
        const args = ["run", of("security"), of("seo"), "--progress", "plain"]
        const [asText, asMarkdown, asHtml, asJson, dry] = yield* Effect.all(
          [
            run(args),
            run([...args, "-o", "markdown"]),
            run([...args, "-o", "html"]),
            run([...args, "-o", "json"]),
            run([...args, "--dry-run"])
          ],
          { concurrency: "unbounded" }
        )
        for (const type of ["security", "seo"]) {
          const name = `https://clean.example/ (${type})`
          assert.match(asText.stderr, new RegExp(`/2 appvet https://clean.example/ \\(${type}\\): completed`))
          assert.include(asText.stdout, `appvet  ${name}`)
          assert.include(asMarkdown.stdout, `[${name}]`)
          assert.include(asHtml.stdout, `>${name}</bdi>`)
          assert.include(dry.stdout, `    ${name}\n`)
        }
        const { scans } = yield* ScanReport.parse(asJson.stdout)
        assert.deepStrictEqual<unknown>(
          scans.map(({ scanType, subject }) => [subject.name, scanType]),
          [
            ["https://clean.example/", "security"],
            ["https://clean.example/", "seo"]
          ]
        )
      })
    )

    it.effect("names the same way on in the report and below it where the journal forgets: the scan's key", () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(["run", neverEnds, "--journal", "memory:"], {
          watch: once(/submitted as/, (process) => process.kill("SIGTERM"))
        })
        assert.strictEqual(code, 130)
        const [wait] = /scanpoll wait appvet:\w+/.exec(stderr) ?? []
        assert.isDefined(wait)
        assert.include(stdout.replaceAll(/\s+/g, " "), `next resume: ${wait}`)
        assert.notInclude(stdout + stderr, "scanpoll resume")
      })
    )

    it.effect("writes a plan that it then finds good, and never overwrites one", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const at = { directory: folder }
          assert.strictEqual((yield* run(["config", "init"], at)).code, 0)
          const good = yield* run(["config", "validate"], at)
          assert.strictEqual(good.code, 0, good.stderr)
          assert.strictEqual((yield* run(["config", "init"], at)).code, 2)
        })
      )
    )

    it.effect("submits without waiting, and prints one key a line", () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run([
          "submit",
          "appvet:https://shop.example",
          "appvet:https://blog.example"
        ])
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /^appvet:scan_\w+\nappvet:scan_\w+\n$/)
      })
    )

    it.effect("tells its version, which is that of the package", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const manifest: unknown = JSON.parse(
          yield* fs.readFileString(fileURLToPath(new URL("../package.json", import.meta.url)))
        )
        assert.propertyVal(manifest, "version", version)
        assert.strictEqual((yield* scanpoll(["--version"])).stdout.trim(), `scanpoll v${version}`)
      })
    )

    it.effect("has no flag that takes a key (SE-04)", () =>
      Effect.sync(() => {
        const flags = Object.values(settings).map((setting) => setting.flag)
        assert.deepStrictEqual(
          flags.filter((flag) => /key|token|secret|password|credential/.test(flag)),
          ["key-file"]
        )
      })
    )
  })
})

describe("the simulators as servers", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("print the variables that lead to them, and end at Ctrl-C", () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* scanpoll(["simulate", "--speed", "10"], {
          time: "real",
          watch: once(/Ctrl-C ends them/, ({ kill }) => kill("SIGINT"))
        })
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /^export EXONA_BASE_URL='http:\/\/127\.0\.0\.1:\d+\/api\/v1'$/m)
        // Into a file or a pipe, no heading stands over lines that are not there.
        assert.match(
          stderr,
          /listening\. The lines for another terminal went to standard output, which is no terminal\.\nThen, /
        )
        assert.notInclude(stderr, "In another terminal:")
      })
    )
  })
})

describe("the demonstration", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("runs as meant, without a key, and writes its files", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const { code, stderr, stdout } = yield* scanpoll(["demo", "--dir", folder], { time: "real" })
          assert.strictEqual(code, 0, stderr)
          assert.match(stdout, /^16 scans: 13 completed, 1 partial, 1 failed, 1 still-running/m)
          assert.include(stderr, Demo.closing.join("\n"))
          const report = yield* Effect.flatMap(fs.readFileString(`${folder}/report.json`), ScanReport.parse)
          assert.deepStrictEqual(report.summary.byState, { completed: 13, partial: 1, failed: 1, "still-running": 1 })
        })
      )
    )
  })
})
