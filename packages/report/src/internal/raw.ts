// The one way from a hostile text to a string, for the modules that write it out.
declare const Brand: unique symbol

/** A text as `HostileText` marks it. */
export interface Marked {
  readonly [Brand]: "~@scanpoll/report/HostileText"
}

// Only HostileText and the sinks that prove themselves harmless another way (JSON, hashing) may import this.
// oxlint-disable-next-line no-base-to-string -- it is a string; everywhere else this rule catches an unwrapping by template
export const raw = (text: Marked): string => String(text)
