// What is gathered in memory until it is written, and which of it goes into one transaction. Touches nothing. Law: of two
// words about one thing the last counts, and what was told anew while its batch was written stays.
import type { Lesson } from "@scanpoll/core/engine/DurationModel"
import type * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import { type PollNote, pollsKept } from "@scanpoll/core/unstable/engine/StoredPolls"
import type { Denial } from "./notices.ts"
import type { RowEnd } from "@scanpoll/core/unstable/engine/StoredRuns"

// `at`: when it was told.
export interface Wait {
  readonly epoch: number
  readonly until: number
  readonly at: number
}

export interface Fault {
  readonly epoch: number
  readonly fault: ScanJournal.LastFault | null
}

// What was told of the polls of one claim. `epoch`: of its holder, or null where the holder itself let go of it since.
export interface Told {
  readonly epoch: number | null
  readonly notes: ReadonlyArray<PollNote>
}

export interface Learned {
  readonly lesson: Lesson
  readonly at: number
}

// What became of a row of a run: its claim, its end, or both.
export interface Row {
  readonly runId: string
  readonly index: number
  readonly claimId: string | null
  readonly end: RowEnd | null
}

export interface Batch {
  readonly waits: ReadonlyArray<readonly [string, Wait]>
  readonly leaves: ReadonlyArray<readonly [string, number]>
  readonly doubts: ReadonlyArray<readonly [string, number]>
  readonly faults: ReadonlyArray<readonly [string, Fault]>
  readonly polls: ReadonlyArray<readonly [string, Told]>
  readonly pauses: ReadonlyArray<ScanJournal.Pause>
  readonly lessons: ReadonlyArray<readonly [string, Learned]>
  readonly rows: ReadonlyArray<readonly [string, Row]>
  readonly denials: ReadonlyArray<readonly [string, Denial]>
}

// At most this many of each kind in one transaction, so that it holds its locks only briefly.
const mostInOneTransaction = 2_000

const firstOf = <A>(all: ReadonlyMap<string, A>): ReadonlyArray<readonly [string, A]> => {
  const some: Array<readonly [string, A]> = []
  for (const each of all) if (some.push(each) >= mostInOneTransaction) break
  return some
}

export const pauseKey = (account: Account.Account, kind: ScanJournal.Pause["kind"]): string =>
  `${kind ?? ""} ${Account.key(account)}`

export class Gathered {
  readonly waits = new Map<string, Wait>()
  readonly leaves = new Map<string, number>()
  // Submissions whose answer could not be stored.
  readonly doubts = new Map<string, number>()
  readonly faults = new Map<string, Fault>()
  readonly polls = new Map<string, Told>()
  readonly pauses = new Map<string, ScanJournal.Pause>()
  readonly lessons = new Map<string, Learned>()
  readonly rows = new Map<string, Row>()
  // Of accounts whose key was refused; none where nobody is to be notified.
  readonly denials = new Map<string, Denial>()

  isEmpty(): boolean {
    const { denials, doubts, faults, leaves, lessons, pauses, polls, rows, waits } = this
    return [denials, doubts, faults, leaves, lessons, pauses, polls, rows, waits].every(({ size }) => size === 0)
  }

  nextBatch(): Batch {
    return {
      waits: firstOf(this.waits),
      // A claim that was left cannot be written to any more, so its wait, its fault and its polls go before.
      leaves:
        Math.max(this.waits.size, this.faults.size, this.polls.size) > mostInOneTransaction ? [] : firstOf(this.leaves),
      faults: firstOf(this.faults),
      polls: firstOf(this.polls),
      doubts: [...this.doubts],
      pauses: [...this.pauses.values()],
      lessons: [...this.lessons],
      rows: firstOf(this.rows),
      denials: [...this.denials]
    }
  }

  polled(claimId: string, epoch: number, note: PollNote): void {
    const known = this.polls.get(claimId)
    const notes = known?.epoch === epoch ? [...known.notes, note].slice(-pollsKept) : [note]
    this.polls.set(claimId, { epoch, notes })
  }

  // Its holder lets go of it: what it saw is true all the same.
  settlePolls(claimId: string): void {
    const known = this.polls.get(claimId)
    if (known !== undefined) this.polls.set(claimId, { ...known, epoch: null })
  }

  private removePolls(written: Batch["polls"]): void {
    for (const [claimId, told] of written) {
      const known = this.polls.get(claimId)
      const left = known?.notes.filter((note) => !told.notes.includes(note)) ?? []
      if (known === undefined || left.length === 0) this.polls.delete(claimId)
      else this.polls.set(claimId, { ...known, notes: left })
    }
  }

  // The last word about a row counts; what it leaves open stays.
  row(runId: string, index: number, change: Partial<Pick<Row, "claimId" | "end">>): void {
    const name = `${runId} ${index}`
    const { claimId, end } = this.rows.get(name) ?? { claimId: null, end: null }
    this.rows.set(name, { runId, index, claimId: change.claimId ?? claimId, end: change.end ?? end })
  }

  rowsOf(runId: string): Batch["rows"] {
    return [...this.rows].filter(([, row]) => row.runId === runId)
  }

  // What was gathered again while the batch was written stays.
  remove(batch: Batch): void {
    for (const [claimId, wait] of batch.waits) if (this.waits.get(claimId) === wait) this.waits.delete(claimId)
    for (const [claimId, epoch] of batch.leaves) if (this.leaves.get(claimId) === epoch) this.leaves.delete(claimId)
    for (const [claimId, fault] of batch.faults) if (this.faults.get(claimId) === fault) this.faults.delete(claimId)
    for (const [claimId] of batch.doubts) this.doubts.delete(claimId)
    this.removePolls(batch.polls)
    for (const pause of batch.pauses) {
      const key = pauseKey(pause, pause.kind)
      if (this.pauses.get(key) === pause) this.pauses.delete(key)
    }
    for (const [name, denial] of batch.denials) if (this.denials.get(name) === denial) this.denials.delete(name)
    for (const [name, row] of batch.rows) if (this.rows.get(name) === row) this.rows.delete(name)
    for (const [scan, learned] of batch.lessons) if (this.lessons.get(scan) === learned) this.lessons.delete(scan)
  }
}
