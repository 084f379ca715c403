/** Every call that docs/guides/api.md shows, as it stands there. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Handlers from "@scanpoll/server/Handlers"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ask, listen, serving, settled, until } from "./support/serving.ts"

const page = readFileSync(fileURLToPath(new URL("../../../docs/guides/api.md", import.meta.url)), "utf8")
const calls = [...page.matchAll(/^curl .*"\$BASE(\S+)"$/gm)].map(([, path = ""]) => path)

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
        const server = yield* serving({ sources: { ...Handlers.none, reportOfRun: made, reportOfClaim: made } })
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
        const asked = calls.map((path) => path.replace("$CLAIM", claim).replace("$RUN", "run_1"))
        for (const path of asked) {
          if (path === "/api/v1/events") {
            const heard = yield* listen(server)
            yield* until(() => heard.text().includes("event: hello"))
          } else {
            const { status, text } = yield* ask(server, path)
            assert.strictEqual(status, 200, `${path}: ${text}`)
          }
        }
        const { json } = yield* ask(server, "/openapi.json")
        const shown = new Set(asked.map((path) => path.replace(/\?.*/, "")))
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
