/**
 * What tests start as processes of their own. In `npm test` all of it is bundled first (see
 * `packages/tooling/testPrograms.mjs`), elsewhere its sources are run.
 */
import { basename, join } from "node:path"
import process from "node:process"

const bundles = process.env["LAUNCHER_PROGRAMS"]
const compiled = process.env["NODE_COMPILE_CACHE"]

/** The path of the command's program, to be started with Node. */
export const program =
  bundles === undefined
    ? join(import.meta.dirname, "../../cli/bin/scanpoll.js")
    : join(bundles, "node_modules/scanpoll/bin/scanpoll.js")

/** The path of a program of tests, to be started with Node; `source` is one that `testPrograms.mjs` names. */
export const ownProgram = (source: string): string =>
  bundles === undefined ? source : join(bundles, "programs", `${basename(source, ".ts")}.js`)

/**
 * Words between Node and one of them: a short life on a busy machine is cheaper with one thread that collects garbage, seldom.
 */
export const sparingly: ReadonlyArray<string> = ["--single-threaded-gc", "--min-semi-space-size=16"]

/** Variables for a process that runs one of them: with them Node compiles its code once for all. */
export const quickly: Readonly<Record<string, string>> = compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }
