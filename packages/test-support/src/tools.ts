/**
 * Programs that some tests need and a machine may lack. Such tests are skipped, but never in silence: each missing program
 * is a line on standard error, and `npm test` counts them at its end.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs"
import { delimiter, join } from "node:path"
import process from "node:process"

/** What the line of a missing program begins with. */
export const lineStart = "missing program: "

const said = new Set<string>()

/** Says that a program is missing, once in a test file. */
export const missing = (program: string): void => {
  if (said.has(program)) return
  said.add(program)
  // oxlint-disable-next-line no-console -- the reporter counts what tests write to the console
  console.error(`${lineStart}${program}; the tests that need it are skipped`)
}

const suffixes = process.platform === "win32" ? (process.env["PATHEXT"] ?? ".EXE;.CMD;.BAT").split(";") : [""]

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Whether a file or device is there; says so where it is not. */
export const hasFile = (path: string): boolean => {
  const isHere = existsSync(path)
  if (!isHere) missing(path)
  return isHere
}

/** Whether a program is found by PATH, or at its path; says so where it is not. */
export const hasProgram = (program: string): boolean => {
  const folders = /[\\/]/.test(program) ? [""] : (process.env["PATH"] ?? "").split(delimiter)
  const isHere = folders.some((folder) => suffixes.some((suffix) => isProgram(join(folder, `${program}${suffix}`))))
  if (!isHere) missing(program)
  return isHere
}
