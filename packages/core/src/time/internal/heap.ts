// A binary min-heap whose items know their place, so that one can be moved or taken out without a search.
export interface HeapItem {
  due: number
  seq: number
  place: number
}

export const isBefore = (a: HeapItem, b: HeapItem): boolean => a.due < b.due || (a.due === b.due && a.seq < b.seq)

export class Heap<A extends HeapItem> {
  private readonly items: Array<A> = []

  get size(): number {
    return this.items.length
  }

  peek(): A | undefined {
    return this.items[0]
  }

  push(item: A): void {
    item.place = this.items.length
    this.items.push(item)
    this.up(item.place)
  }

  pop(): A | undefined {
    const first = this.items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  remove(item: A): void {
    const place = item.place
    if (place < 0 || this.items[place] !== item) return
    const last = this.items.pop()
    item.place = -1
    if (last === undefined || last === item) return
    this.items[place] = last
    last.place = place
    this.up(place)
    this.down(last.place)
  }

  // Puts an item that is in the heap, or out of it, at a new time.
  move(item: A, due: number): void {
    item.due = due
    if (item.place < 0) return this.push(item)
    this.up(item.place)
    this.down(item.place)
  }

  drain(): Array<A> {
    const all = this.items.splice(0)
    for (const item of all) item.place = -1
    return all
  }

  private up(from: number): void {
    const item = this.items[from]
    if (item === undefined) return
    let place = from
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = this.items[parentPlace]
      if (parent === undefined || !isBefore(item, parent)) break
      this.items[place] = parent
      parent.place = place
      place = parentPlace
    }
    this.items[place] = item
    item.place = place
  }

  private down(from: number): void {
    const item = this.items[from]
    if (item === undefined) return
    const size = this.items.length
    let place = from
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= size) break
      let child = this.items[childPlace]
      const right = this.items[childPlace + 1]
      if (child === undefined) break
      if (right !== undefined && isBefore(right, child)) {
        childPlace += 1
        child = right
      }
      if (!isBefore(child, item)) break
      this.items[place] = child
      child.place = place
      place = childPlace
    }
    this.items[place] = item
    item.place = place
  }
}
