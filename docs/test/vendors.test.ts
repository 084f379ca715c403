/** Holds every definition of `docs/examples/vendors` to the conformance suite, by the vendor's own samples. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, type Samples } from "@scanpoll/testkit"
import { Layer } from "effect"
import { describe, it } from "vitest"
import harbourmaster from "../examples/vendors/harbourmaster.ts"
import * as harbourmasterSays from "../examples/vendors/harbourmaster.samples.ts"
import urlscan from "../examples/vendors/urlscan.ts"
import * as urlscanSays from "../examples/vendors/urlscan.samples.ts"
import virustotal from "../examples/vendors/virustotal.ts"
import * as virustotalSays from "../examples/vendors/virustotal.samples.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const hold = <T, P>(vendor: Vendor.Vendor<T, P>, samples: Samples.Samples<T>) =>
  Conformance.suite(Conformance.kit(vendor, samples, http), { describe, it })

hold(harbourmaster, harbourmasterSays.samples)
hold(urlscan, urlscanSays.samples)
hold(virustotal, virustotalSays.samples)
