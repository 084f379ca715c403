// The key of a request: asked for anew each time, and put where the vendor wants it. Touches the scrubber; law: it knows
// every secret before a request carries it.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Result from "effect/Result"
import type * as Scrubber from "../../model/Scrubber.ts"
import * as Auth from "../Auth.ts"
import * as Credential from "../Credential.ts"
import type { TransportFault } from "./client.ts"
import * as Answers from "./answers.ts"
import type { Asked } from "./requests.ts"
import type { Settings } from "./settings.ts"
import type { TransportFaults } from "./transportFaults.ts"

export const credentialOf = (
  { auth, credential }: Settings,
  scrubber: Scrubber.Scrubber,
  { refused }: TransportFaults
): Effect.Effect<string, TransportFault> => {
  const short = Answers.foreign(scrubber)
  // The last one that could be had. Only the vendor denies a key: a file that is away for a moment does not.
  let last: string | null = null
  return Effect.matchEffect(credential, {
    onFailure: (error) => {
      if (last !== null) return Effect.succeed(last)
      const source = error.variable === null || error.message.includes(error.variable) ? "" : `${error.variable}: `
      return refused("no-credential", `no credential: ${short(source + error.message, 300)}`)
    },
    onSuccess: (redacted) =>
      Result.match(Credential.value(redacted), {
        onFailure: (why) =>
          last === null ? refused("no-credential", `no credential: what was given ${why}`) : Effect.succeed(last),
        onSuccess: (value) => {
          last = value
          for (const secret of Auth.secrets(auth, value)) scrubber.learn(secret)
          return Effect.succeed(value)
        }
      })
  })
}

/** Gives a request its key. */
export type Sign = (asked: Asked, key: string) => Effect.Effect<HttpClientRequest.HttpClientRequest, TransportFault>

export const signer = ({ auth }: Settings, { refused }: TransportFaults): Sign => {
  const unsigned = refused("invalid-signature", "the request was not sent: its signature cannot be sent")
  return ({ body, method, path, request }, key) => {
    if (typeof auth === "object" && "sign" in auth) {
      const { sign } = auth
      return Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Effect.flatMap(sign({ method, path, body: body?.content ?? null, at }, key), (headers) => {
          const checked = Auth.signature(headers, key)
          return checked === null ? unsigned : Effect.succeed(HttpClientRequest.setHeaders(request, checked))
        })
      )
    }
    const { headers, query } = Auth.show(auth, key)
    const shown = headers === undefined ? request : HttpClientRequest.setHeaders(request, headers)
    if (query === undefined) return Effect.succeed(shown)
    const url = `${shown.url}${shown.url.includes("?") ? "&" : "?"}${new URLSearchParams([[...query]]).toString()}`
    return Effect.succeed(HttpClientRequest.setUrl(shown, url))
  }
}
