// What has to be there before a submission, made by calls that buy nothing; and what became of a submission, by what was
// made for it. Law: a failure here never leaves a doubt.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { segment, type VendorClient, type VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import * as Wire from "../Wire.ts"
import { type Asking, unaskable } from "./asking.ts"
import type { PrepareCall, Prepared, RecoverCall, Submit } from "./calls.ts"
import type { Faults } from "./faults.ts"

const longest = 1_000

const isKeepable = (value: unknown): value is string | number =>
  typeof value === "number"
    ? Number.isSafeInteger(value)
    : typeof value === "string" && value !== "" && value.length <= longest && value.isWellFormed()

/** The names of the calls, in their order. */
export const namesOf = <K extends string>(calls: Readonly<Record<K, unknown>> | undefined): ReadonlyArray<K> => {
  const names: Array<K> = []
  for (const name in calls) names.push(name)
  return names
}

/** Whether that is what these calls returned: it may come from a journal. */
export const isPrepared = <K extends string>(names: ReadonlyArray<K>, value: unknown): value is Prepared<K> =>
  names.length === 0 ||
  (WireFields.isRecord(value) && names.every((name) => Object.hasOwn(value, name) && isKeepable(value[name])))

/** A function of a target and what was prepared, for callers that have it from a journal. */
export const withStored =
  <T, K extends string, A>(
    names: ReadonlyArray<K>,
    part: (target: T, prepared: Prepared<K>) => A
  ): ((target: T, stored?: unknown) => A) =>
  (target, stored = {}) => {
    if (isPrepared(names, stored)) return part(target, stored)
    throw new TypeError(`${names.join(" and ")} must be prepared first`)
  }

/** A path in which `{name}` stands for what was prepared. */
export const fill = (path: string, prepared: Prepared<string>): string =>
  path.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => segment(String(prepared[name] ?? "")))

/** The part of an answer that a call takes: of the body, or of the `Location`. */
export const taken = (
  place: PrepareCall<never>["take"],
  { body, location }: Pick<VendorResponse, "body" | "location">
): unknown => {
  const value = body._tag === "Json" ? body.value : null
  if (typeof place === "function") return value === null ? null : place(value)
  return "location" in place ? inLocation(place.location, location) : Wire.get(value, place)
}

/** The first group of a form in the `Location` header. */
export const inLocation = (form: RegExp, location: string | undefined): string | null => {
  const found = location === undefined ? null : form.exec(location)?.[1]
  if (found === null || found === undefined) return null
  try {
    return decodeURIComponent(found)
  } catch {
    return null
  }
}

const isAccepted = (status: number): boolean => status >= 200 && status < 300

const notPrepared = (message: string, permanent: boolean): SubmitError.SubmitError =>
  SubmitError.make({ kind: "NotSent", permanent, code: "not-prepared", message })

/** Nothing is bought by it: what would be in doubt of a submission may be made again here. */
const withoutDoubt = (error: SubmitError.SubmitError): SubmitError.SubmitError => {
  if (error.kind !== "InDoubt") return error
  const { code, hint, message, permanent, quota, requestId } = error
  return SubmitError.make({ kind: "NotSent", permanent, code, message, requestId, hint, quota })
}

const millisOf = (input: Duration.Input): number =>
  Option.match(Duration.fromInput(input), { onNone: () => 0, onSome: Duration.toMillis })

/** How long the calls may take together, where they wait for something; null where they do not. */
export const longestOf = (
  calls: Readonly<Record<string, Pick<PrepareCall<never>, "pending">>>,
  timeout: Duration.Duration
): Duration.Duration | null => {
  const waits = Object.values(calls).map(({ pending }) => (pending === undefined ? 0 : millisOf(pending.within)))
  const sum = waits.reduce((all, one) => all + one, 0)
  return sum === 0 ? null : Duration.sum(Duration.millis(sum), Duration.times(timeout, waits.length))
}

/** Makes what the submission of a target needs, call by call. */
export const preparing = <T, K extends string>(
  calls: Readonly<Record<K, PrepareCall<T>>>,
  client: VendorClient,
  faults: Faults<T>,
  timeout: NonNullable<Parameters<VendorClient["get"]>[1]>["timeout"]
) => {
  const { scrub } = client
  const send = (call: PrepareCall<T>, target: T, before: Prepared<string>) => {
    const path = typeof call.path === "function" ? call.path(target, before) : fill(call.path, before)
    const query = call.query?.(target, before)
    const options = {
      ...(timeout === undefined ? {} : { timeout }),
      ...(query === undefined ? {} : { query })
    }
    if (call.method === "GET") return client.get(path, options)
    const as = call.body === undefined ? "none" : call.as
    return client.post(path, call.body?.(target, before), {
      ...options,
      ...(call.method === undefined ? {} : { method: call.method }),
      ...(as === undefined ? {} : { as })
    })
  }

  /** Asks until the answer no longer says that it is not ready. */
  const answered = Effect.fnUntraced(function* (call: PrepareCall<T>, target: T, before: Prepared<string>) {
    const asked = Effect.mapError(send(call, target, before), (fault) =>
      withoutDoubt(faults.lost(fault, scrub, target))
    )
    const { pending } = call
    let response = yield* asked
    if (pending === undefined) return response
    const end = (yield* Clock.currentTimeMillis) + millisOf(pending.within)
    while (isAccepted(response.status) && response.body._tag === "Json" && pending.says(response.body.value)) {
      if ((yield* Clock.currentTimeMillis) >= end) {
        return yield* notPrepared(
          `what the submission needs was not there within ${Duration.format(Duration.millis(millisOf(pending.within)))}`,
          false
        )
      }
      yield* Effect.sleep(Duration.millis(millisOf(pending.every)))
      response = yield* asked
    }
    return response
  })

  return Effect.fnUntraced(function* (target: T): Effect.fn.Return<unknown, SubmitError.SubmitError> {
    const made: Record<string, string | number> = {}
    for (const name of namesOf(calls)) {
      const call = calls[name]
      const response = yield* answered(call, target, made)
      if (!isAccepted(response.status)) return yield* withoutDoubt(faults.submit(response, scrub, target))
      const value = taken(call.take, response)
      if (!isKeepable(value)) {
        const words = `HTTP ${response.status} without what prepare.${name} takes: nothing was submitted`
        return yield* notPrepared(words, false)
      }
      if (scrub(String(value)) !== String(value)) {
        return yield* notPrepared(`what prepare.${name} took holds a key: nothing was stored or submitted`, true)
      }
      made[name] = value
    }
    return made
  })
}

/** Asks what became of a submission, by what was prepared for it. */
export const recovering =
  <K extends string>(
    call: RecoverCall<K>,
    names: ReadonlyArray<K>,
    { broken, fault, json, send }: Asking,
    isOwnError: (response: VendorResponse) => boolean,
    ticketOf: (rawId: unknown) => ScanTicket | null
  ) =>
  (prepared: unknown): Effect.Effect<ScanTicket | null, PollFault> =>
    Effect.gen(function* () {
      if (!isPrepared(names, prepared)) {
        return yield* unaskable("not-prepared", "what was stored with the claim cannot be part of a request")
      }
      const path = typeof call.path === "function" ? call.path(prepared) : fill(call.path, prepared)
      const response = yield* send(path, call.query?.(prepared))
      if (response.status !== 200) {
        if (call.none?.includes(response.status) === true && isOwnError(response)) return null
        return yield* fault("recover", response)
      }
      const found = call.scan(yield* json(response), prepared)
      if (found === null) return null
      if (typeof found === "object") return yield* broken(response, found.code, found.message)
      const ticket = ticketOf(found)
      return ticket === null
        ? yield* broken(response, "invalid-answer", "the id of the scan that was started cannot be one")
        : ticket
    })

/** The id of a new scan in an answer, before it is known to be one. */
export const newId = <T, P, K extends string>(
  { id }: Pick<Submit<T, P, K>, "id">,
  response: VendorResponse,
  prepared: Prepared<K>,
  target: T
): unknown => {
  if (typeof id === "function") return response.body._tag === "Json" ? id(response.body.value, prepared, target) : null
  if ("prepared" in id) return isAccepted(response.status) ? prepared[id.prepared] : null
  return taken(id, response)
}
