import * as ExonaSchema from "@scanpoll/exona/ExonaSchema"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { fixture, json, readPoll, request } from "./fakeVendor.ts"

const pathsOf = (value: unknown): ReadonlyArray<string> =>
  ExonaSchema.requestFaults(value).map((fault) => fault.path.join("."))

const company = request.company

const questions = (...lengths: ReadonlyArray<number>) =>
  lengths.map((length) => ({ question: "?", answer: "x".repeat(length) }))

describe("a request", () => {
  it("is good with every field at its documented limit", () => {
    assert.deepStrictEqual(
      ExonaSchema.requestFaults({
        company: { name: "x".repeat(500), website: `https://acme.ai/${"x".repeat(2032)}` },
        maxAgeDays: 365,
        forceRefresh: false,
        questionnaire: [
          { question: "?", answer: "x".repeat(4999) },
          ...questions(4999, 4999, 4996),
          { question: "?", answer: "" }
        ],
        includeFieldCitations: true
      }),
      []
    )
    assert.deepStrictEqual(pathsOf({ company, questionnaire: Array.from({ length: 50 }, () => questions(1)[0]) }), [])
    assert.deepStrictEqual(pathsOf({ company, maxAgeDays: 0, questionnaire: [] }), [])
  })

  it.each([
    ["an empty name", { company: { ...company, name: " " } }, ["company.name"]],
    ["a name of 501 characters", { company: { ...company, name: "x".repeat(501) } }, ["company.name"]],
    ["a name with a line break", { company: { ...company, name: "Acme\r\nX: y" } }, ["company.name"]],
    ["an empty website", { company: { ...company, website: "" } }, ["company.website"]],
    ["a website without a scheme", { company: { ...company, website: "acme.ai" } }, ["company.website"]],
    ["a website over http", { company: { ...company, website: "http://acme.ai" } }, ["company.website"]],
    ["a scheme without slashes", { company: { ...company, website: "https:acme.ai" } }, ["company.website"]],
    ["a website without a host", { company: { ...company, website: "https://" } }, ["company.website"]],
    ["a website with white space", { company: { ...company, website: " https://acme.ai" } }, ["company.website"]],
    ["a website with a tab inside", { company: { ...company, website: "https://ac\tme.ai" } }, ["company.website"]],
    ["a website with a password", { company: { ...company, website: "https://u:p@acme.ai" } }, ["company.website"]],
    ["a script as website", { company: { ...company, website: "javascript:alert(1)" } }, ["company.website"]],
    [
      "a website of 2049 characters",
      { company: { ...company, website: `https://acme.ai/${"x".repeat(2033)}` } },
      ["company.website"]
    ],
    ["366 days", { company, maxAgeDays: 366 }, ["maxAgeDays"]],
    ["-1 days", { company, maxAgeDays: -1 }, ["maxAgeDays"]],
    ["half a day", { company, maxAgeDays: 0.5 }, ["maxAgeDays"]],
    ["NaN days", { company, maxAgeDays: Number.NaN }, ["maxAgeDays"]],
    ["days in quotes", { company, maxAgeDays: "30" }, ["maxAgeDays"]],
    ["51 questions", { company, questionnaire: questions(...Array.from({ length: 51 }, () => 1)) }, ["questionnaire"]],
    ["an answer of 5001 characters", { company, questionnaire: questions(1, 5001) }, ["questionnaire.1.answer"]],
    ["20001 characters in all", { company, questionnaire: questions(4999, 4999, 4999, 4999, 0) }, ["questionnaire"]],
    ["an empty question", { company, questionnaire: [{ question: "", answer: "a" }] }, ["questionnaire.0.question"]],
    ["a question without an answer", { company, questionnaire: [{ question: "?" }] }, ["questionnaire.0.answer"]],
    ["no company", { maxAgeDays: 3 }, ["company"]],
    ["a text for a switch", { company, forceRefresh: "yes" }, ["forceRefresh"]],
    ["null", null, [""]],
    ["a list", [], [""]]
  ])("is turned down for %s, naming the field", (_name, value, paths) => {
    assert.deepStrictEqual(pathsOf(value), paths)
  })

  it("counts characters as people do, not as UTF-16 does", () => {
    assert.deepStrictEqual(pathsOf({ company, questionnaire: [{ question: "?", answer: "😀".repeat(5000) }] }), [])
    assert.deepStrictEqual(pathsOf({ company, questionnaire: [{ question: "?", answer: "😀".repeat(5001) }] }), [
      "questionnaire.0.answer"
    ])
  })

  it("tells all of its faults at once, wrong types and broken limits together", () => {
    assert.sameMembers(
      [
        ...pathsOf({
          company: { name: "", website: "http://acme.ai" },
          maxAgeDays: 400,
          forceRefresh: 1,
          questionnaire: [
            { question: "?", answer: "x".repeat(5001) },
            { question: 7, answer: "x".repeat(4999) },
            ...questions(...Array.from({ length: 49 }, () => 400))
          ]
        })
      ],
      [
        "forceRefresh",
        "questionnaire.1.question",
        "company.name",
        "company.website",
        "maxAgeDays",
        "questionnaire",
        "questionnaire.0.answer",
        "questionnaire"
      ]
    )
  })

  it("never shows an answer of a questionnaire in a fault", () => {
    const value = { company, questionnaire: [{ question: "?", answer: { deep: "confidential" } }] }
    assert.notInclude(JSON.stringify(ExonaSchema.requestFaults(value)), "confidential")
  })

  it("has a schema that agrees with the check", () => {
    const decode = Schema.decodeUnknownResult(ExonaSchema.ExonaRequest, { errors: "all" })
    assert.isTrue(Result.isSuccess(decode(request)))
    const wrong = decode({ company: { name: "", website: "http://acme.ai" }, maxAgeDays: 400 })
    assert.isTrue(Result.isFailure(wrong))
    if (Result.isFailure(wrong)) {
      for (const path of ["name", "website", "maxAgeDays"]) assert.include(String(wrong.failure), path)
    }
  })

  it.prop("is checked without a defect whatever it holds", [Schema.Json], ([value]) => {
    const faults = ExonaSchema.requestFaults({ company: value, maxAgeDays: value, questionnaire: [value] })
    assert.isAbove(faults.length, 0)
    assert.isArray(ExonaSchema.requestFaults(value))
  })

  it.prop(
    "passes the schema exactly when the check finds nothing",
    [
      Schema.Struct({
        name: Schema.String,
        path: Schema.String,
        days: Schema.Union([Schema.Number, Schema.Int.check(Schema.isBetween({ minimum: -5, maximum: 370 }))]),
        answers: Schema.Array(Schema.String)
      })
    ],
    ([{ answers, days, name, path }]) => {
      const value = {
        company: { name, website: `https://acme.ai/${path}` },
        maxAgeDays: days,
        questionnaire: answers.map((answer) => ({ question: "?", answer }))
      }
      assert.strictEqual(Schema.is(ExonaSchema.ExonaRequest)(value), ExonaSchema.requestFaults(value).length === 0)
    }
  )
})

describe("the body of a submission", () => {
  it("carries name and website alone when nothing else is wished", () => {
    assert.deepStrictEqual(ExonaSchema.requestBody(request), {
      company_name: "Acme AI Ltd",
      company_website: "https://acme.ai"
    })
    assert.deepStrictEqual(
      ExonaSchema.requestBody({
        company,
        maxAgeDays: 0,
        forceRefresh: false,
        questionnaire: [],
        includeFieldCitations: false
      }),
      ExonaSchema.requestBody(request)
    )
  })

  it("carries every documented field by the vendor's name", () => {
    assert.deepStrictEqual(
      ExonaSchema.requestBody({
        company,
        maxAgeDays: 30,
        forceRefresh: true,
        questionnaire: [{ question: "Q", answer: "A" }],
        includeFieldCitations: true
      }),
      {
        company_name: "Acme AI Ltd",
        company_website: "https://acme.ai",
        max_age_days: 30,
        force_refresh: true,
        questionnaire: [{ question: "Q", answer: "A" }],
        include_field_citations: true
      }
    )
  })
})

describe("a website", () => {
  it.each([
    ["https://Acme.ai/", "https://acme.ai"],
    ["https://acme.ai", "https://acme.ai"],
    ["https://acme.ai///", "https://acme.ai"],
    ["https://acme.ai/About/", "https://acme.ai/about"],
    ["https://www.acme.ai", "https://www.acme.ai"]
  ])("%s is compared as %s, by the vendor's rule", (website, canonical) => {
    assert.strictEqual(ExonaSchema.canonicalWebsite(website), canonical)
  })
})

const scanId = "scn_01hx7m2d3e4f5g6h7j8k9l0mn"

/** What is kept of a result, and what is said about it; null where the scan is not completed with it. */
const readResult = (result: unknown) => {
  const read = readPoll(json(200, { ...fixture("completed"), result }), scanId)
  if (Result.isFailure(read)) return null
  const { observation } = read.success
  if (observation._tag !== "Settled") throw new Error(observation._tag)
  const { payload, warnings } = observation.value
  return payload === null ? null : { payload, warnings }
}

describe("a result", () => {
  it("is kept exactly as it was served", () => {
    const { result } = fixture("completed")
    assert.deepStrictEqual<unknown>(readResult(result), { payload: result, warnings: [] })
  })

  it("keeps what is not documented, and null where something is (BD-05)", () => {
    const result = { future: { a: [1] }, enrichment: null, risk_assessment: { overall_risk_level: null, tenth: 1 } }
    assert.deepStrictEqual<unknown>(readResult(result)?.payload, result)
  })

  it("loses a documented field of the wrong type, and says so", () => {
    const read = readResult({
      enrichment: [],
      risk_assessment: { overall_risk_level: 3, autonomy: {} },
      matched_incidents: {},
      data_freshness: { sources_last_checked: 0 },
      other: 1
    })
    assert.deepStrictEqual<unknown>(read?.payload, { risk_assessment: { autonomy: {} }, data_freshness: {}, other: 1 })
    assert.includeMembers(
      [...(read?.warnings ?? [])],
      [
        "result.enrichment is not an object: left out",
        "result.risk_assessment.overall_risk_level is not a text: left out",
        "result.matched_incidents is not a list: left out",
        "result.data_freshness.sources_last_checked is not a text: left out"
      ]
    )
  })

  it("with nothing in it is none, also when nothing in it can be read (EX-04)", () => {
    for (const nothing of [undefined, null, {}, [], "", "x", 1, true, { matched_incidents: " " }, { enrichment: 5 }]) {
      assert.isNull(readResult(nothing))
    }
  })

  it("treats keys that name a prototype as plain data (BD-08)", () => {
    const hostile = JSON.parse(
      '{"__proto__":{"x":1},"constructor":2,"risk_assessment":{"__proto__":{"x":1},"overall_risk_level":7}}'
    )
    const result = readResult(hostile)?.payload
    assert.isDefined(result)
    assert.include(JSON.stringify(result), '"__proto__":{"x":1}')
    assert.isUndefined(Object.getOwnPropertyDescriptor(Object.prototype, "x"))
    const encoded = Schema.encodeUnknownSync(ExonaSchema.ExonaResult)(result)
    assert.deepStrictEqual(Schema.decodeUnknownSync(ExonaSchema.ExonaResult)(encoded), result)
    assert.notProperty({}, "x")
  })

  it("survives numbers that JSON cannot carry further (BD-07)", () => {
    const read = readResult(JSON.parse('{"matched_incidents":[{"similarity_score":1e999}]}'))
    assert.deepStrictEqual<unknown>(read?.payload, { matched_incidents: [{ similarity_score: null }] })
    assert.include(read?.warnings ?? [], "a number is too large for JSON: null in its place")
  })

  it.prop(
    "is stored and read back unchanged, or is none, whatever the vendor sends",
    [Schema.JsonObject],
    ([value]) => {
      const result = readResult(value)?.payload
      if (result === undefined) return assert.deepStrictEqual(value, {})
      const stored = JSON.stringify(Schema.encodeUnknownSync(ExonaSchema.ExonaResult)(result))
      assert.deepStrictEqual(Schema.decodeUnknownSync(ExonaSchema.ExonaResult)(JSON.parse(stored)), JSON.parse(stored))
      assert.isTrue(ExonaSchema.incidents(result, []) === null || value["matched_incidents"] !== undefined)
    }
  )
})

describe("matched incidents", () => {
  it("are typed, field by field, leaving out what is of another type", () => {
    const warnings: Array<string> = []
    const read = ExonaSchema.incidents(
      {
        matched_incidents: [
          {
            description: "d",
            year: 2024,
            risk_domain: "r",
            similarity_score: 1,
            reference_urls: ["https://a.example"]
          },
          { description: 1, year: 2024.5, risk_domain: null, similarity_score: 1.1, reference_urls: [1] },
          "not an incident"
        ]
      },
      warnings
    )
    assert.deepStrictEqual(read, {
      items: [
        { description: "d", year: 2024, riskDomain: "r", similarityScore: 1, referenceUrls: ["https://a.example"] },
        { description: null, year: null, riskDomain: null, similarityScore: null, referenceUrls: [] }
      ],
      dropped: 1
    })
    assert.deepStrictEqual(
      warnings.map((warning) => warning.split(" ")[0]),
      ["description", "year", "similarity_score", "reference_urls[0]"]
        .map((name) => `result.matched_incidents[1].${name}`)
        .concat("result.matched_incidents:")
    )
  })

  it("that are absent are not the same as none", () => {
    assert.isNull(ExonaSchema.incidents({}))
    assert.deepStrictEqual(ExonaSchema.incidents({ matched_incidents: [] }), { items: [], dropped: 0 })
  })
})

describe("a scan", () => {
  it.prop(
    "is read or turned down in words, never with a defect and never with another id or word",
    [Schema.Json, Schema.JsonObject],
    ([id, more]) => {
      const read = readPoll(json(200, { ...more, id, status: "processing" }), scanId)
      if (Result.isSuccess(read)) {
        assert.strictEqual(id, scanId)
        assert.strictEqual(read.success.observation._tag, "Pending")
      } else {
        assert.match(read.failure.code, /^(invalid-answer|id-mismatch)$/)
      }
      for (const status of ["completed", "failed"]) readPoll(json(200, { ...more, id: scanId, status }), scanId)
    }
  )
})
