/** Ids of any visible ASCII characters, from the vendor's answer to the command that a person pastes, and back. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Journal from "@scanpoll/journal/Journal"
import * as HostileText from "@scanpoll/report/HostileText"
import * as NextStep from "@scanpoll/report/NextStep"
import { Script, Stage } from "@scanpoll/testkit"
import { program } from "@scanpoll/test-support/programs"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import * as Key from "scanpoll/config/Key"
import { type Ended, scanpoll } from "../support/command.ts"

/** What a shell, an address, a table or a build runner might take for something else. */
const odd = [..."'\"$`\\/%-!*?[]#&;=+@:~<>{}|^(),.a7", "##[", "##vso[", "section_start:", "%2F", "$(id)", "-rf", "../"]

/** Ids by a generator of numbers that starts at `seed`. */
const idsOf = (count: number, seed: number): ReadonlyArray<string> => {
  let state = seed
  const below = (max: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * max)
  }
  const draw = (): string => Array.from({ length: 1 + below(14) }, () => odd[below(odd.length)]).join("")
  const found = new Set<string>(["-", "--", "-n", "''", "\\", "%", "/", "a'b\"c$d`e"])
  while (found.size < count) {
    const id = draw()
    if (ScanTicket.isScanId(id)) found.add(id)
  }
  return [...found]
}

/** The words that a shell hands to the command, one list a line. */
const wordsOf = (commands: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  execFileSync("sh", {
    input: `scanpoll() { printf '%s\\n' "$@"; echo; }\n${commands.join("\n")}\n`,
    env: { PATH: process.env["PATH"] ?? "" },
    encoding: "utf8"
  })
    .split("\n\n")
    .slice(0, -1)
    .map((words) => words.split("\n"))

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "scanpoll-ids-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const Score = Schema.Struct({ score: Wire.percent })
const pacing = {
  limits: { floor: "100 millis" },
  every: { interactive: "100 millis", default: "100 millis", background: "1 second", bulk: "1 second" },
  budget: { requests: 600, typicalDuration: Duration.seconds(9) }
} as const
const reef = Vendor.define({
  name: "reef",
  title: "Reef",
  scans: "scans of reefs",
  docs: "https://reef.example/docs",
  baseUrl: "https://reef.example",
  auth: "none",
  probe: "none",
  target: Schema.Struct({ reef: Schema.String }),
  sample: { reef: "north" },
  line: "reef",
  subject: ({ reef }) => ({ kind: "reef", id: reef, name: reef }),
  submit: { path: "/reefs", id: ["id"] },
  answer: Score,
  payload: Score,
  status: {
    path: "/reefs/{id}",
    id: ["id"],
    word: ["state"],
    words: { done: { completed: (answer) => ({ payload: answer, assessment: Vendor.scored(answer.score) }) } }
  },
  errors: { message: ["message"], rows: {} },
  pacing
})

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

describe("a scan id of any visible ASCII characters", () => {
  it.live("survives the journal, the printed command and a shell (issue 14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const path = join(yield* folder, "journal.db")
        const wanted = idsOf(150, 14)
        const stored = yield* Effect.gen(function* () {
          const journal = yield* ScanJournal.ScanJournal
          for (const scanId of wanted) {
            const place = { vendor: "reef", origin: "https://reef.example", account: "default" }
            const subject = { kind: "reef", id: scanId, name: scanId }
            const { claimId } = yield* journal.claim(
              { ...place, environment: "", fingerprint: scanId },
              { subject, reuseFrom: Infinity }
            )
            yield* journal.submitted(claimId, ScanTicket.make({ ...place, scanId, submittedAt: 1 }), 0)
          }
          return yield* journal.list(["submitted"])
        }).pipe(Effect.provide(Journal.layerSqlite(path)))
        const keys = stored.map(({ ticket }) => (ticket === null ? "" : ScanTicket.accountKey(ticket)))
        assert.deepStrictEqual(keys.toSorted(), wanted.map((id) => `reef:${id}`).toSorted())
        const commands = keys.map((key) => {
          const next = NextStep.of({ state: "still-running", because: "stop", key, claimId: null })
          return HostileText.toLine(HostileText.of(next?.command ?? ""))
        })
        const words = wordsOf(commands)
        assert.deepStrictEqual(
          words,
          keys.map((key) => ["wait", key])
        )
        const read = words.map(([, key = ""]) => Result.getOrThrow(Key.parse(key, ["reef"])).scanId)
        assert.deepStrictEqual(read.toSorted(), wanted.toSorted())
      })
    )
  )

  it.live("is one part of a request's path, and comes back from it (issue 14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const stage = yield* Stage.make({ vendor: "reef", auth: "none", basePath: "/api/v1" })
        const adapter = yield* reef.make({ baseUrl: stage.baseUrl, insecureHosts: [`127.0.0.1:${stage.port}`] })
        for (const scanId of idsOf(60, 41)) {
          yield* stage.clearScripts
          yield* stage.script({ steps: [Script.respond(200, { id: scanId, state: "done", score: 7 })] })
          const { observation } = yield* adapter.poll(
            ScanTicket.make({ vendor: "reef", origin: adapter.origin, account: "default", scanId, submittedAt: null })
          )
          assert.strictEqual(observation._tag, "Settled", scanId)
          const [, api, version, reefs, last, ...more] = stage.ledger.requests().at(-1)?.path.split("/") ?? []
          assert.deepStrictEqual([api, version, reefs, more], ["api", "v1", "reefs", []], scanId)
          assert.strictEqual(decodeURIComponent(last ?? ""), scanId)
        }
        const { requests } = stage.ledger.totals()
        for (const scanId of ["", ".", "..", "%2e%2E", "a b", "a\nb", "\u00e9", "x".repeat(201)]) {
          const fault = yield* Effect.flip(
            adapter.poll({
              v: 1,
              vendor: "reef",
              origin: adapter.origin,
              account: "default",
              scanId,
              submittedAt: null
            })
          )
          assert.strictEqual(fault.code, "invalid-id")
        }
        assert.strictEqual(stage.ledger.totals().requests, requests)
      }).pipe(Effect.provide(http))
    )
  )

  it.live("is refused before anything is sent where the vendor gives no such ids (CL-01)", () =>
    Effect.gen(function* () {
      const odd = ["../keys", "a/b", "a?x=1", "a#b"]
      const { code, stderr, stdout } = yield* scanpoll(["wait", ...odd.map((id) => `appvet:${id}`)], {
        environment: { APPVET_API_KEY: "avk_live_0123456789abcdef0123" }
      })
      assert.deepStrictEqual([code, stdout], [2, ""])
      for (const id of odd) assert.include(stderr, `"${id}" cannot be a scan id of AppVet`)
    })
  )

  it.live("is waited for by the command that a report prints, pasted into a shell (issue 14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folder
        const scanId = "-p/it's/##[a]\"$(id)`x`%2F;*?&#!~{:@\\"
        const scan = (fields: object) => ({ ...Script.respond(200, { id: scanId, ...fields }), times: Infinity })
        const stage = yield* Stage.make({ vendor: "reef", auth: "none" })
        yield* stage.script({ match: { route: "submit" }, steps: [Script.respond(201, { id: scanId })] })
        yield* stage.script({ match: { route: "status" }, steps: [scan({ state: "busy" })] })
        writeFileSync(
          join(directory, "reef.ts"),
          `export default ({ Duration, Schema, Vendor, Wire }) => ({
  name: "reef", title: "Reef", scans: "scans of reefs", docs: "https://reef.example/docs", baseUrl: "https://reef.example",
  auth: "none", probe: "none", target: Schema.Struct({ reef: Schema.String }), sample: { reef: "north" }, line: "reef",
  subject: ({ reef }) => ({ kind: "reef", id: reef, name: reef }), submit: { path: "/reefs", id: ["id"] },
  answer: Schema.Struct({ score: Wire.percent }), payload: Schema.Struct({ score: Wire.percent }),
  status: { path: "/reefs/{id}", id: ["id"], word: ["state"], words: { busy: "running",
    done: { completed: (answer) => ({ payload: answer, assessment: Vendor.scored(answer.score) }) } } },
  errors: { message: ["message"], rows: {} },
  pacing: { limits: { floor: "100 millis" }, budget: { requests: 600, typicalDuration: Duration.seconds(9) },
    every: { interactive: "100 millis", default: "100 millis", background: "1 second", bulk: "1 second" } }
})
`
        )
        const environment = {
          REEF_BASE_URL: stage.baseUrl,
          SCANPOLL_ALLOW_INSECURE_HOSTS: `127.0.0.1:${stage.port}`,
          SCANPOLL_VENDOR: "./reef.ts",
          SCANPOLL_JOURNAL: join(directory, "journal.db")
        }
        const ran = yield* scanpoll(["run", "reef:north", "--deadline", "400ms", "-o", "text", "-o", "json=run.json"], {
          directory,
          environment
        })
        assert.strictEqual(ran.code, 3, ran.stderr)
        const printed = ran.stdout.match(/scanpoll wait .*/)?.[0] ?? assert.fail(ran.stdout)
        yield* stage.clearScripts
        yield* stage.script({ steps: [scan({ state: "done", score: 71 })] })
        const bin = join(directory, "scanpoll")
        writeFileSync(bin, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
        chmodSync(bin, 0o755)
        const env = { ...environment, PATH: `${directory}:${process.env["PATH"] ?? ""}`, HOME: directory }
        const pasted = yield* Effect.callback<Ended>((resume) => {
          const child = spawn("sh", ["-c", printed], { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] })
          let stdout = ""
          let stderr = ""
          child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
          child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
          child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
        })
        assert.strictEqual(pasted.code, 0, `${printed}\n${pasted.stderr}`)
        assert.include(pasted.stdout, "score 71 of 100")
        assert.strictEqual(stage.ledger.requests({ route: "submit" }).length, 1)
      })
    )
  )
})
