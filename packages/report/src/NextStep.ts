/**
 * What a person can do about a row, and the command line that does it.
 *
 * @since 0.2.0
 */
import type * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import type * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import type { ReportScan } from "./ReportScan.ts"

/**
 * What the commands of a row are made from, so that they run as printed.
 *
 * - `run`: the id of the stored run that the row is of; null (the default) where none is stored.
 * - `flags`: what every command needs to find the same journal and keys, such as `--journal team.db`, quoted for a shell.
 *   Default "". `plan`: the same for the plan, which has the accounts, such as `--plan scans.yaml`; a stored run needs none.
 * - `forgetful`: whether the run's journal forgets at its end: its runs and claims lead nowhere then, and only keys do.
 *   Default false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Commands {
  readonly run?: string | null
  readonly flags?: string
  readonly plan?: string
  readonly forgetful?: boolean
}

/**
 * What of a row decides its next step.
 *
 * - `key`: names the scan, with its account where that is not the usual one; null until the vendor gave an id.
 * - `missing`: the kinds of evidence of its outcome that are unavailable. Default none.
 * - `asksAgain`: whether only a new answer about the scan can bring them. Default false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Situation {
  readonly state: ScanRecord.ScanState
  readonly because: ReportScan["because"]
  readonly key: string | null
  readonly claimId: string | null
  readonly missing?: ReadonlyArray<keyof ScanOutcome.Evidence>
  readonly asksAgain?: boolean
  readonly commands?: Commands
}

/**
 * A step in words; `command` is the command line, or null where there is none.
 *
 * @category models
 * @since 0.2.0
 */
export interface Step {
  readonly advice: string
  readonly command: string | null
}

/**
 * What a person does next about a row; null where nothing is left to do.
 *
 * @category destructors
 * @since 0.2.0
 */
export const of = (row: Situation): Step | null => {
  const { because, claimId, key, state } = row
  const { flags = "", forgetful = false, plan = "", run = null } = row.commands ?? {}
  const joined = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(" ")
  const line = (words: string): string => joined("scanpoll", words, plan, flags)
  const wait = key === null ? null : line(`wait ${ShellWord.quote(key)}`)
  // A stored run ends with a verdict on all of its targets.
  const rest = forgetful || run === null ? null : joined("scanpoll run --continue", run, flags)
  const resume = forgetful ? wait : (rest ?? line("resume"))
  switch (state) {
    case "completed":
    case "partial": {
      const { asksAgain = false, missing = [] } = row
      if (missing.length === 0) return null
      return asksAgain
        ? { advice: "ask the vendor about the scan again", command: wait === null ? null : `${wait} --fresh` }
        : { advice: `fetch the ${missing.join(" and the ")}`, command: wait }
    }
    case "failed":
    case "not-found":
      return null
    case "still-running":
    case "unreachable":
    case "protocol":
      return { advice: "wait again", command: wait }
    case "interrupted":
      return { advice: fixFirst(because) ?? "resume", command: resume }
    case "denied":
      return { advice: "fix the key, then", command: resume }
    case "in-doubt":
      return {
        advice: "find out whether it was bought",
        command: claimId === null || forgetful ? null : line(`reconcile ${claimId}`)
      }
    case "refused":
      if (because !== "credential") return { advice: "fix the request and run again", command: null }
      // Nothing was bought for it: `run --continue` buys it.
      return rest === null
        ? { advice: "fix the key and run again", command: null }
        : { advice: "fix the key, then", command: rest }
    case "not-started": {
      const first = fixFirst(because)
      if (rest !== null) return { advice: first ?? "scan what was not started", command: rest }
      return { advice: first === null ? "run again" : first.replace(/, then$/, " and run again"), command: null }
    }
  }
}

const fixFirst = (because: ReportScan["because"]): string | null => {
  switch (because) {
    case "journal":
      return "fix the journal, then"
    case "credential":
      return "fix the key, then"
    case "defect":
      return "see the log, then"
    case "outcome":
    case "stop":
    case "vendor-refusal":
    case "not-begun":
      return null
  }
}
