/**
 * Tokens for programs: a line a token, `name scope[,scope] sha256`, so that the file opens nothing for who reads it.
 *
 * @since 0.2.0
 */
import { createHash, randomBytes } from "node:crypto"

/**
 * What a token may do: `read` everything but payloads; with `payload`, reports hold the vendors' own results too; with
 * `reconcile`, decide about submissions in doubt, where the server allows that at all.
 *
 * @category constructors
 * @since 0.2.0
 */
export const scopes = ["read", "payload", "reconcile"] as const

/**
 * One of `scopes`.
 *
 * @category models
 * @since 0.2.0
 */
export type Scope = (typeof scopes)[number]

/**
 * One line of the file. `sha256`: of the token, in hexadecimal digits.
 *
 * @category models
 * @since 0.2.0
 */
export interface Token {
  readonly name: string
  readonly scopes: ReadonlyArray<Scope>
  readonly sha256: string
}

const isScope = (text: string): text is Scope => scopes.some((scope) => scope === text)

/**
 * Whether a text can name a token: 1 to 64 letters, digits, `.`, `_` and `-`.
 *
 * @category guards
 * @since 0.2.0
 */
export const isName = (text: string): boolean => /^[A-Za-z0-9._-]{1,64}$/.test(text)

/**
 * Reads scopes as people write them, `read,payload`; the failure says what is wrong.
 *
 * @category constructors
 * @since 0.2.0
 */
export const readScopes = (text: string): ReadonlyArray<Scope> | string => {
  const words = [...new Set(text.split(",").map((word) => word.trim()))]
  const known = words.filter(isScope)
  return known.length === words.length ? known : `scopes are ${scopes.join(", ")}; several are separated by commas`
}

/**
 * The digest of a token that the file has.
 *
 * @category destructors
 * @since 0.2.0
 */
export const digest = (token: string): string => createHash("sha256").update(token).digest("hex")

/**
 * Reads a file of tokens. Empty lines and lines that begin with `#` count for nothing; `faults` says what is wrong with others,
 * by their line.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (
  text: string
): { readonly tokens: ReadonlyArray<Token>; readonly faults: ReadonlyArray<string> } => {
  const tokens: Array<Token> = []
  const faults: Array<string> = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue
    const [name = "", words = "", sha256 = "", ...rest] = line.trim().split(/\s+/)
    const read = readScopes(words)
    const wrong =
      !isName(name) || rest.length > 0 || !/^[0-9a-f]{64}$/.test(sha256)
        ? "must be: name scope[,scope] sha256"
        : typeof read === "string"
          ? read
          : tokens.some((one) => one.name === name)
            ? `there is a token ${name} above`
            : null
    if (wrong !== null) faults.push(`line ${at + 1} ${wrong}`)
    else if (typeof read !== "string") tokens.push({ name, scopes: read, sha256 })
  }
  return { tokens, faults }
}

/**
 * A new token, and its line for the file. The token itself is kept nowhere.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (name: string, of: ReadonlyArray<Scope>): { readonly token: string; readonly line: string } => {
  const token = `spt_${randomBytes(32).toString("base64url")}`
  return { token, line: `${name} ${of.join(",")} ${digest(token)}` }
}
