// The scripts of a simulated vendor: which request each is for, and how far it has come.
import * as Script from "../Script.ts"

export interface Scripts {
  readonly add: (script: Script.Script) => void
  readonly clear: () => void
  /** The step for this request: `undefined` when no script is for it. */
  readonly take: (head: Script.Head) => Script.Step | null | undefined
}

const matches = (match: Script.Match, head: Script.Head): boolean =>
  (match.method === undefined || match.method === head.method) &&
  (match.route === undefined || match.route === head.route) &&
  (match.scanId === undefined || match.scanId === head.scanId) &&
  (match.path === undefined ||
    (typeof match.path === "string" ? match.path === head.path : match.path.test(head.path))) &&
  (match.where === undefined || match.where(head))

export const make = (given: ReadonlyArray<Script.Script> = []): Scripts => {
  let scripts: Array<{ readonly script: Script.Script; used: number }> = given.map((script) => ({ script, used: 0 }))
  return {
    add: (script) => {
      scripts.push({ script, used: 0 })
    },
    clear: () => {
      scripts = []
    },
    take: (head) => {
      const found = scripts.find(({ script }) => matches(script.match ?? {}, head))
      if (found === undefined) return undefined
      const step = Script.at(found.script.steps, found.used++)
      if (found.used >= Script.length(found.script.steps)) scripts = scripts.filter((one) => one !== found)
      return step
    }
  }
}
