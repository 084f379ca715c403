/** A vendor without a network: each request takes the next scripted answer, and every request is written down. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Result from "effect/Result"
import type * as Duration from "effect/Duration"
import { Compliance } from "@scanpoll/compliance"
import type { CompliancePayload } from "@scanpoll/compliance/ComplianceSchema"
import type { PollAnswer } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import {
  type Options,
  type TransportFault,
  VendorConfigError,
  VendorHttp,
  type VendorResponse
} from "@scanpoll/core/http/VendorHttp"

export const origin = "https://compliance.example"

export const secret = "canary-token-0123456789"

export const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/${name}.json`, "utf8"))

export const withFields = (body: unknown, fields: Readonly<Record<string, unknown>>): unknown => ({
  ...Object.fromEntries(Object.entries(typeof body === "object" && body !== null ? body : {})),
  ...fields
})

export const without = (body: unknown, ...names: ReadonlyArray<string>): unknown =>
  Object.fromEntries(
    Object.entries(typeof body === "object" && body !== null ? body : {}).filter(([name]) => !names.includes(name))
  )

export const json = (value: unknown): VendorResponse["body"] => ({ _tag: "Json", value })

export const unreadable: VendorResponse["body"] = {
  _tag: "Unreadable",
  why: "not-json",
  detail: "status 502, text/html, 120 bytes"
}

export const answer = (
  status: number,
  body: unknown,
  rest: Partial<Omit<VendorResponse, "status" | "body">> = {}
): VendorResponse => ({
  status,
  body: json(body),
  hint: Option.none(),
  quota: Option.none(),
  requestId: null,
  warnings: [],
  ...rest
})

export const scrub = (text: string): string => text.replaceAll(secret, "<redacted>")

/** As the real one does: a body arrives without the key in it. */
const scrubbed = (response: VendorResponse): VendorResponse =>
  response.body._tag === "Json" && JSON.stringify([response.body.value]).includes(secret)
    ? { ...response, body: json(JSON.parse(scrub(JSON.stringify(response.body.value)))) }
    : response

export interface Sent {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body: unknown
  readonly timeout: Duration.Input | undefined
}

export interface Fake {
  readonly sent: Array<Sent>
  readonly options: Array<Options>
  readonly layer: Layer.Layer<VendorHttp>
}

/** Answers in the order given; the last one is given again and again. */
export const fake = (...script: ReadonlyArray<VendorResponse | TransportFault>): Fake => {
  const sent: Array<Sent> = []
  const options: Array<Options> = []
  const reply = (request: Sent) =>
    Effect.suspend(() => {
      sent.push(request)
      const next = script[Math.min(sent.length, script.length) - 1]
      if (next === undefined) return Effect.die("no answer is scripted")
      return "_tag" in next ? Effect.fail(next) : Effect.succeed(scrubbed(next))
    })
  const service = VendorHttp.of({
    make: (given) => {
      options.push(given)
      return given.baseUrl.startsWith("https://")
        ? Effect.succeed({
            origin,
            get: (path, more) => reply({ method: "GET", path, body: null, timeout: more?.timeout }),
            post: (path, body, more) => reply({ method: "POST", path, body, timeout: more?.timeout }),
            scrub
          })
        : Effect.fail(new VendorConfigError({ vendor: given.vendor, faults: ["the base URL must be https"] }))
    }
  })
  return { sent, options, layer: Layer.succeed(VendorHttp, service) }
}

/** What the adapter makes of one answer to a poll. */
export const readPoll = (
  ticket: ScanTicket,
  response: VendorResponse
): Result.Result<PollAnswer<ScanOutcome<CompliancePayload>>, PollFault> =>
  Effect.runSync(
    Compliance.make({ baseUrl: origin, credential: Redacted.make(secret) }).pipe(
      Effect.orDie,
      Effect.flatMap((adapter) => Effect.result(adapter.poll(ticket))),
      Effect.provide(fake(response).layer)
    )
  )
