/** Answers of the three vendors, near their own examples and far from them, and the judge of what becomes of each. */
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import { Compliance } from "@scanpoll/compliance/ComplianceVendor"
import type { Already, ScanAdapter, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { PollAnswer } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type { SubmitError } from "@scanpoll/core/model/SubmitError"
import { Exona } from "@scanpoll/exona/ExonaVendor"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import { readdirSync, readFileSync } from "node:fs"
import type { Chance } from "./Chance.ts"
import * as Mutate from "./Mutate.ts"
import * as Verdict from "./Verdict.ts"

export const key = "exo_live_canary+/=&<4711>'\"~*()"

/** The key as a vendor may repeat it. */
export const forms: ReadonlyArray<string> = [
  key,
  encodeURIComponent(key),
  Buffer.from(key).toString("base64"),
  Buffer.from(key).toString("base64url"),
  JSON.stringify(key).slice(1, -1)
]

const told = [...forms, `Bearer ${key}`, Buffer.from(`user:${key}`).toString("base64")]

const origin = "https://vendor.example"

let next: Verdict.Answer = { status: 200, headers: {}, bytes: new Uint8Array() }

const bodiless = new Set([204, 205, 304])

const client = HttpClient.make((request) =>
  Effect.sync(() => {
    const { bytes, headers, status } = next
    const body = bodiless.has(status) ? null : new Blob([Uint8Array.from(bytes)]).stream()
    return HttpClientResponse.fromWeb(request, new Response(body, { status, headers }))
  })
)

const http = Layer.provide(VendorHttp.layer, Layer.succeed(HttpClient.HttpClient, client))

const examples = (folder: string): ReadonlyArray<Mutate.Json> => {
  const at = new URL(`../../../vendors/${folder}/test/fixtures/`, import.meta.url)
  return readdirSync(at)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(new URL(name, at), "utf8")))
}

interface Side {
  readonly vendor: Verdict.Vendor
  readonly examples: ReadonlyArray<Mutate.Json>
  readonly scanIds: ReadonlyArray<string>
  readonly poll: (scanId: string) => Effect.Effect<PollAnswer<ScanOutcome.ScanOutcome<unknown>>, PollFault>
  readonly submit: Effect.Effect<Submitted | Already<unknown>, SubmitError>
  readonly keep: (value: unknown) => string | null
}

const ids = (from: ReadonlyArray<Mutate.Json>): ReadonlyArray<string> => [
  ...new Set(
    from.flatMap((one) => {
      const id = typeof one === "object" && one !== null && "id" in one ? one.id : null
      return typeof id === "string" && ScanTicket.isScanId(id) ? [id] : []
    })
  )
]

const sideOf = <Request, Payload>(
  vendor: Verdict.Vendor,
  adapter: ScanAdapter<Request, Payload>,
  request: Request
): Side => {
  const known = examples(vendor)
  const codec = Schema.toCodecJson(ScanOutcome.schema(adapter.payload))
  const encode = Schema.encodeUnknownResult(codec)
  const decode = Schema.decodeUnknownResult(codec)
  const ticket = (scanId: string) => ScanTicket.make({ vendor, origin, account: "default", scanId, submittedAt: 0 })
  return {
    vendor,
    examples: known,
    scanIds: ids(known),
    poll: (scanId) =>
      Effect.flatMap(adapter.poll(ticket(scanId)), (answer) => {
        const { observation } = answer
        const { collect } = adapter
        return observation._tag === "Settled" && collect !== undefined && observation.value._tag !== "Failed"
          ? Effect.as(Effect.result(collect(observation.value)), answer)
          : Effect.succeed(answer)
      }),
    submit: adapter.submit(request),
    // What a journal would keep, and what comes out of it again.
    keep: (value) => {
      const encoded = encode(value)
      if (Result.isFailure(encoded)) return "the outcome cannot be stored"
      const stored = JSON.stringify(encoded.success)
      const read = decode(JSON.parse(stored))
      if (Result.isFailure(read)) return "the stored outcome cannot be read back"
      const again = encode(read.success)
      // As JSON: a vendor may write -0, which no JSON writes again.
      return Result.isSuccess(again) && isDeepStrictEqual(JSON.parse(JSON.stringify(again.success)), JSON.parse(stored))
        ? null
        : "the stored outcome is read back as another one"
    }
  }
}

const access = { credential: Redacted.make(key), baseUrl: origin }

const sides: ReadonlyArray<Side> = await Effect.runPromise(
  Effect.gen(function* () {
    return [
      sideOf("exona", yield* Exona.make(access), { company: { name: "Acme", website: "https://acme.ai" } }),
      sideOf("appvet", yield* AppVet.make(access), { url: "https://shop.example", type: "security" as const }),
      sideOf("compliance", yield* Compliance.make(access), {
        policyId: "550e8400-e29b-41d4-a716-446655440000",
        uploadId: "123e4567-e89b-42d3-a456-426614174000",
        mappingId: "789e0123-e45b-47c8-9901-234567890123"
      })
    ]
  }).pipe(Effect.provide(http))
)

const statuses = [
  200, 200, 200, 200, 200, 200, 200, 200, 201, 202, 203, 204, 206, 226, 299, 300, 301, 302, 304, 307, 308, 400, 401,
  402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 423, 425, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505,
  507, 511, 520, 529, 599
]

const values = [
  "0",
  "5",
  "007",
  " 10 ",
  "-5",
  "+3",
  "1.5",
  "1e3",
  "0x10",
  "9999999999",
  "9".repeat(400),
  "NaN",
  "Infinity",
  "abc",
  "",
  "10, 20",
  "10;x",
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 2094 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "1994-11-06T08:49:37Z",
  "gzip",
  "identity",
  "identity, gzip",
  "br",
  "application/json",
  "text/html",
  "text/plain;x=\u00e9",
  "application/problem+json"
]

const names = [
  "retry-after",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "date",
  "content-type",
  "x-request-id",
  "content-length",
  "content-encoding",
  "location",
  "set-cookie",
  "transfer-encoding"
]

const headersOf = (chance: Chance): Record<string, string> => {
  const out: Record<string, string> = chance.once(2) ? { "content-type": "application/json" } : {}
  for (let i = chance.once(3) ? 1 + chance.below(3) : 0; i > 0; i--) {
    const name = chance.pick(names)
    const value = chance.once(8)
      ? chance.pick(forms)
      : chance.once(4)
        ? Mutate.text(chance, chance.pick(values))
        : chance.pick(values)
    // A wire cannot carry others inside a header.
    out[name] = value
      .replace(/[^\t\x20-\x7e\x80-\xff]/g, "")
      .trim()
      .slice(0, 500)
  }
  return out
}

const answerOf = (chance: Chance, side: Side): Verdict.Answer => {
  const example = chance.pick(side.examples)
  let bytes = Mutate.body(chance, example, told)
  if (chance.once(20)) {
    // Every character of the key as an escape.
    const escaped = Array.from(key, (char) => `\\u00${char.charCodeAt(0).toString(16)}`).join("")
    bytes = new TextEncoder().encode(Mutate.json(chance, example, ["K4711K"]).replaceAll("K4711K", escaped))
  }
  return { status: chance.once(3) ? chance.pick(statuses) : 200, headers: headersOf(chance), bytes }
}

const leak = (value: unknown): string | null => {
  const text = JSON.stringify(value) ?? ""
  return forms.some((form) => text.includes(form)) ? "the key is in what comes of it" : null
}

const isSaneHint = (hint: Option.Option<Duration.Duration>): boolean => {
  if (hint._tag === "None") return true
  const millis = Duration.toMillis(hint.value)
  return Number.isFinite(millis) && millis >= 0 && millis <= 30 * 86_400_000
}

const severities: Readonly<Record<string, string>> = {
  Low: "low",
  Medium: "medium",
  High: "high",
  "Very High": "critical"
}

const judgeSettled = (
  side: Side,
  scanId: string,
  verdict: Verdict.Verdict,
  outcome: ScanOutcome.ScanOutcome<unknown>
): string | null => {
  if (verdict.is !== "settled" || verdict.as !== outcome._tag) return `settled as ${outcome._tag}`
  if (outcome.ticket.scanId !== scanId) return "settled for another scan"
  if (outcome._tag !== "Failed") {
    const score = outcome.assessment.score?.value ?? null
    if (score !== verdict.score) return `the score is ${score}`
    if (side.vendor === "exona" && outcome.assessment.severity !== (severities[verdict.word ?? ""] ?? "unknown")) {
      return `the severity is ${outcome.assessment.severity}`
    }
    if (
      side.vendor === "appvet" &&
      verdict.word !== null &&
      !/^[A-F][+-]?$/.test(verdict.word) &&
      outcome.assessment.severity !== "unknown"
    ) {
      return `the severity is ${outcome.assessment.severity}`
    }
  }
  return side.keep(outcome)
}

const died = (cause: Cause.Cause<unknown>): string => `a defect: ${Cause.pretty(cause).slice(0, 600)}`

/** A mutated answer to a poll. The problem in words, or null. */
export const poll = (chance: Chance): Effect.Effect<string | null> =>
  Effect.suspend(() => {
    const side = chance.pick(sides)
    const scanId = chance.pick(side.scanIds)
    next = answerOf(chance, side)
    const verdict = Verdict.ofPoll(side.vendor, scanId, next)
    return Effect.map(Effect.exit(side.poll(scanId)), (exit) => {
      const problem = judgePoll(side, scanId, verdict, exit)
      return problem === null ? null : `${problem}, not ${JSON.stringify(verdict)}: ${shown(side, scanId)}`
    })
  })

const shown = (side: Side, scanId: string): string =>
  `${side.vendor} ${scanId}, HTTP ${next.status} ${JSON.stringify(next.headers)} ${JSON.stringify(Buffer.from(next.bytes).toString().slice(0, 1500))}`

const judgePoll = (
  side: Side,
  scanId: string,
  verdict: Verdict.Verdict,
  exit: Exit.Exit<PollAnswer<ScanOutcome.ScanOutcome<unknown>>, PollFault>
): string | null => {
  if (Exit.isFailure(exit)) {
    const found = Cause.findError(exit.cause)
    if (Result.isFailure(found)) return died(exit.cause)
    if (verdict.is !== "fault" || !verdict.kinds.includes(found.success.kind))
      return `a fault: ${JSON.stringify(found.success)}`
    return leak(found.success) ?? leak(found.success.message)
  }
  const answer = exit.value
  if (!isSaneHint(answer.hint)) return "a hint out of its bounds"
  const { observation } = answer
  const leaked = leak(answer)
  if (leaked !== null) return leaked
  switch (observation._tag) {
    case "Settled":
      return judgeSettled(side, scanId, verdict, observation.value)
    case "Ended":
      return "an end without its result, of a vendor that tells both at once"
    case "Pending":
      return verdict.is === observation.phase ? null : `pending, ${observation.phase}`
    case "Unrecognised":
      return verdict.is === "unknown" ? null : "an unknown status"
  }
}

/** A mutated answer to a submission. */
export const submission = (chance: Chance): Effect.Effect<string | null> =>
  Effect.suspend(() => {
    const side = chance.pick(sides)
    next = answerOf(chance, side)
    const read = Verdict.ofSubmission(side.vendor, next)
    // An id that is the key is no id any more.
    const isKey = read.scanId !== null && forms.some((form) => read.scanId?.includes(form))
    const expected = isKey ? Verdict.ofSubmission(side.vendor, next, false) : read
    return Effect.map(Effect.exit(side.submit), (exit) => {
      const problem = judgeSubmission(side, expected, exit)
      return problem === null ? null : `${problem}, not ${JSON.stringify(expected)}: ${shown(side, "POST")}`
    })
  })

const judgeSubmission = (
  side: Side,
  expected: ReturnType<typeof Verdict.ofSubmission>,
  exit: Exit.Exit<Submitted | Already<unknown>, SubmitError>
): string | null => {
  if (Exit.isFailure(exit)) {
    const found = Cause.findError(exit.cause)
    if (Result.isFailure(found)) return died(exit.cause)
    if (!expected.kinds.includes(found.success.kind)) return `an error: ${JSON.stringify(found.success)}`
    return isSaneHint(found.success.hint) ? leak(found.success) : "a hint out of its bounds"
  }
  const submitted = exit.value
  if (expected.scanId === null) return "accepted"
  if (submitted._tag === "Submitted") {
    if (submitted.ticket.scanId !== expected.scanId) return "accepted as another scan"
    return isSaneHint(submitted.hint) ? leak(submitted) : "a hint out of its bounds"
  }
  const { outcome } = submitted
  if (outcome.ticket.scanId !== expected.scanId) return "settled for another scan"
  return judgeAtOnce(side, outcome) ?? side.keep(outcome) ?? leak(submitted)
}

// What settles at once: the same words as in a poll's answer. A failed compliance scan is answered under its `scan_id`.
const judgeAtOnce = (side: Side, outcome: ScanOutcome.ScanOutcome<unknown>): string | null => {
  const scan = Verdict.document(next)
  const status = typeof scan === "object" && scan !== null && "status" in scan ? scan.status : null
  if (side.vendor === "compliance")
    return outcome._tag === "Failed" && status === "failed" ? null : `settled as ${outcome._tag}`
  if (side.vendor === "appvet") return "settled at once"
  const verdict = Verdict.ofPoll(side.vendor, outcome.ticket.scanId, { ...next, status: 200 })
  return judgeSettled(side, outcome.ticket.scanId, verdict, outcome)
}

/** The answer of a seed with the scan it is an answer about, for readers other than ours. */
export const example = (
  chance: Chance
): { readonly vendor: Verdict.Vendor; readonly scanId: string; readonly answer: Verdict.Answer } => {
  const side = chance.pick(sides)
  return { vendor: side.vendor, scanId: chance.pick(side.scanIds), answer: answerOf(chance, side) }
}
