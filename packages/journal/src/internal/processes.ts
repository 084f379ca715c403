// Which process this is, and whether another one of the same machine still lives. May touch: /proc. Law: where the system
// does not tell, the answer is null, and the heartbeat alone decides.
import * as Fs from "node:fs"
import * as Os from "node:os"
import process from "node:process"

export interface ProcessIdentity {
  // Names the table of processes that `pid` counts in: this boot of this machine, and its process namespace.
  readonly place: string
  readonly pid: number
  // When the process began, as the system says it; empty where it does not.
  readonly started: string
  // For people.
  readonly label: string
}

const read = (file: string): string => {
  try {
    return Fs.readFileSync(file, "latin1")
  } catch {
    return ""
  }
}

const readLink = (file: string): string => {
  try {
    return Fs.readlinkSync(file)
  } catch {
    return ""
  }
}

// The 22nd field of `stat`, counted after the name, which may hold anything. A dead process that nobody has waited for
// is gone all the same.
const startOf = (pid: number): string => {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\)\s*/s, "")
    .split(" ")
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "")
}

export const here = (): ProcessIdentity => {
  const boot = read("/proc/sys/kernel/random/boot_id").trim()
  const space = readLink("/proc/self/ns/pid")
  const started = startOf(process.pid)
  const isTold = boot !== "" && space !== "" && started !== ""
  return {
    place: isTold ? `${boot} ${space}` : "",
    pid: process.pid,
    started: isTold ? started : "",
    label: `process ${process.pid} on ${Os.hostname()}`
  }
}

// Null when it cannot be told from here.
export const isAlive = (ours: ProcessIdentity, theirs: Omit<ProcessIdentity, "label">): boolean | null => {
  if (ours.place === "" || ours.place !== theirs.place || theirs.started === "") return null
  return startOf(theirs.pid) === theirs.started
}
