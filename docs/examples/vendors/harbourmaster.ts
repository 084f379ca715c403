/**
 * A vendor of your own, whole: Harbourmaster, a vendor that does not exist, scans datasets.
 *
 * `POST /v1/scans` takes `{ dataset }` and answers `{ id, state }`; `GET /v1/scans/{id}` answers
 * `{ id, state, result?: { score }, why? }` with `waiting`, `running`, `done` or `failed`. Errors are
 * `{ code, message }`. The guide `docs/guides/adapters.md` goes through it.
 */
import { Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Result = Schema.Struct({ score: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })) })

export default Vendor.define({
  name: "harbourmaster",
  title: "Harbourmaster",
  scans: "scans of datasets",
  docs: "https://harbourmaster.example/docs",
  baseUrl: "https://api.harbourmaster.example",
  key: { variable: "HARBOURMASTER_TOKEN" },
  probe: "doctor",
  target: Schema.Struct({ dataset: Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/)) }),
  sample: { dataset: "moorings" },
  line: "dataset",
  subject: ({ dataset }) => ({ kind: "dataset", id: dataset, name: dataset }),
  submit: { path: "/v1/scans", id: ["id"] },
  answer: Schema.Struct({
    result: Schema.optionalKey(Result),
    why: Schema.optionalKey(Wire.words(1000))
  }),
  payload: Result,
  status: {
    path: "/v1/scans/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      waiting: "queued",
      running: "running",
      done: {
        completed: ({ result }) =>
          result === undefined
            ? Vendor.unusable("done-without-result", "done, but without a result")
            : { payload: result, assessment: Vendor.scored(result.score) }
      },
      failed: { failed: ({ why }) => why }
    }
  },
  errors: { code: ["code"], message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
})
