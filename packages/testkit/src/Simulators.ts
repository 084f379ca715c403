/**
 * All three vendor simulators, started together on one seed and one speed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as AppVetSimulator from "./AppVetSimulator.ts"
import * as ComplianceSimulator from "./ComplianceSimulator.ts"
import * as ExonaSimulator from "./ExonaSimulator.ts"
import type { Options as Common, SimulatorError } from "./Simulator.ts"

/**
 * Options of all three, and those of one, which win.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Pick<Common, "seed" | "speed" | "clock" | "startAt" | "capacity" | "ledgerCapacity"> {
  readonly exona?: ExonaSimulator.Options
  readonly compliance?: ComplianceSimulator.Options
  readonly appvet?: AppVetSimulator.Options
}

/**
 * The three simulators, running.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shape {
  readonly exona: ExonaSimulator.Shape
  readonly compliance: ComplianceSimulator.Shape
  readonly appvet: AppVetSimulator.Shape
}

/**
 * The three simulators as one service.
 *
 * @category services
 * @since 0.1.0
 */
export class Simulators extends Context.Service<Simulators, Shape>()("@scanpoll/testkit/Simulators") {}

/**
 * Starts the three.
 *
 * **Example** (Counting what a test has bought)
 *
 * ```ts
 * import { Simulators } from "@scanpoll/testkit"
 * import { Effect } from "effect"
 *
 * const bought = Effect.gen(function* () {
 *   const { appvet } = yield* Simulators.make({ speed: 60 })
 *   const headers = { authorization: `Bearer ${appvet.key}`, "content-type": "application/json" }
 *   const body = JSON.stringify({ url: "https://shop.example", type: "seo" })
 *   yield* Effect.promise(() => fetch(`${appvet.baseUrl}/v1/scan`, { method: "POST", headers, body }))
 *   return appvet.ledger.accepted().length
 * })
 * await Effect.runPromise(Effect.scoped(bought)) // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Shape, SimulatorError, Scope.Scope> {
  const { appvet, compliance, exona, ...common } = options
  return {
    exona: yield* ExonaSimulator.make({ ...common, ...exona }),
    compliance: yield* ComplianceSimulator.make({ ...common, ...compliance }),
    appvet: yield* AppVetSimulator.make({ ...common, ...appvet })
  }
})

/**
 * Starts the three as services, together and each by itself.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<
  | Simulators
  | ExonaSimulator.ExonaSimulator
  | ComplianceSimulator.ComplianceSimulator
  | AppVetSimulator.AppVetSimulator,
  SimulatorError
> =>
  Layer.effectContext(
    Effect.map(make(options), (all) =>
      Context.make(Simulators, all).pipe(
        Context.add(ExonaSimulator.ExonaSimulator, all.exona),
        Context.add(ComplianceSimulator.ComplianceSimulator, all.compliance),
        Context.add(AppVetSimulator.AppVetSimulator, all.appvet)
      )
    )
  )

/**
 * The environment variables under which the command speaks to these simulators in place of the vendors.
 *
 * @category combinators
 * @since 0.1.0
 */
export const environment = (simulators: Shape): Readonly<Record<string, string>> => ({
  EXONA_API_KEY: simulators.exona.key,
  EXONA_BASE_URL: simulators.exona.baseUrl,
  COMPLIANCE_TOKEN: simulators.compliance.key,
  COMPLIANCE_BASE_URL: simulators.compliance.baseUrl,
  APPVET_API_KEY: simulators.appvet.key,
  APPVET_BASE_URL: simulators.appvet.baseUrl,
  SCANPOLL_ALLOW_INSECURE_HOSTS: [simulators.exona, simulators.compliance, simulators.appvet]
    .map((simulator) => `127.0.0.1:${simulator.port}`)
    .join(",")
})
