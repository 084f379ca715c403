/**
 * What a caller may choose about the look of a report. It never changes what the report says.
 *
 * @since 0.1.0
 */
import type { Severity } from "@scanpoll/core/model/Severity"
import type { ReportDiff } from "./Diff.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * - `color`: ANSI colours in `text`; default false. Nothing is said by colour alone.
 * - `width`: columns of `text`, 40 to 240; default 80.
 * - `minSeverity`: findings below it are not listed, but stay counted; default `none`. No gate reads it.
 * - `maxFindings`: how many findings of one scan are listed by the formats for reading (`text`, `markdown`, `html`,
 *   `github`); what is left out is said. Each of those formats has its own default. Formats for machines list all they
 *   can carry.
 * - `planPath`: the plan's path below the root of its repository, where `sarif` and `github` point at its lines; default: the path
 *   that the report has.
 * - `csvBom`: whether `csv` begins with a byte order mark, without which Excel does not read it as UTF-8; default false, for
 *   many programs take the mark as a part of the first column's name.
 * - `title`: the name of the report; default made from the plan.
 *
 * @category models
 * @since 0.1.0
 */
export interface RenderOptions {
  readonly color?: boolean
  readonly width?: number
  readonly minSeverity?: Severity
  readonly maxFindings?: number
  readonly planPath?: string | null
  readonly csvBom?: boolean
  readonly title?: string | null
}

/**
 * A renderer: pure, and the same report gives the same pieces of text. They are joined without anything between them;
 * a report may be larger than one string can be.
 *
 * @category models
 * @since 0.1.0
 */
export type Renderer = (report: ScanReport, options?: RenderOptions) => Iterable<string>

/**
 * A renderer of a diff: pure, in pieces to be written one after the other.
 *
 * @category models
 * @since 0.1.0
 */
export type DiffRenderer = (diff: ReportDiff, options?: RenderOptions) => Iterable<string>
