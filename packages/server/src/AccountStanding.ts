/**
 * How accounts stand: what they have open and in doubt, and until when the vendor is not asked.
 *
 * @since 0.2.0
 */
import type { LastFault, OpenClaim, Pause } from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as JournalView from "@scanpoll/journal/JournalView"
import type { Account as Shown } from "./Api.ts"

interface Standing {
  open: number
  inDoubt: number
  troubled: number
  pausedUntil: number | null
  submitsPausedUntil: number | null
  lastFault: LastFault | null
}

/**
 * One entry for each account that has open claims or a stored pause, by vendor and label. Pauses that are over are among them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const of = (open: ReadonlyArray<OpenClaim>, pauses: ReadonlyArray<Pause>): ReadonlyArray<typeof Shown.Type> => {
  const all = new Map<string, { readonly account: Account.Account; readonly standing: Standing }>()
  const standingOf = (account: Account.Account): Standing => {
    const known = all.get(Account.key(account))
    if (known !== undefined) return known.standing
    const standing: Standing = {
      open: 0,
      inDoubt: 0,
      troubled: 0,
      pausedUntil: null,
      submitsPausedUntil: null,
      lastFault: null
    }
    all.set(Account.key(account), { account: Account.of(account), standing })
    return standing
  }
  for (const { key, lastFault, state } of open) {
    const standing = standingOf(key)
    if (state === "in-doubt") standing.inDoubt += 1
    else standing.open += 1
    if (lastFault === null) continue
    standing.troubled += 1
    if (lastFault.at > (standing.lastFault?.at ?? -1)) standing.lastFault = lastFault
  }
  for (const pause of pauses) {
    const standing = standingOf(pause)
    if (pause.kind === "submit") standing.submitsPausedUntil = pause.until
    else standing.pausedUntil = pause.until
  }
  return [...all.values()]
    .map(({ account, standing }) => ({
      ...account,
      open: standing.open,
      inDoubt: standing.inDoubt,
      troubled: standing.troubled,
      pausedUntil: standing.pausedUntil === null ? null : JournalView.time(standing.pausedUntil),
      submitsPausedUntil: standing.submitsPausedUntil === null ? null : JournalView.time(standing.submitsPausedUntil),
      lastFault: standing.lastFault === null ? null : JournalView.fault(standing.lastFault)
    }))
    .toSorted((a, b) => (a.vendor + a.account < b.vendor + b.account ? -1 : 1))
}
