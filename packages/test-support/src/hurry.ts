/**
 * A time that passes quickly for the processes of a test, and for vendors that are simulated in its own: what waits ten
 * seconds ends after one. It is for what a test waits for without being about it.
 *
 * The time limits of requests pass as quickly. The grace after a signal is real.
 */
const file = new URL("hurriedTime.mjs", import.meta.url)

/** How many seconds pass in one. */
export const speed = 10

/** When it began to pass quickly for the test file that runs now, in milliseconds since 1970. */
export let began = Date.now()

/** Begins anew, as each test file does: files that share a worker would run ever further ahead of the real time. */
export const begin = (): void => {
  began = Date.now()
}

/** The time in milliseconds since 1970: that of all processes that this file's tests start under `hurried`. */
export const now = (): number => began + (Date.now() - began) * speed

/** The variables of a process whose time passes quickly. */
export const hurried = {
  get NODE_OPTIONS(): string {
    return `--import=${file.href}?speed=${speed}&began=${began}`
  }
}

/** Those of a process whose time passes a tenth as quickly: what it would do by itself after seconds comes long after the test. */
export const slowed = {
  get NODE_OPTIONS(): string {
    return `--import=${file.href}?speed=${1 / speed}&began=${began}`
  }
}
