// Simulated vendors on loopback for tests that are written as a user without Effect writes.
import {
  type AppVetOptions,
  type ComplianceOptions,
  ConfigError,
  createScanpoll,
  type ExonaOptions,
  type PolicyOptions,
  type ScanpollOptions
} from "@scanpoll/promise"
import { Simulators } from "@scanpoll/testkit"
import { Effect, Exit, Scope } from "effect"
import { inspect } from "node:util"
import { assert, type TestContext } from "vitest"

export type Vendors = Simulators.Shape

/** Starts the three simulators for one test. A scan is over at its first poll unless its fate says otherwise. */
export const simulators = async (test: TestContext, options: Simulators.Options = {}): Promise<Vendors> => {
  const scope = Scope.makeUnsafe()
  test.onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const atOnce = () => ({ settleAfterPolls: 0 })
  return Effect.runPromise(
    Effect.provideService(
      Simulators.make({
        seed: 7,
        speed: 60,
        ...options,
        exona: { retryAfter: null, fate: atOnce, ...options.exona },
        compliance: { fate: atOnce, ...options.compliance },
        appvet: { fate: atOnce, ...options.appvet }
      }),
      Scope.Scope,
      scope
    )
  )
}

export interface Places {
  readonly exona: ExonaOptions & { readonly apiKey: string }
  readonly compliance: ComplianceOptions & { readonly token: string }
  readonly appvet: AppVetOptions & { readonly apiKey: string }
}

export const placesOf = ({ appvet, compliance, exona }: Vendors): Places => ({
  exona: { apiKey: exona.key, baseUrl: exona.baseUrl, insecureHosts: [`127.0.0.1:${exona.port}`] },
  compliance: { token: compliance.key, baseUrl: compliance.baseUrl, insecureHosts: [`127.0.0.1:${compliance.port}`] },
  appvet: { apiKey: appvet.key, baseUrl: appvet.baseUrl, insecureHosts: [`127.0.0.1:${appvet.port}`] }
})

/** A client of all three, gone with its test. */
export const clientOf = (test: TestContext, vendors: Vendors, options: Pick<ScanpollOptions, "journal"> = {}) => {
  const scanpoll = createScanpoll({ ...placesOf(vendors), ...options })
  test.onTestFinished(() => scanpoll.dispose())
  return scanpoll
}

/** Waits until a ledger's predicate holds. */
export const until = (vendor: Vendors["exona" | "compliance" | "appvet"], holds: () => boolean): Promise<void> =>
  Effect.runPromise(vendor.ledger.until(holds))

/** Polls as soon as the vendor's floor allows. */
export const hasty: PolicyOptions = { first: 0, pace: 0, spread: 0 }

export const company = (label: string) => ({ company: { name: label, website: `https://${label}.example` } })
export const site = (label: string) => ({ url: `https://${label}.example/`, type: "security" }) as const
export const dataset = {
  policyId: "48f992f7-6692-47f1-983a-bc1c21c802b9",
  uploadId: "b2fe6812-d820-47d4-8cd3-e7cd622457cb",
  mappingId: "4193da9a-6476-4eac-bcfe-134b77f90026"
}

/** What a promise rejects with. */
export const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return new Error(`did not reject, but brought ${JSON.stringify(await promise)}`)
  } catch (error) {
    return error
  }
}

/** What is wrong with options that a client must refuse. */
export const faultsOf = (options: unknown): ReadonlyArray<string> => {
  try {
    Reflect.apply(createScanpoll, undefined, [options])
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    assert.fail(inspect(error))
  }
  return assert.fail("was taken")
}
