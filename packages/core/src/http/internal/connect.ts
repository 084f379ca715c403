// A client for one vendor, put together from its parts. Laws: a request that holds a credential outside its place is not
// sent, only a refused `get` is repeated, once and with another key, and a post never is.
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Scrubber from "../../model/Scrubber.ts"
import * as BaseUrl from "../BaseUrl.ts"
import { TransportFault, type VendorClient, type VendorResponse } from "./client.ts"
import * as Answers from "./answers.ts"
import * as Exchanging from "./exchanging.ts"
import * as RequestBody from "./requestBody.ts"
import * as Requests from "./requests.ts"
import type { Settings } from "./settings.ts"
import * as Signing from "./signing.ts"
import * as Tokens from "./tokens.ts"
import * as Faults from "./transportFaults.ts"

// A shorter credential may stand in a text by chance.
const pasted = 16

const isRefusal = ({ status }: VendorResponse): boolean => status === 401 || status === 403

// Tokens, where the vendor wants them in place of the key.
const tokensOf = (
  settings: Settings,
  scrubber: Scrubber.Scrubber,
  parts: {
    readonly client: Effect.Effect<string, TransportFault>
    readonly send: Exchanging.Send
    readonly faults: Faults.TransportFaults
  }
): Tokens.Keys | null => {
  const { auth } = settings
  if (typeof auth !== "object" || !("clientCredentials" in auth)) return null
  const { clientCredentials: grant } = auth
  const url = grant.tokenUrl.startsWith("/") ? settings.origin + settings.prefix + grant.tokenUrl : grant.tokenUrl
  return Tokens.make({
    grant,
    client: parts.client,
    post: (form, headers) => {
      const body = HttpBody.text(new URLSearchParams(form).toString(), "application/x-www-form-urlencoded")
      const request = Requests.bare(settings, "POST", url, null).pipe(
        HttpClientRequest.setBody(body),
        HttpClientRequest.setHeaders(headers)
      )
      // The vendor has not been asked for anything yet, whatever becomes of this request.
      return Effect.mapError(
        parts.send(request, { sent: false, answer: null }, "token"),
        ({ code, message, permanent }) => new TransportFault({ sent: false, permanent, code, message })
      )
    },
    learn: scrubber.learn,
    fault: (code, permanent, words) => parts.faults.make({ sent: false, permanent, code }, words)
  })
}

// Why a request is not sent at all.
const refusalsOf = ({ refused }: Faults.TransportFaults) => ({
  path: refused("invalid-path", "the request was not sent: its path could lead somewhere else"),
  credentialInPath: refused("invalid-path", "the request was not sent: its path holds a credential"),
  credentialInBody: refused("invalid-body", "the request was not sent: its body holds a credential"),
  unwritable: (as: RequestBody.Encoding) => {
    const words = as === "json" ? "JSON" : as === "text" ? "text" : `a ${as} body`
    return refused("invalid-body", `the request was not sent: its body cannot be written as ${words}`)
  }
})

export const connect = (wire: Exchanging.Wire, settings: Settings): VendorClient => {
  const scrubber = Scrubber.ofProcess
  const faults = Faults.faultsOf(settings, scrubber)
  const refusals = refusalsOf(faults)
  const send = Exchanging.sender(wire, Answers.reader({ ...settings, scrubber }), faults)
  const within = Exchanging.deadline(settings, faults)
  const sign = Signing.signer(settings, faults)
  const credential = Signing.credentialOf(settings, scrubber, faults)
  const tokens = tokensOf(settings, scrubber, { client: credential, send, faults })
  const key = settings.auth === "none" ? Effect.succeed("") : (tokens?.current ?? credential)
  const base = settings.origin.length + settings.prefix.length

  const attempt = (
    asked: Requests.Asked,
    value: string,
    exchange: Answers.Exchange
  ): Effect.Effect<VendorResponse, TransportFault> =>
    Effect.flatMap(sign(asked, value), (request) => {
      const sent = send(request, exchange, asked.answer)
      if (tokens === null) return sent
      return Effect.tap(sent, (answer) => {
        if (isRefusal(answer)) tokens.denied(value)
        return Effect.void
      })
    })

  // Somebody pasted a key where an id or a target belongs. A key leaves in its header and nowhere else, also another
  // account's or another vendor's.
  const holds = (text: string): boolean => scrubber.finds(text, pasted)
  const inPath = ({ request }: Requests.Asked): boolean => holds(request.url.slice(base))

  return {
    origin: settings.origin,
    get: (path, options) => {
      if (!BaseUrl.isPath(path)) return refusals.path
      const asked = Requests.ask(settings, "GET", path, options, null)
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (first) =>
          Effect.flatMap(inPath(asked) ? refusals.credentialInPath : attempt(asked, first, exchange), (answer) => {
            if (!isRefusal(answer) || options?.once === true) return Effect.succeed(answer)
            exchange.answer = answer
            return Effect.matchEffect(key, {
              onFailure: () => Effect.succeed(answer),
              onSuccess: (second) => (second === first ? Effect.succeed(answer) : attempt(asked, second, exchange))
            })
          })
        )
      )
    },
    post: (path, body, options) => {
      if (!BaseUrl.isPath(path)) return refusals.path
      const as = options?.as ?? "json"
      const encoded = as === "none" ? null : RequestBody.encode(body, as)
      if (encoded === null && as !== "none") return refusals.unwritable(as)
      const asked = Requests.ask(settings, options?.method ?? "POST", path, options, encoded)
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (value) => {
          if (inPath(asked)) return refusals.credentialInPath
          return encoded !== null && holds(RequestBody.asText(encoded))
            ? refusals.credentialInBody
            : attempt(asked, value, exchange)
        })
      )
    },
    scrub: scrubber.text
  }
}
