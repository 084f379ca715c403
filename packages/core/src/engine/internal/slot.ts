// What one request holds: its place among the account's open scans, and a claim that was acquired and is not followed yet.
// May touch: the account's budget. Law: a scan has one place, and the request that polls it has it.
import type { AccountBudget } from "../RateBudget.ts"

type Budget = Pick<AccountBudget, "bought" | "closed" | "unfollowed">

export class Slot {
  // The claim was acquired and is not followed yet.
  isReserved = false
  private isTaken = false
  private readonly budget: Budget

  constructor(budget: Budget) {
    this.budget = budget
  }

  // The turn of an accepted submission holds a place already.
  keep(): void {
    this.isTaken = true
  }

  take(scanId: string): void {
    if (!this.isTaken) this.budget.bought(scanId)
    this.isTaken = true
  }

  free(): void {
    if (this.isTaken) this.budget.closed()
    this.isTaken = false
  }

  // The request ends, and the vendor still has the scan open: its place is kept for as long as a scan usually takes.
  leave(scanId: string, until: number): void {
    if (this.isTaken) this.budget.unfollowed(scanId, until)
    this.isTaken = false
  }
}
