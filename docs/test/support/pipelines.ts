// What is wrong with a pipeline of Azure or Jenkins, by the words of its reference that our pages use: neither has a reader
// that runs without its server.
import { Ajv } from "ajv"
import { parse } from "yaml"
import { closed, text, texts } from "./schemaWords.ts"

const values = { type: "object", additionalProperties: { type: "string" } }

// https://learn.microsoft.com/en-us/azure/devops/pipelines/yaml-schema/
const common = { displayName: text, condition: text, continueOnError: { type: "boolean" }, env: values }
const taskOf = (name: string, inputs: ReadonlyArray<string>) =>
  closed(["task"], {
    ...common,
    task: { const: name },
    inputs: closed([], Object.fromEntries(inputs.map((input) => [input, { type: ["string", "boolean"] }])))
  })
const step = {
  oneOf: [
    taskOf("UseNode@1", ["version"]),
    taskOf("DownloadPipelineArtifact@2", [
      "buildType",
      "project",
      "definition",
      "buildVersionToDownload",
      "branchName",
      "allowPartiallySucceededBuilds",
      "allowFailedBuilds",
      "artifactName",
      "targetPath"
    ]),
    taskOf("PublishTestResults@2", ["testResultsFormat", "testResultsFiles", "failTaskOnMissingResultsFile"]),
    closed(["bash"], { ...common, bash: text }),
    closed(["publish"], { ...common, publish: text, artifact: text })
  ]
}
const azure = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
  closed(["trigger", "pool", "jobs"], {
    trigger: { const: "none" },
    pr: { const: "none" },
    schedules: {
      type: "array",
      items: closed(["cron", "branches"], {
        cron: { type: "string", pattern: "^\\S+ \\S+ \\S+ \\S+ \\S+$" },
        displayName: text,
        branches: closed(["include"], { include: texts }),
        always: { type: "boolean" }
      })
    },
    pool: closed(["vmImage"], { vmImage: text }),
    jobs: {
      type: "array",
      minItems: 1,
      items: closed(["job", "steps"], {
        job: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
        timeoutInMinutes: { type: "integer", minimum: 1 },
        cancelTimeoutInMinutes: { type: "integer", minimum: 1 },
        steps: { type: "array", minItems: 1, items: step }
      })
    }
  })
)

export const faultsOfAzure = (code: string): ReadonlyArray<string> =>
  azure(parse(code)) ? [] : (azure.errors ?? []).map((one) => `${one.instancePath} ${one.message ?? ""}`)

// https://www.jenkins.io/doc/book/pipeline/syntax/: what may stand in each block.
const blocks: Readonly<Record<string, ReadonlyArray<string>>> = {
  "": ["pipeline"],
  pipeline: ["agent", "options", "triggers", "environment", "parameters", "tools", "stages", "post"],
  agent: ["label", "docker", "any", "none"],
  options: ["disableConcurrentBuilds", "timeout", "timestamps", "skipDefaultCheckout", "buildDiscarder"],
  triggers: ["cron", "pollSCM", "upstream"],
  stages: ["stage"],
  stage: ["agent", "environment", "when", "options", "tools", "steps", "post"],
  steps: ["sh", "echo", "script", "junit", "archiveArtifacts", "unstable", "error"],
  post: ["always", "success", "failure", "unstable", "aborted", "cleanup"],
  always: ["sh", "echo", "script", "junit", "archiveArtifacts", "recordIssues"]
}
const needed: Readonly<Record<string, ReadonlyArray<string>>> = {
  pipeline: ["agent", "stages"],
  stages: ["stage"],
  stage: ["steps"]
}

export const faultsOfJenkins = (code: string): ReadonlyArray<string> => {
  const faults: Array<string> = []
  // Texts and comments may hold braces.
  const bare = code
    .replace(
      /'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\n])*'|"(?:\\.|[^"\n])*"/g,
      (found) => `""${"\n".repeat(found.split("\n").length - 1)}`
    )
    .replace(/\/\/.*$/gm, "")
  const open: Array<{ readonly name: string; readonly has: Array<string> }> = [{ name: "", has: [] }]
  for (const [at, line] of bare.split("\n").entries()) {
    const [word = ""] = /^[A-Za-z_]\w*/.exec(line.trim()) ?? []
    const here = open.at(-1)
    const inside = here === undefined ? undefined : blocks[here.name]
    if (word !== "" && inside !== undefined) {
      here?.has.push(word)
      if (!inside.includes(word))
        faults.push(`line ${at + 1}: ${word} cannot stand in ${here?.name || "a Jenkinsfile"}`)
    }
    const inner = word !== "" && line.trim().endsWith("{") ? word : null
    for (const sign of line.match(/[{}]/g) ?? []) {
      if (sign === "{") open.push({ name: inner ?? "a closure", has: [] })
      else {
        const ended = open.length > 1 ? open.pop() : undefined
        if (ended === undefined) faults.push(`line ${at + 1}: nothing is left to close`)
        for (const name of needed[ended?.name ?? ""] ?? []) {
          if (ended?.has.includes(name) !== true) faults.push(`line ${at + 1}: ${ended?.name} has no ${name}`)
        }
      }
    }
  }
  return open.length === 1 ? faults : [...faults, `${open.at(-1)?.name} is not closed`]
}
