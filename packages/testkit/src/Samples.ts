/**
 * What a vendor's own documentation shows: its requests and answers, as plain data.
 *
 * One value feeds two things. `Conformance.kit` holds a definition against it: the definition says how to read the
 * vendor, the samples say what the vendor says. `SimulatedVendor` plays it: the answers of one scan after the other.
 * Copy the samples from the vendor's pages and not from the definition, or a mistake is made twice and seen by nobody.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"
import type {
  Answer,
  Ending,
  ErrorAnswer,
  Path,
  PreparedId,
  ReconcileFacts,
  RecoverFacts,
  Requests,
  Sent
} from "./internal/kitFacts.ts"

/**
 * An answer about a scan, and what it means.
 *
 * - `means`: the phase of a scan that has not ended, or how it ended. `ended`: it is over, and `result` of the samples has
 *   what came of it. `cancelled`: it was called off. `{ moved, at }`: it goes on under the id `moved`, which is at that place.
 * - `result`: where the verdict lies: a completed scan without it must not be completed.
 * - `reason`: where a failed scan says why.
 *
 * @category models
 * @since 0.2.0
 */
export interface ScanSample {
  readonly means: "queued" | "running" | "ended" | "cancelled" | Ending | { readonly moved: string; readonly at: Path }
  readonly answer: Answer
  readonly result?: ReadonlyArray<Path>
  readonly reason?: ReadonlyArray<Path>
}

/**
 * An answer about a scan that has ended, with its verdict.
 *
 * @category models
 * @since 0.2.0
 */
export type EndSample = Omit<ScanSample, "means"> & { readonly means: Ending }

/**
 * An answer to the request for a result. `word`: the status word that it is the result of, where there are several.
 *
 * @category models
 * @since 0.2.0
 */
export type ResultSample = EndSample & { readonly word?: string }

/**
 * A documented request for something else than the status, and its answer. `{id}` in the path is the scan's id, or what an
 * earlier call of `prepare` returned.
 *
 * @category models
 * @since 0.2.0
 */
export interface CallSample {
  readonly sends: Sent
  readonly answer: Answer
}

/**
 * What a vendor says.
 *
 * - `keys`: two keys in the vendor's form. Default: two that mean nothing.
 * - `requests`: as in a kit; `valid` defaults to the definition's `sample`.
 * - `submit.sends`: the documented request that submits the first valid request. `accepted`: the answers that take it.
 *   `id`: where the id is in them, where the definition finds it with a function; or `{ prepared, says }`, where `prepare` returned it: see
 *   `PreparedId` of a kit. `scanId`: the id of the scan, where it is
 *   more than that: `TARGET/{id}`. `settled`: answers that already are the
 *   end.
 *   Or `submit.waits`, where nothing is submitted: the id that the first valid request names.
 * - `poll.sends`: the documented request. `scans`: an answer for each documented word. `otherId`: an id in the vendor's
 *   form that none of them has. `decides`: the places that tell the status together, where there is no word for it.
 * - `prepare`: the calls that a submission needs first, in their order. `recover`: as in a kit.
 * - `result`: the documented request at the second address, and its answers. `word`: the status word of the scan that is asked
 *   about; an answer may be one to another word. Default: the word of the first ended sample. `decides`: the places that tell
 *   together how the scan ended, each for itself and not for what is in it. `pending`: answers that say that the result is not ready.
 * - `cancel`: the call that cancels a scan. `after`: what its status says afterwards.
 * - `findings`: the pages of the call for findings, and how many findings they hold. `id`: where they say which scan they
 *   are about. `of`: the answer they belong to; default the first completed one.
 * - `list`: as `reconcile` in a kit.
 * - `errors`: documented errors beside those in the definition's table.
 *
 * @category models
 * @since 0.2.0
 */
export interface Samples<T> {
  readonly keys?: readonly [string, string]
  readonly requests: Omit<Requests<T>, "valid"> & Partial<Pick<Requests<T>, "valid">>
  readonly submit:
    | {
        readonly sends: Sent
        readonly id?: Path | PreparedId
        readonly scanId?: string
        readonly accepted: readonly [Answer, ...Array<Answer>]
        readonly settled?: ReadonlyArray<EndSample>
      }
    | { readonly waits: string }
  readonly poll: {
    readonly sends: Sent
    readonly otherId: string
    readonly decides?: ReadonlyArray<Path>
    readonly scans: readonly [ScanSample, ...Array<ScanSample>]
  }
  readonly prepare?: ReadonlyArray<CallSample>
  readonly recover?: RecoverFacts
  readonly result?: {
    readonly sends: Sent
    readonly word?: string
    readonly decides?: ReadonlyArray<Path>
    readonly scans: readonly [ResultSample, ...Array<ResultSample>]
    readonly pending?: ReadonlyArray<{ readonly means: "queued" | "running"; readonly answer: Answer }>
  }
  readonly cancel?: CallSample & { readonly after: Answer }
  readonly findings?: {
    readonly pages: readonly [Answer, ...Array<Answer>]
    readonly count: number
    readonly id?: Path
    readonly of?: ScanSample
  }
  readonly list?: ReconcileFacts<T>
  readonly errors?: ReadonlyArray<ErrorAnswer>
}

const Place = Schema.Array(Schema.Union([Schema.String, Schema.Number]))
const SomeAnswer = Schema.Struct({
  status: Schema.optionalKey(Schema.Number),
  body: Schema.optionalKey(Schema.Unknown),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
const SomeRequest = Schema.Struct({
  method: Schema.Literals(["GET", "POST", "PUT", "DELETE"]),
  path: Schema.String.check(Schema.isPattern(/^\//)),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  as: Schema.optionalKey(Schema.Literals(["json", "form", "multipart", "text", "none"])),
  body: Schema.optionalKey(Schema.Unknown)
})
const SomeCall = Schema.Struct({ sends: SomeRequest, answer: SomeAnswer })
const endings = ["Completed", "Partial", "Failed"] as const
const SomeScan = Schema.Struct({
  means: Schema.Union([
    Schema.Literals(["queued", "running", "ended", "cancelled", ...endings]),
    Schema.Struct({ moved: Schema.String, at: Place })
  ]),
  answer: SomeAnswer,
  result: Schema.optionalKey(Schema.Array(Place)),
  reason: Schema.optionalKey(Schema.Array(Place))
})
const SettledScan = Schema.Struct({ ...SomeScan.fields, means: Schema.Literals(endings) })
const atLeastOne = <S extends Schema.Top>(item: S) => Schema.NonEmptyArray(item)
const Pairs = atLeastOne(Schema.Tuple([Schema.Unknown, Schema.Unknown]))
const PollKind = Schema.Literals(["Transient", "Throttled", "Missing", "Denied", "Broken"])
const SubmitKind = Schema.Literals(["Refused", "Denied", "Throttled", "NotSent", "InDoubt"])

const Shape = Schema.Struct({
  keys: Schema.optionalKey(Schema.Tuple([Schema.String, Schema.String])),
  requests: Schema.Struct({
    valid: Schema.optionalKey(atLeastOne(Schema.Unknown)),
    equal: Pairs,
    different: Pairs,
    anew: Schema.optionalKey(atLeastOne(Schema.Unknown)),
    invalid: atLeastOne(Schema.Struct({ request: Schema.Unknown, path: Place }))
  }),
  submit: Schema.Union([
    Schema.Struct({
      sends: SomeRequest,
      id: Schema.optionalKey(
        Schema.Union([Place, Schema.Struct({ prepared: Schema.String, says: Schema.optionalKey(Schema.Array(Place)) })])
      ),
      scanId: Schema.optionalKey(Schema.String),
      accepted: atLeastOne(SomeAnswer),
      settled: Schema.optionalKey(Schema.Array(SettledScan))
    }),
    Schema.Struct({ waits: Schema.String })
  ]),
  poll: Schema.Struct({
    sends: SomeRequest,
    otherId: Schema.String,
    decides: Schema.optionalKey(Schema.Array(Place)),
    scans: atLeastOne(SomeScan)
  }),
  prepare: Schema.optionalKey(Schema.Array(SomeCall)),
  recover: Schema.optionalKey(
    Schema.Struct({
      sends: SomeRequest,
      found: Schema.Struct({ answer: SomeAnswer, id: Schema.String }),
      none: atLeastOne(SomeAnswer),
      unsure: Schema.optionalKey(Schema.Array(SomeAnswer))
    })
  ),
  result: Schema.optionalKey(
    Schema.Struct({
      sends: SomeRequest,
      word: Schema.optionalKey(Schema.String),
      decides: Schema.optionalKey(Schema.Array(Place)),
      scans: atLeastOne(Schema.Struct({ ...SettledScan.fields, word: Schema.optionalKey(Schema.String) })),
      pending: Schema.optionalKey(
        Schema.Array(Schema.Struct({ means: Schema.Literals(["queued", "running"]), answer: SomeAnswer }))
      )
    })
  ),
  cancel: Schema.optionalKey(Schema.Struct({ ...SomeCall.fields, after: SomeAnswer })),
  findings: Schema.optionalKey(
    Schema.Struct({
      pages: atLeastOne(SomeAnswer),
      count: Schema.Number,
      id: Schema.optionalKey(Place),
      of: Schema.optionalKey(SomeScan)
    })
  ),
  list: Schema.optionalKey(
    Schema.Struct({
      request: Schema.Unknown,
      since: Schema.Number,
      scripts: Schema.Array(Schema.Struct({ steps: Schema.Array(SomeAnswer) })),
      finds: atLeastOne(Schema.String)
    })
  ),
  errors: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        answer: SomeAnswer,
        submit: Schema.optionalKey(SubmitKind),
        poll: Schema.optionalKey(PollKind),
        permanent: Schema.optionalKey(Schema.Boolean),
        on: Schema.optionalKey(
          Schema.Array(Schema.Literals(["status", "result", "findings", "list", "recover", "cancel"]))
        ),
        anyBody: Schema.optionalKey(Schema.Boolean)
      })
    )
  )
})

/**
 * The samples of a module without types; a failure names everything that is wrong, by its place.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (value: unknown): Result.Result<Samples<unknown>, ReadonlyArray<string>> => {
  const found = Schema.decodeUnknownResult(Shape, { errors: "all", onExcessProperty: "error" })(value)
  return Result.mapError(found, ({ issue }) =>
    Wire.faults(issue).map(({ message, path }) => `${["samples", ...path].join(".")} ${message}`)
  )
}
