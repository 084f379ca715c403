import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, type Samples } from "@scanpoll/testkit"
import { isDone } from "@scanpoll/test-support/length"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Planted from "./planted.ts"
import * as Seabirds from "./seabirds.ts"
import { tried } from "./tried.ts"
import { type SeabirdKit, wrongAdapters, wrongAttacks } from "./wrongAdapters.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const kitOf = <T, P>(right: Vendor.Vendor<T, P>, says: Samples.Samples<T>, wrong: Vendor.Vendor<T, P> = right) => ({
  ...Conformance.kit(right, says, http),
  make: wrong.make
})

const failed = <T, P>(kit: Conformance.Kit<T, P>, caught: ReadonlyArray<string>, group: number) =>
  Effect.map(
    Effect.forEach(
      tried(Conformance.cases(kit), new Set(caught), group),
      ({ name, run }) => Effect.map(Effect.exit(run), (exit) => (Exit.isFailure(exit) ? [name] : [])),
      { concurrency: 6 }
    ),
    (names) => names.flat().toSorted()
  )

// One kit is held to all of the suite, each other one to a third of it, and nightly to all of it.
const holdsSome = <T, P>(kit: Conformance.Kit<T, P>, group: number) =>
  describe(`${kit.vendor}: conformance`, () => {
    for (const one of Conformance.cases(kit).filter((_, at) => isDone(at, group))) {
      it.live(`${one.group}: ${one.name}`, () => one.run)
    }
  })

describe("a vendor's kit from its definition and samples", () => {
  holdsSome(kitOf(Seabirds.gannet(), Seabirds.gannetSays), 0)
  holdsSome(kitOf(Seabirds.puffin(), Seabirds.puffinSays), 1)
  holdsSome(kitOf(Seabirds.tern(), Seabirds.ternSays), 2)
  Conformance.suite(kitOf(Seabirds.razorbill(), Seabirds.razorbillSays), { describe, it })
  holdsSome(kitOf(Seabirds.fulmar(), Seabirds.fulmarSays), 4)
  holdsSome(kitOf(Seabirds.skua(), Seabirds.skuaSays), 5)

  it.live(
    "takes an id that was prepared from the definition, where every 2xx says that it was started (issue 14)",
    () =>
      Effect.gen(function* () {
        const { id: _, ...submit } = Seabirds.fulmarSays.submit
        const kit = kitOf(Seabirds.fulmarOfAny(), { ...Seabirds.fulmarSays, submit })
        const cases = Conformance.cases(kit).filter(({ group }) => group === "submit" || group === "kit")
        for (const { run } of cases) yield* run
        assert.isAtLeast(cases.length, 10)
      })
  )
})

/** What the mistakes of one definition are caught by does not overlap, so that none can hide another. */
const gannets: ReadonlyArray<ReadonlyArray<Seabirds.GannetSlip>> = [
  ["shows the key as a bearer token", "counts what it read for what there is"],
  ["sends JSON for a form", "polls another address", "waits for ever on a conflict", "reads the first page alone"],
  ["takes a text for a number"]
]
const puffins: ReadonlyArray<ReadonlyArray<Seabirds.PuffinSlip>> = [
  ["counts any text that begins with a number", "starts with a POST"]
]
const terns: ReadonlyArray<ReadonlyArray<Seabirds.TernSlip>> = [
  ["shows the secret in place of a token"],
  ["completes what says nothing"]
]
const razorbills: ReadonlyArray<ReadonlyArray<Seabirds.RazorbillSlip>> = [
  [
    "completes by the status alone",
    "loses the id that a scan goes on under",
    "completes a result that says nothing",
    "cancels with a GET",
    "prepares with another request",
    "finds another scan again"
  ],
  [
    "takes the end for a pause",
    "calls a cancelled scan failed",
    "asks for the result elsewhere",
    "waits for ever for a result",
    "says that nothing was started"
  ],
  ["calls every result completed", "takes a result of any scan", "forgets what the scan is about"]
]

const fulmars: ReadonlyArray<ReadonlyArray<Seabirds.FulmarSlip>> = [
  ["takes a start that was refused for a scan"],
  ["takes another task for the scan"]
]
const skuas: ReadonlyArray<ReadonlyArray<Seabirds.SkuaSlip>> = [["waits for another scan than the one that is named"]]

const holds = <Slip extends string, T, P>(
  groups: ReadonlyArray<ReadonlyArray<Slip>>,
  caught: Readonly<Record<Slip, ReadonlyArray<string>>>,
  says: Samples.Samples<T>,
  make: (...slips: ReadonlyArray<Slip>) => Vendor.Vendor<T, P>
) => {
  const right = make()
  for (const [group, slips] of groups.entries()) {
    it.live(`of ${right.title} that ${slips.join(", ")} fails what forbids it, and nothing else (issue 14)`, () =>
      Effect.gen(function* () {
        const wanted = [...new Set(slips.flatMap((slip) => caught[slip]))].toSorted()
        assert.deepStrictEqual(yield* failed(kitOf(right, says, make(...slips)), wanted, group), wanted)
      })
    )
  }

  it(`of ${right.title} is tried once for each mistake`, () => {
    assert.deepStrictEqual(groups.flat().toSorted(), Object.keys(caught).toSorted())
  })
}

describe("a definition that does not fit its vendor", () => {
  holds(gannets, Planted.byGannet, Seabirds.gannetSays, Seabirds.gannet)
  holds(puffins, Planted.byPuffin, Seabirds.puffinSays, Seabirds.puffin)
  holds(terns, Planted.byTern, Seabirds.ternSays, Seabirds.tern)
  holds(razorbills, Planted.byRazorbill, Seabirds.razorbillSays, Seabirds.razorbill)
  holds<Seabirds.FulmarSlip, Seabirds.Site, unknown>(fulmars, Planted.byFulmar, Seabirds.fulmarSays, Seabirds.fulmar)
  holds(skuas, Planted.bySkua, Seabirds.skuaSays, Seabirds.skua)
})

describe("an adapter whose scans attack", () => {
  for (const [group, [name, { caught, plant }]] of Object.entries(wrongAttacks).entries()) {
    it.live(`so that it ${name}, fails what forbids it, and nothing else (issue 14)`, () =>
      Effect.gen(function* () {
        const wrong = plant(kitOf(Seabirds.fulmar(), Seabirds.fulmarSays))
        assert.deepStrictEqual(yield* failed(wrong, caught, group), caught)
      })
    )
  }
})

describe("an adapter whose calls around a scan are wrong where no definition can be", () => {
  // Of one vendor each, and what catches one does not catch another.
  const groups: ReadonlyArray<ReadonlyArray<keyof typeof wrongAdapters>> = [
    [
      "leaves a doubt where a preparation fails",
      "says that a scan is cancelled when it cannot be",
      "asks for a result twice",
      "forgets when the scan of a result was submitted",
      "takes any 2xx for a result",
      "refuses results with fields it does not know",
      "tells another word for an end",
      "takes the word of an end for its result"
    ],
    [
      "trusts the score of a result",
      "drops the wait that a result names",
      "asks for the result of any id",
      "takes the documented error of a result for a bad key",
      "shows the key in a result",
      "waits where the result's address is in trouble"
    ],
    [
      "keeps no payload of a result",
      "cannot be interrupted while it asks for a result",
      "asks again for a result that is gone for good",
      "gives up a result when a connection breaks",
      "calls a result that is no JSON gone for good"
    ],
    [
      "copies the key into another header",
      "keeps the first key while there is one",
      "shows the key in an outcome",
      "asks again after a redirect",
      "polls twice when it is throttled",
      "drops the wait of a fault",
      "takes a number for the asked id",
      "says that nothing was sent when an answer holds no id",
      "puts the vendor's address into a fingerprint"
    ],
    [
      "tells the vendor about a trace",
      "takes an old key where there is none",
      "forgets when a settled scan was submitted",
      "makes a wait of its own",
      "tells an unknown word as another",
      "takes a verdict beside a running word for an end",
      "gives up when a poll takes too long",
      "says that nothing was sent when a gateway is in trouble",
      "collects for any id",
      "lets no scan go back into its queue"
    ],
    [
      "keeps a payload that is no JSON",
      "falls over a scan that is known by its id alone",
      "wants a reason that is not empty",
      "gives up when a connection breaks",
      "asks again for what is gone for good",
      "takes a documented error for a bad key",
      "repeats long messages",
      "calls an answer that is too large gone for good",
      "takes any error for a refusal",
      "finds nothing when its vendor is down"
    ]
  ]
  const right: Readonly<Record<"gannet" | "razorbill", SeabirdKit>> = {
    gannet: kitOf(Seabirds.gannet(), Seabirds.gannetSays),
    razorbill: kitOf(Seabirds.razorbill(), Seabirds.razorbillSays)
  }
  for (const [group, names] of groups.entries()) {
    it.live(`so that it ${names.join(", ")}, fails what forbids it, and nothing else (issue 14)`, () =>
      Effect.gen(function* () {
        const [of, ...others] = new Set(names.map((name) => wrongAdapters[name].of))
        if (of === undefined || others.length > 0) return assert.fail("the mistakes are of several vendors")
        const wrong = names.reduce((kit, name) => wrongAdapters[name].plant(kit), right[of])
        const wanted = names.flatMap((name) => wrongAdapters[name].caught).toSorted()
        assert.deepStrictEqual(yield* failed(wrong, wanted, group), wanted)
      })
    )
  }

  it("is tried once for each mistake", () => {
    assert.deepStrictEqual(groups.flat().toSorted(), Object.keys(wrongAdapters).toSorted())
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
