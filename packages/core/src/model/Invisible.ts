/**
 * The characters of a text that no reader sees: terminal sequences, control characters, and what Unicode calls
 * ignorable. They can split a word for a program without splitting it for a person.
 *
 * @since 0.1.1
 */

/**
 * Whole terminal sequences (CSI, OSC, DCS and their kin), with their parameters. A sequence that another one begins within
 * has no end: otherwise a text of nothing but beginnings would be read to its end for each of them.
 *
 * @category constructors
 * @since 0.1.1
 */
export const sequences =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f\n]*(?:\u0007|\u001b\\|\u009c)/g

/**
 * The terminal sequences without a text in them: those that colour it or move the cursor.
 *
 * @category constructors
 * @since 0.1.1
 */
// oxlint-disable-next-line no-control-regex
export const shortSequences = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g

/**
 * Control characters other than tab and line break.
 *
 * @category constructors
 * @since 0.1.1
 */
// oxlint-disable-next-line no-control-regex
export const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

// The joiners that spell words in many scripts, and the selectors that shape emoji and letters, are not among them.
const ignorable =
  /[\u034f\u17b4\u17b5]|[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]/g

const joiners = /[\ufe00-\ufe0f]|[\u180b-\u180d\u180f]|\u200c|\u200d/g

// A joiner or selector after a sign that is not ASCII shapes that sign: an emoji, a letter of Persian or Hindi. So does
// the selector of a keycap, which is a digit, a selector and an enclosing mark.
const strayJoiners =
  /(?<![\u0080-\uffff])(?!(?<=[0-9#*])\ufe0f\u20e3)(?:[\ufe00-\ufe0f]|[\u180b-\u180d\u180f]|\u200c|\u200d)+/g

/**
 * A text without what no reader sees. Line breaks of every kind become `\n`; tabs stay. Zero-width joiners and variation
 * selectors stay where they shape a sign outside ASCII, so emoji and the scripts that need them survive; between ASCII
 * characters they go. Half a surrogate pair becomes U+FFFD.
 *
 * @category combinators
 * @since 0.1.1
 */
export const strip = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(sequences, "")
    .replace(controls, "")
    .replace(ignorable, "")
    .replace(strayJoiners, "")

/**
 * Whether a character (one code point) is one that `strip` may take out, or a mark that only decorates the character
 * before it.
 *
 * @category guards
 * @since 0.1.1
 */
export const isInvisible = (char: string): boolean =>
  [controls, ignorable, joiners].some((pattern) => char.search(pattern) === 0) || /^[\p{Cf}\p{M}]$/u.test(char)
