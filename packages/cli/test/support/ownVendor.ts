/** A vendor whose scans attack what they scan, in a file of its own. */
export const active = `export default ({ Vendor, Wire, Schema }) => ({
  name: "ram", title: "Ram", scans: "attacks", docs: "https://ram.example/docs", baseUrl: "https://ram.example",
  auth: "none", active: true, probe: "none",
  target: Schema.Struct({ site: Schema.String, authorized: Schema.Boolean }),
  sample: { site: "a", authorized: true }, line: "site",
  subject: ({ site }) => ({ kind: "url", id: site, name: site }),
  submit: { path: "/scans", id: ["id"] },
  answer: Schema.Struct({ score: Wire.percent }), payload: Schema.Struct({ score: Wire.percent }),
  status: { path: "/scans/{id}", id: ["id"], word: ["state"], words: {
    waiting: "queued", done: { completed: (answer) => ({ payload: answer, assessment: Vendor.scored(answer.score) }) } } },
  errors: { message: ["message"], rows: {} },
  pacing: { limits: { floor: "1 second" },
    every: { interactive: "1 second", default: "1 second", background: "1 second", bulk: "1 second" },
    budget: { requests: 60, typicalDuration: "9 seconds" } }
})
`
