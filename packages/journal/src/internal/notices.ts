// What is told of a write, in its transaction: what the other rooms know of it. Without receivers it is `none`, and costs no
// statement; with some it is `noticeWriter`, loaded only then.
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import type { StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import type { Account } from "@scanpoll/core/unstable/model/Account"
import { type ClaimRow, toEntry } from "./rows.ts"

export interface Denial {
  readonly account: Account
  readonly code: string
  readonly message: string
  readonly at: number
}

export type Wrote = Effect.Effect<void, SqlError>

export interface Notices {
  readonly isOn: boolean
  // A claim, as it stands after its move.
  readonly moved: (entry: ClaimEntry) => Wrote
  // Rows of claims that have become doubtful.
  readonly doubted: (rows: ReadonlyArray<unknown>) => Wrote
  readonly denied: (denials: ReadonlyArray<Denial>) => Wrote
  readonly runEnded: (run: StoredRun, endedAt: number) => Wrote
}

export const none: Notices = {
  isOn: false,
  moved: () => Effect.void,
  doubted: () => Effect.void,
  denied: () => Effect.void,
  runEnded: () => Effect.void
}

// A claim as it stands after a move.
export const after = (row: ClaimRow, change: Partial<ClaimEntry>): ClaimEntry => ({ ...toEntry(row, null), ...change })
