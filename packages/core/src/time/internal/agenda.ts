// What is due when. Most items are put behind all others, as one pace for all of them makes it: those stand in a queue,
// where putting and taking cost the same however many there are. Only what goes before an earlier one is sorted in, by a
// heap. What comes out is in the order of a heap of all.
import { Heap, type HeapItem, isBefore } from "./heap.ts"

// An item's `place`: from 0 upwards its place in the heap, -1 when it is nowhere, from -2 downwards its place in the queue.
const inQueue = (place: number): number => -2 - place

export class Agenda<A extends HeapItem> {
  private readonly heap = new Heap<A>()
  // Null where an item was taken out; never at `head` nor at the end.
  private queue: Array<A | null> = []
  private head = 0
  private gaps = 0

  get size(): number {
    return this.heap.size + this.queue.length - this.head - this.gaps
  }

  peek(): A | undefined {
    const other = this.heap.peek()
    if (this.head === this.queue.length) return other
    const first = this.queue[this.head] ?? undefined
    return first === undefined || (other !== undefined && isBefore(other, first)) ? other : first
  }

  // Puts an item that is in the agenda, or out of it, at a new time.
  move(item: A, due: number): void {
    if (item.place < -1) this.remove(item)
    if (item.place >= 0) return this.heap.move(item, due)
    item.due = due
    const last = this.queue.length === 0 ? null : this.queue[this.queue.length - 1]
    if (last !== null && last !== undefined && isBefore(item, last)) return this.heap.push(item)
    item.place = inQueue(this.queue.length)
    this.queue.push(item)
  }

  remove(item: A): void {
    if (item.place >= 0) return this.heap.remove(item)
    const at = inQueue(item.place)
    if (item.place === -1 || this.queue[at] !== item) return
    item.place = -1
    this.queue[at] = null
    this.gaps++
    this.trim()
  }

  private trim(): void {
    const { queue } = this
    while (this.gaps > 0 && queue[this.head] === null) {
      this.head++
      this.gaps--
    }
    while (this.gaps > 0 && queue[queue.length - 1] === null) {
      queue.pop()
      this.gaps--
    }
    const waste = this.head + this.gaps
    if (this.head === queue.length) {
      this.queue = []
      this.head = 0
    } else if (waste > 64 && waste * 2 > queue.length) this.close()
  }

  // Closes the gaps: each item is moved for at least one that was taken out since.
  private close(): void {
    const rest: Array<A | null> = []
    for (const item of this.queue) {
      if (item === null) continue
      item.place = inQueue(rest.length)
      rest.push(item)
    }
    this.queue = rest
    this.head = 0
    this.gaps = 0
  }
}
