/**
 * What refused calls say about an account's key.
 *
 * A 401 may be about one call alone: a vendor whose data service is down says it of a submission while it answers polls.
 * So one refusal ends no other wait. A second one of another call, with no good answer in between, does, where at least
 * one of the two was a poll or a call for findings: waits that began before have to end, and new ones may try. What was
 * not bought yet stays unbought after the first refusal: that loses nothing.
 *
 * @since 0.1.1
 */

/**
 * The vendor refused the account's key. `by` is the call, compared by identity: the same call that is refused again
 * confirms nothing. `code` and `message` are the vendor's.
 *
 * @category models
 * @since 0.1.1
 */
export interface Refusal {
  readonly by: object
  readonly kind: "poll" | "collect" | "submit"
  readonly code: string
  readonly message: string
}

/**
 * The refusals of one account. Every budget has one.
 *
 * @category models
 * @since 0.1.1
 */
export class Refusals {
  private total = 0
  // The latest refusal that no good answer came after.
  private suspicion: Refusal | null = null
  private last: Refusal | null = null
  // How many there had been when waits were last found to be over.
  private confirmedAt = 0

  /** A call was refused. */
  add(refusal: Refusal): void {
    this.total += 1
    const before = this.suspicion
    this.last = refusal
    this.suspicion = refusal
    if (before === null || before.by === refusal.by) return
    if (before.kind !== "submit" || refusal.kind !== "submit") this.confirmedAt = this.total
  }

  /** The vendor took the key. */
  clear(): void {
    this.suspicion = null
  }

  /** How many there were: a mark for `since`. */
  get count(): number {
    return this.total
  }

  /** Whether calls of this kind that began before have to end: after that mark. */
  since(mark: number, kind: Refusal["kind"]): boolean {
    return (kind === "submit" ? this.total : this.confirmedAt) > mark
  }

  /** The last one; null where there was none. */
  get latest(): Refusal | null {
    return this.last
  }
}
