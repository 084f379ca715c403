/**
 * What all vendor simulators have in common: a real HTTP server on 127.0.0.1, a ledger, scripts, credentials and a clock.
 *
 * A simulator is a scoped resource: when its scope closes, every socket is closed at once and no timer is left. It is
 * deterministic: the same seed and the same requests in the same order give the same answers, ids included; what happens
 * to one subject does not depend on requests about others.
 *
 * Two times are kept apart. Headers (`Date`, `Retry-After`, `X-RateLimit-Reset`) and the ledger speak the time of the
 * client. Bodies (`created_at` and the like) and the vendor's windows speak vendor time, which runs `speed` times as
 * fast. At speed 1 the two are one.
 *
 * @since 0.1.0
 */
import type { Facts } from "@scanpoll/core/vendor/Definition"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Ledger } from "./Ledger.ts"
import type { ConnectionFault, Script, Steps } from "./Script.ts"

/**
 * A simulator that cannot start: an option out of bounds, or a port that is taken.
 *
 * @category errors
 * @since 0.1.0
 */
export class SimulatorError extends Data.TaggedError("SimulatorError")<{
  readonly vendor: string
  readonly reason: "option" | "port"
  readonly message: string
}> {}

/**
 * What the vendor makes of a credential it knows. `expired` is a compliance token past its hour, `forbidden-ip` an Exona
 * key used from an address outside its list; where a vendor has no such state it counts as `revoked`.
 *
 * @category models
 * @since 0.1.0
 */
export type CredentialState = "active" | "revoked" | "expired" | "forbidden-ip"

/**
 * A credential the vendor knows. Scans are seen by the credentials of the same `account` only, `"default"` unless told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Credential {
  readonly token: string
  readonly account?: string
  readonly state?: CredentialState
}

/**
 * So many requests per fixed window of vendor time and credential; the first window begins when the simulator starts.
 * `limit` is a whole number of at least 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimit {
  readonly limit: number
  readonly window: Duration.Input
}

/**
 * How a simulator is set up. Each vendor's module adds its own options.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Port on 127.0.0.1. Default 0: any free one. */
  readonly port?: number
  /** Default 1. */
  readonly seed?: number | string
  /** Vendor seconds per second of the client: 60 is a minute a second. Default 1; more than 0, at most 1 000 000. */
  readonly speed?: number
  /**
   * The client's wall clock in milliseconds since 1970. Default: the machine's. A simulator on a clock of its own never
   * waits by it: an answer that the vendor holds back is sent at once, scripted delays stay real time.
   */
  readonly clock?: () => number
  /** Vendor time at the start, in milliseconds since 1970. Default: the client's time at the start. */
  readonly startAt?: number
  /** Default: one, the `defaultKey` of the vendor's module. */
  readonly credentials?: readonly [string | Credential, ...Array<string | Credential>]
  /** How clients show their credential. Default: as the vendor documents it; `bearer` on a stage. */
  readonly auth?: NonNullable<Facts["auth"]>
  /** Default: the vendor's documented limit. Null for none, and no headers about it. */
  readonly rateLimit?: RateLimit | null
  readonly scripts?: ReadonlyArray<Script>
  /** Scans kept; past it the oldest are forgotten and answer 404. Default 100 000. */
  readonly capacity?: number
  /** Requests and submissions kept in the ledger. Default 50 000. */
  readonly ledgerCapacity?: number
}

/**
 * What is to become of one scan, as far as all vendors have it in common. What is left out is drawn from the seed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate {
  /** The id the scan gets. Default: drawn, in the vendor's form. */
  readonly id?: string
  /** Vendor time from the submission to the end; `Infinity` for a scan that never ends. */
  readonly duration?: Duration.Input
  /**
   * How many polls see the scan unfinished, whatever time has passed: the next one sees it ended. With it the end carries
   * the time that `duration` names, so equal conversations give equal bodies.
   */
  readonly settleAfterPolls?: number
  /** The status words of the first polls while the scan is unfinished; the last one is repeated. Any word will do. */
  readonly words?: ReadonlyArray<string>
  /** Scripted answers to the first submissions of this subject. */
  readonly submit?: Steps
  /** Scripted answers to the first polls of this scan. */
  readonly polls?: Steps
  /** Fields laid over every status answer. */
  readonly merge?: Readonly<Record<string, unknown>>
}

/**
 * A running simulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Simulator {
  readonly vendor: string
  readonly port: number
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string
  /** What an adapter is given as its base. */
  readonly baseUrl: string
  /** The first credential. */
  readonly key: string
  readonly ledger: Ledger
  /** Vendor time now, in milliseconds since 1970. */
  readonly vendorTime: Effect.Effect<number>
  /** Adds a script behind those that are there. */
  readonly script: (script: Script) => Effect.Effect<void>
  /** Forgets all scripts, and the faults of connections to come. */
  readonly clearScripts: Effect.Effect<void>
  /** What happens to the next connections, one each. */
  readonly nextConnections: (faults: ReadonlyArray<ConnectionFault>) => Effect.Effect<void>
  /** Closes every socket and the port: connections are refused until `up`. */
  readonly down: Effect.Effect<void>
  /** Opens the same port again. */
  readonly up: Effect.Effect<void, SimulatorError>
  /** Makes a credential known, or changes its state. */
  readonly setCredential: (credential: Credential) => Effect.Effect<void>
}

/**
 * A simulator whose books can hold scans of before it started.
 *
 * @category models
 * @since 0.2.0
 */
export interface WithEarlier<in E> extends Simulator {
  /** Puts a scan into the vendor's books as if it had been submitted earlier, and returns its id. */
  readonly plant: (scan: E) => Effect.Effect<string>
}
