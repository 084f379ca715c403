import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, type Samples } from "@scanpoll/testkit"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Seabirds from "./seabirds.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const kitOf = <T, P>(right: Vendor.Vendor<T, P>, says: Samples.Samples<T>, wrong: Vendor.Vendor<T, P> = right) => ({
  ...Conformance.kit(right, says, http),
  make: wrong.make
})

const failed = <T, P>(kit: Conformance.Kit<T, P>) =>
  Effect.map(
    Effect.forEach(
      Conformance.cases(kit),
      ({ name, run }) => Effect.map(Effect.exit(run), (exit) => (Exit.isFailure(exit) ? [name] : [])),
      { concurrency: 6 }
    ),
    (names) => names.flat().toSorted()
  )

const shown = "MUST show the key in every request where the vendor looks for it, and nowhere else"
const lent = "MUST ask for the credential before each request, and send the one it is given then"
const submits =
  "MUST submit with the request that the vendor documents: its method, address, headers, encoding and body"

describe("a vendor's kit from its definition and samples", () => {
  Conformance.suite(kitOf(Seabirds.gannet(), Seabirds.gannetSays), { describe, it })
  Conformance.suite(kitOf(Seabirds.puffin(), Seabirds.puffinSays), { describe, it })
  Conformance.suite(kitOf(Seabirds.tern(), Seabirds.ternSays), { describe, it })
  Conformance.suite(kitOf(Seabirds.razorbill(), Seabirds.razorbillSays), { describe, it })
})

describe("a definition that does not fit its vendor", () => {
  const gannet = (...slips: ReadonlyArray<Seabirds.GannetSlip>) =>
    failed(kitOf(Seabirds.gannet(), Seabirds.gannetSays, Seabirds.gannet(...slips)))
  const puffin = (...slips: ReadonlyArray<Seabirds.PuffinSlip>) =>
    failed(kitOf(Seabirds.puffin(), Seabirds.puffinSays, Seabirds.puffin(...slips)))
  const tern = (...slips: ReadonlyArray<Seabirds.TernSlip>) =>
    failed(kitOf(Seabirds.tern(), Seabirds.ternSays, Seabirds.tern(...slips)))

  it.live("and shows the key in another header fails the rules about the key, and no other", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* gannet("shows the key as a bearer token"),
        [
          lent,
          "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
          shown
        ].toSorted()
      )
    })
  )

  it.live("and sends JSON for a form, polls elsewhere, or waits too long fails the one rule about each", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* gannet(
          "sends JSON for a form",
          "polls another address",
          "waits for ever on a conflict",
          "reads the first page alone"
        ),
        [
          submits,
          "MUST poll with the request that the vendor documents: its method, address and headers",
          "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that",
          "MUST collect the findings that the vendor lists, each under an id of its own that stays the same"
        ].toSorted()
      )
    })
  )

  it.live("and takes a text for a number fails the rules about words, and no other", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* gannet("takes a text for a number"),
        [
          "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
          "MUST NOT take a status that is no word for one",
          "MUST read other fields of any type without a defect, and without another verdict than broken"
        ].toSorted()
      )
    })
  )

  it.live("and tells words by a loose form, or submits with another method, fails the one rule about each", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* puffin("counts any text that begins with a number", "starts with a POST"),
        [
          submits,
          "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing"
        ].toSorted()
      )
    })
  )

  it.live("and shows a client's secret in place of its token fails the rules about the key, and no other", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tern("shows the secret in place of a token"), [lent, shown].toSorted())
    })
  )

  it.live("and completes an answer that says nothing fails the rules about results and unreadable answers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* tern("completes what says nothing"),
        [
          "MUST NOT complete a scan that comes without its result",
          "MUST call an answer that it cannot understand broken, not for good"
        ].toSorted()
      )
    })
  )
})

const askedForResult = (rule: string): string => `${rule} (asked for a result)`
const ended = "MUST call a scan ended, and never settled, whose result the vendor has at another address"

/** Rules that try every documented answer of a poll, and know what it means. */
const everyAnswer = [
  "MUST bear fields it does not know at every level, a byte order mark and any content type",
  "MUST read other fields of any type without a defect, and without another verdict than broken",
  "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
]

/** What each mistake about a preparation, an end or a result is caught by, and nothing else. */
const caught: Readonly<Record<Seabirds.RazorbillSlip, ReadonlyArray<string>>> = {
  "completes by the status alone": [ended, ...everyAnswer],
  "takes the end for a pause": [ended, "MUST NOT complete a scan that comes without its result", ...everyAnswer],
  "loses the id that a scan goes on under": [
    "MUST go on under the id that the vendor names for a scan that moved, and call one without it broken"
  ],
  "calls a cancelled scan failed": ["MUST let a scan that was cancelled fail, with the code cancelled"],
  "completes a result that says nothing": [askedForResult("MUST NOT complete a scan that comes without its result")],
  "asks for the result elsewhere": [
    "MUST ask for a result with the request that the vendor documents: its method, address and headers"
  ],
  "calls every result completed": [
    "MUST settle the result of every documented end with its outcome, under the word that ended the scan"
  ],
  "waits for ever for a result": [
    askedForResult(
      "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that"
    )
  ],
  "cancels with a GET": ["MUST ask to cancel a scan with the one request that the vendor documents"],
  "prepares with another request": [
    "MUST prepare a submission with the requests that the vendor documents, and submit with what they returned"
  ],
  "says that nothing was started": ["MUST NOT say that there is no scan where the vendor's answer does not prove it"]
}

/** What the mistakes of one definition are caught by does not overlap, so that none can hide another. */
const wrongDefinitions: ReadonlyArray<ReadonlyArray<Seabirds.RazorbillSlip>> = [
  [
    "completes by the status alone",
    "loses the id that a scan goes on under",
    "completes a result that says nothing",
    "cancels with a GET",
    "prepares with another request"
  ],
  [
    "takes the end for a pause",
    "calls a cancelled scan failed",
    "asks for the result elsewhere",
    "waits for ever for a result",
    "says that nothing was started"
  ],
  ["calls every result completed"]
]

describe("a definition that is wrong about what comes before a submission or after an end", () => {
  for (const slips of wrongDefinitions) {
    it.live(`and ${slips.join(", ")} fails what forbids it, and nothing else (issue 14)`, () =>
      Effect.gen(function* () {
        const wrong = yield* failed(kitOf(Seabirds.razorbill(), Seabirds.razorbillSays, Seabirds.razorbill(...slips)))
        assert.deepStrictEqual(wrong, [...new Set(slips.flatMap((slip) => caught[slip]))].toSorted())
      })
    )
  }

  it("is tried once for each mistake", () => {
    assert.deepStrictEqual(wrongDefinitions.flat().toSorted(), Object.keys(caught).toSorted())
  })
})

describe("samples", () => {
  it("without an ended scan are refused by what is missing", () => {
    const { poll, ...rest } = Seabirds.gannetSays
    const [queued] = poll.scans
    assert.throws(
      () => Conformance.kit(Seabirds.gannet(), { ...rest, poll: { ...poll, scans: [queued] } }, http),
      /samples\.poll\.scans has no ended scan/
    )
  })
})
