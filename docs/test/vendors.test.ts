/**
 * Holds every definition of `docs/examples/vendors` to the conformance suite, by the vendor's own samples: the one of the guide to
 * all of it, each other one to a third of it in `npm test` and to all of it nightly.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, type Samples } from "@scanpoll/testkit"
import { isDone } from "@scanpoll/test-support/length"
import { Layer } from "effect"
import { describe, it } from "@effect/vitest"
import harbourmaster from "../examples/vendors/harbourmaster.ts"
import * as harbourmasterSays from "../examples/vendors/harbourmaster.samples.ts"
import zap from "../examples/vendors/zap.ts"
import * as zapSays from "../examples/vendors/zap.samples.ts"
import ssllabs from "../examples/vendors/ssllabs.ts"
import * as ssllabsSays from "../examples/vendors/ssllabs.samples.ts"
import probely from "../examples/vendors/probely.ts"
import * as probelySays from "../examples/vendors/probely.samples.ts"
import github from "../examples/vendors/github-sarif.ts"
import * as githubSays from "../examples/vendors/github-sarif.samples.ts"
import sqlmap from "../examples/vendors/sqlmap.ts"
import * as sqlmapSays from "../examples/vendors/sqlmap.samples.ts"
import urlscan from "../examples/vendors/urlscan-short.ts"
import * as urlscanSays from "../examples/vendors/urlscan-short.samples.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const hold = <T, P>(vendor: Vendor.Vendor<T, P>, samples: Samples.Samples<T>, group?: number) => {
  const all = Conformance.cases(Conformance.kit(vendor, samples, http))
  describe(`${vendor.title}: conformance`, () => {
    for (const one of all.filter((_, at) => group === undefined || isDone(at, group))) {
      it.live(`${one.group}: ${one.name}`, () => one.run)
    }
  })
}

hold(harbourmaster, harbourmasterSays.samples)
hold(zap, zapSays.samples, 0)
hold(ssllabs, ssllabsSays.samples, 1)
hold(probely, probelySays.samples, 2)
hold(github, githubSays.samples, 3)
hold(sqlmap, sqlmapSays.samples, 4)
hold(urlscan, urlscanSays.samples, 5)
