/**
 * A vendor without a wire: answers from a script, and a record of what was asked.
 */
import type { VendorResponse } from "@scanpoll/core/http/VendorHttp"
import { TransportFault, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { ExonaRequest } from "@scanpoll/exona/ExonaSchema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"

export const fixture = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"))

export const secret = "exo_live_canary_0123456789"

export const origin = "https://platform.exonalab.com"

export const request: ExonaRequest = { company: { name: "Acme AI Ltd", website: "https://acme.ai" } }

export const json = (status: number, value: unknown, more: Partial<VendorResponse> = {}): VendorResponse => ({
  status,
  body: { _tag: "Json", value },
  hint: Option.none(),
  quota: Option.none(),
  requestId: "req_header",
  warnings: [],
  ...more
})

export const unreadable = (status: number, why: "empty" | "not-json" | "too-large"): VendorResponse =>
  json(status, null, { body: { _tag: "Unreadable", why, detail: `${status} text/html, 812 bytes` } })

export const seconds = (n: number): Option.Option<Duration.Duration> => Option.some(Duration.seconds(n))

export interface Asked {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body: unknown
  readonly timeout: number | null
}

/**
 * The last answer of the script is repeated. Texts are scrubbed of `secret`.
 */
export const fakeVendor = (...script: ReadonlyArray<VendorResponse | TransportFault>) => {
  const asked: Array<Asked> = []
  const made: Array<{ readonly baseUrl: string; readonly insecureHosts: ReadonlyArray<string> }> = []
  const answer = (request: Asked) =>
    Effect.suspend(() => {
      const next = script[Math.min(asked.length, script.length - 1)]
      asked.push(request)
      if (next === undefined) return Effect.die(new Error("the script of this vendor is empty"))
      return next instanceof TransportFault ? Effect.fail(next) : Effect.succeed(next)
    })
  const timeoutOf = (options: { readonly timeout?: Duration.Input } | undefined) =>
    options?.timeout === undefined ? null : Duration.toMillis(Duration.fromInputUnsafe(options.timeout))
  const layer = Layer.succeed(VendorHttp, {
    make: ({ baseUrl, insecureHosts }) => {
      made.push({ baseUrl, insecureHosts: insecureHosts ?? [] })
      return Effect.succeed({
        origin: new URL(baseUrl).origin,
        get: (path, options) => answer({ method: "GET", path, body: null, timeout: timeoutOf(options) }),
        post: (path, body, options) => answer({ method: "POST", path, body, timeout: timeoutOf(options) }),
        scrub: (text) => text.replaceAll(secret, "<redacted>")
      })
    }
  })
  return { layer, asked, made }
}
