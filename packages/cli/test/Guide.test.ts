import { assert, describe, it } from "@effect/vitest"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"
import { readFileSync } from "node:fs"

const guide = readFileSync(new URL("../../../docs/guides/cli.md", import.meta.url), "utf8")

describe("the guide of the command", () => {
  it("names the variables of every vendor", () => {
    for (const vendor of Shipped.all) {
      for (const name of [vendor.keyVariable, vendor.baseVariable, ...vendor.extraVariables])
        assert.include(guide, `\`${name}`)
    }
  })

  it("shows a plan that is a good one", () => {
    const plan = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? ""
    const { faults, plan: read } = PlanFile.parse(plan, "guide", Shipped.all)
    assert.deepStrictEqual(faults, [])
    assert.strictEqual(read.targets.length, 3)
  })
})
