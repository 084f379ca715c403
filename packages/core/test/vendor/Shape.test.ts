/** What `Vendor.define` says of definitions that no compiler has looked at. */
import { assert, describe, it } from "@effect/vitest"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Schema from "effect/Schema"

const words = { waiting: "queued", done: { completed: () => Vendor.unusable("none", "none") } }
const status = { path: "/scans/{id}", id: ["id"], word: ["state"], words }
const submit = { path: "/scans", id: ["id"] }
const errors = { message: ["message"], rows: {} }
const pacing = {
  limits: { floor: "2 seconds" },
  every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
  budget: { requests: 60, typicalDuration: "9 seconds" }
}
const definition = {
  name: "harbour",
  title: "Harbour",
  scans: "scans of datasets",
  docs: "https://harbour.example/docs",
  baseUrl: "https://harbour.example",
  key: { variable: "HARBOUR_KEY" },
  probe: "none",
  target: Schema.Struct({ dataset: Schema.String }),
  sample: { dataset: "moorings" },
  line: "dataset",
  subject: () => ({ kind: "dataset", id: "moorings", name: "moorings" }),
  submit,
  answer: Schema.Struct({ score: Wire.percent }),
  payload: Schema.Struct({ score: Wire.percent }),
  status,
  errors,
  pacing
}

const faults = (change: object): ReadonlyArray<string> => {
  try {
    Reflect.apply(Vendor.define, undefined, [{ ...definition, ...change }])
    return []
  } catch (error) {
    return error instanceof TypeError ? error.message.split("\n  - ").slice(1) : ["another error"]
  }
}

describe("a definition without types", () => {
  it("that is right is taken", () => {
    assert.deepStrictEqual(faults({}), [])
  })

  it.each<readonly [string, object]>([
    ["status is missing", { status: undefined }],
    ["status.word is missing", { status: { ...status, word: undefined } }],
    ["fingerprnt is not known; did you mean fingerprint?", { fingerprnt: () => "" }],
    ["status.paht is not known; did you mean path?", { status: { ...status, path: undefined, paht: "/x" } }],
    ["submit.id must be the way to a field, such as", { submit: { ...submit, id: "id" } }],
    ["payload must be a schema, such as Schema.Struct({ ... })", { payload: { score: "number" } }],
    ["auth must be one of bearer, basic, none, or { header }, or", { auth: "Bearer" }],
    ["auth.header is missing", { auth: { header: undefined } }],
    ['headers: "Bad Header" is not a header name', { headers: { "Bad Header": "x" } }],
    ["headers: host cannot be set", { headers: { Host: "x" } }],
    [
      "status.words.waiting must be one of queued, running, ended, cancelled, missing, gone, or { moved }",
      { status: { ...status, words: { ...words, waiting: "pending" } } }
    ],
    [
      "status.words.done.completed must be a function",
      { status: { ...status, words: { ...words, done: { completed: "done" } } } }
    ],
    ["status.pending[0].phase is missing", { status: { ...status, pending: [{ status: 404 }] } }],
    ["errors.rows.404.poll must be one of Transient", { errors: { ...errors, rows: { 404: { poll: "missing" } } } }],
    ["pacing.every.bulk is missing", { pacing: { ...pacing, every: { ...pacing.every, bulk: undefined } } }],
    ["prepare.task.take is missing", { prepare: { task: { path: "/tasks" } } }],
    ["cancel.method must be one of POST, PUT, DELETE, GET", { cancel: { method: "PATCH", path: "/scans/{id}" } }]
  ])("is refused with what is wrong, where, and what it should be: %s (issue 14)", (fault, change) => {
    const told = faults(change)
    assert.isTrue(
      told.some((one) => one.startsWith(fault)),
      told.join("\n")
    )
  })

  it("is told all that is wrong with it at once", () => {
    assert.deepStrictEqual(faults({ title: 7, baseUrl: undefined, submit: { ...submit, pollAtOnce: "done" } }), [
      "title must be a text",
      "baseUrl is missing",
      "submit.pollAtOnce must be a list, each a text"
    ])
  })

  it("with a duration that is none is told of that, and of nothing that follows from it", () => {
    assert.deepStrictEqual(faults({ pacing: { ...pacing, deadline: "10 minuts" } }), [
      "pacing.deadline must be a duration of 1 millisecond to 30 days"
    ])
  })
})
