/**
 * How often a test does what it repeats: a little in `npm test`, at its full length where the environment variable
 * `TEST_LENGTH` is `full`, as in the nightly run.
 */
import process from "node:process"

const length = process.env["TEST_LENGTH"] ?? ""
if (length !== "" && length !== "full")
  throw new Error(`TEST_LENGTH is ${JSON.stringify(length)}: say full, or nothing`)

/** Whether this run is at full length. */
export const isFull = length === "full"

/** Whether the one at this place of many alike is done in this run: every third one in `npm test`, others for another `group`. */
export const isDone = (at: number, group = 0): boolean => isFull || at % 3 === group % 3

/** How often: the first in `npm test`, the second at full length. */
export const often = (usual: number, full: number): number => (isFull ? full : usual)
