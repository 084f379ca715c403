// A scan that was bought before, as a user names it: its ticket or its key. What can be neither throws before anything is sent.
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Known } from "../Client.ts"
import type { Handle } from "./configure.ts"

const isTicket = Schema.is(ScanTicket.ScanTicket)

const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))

const noTicket = (known: unknown): string =>
  `this is not a ticket${hasProperty(known, "ticket") ? ": give its `ticket`" : ""}`

/** The vendor that a ticket or a key names. */
export const vendorNameOf = (known: Known): string => {
  if (typeof known === "string") {
    if (known.includes(":")) return known.split(/[@:]/, 1)[0] ?? ""
    throw new TypeError(`${quoted(known)} is not a key: write the vendor, ":" and the scan's id`)
  }
  if (!hasProperty(known, "vendor")) throw new TypeError(noTicket(known))
  return known.vendor
}

/** The account that a ticket or a key names; null where a key leaves it out, or where it is neither. */
export const accountOf = (known: Known): string | null => {
  if (typeof known === "string") return Option.getOrNull(ScanTicket.parseKey(known))?.account ?? null
  return isTicket(known) ? known.account : null
}

/** The ticket of a scan of this vendor, account and origin. */
export const ticketOf = (
  { isId, shape }: Pick<Handle<never, unknown>, "shape" | "isId">,
  known: Known
): ScanTicket.ScanTicket => {
  const { account, origin, vendor } = shape
  const checked = (ticket: ScanTicket.ScanTicket): ScanTicket.ScanTicket => {
    if (isId(ticket.scanId)) return ticket
    throw new TypeError(`${quoted(ticket.scanId)} cannot be a scan id of ${vendor}`)
  }
  if (typeof known === "string") {
    const key = Option.filter(ScanTicket.parseKey(known), (key) => key.vendor === vendor)
    if (Option.isNone(key)) {
      throw new TypeError(`${quoted(known)} is not a key: write "${vendor}:" and the scan's id`)
    }
    if ((key.value.account ?? account) !== account) {
      throw new TypeError(`${quoted(known)} is of another account; this client's account is ${JSON.stringify(account)}`)
    }
    return checked(ScanTicket.make({ vendor, origin, account, scanId: key.value.scanId, submittedAt: null }))
  }
  if (!isTicket(known)) throw new TypeError(`${vendor}: ${noTicket(known)}`)
  if (!Account.equals(known, { vendor, origin, account })) {
    const whose = `${known.vendor}, account ${known.account} at ${known.origin}`
    throw new TypeError(`this ticket is of ${whose}; the client has ${vendor}, account ${account} at ${origin}`)
  }
  return checked(known)
}
