import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { VendorHttp } from "@scanpoll/core"
import { Conformance } from "@scanpoll/testkit"
import * as Layer from "effect/Layer"
import * as Planted from "./planted.ts"
import * as Seabirds from "./seabirds.ts"
import * as Tidewatch from "./Tidewatch.ts"
import { wrongAdapters, wrongAttacks } from "./wrongAdapters.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const namesOf = (cases: ReadonlyArray<Conformance.Case>): ReadonlyArray<string> => cases.map(({ name }) => name)

/** Every rule there is: those of vendors that between them have every call. */
const rules = new Set([
  ...namesOf(Conformance.cases(Tidewatch.kit())),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.gannet(), Seabirds.gannetSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.puffin(), Seabirds.puffinSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.tern(), Seabirds.ternSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.razorbill(), Seabirds.razorbillSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.fulmar(), Seabirds.fulmarSays, http))),
  ...namesOf(Conformance.cases(Conformance.kit(Seabirds.skua(), Seabirds.skuaSays, http)))
])

/** Each planted mistake with the rules that catch it; the tests beside this one show that these do, and no others: at full length of all, in `npm test` of a quarter. */
const caught: ReadonlyArray<readonly [mistake: string, by: ReadonlyArray<string>]> = [
  ...Object.entries(Planted.byTidewatch),
  ...Object.entries(Planted.byGannet),
  ...Object.entries(Planted.byPuffin),
  ...Object.entries(Planted.byTern),
  ...Object.entries(Planted.byRazorbill),
  ...Object.entries(Planted.byFulmar),
  ...Object.entries(Planted.bySkua),
  ...Object.entries(wrongAttacks).map(([mistake, one]) => [mistake, one.caught] as const),
  ...Object.entries(wrongAdapters).map(([mistake, one]) => [mistake, one.caught] as const)
]

/** Rules about the kit itself: `Conformance.test.ts` shows them red with wrong kits instead of wrong adapters. */
const aboutKits = ["MUST be described by facts that agree with each other and leave out none of its calls"]

type Mistake =
  | keyof typeof wrongAdapters
  | keyof typeof wrongAttacks
  | Tidewatch.Slip
  | Seabirds.GannetSlip
  | Seabirds.PuffinSlip
  | Seabirds.TernSlip
  | Seabirds.RazorbillSlip
  | Seabirds.FulmarSlip
  | Seabirds.SkuaSlip

/** What the port of adapters can say, point by point: the rules that hold an adapter to it, and a mistake that fails each of them alone. */
const points: Readonly<Record<string, Readonly<Record<string, Mistake>>>> = {
  "a result at a second address": {
    "MUST call a scan ended, and never settled, whose result the vendor has at another address":
      "tells another word for an end",
    "MUST ask for a result with the request that the vendor documents: its method, address and headers":
      "asks for the result elsewhere",
    "MUST settle the result of every documented end with its outcome, under the word that ended the scan":
      "calls every result completed",
    "MUST NOT call a scan ended, running or settled for want of a result": "takes the word of an end for its result",
    "MUST NOT complete a scan that comes without its result (asked for a result)":
      "completes a result that says nothing"
  },
  "calls that know what the scan is about": {
    "MUST poll a scan that is known by its id alone as every other, or refuse it for good without a request":
      "falls over a scan that is known by its id alone",
    "MUST ask for a result with the request that the vendor documents: its method, address and headers":
      "forgets what the scan is about"
  },
  "scans that go on under another id": {
    "MUST go on under the id that the vendor names for a scan that moved, and call one without it broken":
      "loses the id that a scan goes on under"
  },
  "calls before the submission": {
    "MUST prepare a submission with the requests that the vendor documents, and submit with what they returned":
      "prepares with another request",
    "MUST NOT buy anything, nor leave a doubt, where a preparation fails": "leaves a doubt where a preparation fails",
    "MUST tell what became of a submission whose answer was lost, by the request that the vendor documents":
      "finds another scan again",
    "MUST NOT say that there is no scan where the vendor's answer does not prove it": "says that nothing was started",
    "MUST call a submission in doubt that was answered well but without a usable id":
      "takes a start that was refused for a scan"
  },
  "errors that say that the scan is not finished": {
    "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that":
      "waits for ever on a conflict",
    "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that (asked for a result)":
      "waits for ever for a result"
  },
  "findings and how much of them": {
    "MUST collect the findings that the vendor lists, each under an id of its own that stays the same":
      "reads the first page alone",
    "MUST NOT call findings complete that it could not all read": "counts what it read for what there is",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood":
      "finds nothing when its vendor is down",
    "MUST bear anything in the vendor's list of findings without a defect": "trusts the remarks"
  },
  "ends within the submission, scans of others, and ids of every form": {
    "MUST settle a submission at once when its answer is the end of the scan": "polls what is settled",
    "MUST take the scan that a request names for its own, without a request":
      "waits for another scan than the one that is named",
    "MUST take a usable id in any answer for an acceptance, whatever else it holds": "reads no id from an error",
    "MUST send an id as one part of a request's address, percent-encoded where it has to be":
      "puts an id into the path as it is",
    "MUST refuse an id that could change the path of a request before one is made": "sends any id"
  },
  "keys and bodies of every kind": {
    "MUST show the key in every request where the vendor looks for it, and nowhere else":
      "copies the key into another header",
    "MUST ask for the credential before each request, and send the one it is given then":
      "keeps the first key while there is one",
    "MUST be denied without a request where there is no credential": "takes an old key where there is none",
    "MUST submit with the request that the vendor documents: its method, address, headers, encoding and body":
      "sends JSON for a form"
  },
  "limits of requests and submissions": {
    "MUST state a budget of whole requests and finite times": "takes a day without requests",
    "MUST tell refused, denied and throttled submissions apart by the vendor's documented errors":
      "calls a refusal throttled",
    "MUST pass on the wait and the quota that the answer to a submission names": "drops the wait of a submission"
  },
  "subjects of any kind": {
    "MUST name one subject for a request, the same each time and for equal purchases": "names no subject"
  },
  cancelling: {
    "MUST ask to cancel a scan with the one request that the vendor documents": "cancels with a GET",
    "MUST answer with a fault when a scan cannot be cancelled, and make one request for it":
      "says that a scan is cancelled when it cannot be",
    "MUST let a scan that was cancelled fail, with the code cancelled": "calls a cancelled scan failed"
  },
  "answers by their words": {
    "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included":
      "breaks on a verdict beside a failure",
    "MUST go by the status word alone, whatever stands beside it": "takes a verdict beside a running word for an end"
  },
  "hosts that the vendor cannot reach": {
    "MUST refuse an invalid request before a connection is made": "attacks a host of its own network"
  },
  "scans that attack, and who may": {
    "MUST refuse an invalid request before a connection is made": "attacks what nobody allowed"
  }
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

  it("are each broken alone by some mistake (issue 14)", () => {
    const alone = new Set(caught.flatMap(([, by]) => (by.length === 1 ? by : [])))
    const never = [...rules].filter((rule) => !alone.has(rule) && !aboutKits.includes(rule))
    assert.deepStrictEqual(never, [])
  })

  it("hold an adapter to each of the fourteen things that the port can say, each with a mistake that fails it alone (issue 14)", () => {
    assert.lengthOf(Object.keys(points), 14)
    const byMistake = new Map(caught)
    for (const [point, held] of Object.entries(points)) {
      for (const [rule, mistake] of Object.entries(held)) {
        assert.deepStrictEqual(byMistake.get(mistake), [rule], `${point}: ${mistake}`)
      }
    }
  })
})
