/** Vendors of a user's own for tests, each a file that stands alone. `own`: what sets it apart from the others. */
export const moduleOf = (name: string, own: string): string => `export default ({ Vendor, Wire, Schema }) => ({
  name: "${name}", title: "${name}", scans: "sites", docs: "https://${name}.example/docs", baseUrl: "https://${name}.example",
  probe: "none", line: "site", ${own},
  subject: ({ site }) => ({ kind: "url", id: site, name: site }),
  submit: { path: "/scans", id: ["id"] },
  answer: Schema.Struct({ score: Wire.percent }), payload: Schema.Struct({ score: Wire.percent }),
  status: { path: "/scans/{id}", id: ["id"], word: ["state"], words: {
    waiting: "queued", done: { completed: (answer) => ({ payload: answer, assessment: Vendor.scored(answer.score) }) } } },
  errors: { message: ["message"], rows: {} },
  pacing: { limits: { floor: "1 second" },
    every: { interactive: "1 second", default: "1 second", background: "1 second", bulk: "1 second" },
    budget: { requests: 6000, typicalDuration: "9 seconds" } }
})
`

/** A vendor whose scans attack what they scan. */
export const active = moduleOf(
  "ram",
  `auth: "none", active: true, target: Schema.Struct({ site: Schema.String, authorized: Schema.Boolean }),
  sample: { site: "a", authorized: true }`
)
