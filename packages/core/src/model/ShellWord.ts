/**
 * Words of a command line that is printed for a person to paste.
 *
 * @since 0.2.0
 */

/**
 * One word of a command line, quoted for a POSIX shell where it has to be. What nobody could see is written as an escape,
 * which needs a shell that knows `$'...'`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const quote = (word: string): string => {
  if (unseen.test(word)) return `$'${word.replace(/./gsu, escaped)}'`
  if (plain.test(word)) return word.replace(runner, "$&''")
  return `'${word.replaceAll("'", "'\\''").replace(runner, "$&''")}'`
}

const plain = /^[\w@%+=:,./-]+$/
const utf8 = new TextEncoder()
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

const escaped = (char: string): string => {
  if (char === "'" || char === "\\") return `\\${char}`
  if (!unseen.test(char)) return char
  // By bytes: a shell outside of a UTF-8 locale (a bare container, a CI job) does not know code points.
  return Array.from(utf8.encode(char), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
}

// What a build runner takes for a command of its own in a log. Two quotes within such a sign mean nothing to a shell.
const runner = /#(?=#(?:\[|[a-z][\w.-]{0,63}\[))|(?<=section)_(?=(?:start|end):)|(?<=travis)_(?=(?:fold|time):)/gi
