/** A vendor without a network: each request takes the next scripted answer, and every request is written down. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Duration from "effect/Duration"
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
      return "_tag" in next ? Effect.fail(next) : Effect.succeed(next)
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
