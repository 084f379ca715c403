import type { HostileText } from "../HostileText.ts"

// Only HostileText and the sinks that prove themselves harmless another way (JSON, hashing) may import this.
// oxlint-disable-next-line no-base-to-string -- it is a string; everywhere else this rule catches an unwrapping by template
export const raw = (text: HostileText): string => String(text)
