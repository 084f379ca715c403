import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { VendorHttp } from "@scanpoll/core"
import { Conformance } from "@scanpoll/testkit"
import * as Layer from "effect/Layer"
import * as Planted from "./planted.ts"
import * as Seabirds from "./seabirds.ts"
import * as Tidewatch from "./Tidewatch.ts"
import { wrongAdapters } from "./wrongAdapters.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const namesOf = (cases: ReadonlyArray<Conformance.Case>): ReadonlyArray<string> => cases.map(({ name }) => name)

/** Every rule there is: those of vendors that between them have every call. */
const rules = new Set([
  ...namesOf(Conformance.cases(Tidewatch.kit())),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.gannet(), Seabirds.gannetSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.puffin(), Seabirds.puffinSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.tern(), Seabirds.ternSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.razorbill(), Seabirds.razorbillSays, http)))
])

/** Each planted mistake with the rules that catch it; the tests beside this one show that these do, and no others: at full length of all, in `npm test` of a quarter. */
const caught: ReadonlyArray<readonly [mistake: string, by: ReadonlyArray<string>]> = [
  ...Object.entries(Planted.byTidewatch),
  ...Object.entries(Planted.byGannet),
  ...Object.entries(Planted.byPuffin),
  ...Object.entries(Planted.byTern),
  ...Object.entries(Planted.byRazorbill),
  ...Object.entries(wrongAdapters).map(([mistake, one]) => [mistake, one.caught] as const)
]

/** Rules about the kit itself: `Conformance.test.ts` shows them red with wrong kits instead of wrong adapters. */
const aboutKits = ["MUST be described by facts that agree with each other and leave out none of its calls"]

/** Rules that no mistake breaks alone, and why. */
const overlapping: Readonly<Record<string, string>> = {
  "MUST call a scan pending under every documented word of one that has not ended, in its phase":
    "every rule that plays each documented answer in another dress knows its phase too",
  "MUST NOT call a scan ended, running or settled for want of a result":
    "each of its answers is one that the common rule of faults plays as well"
}

/** What the port of adapters can say, point by point, and the rules that hold an adapter to it. */
const points: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a result at a second address": [
    "MUST call a scan ended, and never settled, whose result the vendor has at another address",
    "MUST ask for a result with the request that the vendor documents: its method, address and headers",
    "MUST settle the result of every documented end with its outcome, under the word that ended the scan",
    "MUST NOT call a scan ended, running or settled for want of a result"
  ],
  "calls that know what the scan is about": [
    "MUST poll a scan that is known by its id alone as every other, or refuse it for good without a request",
    "MUST ask for a result with the request that the vendor documents: its method, address and headers"
  ],
  "scans that go on under another id": [
    "MUST go on under the id that the vendor names for a scan that moved, and call one without it broken"
  ],
  "calls before the submission": [
    "MUST prepare a submission with the requests that the vendor documents, and submit with what they returned",
    "MUST NOT buy anything, nor leave a doubt, where a preparation fails",
    "MUST tell what became of a submission whose answer was lost, by the request that the vendor documents",
    "MUST NOT say that there is no scan where the vendor's answer does not prove it"
  ],
  "errors that say that the scan is not finished": [
    "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that"
  ],
  "findings and how much of them": [
    "MUST collect the findings that the vendor lists, each under an id of its own that stays the same",
    "MUST NOT call findings complete that it could not all read",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood"
  ],
  "ends within the submission, and ids of every form": [
    "MUST settle a submission at once when its answer is the end of the scan",
    "MUST take a usable id in any answer for an acceptance, whatever else it holds",
    "MUST send an id as one part of a request's address, percent-encoded where it has to be",
    "MUST refuse an id that could change the path of a request before one is made"
  ],
  keys: [
    "MUST show the key in every request where the vendor looks for it, and nowhere else",
    "MUST ask for the credential before each request, and send the one it is given then"
  ],
  "limits of requests and submissions": [
    "MUST state a budget of whole requests and finite times",
    "MUST tell refused, denied and throttled submissions apart by the vendor's documented errors",
    "MUST pass on the wait and the quota that the answer to a submission names"
  ],
  "subjects of any kind": ["MUST name one subject for a request, the same each time and for equal purchases"],
  cancelling: [
    "MUST ask to cancel a scan with the one request that the vendor documents",
    "MUST answer with a fault when a scan cannot be cancelled, and make one request for it",
    "MUST let a scan that was cancelled fail, with the code cancelled"
  ],
  "answers by their words": [
    "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included",
    "MUST go by the status word alone, whatever stands beside it"
  ],
  "hosts that the vendor cannot reach": ["MUST refuse an invalid request before a connection is made"],
  "scans that attack, and who may": [
    "MUST refuse an invalid request before a connection is made",
    "MUST be described by facts that agree with each other and leave out none of its calls"
  ]
}

describe("the rules of conformance", () => {
  it("all have a planted mistake that they catch (issue 14)", () => {
    const seen = new Set(caught.flatMap(([, by]) => by))
    const unseen = [...rules].filter((rule) => !seen.has(rule) && !aboutKits.includes(rule))
    assert.deepStrictEqual(unseen, [])
  })

  it("name no mistake that is caught by a rule which does not exist", () => {
    assert.deepStrictEqual(
      caught.filter(([, by]) => by.some((rule) => !rules.has(rule))),
      []
    )
  })

  it("are each broken alone by some mistake, but for those that say why not (issue 14)", () => {
    const alone = new Set(caught.flatMap(([, by]) => (by.length === 1 ? by : [])))
    const never = [...rules].filter((rule) => !alone.has(rule) && !aboutKits.includes(rule))
    assert.deepStrictEqual(never.toSorted(), Object.keys(overlapping).toSorted())
  })

  it("hold an adapter to each of the fourteen things that the port can say (issue 14)", () => {
    assert.lengthOf(Object.keys(points), 14)
    for (const [point, by] of Object.entries(points)) {
      assert.deepStrictEqual(
        by.filter((rule) => !rules.has(rule)),
        [],
        point
      )
    }
  })
})
