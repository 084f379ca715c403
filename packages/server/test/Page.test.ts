/** Every call that docs/guides/api.md shows, as it stands there. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { deciding, doubtful } from "./support/deciding.ts"
import { ask, listen, settled, submitted, tokens, until } from "./support/serving.ts"

const page = readFileSync(fileURLToPath(new URL("../../../docs/guides/api.md", import.meta.url)), "utf8")
const lines = page.split("\n").filter((line) => line.startsWith("curl "))
const calls = lines.map((line) => {
  const [, path = ""] = /"\$BASE(\S+)"/.exec(line) ?? []
  const [, body] = /-d '([^']+)'/.exec(line) ?? []
  return { path, body, isPost: line.includes("-X POST"), headers: line.includes("If-Match") }
})

describe("the page of the API", () => {
  it.live("shows calls that are answered as it says, and one for every operation", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const report = ScanReport.fromRecords([], {
          version: "0",
          id: "run_1",
          startedAt: 0,
          finishedAt: 1,
          plan: null
        })
        const made = () => Effect.succeed(report)
        const server = yield* deciding("none", { reportOfRun: made, reportOfClaim: made })
        const doubt = yield* doubtful(server.journal, "lost")
        const open = yield* submitted(server.journal, "open")
        const claim = yield* settled(server.journal, "shown")
        const run = {
          runId: "run_1",
          command: "run",
          plan: null,
          planDigest: null,
          options: null,
          startedAt: 5,
          rows: []
        }
        yield* server.journal.runs.begin(run)
        const asked = calls.map(({ path, ...call }) => ({
          ...call,
          path: path.replace("$CLAIM", claim).replace("$DOUBT", doubt).replace("$OPEN", open).replace("$RUN", "run_1")
        }))
        for (const { body, headers, isPost, path } of asked) {
          if (isPost && body === undefined) {
            assert.isTrue(headers, path)
            const { headers: known } = yield* ask(server, `/api/v1/claims/${open}`)
            const told = { "if-match": String(known["etag"]) }
            const answer = yield* ask(server, path, { method: "POST", headers: told, token: tokens.decider.token })
            assert.strictEqual(answer.status, 200, `${path}: ${answer.text}`)
          } else if (body !== undefined) {
            assert.isTrue(headers, path)
            // Each is about a claim of its own: the page shows all three ways.
            const id = yield* doubtful(server.journal, `shown-${body.length}`, "https://shop.example/")
            const { headers: known } = yield* ask(server, `/api/v1/claims/${id}`)
            const answer = yield* ask(server, path.replace(doubt, id), {
              method: "POST",
              body,
              token: tokens.decider.token,
              headers: { "if-match": String(known["etag"]) }
            })
            assert.strictEqual(answer.status, 200, `${body}: ${answer.text}`)
          } else if (path === "/api/v1/events") {
            const heard = yield* listen(server)
            yield* until(() => heard.text().includes("event: hello"))
          } else {
            const { status, text } = yield* ask(server, path)
            assert.strictEqual(status, 200, `${path}: ${text}`)
          }
        }
        const { json } = yield* ask(server, "/openapi.json")
        const shown = new Set(
          asked.map(({ path }) => path.replace(/\?.*/, "").replace(doubt, claim).replace(open, claim))
        )
        const documented = Object.keys(Object(json).paths).map((path) =>
          path.replace("{claimId}", claim).replace("{runId}", "run_1")
        )
        assert.deepStrictEqual(
          documented.filter((path) => !shown.has(path)),
          []
        )
      })
    )
  )
})
