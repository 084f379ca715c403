import { assert, describe, it } from "@effect/vitest"
import { names, settings, variable } from "scanpoll/config/Setting"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"
import { readFileSync } from "node:fs"

const guide = readFileSync(new URL("../../../docs/guides/cli.md", import.meta.url), "utf8")

const rowOf = (flag: string): string =>
  guide
    .split("\n")
    .find((line) => (line.startsWith("| ") && line.includes(`\`--${flag}`)) || line.includes(`, \`--${flag}`)) ?? ""

describe("the guide of the command", () => {
  it.each(names)("names the flag, the variable and the plan key of %s", (name) => {
    const setting = settings[name]
    const row = rowOf(setting.flag)
    assert.include(row, `\`${variable(setting)}\``)
    if (setting.plan !== null) assert.include(row, `\`${setting.plan.join(".")}\``)
  })

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
