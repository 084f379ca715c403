// Whose requests these are: the keys that a simulated vendor takes, and the tokens that it gives for a client's id and secret.
import type * as Http from "node:http"
import type { Credential, Options } from "../Simulator.ts"
import * as ShownKey from "./shownKey.ts"
import type * as Wires from "./wireAnswer.ts"

/** Who asks: the key that was shown, `null` where none was, and what it stands for. */
export interface Asker {
  readonly shown: { readonly scheme: string; readonly token: string } | null
  readonly credential: Required<Credential> | null
}

export interface Keys {
  /** The first credential's key. */
  readonly first: string
  readonly know: (credential: string | Credential) => void
  readonly read: (request: Http.IncomingMessage, url: string) => Asker
  readonly header: string | null
  readonly pathWithoutKey: (url: string) => string
  readonly isForToken: (method: string, pathname: string) => boolean
  readonly tokenAnswer: (authorization: string | undefined, body: string) => Wires.Answer
}

export const make = (options: Pick<Options, "auth" | "credentials">, usual: string): Keys => {
  const shownKey = ShownKey.make(options.auth ?? "bearer")
  // Without a key of its own a request is the first credential's.
  const keyless = options.auth === "none" || (typeof options.auth === "object" && "sign" in options.auth)
  const credentials = new Map<string, Required<Credential>>()
  // Tokens that stand for a client's id and secret.
  const clients = new Map<string, string>()
  const know = (credential: string | Credential): void => {
    const full = {
      account: "default",
      state: "active" as const,
      ...(typeof credential === "string" ? { token: credential } : credential)
    }
    credentials.set(full.token, full)
  }
  const given = options.credentials ?? [usual]
  given.forEach(know)
  const first = typeof given[0] === "string" ? given[0] : given[0].token
  const isForToken = (method: string, pathname: string): boolean =>
    method === "POST" && shownKey.tokenPath !== null && pathname.endsWith(shownKey.tokenPath)

  return {
    first,
    know,
    header: shownKey.header,
    pathWithoutKey: shownKey.pathWithoutKey,
    isForToken,
    read: (request, url) => {
      const found = shownKey.read(request.headers, url)
      const isToken = isForToken(request.method ?? "GET", shownKey.pathWithoutKey(url).split("?", 1)[0] ?? "/")
      const shown =
        found === null || isToken ? null : { scheme: found.scheme, token: clients.get(found.token) ?? found.token }
      const token = keyless ? first : shown?.token
      return { shown, credential: token === undefined ? null : (credentials.get(token) ?? null) }
    },
    tokenAnswer: (authorization, body) => {
      const client = shownKey.client(authorization, body)
      if (client === null || credentials.get(client)?.state !== "active") {
        return { status: 401, body: { error: "invalid_client" } }
      }
      const token = ShownKey.tokenOf(client)
      clients.set(token, client)
      return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: 3600 } }
    }
  }
}
