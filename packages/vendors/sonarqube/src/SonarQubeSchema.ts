/**
 * What SonarQube is asked for and what is read of its answers.
 *
 * @see {@link https://next.sonarqube.com/sonarqube/web_api/api/ce}
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"

/**
 * An analysis that a scanner has uploaded, by the task that works it off, as `report-task.txt` names both.
 *
 * - `task`: `ceTaskId`.
 * - `project`, `branch`: what the report calls it, and what trends follow. The gate and the issues are those of the task's own
 *   analysis, whatever is written here; issues of another project are refused.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeRequest = Schema.Struct({
  task: Schema.String.annotate({
    description: "The task of the analysis: ceTaskId in report-task.txt.",
    examples: ["AZq1vT0eTASK00000001"]
  }).check(Schema.isPattern(/^[\w-]{1,64}$/, { expected: "a task id, as report-task.txt has it at ceTaskId" })),
  project: Schema.optionalKey(
    Schema.String.annotate({ description: "The key of the project: projectKey in report-task.txt." }).check(
      Schema.isPattern(/^[\w:.-]{1,400}$/, { expected: "the key of a project" })
    )
  ),
  branch: Schema.optionalKey(
    Schema.String.annotate({ description: "The branch that was analysed." }).check(
      Schema.isPattern(/^[!-~]{1,255}$/, { expected: "the name of a branch" })
    )
  )
})

export type SonarQubeRequest = typeof SonarQubeRequest.Type

/**
 * One condition of a gate. Every number is a text, as SonarQube writes them. A condition whose word or name cannot be read is
 * kept without it: it may have failed.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeCondition = Schema.Struct({
  status: Schema.optionalKey(Wire.words(32)),
  metricKey: Schema.optionalKey(Wire.words(128)),
  comparator: Schema.optionalKey(Wire.words(16)),
  errorThreshold: Schema.optionalKey(Wire.words(64)),
  actualValue: Schema.optionalKey(Wire.words(64))
})

/**
 * The quality gate of an analysis: `OK`, `ERROR`, `WARN` (servers before 7.6) or `NONE`, which was never computed.
 * `ignoredConditions`: some conditions did not count, because little code is new.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeGate = Schema.Struct({
  status: Wire.words(32),
  conditions: Wire.decides(Schema.Array(SonarQubeCondition)),
  ignoredConditions: Schema.optionalKey(Schema.Boolean)
})

export type SonarQubeGate = typeof SonarQubeGate.Type

/**
 * What is read of a task that failed, and of a gate.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeAnswer = Schema.Struct({
  projectStatus: Schema.optionalKey(SonarQubeGate),
  task: Schema.optionalKey(
    Schema.Struct({
      status: Wire.words(32),
      errorType: Schema.optionalKey(Wire.words(64)),
      errorMessage: Schema.optionalKey(Wire.words(1000))
    })
  )
})

/**
 * An issue. Since 10.2 it has `impacts` beside `severity`, and they disagree.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeIssue = Schema.Struct({
  key: Wire.words(64),
  rule: Wire.words(200),
  message: Wire.words(1000),
  component: Wire.words(1000),
  line: Schema.optionalKey(Wire.count),
  severity: Schema.optionalKey(Wire.words(16)),
  impacts: Wire.decides(Wire.sieve(Schema.Struct({ severity: Wire.words(16) })))
})

export type SonarQubeIssue = typeof SonarQubeIssue.Type

/**
 * A page of issues.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SonarQubeIssues = Schema.Struct({
  paging: Schema.Struct({ total: Wire.count }),
  issues: Wire.sieve(SonarQubeIssue)
})
