/**
 * What makes two scans, two findings or two assessments the same from run to run. The only place that decides it.
 *
 * A subject under scan is its vendor, the label of its account, the vendor's type of scan and the subject. A finding is
 * its subject under scan and the vendor's rule and resource, which its `findingId` names (`findingKey`). An assessment is its subject
 * under scan. Scores, severities, counts, times, titles, scan ids and the order of lists are part of none. Several scans
 * of one subject under scan in one run are told apart last, by their number.
 *
 * @since 0.2.0
 */
import type { Subject } from "./Subject.ts"

/**
 * A subject under scan. `scanType` is the vendor's type of scan, null where it is not known or the vendor has one alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface Scanned {
  readonly vendor: string
  readonly account: string
  readonly scanType: string | null
  readonly subject: Pick<Subject, "kind" | "id" | "series">
}

/**
 * A text that only the same subject under scan has, no matter who scans it and when: stable across runs and releases.
 *
 * @category destructors
 * @since 0.2.0
 */
export const ofScanned = ({ account, scanType, subject, vendor }: Scanned): string =>
  JSON.stringify([vendor, account, scanType ?? "", subject.kind, subject.series ?? subject.id])

/**
 * A text that only the same scan at the vendor has: for rows of one scan in several files.
 *
 * @category destructors
 * @since 0.2.0
 */
export const ofScan = (scan: { readonly vendor: string; readonly account: string; readonly scanId: string }): string =>
  JSON.stringify([scan.vendor, scan.account, scan.scanId])

/**
 * The id of a finding without the address or name of its subject, where the subject may get another one: a finding of a
 * target with a name of its own is the same finding after the target has moved. Of any other subject the id is as it is.
 *
 * **Details**
 *
 * What is left out has to be a part of its own, between colons or at an end: `acme:seo:https://pr-7.example/:title` is
 * `acme:seo:{subject}:title` for the subject `https://pr-7.example/`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const findingKey = ({ id, series }: Pick<Subject, "id" | "series">, findingId: string): string => {
  if (series === undefined || id === "") return findingId
  for (let at = findingId.indexOf(id); at >= 0; at = findingId.indexOf(id, at + 1)) {
    const [before, after] = [findingId[at - 1] ?? ":", findingId[at + id.length] ?? ":"]
    if (before === ":" && after === ":") return `${findingId.slice(0, at)}{subject}${findingId.slice(at + id.length)}`
  }
  return findingId
}

/**
 * A text that only the same finding has. `scanned` is the identity of its subject under scan, from `place` where one run
 * may have several of it; `findingId` is the finding's own id, or its `findingKey`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const ofFinding = (scanned: string, findingId: string): string => JSON.stringify([scanned, "finding", findingId])

/**
 * A text that only the same assessment has.
 *
 * @category destructors
 * @since 0.2.0
 */
export const ofAssessment = (scanned: string): string => JSON.stringify([scanned, "assessment"])

// One version of a subject: what `series` puts together is told apart by its id.
const versionOf = (scanned: Scanned): string => JSON.stringify([ofScanned(scanned), scanned.subject.id])

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Names each scan of one run: its identity, and a number where the run has several of one identity. The order of the run
 * decides the number only between scans of one version of a subject.
 *
 * @category destructors
 * @since 0.2.0
 */
export const place = (run: ReadonlyArray<Scanned>): ReadonlyArray<string> => {
  const names: Array<string> = run.map(ofScanned)
  for (const group of Map.groupBy(run.keys(), (index) => names[index] ?? "").values()) {
    const ordered = group.toSorted((a, b) => compareTexts(run[a]?.subject.id ?? "", run[b]?.subject.id ?? ""))
    for (const [nth, index] of ordered.entries()) {
      if (nth > 0) names[index] = `${names[index] ?? ""}#${nth + 1}`
    }
  }
  return names
}

/**
 * Where a scan of a later run has its counterpart.
 *
 * - `before`: the index in the earlier run.
 * - `alike`: both runs have it equally often, so that its number cannot have shifted.
 * - `isGuess`: what tells it from other scans of its subject is not said by one of the runs, as in files of version 0.1.
 *
 * @category models
 * @since 0.2.0
 */
export interface Counterpart {
  readonly before: number
  readonly alike: boolean
  readonly isGuess: boolean
}

const overlap = (one: ReadonlySet<string>, other: ReadonlySet<string>): number => {
  let count = 0
  for (const each of one) if (other.has(each)) count += 1
  return count
}

// One side does not say what the other does; two that say different things are never the same.
const mayBeSame = (one: Scanned, other: Scanned): boolean =>
  (one.scanType === null || other.scanType === null || one.scanType === other.scanType) &&
  (one.subject.series === undefined ||
    other.subject.series === undefined ||
    one.subject.series === other.subject.series)

/**
 * Finds for each scan of the run `after` its counterpart in the run `before`, or null; each is used once.
 *
 * **Details**
 *
 * Equal versions of a subject come first, then equal identities, each in the order of `place`. What is left is compared
 * by vendor, account and subject alone where a side does not say its type: the pair with the most finding ids in common
 * first, then in the order of the run. Two scans that say different types or accounts never meet.
 *
 * @category combinators
 * @since 0.2.0
 */
export const pair = (
  before: ReadonlyArray<Scanned & { readonly findingIds?: ReadonlySet<string> }>,
  after: ReadonlyArray<Scanned & { readonly findingIds?: ReadonlySet<string> }>
): ReadonlyArray<Counterpart | null> => {
  const found: Array<Counterpart | null> = after.map(() => null)
  const used = new Set<number>()
  const meet = (keyOf: (scanned: Scanned) => string): void => {
    const left = Map.groupBy(
      [...before.keys()].filter((index) => !used.has(index)),
      (index) => keyOf(before[index] ?? unknown)
    )
    const right = Map.groupBy(
      [...after.keys()].filter((index) => found[index] === null),
      (index) => keyOf(after[index] ?? unknown)
    )
    for (const [key, news] of right) {
      const olds = left.get(key) ?? []
      // Without a type, nothing here tells several scans of one subject apart.
      const [first] = news
      const isTyped = first !== undefined && (after[first] ?? unknown).scanType !== null
      if (!isTyped && (news.length > 1 || olds.length > 1)) continue
      for (const [nth, index] of inOrder(after, news).entries()) {
        const old = inOrder(before, olds)[nth]
        if (old === undefined) continue
        used.add(old)
        found[index] = { before: old, alike: olds.length === news.length, isGuess: false }
      }
    }
  }
  meet(versionOf)
  meet(ofScanned)
  guess(before, after, used, found)
  return found
}

const unknown: Scanned = { vendor: "", account: "", scanType: null, subject: { kind: "url", id: "" } }

const inOrder = (run: ReadonlyArray<Scanned>, indexes: ReadonlyArray<number>): ReadonlyArray<number> =>
  indexes.toSorted((a, b) => compareTexts(run[a]?.subject.id ?? "", run[b]?.subject.id ?? ""))

const looseKey = ({ account, subject, vendor }: Scanned): string =>
  JSON.stringify([vendor, account, subject.kind, subject.id])

const none: ReadonlySet<string> = new Set()

const guess = (
  before: Parameters<typeof pair>[0],
  after: Parameters<typeof pair>[1],
  used: Set<number>,
  found: Array<Counterpart | null>
): void => {
  const left = Map.groupBy(
    [...before.keys()].filter((index) => !used.has(index)),
    (index) => looseKey(before[index] ?? unknown)
  )
  const candidates = [...after.entries()].flatMap(([index, now]) =>
    found[index] !== null
      ? []
      : (left.get(looseKey(now)) ?? []).flatMap((at) => {
          const old = before[at]
          return old === undefined || !mayBeSame(old, now)
            ? []
            : [{ index, at, common: overlap(old.findingIds ?? none, now.findingIds ?? none) }]
        })
  )
  const counts = (run: ReadonlyArray<Scanned>) => {
    const all = new Map<string, number>()
    for (const each of run) all.set(looseKey(each), (all.get(looseKey(each)) ?? 0) + 1)
    return all
  }
  if (candidates.length === 0) return
  const [then, now] = [counts(before), counts(after)]
  for (const { at, index } of candidates.toSorted((a, b) => b.common - a.common || a.index - b.index || a.at - b.at)) {
    if (used.has(at) || found[index] !== null) continue
    used.add(at)
    const key = looseKey(after[index] ?? unknown)
    found[index] = { before: at, alike: then.get(key) === now.get(key), isGuess: true }
  }
}
