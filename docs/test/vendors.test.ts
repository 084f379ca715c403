/** Holds every definition of `docs/examples/vendors` to the conformance suite, by the vendor's own samples. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, type Samples } from "@scanpoll/testkit"
import { Layer } from "effect"
import { describe, it } from "vitest"
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

const hold = <T, P>(vendor: Vendor.Vendor<T, P>, samples: Samples.Samples<T>) =>
  Conformance.suite(Conformance.kit(vendor, samples, http), { describe, it })

hold(harbourmaster, harbourmasterSays.samples)
hold(zap, zapSays.samples)
hold(ssllabs, ssllabsSays.samples)
hold(probely, probelySays.samples)
hold(github, githubSays.samples)
hold(sqlmap, sqlmapSays.samples)
hold(urlscan, urlscanSays.samples)
