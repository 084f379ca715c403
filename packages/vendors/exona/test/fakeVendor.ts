/**
 * A vendor without a wire: answers from a script, and a record of what was asked.
 */
import { type VendorResponse, TransportFault, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { PollAnswer } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Exona } from "@scanpoll/exona"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Result from "effect/Result"
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

const scrub = (text: string): string => text.replaceAll(secret, "<redacted>")

/** As the real one does: a body arrives without the key in it. */
const scrubbed = (response: VendorResponse): VendorResponse =>
  response.body._tag === "Json" && JSON.stringify([response.body.value]).includes(secret)
    ? { ...response, body: { _tag: "Json", value: JSON.parse(scrub(JSON.stringify(response.body.value))) } }
    : response

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
      return next instanceof TransportFault ? Effect.fail(next) : Effect.succeed(scrubbed(next))
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
        scrub
      })
    }
  })
  return { layer, asked, made }
}

/** What the adapter makes of one answer to a poll of `scanId`. */
export const readPoll = (
  response: VendorResponse,
  scanId: string
): Result.Result<PollAnswer<ScanOutcome<ExonaResult>>, PollFault> =>
  Effect.runSync(
    Exona.make({ credential: Redacted.make(secret) }).pipe(
      Effect.orDie,
      Effect.flatMap((adapter) =>
        Effect.result(
          adapter.poll(ScanTicket.make({ vendor: "exona", origin, account: "default", scanId, submittedAt: 0 }))
        )
      ),
      Effect.provide(fakeVendor(response).layer)
    )
  )
