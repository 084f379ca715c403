/**
 * A vendor without a mind of its own: a loopback server that answers what its scripts say and keeps a ledger.
 *
 * It is for the adapter of a vendor that has no simulator yet. A request that no script is for is answered with 501 and a
 * text that names it, so that a missing line of a script shows.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as server from "./internal/server.ts"
import type * as Simulator from "./Simulator.ts"

/**
 * What every simulator may be told, and:
 *
 * - `vendor`: the name in the ledger. Default `"stage"`.
 * - `basePath`: the path of the base URL behind the origin, such as `/api/v1`. Default none.
 * - `route`: names a request for scripts and the ledger, from its method and the parts of its path behind the origin.
 *   Default: `"status"` for GET, with the last part as the scan's id, and `"submit"` for everything else.
 *
 * There is no rate limit unless one is given; its headers go out, and nothing is refused by it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Simulator.Options {
  readonly vendor?: string
  readonly basePath?: string
  readonly route?: (method: string, path: ReadonlyArray<string>) => { readonly route: string; readonly scanId?: string }
}

/**
 * The credential a stage accepts unless it is told others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultKey = "stage-key-5d1f0c7ab2e94863"

const byMethod: NonNullable<Options["route"]> = (method, path) => {
  const last = path.at(-1)
  return method !== "GET"
    ? { route: "submit" }
    : { route: "status", ...(last === undefined || last === "" ? {} : { scanId: last }) }
}

/**
 * Starts a stage. It is closed with its scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Simulator.Simulator, Simulator.SimulatorError, Scope.Scope> =>
  server.make(
    options.vendor ?? "stage",
    options,
    { key: defaultKey, rateLimit: null, basePath: options.basePath ?? "" },
    ({ limiter }) => ({
      route: options.route ?? byMethod,
      headers: (call) => limiter.headers(call),
      handle: (call) => ({
        answer: {
          status: 501,
          headers: { "Content-Type": "text/plain" },
          body: `nothing is scripted for ${call.method} ${call.path}`
        },
        step: null
      })
    })
  )
