// The GitHub Action: its file under GitHub's own schema, and the shell of its steps, run as a runner runs it.
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { hurried } from "@scanpoll/test-support/hurry"
import { program, quickly } from "@scanpoll/test-support/programs"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn, spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { registerHooks } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { version } from "scanpoll/process/Version"
import * as Yaml from "yaml"
import { keyedVendors, keys } from "./support/vendors.ts"

const action = fileURLToPath(new URL("../../action", import.meta.url))
const text = readFileSync(join(action, "action.yml"), "utf8")

interface Step {
  readonly name: string
  readonly if?: string
  readonly run?: string
  readonly uses?: string
  readonly env?: Readonly<Record<string, string>>
}

const file: {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>
  readonly runs: { readonly steps: ReadonlyArray<Step> }
} = Yaml.parse(text)

// The parser of the actions' own makers. It imports JSON as only a bundler does.
const faultsOf = async (content: string): Promise<ReadonlyArray<string>> => {
  const hooks = registerHooks({
    load: (url, context, next) =>
      next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context)
  })
  const { NoOperationTraceWriter } = await import("@actions/workflow-parser")
  const { parseAction } = await import("@actions/workflow-parser/actions/action-parser")
  hooks.deregister()
  const { context } = parseAction({ name: "action.yml", content }, new NoOperationTraceWriter())
  return context.errors.getErrors().map((error) => error.message)
}

describe("action.yml", () => {
  it("is an action by the schema of its makers, which an unknown key is not", async () => {
    assert.deepStrictEqual(await faultsOf(text), [])
    assert.isNotEmpty(await faultsOf(text.replace("  using: composite", "  using: composite\n  usign: node")))
  })

  it("pastes no expression into a script: a title of a pull request is never code", () => {
    for (const { name, run } of file.runs.steps) assert.notInclude(run ?? "", "${{", name)
  })

  it("pins other actions by digest, and so do the workflows and the pages that show it (S-12)", () => {
    const root = fileURLToPath(new URL("../../../", import.meta.url))
    const pages = [".github/workflows/*.yml", "packages/action/*.{yml,md}", "docs/guides/*.md", "README.md"]
    const wrong = globSync(pages, { cwd: root }).flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/^\s*-?\s*uses: (\S+)(.*)$/gm)].flatMap(
        ([, name = "", after = ""]) =>
          // Our own is released after the page is written.
          name.startsWith("scanpoll/") || (/@[0-9a-f]{40}$/.test(name) && /^ # v\d/.test(after))
            ? []
            : [`${page}: ${name}`]
      )
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("takes no key: those are variables of the step", () => {
    for (const name of Object.keys(file.inputs)) assert.notMatch(name, /key|secret|password/)
    assert.notMatch(text, /API_KEY|COMPLIANCE_TOKEN/)
  })

  it("hands every input to the scripts, and has no other in them", () => {
    const given = file.runs.steps.flatMap(({ env }) => Object.keys(env ?? {}))
    const used = ["scan.sh", "comment.sh", "journal.sh"].flatMap((script) =>
      [...readFileSync(join(action, script), "utf8").matchAll(/\b(?:INPUT|COMMENT)_[A-Z_]+[A-Z]\b/g)].map(
        ([name]) => name
      )
    )
    for (const name of new Set(used)) assert.include(given, name)
    const expressions = file.runs.steps.map((step) => JSON.stringify(step)).join()
    for (const name of Object.keys(file.inputs)) assert.include(expressions, `inputs.${name}`)
  })

  it("runs the version of scanpoll it lies beside", () => {
    assert.strictEqual(file.inputs["version"]?.default, version)
  })
})

const vendors = keyedVendors()

interface Ended {
  readonly code: number | null
  readonly said: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly arguments: string
}

// A registry that has this very package: npm leaves a command that notes its arguments and is the one of this clone.
const npm = `#!/usr/bin/env bash
printf 'npm %s\\n' "$*" >> "$ARGUMENTS"
while [ $# -gt 0 ]; do [ "$1" = --prefix ] && folder="$2"; last="$1"; shift; done
[ "$last" = scanpoll@0.1.0 ] || exit 1
mkdir -p "$folder/node_modules/.bin"
cat > "$folder/node_modules/.bin/scanpoll" <<'END'
#!/usr/bin/env bash
for word in "$@"; do printf '[%s]' "$word" >> "$ARGUMENTS"; done
printf '\\n' >> "$ARGUMENTS"
exec "$NODE" "$BIN" "$@"
END
chmod +x "$folder/node_modules/.bin/scanpoll"
`

const inputsWith = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(file.inputs).map(([name, input]) => [
      `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
      given[name] ?? input.default
    ])
  )

// The steps that are shell, in order, each as a runner starts it.
const act = (
  folder: string,
  given: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
  whenSaid?: { readonly pattern: RegExp; readonly signal: NodeJS.Signals }
): Effect.Effect<Ended> =>
  Effect.promise(async () => {
    const temp = join(folder, "temp")
    mkdirSync(join(temp, "bin"), { recursive: true })
    writeFileSync(join(temp, "bin", "npm"), npm)
    chmodSync(join(temp, "bin", "npm"), 0o755)
    const paths = {
      GITHUB_OUTPUT: join(temp, "output"),
      GITHUB_STEP_SUMMARY: join(temp, "summary"),
      ARGUMENTS: join(temp, "arguments")
    }
    for (const path of Object.values(paths)) writeFileSync(path, "")
    let said = ""
    const shell = (run: string, more: Readonly<Record<string, string>>): Promise<number | null> =>
      new Promise((resolve) => {
        const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", run], {
          cwd: folder,
          env: {
            PATH: `${join(temp, "bin")}:${process.env["PATH"]}`,
            HOME: folder,
            TZ: "UTC",
            CI: "true",
            GITHUB_ACTIONS: "true",
            GITHUB_ACTION_PATH: action,
            RUNNER_TEMP: temp,
            NODE: process.execPath,
            BIN: program,
            ...quickly,
            ...hurried,
            ...paths,
            ...environment,
            ...more
          },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let sent = false
        const hear = (piece: string): void => {
          said += piece
          if (whenSaid === undefined || sent || !whenSaid.pattern.test(said)) return
          sent = true
          child.kill(whenSaid.signal)
        }
        child.stdout.setEncoding("utf8").on("data", hear)
        child.stderr.setEncoding("utf8").on("data", hear)
        child.on("close", resolve)
      })
    const outputs = (): Record<string, string> =>
      Object.fromEntries(
        readFileSync(paths.GITHUB_OUTPUT, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
      )
    const script = (name: string): string => file.runs.steps.find((step) => step.name === name)?.run ?? "exit 99"
    const scan = await shell(script("Scan"), inputsWith(given))
    const code = scan === 0 ? await shell(script("Verdict"), { EXIT_CODE: outputs()["exit-code"] ?? "" }) : scan
    return {
      code,
      said,
      outputs: outputs(),
      summary: readFileSync(paths.GITHUB_STEP_SUMMARY, "utf8"),
      arguments: readFileSync(paths.ARGUMENTS, "utf8")
    }
  })

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "scanpoll-action-"))),
    use,
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const environment = Effect.map(Simulators.Simulators, Simulators.environment)

const refusals: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
  [{ version: "file:../evil" }, "the input version must be a version or a tag"],
  [{ version: "1.0.0 evil" }, "the input version must be a version or a tag"],
  [{ version: "9.9.9" }, "scanpoll@9.9.9 cannot be installed"],
  [{ plan: "--key-file=/etc/passwd" }, "the input plan must not begin with a dash"],
  [{ json: "a.json\npassed=true" }, "the input json must be one line"],
  [{ targets: "--no-color" }, "the input targets must not begin with a dash"],
  [{ plan: "", targets: "" }, "there is nothing to scan"],
  [{ "fail-on": "hgh" }, "the run ended with exit code 2 and left no report; the log of this step says why"],
  [{ "untrusted-plan": "yes" }, "the input untrusted-plan must be true or false"],
  [{ "untrusted-plan": "true" }, "the run ended with exit code 2 and left no report; the log of this step says why"],
  [{ "max-purchases": "few" }, "the run ended with exit code 2 and left no report; the log of this step says why"],
  [{ outputs: "junit" }, "the input outputs has a line that is not FORMAT=FILE"]
]

describe("the journal of the action", () => {
  const place = (folder: string, journal: string, more: Readonly<Record<string, string>> = {}) => {
    const output = join(folder, "output")
    writeFileSync(output, "")
    mkdirSync(join(folder, "work/src"), { recursive: true })
    mkdirSync(join(folder, "temp"), { recursive: true })
    const { status, stdout } = spawnSync("bash", [join(action, "journal.sh")], {
      cwd: join(folder, "work"),
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        GITHUB_OUTPUT: output,
        GITHUB_WORKSPACE: join(folder, "work"),
        RUNNER_TEMP: join(folder, "temp"),
        INPUT_JOURNAL: journal,
        CACHE_OF: "ci main",
        ...more
      }
    })
    const lines = readFileSync(output, "utf8").trimEnd().split("\n")
    return { status, stdout, said: Object.fromEntries(lines.map((line) => line.split("=", 2))) }
  }

  it.effect("lies outside of the checkout, in a private folder, and is refused inside of it (S-11)", () =>
    inFolder((made) =>
      Effect.sync(() => {
        const folder = realpathSync(made)
        const usual = place(folder, file.inputs["journal"]?.default ?? "")
        assert.strictEqual(usual.said["file"], join(folder, "temp/scanpoll/journal.db"))
        assert.strictEqual(usual.said["journal"], usual.said["file"])
        assert.strictEqual(statSync(join(folder, "temp/scanpoll")).mode & 0o077, 0)
        symlinkSync(join(folder, "work/src"), join(folder, "temp/link"))
        symlinkSync(join(folder, "work/j.db"), join(folder, "temp/j.db"))
        for (const inside of [join(folder, "work/j.db"), join(folder, "work/src/j.db"), "link/j.db", "j.db"]) {
          const { said, status, stdout } = place(folder, inside)
          assert.strictEqual(status, 2, inside)
          assert.match(stdout, /^::error title=scanpoll action::the journal must not/)
          assert.deepStrictEqual(said, { "": undefined })
        }
        for (const odd of ["../j.db", "a/../../work/j.db", "*", "a?b", "file:///tmp/j.db", "-j", "a\nfile=x"]) {
          assert.strictEqual(place(folder, odd).status, 2, odd)
        }
      })
    )
  )

  it.effect("is cached only where it is a file, for each branch and pull request by a key of its own (S-11)", () =>
    inFolder((folder) =>
      Effect.sync(() => {
        for (const uncached of ["", "memory:", "postgres://db.example/scans"]) {
          const { said, status } = place(folder, uncached)
          assert.strictEqual(status, 0)
          assert.strictEqual(said["file"], "")
          assert.strictEqual(said["journal"], uncached)
        }
        const keyOf = (of: string) => place(folder, "j.db", { CACHE_OF: of }).said["key"]
        assert.match(keyOf("ci main") ?? "", /^scanpoll-[0-9a-f]{40}$/)
        assert.notStrictEqual(keyOf("ci refs/heads/main "), keyOf("ci refs/heads/main 7"))
        const caches = file.runs.steps.filter(({ uses }) => uses?.startsWith("actions/cache/") === true)
        assert.strictEqual(caches.length, 2)
        for (const step of caches) {
          assert.include(step.if ?? "", "steps.journal.outputs.file != ''")
          assert.include(JSON.stringify(step), "steps.journal.outputs.file }}*")
          assert.include(JSON.stringify(step), "steps.journal.outputs.key }}-")
        }
        const named = file.runs.steps.find(({ name }) => name === "Place of the journal")?.env?.["CACHE_OF"] ?? ""
        for (const part of ["github.ref ", "github.job", "pull_request.number"]) assert.include(named, part)
      })
    )
  )
})

describe("the steps of the action", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("scan what the plan names, write the files, the summary and the annotations, and fail on the gate", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          writeFileSync(
            join(folder, "scans.yaml"),
            "version: 1\ntargets:\n  - { vendor: appvet, url: https://risky.example, type: security }\n"
          )
          const ended = yield* act(
            folder,
            { "fail-on": "low", outputs: "junit=scans.xml\nhtml=out file.html\n" },
            yield* environment
          )
          assert.strictEqual(ended.code, 1, ended.said)
          assert.deepInclude(ended.outputs, {
            "exit-code": "1",
            passed: "false",
            json: "scanpoll.json",
            sarif: "scanpoll.sarif"
          })
          const report = yield* ScanReport.parse(readFileSync(join(folder, "scanpoll.json"), "utf8"))
          assert.strictEqual(report.exit.code, 1)
          for (const name of ["scanpoll.sarif", "scans.xml", "out file.html", "temp/scanpoll/journal.db"]) {
            assert.isTrue(existsSync(join(folder, name)), name)
          }
          assert.match(ended.said, /^::error title=Gate failed::/m)
          assert.include(ended.summary, "risky.example")
          for (const key of Object.values(keys)) assert.notInclude(ended.said + ended.arguments, key)
        })
      )
    )

    it.effect("take only targets and stricter gates from the plan of a pull request, up to a limit (S-07)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          const before = appvet.ledger.totals().accepted
          const given = { "untrusted-plan": "true", "max-purchases": "1" }
          const target = "  - { vendor: appvet, url: https://untrusted.example, type: security }\n"
          const plan = join(folder, "scans.yaml")
          writeFileSync(plan, `version: 1\ngate: { exitZero: true }\ntargets:\n${target}`)
          const loose = yield* act(folder, given, yield* environment)
          assert.strictEqual(loose.code, 2, loose.said)
          assert.include(loose.said, "exitZero true makes the gate looser")
          writeFileSync(plan, `version: 1\ntargets:\n${target}${target.replace("untrusted", "more")}`)
          const many = yield* act(folder, given, yield* environment)
          assert.strictEqual(many.code, 2, many.said)
          assert.include(many.said, "allows 1 purchase, and 2 would be made")
          assert.strictEqual(appvet.ledger.totals().accepted, before)
          writeFileSync(plan, `version: 1\ntargets:\n${target}`)
          const fine = yield* act(folder, given, yield* environment)
          assert.strictEqual(fine.code, 0, fine.said)
        })
      )
    )

    it.effect("buy nothing anew when the job is run again with its journal", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const { appvet } = yield* Simulators.Simulators
          const given = { plan: "", targets: "appvet:https://clean.example\n\n" }
          const before = appvet.ledger.totals().accepted
          const first = yield* act(folder, given, yield* environment)
          assert.strictEqual(first.code, 0, first.said)
          assert.deepInclude(first.outputs, { "exit-code": "0", passed: "true" })
          const second = yield* act(folder, given, yield* environment)
          assert.strictEqual(second.code, 0, second.said)
          assert.strictEqual(appvet.ledger.totals().accepted, before + 1)
        })
      )
    )

    it.effect("hand inputs over as words, whatever a shell would make of them", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const nasty = `scans$(touch pwned).yaml; touch pwned '\`touch pwned\` "*`
          const ended = yield* act(folder, { plan: nasty, "fail-on": "$(touch pwned)" }, yield* environment)
          assert.strictEqual(ended.code, 2)
          assert.isFalse(existsSync(join(folder, "pwned")))
          const journal = join(realpathSync(folder), "temp/scanpoll/journal.db")
          assert.include(ended.arguments, `[--fail-on=$(touch pwned)][--journal=${journal}][--][${nasty}]`)
        })
      )
    )

    it.effect.each(refusals)("refuse %j before anything is asked", ([given, words]) =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const ended = yield* act(folder, given, {})
          assert.strictEqual(ended.code, 2)
          assert.include(ended.said, `::error title=scanpoll action::${words}`)
          assert.deepInclude(ended.outputs, { "exit-code": "2", passed: "false" })
        })
      )
    )

    it.effect("write the report and keep the journal when the job is cancelled", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const ended = yield* act(folder, { plan: "", targets: "appvet:https://never.example" }, yield* environment, {
            pattern: /never\.example\/ \(security\): (running|submitted)/,
            signal: "SIGINT"
          })
          assert.strictEqual(ended.outputs["exit-code"], "130", ended.said)
          const report = yield* ScanReport.parse(readFileSync(join(folder, "scanpoll.json"), "utf8"))
          assert.deepStrictEqual(report.summary.byState, { interrupted: 1 })
          assert.include(ended.summary, "never.example")
          // The job is run again, and a runner cancels it as GitHub does: what was bought is polled, and nothing else is bought.
          const bought = Effect.map(Simulators.Simulators, ({ appvet }) => appvet.ledger.totals().accepted)
          const before = yield* bought
          const again = yield* act(folder, { plan: "", targets: "appvet:https://never.example" }, yield* environment, {
            pattern: /never\.example\/ \(security\): (running|bought already)/,
            signal: "SIGTERM"
          })
          assert.strictEqual(again.outputs["exit-code"], "130", again.said)
          assert.deepStrictEqual(
            (yield* ScanReport.parse(readFileSync(join(folder, "scanpoll.json"), "utf8"))).scans[0]?.key,
            report.scans[0]?.key
          )
          assert.strictEqual(yield* bought, before)
        })
      )
    )
  })
})

// GitHub's own client, of a token that is the bot of the workflow. It notes what was written and where.
const gh = `#!/usr/bin/env bash
case "$*" in
  *graphql*) printf '%s' "$VIEWER" ;;
  *--paginate*) printf '%s\\n' "$*" >> "$WRITTEN"; printf '%b' "$COMMENTS" ;;
  *) printf '%s\\n' "$*" >> "$WRITTEN" ;;
esac
`

describe("the comment of a pull request", () => {
  const comment = (
    viewer: string,
    comments: ReadonlyArray<readonly [id: number, author: string, marked: boolean]>,
    name = ""
  ) => {
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-comment-"))
    try {
      mkdirSync(join(folder, "bin"))
      writeFileSync(join(folder, "bin", "gh"), gh, { mode: 0o755 })
      writeFileSync(join(folder, "report.md"), "All is well.\n")
      spawnSync("bash", [join(action, "comment.sh")], {
        env: {
          PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
          RUNNER_TEMP: folder,
          GITHUB_REPOSITORY: "acme/shop",
          COMMENT_NUMBER: "7",
          COMMENT_NAME: name,
          COMMENT_FILE: join(folder, "report.md"),
          VIEWER: viewer,
          COMMENTS: comments.map((row) => `${row.join("\\t")}\\n`).join(""),
          WRITTEN: join(folder, "written")
        }
      })
      const bodies = globSync("scanpoll-comment-*.md", { cwd: folder }).map((body) =>
        readFileSync(join(folder, body), "utf8")
      )
      return existsSync(join(folder, "written"))
        ? `${readFileSync(join(folder, "written"), "utf8")}${bodies.join("")}`
        : ""
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const bot = "github-actions[bot]"

  it("holds whole rows alone, like the summary, and says how many are left out (U-02)", () => {
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-rows-"))
    try {
      const row = (at: number) => `| **high** | [ä ${at}](https://a.example/${"x".repeat(80)}) |`
      const rows = Array.from({ length: 500 }, (_, at) => row(at))
      const page = ["# Report", "", "| Severity | Subject |", "|---|---|", ...rows, ""].join("\n")
      writeFileSync(join(folder, "report.md"), page)
      const capped = (most: number) =>
        spawnSync("bash", [join(action, "whole-rows.sh"), join(folder, "report.md"), String(most)]).stdout.toString()
      const cut = capped(20_000)
      assert.isAtMost(Buffer.byteLength(cut), 20_000)
      const kept = cut.split("\n").filter((line) => line.startsWith("| **"))
      assert.deepStrictEqual(kept, rows.slice(0, kept.length))
      assert.include(cut, `\n${500 - kept.length} more rows are in the report of the run.`)
      assert.strictEqual(capped(900_000), page)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("writes over a comment of its own bot alone, whoever else began one with the marker (S-12)", () => {
    const others = [
      [1, "mallory", true],
      [2, bot, false],
      [3, "github-actions", true]
    ] as const
    assert.include(
      comment(bot, [...others, [4, bot, true], [5, bot, true]]),
      "PATCH repos/acme/shop/issues/comments/4 "
    )
    assert.include(comment(bot, others), "POST repos/acme/shop/issues/7/comments ")
    assert.include(comment("", [[1, "", true]]), "POST repos/acme/shop/issues/7/comments ")
  })

  it("is one for each step that has a name for it, and a name is never more than a name (U-16)", () => {
    const plain = comment(bot, [])
    assert.include(plain, 'startswith("<!-- scanpoll -->")')
    assert.match(plain, /^<!-- scanpoll -->\nAll is well\.$/m)
    const named = comment(bot, [[4, bot, true]], "seo")
    assert.include(named, 'startswith("<!-- scanpoll seo -->")')
    assert.include(named, "PATCH repos/acme/shop/issues/comments/4 ")
    assert.match(named, /^<!-- scanpoll seo -->\nAll is well\.$/m)
    for (const name of ['x"))]', "--> x", "a b", "$(id)"]) assert.strictEqual(comment(bot, [], name), "")
  })
})
