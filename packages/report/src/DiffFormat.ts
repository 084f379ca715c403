/**
 * The formats a diff can be rendered in.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { ReportDiff } from "./Diff.ts"
import type { DiffRenderer, RenderOptions } from "./RenderOptions.ts"
import * as SafeText from "./SafeText.ts"

/**
 * A format of a comparison. Its renderer is loaded when it is first asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface DiffFormat {
  readonly name: string
  readonly extension: string
  readonly mime: string
  readonly description: string
  readonly load: Effect.Effect<DiffRenderer>
}

/**
 * Every format of a diff.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: ReadonlyArray<DiffFormat> = [
  {
    name: "text",
    extension: "txt",
    mime: "text/plain",
    description: "for reading in a terminal",
    load: Effect.map(
      Effect.promise(() => import("./internal/formats/diff.ts")),
      (module) => module.renderText
    )
  },
  {
    name: "json",
    extension: "json",
    mime: "application/json",
    description: "every change with its finding",
    load: Effect.map(
      Effect.promise(() => import("./internal/formats/diff.ts")),
      (module) => module.renderJson
    )
  },
  {
    name: "markdown",
    extension: "md",
    mime: "text/markdown",
    description: "for a ticket or a pull request",
    load: Effect.map(
      Effect.promise(() => import("./internal/formats/diff.ts")),
      (module) => module.renderMarkdown
    )
  }
]

/**
 * The names of all formats of a diff.
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
export const byName = (name: string): DiffFormat | undefined => all.find((one) => one.name === name)

/**
 * Renders a diff in a format.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (
  format: DiffFormat,
  diff: ReportDiff,
  options: RenderOptions = {}
): Effect.Effect<Iterable<SafeText.SafeText>> =>
  Effect.map(format.load, (renderer) => SafeText.sealAll(syntaxOf(format), renderer(diff, options)))

const syntaxOf = ({ name }: DiffFormat): SafeText.Syntax =>
  name === "json" ? "json" : name === "markdown" ? "markdown" : "text"
