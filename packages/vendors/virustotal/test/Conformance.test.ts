/** VirusTotal's definition, held to every rule of the suite by the vendor's own samples. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { Conformance } from "@scanpoll/testkit"
import { samples } from "@scanpoll/virustotal/VirusTotalSamples"
import { vendor } from "@scanpoll/virustotal/VirusTotalVendor"
import * as Layer from "effect/Layer"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

Conformance.suite(Conformance.kit(vendor, samples, http), { describe, it })
