/** Every key of a plan under `--untrusted-plan`: which may be set, which only make the gate stricter, and which are refused. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isObjectOrArray } from "effect/Predicate"
import { readFileSync } from "node:fs"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as PlanSchema from "scanpoll/config/PlanSchema"
import * as OwnGates from "scanpoll/prepare/OwnGates"
import * as Resolve from "scanpoll/prepare/Resolve"
import * as Shipped from "scanpoll/vendors/Shipped"
import * as Vendors from "scanpoll/vendors/Vendors"

const target = { vendor: "appvet", url: "https://a.example", type: "seo" }
const withTarget = (more: object) => ({ targets: [{ ...target, ...more }] })
const defaults = (more: object) => ({ defaults: more })
const gate = (more: object) => ({ gate: more })
const ofVendor = (more: object) => ({ vendors: { appvet: more } })

/** A plan that has the key; for a rule of a gate, one that makes it stricter and one that makes it looser. */
type Plans = readonly [fine: object, looser?: object]

const allowed: Readonly<Record<string, Plans>> = {
  $schema: [{ $schema: "https://scanpoll.example/plan.schema.json" }],
  version: [{ version: 1 }],
  variables: [{ variables: ["SITE"] }],
  targets: [{ targets: [target, { ...target, type: "security" }] }],
  "targets[].vendor": [withTarget({ vendor: "appvet" })],
  "targets[].name": [withTarget({ name: "shop" })],
  "targets[].pace": [withTarget({ pace: "bulk" })],
  "targets[].deadline": [withTarget({ deadline: "9m" })],
  "targets[].url": [withTarget({ url: "https://b.example" })],
  "targets[].type": [withTarget({ type: ["seo", "security"] })]
}

const stricter: Readonly<Record<string, Plans>> = {
  "gate.failOn": [gate({ failOn: "medium" }), gate({ failOn: "critical" })],
  "gate.failOnNew": [gate({ failOnNew: "info" }), gate({ failOnNew: "off" })],
  "gate.minScore": [gate({ minScore: { appvet: 90 } }), gate({ minScore: { appvet: 50 } })],
  "gate.minGrade": [gate({ minGrade: "B" }), gate({ minGrade: "C-" })],
  "gate.maxViolations": [gate({ maxViolations: 0 }), gate({ maxViolations: 4 })],
  "gate.allowPartial": [gate({ allowPartial: false }), gate({ allowPartial: true })],
  "gate.allowIncomplete": [gate({ allowIncomplete: false }), gate({ allowIncomplete: true })],
  "gate.exitZero": [gate({ exitZero: false }), gate({ exitZero: true })],
  "targets[].gate": [withTarget({ gate: { failOn: "low" } }), withTarget({ gate: { failOn: "critical" } })],
  "vendors.*.gate": [ofVendor({ gate: { minScore: 90 } }), ofVendor({ gate: { minScore: 1 } })]
}

const refused: Readonly<Record<string, Plans>> = {
  "defaults.output": [defaults({ output: "json=x.json" })],
  "defaults.raw": [defaults({ raw: "full" })],
  "defaults.deadline": [defaults({ deadline: "9m" })],
  "defaults.timeout": [defaults({ timeout: "9h" })],
  "defaults.interval": [defaults({ interval: "9s" })],
  "defaults.concurrency": [defaults({ concurrency: 1 })],
  "defaults.reuse": [defaults({ reuse: 0 })],
  "defaults.maxPurchases": [defaults({ maxPurchases: 900 })],
  "defaults.journal": [defaults({ journal: "memory:" })],
  "defaults.lane": [defaults({ lane: "team-a" })],
  "defaults.pace": [defaults({ pace: "bulk" })],
  "gate.baseline": [gate({ baseline: "known.json" })],
  "vendors.*.pace": [ofVendor({ pace: "bulk" })],
  "vendors.*.deadline": [ofVendor({ deadline: "9m" })],
  accounts: [{ accounts: { b: { vendor: "appvet", variable: "APPVET_API_KEY_B" } } }],
  "targets[].account": [
    { ...withTarget({ account: "b" }), accounts: { b: { vendor: "appvet", variable: "APPVET_API_KEY_B" } } }
  ],
  "targets[].callbackUrl": [withTarget({ callbackUrl: "https://a.example/x" })]
}

const flags = {
  failOn: ["high"],
  failOnNew: ["high"],
  minScore: ["70"],
  minGrade: ["C"],
  maxViolations: ["3"],
  maxPurchases: ["9"]
}

const faultsOf = (plan: object, isUntrusted: boolean) =>
  Effect.gen(function* () {
    const text = JSON.stringify({ version: 1, targets: [target], ...plan })
    const read = PlanFile.parse(text, "scans.json", Shipped.all, { looksOnly: true })
    const given = { ...flags, ...(isUntrusted ? { untrustedPlan: ["true"] } : {}) }
    const { faults, value } = yield* Resolve.settings(given, read.plan, {})
    const own = OwnGates.check(read.plan, Resolve.gate(value), value)
    return [...read.faults, ...faults, ...own.faults].map(({ message }) => message)
  }).pipe(Effect.provide(NodeServices.layer))

const fieldsOf = (schema: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found = path.reduce<unknown>((at, name) => (isObjectOrArray(at) ? Reflect.get(at, name) : undefined), schema)
  return isObjectOrArray(found) ? Object.keys(found) : []
}

// What a plan may hold by its published schema, for a target of one vendor.
const everyKey = (): ReadonlyArray<string> => {
  const vendors = Vendors.make(Shipped.all)
  const schema = PlanSchema.make(vendors)
  const at = String(vendors.names.indexOf("appvet"))
  const of = (section: string) => fieldsOf(schema, "properties", section, "properties")
  return [
    ...fieldsOf(schema, "properties").filter((key) => !["defaults", "gate", "vendors"].includes(key)),
    ...of("defaults").map((key) => `defaults.${key}`),
    ...of("gate").map((key) => `gate.${key}`),
    ...fieldsOf(schema, "properties", "vendors", "properties", "appvet", "properties").map((key) => `vendors.*.${key}`),
    ...fieldsOf(schema, "properties", "targets", "items", "allOf", at, "then", "properties").map(
      (key) => `targets[].${key}`
    )
  ].toSorted()
}

const page = readFileSync(new URL("../../../../SECURITY.md", import.meta.url), "utf8")
const written = (verdict: string): ReadonlyArray<string> => {
  const row = page.split("\n").find((line) => line.startsWith(`| ${verdict} |`)) ?? ""
  return [...row.matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key).toSorted()
}

describe("a key of an untrusted plan", () => {
  it("is in one of three lists, whichever there is: allowed, stricter alone, refused; SECURITY.md has the same (S-07)", () => {
    const lists = [allowed, stricter, refused].map((list) => Object.keys(list).toSorted())
    assert.deepStrictEqual(lists.flat().toSorted(), everyKey())
    assert.deepStrictEqual(["may be set", "may only be stricter", "refused"].map(written), lists)
  })

  for (const [key, [plan]] of Object.entries(allowed)) {
    it.effect(`${key} may be set (S-07)`, () =>
      Effect.map(faultsOf(plan, true), (faults) => assert.deepStrictEqual(faults, []))
    )
  }

  for (const [key, [fine, looser = {}]] of Object.entries(stricter)) {
    it.effect(`${key} may make the gate stricter, and not looser (S-07)`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* faultsOf(fine, true), [])
        assert.deepStrictEqual(yield* faultsOf(looser, false), [])
        const faults = yield* faultsOf(looser, true)
        assert.isAbove(faults.length, 0)
        for (const fault of faults) assert.match(fault, /loose/)
      })
    )
  }

  for (const [key, [plan]] of Object.entries(refused)) {
    it.effect(`${key} is refused, and is not where the plan is trusted (S-07)`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* faultsOf(plan, false), [])
        assert.match((yield* faultsOf(plan, true)).join("\n"), /an untrusted plan may not/)
      })
    )
  }
})
