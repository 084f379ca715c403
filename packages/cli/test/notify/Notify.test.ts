/** `--notify`: what a run does reaches a webhook and a program, and no secret reaches anything else. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer, vi } from "@effect/vitest"
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Webhook } from "standardwebhooks"
import { inFolder, runIn } from "../support/folder.ts"
import { hurriedVendors } from "../support/vendors.ts"

// An answer that is there at once: a run takes no longer than its process.
const vendors = hurriedVendors()

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

// A receiver on loopback that answers with this status.
const receiver = (statusOf: () => number) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly heard: ReadonlyArray<Heard>; readonly close: () => void }>(
      (resume) => {
        const heard: Array<Heard> = []
        const server = createServer((request, response) => {
          let body = ""
          request.setEncoding("utf8")
          request.on("data", (part: string) => (body += part))
          request.on("end", () => {
            heard.push({ headers: request.headers, body })
            response.writeHead(statusOf(), { location: "http://127.0.0.1:1/elsewhere" })
            response.end()
          })
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(
            Effect.succeed({
              url: `http://127.0.0.1:${port}/hook-canary`,
              heard,
              close: () => {
                server.close()
                server.closeAllConnections()
              }
            })
          )
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

const secret = `whsec_${randomBytes(32).toString("base64")}`

describe("--notify", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    const write = (folder: string, receivers: ReadonlyArray<unknown>, mode = 0o600) =>
      Effect.sync(() => join(folder, "notify.json")).pipe(
        Effect.tap((file) =>
          Effect.promise(async () => {
            const { chmod, writeFile } = await import("node:fs/promises")
            await writeFile(file, JSON.stringify({ receivers }))
            await chmod(file, mode)
          })
        )
      )

    // What is due at its end is told within a limit of its own.
    const run = (folder: string, ...more: ReadonlyArray<string>) =>
      runIn(folder, ["run", "exona:Cached AI=https://cached.example", "--reuse", "0", ...more], {
        directory: folder,
        time: "slowed"
      })

    it.effect("tells a webhook, signed, and a program on its standard input, before the command ends", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const hook = yield* receiver(() => 204)
          const told = join(folder, "told.json")
          const file = yield* write(folder, [
            { name: "hook", url: hook.url, secret, allowPrivate: true },
            {
              name: "program",
              exec: [
                process.execPath,
                "-e",
                `process.stdin.pipe(require("fs").createWriteStream(${JSON.stringify(told)}))`
              ],
              events: ["run.finished"]
            }
          ])
          const from = Hurry.now()
          const ran = yield* run(folder, "--notify", file)
          assert.strictEqual(ran.code, 0, ran.stderr)
          const to = Hurry.now()
          const verifier = new Webhook(secret)
          const events = hook.heard.map(({ body, headers }) => {
            const named = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [
              name,
              String(headers[name])
            ])
            // The command's time was hurried, further from the verifier's than it allows where the machine is slow.
            const sent = Number(headers["webhook-timestamp"]) * 1_000
            assert.isTrue(sent > from - 1_000 && sent <= to)
            const clock = vi.spyOn(Date, "now").mockReturnValue(sent)
            verifier.verify(body, Object.fromEntries(named))
            clock.mockRestore()
            return JSON.parse(body)
          })
          assert.deepStrictEqual(
            events.map(({ type }) => String(type)).toSorted((a, b) => a.localeCompare(b)),
            ["run.finished", "scan.ended"]
          )
          const ended = events.find(({ type }) => type === "scan.ended").data
          assert.deepInclude(ended, { vendor: "exona", account: "default", state: "settled" })
          assert.deepInclude(ended.answer, { state: "completed" })
          const { data } = JSON.parse(yield* fs.readFileString(told))
          assert.deepInclude(data, { command: "run", exitCode: 0, total: 1, byState: { completed: 1 } })
        })
      )
    )

    it.effect(
      "a receiver that fails costs the run nothing, and is tried again; no secret is in the journal, a log or an answer",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const hook = yield* receiver(() => 302)
            const file = yield* write(folder, [
              { name: "hook", url: hook.url, secret, allowPrivate: true, events: ["run.finished"] },
              { name: "inward", url: hook.url.replace("http:", "https:"), secret, events: ["run.finished"] }
            ])
            const ran = yield* run(folder, "--notify", file)
            assert.strictEqual(ran.code, 0)
            assert.include(ran.stderr, "notifications to hook fail, and are tried again: HTTP 302")
            assert.include(
              ran.stderr,
              "notifications to inward fail, and are tried again: its address is of this machine"
            )
            // One try, and no other place was asked.
            assert.strictEqual(hook.heard.length, 1)
            const shown = yield* runIn(folder, ["status"], { directory: folder })
            assert.notInclude(shown.stdout, "did not arrive")
            const bytes = yield* fs.readFile(join(folder, "journal.db"))
            const wal = yield* Effect.orElseSucceed(fs.readFile(join(folder, "journal.db-wal")), () => new Uint8Array())
            const everywhere = [
              ran.stdout,
              ran.stderr,
              shown.stdout,
              Buffer.from(bytes).toString("latin1"),
              Buffer.from(wal).toString("latin1")
            ]
            for (const text of everywhere) {
              assert.notInclude(text, secret.slice(6))
              assert.notInclude(text, "hook-canary")
            }
          })
        )
    )

    it.effect(
      "a notification that was given up is shown with its command, and arrives once the receiver can be reached",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            let status = 500
            const hook = yield* receiver(() => status)
            const file = yield* write(folder, [
              { name: "hook", url: hook.url, secret, allowPrivate: true, events: ["run.finished"] }
            ])
            assert.strictEqual((yield* run(folder, "--notify", file)).code, 0)
            const id = String(hook.heard[0]?.headers["webhook-id"])
            // A day and a half of tries later.
            const database = new DatabaseSync(join(folder, "journal.db"))
            database.exec("UPDATE scanpoll_outbox SET state = 'dead'")
            database.close()
            const shown = yield* runIn(folder, ["status"], { directory: folder })
            assert.include(shown.stdout, "scanpoll journal redeliver")
            const redeliver = (...more: ReadonlyArray<string>) =>
              runIn(folder, ["journal", "redeliver", ...more], { directory: folder })
            for (const other of [["evt_other"], ["--receiver", "other"]]) {
              const none = yield* redeliver(...other)
              assert.deepStrictEqual([none.code, none.stderr.trim()], [0, "no notification that was given up matches"])
            }
            const again = yield* redeliver(id, "--receiver", "hook")
            assert.strictEqual(again.code, 0, again.stderr)
            assert.include(again.stderr, "1 notification will be tried again")
            status = 204
            assert.strictEqual((yield* run(folder, "--notify", file)).code, 0)
            assert.strictEqual(hook.heard.filter(({ headers }) => headers["webhook-id"] === id).length, 2)
          })
        )
    )

    it.effect(
      "a file that others can read, one with faults, and a journal in memory are refused before anything is bought",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const good = [{ name: "x", exec: ["/bin/true"] }]
            const open = yield* write(folder, good, 0o644)
            const shared = yield* run(folder, "--notify", open)
            assert.deepStrictEqual([shared.code, /chmod 600/.test(shared.stderr)], [2, true], shared.stderr)
            const wrong = yield* write(folder, [{ name: "x", exec: ["relative"] }])
            const faulty = yield* run(folder, "--notify", wrong, "--min-grade", "Z")
            assert.strictEqual(faulty.code, 2)
            assert.match(faulty.stderr, /2 faults[^]*absolute path/)
            const right = yield* write(folder, good)
            const forgetful = yield* run(folder, "--notify", right, "--journal", "memory:")
            assert.deepStrictEqual(
              [forgetful.code, /outlasts the command/.test(forgetful.stderr)],
              [2, true],
              forgetful.stderr
            )
            const missing = yield* run(folder, "--notify", "none.yaml")
            assert.deepStrictEqual([missing.code, /no such file of receivers/.test(missing.stderr)], [2, true])
          })
        )
    )
  })
})
