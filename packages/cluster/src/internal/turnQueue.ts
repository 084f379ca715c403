// Who waits for a turn in this process. The more urgent class first; inside a class lanes take turns, and inside a lane
// the earliest due goes first.
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"

export const kinds: ReadonlyArray<TurnKind> = ["poll", "collect", "submit"]

export interface Queued {
  readonly kind: TurnKind
  readonly lane: string
  readonly due: number
}

class Lane<A extends Queued> {
  private items: Array<A> = []
  private served = 0

  get size(): number {
    return this.items.length - this.served
  }

  push(item: A): void {
    // A later arrival is mostly due later: the place is near the end.
    let at = this.items.length
    while (at > this.served && (this.items[at - 1]?.due ?? item.due) > item.due) at--
    this.items.splice(at, 0, item)
  }

  take(): A | undefined {
    const item = this.items[this.served]
    if (item === undefined) return undefined
    this.served++
    if (this.served > 64 && this.served * 2 > this.items.length) {
      this.items = this.items.slice(this.served)
      this.served = 0
    }
    return item
  }

  remove(item: A): boolean {
    const at = this.items.indexOf(item, this.served)
    if (at < 0) return false
    this.items.splice(at, 1)
    return true
  }
}

class Lanes<A extends Queued> {
  // In the order in which they are served next.
  private readonly lanes = new Map<string, Lane<A>>()
  size = 0

  push(item: A): void {
    let lane = this.lanes.get(item.lane)
    if (lane === undefined) this.lanes.set(item.lane, (lane = new Lane()))
    lane.push(item)
    this.size++
  }

  take(): A | undefined {
    for (const [name, lane] of this.lanes) {
      const item = lane.take()
      this.lanes.delete(name)
      if (lane.size > 0) this.lanes.set(name, lane)
      if (item === undefined) continue
      this.size--
      return item
    }
    return undefined
  }

  remove(item: A): void {
    const lane = this.lanes.get(item.lane)
    if (lane === undefined || !lane.remove(item)) return
    this.size--
    if (lane.size === 0) this.lanes.delete(item.lane)
  }
}

export class TurnQueue<A extends Queued> {
  private readonly waiting: Readonly<Record<TurnKind, Lanes<A>>> = {
    poll: new Lanes(),
    collect: new Lanes(),
    submit: new Lanes()
  }

  get size(): number {
    return this.waiting.poll.size + this.waiting.collect.size + this.waiting.submit.size
  }

  count(kind: TurnKind): number {
    return this.waiting[kind].size
  }

  push(item: A): void {
    this.waiting[item.kind].push(item)
  }

  remove(item: A): void {
    this.waiting[item.kind].remove(item)
  }

  take(kind: TurnKind): A | undefined {
    return this.waiting[kind].take()
  }

  // Nobody of the same or a more urgent class waits: a newcomer may go without queueing.
  isQuiet(kind: TurnKind): boolean {
    for (const other of kinds) {
      if (this.waiting[other].size > 0) return false
      if (other === kind) return true
    }
    return true
  }
}
