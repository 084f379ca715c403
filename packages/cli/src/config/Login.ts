/**
 * Addresses in messages, without the names and passwords that may stand in them.
 *
 * @since 0.2.0
 */

// `//name:password@` also where the password has a slash, and `//name@`. A colon before a port begins no password.
const login = /(:\/\/)(?:[^\s/?#"]*:(?!\d*(?:[\s/?#"]|$))[^]*@|[^\s/?#"]*@)/g

/**
 * A text of the user's in which every address has lost its name and password.
 *
 * @category combinators
 * @since 0.2.0
 */
export const hide = (text: string): string => {
  // Without an @ behind it nothing matches, and each address would be searched for one to the end of the text.
  const end = text.lastIndexOf("@") + 1
  return `${text.slice(0, end).replace(login, "$1…@")}${text.slice(end)}`
}

/**
 * A text that should be the address of a database, without anything that may be a password in it, however it is written.
 *
 * @category combinators
 * @since 0.2.0
 */
export const hideAll = (text: string): string =>
  /\b(?:password|passwd|pwd|sslpassword)\s*=/i.test(text)
    ? "…"
    : text.replace(/^(\s*[a-z][a-z0-9+.-]*:(?:\/\/)?)?[^]*@/i, "$1…@").replace(/\?[^]*$/, "?…")
