// The claims of one journal in memory, found by their id, by what they buy and by their scan. Touches nothing; law: a scan
// belongs to one claim, and the claims of one key stay in the order in which they were made.
import * as Account from "../../model/Account.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"

interface Booked {
  readonly claimId: string
  readonly key: Account.Account & { readonly environment: string; readonly fingerprint: string }
  readonly ticket: ScanTicket | null
}

export class ClaimBook<Entry extends Booked> {
  private readonly entries = new Map<string, Entry>()
  private readonly byKey = new Map<string, Array<string>>()
  private readonly byScan = new Map<string, string>()

  get(claimId: string): Entry | undefined {
    return this.entries.get(claimId)
  }

  get all(): ReadonlyArray<Entry> {
    return [...this.entries.values()]
  }

  // The first entry of a claim.
  begin(entry: Entry): void {
    const text = Account.purchaseKey(entry.key)
    const known = this.byKey.get(text)
    if (known === undefined) this.byKey.set(text, [entry.claimId])
    else known.push(entry.claimId)
    this.write(entry)
  }

  write(entry: Entry): void {
    this.entries.set(entry.claimId, entry)
    if (entry.ticket !== null) this.byScan.set(Account.scanKey(entry.ticket), entry.claimId)
  }

  // The claim that has a scan.
  ofScan(ticket: ScanTicket): Entry | undefined {
    return this.entries.get(this.byScan.get(Account.scanKey(ticket)) ?? "")
  }

  // The claims of a key, the newest first.
  ofKey(key: Entry["key"]): ReadonlyArray<Entry> {
    const known = this.byKey.get(Account.purchaseKey(key)) ?? []
    return known.toReversed().flatMap((claimId) => this.entries.get(claimId) ?? [])
  }

  remove({ claimId, key, ticket }: Entry): void {
    this.entries.delete(claimId)
    const text = Account.purchaseKey(key)
    const left = (this.byKey.get(text) ?? []).filter((id) => id !== claimId)
    if (left.length === 0) this.byKey.delete(text)
    else this.byKey.set(text, left)
    if (ticket === null) return
    const scan = Account.scanKey(ticket)
    if (this.byScan.get(scan) === claimId) this.byScan.delete(scan)
  }
}
