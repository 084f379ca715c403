/**
 * The account a request is made for: one vendor, one origin, one label. The only place that compares accounts.
 *
 * @since 0.1.0
 */

/**
 * - `origin`: the base of the vendor's URLs. `account`: a label, not a key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly vendor: string
  readonly origin: string
  readonly account: string
}

/**
 * The account alone, of anything that belongs to one: an adapter, a ticket, a claim's key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = ({ account, origin, vendor }: Account): Account => ({ vendor, origin, account })

/**
 * A text that only equal accounts share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const key = ({ account, origin, vendor }: Account): string => JSON.stringify([vendor, origin, account])

/**
 * Whether two things belong to the same account.
 *
 * @category guards
 * @since 0.1.0
 */
export const equals = (one: Account, other: Account): boolean =>
  one.vendor === other.vendor && one.origin === other.origin && one.account === other.account

/**
 * An account by its label alone, where the origin is not known or does not matter: in a plan, on a report, on the command
 * line.
 *
 * @category models
 * @since 0.1.0
 */
export type Label = Pick<Account, "vendor" | "account">

/**
 * A text that only equal labels share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const labelKey = ({ account, vendor }: Label): string => JSON.stringify([vendor, account])

/**
 * Whether two things have the same vendor and the same label, at whatever origin.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasSameLabel = (one: Label, other: Label): boolean =>
  one.vendor === other.vendor && one.account === other.account

/**
 * A text that only tickets of the same scan share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const scanKey = (ticket: Account & { readonly scanId: string }): string =>
  JSON.stringify([ticket.vendor, ticket.origin, ticket.account, ticket.scanId])

/**
 * A text that only equal purchases share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const purchaseKey = (claim: Account & { readonly environment: string; readonly fingerprint: string }): string =>
  JSON.stringify([claim.vendor, claim.origin, claim.account, claim.environment, claim.fingerprint])
