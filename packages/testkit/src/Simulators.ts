/**
 * All three vendor simulators, started together on one seed and one speed.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as AppVetSimulator from "./AppVetSimulator.ts"
import * as ComplianceSimulator from "./ComplianceSimulator.ts"
import * as FastTime from "./FastTime.ts"
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
 * Simulators for a program without Effect.
 *
 * - `options`: keys and addresses, to be spread into the options of `createScanpoll` of `@scanpoll/promise`, with `time`.
 * - `exona`, `compliance`, `appvet`: the simulators, each with its `ledger` of what was asked and bought.
 * - `environment`: the variables under which the command speaks to them.
 * - `dispose`: stops them. `await using` calls it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Running extends Shape, AsyncDisposable {
  readonly options: {
    readonly exona: { readonly apiKey: string; readonly baseUrl: string; readonly insecureHosts: ReadonlyArray<string> }
    readonly compliance: {
      readonly token: string
      readonly baseUrl: string
      readonly insecureHosts: ReadonlyArray<string>
    }
    readonly appvet: {
      readonly apiKey: string
      readonly baseUrl: string
      readonly insecureHosts: ReadonlyArray<string>
    }
    readonly time: { readonly clock: Clock.Clock; readonly clockOfRequests: Clock.Clock }
  }
  readonly environment: Readonly<Record<string, string>>
  readonly dispose: () => Promise<void>
}

/**
 * Starts the three for a program without Effect. `speed`: how many seconds of scans and waits are one second of the test, from 1
 * to 20, default 10: every floor, hint and deadline keeps its proportion. More would leave a submission, which may take 15
 * seconds, too little real time. Give scans a `fate` to end sooner.
 *
 * **Example** (A test of minutes in seconds)
 *
 * ```ts
 * import { createSimulators } from "@scanpoll/testkit"
 *
 * await using simulators = await createSimulators({ appvet: { fate: () => ({ settleAfterPolls: 0 }) } })
 * simulators.appvet.ledger.accepted().length // => 0
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const createSimulators = async ({ speed = 10, ...options }: Omit<Options, "clock"> = {}): Promise<Running> => {
  if (!(speed >= 1 && speed <= 20)) throw new RangeError(`speed must be from 1 to 20, not ${speed}`)
  const scope = Scope.makeUnsafe()
  const time = FastTime.make(await Effect.runPromise(Clock.clockWith(Effect.succeed)), speed)
  const starting = Effect.provideService(make({ ...options, clock: time.now }), Scope.Scope, scope)
  const all = await Effect.runPromise(starting)
  const dispose = (): Promise<void> => Effect.runPromise(Scope.close(scope, Exit.void))
  const at = ({ baseUrl, port }: { readonly baseUrl: string; readonly port: number }) => ({
    baseUrl,
    insecureHosts: [`127.0.0.1:${port}`]
  })
  return {
    ...all,
    options: {
      exona: { apiKey: all.exona.key, ...at(all.exona) },
      compliance: { token: all.compliance.key, ...at(all.compliance) },
      appvet: { apiKey: all.appvet.key, ...at(all.appvet) },
      time: { clock: time.clock, clockOfRequests: time.clockOfRequests }
    },
    environment: environment(all),
    dispose,
    [Symbol.asyncDispose]: dispose
  }
}

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
