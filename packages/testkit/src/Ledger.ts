/**
 * What a simulated vendor saw: every request, every accepted submission, every socket. In a test it is the judge.
 *
 * Times are milliseconds since 1970 on the simulator's own wall clock (fractions kept), the clock its clients live by.
 * An API key is never kept: only a fingerprint of it and whether it was a key the simulator accepts, so that `mentions`
 * can find a key anywhere else. Entries and submissions are kept up to a bound, the oldest go first; `totals` counts
 * over the whole life.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"

/**
 * How a request showed its credential, without the credential: in the place where the vendor looks for it, `Authorization`
 * or another header or the query. Equal credentials have equal fingerprints; `matches` is true for one that the simulator
 * accepts at that moment. `scheme` is the word before the credential, or the name of the query's parameter.
 *
 * @category models
 * @since 0.1.0
 */
export interface Authorization {
  readonly scheme: string
  readonly fingerprint: string
  readonly matches: boolean
}

/**
 * A submission the vendor took, whether or not its answer ever reached the client.
 *
 * `cached` is true when an earlier scan was handed out instead of a new one. `credits` is what the vendor charged.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly entry: number
  readonly at: number
  readonly scanId: string
  readonly subject: string
  readonly credits: number
  readonly cached: boolean
}

/**
 * One request.
 *
 * `status` is null when no status line was sent. `answeredAt` is when the whole answer had been handed to the socket,
 * and stays null for an answer that was cut, left hanging or lost. `clientClosedAt` is when the client went away before
 * that. `socketRequest` counts the requests of one socket from 0, `fault` names the scripted fault.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly index: number
  readonly at: number
  readonly method: string
  readonly path: string
  readonly route: string
  readonly scanId: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: Authorization | null
  readonly body: string | null
  readonly status: number | null
  readonly answeredAt: number | null
  readonly clientClosedAt: number | null
  readonly fault: string | null
  readonly scripted: boolean
  readonly socketId: number
  readonly socketRequest: number
}

/**
 * Which entries to return: those that meet every given field. `since` and `until` bound `at`, both inclusive.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly method?: string
  readonly route?: string
  readonly scanId?: string
  readonly status?: number
  readonly since?: number
  readonly until?: number
  readonly where?: (entry: Entry) => boolean
}

/**
 * Counts over the whole life of a simulator. `dropped` says how many of the oldest entries are no longer kept;
 * `requestsNow` and `openSockets` are of this moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Totals {
  readonly requests: number
  readonly requestsNow: number
  readonly maxRequestsAtOnce: number
  readonly connections: number
  readonly openSockets: number
  readonly maxOpenSockets: number
  readonly accepted: number
  readonly cacheHits: number
  readonly credits: number
  readonly dropped: number
}

/**
 * Questions to ask of a ledger. Each answer is a snapshot.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  /** The vendor whose simulator writes this ledger. */
  readonly vendor: string
  /** Requests in the order their heads arrived. */
  readonly requests: (filter?: Filter) => ReadonlyArray<Entry>
  /** Submissions that made a new scan, all or those of one subject. The subject is written as the client sent it. */
  readonly accepted: (subject?: string) => ReadonlyArray<Submission>
  /** Submissions answered with an earlier scan. */
  readonly cacheHits: (subject?: string) => ReadonlyArray<Submission>
  /** Requests for the status of one scan. */
  readonly polls: (scanId: string) => ReadonlyArray<Entry>
  /**
   * Milliseconds from the end of each poll of a scan to the start of the next one; one less than there are polls.
   * Negative when the next poll began before the earlier one had ended, `-Infinity` when it never ended.
   */
  readonly gaps: (scanId: string) => ReadonlyArray<number>
  /** The most requests whose heads arrived within any window of this length. */
  readonly busiest: (window: Duration.Input, filter?: Filter) => number
  /** Requests that carry this text in the path, in the body or in a header other than the credential's own. */
  readonly mentions: (text: string) => ReadonlyArray<Entry>
  readonly totals: () => Totals
  /**
   * Waits until the predicate holds. It is asked at once, then after every change: a request, the end of one, a socket
   * opened or closed.
   */
  readonly until: (predicate: (ledger: Ledger) => boolean) => Effect.Effect<void>
}

/**
 * What a simulator writes into its ledger.
 *
 * @category models
 * @since 0.1.0
 */
export interface Writer {
  readonly socketOpened: () => number
  readonly socketClosed: () => void
  readonly begin: (head: {
    readonly at: number
    readonly method: string
    readonly path: string
    readonly route: string
    readonly scanId: string | null
    readonly headers: Readonly<Record<string, string>>
    readonly authorization: Authorization | null
    readonly socketId: number
    readonly socketRequest: number
  }) => OpenEntry
}

/**
 * A request that is being dealt with. Calls after `end` change nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenEntry {
  readonly entry: Entry
  readonly body: (text: string) => void
  readonly scripted: (fault: string | null) => void
  readonly accepted: (submission: {
    readonly scanId: string
    readonly subject: string
    readonly credits: number
    readonly cached: boolean
  }) => void
  readonly status: (status: number) => void
  readonly end: (how: { readonly answeredAt: number } | { readonly clientClosedAt: number } | "lost") => void
}

/**
 * A short name for a credential that does not give it away.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fingerprint = (credential: string): string =>
  createHash("sha256").update(credential).digest("hex").slice(0, 16)

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

const bodyCap = 64 * 1024

// What both sides share: one reads, the other writes.
interface Book {
  readonly vendor: string
  readonly capacity: number
  readonly entries: Array<Mutable<Entry>>
  readonly submissions: Array<Submission>
  readonly listeners: Set<() => void>
  readonly totals: Mutable<Totals>
}

const readerOf = ({ entries, listeners, submissions, totals, vendor }: Book): Ledger => {
  const requests = (filter: Filter = {}): ReadonlyArray<Entry> =>
    entries.filter(
      (entry) =>
        (filter.method === undefined || entry.method === filter.method) &&
        (filter.route === undefined || entry.route === filter.route) &&
        (filter.scanId === undefined || entry.scanId === filter.scanId) &&
        (filter.status === undefined || entry.status === filter.status) &&
        (filter.since === undefined || entry.at >= filter.since) &&
        (filter.until === undefined || entry.at <= filter.until) &&
        (filter.where === undefined || filter.where(entry))
    )

  const polls = (scanId: string): ReadonlyArray<Entry> => requests({ route: "status", scanId })

  const ledger: Ledger = {
    vendor,
    requests,
    polls,
    accepted: (subject) => submissions.filter((one) => !one.cached && (subject ?? one.subject) === one.subject),
    cacheHits: (subject) => submissions.filter((one) => one.cached && (subject ?? one.subject) === one.subject),
    gaps: (scanId) => {
      const seen = polls(scanId)
      return seen.slice(1).map((entry, i) => {
        const earlier = seen[i]
        return entry.at - (earlier?.answeredAt ?? earlier?.clientClosedAt ?? Infinity)
      })
    },
    busiest: (window, filter) => {
      const times = requests(filter).map((entry) => entry.at)
      const length = Duration.toMillis(window)
      let first = 0
      let most = 0
      times.forEach((at, i) => {
        while (at - (times[first] ?? at) >= length) first++
        most = Math.max(most, i - first + 1)
      })
      return most
    },
    mentions: (text) =>
      entries.filter(
        (entry) =>
          entry.path.includes(text) ||
          (entry.body?.includes(text) ?? false) ||
          Object.entries(entry.headers).some(([name, value]) => name.includes(text) || value.includes(text))
      ),
    totals: () => ({ ...totals, dropped: totals.requests - entries.length }),
    until: (predicate) =>
      Effect.callback<void>((resume) => {
        const listener = (): void => {
          // A predicate that throws is the asker's defect, and must not end the simulator.
          try {
            if (!predicate(ledger)) return
            resume(Effect.void)
          } catch (defect) {
            resume(Effect.die(defect))
          }
          listeners.delete(listener)
        }
        listeners.add(listener)
        listener()
        return Effect.sync(() => listeners.delete(listener))
      })
  }
  return ledger
}

// Cut in one go once half as many again are held: dropping one at a time would move the whole array each time.
const trim = (items: Array<unknown>, capacity: number): number =>
  items.length > capacity * 1.5 ? items.splice(0, items.length - capacity).length : 0

const openOf = (book: Book, entry: Mutable<Entry>, changed: () => void): OpenEntry => {
  const { capacity, submissions, totals } = book
  let open = true
  return {
    entry,
    body: (text) => {
      entry.body = text.length > bodyCap ? text.slice(0, bodyCap) : text
    },
    scripted: (fault) => {
      entry.scripted = true
      entry.fault = fault
    },
    accepted: (submission) => {
      if (submission.cached) totals.cacheHits++
      else totals.accepted++
      totals.credits += submission.credits
      submissions.push({ ...submission, entry: entry.index, at: entry.at })
      trim(submissions, capacity)
      changed()
    },
    status: (status) => {
      entry.status = status
    },
    end: (how) => {
      if (!open) return
      open = false
      totals.requestsNow--
      if (how !== "lost") {
        if ("answeredAt" in how) entry.answeredAt = how.answeredAt
        else entry.clientClosedAt = how.clientClosedAt
      }
      changed()
    }
  }
}

const writerOf = (book: Book): Writer => {
  const { capacity, entries, listeners, totals } = book
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    socketOpened: () => {
      totals.connections++
      totals.openSockets++
      totals.maxOpenSockets = Math.max(totals.maxOpenSockets, totals.openSockets)
      changed()
      return totals.connections
    },
    socketClosed: () => {
      totals.openSockets--
      changed()
    },
    begin: (head) => {
      const entry: Mutable<Entry> = {
        ...head,
        index: totals.requests,
        body: null,
        status: null,
        answeredAt: null,
        clientClosedAt: null,
        fault: null,
        scripted: false
      }
      totals.requests++
      totals.requestsNow++
      totals.maxRequestsAtOnce = Math.max(totals.maxRequestsAtOnce, totals.requestsNow)
      entries.push(entry)
      trim(entries, capacity)
      changed()
      return openOf(book, entry, changed)
    }
  }
}

/**
 * Makes an empty ledger and the writer that fills it.
 *
 * `capacity` is how many entries, and how many submissions, are kept: 50 000 unless told. Bodies are kept up to 64 Ki
 * characters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  vendor: string,
  capacity: number = 50_000
): { readonly ledger: Ledger; readonly writer: Writer } => {
  const totals: Mutable<Totals> = {
    requests: 0,
    requestsNow: 0,
    maxRequestsAtOnce: 0,
    connections: 0,
    openSockets: 0,
    maxOpenSockets: 0,
    accepted: 0,
    cacheHits: 0,
    credits: 0,
    dropped: 0
  }
  const book: Book = { vendor, capacity, entries: [], submissions: [], listeners: new Set(), totals }
  return { ledger: readerOf(book), writer: writerOf(book) }
}
