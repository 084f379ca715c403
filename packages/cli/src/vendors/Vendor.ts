/**
 * A vendor as the command sees it: its name, its variables, how a target is written, and its adapter behind one type.
 *
 * The types of a vendor's requests and payloads end here, so everything above handles three vendors, or ten, alike.
 *
 * @since 0.1.0
 */
import type { AccountLimits, RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { ClaimEntry, JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Definitions from "@scanpoll/core/vendor/Vendor"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import type { Credential, CredentialError } from "@scanpoll/core/http/Credential"
import type { PollAnswer } from "@scanpoll/core/model/Observation"
import * as PollFaults from "@scanpoll/core/model/PollFault"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import * as Tickets from "@scanpoll/core/model/ScanTicket"
import * as SubmitErrors from "@scanpoll/core/model/SubmitError"
import type { PollPolicy } from "@scanpoll/core/policy/PollPolicy"
import type { VendorLimits } from "@scanpoll/core/policy/VendorLimits"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Placeholder from "../config/Placeholder.ts"
import * as Shape from "./Shape.ts"

/**
 * How to reach one account of a vendor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Access {
  readonly account: string
  readonly baseUrl: string | null
  readonly credential: Credential
  /** The variable the credential is read from, for messages that say which key to fix. Null for a vendor without keys. */
  readonly variable: string | null
  readonly insecureHosts: ReadonlyArray<string>
  /** The values of the vendor's `extraVariables` that are set. */
  readonly extra: Readonly<Record<string, string>>
}

/**
 * What a wait may be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitOptions {
  readonly policy?: (recommended: PollPolicy) => PollPolicy
  readonly fresh?: boolean
}

/**
 * How a target is asked for. `name` stands for its subject from run to run, whatever its address is; null or left out:
 * the subject stands for itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface TargetOptions extends Pick<WaitOptions, "policy"> {
  readonly name?: string | null
  readonly lane?: string
}

/**
 * What a target is about: its subject and the vendor's type of scan, "" where the vendor has one alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface About {
  readonly subject: Subject
  readonly scanType: string
}

/**
 * A subject under the name that stands for it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const named = (subject: Subject, name: string | null | undefined): Subject =>
  name === null || name === undefined ? subject : { ...subject, name, series: `name=${name}` }

/**
 * One account of a vendor, ready to be asked. `input` is what `Vendor.faults` found nothing wrong with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly vendor: string
  readonly account: string
  readonly origin: string
  readonly limits: VendorLimits
  readonly policies: ScanAdapter<never, unknown>["policies"]
  /** For the poller of any claim of this account. */
  readonly adapter: Scans.AnyAdapter
  readonly request: (input: unknown, options: TargetOptions) => Scans.ScanRequest<unknown>
  readonly ticket: (scanId: string, options: WaitOptions) => Scans.ScanRequest<unknown>
  /** One request that costs nothing and fails with `Denied` where the key is refused. */
  readonly probe: Effect.Effect<void, PollFaults.PollFault>
  /** Asks the vendor to cancel a scan; null where it has no call for that. */
  readonly cancel: ((ticket: Tickets.ScanTicket, subject?: Subject) => Effect.Effect<void, PollFaults.PollFault>) | null
  readonly pollOnce: (
    scanId: string,
    subject?: Subject
  ) => Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFaults.PollFault>
  /** Whether a claim of the journal was made with this account at this address. */
  readonly isFor: (entry: ClaimEntry) => boolean
  readonly claim: (entry: ClaimEntry, options: WaitOptions) => Scans.ScanRequest<unknown>
  readonly reconcile: (
    claimId: string
  ) => Effect.Effect<Scans.Reconciled, PollFaults.PollFault | JournalError, ScanJournal>
}

/**
 * What a target on the command line says, as it would stand in a plan.
 *
 * @category models
 * @since 0.1.0
 */
export type TargetText = Result.Result<Readonly<Record<string, unknown>>, string>

/**
 * What `scanpoll vendors` and `scanpoll doctor` tell about a vendor.
 *
 * - `keyForm`: what a real credential looks like, or null. One of another form is tried all the same.
 * - `probe`: a scan id that nobody has; asking for it costs nothing. Unused where the adapter has a probe of its own.
 * - `isId`: whether a text is of the form of the vendor's scan ids.
 * - `doubt`: what a person can do about a submission that may or may not have been accepted, and what it may cost.
 * - `isActive`: its scans attack what they scan.
 * - `asOf`: the day on which what is known of it was last held against its documentation; null where that is not told.
 * - `terms`: what a user should know before the first scan: who sees what is scanned, what a key may not be used for.
 * - `extraWords`: what the extra variables hold, where that is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorFacts {
  readonly title: string
  readonly scans: string
  readonly docs: string
  /** Null for a vendor without keys. */
  readonly keyVariable: string | null
  readonly baseVariable: string
  readonly defaultBaseUrl: string | null
  readonly extraVariables: ReadonlyArray<string>
  readonly extraWords: Readonly<Record<string, string>>
  readonly keyForm: { readonly pattern: RegExp; readonly words: string } | null
  readonly capabilities: ReadonlyArray<string>
  readonly rateLimit: string
  readonly targetForm: string
  readonly probe: string
  readonly isId: (text: string) => boolean
  readonly doubt: ReadonlyArray<string>
  readonly isActive: boolean
  readonly asOf: string | null
  readonly terms: ReadonlyArray<string>
}

/**
 * - `keys`: the keys of a target, without those that every vendor has.
 * - `schema`: the JSON Schema source of a target.
 * - `faults`: everything wrong with a target that can be known without asking anybody; empty when nothing is.
 * - `about`: what a target is about; null where that cannot be told without asking, or the target has faults.
 * - `parse`: reads what follows `vendor:` on the command line.
 * - `open`: makes the account; fails with every fault of its configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendor extends VendorFacts {
  readonly name: string
  readonly keys: ReadonlyArray<string>
  readonly schema: Schema.Top
  readonly limits: VendorLimits
  readonly policies: ScanAdapter<never, unknown>["policies"]
  readonly faults: (input: unknown) => ReadonlyArray<RequestFault>
  readonly about: (input: unknown) => About | null
  readonly parse: (text: string) => TargetText
  readonly open: (access: Access) => Effect.Effect<Account, VendorConfigError | CredentialError, VendorHttp>
}

// A command that asks once does not sleep through a pause of an hour without a word.
const patience = { patience: "10 seconds" } as const

// An adapter knows the usual variable of its vendor; the key of this account may come from another one.
const namingVariable = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  usual: string,
  variable: string
): ScanAdapter<Request, Payload> => {
  const named = (text: string): string => {
    const right = text.replaceAll(usual, variable)
    return right.includes(variable) ? right : `${right}; the key is that of ${variable}`
  }
  const fault = (from: PollFaults.PollFault): PollFaults.PollFault =>
    from.kind === "Denied"
      ? PollFaults.make({
          kind: from.kind,
          permanent: from.permanent,
          code: from.code,
          message: named(from.message),
          requestId: from.requestId,
          hint: from.hint,
          quota: from.quota
        })
      : from
  const refused = (from: SubmitErrors.SubmitError): SubmitErrors.SubmitError =>
    from.kind === "Denied"
      ? SubmitErrors.make({
          kind: from.kind,
          permanent: from.permanent,
          code: from.code,
          message: from.message,
          advice: from.advice === null ? `the key is that of ${variable}` : named(from.advice),
          requestId: from.requestId,
          hint: from.hint,
          quota: from.quota
        })
      : from
  const { cancel, collect, prepare, probe, reconcile, recover, result } = adapter
  return {
    ...adapter,
    poll: (...asked) => Effect.mapError(adapter.poll(...asked), fault),
    submit: (...asked) => Effect.mapError(adapter.submit(...asked), refused),
    ...(prepare === undefined ? {} : { prepare: (request: Request) => Effect.mapError(prepare(request), refused) }),
    ...(recover === undefined ? {} : { recover: (prepared: unknown) => Effect.mapError(recover(prepared), fault) }),
    ...(result === undefined
      ? {}
      : { result: (...asked: Parameters<typeof result>) => Effect.mapError(result(...asked), fault) }),
    ...(collect === undefined
      ? {}
      : { collect: (...asked: Parameters<typeof collect>) => Effect.mapError(collect(...asked), fault) }),
    ...(cancel === undefined
      ? {}
      : { cancel: (...asked: Parameters<typeof cancel>) => Effect.mapError(cancel(...asked), fault) }),
    ...(reconcile === undefined
      ? {}
      : { reconcile: (...asked: Parameters<typeof reconcile>) => Effect.mapError(reconcile(...asked), fault) }),
    ...(probe === undefined ? {} : { probe: Effect.mapError(probe, fault) })
  }
}

/**
 * Puts a vendor together from its adapter package.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Request, Payload>(fields: {
  readonly name: string
  readonly facts: VendorFacts
  readonly schema: Schema.Codec<Request, unknown>
  readonly limits: VendorLimits
  readonly policies: ScanAdapter<never, unknown>["policies"]
  readonly check: (request: Request) => ReadonlyArray<RequestFault>
  /** A faultless target: stands in for a field that cannot be read while the others are checked. */
  readonly sample: Request & Readonly<Record<string, unknown>>
  readonly about?: (request: Request) => About
  readonly parse: (text: string) => TargetText
  readonly open: (
    access: Access
  ) => Effect.Effect<ScanAdapter<Request, Payload>, VendorConfigError | CredentialError, VendorHttp>
}): Vendor => {
  const decode = Schema.decodeUnknownResult(fields.schema, { errors: "all", onExcessProperty: "error" })
  const decodeKnown = Schema.decodeUnknownResult(fields.schema, { errors: "all", onExcessProperty: "ignore" })
  const checked = (decoded: ReturnType<typeof decode>): ReadonlyArray<RequestFault> =>
    Result.isSuccess(decoded) ? fields.check(decoded.success) : Shape.faults(decoded.failure.issue, fields.schema.ast)
  // A field that cannot be read must not hide what is wrong with the others.
  const besides = (input: unknown, known: ReadonlyArray<RequestFault>): ReadonlyArray<RequestFault> => {
    if (!Predicate.isObject(input)) return []
    const unread = new Set(known.map((fault) => String(fault.path[0])))
    const rest = Object.entries(input).filter(([name]) => !unread.has(name))
    const completed = decodeKnown({ ...fields.sample, ...Object.fromEntries(rest) })
    return Result.isSuccess(completed)
      ? fields.check(completed.success).filter((fault) => !unread.has(String(fault.path[0])))
      : []
  }
  const faults = (input: unknown): ReadonlyArray<RequestFault> => {
    const strict = checked(decode(input))
    // Nor must an unknown key.
    const lenient = strict.length === 0 ? strict : checked(decodeKnown(input))
    const both = [
      ...Placeholder.faults(input),
      ...strict,
      ...lenient,
      ...(strict.length === 0 ? [] : besides(input, lenient))
    ]
    const seen = new Set<string>()
    return both.filter((fault) => {
      const place = JSON.stringify(fault.path)
      return !seen.has(place) && seen.add(place)
    })
  }
  return {
    ...fields.facts,
    name: fields.name,
    keys: Shape.keys(fields.schema.ast),
    schema: fields.schema,
    limits: fields.limits,
    policies: fields.policies,
    faults,
    about: (input) => {
      const decoded = decode(input)
      return Result.isFailure(decoded) || fields.about === undefined ? null : fields.about(decoded.success)
    },
    parse: fields.parse,
    open: (access) =>
      Effect.map(fields.open(access), (opened): Account => {
        const { keyVariable } = fields.facts
        const { variable } = access
        const adapter =
          keyVariable === null || variable === null ? opened : namingVariable(opened, keyVariable, variable)
        const { account, limits, origin, policies, vendor } = adapter
        const ticketOf = (scanId: string): Tickets.ScanTicket =>
          Tickets.make({ vendor, origin, account, scanId, submittedAt: null })
        return {
          vendor,
          account,
          origin,
          limits,
          policies,
          adapter,
          request: (input, { name, ...options }) => {
            const decoded = decode(input)
            if (Result.isFailure(decoded)) throw new TypeError(`${vendor}: a target with faults was not refused`)
            const made = Scans.request(adapter, decoded.success, options)
            return { ...made, subject: named(made.subject, name) }
          },
          ticket: (scanId, options) => Scans.fromTicket(adapter, ticketOf(scanId), options),
          probe: Scans.probe(adapter, ticketOf(fields.facts.probe), patience),
          cancel:
            adapter.cancel === undefined
              ? null
              : (ticket, subject) =>
                  Scans.cancel(adapter, ticket, { ...patience, ...(subject === undefined ? {} : { subject }) }),
          pollOnce: (scanId, subject) =>
            Scans.pollOnce(adapter, ticketOf(scanId), { ...patience, ...(subject === undefined ? {} : { subject }) }),
          isFor: (entry) => Scans.isFor(adapter, entry),
          claim: (entry, options) => Scans.fromClaim(adapter, entry, options),
          reconcile: (claimId) =>
            Scans.reconcile(adapter, claimId, (stored) => Result.getOrElse(decode(stored), () => null), patience)
        }
      })
  }
}

/** In the words that people use of a limit: "a minute", and "in 10m" for a window without a name. */
const perWindow = (window: Duration.Duration): string => {
  const names: Readonly<Record<string, string>> = { "1s": "a second", "1m": "a minute", "1h": "an hour", "1d": "a day" }
  const length = Durations.format(window)
  return names[length] ?? `in ${length}`
}

const rateOf = ({ openScans, requests, window, windows = [] }: AccountLimits): string => {
  const known = [...(requests === null ? [] : [{ requests, window }]), ...windows]
  const rates = known.map((one) => `${one.requests} requests ${perWindow(one.window)}`)
  const rate = rates.length === 0 ? "no limit of requests is known" : rates.join(", ")
  return openScans === null ? rate : `${rate}, ${openScans} open scans`
}

/**
 * The vendor of a definition: what the command tells of it is what the definition says. `words` has what is said otherwise, or
 * said of it besides.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromDefinition = (
  definition: Definitions.Vendor<unknown, unknown>,
  words: Partial<Pick<VendorFacts, "capabilities" | "doubt" | "extraWords" | "rateLimit" | "targetForm">> = {}
): Vendor => {
  const { auth, baseUrl, capabilities, docs, key, name, probe, sample, scans, target, title } = definition
  const { form } = key ?? {}
  const { doubt } = definition.errors
  return make({
    name,
    facts: {
      title,
      scans,
      docs,
      keyVariable: auth === "none" ? null : (key?.variable ?? null),
      baseVariable: Definitions.baseVariable(name),
      defaultBaseUrl: baseUrl,
      extraVariables: Object.keys(definition.settings ?? {}),
      extraWords: {},
      keyForm: form === undefined ? null : { pattern: form, words: key?.words ?? `matches ${String(form)}` },
      capabilities: [
        ...(capabilities.findings ? ["findings"] : []),
        ...(capabilities.list || capabilities.recover ? ["reconcile"] : []),
        ...(capabilities.cancel ? ["cancel"] : [])
      ],
      rateLimit: rateOf(definition.budget),
      targetForm: `${name}:${Shape.keys(target.ast)[0]?.toUpperCase() ?? "TARGET"}`,
      probe,
      isActive: definition.active === true,
      asOf: definition.asOf ?? null,
      terms: definition.terms ?? [],
      isId: definition.isId,
      doubt: doubt === undefined ? [] : [`${typeof doubt === "function" ? doubt(sample) : doubt}.`],
      ...words
    },
    schema: target,
    limits: definition.limits,
    policies: definition.policies,
    check: definition.check,
    sample: Predicate.isObject(sample) ? { ...sample } : {},
    about: (target) => ({
      subject: definition.subject(target),
      scanType: definition.durations?.kind(target) ?? ""
    }),
    parse: definition.line,
    open: ({ account, baseUrl, credential, extra, insecureHosts, variable }) =>
      definition.make({
        account,
        insecureHosts,
        variable,
        settings: extra,
        ...(auth === "none" ? {} : { credential }),
        ...(baseUrl === null ? {} : { baseUrl })
      })
  })
}
