// Tokens by client credentials (RFC 6749, section 4.4): one fetch at a time, kept until shortly before their end.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { ClientCredentials } from "../Auth.ts"
import * as Credential from "../Credential.ts"
import type { TransportFault, VendorResponse } from "./client.ts"
import * as WireFields from "../WireFields.ts"

/** Where requests get the key they show; `denied` says that one was refused. */
export interface Keys {
  readonly current: Effect.Effect<string, TransportFault>
  readonly denied: (used: string) => void
}

interface Kept {
  readonly client: string
  readonly token: string
  readonly until: number
}

const formEncoded = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)

/** `client` gives `id:secret`; `post` asks the token's address; `learn` keeps a token from being repeated. */
export const make = (options: {
  readonly grant: ClientCredentials
  readonly client: Effect.Effect<string, TransportFault>
  readonly post: (
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>
  ) => Effect.Effect<VendorResponse, TransportFault>
  readonly learn: (secret: string) => void
  readonly fault: (code: string, permanent: boolean, words: string) => TransportFault
}): Keys => {
  const { client, fault, grant, learn, post } = options
  const gate = Semaphore.makeUnsafe(1)
  let kept: Kept | null = null

  const usable = (pair: string, now: number): string | null =>
    kept !== null && kept.client === pair && now < kept.until ? kept.token : null

  const read = ({ body, status }: VendorResponse, pair: string, now: number): Result.Result<string, TransportFault> => {
    if (status === 400 || status === 401 || status === 403) {
      return Result.fail(fault("no-credential", false, `no token: the client was refused (${status})`))
    }
    if (status !== 200 || body._tag !== "Json" || !WireFields.isRecord(body.value)) {
      return Result.fail(fault("no-token", false, `no token: HTTP ${status}`))
    }
    const { access_token: raw, expires_in: life, token_type: type } = body.value
    if (typeof raw !== "string" || (typeof type === "string" && type.toLowerCase() !== "bearer")) {
      return Result.fail(fault("no-token", false, "no token: the answer holds no bearer token"))
    }
    const token = Credential.value(Redacted.make(raw))
    if (Result.isFailure(token)) return Result.fail(fault("no-token", false, `no token: the token ${token.failure}`))
    learn(token.success)
    const millis = typeof life === "number" && life > 0 ? life * 1000 : Infinity
    kept = { client: pair, token: token.success, until: now + millis - Math.min(30_000, millis / 10) }
    return Result.succeed(token.success)
  }

  const fetch = (pair: string): Effect.Effect<string, TransportFault> => {
    const at = pair.indexOf(":")
    if (at <= 0) return Effect.fail(fault("no-credential", true, "no credential: it is not of the form id:secret"))
    const [id, secret] = [pair.slice(0, at), pair.slice(at + 1)]
    const form = {
      grant_type: "client_credentials",
      ...(grant.scope === undefined ? {} : { scope: grant.scope }),
      ...grant.parameters
    }
    const sent =
      grant.client === "body"
        ? post({ ...form, client_id: id, client_secret: secret }, {})
        : post(form, { authorization: `Basic ${Base64.encode(`${formEncoded(id)}:${formEncoded(secret)}`)}` })
    return Effect.flatMap(sent, (response) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.fromResult(read(response, pair, now)))
    )
  }

  /** The kept token; without one, what `otherwise` gives. */
  const keptOr = (pair: string, otherwise: Effect.Effect<string, TransportFault>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const token = usable(pair, now)
      return token === null ? otherwise : Effect.succeed(token)
    })

  return {
    // Another request may have fetched one while this one waited: hence the second look.
    current: Effect.flatMap(client, (pair) => keptOr(pair, gate.withPermits(1)(keptOr(pair, fetch(pair))))),
    denied: (used) => {
      if (kept?.token === used) kept = null
    }
  }
}
