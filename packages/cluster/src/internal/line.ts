// Whether this worker's line to the database is fast enough to poll, judged by how long its own word takes to be stored.
//
// A turn of a shared budget takes two trips and is valid for two seconds, a heartbeat takes three, a change of owner five. A
// worker whose trips take longer than `slow` polls little or nothing, and keeps its scans from the others. So it stands aside
// while another worker is better off, and returns when its line has been good for a whole lease. Where all lines become slow
// together, none is, and each learns that late: so what others said before they could know counts for nothing. Pure state: it
// reads no clock. Only time that the process saw counts: one that was frozen knows nothing about its line.

// A worker whose line is good speaks at least this often, in milliseconds.
const mostBetweenWords = 2_000
// How late a busy machine may be with that.
const slack = 1_000

export class Line {
  isAside = false
  private isRetired = false
  // The database confirmed this worker's place in the ring since it last stood aside.
  isProven = true
  // The last word was stored in time. The others read this when they look for a worker that is better off.
  isPrompt = true
  // How long the last trip took, in milliseconds.
  trip = 0
  private readonly lease: number
  private readonly slow: number
  private betterOff = 0
  // Whether one of them said so after it would have known of trouble that is everybody's.
  private isConfirmed = false
  // When the first trip that was slow began; null while they are quick.
  private slowSince: number | null = null
  private sentAt: number | null = null
  private tickedAt: number
  private badFor = 0
  private goodFor = 0
  private unansweredFor = 0

  constructor(lease: number, now: number) {
    this.lease = lease
    this.slow = Math.min(700, lease / 6)
    this.tickedAt = now
  }

  leave(): void {
    this.isAside = true
    this.isProven = false
  }

  comeBack(): void {
    this.isAside = false
  }

  // It stands aside for good.
  retire(): void {
    this.isRetired = true
  }

  sent(now: number): void {
    this.sentAt = now
    this.unansweredFor = 0
  }

  // `betterOff`: of each other worker that does its work and is prompt, how long ago the database stored what it said, in
  // milliseconds; null where the database did not answer.
  heard(now: number, betterOff: ReadonlyArray<number> | null): void {
    const sentAt = this.sentAt ?? now
    this.trip = now - sentAt
    this.sentAt = null
    this.unansweredFor = 0
    this.isPrompt = betterOff !== null && this.trip <= this.slow
    if (this.isPrompt) this.slowSince = null
    else this.slowSince ??= sentAt
    if (betterOff === null) return
    this.betterOff = betterOff.length
    // A word that was sent before its worker noticed has been stored by then.
    const halfway = this.trip / 2
    const known = (this.slowSince ?? sentAt) + Math.min(this.lease / 3, mostBetweenWords) + halfway + slack
    this.isConfirmed = betterOff.some((age) => sentAt + halfway - age >= known)
  }

  // Called at a steady pace of `every` milliseconds.
  tick(now: number, every: number): void {
    const seen = Math.min(now - this.tickedAt, 2 * every)
    this.tickedAt = now
    if (this.sentAt !== null) this.unansweredFor += seen
    if (this.isPrompt && this.unansweredFor <= this.slow) {
      this.goodFor += seen
      this.badFor = 0
    } else {
      this.badFor += seen
      this.goodFor = 0
    }
  }

  get isGood(): boolean {
    return !this.isAside && this.badFor < this.lease / 4
  }

  get mustLeave(): boolean {
    if (this.isAside || this.betterOff === 0) return false
    return (this.badFor >= this.lease / 2 && this.isConfirmed) || this.unansweredFor >= this.lease / 3
  }

  // A worker that starts on a slow line would lose again what it took.
  get mustNotJoin(): boolean {
    return !this.isPrompt && this.betterOff > 0
  }

  get mayReturn(): boolean {
    return this.isAside && !this.isRetired && (this.goodFor >= this.lease || this.betterOff === 0)
  }
}
