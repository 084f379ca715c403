/** Plays every definition of `docs/examples/vendors` by its samples, whatever its ids and addresses are made of. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { type Samples, SimulatedVendor } from "@scanpoll/testkit"
import { UrlscanSamples, UrlscanVendor } from "@scanpoll/urlscan"
import { VirusTotalSamples, VirusTotalVendor } from "@scanpoll/virustotal"
import { Effect, Layer, Redacted } from "effect"
import github from "../examples/vendors/github-sarif.ts"
import * as githubSays from "../examples/vendors/github-sarif.samples.ts"
import harbourmaster from "../examples/vendors/harbourmaster.ts"
import * as harbourmasterSays from "../examples/vendors/harbourmaster.samples.ts"
import probely from "../examples/vendors/probely.ts"
import * as probelySays from "../examples/vendors/probely.samples.ts"
import sqlmap from "../examples/vendors/sqlmap.ts"
import * as sqlmapSays from "../examples/vendors/sqlmap.samples.ts"
import ssllabs from "../examples/vendors/ssllabs.ts"
import * as ssllabsSays from "../examples/vendors/ssllabs.samples.ts"
import urlscan from "../examples/vendors/urlscan-short.ts"
import * as urlscanSays from "../examples/vendors/urlscan-short.samples.ts"
import zap from "../examples/vendors/zap.ts"
import * as zapSays from "../examples/vendors/zap.samples.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

/** Two targets at once, each submitted, polled to its end. */
const played = <T, P>(vendor: Vendor.Vendor<T, P>, samples: Samples.Samples<T>) =>
  Effect.gen(function* () {
    const fate = (): SimulatedVendor.Fate => ({ settleAfterPolls: 6, sample: 0 })
    const simulated = yield* SimulatedVendor.make(vendor, samples, { fate })
    const adapter = yield* vendor.make({
      credential: Redacted.make(simulated.key),
      baseUrl: simulated.baseUrl,
      insecureHosts: [`127.0.0.1:${simulated.port}`]
    })
    const scans = yield* Effect.forEach([vendor.sample, samples.requests.different[0][1]], (request) =>
      Effect.gen(function* () {
        const prepared = adapter.prepare === undefined ? undefined : yield* adapter.prepare(request)
        const submitted = yield* adapter.submit(request, prepared)
        if (!("ticket" in submitted)) return assert.fail("it had ended already")
        return { ticket: submitted.ticket, about: { subject: adapter.subject(request), request } }
      })
    )
    assert.strictEqual(new Set(scans.map(({ ticket }) => ticket.scanId)).size, 2, "each has an id of its own")
    for (const { about, ticket } of scans) {
      assert.strictEqual((yield* adapter.poll(ticket, about)).observation._tag, "Pending", "it runs at first")
    }
    return yield* Effect.forEach(scans, ({ about, ticket }) =>
      Effect.gen(function* () {
        let seen = (yield* adapter.poll(ticket, about)).observation
        // A list of all scans is one answer for each of them.
        for (let polls = 0; seen._tag === "Pending" && polls < 20; polls++) {
          seen = (yield* adapter.poll(ticket, about)).observation
        }
        return seen._tag === "Ended" && adapter.result !== undefined
          ? (yield* adapter.result(ticket, seen.vendorStatus, about)).observation
          : seen
      })
    )
  }).pipe(
    Effect.map((ends) => ends.map((end) => (end._tag === "Settled" ? end.value._tag : end._tag))),
    Effect.provide(http),
    Effect.scoped
  )

describe("the examples, played by their samples", () => {
  it.live("give two scans at once ids and ends of their own (issue 14)", () =>
    Effect.gen(function* () {
      const ends = {
        harbourmaster: yield* played(harbourmaster, harbourmasterSays.samples),
        github: yield* played(github, githubSays.samples),
        probely: yield* played(probely, probelySays.samples),
        sqlmap: yield* played(sqlmap, sqlmapSays.samples),
        ssllabs: yield* played(ssllabs, ssllabsSays.samples),
        urlscan: yield* played(urlscan, urlscanSays.samples),
        zap: yield* played(zap, zapSays.samples)
      }
      for (const [vendor, two] of Object.entries(ends)) assert.deepStrictEqual(two, ["Completed", "Completed"], vendor)
    })
  )
})

const shownFor = <P>(
  vendor: Vendor.Vendor<{ readonly url: string }, P>,
  samples: Samples.Samples<{ readonly url: string }>
) =>
  Effect.gen(function* () {
    const simulated = yield* SimulatedVendor.make(vendor, samples, { fate: () => ({ settleAfterPolls: 0 }) })
    const adapter = yield* vendor.make({
      credential: Redacted.make(simulated.key),
      baseUrl: simulated.baseUrl,
      insecureHosts: [`127.0.0.1:${simulated.port}`]
    })
    const submitted = yield* adapter.submit({ url: "https://elsewhere.example/" })
    if (!("ticket" in submitted)) return assert.fail("it had ended already")
    const { observation } = yield* adapter.poll(submitted.ticket)
    return JSON.stringify(observation)
  }).pipe(Effect.provide(http), Effect.scoped)

describe("the simulated vendors of web addresses", () => {
  it.live("answer about the address that was submitted, not about that of their samples (issue 19)", () =>
    Effect.gen(function* () {
      for (const shown of [
        yield* shownFor(UrlscanVendor.vendor, UrlscanSamples.samples),
        yield* shownFor(VirusTotalVendor.vendor, VirusTotalSamples.samples)
      ]) {
        assert.include(shown, "elsewhere.example")
        assert.notInclude(shown, "shop.example")
      }
    })
  )
})
