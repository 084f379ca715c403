// Where a request shows its key, for every way a vendor may want it shown, and the request without the key.
import type { Facts } from "@scanpoll/core/vendor/Definition"
import { fingerprint } from "../Ledger.ts"

export type Auth = NonNullable<Facts["auth"]>

export interface Shown {
  readonly scheme: string
  readonly token: string
}

export interface ShownKey {
  /** The key of a request; null where it shows none. */
  readonly read: (
    headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
    path: string
  ) => Shown | null
  /** The header that is not kept, in lower case. */
  readonly header: string | null
  readonly pathWithoutKey: (path: string) => string
  /** The path that tokens are fetched from; null where there are no tokens. */
  readonly tokenPath: string | null
  /** The credential behind the form of a request for a token; null where it shows none. */
  readonly client: (authorization: string | undefined, body: string) => string | null
}

const split = (value: string | ReadonlyArray<string> | undefined): Shown | null => {
  const text = typeof value === "string" ? value.trim() : ""
  if (text === "") return null
  const [scheme = "", ...rest] = text.split(/ +/)
  return { scheme, token: rest.join(" ") }
}

const decoded = (base64: string): string => Buffer.from(base64, "base64").toString("utf8")

const formText = (text: string): string => new URLSearchParams(`x=${text}`).get("x") ?? ""

/** The token that stands for a client: it names no secret. */
export const tokenOf = (client: string): string => `token-${fingerprint(client)}`

const byAuthorization: ShownKey = {
  read: (headers) => split(headers["authorization"]),
  header: "authorization",
  pathWithoutKey: (path) => path,
  tokenPath: null,
  client: () => null
}

const byQuery = (name: string): ShownKey => {
  const isKey = (pair: string): boolean => formText(pair.split("=", 1)[0] ?? "") === name
  const parts = (path: string): readonly [string, ReadonlyArray<string>] => {
    const at = path.indexOf("?")
    return at < 0 ? [path, []] : [path.slice(0, at), path.slice(at + 1).split("&")]
  }
  return {
    ...byAuthorization,
    header: null,
    read: (_headers, path) => {
      const found = parts(path)[1].find(isKey)
      return found === undefined ? null : { scheme: name, token: formText(found.slice(found.indexOf("=") + 1)) }
    },
    pathWithoutKey: (path) => {
      const [pathname, pairs] = parts(path)
      const kept = pairs.filter((pair) => !isKey(pair))
      return kept.length === 0 ? pathname : `${pathname}?${kept.join("&")}`
    }
  }
}

const byHeader = (header: string, scheme: string | undefined): ShownKey => ({
  ...byAuthorization,
  header: header.toLowerCase(),
  read: (headers) => {
    const value = headers[header.toLowerCase()]
    if (typeof value !== "string" || value.trim() === "") return null
    if (scheme === undefined) return { scheme: "", token: value.trim() }
    const shown = split(value)
    return shown?.scheme === scheme ? shown : null
  }
})

const byToken = (tokenUrl: string): ShownKey => ({
  ...byAuthorization,
  tokenPath: URL.parse(tokenUrl)?.pathname ?? tokenUrl,
  client: (authorization, body) => {
    const shown = split(authorization)
    const form = new URLSearchParams(body)
    const [id, secret] =
      shown?.scheme.toLowerCase() === "basic"
        ? decoded(shown.token).split(":", 2).map(formText)
        : [form.get("client_id"), form.get("client_secret")]
    return typeof id === "string" && typeof secret === "string" ? `${id}:${secret}` : null
  }
})

/** A signature cannot be read back: its requests show no key. */
const bySignature: ShownKey = { ...byAuthorization, read: () => null, header: null }

/** How the keys of `auth` are read. */
export const make = (auth: Auth): ShownKey => {
  if (auth === "bearer") return byAuthorization
  if (auth === "basic") {
    return {
      ...byAuthorization,
      read: (headers) => {
        const shown = split(headers["authorization"])
        return shown?.scheme === "Basic" ? { scheme: "Basic", token: decoded(shown.token) } : null
      }
    }
  }
  if (auth === "none") return bySignature
  if ("header" in auth) return byHeader(auth.header, auth.scheme)
  if ("query" in auth) return byQuery(auth.query)
  return "sign" in auth ? bySignature : byToken(auth.clientCredentials.tokenUrl)
}
