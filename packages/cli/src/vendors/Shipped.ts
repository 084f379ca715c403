/**
 * The vendors that come with the command: the one place that knows their packages.
 *
 * A further one is one more line of `definitions`. Nothing but the assembly of the command reads this list: everything else is
 * given the `Vendors` that are known.
 *
 * @since 0.1.0
 */
import * as AppVetVendor from "@scanpoll/appvet/AppVetVendor"
import * as ComplianceVendor from "@scanpoll/compliance/ComplianceVendor"
import * as Definitions from "@scanpoll/core/vendor/Vendor"
import * as ExonaVendor from "@scanpoll/exona/ExonaVendor"
import * as SonarQubeVendor from "@scanpoll/sonarqube/SonarQubeVendor"
import type { Samples } from "@scanpoll/testkit/Samples"
import * as UrlscanVendor from "@scanpoll/urlscan/UrlscanVendor"
import * as VirusTotalVendor from "@scanpoll/virustotal/VirusTotalVendor"
import * as Vendors from "./Vendor.ts"

const made = <T, P>(definition: Definitions.Vendor<T, P>): Definitions.Vendor<unknown, unknown> => {
  const vendor: unknown = definition
  if (!Definitions.isVendor(vendor)) throw new TypeError(`${definition.name} was made by another copy of core`)
  return vendor
}

/**
 * AI-risk scans of companies.
 *
 * @category constructors
 * @since 0.1.0
 */
export const exona: Vendors.Vendor = Vendors.fromDefinition(made(ExonaVendor.vendor), {
  capabilities: ["cache", "findings"],
  rateLimit: "100 requests an hour",
  targetForm: '"exona:NAME=WEBSITE"',
  doubt: [
    "Exona has no list of scans, so it cannot be looked for. Its dashboard may show it, and so may its cache: submit the",
    "same company with maxAgeDays 1 and without forceRefresh, some minutes after the first time. A hit costs nothing and",
    "gives the first scan; a miss starts a new scan, which is paid for."
  ]
})

/**
 * Rule scans of datasets, with a delta.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compliance: Vendors.Vendor = Vendors.fromDefinition(made(ComplianceVendor.vendor), {
  extraWords: { COMPLIANCE_ORGANIZATION_ID: "Your organisation there, if you have several" },
  capabilities: ["delta", "score", "reconcile by audit", "done inside the submit"],
  rateLimit: "none documented",
  targetForm: "compliance:policy=ID,upload=ID,mapping=ID",
  doubt: [
    "The vendor lists scans by audit. Without an audit its own history shows whether a scan was made; submitting again",
    "makes another one."
  ]
})

/**
 * Scans of web sites, with partial results.
 *
 * @category constructors
 * @since 0.1.0
 */
export const appvet: Vendors.Vendor = Vendors.fromDefinition(made(AppVetVendor.vendor), {
  capabilities: ["score", "grade", "findings", "partial", "progress", "reconcile"],
  rateLimit: "60 requests a minute (10 on the free plan), 10 open scans",
  doubt: ["AppVet lists its scans. Submitting again makes another one, which counts against the plan."]
})

/**
 * A vendor that its definition tells in full, and the samples that `demo` and `simulate` play it by.
 *
 * @category models
 * @since 0.2.0
 */
export interface Defined {
  readonly vendor: Definitions.Vendor<unknown, unknown>
  readonly samples: () => Promise<Samples<unknown>>
}

const defined = <T, P>(
  definition: Definitions.Vendor<T, P>,
  samples: () => Promise<{ readonly samples: Samples<T> }>
): Defined => ({ vendor: made(definition), samples: async () => (await samples()).samples })

/**
 * The vendors that need no code here: a further one is one more line. Targets, plans and their schema, keys, help, `doctor`,
 * completions, `demo` and `simulate` follow from it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const definitions: ReadonlyArray<Defined> = [
  defined(UrlscanVendor.vendor, () => import("@scanpoll/urlscan/UrlscanSamples")),
  defined(VirusTotalVendor.vendor, () => import("@scanpoll/virustotal/VirusTotalSamples")),
  defined(SonarQubeVendor.vendor, () => import("@scanpoll/sonarqube/SonarQubeSamples"))
]

/**
 * All of them, in the order they are shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: ReadonlyArray<Vendors.Vendor> = [
  exona,
  compliance,
  appvet,
  ...definitions.map(({ vendor }) => Vendors.fromDefinition(vendor))
]
