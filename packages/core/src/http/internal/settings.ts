// The configuration of a client, checked.
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Waits from "../../time/Waits.ts"
import * as Auth from "../Auth.ts"
import * as BaseUrl from "../BaseUrl.ts"
import type { Credential } from "../Credential.ts"
import type { Options } from "./client.ts"

export interface Settings extends BaseUrl.BaseUrl {
  readonly vendor: string
  readonly credential: Credential
  readonly auth: Auth.Auth
  readonly headers: Headers.Headers
  readonly timeout: number
  readonly maxBytes: number
  readonly maxDepth: number
}

const defaultTimeout = 15_000
const defaultMaxBytes = 10 * 1024 * 1024
const defaultMaxDepth = 100

// What this module promises about a request must not be undone by a fixed header.
const ownHeaders =
  /^(?:authorization|proxy-authorization|host|accept-encoding|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|cookie|traceparent|tracestate|b3|x-b3-.*)$/
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const headerValue = /^[\x20-\x7e]*$/

export const finiteMillis = (input: Duration.Input): number | null => {
  const millis = Option.match(Duration.fromInput(input), {
    onNone: () => 0,
    onSome: (duration) => Math.ceil(Duration.toMillis(duration))
  })
  return millis >= 1 && millis <= Waits.longest ? millis : null
}

const wholeUpTo = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most

/** What is wrong with fixed headers, and those that can be sent. */
export const fixedHeaders = (given: Readonly<Record<string, string>>, auth: Auth.Auth) => {
  const shown = typeof auth === "object" && "header" in auth ? auth.header.toLowerCase() : ""
  const headers: Record<string, string> = {}
  const faults: Array<string> = []
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (!headerName.test(lower)) faults.push(`headers: ${JSON.stringify(name.slice(0, 64))} is not a header name`)
    else if (ownHeaders.test(lower) || lower === shown) faults.push(`headers: ${lower} cannot be set`)
    else if (typeof value !== "string" || !headerValue.test(value))
      faults.push(`headers: ${lower} must be visible ASCII`)
    else headers[lower] = value
  }
  return { headers, faults }
}

/** The settings, or everything that is wrong with the options. */
export const check = (options: Options): Result.Result<Settings, ReadonlyArray<string>> => {
  const base = BaseUrl.check(options.baseUrl, options.insecureHosts ?? [])
  const faults: Array<string> = Result.isFailure(base) ? [...base.failure] : []
  const timeout = options.timeout === undefined ? defaultTimeout : finiteMillis(options.timeout)
  if (timeout === null) faults.push("timeout must be a duration from 1 millisecond to 30 days")
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  if (!wholeUpTo(maxBytes, 256 * 1024 * 1024)) faults.push("maxBytes must be a whole number from 1 to 268435456")
  const maxDepth = options.maxDepth ?? defaultMaxDepth
  if (!wholeUpTo(maxDepth, 1000)) faults.push("maxDepth must be a whole number from 1 to 1000")
  const auth = options.auth ?? "bearer"
  faults.push(...Auth.check(auth, options.insecureHosts ?? []))
  const fixed = fixedHeaders(options.headers ?? {}, auth)
  faults.push(...fixed.faults)
  const headers: Record<string, string> = { accept: "application/json", ...fixed.headers }
  headers["accept-encoding"] = "identity"
  return Result.isFailure(base) || timeout === null || faults.length > 0
    ? Result.fail(faults)
    : Result.succeed({
        ...base.success,
        vendor: options.vendor,
        credential: options.credential,
        auth,
        headers: Headers.fromInput(headers),
        timeout,
        maxBytes,
        maxDepth
      })
}
