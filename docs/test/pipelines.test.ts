/** The readers of the pipelines that no program here can run: what is wrong in one is found. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import * as Pipelines from "./support/pipelines.ts"

const page = readFileSync(fileURLToPath(new URL("../guides/ci.md", import.meta.url)), "utf8")
const fence = (start: string): string => page.split(`\`\`\`${start}\n`)[1]?.split("\n```")[0] ?? assert.fail(start)

describe("the pipelines of the guide", () => {
  it.each([
    ["an unknown key", "timeoutInMinutes", "timeoutMinutes"],
    ["an input that its task does not have", "testResultsFiles", "testResultFiles"],
    ["a task that is not known", "DownloadPipelineArtifact@2", "DownloadArtifact@2"],
    ["no agent", "pool:\n  vmImage: ubuntu-latest\n", ""]
  ])("of Azure are refused with %s (U-16)", (_, right, wrong) => {
    const code = fence("yaml file=azure-pipelines.yml")
    assert.deepStrictEqual(Pipelines.faultsOfAzure(code), [])
    assert.include(code, right)
    assert.isNotEmpty(Pipelines.faultsOfAzure(code.replace(right, wrong)))
  })

  it.each([
    ["a block that is not known", "triggers {", "trigger {", "trigger cannot stand in pipeline"],
    ["no steps", "steps {", "step {", "stage has no steps"],
    ["a step in the wrong place", "disableConcurrentBuilds()", "sh 'true'", "sh cannot stand in options"],
    ["a block that is not closed", "    always {\n", "    always {{\n", "pipeline is not closed"]
  ])("of Jenkins are refused with %s (U-16)", (_, right, wrong, fault) => {
    const code = fence("groovy file=Jenkinsfile")
    assert.deepStrictEqual(Pipelines.faultsOfJenkins(code), [])
    assert.include(code, right)
    assert.include(Pipelines.faultsOfJenkins(code.replace(right, wrong)).join("\n"), fault)
  })
})
