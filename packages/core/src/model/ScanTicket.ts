/**
 * All that is needed to find a scan again: in any process, on any machine.
 *
 * A ticket is plain data with a version. It never holds a credential: `account` is a label that the configuration
 * maps to one. `submittedAt` is null for an id that a person typed: nobody here saw that submission.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const form = /^(?!(?:\.|%2[eE]){1,2}$)[!-~]{1,200}$/

/**
 * The ids we accept from a vendor or a person: 1 to 200 visible ASCII characters, slashes included, but no path segment
 * with a meaning of its own (`.` and `..`, also percent-encoded). In a request they are percent-encoded; a vendor's
 * definition may allow fewer (`ids`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanId = Schema.String.check(Schema.isPattern(form))

/**
 * Whether a text can be a scan id: it can be sent as one part of a path, percent-encoded.
 *
 * @category guards
 * @since 0.1.0
 */
export const isScanId = (id: unknown): id is string => typeof id === "string" && form.test(id)

/**
 * @category schemas
 * @since 0.1.0
 */
export const ScanTicket = Schema.Struct({
  v: Schema.Literal(1),
  vendor: Schema.String,
  origin: Schema.String,
  account: Schema.String,
  scanId: ScanId,
  submittedAt: Schema.NullOr(Schema.Finite)
})

/**
 * `submittedAt` is in milliseconds since 1970, UTC.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanTicket = typeof ScanTicket.Type

/**
 * Makes a ticket. The caller vouches for `scanId`; adapters pass it through `ScanId` when they decode an answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (fields: Omit<ScanTicket, "v">): ScanTicket => ({ v: 1, ...fields })

/**
 * The name people use for a scan: `vendor:scanId`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const key = (ticket: Pick<ScanTicket, "vendor" | "scanId">): string => `${ticket.vendor}:${ticket.scanId}`

// A label ends at the first colon, and a key is one word.
const labelIn = (account: string): string => account.replace(/[%:\s]/g, encodeURIComponent)

const labelOut = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The name of a scan on a command line and in reports: `vendor:scanId`, with `vendor@account:scanId` where the account is
 * not the default one. Colons, percent signs and white space of the account's label are percent-encoded.
 *
 * @category destructors
 * @since 0.1.1
 */
export const accountKey = ({ account, scanId, vendor }: Pick<ScanTicket, "vendor" | "account" | "scanId">): string =>
  account === "default" ? `${vendor}:${scanId}` : `${vendor}@${labelIn(account)}:${scanId}`

/**
 * Reads `vendor:scanId` or `vendor@account:scanId`, `account` null where the key names none; none when it is not of that
 * form or the id is not one we would send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseKey = (
  text: string
): Option.Option<{ readonly vendor: string; readonly account: string | null; readonly scanId: string }> => {
  const [, vendor, account, scanId] = /^([^@:]+)(?:@([^:]+))?:(.*)$/s.exec(text) ?? []
  return vendor !== undefined && isScanId(scanId)
    ? Option.some({ vendor, account: account === undefined ? null : labelOut(account), scanId })
    : Option.none()
}
