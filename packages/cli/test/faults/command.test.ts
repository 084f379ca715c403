/** What people type and how they stop it, as a process: faults are told before a request, and a stop is quick. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { hurried } from "@scanpoll/test-support/hurry"
import { program, quickly } from "@scanpoll/test-support/programs"
import { hasFile, hasProgram } from "@scanpoll/test-support/tools"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Script from "@scanpoll/testkit/Script"
import { assert, describe, layer } from "@effect/vitest"
import { inside, scanpollInside } from "../support/inside.ts"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { execFileSync, spawn } from "node:child_process"
import { open, readFile, writeFile, type FileHandle } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { once, scanpoll } from "../support/command.ts"
import { active } from "../support/ownVendor.ts"
import { hurriedVendors } from "../support/vendors.ts"

const vendors = hurriedVendors()
const target = "appvet:https://never.example"

const inFolder = <A, E, R>(use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      return yield* use(yield* fs.makeTempDirectoryScoped(), fs)
    })
  )

const total = Effect.map(Simulators.Simulators, ({ appvet, compliance, exona }) =>
  [appvet, compliance, exona].reduce((sum, vendor) => sum + vendor.ledger.totals().requests, 0)
)

const refused = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
  expected: RegExp,
  directory?: string,
  start: typeof scanpoll = scanpollInside
) {
  const before = yield* total
  const ended = yield* start(args, {
    environment: { ...Simulators.environment(yield* Simulators.Simulators), ...environment },
    ...(directory === undefined ? {} : { directory })
  })
  assert.strictEqual(ended.code, 2, ended.stderr)
  assert.match(ended.stderr, expected)
  assert.strictEqual(ended.stdout, "")
  // oxlint-disable-next-line no-control-regex
  assert.notMatch(ended.stderr, /[\u0000-\u0009\u000b-\u001f]/)
  assert.strictEqual(yield* total, before)
  return ended
})

describe("what is refused before any request", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("is an id that would change the path, shown escaped (CL-01)", () =>
      Effect.gen(function* () {
        for (const id of ["..", "../keys", "a/b", "a?x=1", "a\nX-Evil: 1", "x".repeat(5_000)]) {
          const { stderr } = yield* refused(["status", `appvet:${id}`], {}, /KEY: .* cannot be a scan id/)
          assert.isBelow(stderr.length, 1_500)
        }
      })
    )

    it.effect("is a run without a key, naming the variable (CL-02)", () =>
      refused(["run", target], { APPVET_API_KEY: "" }, /APPVET_API_KEY/)
    )

    it.effect("is a key that no header can carry, which is not shown (CL-03)", () =>
      Effect.gen(function* () {
        for (const key of ["avk_live_canary\nsecond", "avk_live_canary\u00e4"]) {
          const { stderr } = yield* refused(["run", target], { APPVET_API_KEY: key }, /APPVET_API_KEY/)
          assert.notInclude(stderr, "canary")
        }
      })
    )

    it.effect("is a number out of its range, with the range (CL-04)", () =>
      Effect.gen(function* () {
        for (const text of ["-5", "NaN", "1e9", "1.5", ""]) {
          yield* refused(["run", target, `--concurrency=${text}`], {}, /--concurrency.*must/)
        }
      })
    )

    it.effect("is one bad target of a hundred, with its line (CL-05)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const lines = Array.from({ length: 100 }, (_, i) =>
            i === 57
              ? "  - { vendor: appvet, url: ftp://x.example, type: security }"
              : `  - { vendor: appvet, url: "https://never-${i}.example", type: security }`
          )
          yield* fs.writeFileString(`${folder}/scans.yaml`, ["version: 1", "targets:", ...lines, ""].join("\r\n"))
          yield* refused(["run", "scans.yaml"], {}, /scans\.yaml:60:/, folder)
        })
      )
    )

    it.effect("is a base address that is not https, or holds a password, which is not shown (CL-06)", () =>
      Effect.gen(function* () {
        for (const base of [
          "http://example.com",
          "ftp://example.com",
          "file:///etc/passwd",
          "data:text/plain,x",
          "javascript:alert(1)",
          "https://me:hunter2@example.com"
        ]) {
          const { stderr } = yield* refused(["run", target], { APPVET_BASE_URL: base }, /APPVET_BASE_URL/)
          assert.notInclude(stderr, "hunter2")
        }
      })
    )

    it.effect("is a key or a password in the wrong place, which is not shown (SE-04)", () =>
      Effect.gen(function* () {
        const key = "avk_live_canary_0123456789abcdef"
        for (const args of [
          ["status", key],
          ["run", key],
          ["run", target, `--${key}`],
          ["run", target, "--deadline", key],
          ["run", `appvet:https://${key}:${key}@never.example`]
        ]) {
          const { stderr } = yield* refused(args, { APPVET_API_KEY: key }, /scanpoll/, undefined, scanpoll)
          assert.notInclude(stderr, "canary")
        }
        const { stderr } = yield* refused(["run", "appvet:https://me:hunter2@never.example"], {}, /password/)
        assert.notInclude(stderr, "hunter2")
      })
    )

    it.effect("is a key typed as a scan's id, which is not shown on either stream (SE-04)", () =>
      Effect.gen(function* () {
        const key = "avk_live_canary_0123456789abcdef"
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const before = yield* total
        for (const args of [[], ["-o", "json"]]) {
          const { code, stderr, stdout } = yield* scanpoll(["status", `appvet:${key}`, ...args], {
            environment: { ...environment, APPVET_API_KEY: key }
          })
          assert.strictEqual(code, 2, stderr)
          assert.match(stderr, /argument 2: holds a key/)
          assert.notInclude(stdout + stderr, "canary")
        }
        assert.strictEqual(yield* total, before)
      })
    )

    it.effect("is a plan without an end, or nested without one (CL-05)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          if (hasFile("/dev/zero")) yield* refused(["run", "/dev/zero"], {}, /is a device/)
          yield* fs.writeFileString(`${folder}/deep.yaml`, `version: 1\ntargets: ${"[".repeat(20_000)}`)
          yield* refused(["run", "deep.yaml"], {}, /deep\.yaml:2:\d+: nested deeper than/, folder)
        })
      )
    )

    it.effect("is a file that two outputs share, under whatever spelling of its path (RP-10)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.makeDirectory(`${folder}/real`)
          yield* fs.symlink(`${folder}/real`, `${folder}/link`)
          yield* fs.writeFileString(`${folder}/real/there.json`, "old")
          const outputs = [
            "json=a.json",
            "csv=./a.json",
            `markdown=${folder}/a.json`,
            "html=real/b.json",
            "junit=link/b.json",
            "sarif=real/there.json",
            "text=link/there.json"
          ].flatMap((wish) => ["-o", wish])
          const { stderr } = yield* refused(["run", target, ...outputs], {}, /--output: .* is named twice/, folder)
          assert.strictEqual(stderr.match(/is named twice/g)?.length, 4, stderr)
          assert.strictEqual(yield* fs.readFileString(`${folder}/real/there.json`), "old")
        })
      )
    )

    it.effect("is an output that cannot be written, or is the plan itself (RP-10)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const plan = "version: 1\ntargets:\n  - { vendor: appvet, url: https://never.example, type: security }\n"
          yield* fs.writeFileString(`${folder}/scans.yaml`, plan)
          yield* refused(["run", "scans.yaml", "-o", `json=${folder}`], {}, /--output/, folder)
          yield* refused(["run", "scans.yaml", "-o", "json=./scans.yaml"], {}, /--output/, folder)
          yield* refused(["run", "scans.yaml", "-o", "json=gone/report.json"], {}, /--output/, folder)
          assert.strictEqual(yield* fs.readFileString(`${folder}/scans.yaml`), plan)
        })
      )
    )
  })
})

// A person's Ctrl-C comes in the wall's time.
const inRealTime: typeof scanpoll = (args, options) => scanpoll(args, { ...options, time: "real" })

const plan = 'version: 1\ntargets:\n  - { vendor: appvet, url: "https://never.example", type: security }\n'

// Says when the command has looked at the file, just before it opens it.
const saying = (name: "stat" | "open", word: string) => {
  const spy = [
    "import fs from 'node:fs'",
    "import { syncBuiltinESMExports } from 'node:module'",
    `const { ${name}: real } = fs`,
    `fs.${name} = (path, ...rest) => {`,
    `  if (String(path).endsWith('pipe')) process.stderr.write('${word}\\n')`,
    "  return real(path, ...rest)",
    "}",
    "syncBuiltinESMExports()"
  ].join("\n")
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(spy)}` }
}
const looking = saying("stat", "looking")
const opening = saying("open", "opening")
const saved = fileURLToPath(new URL("../../../../docs/examples/reports/report.json", import.meta.url))
const intoPipe = ["report", saved, "--exit-zero", "--allow-partial", "--allow-incomplete", "-o", "json=pipe"]

const hasPipes = ["/bin/bash", "mkfifo"].every(hasProgram)

// The command as a line of a shell, which has it as "$0" "$1".
const inShell = (
  line: string,
  directory: string,
  environment: Readonly<Record<string, string>>
): Effect.Effect<{ readonly code: number | null; readonly said: string }> =>
  Effect.callback((resume) => {
    const child = spawn("/bin/bash", ["-c", line, process.execPath, program], {
      cwd: directory,
      env: { ...quickly, ...hurried, PATH: process.env["PATH"] ?? "", SCANPOLL_JOURNAL: "memory:", ...environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text
      })
    }
    child.on("close", (code) => resume(Effect.succeed({ code, said })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe.skipIf(!hasPipes)("standard error into a pipe that is full and that nobody reads", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("does not keep the command alive after its report (D-16)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const line = 'mkfifo full; exec 3<>full; head -c 65536 /dev/zero >&3; "$0" "$@" 2>full'
          const args = [...intoPipe.slice(0, -1), "json=report.json"]
          const { code } = yield* scanpoll(args, { directory: folder, line })
          assert.strictEqual(code, 0)
          yield* Effect.flatMap(fs.readFileString(`${folder}/report.json`), ScanReport.parse)
        })
      )
    )
  })
})

describe.skipIf(!hasPipes)("in place of a file", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    const withPipe = <A, E, R>(
      use: (folder: string, environment: Readonly<Record<string, string>>) => Effect.Effect<A, E, R>
    ) =>
      inFolder((folder) =>
        Effect.gen(function* () {
          execFileSync("mkfifo", [`${folder}/pipe`])
          return yield* use(folder, Simulators.environment(yield* Simulators.Simulators))
        })
      )

    for (const args of [
      ["run", "pipe"],
      ["report", "pipe"],
      ["run", target, "--baseline", "pipe"]
    ]) {
      it.effect(`a pipe that nobody writes to ends at a signal: ${args.join(" ")} (DU-11)`, () =>
        withPipe((directory, environment) =>
          Effect.gen(function* () {
            const { code, stderr } = yield* inRealTime(args, {
              directory,
              environment: { ...environment, ...looking },
              watch: once(/looking/, ({ kill }) => kill("SIGTERM"))
            })
            assert.strictEqual(code, 130, stderr)
          })
        )
      )
    }

    it.effect("a pipe that nobody reads ends at a signal: -o json=pipe (DU-11)", () =>
      withPipe((directory, environment) =>
        Effect.gen(function* () {
          const { code, stderr } = yield* inRealTime(intoPipe, {
            directory,
            environment: { ...environment, ...opening },
            watch: once(/opening/, ({ kill }) => kill("SIGTERM"))
          })
          assert.strictEqual(code, 130, stderr)
        })
      )
    )

    it.effect("a pipe is written to when its reader comes later, every byte of the report", () =>
      withPipe((directory, environment) =>
        Effect.gen(function* () {
          let read: Promise<string> | null = null
          const { code, stderr } = yield* inRealTime(intoPipe, {
            directory,
            environment: { ...environment, ...opening },
            watch: once(/opening/, () => {
              read = readFile(`${directory}/pipe`, "utf8")
            })
          })
          assert.strictEqual(code, 0, stderr)
          const { scans } = yield* ScanReport.parse((yield* Effect.promise(async () => read)) ?? "")
          assert.isAbove(scans.length, 1)
        })
      )
    )

    it.effect("a pipe that somebody holds open without a word ends at a second signal at the latest (DU-12)", () =>
      withPipe((directory, environment) =>
        Effect.gen(function* () {
          let writer: Promise<FileHandle> | null = null
          let isTooLate = false
          let limit: NodeJS.Timeout | undefined
          const { code, stderr } = yield* scanpoll(["run", "pipe"], {
            directory,
            environment: { ...environment, ...looking },
            time: "slowed",
            watch: once(/looking/, ({ insist }) => {
              // It opens when the command has.
              writer = open(`${directory}/pipe`, "w")
              void writer.then(() => {
                insist("SIGINT")
                // The command's own six seconds are a minute here.
                limit = setTimeout(() => (isTooLate = true), 40_000)
              })
            })
          })
          clearTimeout(limit)
          yield* Effect.promise(async () => (await writer)?.close())
          assert.strictEqual(code, 130, stderr)
          assert.isDefined(limit)
          assert.isFalse(isTooLate)
        })
      )
    )

    it.effect("a pipe is read when its writer comes later", () =>
      withPipe((directory, environment) =>
        Effect.gen(function* () {
          const { code, stderr, stdout } = yield* inRealTime(["run", "pipe", "--dry-run"], {
            directory,
            environment: { ...environment, ...looking },
            watch: once(/looking/, () => {
              setTimeout(() => void writeFile(`${directory}/pipe`, plan), 300)
            })
          })
          assert.strictEqual(code, 0, stderr)
          assert.match(stdout, /appvet: 1 purchase for 1 target/)
        })
      )
    )

    it.effect("a pipe is read where a shell puts one, and so is standard input", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const environment = Simulators.environment(yield* Simulators.Simulators)
          yield* fs.writeFileString(`${folder}/scans.yaml`, plan)
          for (const line of [
            '"$0" "$1" run <(sleep 0.2; cat scans.yaml) --dry-run',
            'cat scans.yaml | "$0" "$1" run /dev/stdin --dry-run',
            '"$0" "$1" run /dev/stdin --dry-run < scans.yaml'
          ]) {
            const { code, said } = yield* inShell(line, folder, environment)
            assert.strictEqual(code, 0, `${line}: ${said}`)
            assert.match(said, /appvet: 1 purchase for 1 target/)
          }
          const empty = yield* inShell('"$0" "$1" run <(true) --dry-run', folder, environment)
          assert.strictEqual(empty.code, 2)
          assert.match(empty.said, /the plan is empty/)
        })
      )
    )

    it.effect("a pipe that does not end is refused, with the limit and what to do (CL-05)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const environment = Simulators.environment(yield* Simulators.Simulators)
          for (const [line, expected] of [
            ['"$0" "$1" run <(cat /dev/zero)', /\/\S+: is larger than 32 MiB.*split its targets/],
            ['"$0" "$1" report <(cat /dev/zero)', /\/\S+: is larger than 256 MiB.*--raw none/]
          ] as const) {
            const { code, said } = yield* inShell(line, folder, environment)
            assert.strictEqual(code, 2, said)
            assert.match(said, expected)
          }
        })
      )
    )

    it.effect("a pipe is no key file: that is read again for each request", () =>
      withPipe((directory, environment) =>
        Effect.gen(function* () {
          yield* refused(["run", target, "--key-file", "pipe"], environment, /key file is not a file/, directory)
        })
      )
    )
  })
})

describe("a reader that goes away", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect.skipIf(!hasPipes)("from standard error stops nothing: the events go on to the end (CL-08)", () =>
      Effect.gen(function* () {
        const simulators = yield* Simulators.Simulators
        // The interval is below what the vendor bears: a warning meets the closed end before the run begins.
        const line = '"$0" "$1" run appvet:https://clean.example --interval 1s -o events 2> >(true)'
        const { code, said } = yield* inShell(line, ".", Simulators.environment(simulators))
        assert.strictEqual(code, 0, said)
        assert.match(said, /"state":"completed"/)
      })
    )
  })
})

describe("a key that is refused", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("is told once by each scan's line, with the variable of its account and never the key (ST-03)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          const targets = Array.from(
            { length: 5 },
            (_, i) =>
              `  - { vendor: exona, account: second, company: { name: A${i}, website: "https://never-${i}.example" } }`
          )
          const plan = [
            "version: 1",
            "accounts: { second: { vendor: exona, variable: EXONA_API_KEY_SECOND } }",
            "targets:",
            ...targets,
            ""
          ].join("\n")
          yield* fs.writeFileString(`${folder}/scans.yaml`, plan)
          const { code, stderr, stdout } = yield* inRealTime(["run", "scans.yaml", "-o", "json"], {
            directory: folder,
            environment: { ...Simulators.environment(simulators), EXONA_API_KEY_SECOND: "exo_test_revoked_canary_4711" }
          })
          assert.strictEqual(code, 4, stderr)
          const told = stderr.split("\n").filter((line) => /EXONA_API_KEY_SECOND|ERROR/.test(line))
          assert.strictEqual(told.length, 5, stderr)
          for (const line of told) assert.match(line, /exona A\d \[second\]: refused: .*EXONA_API_KEY_SECOND/)
          assert.notMatch(stderr + stdout, /canary|EXONA_API_KEY(?!_SECOND)/)
          // The first refusal ends the batch: what had not been sent by then never is.
          assert.isAtMost(simulators.exona.ledger.totals().requests, 5)
        })
      )
    )
  })
})

describe("a journal that other users can write", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("ends every command that opens it with 74 before a request, unless it is trusted (S-11)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const environment = {
            ...Simulators.environment(yield* Simulators.Simulators),
            SCANPOLL_JOURNAL: `${folder}/shared/journal.db`
          }
          yield* fs.makeDirectory(`${folder}/shared`)
          yield* fs.chmod(`${folder}/shared`, 0o755)
          const bought = yield* scanpollInside(["submit", "appvet:https://shop.example"], { environment })
          assert.strictEqual(bought.code, 0, bought.stderr)
          yield* fs.chmod(`${folder}/shared`, 0o777)
          const before = yield* total
          for (const words of [
            ["run", "appvet:https://other.example"],
            ["resume"],
            ["status"],
            ["history"],
            ["purge", "--older-than", "1d", "--yes"]
          ]) {
            const { code, stderr } = yield* scanpollInside(words, { environment })
            assert.strictEqual(code, 74, `${words.join(" ")}: ${stderr}`)
            assert.match(stderr, /shared can be written by other users \(mode 0777\)\. Close it: chmod go-w \S+shared/)
            assert.match(stderr, /--trust-journal \(SCANPOLL_TRUST_JOURNAL\)/)
          }
          assert.strictEqual(yield* total, before)
          assert.strictEqual((yield* scanpollInside(["status", "--trust-journal"], { environment })).code, 0)
          const trusted = { environment: { ...environment, SCANPOLL_TRUST_JOURNAL: "true" } }
          assert.strictEqual((yield* scanpollInside(["resume", "--interval", "1s"], trusted)).code, 0)
        })
      )
    )
  })
})

describe("a key of a second account", () => {
  const places = hurriedVendors({
    appvet: {
      credentials: [
        "avk_live_first_0000000000000000000000000000000000",
        { token: "avk_live_second_000000000000000000000000000000000", account: "second" }
      ]
    }
  })
  layer(Layer.merge(places, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("is printed by submit, wait, events and report alike, and asks that account (V-10)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.writeFileString(
            `${folder}/scans.yaml`,
            [
              "version: 1",
              "accounts: { second: { vendor: appvet, variable: APPVET_API_KEY_SECOND } }",
              "targets: [{ vendor: appvet, account: second, url: https://shop.example, type: security }]"
            ].join("\n")
          )
          const options = (state: string) =>
            Effect.map(Simulators.Simulators, (simulators) => ({
              directory: folder,
              environment: {
                ...Simulators.environment(simulators),
                APPVET_API_KEY: "avk_live_first_0000000000000000000000000000000000",
                APPVET_API_KEY_SECOND: "avk_live_second_000000000000000000000000000000000",
                SCANPOLL_JOURNAL: `${folder}/${state}.db`
              }
            }))
          const submitted = yield* scanpollInside(["submit", "scans.yaml"], yield* options("one"))
          const key = submitted.stdout.trim()
          assert.match(key, /^appvet@second:scan_\w+$/, submitted.stderr)
          // A journal that knows the purchase, and one that has never heard of it.
          for (const state of ["one", "two"]) {
            const waited = yield* scanpollInside(
              [
                "wait",
                key,
                "--plan",
                "scans.yaml",
                "--interval",
                "1s",
                "-o",
                "json",
                "-o",
                `events=${folder}/${state}`
              ],
              yield* options(state)
            )
            assert.strictEqual(waited.code, 0, waited.stderr)
            const [scan] = JSON.parse(waited.stdout).scans
            assert.deepStrictEqual(
              [scan.key, scan.account, scan.state, scan.subject],
              [key, "second", "completed", { kind: "url", id: "https://shop.example/", name: "https://shop.example/" }]
            )
            assert.include(yield* fs.readFileString(`${folder}/${state}`), `"key":"${key}"`)
          }
        })
      )
    )
  })
})

describe("a stop", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      it.effect(`by ${signal} ends with 130 and the report while polls run and one hangs (DU-11)`, () =>
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          yield* simulators.appvet.script({
            match: { route: "status" },
            steps: [{ ...Script.hang(), times: Infinity }]
          })
          const { code, stderr, stdout } = yield* inRealTime(["run", target, "--interval", "3s", "-o", "json"], {
            environment: Simulators.environment(simulators),
            watch: once(/submitted as/, ({ kill }) => kill(signal))
          })
          assert.strictEqual(code, 130, stderr)
          // A process that has not ended after 9.5 s leaves without a word: what it says shows that it came to its end.
          assert.strictEqual((yield* ScanReport.parse(stdout)).scans[0]?.state, "interrupted")
          assert.match(stderr, /scanpoll (wait|resume)/)
          yield* simulators.appvet.clearScripts
        })
      )
    }

    it.effect(
      "by SIGINT and then SIGTERM, as CI systems cancel a job, still writes the report and the hint (D-14)",
      () =>
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          yield* simulators.appvet.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
          const { code, stderr, stdout } = yield* inRealTime(["run", target, "-o", "events"], {
            environment: Simulators.environment(simulators),
            watch: once(/"event":"submitting"/, ({ kill }) => {
              kill("SIGINT")
              setTimeout(() => kill("SIGTERM"), 500)
            })
          })
          assert.strictEqual(code, 130, stderr)
          // A process that has not ended after six seconds leaves without a word.
          assert.match(stdout, /in-doubt/)
          assert.match(stdout, /"event":"finished"/)
          assert.match(stderr, /in doubt/)
          yield* simulators.appvet.clearScripts
        })
    )

    it.effect.skipIf(!["/bin/bash", "nohup"].every(hasProgram))(
      "by SIGHUP is none for a run that was started with nohup (D-15)",
      () =>
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          let isScanning = true
          yield* simulators.appvet.script({
            match: { route: "status", where: () => isScanning },
            steps: [{ merge: { status: "scanning" }, omit: ["result"], times: 10_000 }]
          })
          const { code, stderr, stdout } = yield* scanpoll(["run", "appvet:https://held-up.example", "-o", "json"], {
            environment: Simulators.environment(simulators),
            // Bash becomes nohup, which becomes the command: the signal goes to the command itself.
            line: 'nohup "$0" "$@"',
            watch: once(/submitted as/, ({ kill }) => {
              kill("SIGHUP")
              isScanning = false
            })
          })
          assert.notStrictEqual(code, 130, stderr)
          assert.strictEqual((yield* ScanReport.parse(stdout)).scans[0]?.state, "completed")
          yield* simulators.appvet.clearScripts
        })
    )

    it.effect("by SIGTERM ends while a submission is never answered, and says it is in doubt (DU-11)", () =>
      Effect.gen(function* () {
        const simulators = yield* Simulators.Simulators
        yield* simulators.appvet.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
        const { code, stdout, stderr } = yield* inRealTime(["run", target, "-o", "events"], {
          environment: Simulators.environment(simulators),
          watch: once(/"event":"submitting"/, ({ kill }) => kill("SIGTERM"))
        })
        assert.strictEqual(code, 130, stderr)
        assert.match(stdout, /in-doubt/)
        assert.match(stdout, /"event":"finished"/)
        yield* simulators.appvet.clearScripts
      })
    )

    it.effect(
      "awaits a submission that the vendor answers some seconds after the signal: bought, and not in doubt (DU-11)",
      () =>
        Effect.gen(function* () {
          const simulators = yield* Simulators.Simulators
          yield* simulators.appvet.script({ match: { route: "submit" }, steps: [{ delay: "2 seconds" }] })
          const { code, stderr, stdout } = yield* inRealTime(["run", target, "-o", "events"], {
            environment: Simulators.environment(simulators),
            watch: once(/"event":"submitting"/, ({ kill }) => kill("SIGTERM"))
          })
          assert.strictEqual(code, 130, stderr)
          assert.match(stdout, /"state":"interrupted"/)
          assert.notMatch(stdout, /in-doubt/)
          assert.match(stderr, /scanpoll wait appvet:scan_/)
          yield* simulators.appvet.clearScripts
        })
    )

    it.effect("by two signals at once, as a whole group gets them, still writes the report (DU-12)", () =>
      Effect.gen(function* () {
        const simulators = yield* Simulators.Simulators
        const { code, stderr, stdout } = yield* inRealTime(["run", target, "-o", "json"], {
          environment: Simulators.environment(simulators),
          watch: once(/submitted as/, ({ kill }) => {
            kill("SIGINT")
            kill("SIGTERM")
          })
        })
        assert.strictEqual(code, 130, stderr)
        const report = yield* ScanReport.parse(stdout)
        assert.deepStrictEqual([report.exit.code, report.scans[0]?.state], [130, "interrupted"])
      })
    )

    it.effect("by a second signal ends at once, whatever hangs, and says no more (DU-12)", () =>
      Effect.gen(function* () {
        const simulators = yield* Simulators.Simulators
        yield* simulators.compliance.script({ match: { route: "submit" }, steps: [Script.acceptedNeverAnswered] })
        const dataset =
          "compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-426614174000,mapping=789e0123-e45b-47c8-9901-234567890123,name=Q1"
        const { code, stdout } = yield* scanpoll(["run", dataset, "-o", "events"], {
          environment: Simulators.environment(simulators),
          time: "slowed",
          watch: once(/"event":"submitting"/, ({ insist }) => insist("SIGINT"))
        })
        assert.strictEqual(code, 130)
        // The submission would hold it for seconds, and then it would tell its end.
        assert.notMatch(stdout, /in-doubt|"event":"finished"/)
        yield* simulators.compliance.clearScripts
      })
    )
  })
})

describe("a compliance token that expires during a wait", () => {
  const old = "eyJ.canary_old.4711"
  const renewed = "eyJ.canary_renewed.4711"
  const places = hurriedVendors({
    compliance: { credentials: [old, renewed], fate: () => ({ inline: false, settleAfterPolls: 3 }) }
  })
  layer(Layer.merge(places, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "ends it as denied; resume with a renewed key file asks again, and so it does after not-found (V-17)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const simulators = yield* Simulators.Simulators
            const { compliance } = simulators
            const keyFile = (token: string) =>
              fs.writeFileString(`${folder}/keys.env`, `COMPLIANCE_TOKEN=${token}\n`, { mode: 0o600 })
            const environment = {
              ...Simulators.environment(simulators),
              COMPLIANCE_TOKEN: "",
              SCANPOLL_JOURNAL: `${folder}/journal.db`
            }
            const asked = () => compliance.ledger.requests({ route: "status" }).length
            const command = Effect.fnUntraced(function* (...words: ReadonlyArray<string>) {
              const flags = ["--key-file", `${folder}/keys.env`, "--interval", "1s", "-o", "json"]
              const ended = yield* scanpollInside([...words, ...flags], { directory: folder, environment })
              assert.notMatch(ended.stdout + ended.stderr, /canary/)
              const [scan] = JSON.parse(ended.stdout).scans
              assert.isDefined(scan, `${words.join(" ")}: ${ended.stderr}`)
              return [ended.code, scan.state, scan.resumable]
            })
            yield* keyFile(old)
            yield* Effect.forkChild(
              Effect.andThen(
                compliance.ledger.until(() => asked() === 1),
                compliance.setCredential({ token: old, state: "expired" })
              )
            )
            const target =
              "compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-426614174000,mapping=789e0123-e45b-47c8-9901-234567890123"
            assert.deepStrictEqual(yield* command("run", target), [4, "denied", true])
            yield* keyFile(renewed)
            yield* compliance.script({
              match: { route: "status" },
              steps: [null, { ...Script.respond(404, { detail: "not found" }), times: 3 }]
            })
            assert.deepStrictEqual(yield* command("resume"), [3, "not-found", false])
            assert.deepStrictEqual(yield* command("resume"), [0, "completed", false])
            assert.strictEqual(compliance.ledger.requests({ method: "POST" }).length, 1)
          })
        )
    )
  })
})

describe("`doctor` with a key that is refused", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("does not call it good, also where the vendor's status call hides a 401 behind a 404 (V-17)", () =>
      Effect.gen(function* () {
        const simulators = yield* Simulators.Simulators
        const good = yield* scanpollInside(["doctor"], { environment: Simulators.environment(simulators) })
        assert.strictEqual(good.code, 0, good.stdout)
        for (const variable of ["EXONA_API_KEY", "APPVET_API_KEY", "COMPLIANCE_TOKEN"]) {
          const environment = { ...Simulators.environment(simulators), [variable]: "exo_live_garbage_4711" }
          const { code, stdout } = yield* scanpollInside(["doctor"], { environment })
          assert.strictEqual(code, 4, stdout)
          assert.match(stdout, new RegExp(`FAIL .*refuses the key in ${variable}`))
          assert.notInclude(stdout, "garbage")
        }
      })
    )
  })
})

describe("`doctor` on a machine where keys are at risk", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("warns of a vendor's module that others can write, or the folder of which they can (S-13)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const file = `${folder}/mine.mjs`
          yield* fs.writeFileString(file, active, { mode: 0o600 })
          const doctor = Effect.map(inside(["doctor", "--vendor", file]), ({ err, out }) => out + err)
          assert.notInclude(yield* doctor, "others can write")
          yield* fs.chmod(file, 0o602)
          assert.include(yield* doctor, `others can write ${file}, and its code is run with your keys`)
          yield* fs.chmod(file, 0o600)
          yield* fs.chmod(folder, 0o770)
          assert.include(yield* doctor, `others can write ${folder}, and its code is run with your keys`)
        })
      )
    )

    it.effect(
      "warns of a key file that others can read or write and of unchecked certificates, and shows proxies without their passwords (S-13, U-09)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const file = `${folder}/keys.env`
            yield* fs.writeFileString(file, "# none yet\n")
            const lines = (environment: Readonly<Record<string, string>>) =>
              Effect.map(inside(["doctor", "--key-file", file], { environment }), ({ out }) => out)
            for (const [mode, words] of [
              [0o666, "warn key file     others can read and write"],
              [0o644, "warn key file     others can read "],
              [0o620, "warn key file     others can write "],
              [0o600, "ok   key file "]
            ] as const) {
              yield* fs.chmod(file, mode)
              assert.include(yield* lines({}), words)
            }
            const quiet = yield* lines({ NODE_TLS_REJECT_UNAUTHORIZED: "1" })
            assert.notMatch(quiet, /warn (tls|proxy)/)
            const said = yield* lines({
              NODE_TLS_REJECT_UNAUTHORIZED: "0",
              https_proxy: "http://user:canary@proxy.example:3128"
            })
            assert.match(said, /warn tls .*NODE_TLS_REJECT_UNAUTHORIZED is 0/)
            assert.match(said, /ok {3}proxy .*https by http:\/\/proxy\.example:3128 \(https_proxy\)/)
            assert.notInclude(said, "canary")
          })
        )
    )
  })
})
