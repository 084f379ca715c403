/**
 * Before the tests of a project that starts the command: bundles it, and names the bundle to the tests and to the processes
 * that they start.
 */
import process from "node:process"
import { bundledCommand } from "./bundle.mjs"

export const setup = async () => {
  const { compiled, program } = await bundledCommand()
  process.env["LAUNCHER_COMMAND"] = program
  process.env["NODE_COMPILE_CACHE"] = compiled
}
