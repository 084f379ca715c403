// The open scans of one account: those that this process polls, those it bought, and those of the others.
// Law: a scan is counted once, by the process that polls it. Pure state: it reads no clock and touches no books.
import type { Answer, Report } from "./budgetBooks.ts"

// Open scans are told again this often, and this soon after they changed.
const beatEvery = 20_000
const boughtSoon = 250
const openSoon = 2_000
// A client's scan is polled by a worker this long after it was submitted.
const handOver = 4_000

export class OpenScans {
  private readonly polls: boolean
  private loaded = 0
  private bought = 0
  private handingOver: Array<number> = []
  private toldOpen = 0
  private toldBought = 0
  private elsewhere = 0

  // `polls`: whether this process polls what it buys; otherwise workers do.
  constructor(polls: boolean) {
    this.polls = polls
  }

  get total(): number {
    return Math.max(1, this.loaded + this.elsewhere)
  }

  load(change: number): void {
    this.loaded = Math.max(0, this.loaded + change)
  }

  add(): void {
    this.bought += 1
  }

  remove(): void {
    this.bought = Math.max(0, this.bought - 1)
  }

  submitting(now: number): void {
    this.bought += 1
    if (!this.polls) this.handingOver.push(now)
  }

  // The latest submission was not sent.
  unsubmitted(): void {
    this.handingOver.pop()
    this.remove()
  }

  boughtHere(now: number): number {
    if (this.polls) return this.bought
    this.handingOver = this.handingOver.filter((at) => at + handOver > now)
    return this.handingOver.length
  }

  openHere(): number {
    return this.polls ? this.loaded : 0
  }

  // How long after the latest check-in the books should hear of it. `starts`: submissions that are granted and not used.
  tellAfter(now: number, starts: number): number {
    const bought = this.boughtHere(now)
    const open = this.openHere()
    if (bought + starts !== this.toldBought) return boughtSoon
    if (open !== this.toldOpen) return openSoon
    return bought > 0 || open > 0 ? beatEvery : Number.POSITIVE_INFINITY
  }

  wasTold(report: Report, answer: Answer): void {
    this.toldOpen = report.open
    this.toldBought = report.bought + answer.starts
    this.elsewhere = answer.open
  }
}
