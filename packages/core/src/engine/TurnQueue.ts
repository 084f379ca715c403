/**
 * Who waits for a turn of an account: the more urgent kind first; inside a kind lanes take turns, and inside a lane the
 * earliest due goes first. Every budget has one, whether it counts turns here or asks shared books for them.
 *
 * @since 0.2.0
 */
import { Heap, type HeapItem } from "../time/internal/heap.ts"
import type { TurnKind } from "./internal/accountBudget.ts"

/**
 * The kinds of turns, most urgent first.
 *
 * @category models
 * @since 0.2.0
 */
export const kinds: ReadonlyArray<TurnKind> = ["poll", "collect", "submit"]

/**
 * What waits. `seq` and `place` belong to the queue: begin with `unqueued`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Queued extends HeapItem {
  readonly kind: TurnKind
  readonly lane: string
}

/**
 * `seq` and `place` of what is not in a queue yet.
 *
 * @category models
 * @since 0.2.0
 */
export const unqueued: Readonly<Pick<HeapItem, "seq" | "place">> = { seq: 0, place: -1 }

class Lanes<A extends Queued> {
  private readonly heaps = new Map<string, Heap<A>>()
  // In the order in which they are served next.
  private order: Array<string> = []
  size = 0

  push(item: A): void {
    let heap = this.heaps.get(item.lane)
    if (heap === undefined) {
      heap = new Heap()
      this.heaps.set(item.lane, heap)
      this.order.push(item.lane)
    }
    heap.push(item)
    this.size++
  }

  remove(item: A): void {
    const heap = this.heaps.get(item.lane)
    if (heap === undefined) return
    const before = heap.size
    heap.remove(item)
    this.size -= before - heap.size
    if (heap.size > 0) return
    this.heaps.delete(item.lane)
    this.order = this.order.filter((lane) => lane !== item.lane)
  }

  // The lane that was served goes to the end of the line.
  take(): A | undefined {
    const lane = this.order[0]
    const item = lane === undefined ? undefined : this.heaps.get(lane)?.peek()
    if (lane === undefined || item === undefined) return undefined
    this.remove(item)
    if (this.order[0] === lane) {
      this.order.shift()
      this.order.push(lane)
    }
    return item
  }
}

/**
 * The queue of one account.
 *
 * @category models
 * @since 0.2.0
 */
export class TurnQueue<A extends Queued> {
  private seq = 0
  private readonly waiting: Readonly<Record<TurnKind, Lanes<A>>> = {
    poll: new Lanes(),
    collect: new Lanes(),
    submit: new Lanes()
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.poll.size + this.waiting.collect.size + this.waiting.submit.size
  }

  /** How many wait for a turn of this kind. */
  count(kind: TurnKind): number {
    return this.waiting[kind].size
  }

  push(item: A): void {
    item.seq = this.seq++
    this.waiting[item.kind].push(item)
  }

  /** Somebody waits no longer; nothing happens where it does not wait. */
  remove(item: A): void {
    this.waiting[item.kind].remove(item)
  }

  /** The next one of this kind; undefined where none waits. */
  take(kind: TurnKind): A | undefined {
    return this.waiting[kind].take()
  }

  /** Nobody of the same or a more urgent kind waits: a newcomer may go without queueing. */
  isQuiet(kind: TurnKind): boolean {
    for (const other of kinds) {
      if (this.waiting[other].size > 0) return false
      if (other === kind) return true
    }
    return true
  }
}
