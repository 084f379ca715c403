/**
 * The formats a report can be rendered in: the one list that says which exist.
 *
 * A format's code is loaded when it is first asked for, so that naming the formats costs nothing. Every renderer is pure.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Renderer, RenderOptions } from "./RenderOptions.ts"
import * as SafeText from "./SafeText.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * One format.
 *
 * - `extension`: of a file's name, without the dot. `mime`: its media type.
 * - `description`: one line for a help text.
 * - `load`: the renderer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Format {
  readonly name: string
  readonly extension: string
  readonly mime: string
  readonly description: string
  readonly syntax: SafeText.Syntax
  readonly load: Effect.Effect<Renderer>
}

const format = (
  name: string,
  extension: string,
  mime: string,
  description: string,
  syntax: SafeText.Syntax,
  load: () => Promise<{ readonly render: Renderer }>
): Format => ({
  name,
  extension,
  mime,
  description,
  syntax,
  load: Effect.map(Effect.promise(load), (module) => module.render)
})

/**
 * Every format, in the order a help text shows them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: ReadonlyArray<Format> = [
  format("text", "txt", "text/plain", "for reading in a terminal", "text", () => import("./internal/formats/text.ts")),
  format(
    "json",
    "json",
    "application/json",
    "the canonical report; all others can be made from it",
    "json",
    () => import("./internal/formats/json.ts")
  ),
  format(
    "events",
    "ndjson",
    "application/x-ndjson",
    "one JSON line for each change of state",
    "json",
    () => import("./RenderEvents.ts")
  ),
  format(
    "sarif",
    "sarif",
    "application/sarif+json",
    "for code scanning; points at the line of the plan",
    "json",
    () => import("./internal/formats/sarif.ts")
  ),
  format(
    "junit",
    "xml",
    "application/xml",
    "a test for each scan and each rule of the gate",
    "markup",
    () => import("./internal/formats/junit.ts")
  ),
  format(
    "csv",
    "csv",
    "text/csv",
    "a line for each scan and each finding, safe to open in a spreadsheet",
    "table",
    () => import("./internal/formats/csv.ts")
  ),
  format(
    "markdown",
    "md",
    "text/markdown",
    "for a ticket or a pull request",
    "markdown",
    () => import("./internal/formats/markdown.ts")
  ),
  format(
    "html",
    "html",
    "text/html",
    "one file for a browser, a ticket or an archive",
    "markup",
    () => import("./internal/formats/html.ts")
  ),
  format(
    "github",
    "txt",
    "text/plain",
    "annotations of a GitHub Actions job",
    "commands",
    () => import("./RenderGithub.ts")
  ),
  format(
    "defectdojo",
    "json",
    "application/json",
    "the generic findings import of DefectDojo",
    "json",
    () => import("./internal/formats/defectdojo.ts")
  ),
  format(
    "ocsf",
    "ndjson",
    "application/x-ndjson",
    "OCSF events, one JSON line each",
    "json",
    () => import("./internal/formats/ocsf.ts")
  )
]

/**
 * The names of all formats.
 *
 * @category constructors
 * @since 0.1.0
 */
export const names: ReadonlyArray<string> = all.map((one) => one.name)

/**
 * The format of this name; undefined when there is none.
 *
 * @category destructors
 * @since 0.1.0
 */
export const byName = (name: string): Format | undefined => all.find((one) => one.name === name)

/**
 * Renders a report in a format, in pieces to be written one after the other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (
  format: Format,
  report: ScanReport,
  options: RenderOptions = {}
): Effect.Effect<Iterable<SafeText.SafeText>> =>
  Effect.map(format.load, (renderer) => SafeText.sealAll(format.syntax, renderer(report, options)))

/**
 * Renders a report as one text: for reports that fit into one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const renderText = (
  format: Format,
  report: ScanReport,
  options: RenderOptions = {}
): Effect.Effect<SafeText.SafeText> => Effect.map(render(format, report, options), SafeText.join)
