/**
 * A vendor made of scripted answers: each request takes the next one and is written down.
 */
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { AppVet } from "@scanpoll/appvet"

export const origin = "https://appvet.dev"
export const key = `avk_live_${"k".repeat(40)}`
export const mark = "[key]"
export const scanId = "scan_abc123"
export const ticket = {
  v: 1 as const,
  vendor: "appvet",
  origin,
  account: "default",
  scanId,
  submittedAt: 0
}

export const fixture = (name: string): WireFields.WireRecord => {
  const value: unknown = JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"))
  if (!WireFields.isRecord(value)) throw new Error(`${name} is not an object`)
  return value
}

export const response = (
  status: number,
  body: unknown,
  rest: Partial<VendorHttp.VendorResponse> = {}
): VendorHttp.VendorResponse => ({
  status,
  body: { _tag: "Json", value: body },
  hint: Option.none(),
  quota: Option.none(),
  requestId: null,
  warnings: [],
  ...rest
})

export const unreadable = (
  status: number,
  why: "empty" | "not-json" | "too-large" | "too-deep" | "encoding" = "not-json",
  rest: Partial<VendorHttp.VendorResponse> = {}
): VendorHttp.VendorResponse => ({
  ...response(status, null, rest),
  body: { _tag: "Unreadable", why, detail: `HTTP ${status} text/html, 512 bytes` }
})

export const quota = (limit: number | null, remaining: number | null, resetAt: number | null) =>
  Option.some({ limit, remaining, resetAt })

export interface Sent {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
}

export type Step = VendorHttp.VendorResponse | VendorHttp.TransportFault

/** As the real one does: a body arrives without the key in it. */
const scrubbed = (step: VendorHttp.VendorResponse): VendorHttp.VendorResponse =>
  step.body._tag === "Json" && JSON.stringify([step.body.value]).includes(key)
    ? { ...step, body: { _tag: "Json", value: JSON.parse(JSON.stringify(step.body.value).replaceAll(key, mark)) } }
    : step

export const make = (steps: ReadonlyArray<Step>) => {
  const sent: Array<Sent> = []
  const made: Array<VendorHttp.Options> = []
  const next = (request: Sent) =>
    Effect.suspend(() => {
      const step = steps[sent.length]
      sent.push(request)
      if (step === undefined) return Effect.die(new Error(`no answer is scripted for request ${sent.length}`))
      return step instanceof VendorHttp.TransportFault ? Effect.fail(step) : Effect.succeed(scrubbed(step))
    })
  const layer = Layer.succeed(VendorHttp.VendorHttp, {
    make: (options) => {
      made.push(options)
      return Effect.succeed({
        origin,
        scrub: (text) => text.replaceAll(key, mark),
        get: (path, options) =>
          next({ method: "GET", path, ...(options?.query === undefined ? {} : { query: options.query }) }),
        post: (path, body) => next({ method: "POST", path, body })
      })
    }
  })
  return { sent, made, layer }
}

/** The adapter in front of the scripted answers, and what it asked. */
export const adapter = (...steps: ReadonlyArray<Step>) => {
  const fake = make(steps)
  return AppVet.make({ credential: Redacted.make(key) }).pipe(
    Effect.orDie,
    Effect.map((adapter) => ({ adapter, sent: fake.sent })),
    Effect.provide(fake.layer)
  )
}

export const transportFault = (sent: boolean, code: string, permanent = false) =>
  new VendorHttp.TransportFault({ sent, permanent, code, message: `no answer: ${code}` })
