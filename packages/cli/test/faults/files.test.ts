/** What becomes of an older report while a new one is written over it: the process is killed, or the disk is full. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { hasProgram } from "@scanpoll/test-support/tools"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { spawn } from "node:child_process"
import { readdirSync, watch } from "node:fs"
import { program, sparingly } from "@scanpoll/test-support/programs"
import { scanpoll } from "../support/command.ts"
import { jsonOf } from "../support/reportText.ts"

const reports = 3_000

const record = (index: number): ScanRecord => ({
  index,
  claimId: null,
  vendor: "appvet",
  account: "default",
  subject: { kind: "url", id: `https://site-${index}.example/`, name: `https://site-${index}.example/` },
  ticket: null,
  state: "not-started",
  outcome: null,
  reason: { code: "timeout", message: "the run ended before this scan was begun", advice: null, requestId: null },
  because: "not-begun",
  submittedAt: null,
  observedAt: 1_000,
  polls: 0,
  progress: null,
  notBefore: null,
  reused: false,
  ageMs: null,
  warnings: []
})

const run = { version: "0.1.0", id: "run_1", startedAt: 0, finishedAt: 1_000, plan: null }

// A folder with a large report in JSON, and an old file where its CSV is to go.
const inFolder = <A, E, R>(use: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const report = ScanReport.fromRecords(
        Array.from({ length: reports }, (_, index) => record(index)),
        run
      )
      yield* fs.writeFileString(`${folder}/big.json`, yield* jsonOf(report))
      yield* fs.writeFileString(`${folder}/table.csv`, "old")
      return yield* use(folder, fs)
    })
  )

const args = ["report", "big.json", "-o", "csv=table.csv"]

const isWhole = (text: string): boolean => text.trimEnd().split("\r\n").length === reports + 1

describe("an older report", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "is there whole, or the new one is, whenever the process is killed; no half one has its name (RP-07)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            for (let round = 0; round < 5; round++) {
              yield* fs.writeFileString(`${folder}/table.csv`, "old")
              // The kill comes with the first, second, third ... change in the folder: in the middle of writing.
              yield* Effect.callback<void>((resume) => {
                const child = spawn(process.execPath, [...sparingly, program, ...args], {
                  cwd: folder,
                  stdio: "ignore"
                })
                let changes = 0
                const watcher = watch(folder, () => {
                  if (++changes === round + 1) child.kill("SIGKILL")
                })
                child.on("close", () => {
                  watcher.close()
                  resume(Effect.void)
                })
              })
              const text = yield* fs.readFileString(`${folder}/table.csv`)
              assert.isTrue(text === "old" || isWhole(text), `a file of ${text.length} characters`)
            }
            for (const name of readdirSync(folder)) assert.match(name, /^(?:big\.json|table\.csv|\..*\.tmp)$/)
            const { code } = yield* scanpoll(args, { directory: folder })
            assert.notStrictEqual(code, 74)
            assert.isTrue(isWhole(yield* fs.readFileString(`${folder}/table.csv`)))
          })
        )
    )

    // A limit on the size of files fails a write in its middle as a full disk does.
    it.effect.skipIf(!hasProgram("/bin/sh"))(
      "stays whole when the disk is full, with exit 74 and nothing left behind (RP-07)",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const ended = yield* Effect.callback<{ readonly code: number | null; readonly stderr: string }>(
              (resume) => {
                const child = spawn(
                  "/bin/sh",
                  ["-c", 'ulimit -f 16; exec "$0" "$@"', process.execPath, program, ...args],
                  {
                    cwd: folder,
                    stdio: ["ignore", "ignore", "pipe"]
                  }
                )
                let stderr = ""
                child.stderr.setEncoding("utf8").on("data", (text: string) => {
                  stderr += text
                })
                child.on("close", (code) => resume(Effect.succeed({ code, stderr })))
              }
            )
            assert.strictEqual(ended.code, 74, ended.stderr)
            assert.match(ended.stderr, /table\.csv could not be written/)
            assert.strictEqual(yield* fs.readFileString(`${folder}/table.csv`), "old")
            assert.deepStrictEqual(readdirSync(folder).toSorted(), ["big.json", "table.csv"])
          })
        )
    )
  })
})
