// Whether files are still the ones that were opened. May touch: `stat` of their paths. Law: only a path that is gone, or
// names another file, counts as moved; a folder that cannot be read now says nothing.
import { hasProperty } from "effect/Predicate"
import * as Fs from "node:fs"

export interface FileIdentity {
  readonly path: string
  readonly device: bigint
  readonly inode: bigint
}

// Null for a file that is not there.
export const identify = (path: string): FileIdentity | null => {
  try {
    const { dev, ino } = Fs.statSync(path, { bigint: true })
    return { path, device: dev, inode: ino }
  } catch {
    return null
  }
}

// What happened to the file since; null when it is the same, or that cannot be told.
export const whatHappened = (file: FileIdentity): string | null => {
  try {
    const { dev, ino } = Fs.statSync(file.path, { bigint: true })
    return dev === file.device && ino === file.inode ? null : `another file took the place of ${file.path}`
  } catch (cause) {
    const code = hasProperty(cause, "code") ? cause.code : null
    return code === "ENOENT" || code === "ENOTDIR" ? `${file.path} was deleted or renamed` : null
  }
}
