import { assert, describe, expect, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Schema from "effect/Schema"
import * as Format from "@scanpoll/report/Format"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { template } from "scanpoll/commands/Config"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as PlanSchema from "scanpoll/config/PlanSchema"
import { settings } from "scanpoll/config/Setting"
import * as Settings from "scanpoll/config/Settings"
import * as Shipped from "scanpoll/vendors/Shipped"
import * as Vendors from "scanpoll/vendors/Vendors"
import * as Yaml from "yaml"

const schema = PlanSchema.make(Vendors.make(Shipped.all))
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
const validate = ajv.compile(schema)

const refusedByEditor = (value: unknown): ReadonlyArray<string> =>
  validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)

const refusedByUs = (value: unknown): ReadonlyArray<string> => {
  const { faults, plan } = PlanFile.parse(JSON.stringify(value), "plan", Shipped.all, { looksOnly: true })
  const resolved = Settings.resolve({ flags: {}, environment: {}, plan: plan.settings })
  const formats = resolved.settings.output.value.flatMap(({ format }) =>
    Format.names.includes(format) ? [] : [`unknown format ${format}`]
  )
  return [...faults, ...resolved.faults].map((fault) => fault.message).concat(formats)
}

const root = new URL("../../../../", import.meta.url)

const fences = (file: URL): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(/```ya?ml\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? "")
    .filter((text) => /^version: 1$/m.test(text) && /^targets:/m.test(text))

const examples: ReadonlyArray<readonly [string, string]> = [
  ["what `config init` writes", template],
  ["docs/examples/reports", readFileSync(new URL("docs/examples/reports/scans.yaml", root), "utf8")],
  ...["README.md", ...readdirSync(new URL("docs/guides", root)).map((name) => `docs/guides/${name}`)].flatMap((name) =>
    name.endsWith(".md")
      ? fences(new URL(name, root)).map((text, index) => [`${name} (${index + 1})`, text] as const)
      : []
  )
]

// Every key there is, once.
const full = {
  $schema: PlanSchema.address,
  version: 1,
  defaults: {
    output: ["text", "json=scans.json"],
    raw: "none",
    deadline: "5m",
    timeout: "1h30m",
    interval: "10s",
    concurrency: 4,
    reuse: 0,
    journal: "memory:",
    pace: "learned"
  },
  vendors: {
    exona: { pace: "bulk", deadline: "5m" },
    compliance: { pace: "10s" },
    appvet: { deadline: "90s" }
  },
  accounts: { "team-b": { vendor: "appvet", variable: "APPVET_API_KEY_TEAM_B" } },
  gate: {
    failOn: "high",
    failOnNew: "off",
    minScore: { appvet: 70.5 },
    minGrade: "B+",
    maxViolations: 0,
    allowPartial: false,
    allowIncomplete: true,
    exitZero: false,
    baseline: "known.json"
  },
  targets: [
    {
      vendor: "exona",
      pace: "interactive",
      deadline: "2m",
      company: { name: "Acme AI Ltd", website: "https://acme.ai" },
      maxAgeDays: 30,
      forceRefresh: false,
      questionnaire: [{ question: "Do you?", answer: "We do." }],
      includeFieldCitations: true
    },
    { vendor: "appvet", url: "https://example.com", type: "seo", callbackUrl: "https://hooks.example.com/a" },
    {
      vendor: "compliance",
      policyId: "550e8400-e29b-41d4-a716-446655440000",
      uploadId: "123e4567-e89b-42d3-a456-426614174000",
      mappingId: "789e0123-e45b-47c8-9901-234567890123",
      auditId: "789e0123-e45b-47c8-9901-234567890124",
      auditName: "Payments"
    }
  ]
}

type Path = ReadonlyArray<string | number>

const pathsOf = (value: unknown, path: Path = []): ReadonlyArray<Path> => {
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, [...path, index]))
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
      : []
  return path.length === 0 ? inner : [path, ...inner]
}

const junk: ReadonlyArray<unknown> = [null, true, 7, -1, 1.5, [], {}, ["x"], { x: 1 }]
const texts: ReadonlyArray<string> = ["", " ", "nonsense", "0s", "5 parsecs", "5", "HIGH!", "json="]

// What a vendor makes of a text or a number of the right type is beyond the shape of a plan.
const isVendorsOwn = (path: Path): boolean =>
  path[0] === "targets" && path.length > 2 && !["vendor", "pace", "deadline"].includes(String(path[2]))

interface Mutation {
  readonly what: string
  readonly apply: (plan: unknown) => unknown
}

const at =
  (path: Path, change: (parent: object, key: string | number) => void) =>
  (plan: unknown): unknown => {
    const copy: unknown = structuredClone(plan)
    let here: unknown = copy
    for (const step of path.slice(0, -1)) {
      if (typeof here !== "object" || here === null) return copy
      here = Reflect.get(here, step)
    }
    const last = path.at(-1)
    if (typeof here === "object" && here !== null && last !== undefined && last in here) {
      change(here, last)
    }
    return copy
  }

const mutations: ReadonlyArray<Mutation> = pathsOf(full).flatMap((path) => {
  const where = path.join(".")
  const values = isVendorsOwn(path) ? junk.filter((value) => typeof value !== "number") : [...junk, ...texts]
  return [
    ...values.map((value) => ({
      what: `${where} = ${JSON.stringify(value)}`,
      apply: at(path, (parent, key) => void Reflect.set(parent, key, value))
    })),
    { what: `${where} is gone`, apply: at(path, (parent, key) => void Reflect.deleteProperty(parent, key)) },
    {
      what: `${where} is misspelt`,
      apply: at(path, (parent, key) => {
        if (Array.isArray(parent)) return
        Reflect.set(parent, `${key}x`, Reflect.get(parent, key))
        Reflect.deleteProperty(parent, key)
      })
    }
  ]
})

// An array with a hole is no JSON: what is gone from a list leaves null.
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("the JSON Schema of a plan", () => {
  it("is the one the package ships", async () => {
    const file = fileURLToPath(new URL("packages/cli/plan.schema.json", root))
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(file)
  })

  it("describes every key", () => {
    const missing: Array<string> = []
    const walk = (value: unknown, path: string): void => {
      if (Array.isArray(value)) return value.forEach((item, index) => walk(item, `${path}.${index}`))
      if (typeof value !== "object" || value === null) return
      for (const [key, inner] of Object.entries(value)) {
        if (key === "properties" && !path.endsWith(".if") && path !== "#.properties.targets.items") {
          for (const [name, property] of Object.entries(Object(inner))) {
            if (typeof Object(property).description !== "string") missing.push(`${path}.${name}`)
          }
        }
        walk(inner, `${path}.${key}`)
      }
    }
    walk(schema, "#")
    assert.deepStrictEqual(missing, [])
  })

  it("has defaults and examples that it accepts itself, and the settings' own", () => {
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return
      const { default: fallback, examples, ...rest } = Object(value)
      if (Array.isArray(examples) || typeof rest.description === "string") {
        const check = new Ajv({ strict: false }).compile(rest)
        for (const one of [...(fallback === undefined ? [] : [fallback]), ...(examples ?? [])]) {
          assert.isTrue(check(one), `${JSON.stringify(one)} by ${JSON.stringify(rest).slice(0, 200)}`)
        }
      }
      for (const inner of Object.values(value)) walk(inner)
    }
    walk(Object(schema).properties)
    assert.strictEqual(Object(schema).properties.defaults.properties.timeout.default, "1h")
    assert.strictEqual(Object(schema).properties.gate.properties.failOn.default, "off")
    for (const setting of Object.values(settings)) {
      if (setting.plan === null) continue
      const [section, key] = setting.plan
      assert.property(Object(schema).properties[section].properties, key)
    }
  })

  it.each(examples)("accepts %s, as a run does", (_, text) => {
    const value: unknown = Yaml.parse(text)
    assert.deepStrictEqual(refusedByEditor(value), [])
    assert.deepStrictEqual(refusedByUs(value), [])
  })

  it("accepts a plan with every key there is", () => {
    assert.deepStrictEqual(refusedByEditor(full), [])
    assert.deepStrictEqual(refusedByUs(full), [])
  })

  it("refuses exactly what a run refuses of a plan with one slip in it", () => {
    const apart: Array<string> = []
    for (const { apply, what } of mutations) {
      const value = plain(apply(full))
      const [editor] = refusedByEditor(value)
      const [us] = refusedByUs(value)
      if ((editor === undefined) !== (us === undefined)) apart.push(`${what}: editor ${editor}, run ${us}`)
    }
    assert.isAbove(mutations.length, 900)
    assert.deepStrictEqual(apart, [])
  })

  it.prop(
    "refuses whatever a run refuses of a plan with several slips",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: mutations.length - 1 })))],
    ([picks]) => {
      const value = plain(picks.slice(0, 6).reduce((plan: unknown, pick) => mutations[pick]?.apply(plan), full))
      const [us] = refusedByUs(value)
      if (us !== undefined) assert.isNotEmpty(refusedByEditor(value), us)
    },
    { arbitrary: { runs: 500 } }
  )
})
