/**
 * An answer that has the asked id and is about something else: its verdict belongs to no scan.
 *
 * What was asked for is compared with what the answer names, where it names anything: sites and companies by the host of
 * their address, every other kind of subject by its id or the parts of it that both name, in any case, and the vendor's
 * type of scan. What cannot be compared contradicts nothing.
 *
 * @since 0.2.0
 */
import * as ScanOutcome from "./ScanOutcome.ts"
import type { Subject } from "./Subject.ts"

/**
 * What was asked for. `scanType` is the vendor's type of scan, null where it is not known.
 *
 * @category models
 * @since 0.2.0
 */
export interface Asked {
  readonly subject: Subject
  readonly scanType: string | null
}

// With and without www. is one site, and so is every scheme and port.
const hostOf = (text: string): string | null => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null
  return url.hostname.replace(/^www\./, "").replace(/\.$/, "")
}

const shown = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text)

// An id made of parts, `policy=1,upload=2`; null for any other.
const partsOf = (id: string): ReadonlyMap<string, string> | null => {
  const parts = id.split(",").map((part) => /^([\w-]+)=(.*)$/s.exec(part))
  return parts.some((part) => part === null)
    ? null
    : new Map(parts.map((part) => [part?.[1] ?? "", part?.[2] ?? ""] as const))
}

const isSameText = (one: string, other: string): boolean =>
  one.normalize("NFC").trim().toLowerCase() === other.normalize("NFC").trim().toLowerCase()

// An answer need not name every part of what was asked for.
const isSameId = (asked: string, said: string): boolean => {
  const [mine, other] = [partsOf(asked), partsOf(said)]
  if (mine === null || other === null) return isSameText(asked, said)
  return [...other].every(([name, value]) => isSameText(mine.get(name) ?? value, value))
}

// Their ids are addresses; where one is a name instead, two names of one thing may differ.
const isAddressed = ({ kind }: Subject): boolean => kind === "url" || kind === "company"

const bySubject = (asked: Subject, said: Subject): string | null => {
  if (asked.kind !== said.kind) return null
  if (!isAddressed(asked) && hostOf(asked.id) === null) {
    return isSameId(asked.id, said.id)
      ? null
      : `the answer is about ${shown(said.id)}, and ${shown(asked.id)} was asked for`
  }
  const [mine, other] = [hostOf(asked.id), hostOf(said.id)]
  return mine === null || other === null || mine === other
    ? null
    : `the answer is about ${shown(other)}, and ${shown(mine)} was asked for`
}

const byType = (asked: string | null, said: string | undefined): string | null =>
  asked === null || asked === "" || said === undefined || said === asked
    ? null
    : `the answer is of the type ${JSON.stringify(shown(said))}, and ${JSON.stringify(shown(asked))} was asked for`

/**
 * Whether an outcome names what it is about, so that there is something to compare.
 *
 * @category guards
 * @since 0.2.0
 */
export const isTold = (outcome: ScanOutcome.ScanOutcome<unknown>): boolean =>
  outcome.subject !== undefined || outcome.scanType !== undefined

/**
 * In words why an outcome is about something else than was asked for; null where nothing says so.
 *
 * @category destructors
 * @since 0.2.0
 */
export const between = (asked: Asked, outcome: ScanOutcome.ScanOutcome<unknown>): string | null =>
  (outcome.subject === undefined ? null : bySubject(asked.subject, outcome.subject)) ??
  byType(asked.scanType, outcome.scanType)

/**
 * Whether an outcome names what was asked for: its subject, and its type where there is one.
 *
 * @category guards
 * @since 0.2.0
 */
export const confirms = (asked: Asked, outcome: ScanOutcome.ScanOutcome<unknown>): boolean => {
  const { scanType, subject } = outcome
  if (subject === undefined || subject.kind !== asked.subject.kind || between(asked, outcome) !== null) return false
  const byHost = isAddressed(subject) || hostOf(asked.subject.id) !== null
  if (byHost && (hostOf(subject.id) === null || hostOf(asked.subject.id) === null)) return false
  if (!byHost && !isSameText(subject.id, asked.subject.id)) return false
  return asked.scanType === null || asked.scanType === "" || scanType === asked.scanType
}

/**
 * The outcome as it answers what was asked for: without evidence where it is about something else.
 *
 * @category combinators
 * @since 0.2.0
 */
export const judge = <Payload>(
  asked: Asked | null,
  outcome: ScanOutcome.ScanOutcome<Payload>
): ScanOutcome.ScanOutcome<Payload> => {
  const why = asked === null ? null : between(asked, outcome)
  return why === null ? outcome : ScanOutcome.withoutEvidence(outcome, why)
}
