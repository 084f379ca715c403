/** What makes two matched incidents the same, from scan to scan. */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { vendor } from "@scanpoll/exona/ExonaVendor"
import { ofResult } from "../src/internal/findings.ts"

const incidents = [
  {
    description: "one",
    year: 2024,
    risk_domain: "Privacy",
    reference_urls: ["https://a.example/", "https://b.example/"]
  },
  { description: "two", year: 2024, risk_domain: "Privacy", reference_urls: [] },
  { description: "three", year: 2024, risk_domain: "Privacy", reference_urls: [] },
  { description: "four", year: null, risk_domain: "Bias", reference_urls: ["https://c.example/"] }
]

const found = (list: ReadonlyArray<(typeof incidents)[number]>, similarity: ReadonlyArray<number> = []) =>
  ofResult(
    { matched_incidents: list.map((incident, at) => ({ ...incident, similarity_score: (similarity[at] ?? 0) / 100 })) },
    "https://acme.example",
    () => undefined
  ).items.map(({ findingId, title }) => `${findingId} ${title}`)

const Chance = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))), {
  minLength: incidents.length,
  maxLength: incidents.length
})

describe("the identity of an incident", () => {
  it.prop(
    "is the same whatever the order of the list, of its sources and the similarity are (V-05)",
    [Chance, Chance],
    ([order, similarity]) => {
      const other = [...incidents.entries()]
        .toSorted(([a], [b]) => (order[a] ?? 0) - (order[b] ?? 0))
        .map(([, incident]) => ({ ...incident, reference_urls: incident.reference_urls.toReversed() }))
      assert.deepStrictEqual(found(other, similarity).toSorted(), found(incidents).toSorted())
    }
  )

  it("is not confused between scans with a questionnaire and without: they are two types (V-05)", () => {
    const company = { name: "Acme", website: "https://acme.example" }
    const { kind } = vendor.durations ?? assert.fail("no durations are known")
    const questionnaire = [{ question: "Do you use AI?", answer: "Yes." }]
    assert.deepStrictEqual(
      [kind({ company }), kind({ company, questionnaire: [] }), kind({ company, questionnaire })],
      ["", "", "questionnaire"]
    )
  })
})
