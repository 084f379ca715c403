/**
 * Adapters that are wrong where no definition can be: each is a right one with one of its calls changed, or with answers
 * changed on their way to it. What each must be caught by stands beside it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { PollFault, VendorHttp } from "@scanpoll/core"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Observation from "@scanpoll/core/model/Observation"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import type { Conformance } from "@scanpoll/testkit"
import type { Credential } from "@scanpoll/core/http/Credential"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { razorbill, Site } from "./seabirds.ts"

type Razorbill = ReturnType<typeof razorbill>
type Target = Vendor.TargetOf<Razorbill>
type Payload = Vendor.PayloadOf<Razorbill>
type Adapter = ScanAdapter<Target, Payload>
export type SeabirdKit = Conformance.Kit<Target, Payload>
type Asked = ReturnType<Adapter["poll"]>

/** `of`: the vendor that it is planted in. */
interface Wrong {
  readonly of: "gannet" | "razorbill"
  readonly caught: ReadonlyArray<string>
  readonly plant: (kit: SeabirdKit) => SeabirdKit
}

const adapters =
  (change: (adapter: Adapter, key: string) => Adapter): Wrong["plant"] =>
  (kit) => ({
    ...kit,
    make: (place) =>
      Effect.flatMap(kit.make(place), (adapter) =>
        Effect.map(Effect.orDie(place.credential), (key) => change(adapter, Redacted.value(key)))
      )
  })

type Change = (asked: Asked, ticket: ScanTicket.ScanTicket, key: string) => Asked

const polls = (change: Change): Wrong["plant"] =>
  adapters((adapter, key) => ({
    ...adapter,
    poll: (ticket, ...rest) => change(adapter.poll(ticket, ...rest), ticket, key)
  }))

const results = (change: Change): Wrong["plant"] =>
  adapters((adapter, key) => {
    const { result } = adapter
    return result === undefined
      ? adapter
      : { ...adapter, result: (ticket, ...rest) => change(result(ticket, ...rest), ticket, key) }
  })

type Outcome = ScanOutcome.ScanOutcome<Payload>

const outcome =
  (change: (outcome: Outcome, key: string) => Outcome): Change =>
  (asked, _, key) =>
    Effect.map(asked, (answer) =>
      answer.observation._tag === "Settled"
        ? { ...answer, observation: { ...answer.observation, value: change(answer.observation.value, key) } }
        : answer
    )

type Said = Partial<Parameters<typeof PollFault.make>[0]>

// The message of an error is not copied with its other fields.
const altered = (fault: PollFault.PollFault, said: Said) =>
  PollFault.make({ ...fault, message: fault.message, ...said })

const fault =
  (change: (fault: PollFault.PollFault) => Said): Change =>
  (asked) =>
    Effect.mapError(asked, (one) => altered(one, change(one)))

const isConnection = ({ code, kind }: PollFault.PollFault): boolean =>
  kind === "Transient" && code !== "timeout" && !code.startsWith("http-")

const undated = (one: Outcome): Outcome => ({ ...one, ticket: { ...one.ticket, submittedAt: null } })
const unkept = (one: Outcome): Outcome => (one._tag === "Failed" ? one : { ...one, payload: { score: Number.NaN } })
const telling = (one: Outcome, key: string): Outcome => ({ ...one, warnings: [`sent with ${key}`] })
const twiceWhenThrottled: Change = (asked) =>
  Effect.catch(asked, (one) => (one.kind === "Throttled" ? asked : Effect.fail(one)))
const anyId: Change = (asked, { scanId }) =>
  ScanTicket.isScanId(scanId) ? asked : Effect.mapError(asked, (one) => altered(one, { permanent: false }))

/** Answers that the adapter is given otherwise, of requests whose path has `part`. */
const answers =
  (part: string, change: (response: VendorHttp.VendorResponse) => VendorHttp.VendorResponse): Wrong["plant"] =>
  (kit) => ({
    ...kit,
    http: Layer.effect(
      VendorHttp.VendorHttp,
      Effect.map(VendorHttp.VendorHttp, ({ make }) => ({
        make: (options: VendorHttp.Options) =>
          Effect.map(make(options), (client) => ({
            ...client,
            get: (...request: Parameters<typeof client.get>) =>
              Effect.map(client.get(...request), (response) =>
                request[0].includes(part) ? change(response) : response
              )
          }))
      }))
    ).pipe(Layer.provide(kit.http))
  })

const bodyOf = ({ body }: VendorHttp.VendorResponse): object =>
  body._tag === "Json" && typeof body.value === "object" && body.value !== null ? body.value : {}

/** A JSON body with other fields. */
const withFields = (response: VendorHttp.VendorResponse, fields: object): VendorHttp.VendorResponse => ({
  ...response,
  body: { _tag: "Json", value: { ...bodyOf(response), ...fields } }
})

const field = (response: VendorHttp.VendorResponse, name: string): unknown => Reflect.get(bodyOf(response), name)

const submissions = (change: (error: SubmitError.SubmitError) => SubmitError.SubmitErrorKind): Wrong["plant"] =>
  adapters((adapter) => ({
    ...adapter,
    submit: (...asked) =>
      Effect.mapError(adapter.submit(...asked), (error) =>
        SubmitError.make({ ...error, message: error.message, kind: change(error) })
      )
  }))

const findings = (
  change: (
    asked: ReturnType<NonNullable<Adapter["collect"]>>,
    ticket: ScanTicket.ScanTicket
  ) => ReturnType<NonNullable<Adapter["collect"]>>
): Wrong["plant"] =>
  adapters((adapter) => {
    const { collect } = adapter
    return collect === undefined
      ? adapter
      : { ...adapter, collect: (one, ...rest) => change(collect(one, ...rest), one.ticket) }
  })

/** Keys that reach the adapter otherwise; `first` is the one that it is made with. */
const keys =
  (change: (asked: Credential, first: string) => Credential): Wrong["plant"] =>
  (kit) => ({
    ...kit,
    make: (place) =>
      Effect.flatMap(Effect.orDie(place.credential), (first) =>
        kit.make({ ...place, credential: change(place.credential, Redacted.value(first)) })
      )
  })

/** Requests that leave with one more header, below the HTTP module. */
const headers =
  (method: "GET" | "POST", name: string, valueOf: (key: string) => string): Wrong["plant"] =>
  (kit) => ({
    ...kit,
    http: Layer.provide(
      VendorHttp.layer,
      Layer.provide(
        Layer.effect(
          HttpClient.HttpClient,
          Effect.map(
            HttpClient.HttpClient,
            HttpClient.mapRequest((request) =>
              request.method === method
                ? HttpClientRequest.setHeader(request, name, valueOf(request.headers["x-gannet-key"] ?? ""))
                : request
            )
          )
        ),
        NodeHttpClient.layerUndici
      )
    )
  })

const isUsable = (key: string): boolean => key.trim() !== "" && !key.includes("\n")

/** A site that may be attacked, in place of one that may not be: the adapter then asks nobody. */
const submitting =
  (change: (site: Site) => Site) =>
  <P>(kit: Conformance.Kit<Site, P>): Conformance.Kit<Site, P> => ({
    ...kit,
    make: (place) =>
      Effect.map(kit.make(place), (adapter) => ({
        ...adapter,
        submit: (site, ...rest) => adapter.submit(change(site), ...rest)
      }))
  })

const refuses = ["MUST refuse an invalid request before a connection is made"]

/** Mistakes about whom a scan attacks. */
export const wrongAttacks = {
  "attacks what nobody allowed": {
    caught: refuses,
    plant: submitting((site) => (site.authorized === undefined ? { ...site, authorized: true } : site))
  },
  "attacks a host of its own network": {
    caught: refuses,
    plant: submitting((site) => ({ ...site, url: site.url.replace("192.168.0.1", "skomer.example") }))
  }
} as const

const ofResult = (rule: string): ReadonlyArray<string> => [`${rule} (asked for a result)`]

export const wrongAdapters = {
  "falls over a scan that is known by its id alone": {
    of: "gannet",
    caught: ["MUST poll a scan that is known by its id alone as every other, or refuse it for good without a request"],
    plant: adapters((adapter) => ({
      ...adapter,
      poll: (ticket, about) =>
        about === undefined ? Effect.die(new TypeError("what is it about?")) : adapter.poll(ticket, about)
    }))
  },
  "leaves a doubt where a preparation fails": {
    of: "razorbill",
    caught: ["MUST NOT buy anything, nor leave a doubt, where a preparation fails"],
    plant: adapters((adapter) => {
      const { prepare } = adapter
      if (prepare === undefined) return adapter
      const doubt = (error: SubmitError.SubmitError) =>
        SubmitError.make({ ...error, message: error.message, kind: "InDoubt" })
      return { ...adapter, prepare: (request) => Effect.mapError(prepare(request), doubt) }
    })
  },
  "says that a scan is cancelled when it cannot be": {
    of: "razorbill",
    caught: ["MUST answer with a fault when a scan cannot be cancelled, and make one request for it"],
    plant: adapters((adapter) => {
      const { cancel } = adapter
      return cancel === undefined ? adapter : { ...adapter, cancel: (...asked) => Effect.ignore(cancel(...asked)) }
    })
  },
  "asks for a result twice": {
    of: "razorbill",
    caught: ofResult("MUST make exactly one request per poll, whatever the answer"),
    plant: results(twiceWhenThrottled)
  },
  "forgets when the scan of a result was submitted": {
    of: "razorbill",
    caught: ofResult(
      "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word"
    ),
    plant: results(outcome(undated))
  },
  "takes any 2xx for a result": {
    of: "razorbill",
    caught: ofResult("MUST take a scan from an answer with status 200 only"),
    plant: answers("/result", (response) => (response.status === 206 ? { ...response, status: 200 } : response))
  },
  "refuses results with fields it does not know": {
    of: "razorbill",
    caught: ofResult("MUST bear fields it does not know at every level, a byte order mark and any content type"),
    plant: answers("/result", (response) =>
      "x_conformance_unknown" in bodyOf(response)
        ? { ...response, body: { _tag: "Unreadable", why: "not-json", detail: "a field that is not documented" } }
        : response
    )
  },
  "trusts the score of a result": {
    of: "razorbill",
    caught: ofResult("MUST read other fields of any type without a defect, and without another verdict than broken"),
    plant: answers("/result", (response) => {
      const verdict = Reflect.get(bodyOf(response), "verdict")
      if (typeof verdict === "object" && verdict !== null && Reflect.get(verdict, "score") === "x") {
        throw new TypeError("a score that is no number")
      }
      return response
    })
  },
  "keeps no payload of a result": {
    of: "razorbill",
    caught: ofResult("MUST give an outcome that its payload's schema writes as JSON and reads back the same"),
    plant: results(outcome(unkept))
  },
  "drops the wait that a result names": {
    of: "razorbill",
    caught: ofResult("MUST pass on the wait and the quota that an answer names"),
    plant: results(fault(() => ({ hint: Option.none() })))
  },
  "cannot be interrupted while it asks for a result": {
    of: "razorbill",
    caught: ofResult("MUST end a poll that is interrupted, and close its socket"),
    plant: results((asked) => Effect.uninterruptible(asked))
  },
  "asks for the result of any id": {
    of: "razorbill",
    caught: ofResult("MUST refuse an id that could change the path of a request before one is made"),
    plant: results(anyId)
  },
  "takes the documented error of a result for a bad key": {
    of: "razorbill",
    caught: ofResult("MUST understand the vendor's documented errors as the kit says"),
    plant: results(fault(({ code }) => (code === "no-scan" ? { kind: "Denied" } : {})))
  },
  "asks again for a result that is gone for good": {
    of: "razorbill",
    caught: ofResult(
      "MUST class a status that no documented error has by the common rule, the permanent ones for good"
    ),
    plant: results(fault(({ code }) => (code === "http-451" ? { kind: "Transient", permanent: false } : {})))
  },
  "gives up a result when a connection breaks": {
    of: "razorbill",
    caught: ofResult("MUST call a connection that is refused, reset, closed or cut short transient"),
    plant: results(fault((one) => (isConnection(one) ? { kind: "Broken" } : {})))
  },
  "calls a result that is no JSON gone for good": {
    of: "razorbill",
    caught: ofResult("MUST call an answer that it cannot understand broken, not for good"),
    plant: results(fault(({ code }) => (code === "not-json" ? { permanent: true } : {})))
  },
  "shows the key in a result": {
    of: "razorbill",
    caught: ofResult(
      "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it"
    ),
    plant: results(outcome(telling))
  },

  "copies the key into another header": {
    of: "gannet",
    caught: ["MUST show the key in every request where the vendor looks for it, and nowhere else"],
    plant: headers("POST", "x-copy", (key) => key)
  },
  "tells the vendor about a trace": {
    of: "gannet",
    caught: ["MUST NOT tell the vendor about our traces, nor send it cookies"],
    plant: headers("GET", "traceparent", () => "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
  },
  "keeps the first key while there is one": {
    of: "gannet",
    caught: ["MUST ask for the credential before each request, and send the one it is given then"],
    plant: keys((asked, first) =>
      Effect.map(asked, (key) => (isUsable(Redacted.value(key)) ? Redacted.make(first) : key))
    )
  },
  "takes an old key where there is none": {
    of: "gannet",
    caught: ["MUST be denied without a request where there is no credential"],
    plant: keys((asked, first) =>
      Effect.map(
        Effect.catch(asked, () => Effect.succeed(Redacted.make(""))),
        (key) => (isUsable(Redacted.value(key)) ? key : Redacted.make(first))
      )
    )
  },
  "shows the key in an outcome": {
    of: "gannet",
    caught: [
      "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it"
    ],
    plant: polls(outcome(telling))
  },
  "asks again after a redirect": {
    of: "gannet",
    caught: ["MUST NOT follow a redirect"],
    plant: polls((asked) =>
      Effect.catch(asked, (one) =>
        one.code === "http-308" ? Effect.andThen(Effect.exit(asked), Effect.fail(one)) : Effect.fail(one)
      )
    )
  },
  "polls twice when it is throttled": {
    of: "gannet",
    caught: ["MUST make exactly one request per poll, whatever the answer"],
    plant: polls(twiceWhenThrottled)
  },
  "forgets when a settled scan was submitted": {
    of: "gannet",
    caught: [
      "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word"
    ],
    plant: polls(outcome(undated))
  },
  "keeps a payload that is no JSON": {
    of: "gannet",
    caught: ["MUST give an outcome that its payload's schema writes as JSON and reads back the same"],
    plant: polls(outcome(unkept))
  },
  "drops the wait of a fault": {
    of: "gannet",
    caught: ["MUST pass on the wait and the quota that an answer names"],
    plant: polls(fault(() => ({ hint: Option.none() })))
  },
  "makes a wait of its own": {
    of: "gannet",
    caught: ["MUST NOT make a wait of a hint that is nonsense, nor one that never ends"],
    plant: polls(fault(({ hint }) => ({ hint: Option.isSome(hint) ? hint : Option.some(Duration.seconds(1)) })))
  },
  "takes a number for the asked id": {
    of: "gannet",
    caught: ["MUST call an answer about another scan broken"],
    plant: answers("/counts/", (response) =>
      field(response, "count") === 7 ? withFields(response, { count: "gn-1001" }) : response
    )
  },
  "tells an unknown word as another": {
    of: "gannet",
    caught: ["MUST call a word that the vendor does not document unrecognised, and tell it"],
    plant: polls((asked) =>
      Effect.map(asked, (answer) =>
        answer.observation._tag === "Unrecognised"
          ? { ...answer, observation: { ...answer.observation, word: "another" } }
          : answer
      )
    )
  },
  "takes a verdict beside a running word for an end": {
    of: "gannet",
    caught: ["MUST go by the status word alone, whatever stands beside it"],
    plant: answers("/counts/", (response) =>
      field(response, "state") === 2 && field(response, "verdict") !== undefined
        ? withFields(response, { state: 3 })
        : response
    )
  },
  "wants a reason that is not empty": {
    of: "gannet",
    caught: ["MUST let a scan fail that gives no reason, in words of its own"],
    plant: answers("/counts/", (response) =>
      field(response, "why") === ""
        ? { ...response, body: { _tag: "Unreadable", why: "not-json", detail: "an empty reason" } }
        : response
    )
  },
  "gives up when a connection breaks": {
    of: "gannet",
    caught: ["MUST call a connection that is refused, reset, closed or cut short transient"],
    plant: polls(fault((one) => (isConnection(one) ? { kind: "Broken" } : {})))
  },
  "gives up when a poll takes too long": {
    of: "gannet",
    caught: ["MUST end a poll that gets no whole answer by the end of its time, as transient"],
    plant: polls(fault(({ code }) => (code === "timeout" ? { kind: "Broken" } : {})))
  },
  "asks again for what is gone for good": {
    of: "gannet",
    caught: ["MUST class a status that no documented error has by the common rule, the permanent ones for good"],
    plant: polls(fault(({ code }) => (code === "http-451" ? { kind: "Transient", permanent: false } : {})))
  },
  "takes a documented error for a bad key": {
    of: "gannet",
    caught: ["MUST understand the vendor's documented errors as the kit says"],
    plant: polls(fault(({ message }) => (message.includes("no such count") ? { kind: "Denied" } : {})))
  },
  "repeats long messages": {
    of: "gannet",
    caught: ["MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"],
    plant: polls(
      fault(({ message }) => ({ message: message.length > 500 ? `${message}${message}${message}` : message }))
    )
  },
  "calls an answer that is too large gone for good": {
    of: "gannet",
    caught: ["MUST bound what it reads: an answer that is huge, deep or compressed unasked is broken"],
    plant: polls(fault(({ code }) => (code === "too-large" ? { permanent: true } : {})))
  },
  "says that nothing was sent when an answer holds no id": {
    of: "gannet",
    caught: ["MUST call a submission in doubt that was answered well but without a usable id"],
    plant: submissions(({ kind, message }) => (/^HTTP 2.*usable scan id: \{/.test(message) ? "NotSent" : kind))
  },
  "says that nothing was sent when a gateway is in trouble": {
    of: "gannet",
    caught: ["MUST call in doubt whatever goes wrong once the request has left"],
    plant: submissions(({ code, kind }) => (code === "http-520" ? "NotSent" : kind))
  },
  "takes any error for a refusal": {
    of: "gannet",
    caught: [
      "MUST call 401 and 403 denied and 429 throttled, and take no other error for a refusal unless it is the vendor's own"
    ],
    plant: submissions(({ code, kind }) => (code === "http-451" ? "Refused" : kind))
  },
  "puts the vendor's address into a fingerprint": {
    of: "gannet",
    caught: ["MUST give a request the same fingerprint at any time, under any key and at any address of the vendor"],
    plant: adapters((adapter) => ({
      ...adapter,
      fingerprint: (request) => `${adapter.origin} ${adapter.fingerprint(request)}`
    }))
  },
  "finds nothing when its vendor is down": {
    of: "gannet",
    caught: ["MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood"],
    plant: findings((asked) =>
      Effect.catch(asked, (one) =>
        one.code === "http-503" ? Effect.succeed(ScanOutcome.noFindings) : Effect.fail(one)
      )
    )
  },
  "collects for any id": {
    of: "gannet",
    caught: ["MUST keep to the vendor's own address, the key in its header and ids that can be sent"],
    plant: findings((asked, { scanId }) =>
      ScanTicket.isScanId(scanId) ? asked : Effect.mapError(asked, (one) => altered(one, { permanent: false }))
    )
  },
  "takes the word of an end for its result": {
    of: "razorbill",
    caught: ["MUST NOT call a scan ended, running or settled for want of a result"],
    plant: answers("/result", (response) =>
      field(response, "state") === "over" ? withFields(response, { verdict: { score: 100 } }) : response
    )
  },
  "lets no scan go back into its queue": {
    of: "gannet",
    caught: ["MUST call a scan pending under every documented word of one that has not ended, in its phase"],
    plant: adapters((adapter) => {
      let isRunning = false
      return {
        ...adapter,
        poll: (...asked) =>
          Effect.map(adapter.poll(...asked), (answer) => {
            const { observation } = answer
            if (observation._tag !== "Pending") {
              isRunning = false
              return answer
            }
            isRunning ||= observation.phase === "running"
            return isRunning ? { ...answer, observation: { ...observation, phase: "running" as const } } : answer
          })
      }
    })
  },
  "waits where the result's address is in trouble": {
    of: "razorbill",
    caught: [
      "MUST NOT call a scan ended, running or settled for want of a result",
      ...ofResult("MUST class a status that no documented error has by the common rule, the permanent ones for good"),
      ...ofResult("MUST take a scan from an answer with status 200 only")
    ],
    plant: results((asked) =>
      Effect.catch(asked, (one) =>
        one.code === "http-500" ? Effect.succeed(Observation.answer(Observation.pending("running"))) : Effect.fail(one)
      )
    )
  },
  "tells another word for an end": {
    of: "razorbill",
    caught: ["MUST call a scan ended, and never settled, whose result the vendor has at another address"],
    plant: polls((asked) =>
      Effect.map(asked, (answer) =>
        answer.observation._tag === "Ended"
          ? { ...answer, observation: { ...answer.observation, vendorStatus: "another" } }
          : answer
      )
    )
  }
} as const satisfies Readonly<Record<string, Wrong>>
