/**
 * `scanpoll history --runs`: the runs of the journal, the newest first, what came of their targets and how they ended.
 *
 * @since 0.2.0
 */
import type { StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import { states } from "@scanpoll/core/model/ScanRecord"
import * as JournalView from "@scanpoll/journal/JournalView"
import { inert } from "../output/Streams.ts"
import { plural } from "../output/Plural.ts"
import * as FindRun from "../run/FindRun.ts"

const standing = (run: StoredRun): string => {
  if (run.exitCode !== null) return `exit ${run.exitCode}`
  return run.heldBy === null ? "ended without a word" : `under way in ${inert(run.heldBy, 120)}`
}

/**
 * One run in one line.
 *
 * @category destructors
 * @since 0.2.0
 */
export const line = (run: StoredRun): string => {
  const counts = states.flatMap((state) => (run.byState[state] === undefined ? [] : [`${run.byState[state]} ${state}`]))
  const left = JournalView.openRows(run)
  const each = left === 0 ? counts : [...counts, `${left} open`]
  const what = run.plan === null ? inert(run.command, 40) : `${inert(run.command, 40)} ${inert(run.plan, 120)}`
  const part = FindRun.partOf(run)
  const some = part === null ? "" : ` (a part of the plan: ${run.total} of ${plural(part.of, "target")})`
  const rows = each.length === 0 ? plural(run.total, "target") : `${plural(run.total, "target")}: ${each.join(", ")}`
  return `${run.runId}  ${JournalView.time(run.startedAt) ?? "at an unknown time"}  ${what}${some}  ${rows}  ${standing(run)}`
}
