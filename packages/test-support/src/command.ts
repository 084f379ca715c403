/** The command as a program: what `node` is given, and what it is given to start quickly. */
import { join } from "node:path"
import process from "node:process"

/**
 * The path of the command's program. In `npm test` it is bundled (see `packages/tooling/testCommand.mjs`), elsewhere its
 * sources are run.
 */
export const program = process.env["LAUNCHER_COMMAND"] ?? join(import.meta.dirname, "../../cli/bin/scanpoll.js")

const compiled = process.env["NODE_COMPILE_CACHE"]

/** Variables for a process that runs it: with them Node compiles its code once for all. */
export const quickly: Readonly<Record<string, string>> = compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }
