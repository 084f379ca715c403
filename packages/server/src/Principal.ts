/**
 * Who asks: a token by its name, or a browser that came by the link.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type { Scope } from "./Tokens.ts"

/**
 * `name` is null for nobody.
 *
 * @category models
 * @since 0.2.0
 */
export interface Principal {
  readonly name: string | null
  readonly scopes: ReadonlyArray<Scope>
}

/**
 * Who sent the request that is answered; nobody where no guard has said who.
 *
 * @category services
 * @since 0.2.0
 */
export const Principal: Context.Reference<Principal> = Context.Reference<Principal>("@scanpoll/server/Principal", {
  defaultValue: () => ({ name: null, scopes: [] })
})

/**
 * Whether somebody has a scope.
 *
 * @category guards
 * @since 0.2.0
 */
export const may = ({ scopes }: Principal, scope: Scope): boolean => scopes.includes(scope)
