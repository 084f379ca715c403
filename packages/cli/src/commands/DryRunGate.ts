// What a dry run says of gates: the one of the run, and those of targets, vendors and plans that ask more of single rows.
import type { GatePolicy, OwnGate } from "@scanpoll/report/Gate"
import type { Settings } from "../config/Settings.ts"
import { inert } from "../output/Streams.ts"
import { plural } from "../output/Plural.ts"
import type { Prepared } from "../prepare/Requests.ts"
import * as Resolve from "../prepare/Resolve.ts"

const shownNames = 10

/** Targets that ask the same beside the gate of the run. */
interface Group {
  readonly gate: OwnGate
  readonly names: ReadonlyArray<string>
}

export interface Gates {
  readonly run: GatePolicy
  readonly own: ReadonlyArray<Group>
}

const nameOf = ({ request }: Prepared): string => {
  const { account, vendor } = request.adapter
  const type = (request.kind ?? "") === "" ? "" : ` (${request.kind})`
  return `${vendor} ${request.subject.name}${type}${account === "default" ? "" : ` [${account}]`}`
}

export const gatesOf = (prepared: ReadonlyArray<Prepared>, settings: Settings): Gates => {
  const groups = new Map<string, { readonly gate: OwnGate; readonly names: Array<string> }>()
  for (const one of prepared) {
    if (one.gate === null) continue
    const entries = Object.entries(one.gate).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const text = JSON.stringify(entries)
    const known = groups.get(text)
    if (known === undefined) groups.set(text, { gate: one.gate, names: [nameOf(one)] })
    else known.names.push(nameOf(one))
  }
  return { run: Resolve.gate(settings), own: [...groups.values()] }
}

const ruleWords = (gate: Omit<OwnGate, "minScore">): ReadonlyArray<string> => [
  ...(gate.failOn === undefined ? [] : [`fail-on ${gate.failOn}`]),
  ...(gate.failOnNew === undefined ? [] : [`fail-on-new ${gate.failOnNew}`]),
  ...(gate.minGrade === undefined ? [] : [`min-grade ${gate.minGrade}`]),
  ...(gate.maxViolations === undefined ? [] : [`max-violations ${gate.maxViolations}`])
]

const ownWords = (gate: OwnGate): string =>
  [
    ...ruleWords(gate),
    ...(gate.minScore === undefined ? [] : [`min-score ${gate.minScore}`]),
    ...(gate.allowPartial === false ? ["no partial scan"] : []),
    ...(gate.allowIncomplete === false ? ["no scan without a verdict"] : []),
    ...(gate.allowMissing === true ? ["a missing value is allowed"] : [])
  ].join(", ")

const runWords = ({ failOn, failOnNew, maxViolations, minGrade, ...rest }: GatePolicy): string => {
  const asked = [
    ...ruleWords({
      ...(failOn === null ? {} : { failOn }),
      ...(failOnNew === null ? {} : { failOnNew }),
      ...(minGrade === null ? {} : { minGrade }),
      ...(maxViolations === null ? {} : { maxViolations })
    }),
    ...rest.minScore.map(({ score, vendor }) => `min-score ${vendor === null ? "" : `${vendor}=`}${score}`)
  ]
  const allowed = [
    ...(rest.allowPartial ? ["allow-partial"] : []),
    ...(rest.allowIncomplete ? ["allow-incomplete"] : []),
    ...(rest.exitZero ? ["exit-zero"] : [])
  ]
  return [...(asked.length === 0 ? ["nothing is asked of severities and scores"] : asked), ...allowed].join(", ")
}

export const lines = ({ own, run }: Gates): ReadonlyArray<string> => [
  "Gate:",
  `  run       ${inert(runWords(run))}`,
  ...own.flatMap(({ gate, names }) => [
    `  also      ${inert(ownWords(gate))}, for ${plural(names.length, "target")}:`,
    ...names.slice(0, shownNames).map((name) => `    ${inert(name)}`),
    ...(names.length > shownNames ? [`    and ${names.length - shownNames} more (all are named with -o json)`] : [])
  ])
]
