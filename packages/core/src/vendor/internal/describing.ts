// What follows from a definition without asking anybody: the parts of the port that are facts, and what kits, commands and
// simulated vendors need to know of its calls.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { RequestFault } from "../../engine/ScanAdapter.ts"
import * as WireFields from "../../http/WireFields.ts"
import type { Definition } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import type { Fixed } from "./adapter.ts"
import type { Paced } from "./pacing.ts"
import * as Preparing from "./preparing.ts"
import type { Vendor } from "./vendorModel.ts"

/** A value as text, the keys of its objects in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    WireFields.isRecord(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

/** An age that is no duration says nothing. */
const ageOf =
  <T>(maxAge: (target: T) => Duration.Input | null) =>
  (target: T): Duration.Duration | null => {
    const age = maxAge(target)
    return age === null ? null : Option.getOrNull(Duration.fromInput(age))
  }

const unauthorized: RequestFault = {
  path: ["authorized"],
  message: "must be true: its scans attack the target, and you must be allowed to do that"
}

const isAuthorized = (target: unknown): boolean =>
  Predicate.hasProperty(target, "authorized") && target.authorized === true

/** Finds every fault of a target. */
const checker = <T>({
  active,
  check,
  target: schema
}: Pick<Definition<T, never, never, never, never>, "active" | "check" | "target">) => {
  const shape = Schema.decodeUnknownResult(Schema.toType(schema), { errors: "all" })
  return (target: T): ReadonlyArray<RequestFault> => {
    const read = shape(target)
    const shaped = Result.isFailure(read) ? Wire.faults(read.failure.issue) : []
    // What the vendor's own check says of a field, it says better; it is made for targets of the right shape.
    const own = shaped.length > 0 ? [] : (check?.(target) ?? [])
    return [...(active === true && !isAuthorized(target) ? [unauthorized] : []), ...own, ...shaped]
  }
}

/** What of the port follows from the definition alone. */
export const fixed = <T, A, P, F, L, K extends string>(
  definition: Definition<T, A, P, F, L, K>,
  { budget, limits, policies }: Paced
): Fixed<T> => {
  const { fingerprint, maxAge, pacing, subject } = definition
  return {
    limits,
    policy: policies.default,
    policies,
    budget,
    ...(pacing.durations === undefined ? {} : { durations: pacing.durations }),
    check: checker(definition),
    subject,
    fingerprint: fingerprint ?? canonical,
    ...(maxAge === undefined ? {} : { maxAge: ageOf(maxAge) })
  }
}

/** Where ids and words are, and how the vendor is asked. */
export const calls = <T, A, P, F, L, K extends string>(
  definition: Definition<T, A, P, F, L, K>
): Pick<Vendor<T, P>, "capabilities" | "places" | "calls"> => {
  const { cancel, findings, list, prepare, recover, result, status, submit } = definition
  const names = Preparing.namesOf(prepare)
  const sent = "known" in submit ? null : submit
  const id = sent === null || typeof sent.id === "function" ? null : sent.id
  const { words } = status
  return {
    capabilities: {
      findings: findings !== undefined,
      list: list !== undefined,
      prepare: names.length > 0,
      recover: recover !== undefined,
      cancel: cancel !== undefined
    },
    places: {
      submitId: id === null || "location" in id || "prepared" in id ? null : id,
      location: id !== null && "location" in id ? id : null,
      prepared: id !== null && "prepared" in id ? id : null,
      id: status.id,
      word: typeof status.word === "function" ? null : status.word,
      resultId: result?.id ?? null
    },
    calls: {
      submit:
        sent === null
          ? null
          : {
              path: typeof sent.path === "function" ? Preparing.withStored(names, sent.path) : sent.path,
              ...(sent.method === undefined ? {} : { method: sent.method }),
              ...(sent.query === undefined ? {} : { query: Preparing.withStored(names, sent.query) }),
              ...(sent.already === undefined ? {} : { already: sent.already })
            },
      prepare: names.flatMap((name) => (prepare === undefined ? [] : [{ ...prepare[name], name }])),
      recover: recover === undefined ? null : { path: typeof recover.path === "string" ? recover.path : null },
      cancel: cancel ?? null,
      status: {
        ...status,
        words: typeof words === "function" ? (word) => words(word) !== null : Object.keys(words)
      },
      result: result ?? null,
      findings: findings ?? null,
      list: list ?? null
    }
  }
}
