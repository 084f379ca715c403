import { registerHooks } from "node:module"

/** What the parser of GitHub's own makers finds wrong in a workflow. It imports JSON as only a bundler does. */
export const faultsOfWorkflow = async (content: string): Promise<ReadonlyArray<string>> => {
  const hooks = registerHooks({
    load: (url, context, next) =>
      next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context)
  })
  const { NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser")
  hooks.deregister()
  const { context } = parseWorkflow({ name: "scan.yml", content }, new NoOperationTraceWriter())
  return context.errors.getErrors().map((error) => error.message)
}
