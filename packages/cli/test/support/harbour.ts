/** A vendor that a user brings, as the text of its module, and the folder that holds it. */
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** What the vendor is defined by. */
export const fields = `{
  name: "harbour",
  title: "Harbour",
  scans: "scans of datasets",
  docs: "https://harbour.example/docs",
  baseUrl: "https://harbour.example",
  auth: { header: "X-Harbour-Key" },
  key: { variable: "HARBOUR_KEY" },
  probe: "none",
  target: Schema.Struct({ dataset: Schema.String.check(Schema.isPattern(/^[\\w-]{1,64}$/)) }),
  sample: { dataset: "moorings" },
  line: "dataset",
  subject: ({ dataset }) => ({ kind: "dataset", id: dataset, name: dataset }),
  submit: { path: "/scans", id: ["id"] },
  answer: Schema.Struct({ verdict: Schema.Struct({ score: Wire.percent }) }),
  payload: Schema.Struct({ score: Wire.percent }),
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      waiting: "queued",
      done: { completed: ({ verdict }) => ({ payload: verdict, assessment: Vendor.scored(verdict.score) }) }
    }
  },
  errors: { message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "100 millis" },
    every: { interactive: "100 millis", default: "100 millis", background: "1 second", bulk: "1 second" },
    budget: { requests: 60, typicalDuration: Duration.seconds(9) }
  }
}`

/** A folder with files, outside of every project and without a `node_modules`. */
export const folderOf = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "scanpoll-harbour-"))
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text)
      }
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
