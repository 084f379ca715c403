/**
 * How long a run still takes: by what past scans have taught about the durations of each kind of scan, and where too little is
 * known, by the rate at which the scans of this run end.
 *
 * @since 0.2.0
 */
import type * as Board from "./Board.ts"

/**
 * What is known of the scan at an index before it ends.
 *
 * - `account`: names the account, whose scans share what the vendor allows. `kind`: names those that take equally long.
 * - `left`: in milliseconds how much longer such a scan takes once it has taken `age`, where the part `p` of them has ended by
 *   then; null while that is not known.
 *
 * @category models
 * @since 0.2.0
 */
export interface Scan {
  readonly account: string
  readonly kind: string
  readonly left: (age: number, p: number) => number | null
}

/**
 * @category models
 * @since 0.2.0
 */
export type ScanAt = (index: number) => Scan | null

// The middle: half of the scans have ended by then.
const middle = 0.5
// Fewer scans that ended tell no rate.
const fewest = 5

interface Lane {
  running: number
  sum: number
  longest: number
  latest: number
  waiting: number
  fresh: number
}

// The last of n scans ends about when n of n + 1 such scans have.
const lastOf = (count: number): number => count / (count + 1)

const runningBy = (board: Board.Board, scans: ReadonlyArray<Scan | null>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const [index, row] of board.live) {
    const account = scans[index]?.account
    if (account !== undefined && row.submittedAt !== null) counts.set(account, (counts.get(account) ?? 0) + 1)
  }
  return counts
}

// By past scans, account by account: the ones under way, and the others one after the other in their places.
const learned = (board: Board.Board, now: number, scanAt: ScanAt): number | null => {
  const open = Array.from({ length: board.total }, (_, index) => index).filter((index) => !board.isOver(index))
  const scans = Array.from({ length: board.total }, (_, index) => (board.isOver(index) ? null : scanAt(index)))
  const running = runningBy(board, scans)
  const lanes = new Map<string, Lane>()
  const fresh = new Map<string, number | null>()
  const ofNew = ({ account, kind, left }: Scan, p: number): number | null => {
    const name = `${account} ${kind} ${p}`
    const known = fresh.get(name)
    if (known !== undefined) return known
    const found = left(0, p)
    fresh.set(name, found)
    return found
  }
  for (const index of open) {
    const scan = scans[index] ?? null
    if (scan === null) return null
    const count = running.get(scan.account) ?? 0
    // How many the vendor takes at once is not seen yet.
    if (count === 0) return null
    const lane = lanes.get(scan.account) ?? { running: count, sum: 0, longest: 0, latest: 0, waiting: 0, fresh: 0 }
    lanes.set(scan.account, lane)
    const submittedAt = board.live.get(index)?.submittedAt ?? null
    const age = submittedAt === null ? null : Math.max(0, now - submittedAt)
    const usual = age === null ? ofNew(scan, middle) : scan.left(age, middle)
    const late = age === null ? ofNew(scan, lastOf(count)) : scan.left(age, lastOf(count))
    if (usual === null || late === null) return null
    lane.sum += usual
    if (age === null) {
      lane.waiting += 1
      lane.fresh = Math.max(lane.fresh, late - usual)
    } else {
      lane.longest = Math.max(lane.longest, usual)
      lane.latest = Math.max(lane.latest, late)
    }
  }
  const ends = [...lanes.values()].map(({ fresh: tail, latest, longest, running: places, sum, waiting }) =>
    waiting === 0 ? latest : Math.max(longest, sum / places) + tail
  )
  return ends.reduce((last, end) => Math.max(last, end), 0)
}

/**
 * In milliseconds how long the scans take that have not ended; null while nothing is known of that, and once all have ended.
 *
 * @category destructors
 * @since 0.2.0
 */
export const of = (board: Board.Board, now: number, scanAt: ScanAt): number | null => {
  const { bought, done, stopped } = board.tally()
  const rest = board.total - done - stopped
  if (rest <= 0) return null
  const each = bought < fewest ? null : (now - board.startedAt) / bought
  const byPast = learned(board, now, scanAt)
  if (byPast === null) return each === null ? null : each * rest
  // What a rate limit holds back is not seen in durations.
  const underWay = [...board.live.values()].filter(({ submittedAt }) => submittedAt !== null).length
  return each === null ? byPast : Math.max(byPast, each * (rest - underWay))
}
