// Whether this worker's line to the database is fast enough to poll, judged by how long its own word takes to be stored.
//
// A turn of a shared budget takes two trips and is valid for two seconds, a heartbeat takes three, a change of owner five. A
// worker whose trips take longer than `slow` polls little or nothing, and keeps its scans from the others. So it stands aside
// while another worker is better off, and returns when its line has been good for a whole lease. Pure state: it reads no
// clock. Only time that the process saw counts: one that was frozen knows nothing about its line.
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

  // `betterOff`: how many other workers do their work and are prompt, as the database said; null where it did not answer.
  heard(now: number, betterOff: number | null): void {
    this.trip = now - (this.sentAt ?? now)
    this.sentAt = null
    this.unansweredFor = 0
    this.isPrompt = betterOff !== null && this.trip <= this.slow
    if (betterOff !== null) this.betterOff = betterOff
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
    const isBad = this.badFor >= this.lease / 2 || this.unansweredFor >= this.lease / 3
    return !this.isAside && this.betterOff > 0 && isBad
  }

  // A worker that starts on a slow line would lose again what it took.
  get mustNotJoin(): boolean {
    return !this.isPrompt && this.betterOff > 0
  }

  get mayReturn(): boolean {
    return this.isAside && !this.isRetired && (this.goodFor >= this.lease || this.betterOff === 0)
  }
}
