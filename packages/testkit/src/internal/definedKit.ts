// The kit of a defined vendor: the definition's facts beside the vendor's own samples.
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Firm } from "@scanpoll/core/vendor/Definition"
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import type * as Layer from "effect/Layer"
import type { Answer, CollectFacts, ErrorAnswer, Kit, PendingAnswer, SettledAnswer, Sent } from "../Conformance.ts"
import type { ScanSample, Samples } from "../Samples.ts"
import type { Auth } from "./shownKey.ts"
import * as wire from "./conformanceWire.ts"

/** Where the documented request shows the key; null where it shows none. */
const authOf = ({ headers = {}, path }: Sent): Auth | null => {
  const inQuery = /[?&]([^=&]+)=\{key\}/.exec(path)?.[1]
  if (inQuery !== undefined) return { query: decodeURIComponent(inQuery) }
  for (const [name, value] of Object.entries(headers)) {
    if (!value.includes("{key}")) continue
    const [scheme, rest] = value.split(" ", 2)
    if (rest === undefined || scheme === undefined) return { header: name }
    if (name.toLowerCase() !== "authorization") return { header: name, scheme }
    return scheme === "Bearer" ? "bearer" : scheme === "Basic" ? "basic" : { header: name, scheme }
  }
  return null
}

/** A signature and a fetched token are no part of a documented request: there the definition's word is taken. */
export const authFor = (defined: Auth | undefined, sends: Sent): Auth => {
  if (typeof defined === "object" && ("sign" in defined || "clientCredentials" in defined)) return defined
  return authOf(sends) ?? "none"
}

const isFirm = (kind: string): boolean => kind.endsWith("!")

const pollKind = (kind: Firm<PollFaultKind>): PollFaultKind => {
  switch (kind) {
    case "Transient!":
      return "Transient"
    case "Throttled!":
      return "Throttled"
    case "Missing!":
      return "Missing"
    case "Denied!":
      return "Denied"
    case "Broken!":
      return "Broken"
    default:
      return kind
  }
}

const submitKind = (kind: Firm<SubmitErrorKind>): SubmitErrorKind => {
  switch (kind) {
    case "Refused!":
      return "Refused"
    case "Denied!":
      return "Denied"
    case "Throttled!":
      return "Throttled"
    case "NotSent!":
      return "NotSent"
    case "InDoubt!":
      return "InDoubt"
    default:
      return kind
  }
}

/** The vendor's error body: its code and a message at their places. */
export const errorBody = <T, P>(
  { errors }: Pick<Vendor<T, P>, "errors">,
  code: string | null,
  message = "in the vendor's words"
): unknown => {
  const told = wire.put({}, errors.message, message)
  return errors.code === undefined ? told : wire.put(told, errors.code, code ?? "undocumented-code")
}

/** An error of that status says that the scan is not finished, whatever its words. */
const saysPending = <T, P>({ calls }: Vendor<T, P>, status: number): boolean =>
  calls.status.pending?.some((one) => one.status === status && one.says === undefined) ?? false

/** A status alone does not prove that nothing was bought: such a row needs the vendor's own error beside it. */
const isNo = (submit: ErrorAnswer["submit"]): boolean => submit === "Refused" || submit === "NotSent"

/** Rows that a message tells apart are left out: what the vendor's messages are is not known here. */
const rowsOf = <T, P>({ errors }: Vendor<T, P>) =>
  Object.entries(errors.rows).flatMap(([key, given]) =>
    ("length" in given ? given : [given]).flatMap(({ poll, submit, ...row }) => {
      if (row.says !== undefined) return []
      // What a status alone means for a poll may hold for any body, and what it means for a submission not.
      const calls = [poll === undefined ? [] : [{ poll }], submit === undefined ? [] : [{ submit }]].flat()
      return calls.map((call) => ({ key, row: { ...row, ...call } }))
    })
  )

const tableOf = <T, P>(vendor: Vendor<T, P>): ReadonlyArray<ErrorAnswer> =>
  rowsOf(vendor).map(({ key, row }) => {
    const [status, ...code] = key.split(" ")
    const { on } = row
    const submit = "submit" in row ? submitKind(row.submit) : undefined
    const poll = "submit" in row || saysPending(vendor, Number(status)) ? undefined : row.poll
    return {
      answer: { status: Number(status), body: errorBody(vendor, code.length === 0 ? null : code.join(" ")) },
      ...(code.length === 0 && !isNo(submit) ? { anyBody: true } : {}),
      ...(submit === undefined ? {} : { submit }),
      ...(poll === undefined ? {} : { poll: pollKind(poll), permanent: isFirm(poll) }),
      ...(on === undefined ? {} : { on })
    }
  })

const settledOf = ({ answer, means, reason, result }: ScanSample): ReadonlyArray<SettledAnswer> =>
  means === "queued" || means === "running" || means === "ended"
    ? []
    : [
        {
          answer,
          outcome: means,
          ...(result === undefined ? {} : { result }),
          ...(reason === undefined ? {} : { reason })
        }
      ]

const collectOf = <T>(findings: NonNullable<Samples<T>["findings"]>): CollectFacts => {
  const [answer, ...pages] = findings.pages
  const of = findings.of === undefined ? undefined : settledOf(findings.of)[0]
  return {
    answer,
    pages,
    findings: findings.count,
    ...(findings.id === undefined ? {} : { id: findings.id }),
    ...(of === undefined ? {} : { of })
  }
}

/** At least one of them, or a kit that says what is missing: the rule about the kit itself reads it. */
const atLeastOne = <A>(items: ReadonlyArray<A>, vendor: string, what: string): readonly [A, ...Array<A>] => {
  const [first, ...rest] = items
  if (first === undefined) throw new TypeError(`${vendor}: samples.poll.scans has no ${what} scan`)
  return [first, ...rest]
}

export const make = <T, P>(vendor: Vendor<T, P>, samples: Samples<T>, http: Layer.Layer<VendorHttp>): Kit<T, P> => {
  const { errors = [], findings, keys, list, poll, requests, submit } = samples
  const { status } = vendor.calls
  const withinOf = (answer: Answer) => status.pending?.find((one) => one.status === (answer.status ?? 200))?.within
  const pending = poll.scans.flatMap(({ answer, means }): ReadonlyArray<PendingAnswer> => {
    if (means !== "queued" && means !== "running") return []
    const within = withinOf(answer)
    return [{ answer, phase: means, ...(within === undefined ? {} : { within }) }]
  })
  const { words } = status
  const id = vendor.places.submitId ?? submit.id ?? vendor.places.location
  if (id === null) throw new TypeError(`${vendor.name}: samples.submit.id is missing: a function finds the id`)
  const plain = [422, 400, 409, 418].find((one) => !Object.hasOwn(vendor.errors.rows, String(one))) ?? 422
  const refusal: ErrorAnswer = { answer: { status: plain, body: errorBody(vendor, null) }, submit: "Refused" }
  return {
    vendor: vendor.name,
    http,
    make: vendor.make,
    auth: authFor(vendor.auth, submit.sends),
    ...(keys === undefined ? {} : { keys }),
    ...(vendor.ids === undefined ? {} : { ids: vendor.ids }),
    requests: { valid: [vendor.sample], ...requests },
    submit: {
      sends: submit.sends,
      id,
      accepted: submit.accepted,
      ...(submit.settled === undefined ? {} : { settled: submit.settled.flatMap(settledOf) })
    },
    poll: {
      sends: poll.sends,
      id: vendor.places.id,
      status: vendor.places.word,
      otherId: poll.otherId,
      ...(poll.decides === undefined ? {} : { decides: poll.decides }),
      ...(status.numeric === undefined ? {} : { numeric: status.numeric }),
      isWord: typeof words === "function" ? words : (word: string) => words.includes(word),
      pending: atLeastOne(pending, vendor.name, "pending"),
      settled: atLeastOne(poll.scans.flatMap(settledOf), vendor.name, "ended")
    },
    errors: [
      refusal,
      ...tableOf(vendor).filter((row) => row.submit !== undefined || row.poll !== undefined),
      ...errors
    ],
    ...(findings === undefined ? {} : { collect: collectOf(findings) }),
    ...(list === undefined ? {} : { reconcile: list })
  }
}
