import { assert, describe, it } from "@effect/vitest"
import * as KeyVariable from "scanpoll/config/KeyVariable"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"

const planWith = (vendor: string, variable: string, allowed: ReadonlyArray<string> = []) =>
  PlanFile.parse(
    `version: 1
accounts:
  x: { vendor: ${vendor}, variable: ${variable} }
targets:
  - { vendor: ${vendor}, account: x, ${targets[vendor] ?? ""} }
`,
    "scans.yaml",
    Shipped.all,
    { allowed: new Set(allowed) }
  )

const targets: Readonly<Record<string, string>> = {
  // YAML reads JSON, without its outer braces here.
  ...Object.fromEntries(
    Shipped.definitions.map(({ vendor }) => [vendor.name, JSON.stringify(vendor.sample).slice(1, -1)])
  ),
  exona: "company: { name: Acme, website: https://acme.ai }",
  appvet: "url: https://example.com, type: seo",
  compliance:
    "policyId: 550e8400-e29b-41d4-a716-446655440000, uploadId: 123e4567-e89b-12d3-a456-426614174000, mappingId: 789e0123-e45b-67c8-d901-234567890123"
}

// A variable of each vendor and setting, and how near to the vendor's own a foreign name can come.
const foreign = (own: string): ReadonlyArray<string> => [
  "AWS_SECRET_ACCESS_KEY",
  "GITHUB_TOKEN",
  "PATH",
  "SCANPOLL_JOURNAL",
  `${own}S`,
  `MY_${own}`,
  own.slice(0, -1)
]

const all = Shipped.all.flatMap(({ keyVariable, ...vendor }) =>
  keyVariable === null ? [] : [{ ...vendor, keyVariable }]
)

describe("the variable of an account in a plan", () => {
  for (const { keyVariable, name } of all) {
    for (const variable of [keyVariable, `${keyVariable}_TEAM_B`]) {
      it(`may be ${variable} for ${name} (S-06)`, () => {
        const { faults, plan } = planWith(name, variable)
        assert.deepStrictEqual(faults, [])
        assert.strictEqual(plan.accounts[0]?.variable, variable)
      })
    }

    for (const variable of foreign(keyVariable)) {
      it(`may be ${variable} for ${name} only where the environment lists it (S-06)`, () => {
        const { faults, plan } = planWith(name, variable)
        assert.strictEqual(faults.length, 1)
        assert.match(faults[0]?.where ?? "", /^scans\.yaml:3:\d+$/)
        assert.include(faults[0]?.message, `variable "${variable}" is not a key variable of ${name}`)
        assert.include(faults[0]?.message, KeyVariable.allowVariable)
        assert.isNull(plan.accounts[0]?.variable)
        assert.deepStrictEqual(planWith(name, variable, [variable]).faults, [])
      })
    }

    for (const other of all) {
      const settings = [other.baseVariable, ...other.extraVariables]
      const keys = other.name === name ? [] : [other.keyVariable, `${other.keyVariable}_TEAM_B`]
      for (const variable of [...keys, ...settings]) {
        it(`is never ${variable} of ${other.name} for ${name}, listed or not (S-06)`, () => {
          for (const allowed of [[], [variable]]) {
            const { faults, plan } = planWith(name, variable, allowed)
            assert.strictEqual(faults.length, 1)
            assert.match(faults[0]?.where ?? "", /^scans\.yaml:3:\d+$/)
            assert.include(faults[0]?.message, `"${variable}" is ${keys.includes(variable) ? "for keys" : "a setting"}`)
            assert.isNull(plan.accounts[0]?.variable)
          }
        })
      }
    }
  }

  it("belongs to the vendor with the longest name where one vendor's begins with another's (S-06)", () => {
    const vendor = (name: string, keyVariable: string) => ({
      name,
      keyVariable,
      baseVariable: `${name}_BASE`,
      extraVariables: []
    })
    const short = vendor("a", "A_KEY")
    const long = vendor("ab", "A_KEY_B")
    const refusal = (variable: string, of: typeof short) => KeyVariable.refusal(variable, of, [short, long], new Set())
    assert.isNull(refusal("A_KEY_C", short))
    assert.isNull(refusal("A_KEY_B_C", long))
    assert.isNotNull(refusal("A_KEY_B_C", short))
    assert.isNotNull(refusal("A_KEY_C", long))
  })

  it("is allowed by a list that is checked itself and never repeated (S-06)", () => {
    const environment = { SCANPOLL_ALLOW_KEY_VARIABLES: "TEAM_B_KEY, avk_live_canary, ,X=1" }
    assert.deepStrictEqual(
      KeyVariable.allowFaults(environment).map(({ message }) => message.slice(0, 31)),
      ["entry 2 is not the name of a va", "entry 3 is not the name of a va"]
    )
    assert.notMatch(JSON.stringify(KeyVariable.allowFaults(environment)), /canary/)
    assert.isTrue(KeyVariable.allowed(environment).has("TEAM_B_KEY"))
  })
})
