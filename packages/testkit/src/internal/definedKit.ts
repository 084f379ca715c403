// The kit of a defined vendor: the definition's facts beside the vendor's own samples.
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Firm, PendingStatus } from "@scanpoll/core/vendor/Definition"
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import type * as Layer from "effect/Layer"
import type {
  Answer,
  CollectFacts,
  ErrorAnswer,
  Kit,
  PendingAnswer,
  PreparedId,
  PrepareFacts,
  ResultFacts,
  SettledAnswer,
  SubmitFacts,
  Sent
} from "./kitFacts.ts"
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
      ...(on === undefined ? {} : { on }),
      ...(row.wait === undefined ? {} : { wait: row.wait })
    }
  })

const settledOf = ({ answer, means, reason, result }: ScanSample): ReadonlyArray<SettledAnswer> =>
  means !== "Completed" && means !== "Partial" && means !== "Failed"
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

/** Answers of scans that have not ended, with how long each means that. */
const pendingOf = (
  scans: ReadonlyArray<Pick<ScanSample, "answer" | "means">>,
  known: ReadonlyArray<PendingStatus> = []
): ReadonlyArray<PendingAnswer> =>
  scans.flatMap(({ answer, means }): ReadonlyArray<PendingAnswer> => {
    if (means !== "queued" && means !== "running") return []
    const within = known.find((one) => one.status === (answer.status ?? 200))?.within
    return [{ answer, phase: means, ...(within === undefined ? {} : { within }) }]
  })

/** What the calls of a preparation take of the documented answers. */
const prepareOf = <T, P>(
  { calls }: Vendor<T, P>,
  answered: PrepareFacts["calls"],
  recover: Samples<T>["recover"]
): PrepareFacts => {
  const returns = calls.prepare.map(({ name, take }, at): readonly [string, unknown] => {
    const { body, headers = {} } = answered[at]?.answer ?? {}
    if (typeof take === "function") return [name, take(body)]
    if (!("location" in take)) return [name, wire.get(body, take)]
    const found = Object.entries(headers).find(([header]) => header.toLowerCase() === "location")?.[1]
    return [name, take.location.exec(typeof found === "string" ? found : "")?.[1]]
  })
  return {
    calls: answered,
    returns: Object.fromEntries(
      returns.flatMap(([name, value]) =>
        typeof value === "string" || typeof value === "number" ? [[name, value]] : []
      )
    ),
    ...(recover === undefined ? {} : { recover })
  }
}

const resultOf = <T, P>(
  { calls, places }: Vendor<T, P>,
  { decides, pending, scans, sends, word }: NonNullable<Samples<T>["result"]>,
  [ended]: ReadonlyArray<Answer>
): ResultFacts => {
  const told = ended === undefined || places.word === null ? undefined : wire.get(ended.body, places.word)
  return {
    sends,
    id: places.resultId,
    word: word ?? (typeof told === "string" || typeof told === "number" ? String(told) : "ended"),
    ...(decides === undefined ? {} : { decides }),
    pending: pendingOf(pending ?? [], calls.result?.pending),
    settled: scans.flatMap(({ word, ...scan }) =>
      settledOf(scan).map((settled) => ({ ...settled, ...(word === undefined ? {} : { word }) }))
    )
  }
}

interface Submission extends Pick<SubmitFacts, "scanId" | "accepted"> {
  readonly sends: Sent | null
  readonly id?: wire.Path | PreparedId
  readonly settled?: ReadonlyArray<ScanSample>
}

/** The submission of samples. Where nothing is submitted, the id stands where an answer would have it. */
export const submissionOf = <T>({ submit }: Samples<T>): Submission =>
  "waits" in submit ? { sends: null, id: ["id"], accepted: [{ body: { id: submit.waits } }] } : submit

/** Where the id is in the answer to a submission; undefined where it is not there. */
export const idPlaceOf = ({ id }: Pick<Submission, "id">): wire.Path | undefined =>
  id === undefined || "prepared" in id ? undefined : id

export const make = <T, P>(vendor: Vendor<T, P>, samples: Samples<T>, http: Layer.Layer<VendorHttp>): Kit<T, P> => {
  const { cancel, errors = [], findings, keys, list, poll, prepare = [], requests } = samples
  const submit = submissionOf(samples)
  const [first, ...further] = prepare
  const { status } = vendor.calls
  const pending = pendingOf(poll.scans, status.pending)
  const settled = poll.scans.flatMap(settledOf)
  const ended = poll.scans.flatMap(({ answer, means }) => (means === "ended" ? [answer] : []))
  const cancelled = poll.scans.flatMap(({ answer, means }) => (means === "cancelled" ? [answer] : []))
  const moved = poll.scans.flatMap(({ answer, means }) =>
    typeof means === "object" ? [{ answer, to: means.moved, at: means.at }] : []
  )
  if (pending.length === 0) throw new TypeError(`${vendor.name}: samples.poll.scans has no pending scan`)
  if (settled.length + ended.length === 0) throw new TypeError(`${vendor.name}: samples.poll.scans has no ended scan`)
  const { words } = status
  const { location, prepared, submitId } = vendor.places
  const id = submitId ?? submit.id ?? location ?? prepared
  if (id === null) throw new TypeError(`${vendor.name}: samples.submit.id is missing: a function finds the id`)
  const plain = [422, 400, 409, 418].find((one) => !Object.hasOwn(vendor.errors.rows, String(one))) ?? 422
  const refusal: ErrorAnswer = { answer: { status: plain, body: errorBody(vendor, null) }, submit: "Refused" }
  return {
    vendor: vendor.name,
    http,
    make: vendor.make,
    auth: authFor(vendor.auth, submit.sends ?? poll.sends),
    ...(keys === undefined ? {} : { keys }),
    ...(vendor.ids === undefined ? {} : { ids: vendor.ids }),
    ...(vendor.active === undefined ? {} : { active: vendor.active }),
    requests: { valid: [vendor.sample], ...requests },
    submit: {
      ...(submit.sends === null ? { waits: true } : { sends: submit.sends }),
      id,
      ...(submit.scanId === undefined ? {} : { scanId: submit.scanId }),
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
      pending,
      settled,
      ...(ended.length === 0 ? {} : { ended }),
      ...(moved.length === 0 ? {} : { moved }),
      ...(cancelled.length === 0 ? {} : { cancelled })
    },
    errors: [
      refusal,
      ...tableOf(vendor).filter((row) => row.submit !== undefined || row.poll !== undefined),
      ...errors
    ],
    ...(first === undefined ? {} : { prepare: prepareOf(vendor, [first, ...further], samples.recover) }),
    ...(samples.result === undefined ? {} : { result: resultOf(vendor, samples.result, ended) }),
    ...(cancel === undefined ? {} : { cancel }),
    ...(findings === undefined ? {} : { collect: collectOf(findings) }),
    ...(list === undefined ? {} : { reconcile: list })
  }
}
