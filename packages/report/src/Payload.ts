/**
 * The vendors' own results: what of them may be kept, and where.
 *
 * `none` keeps nothing but a digest, `redacted` cuts out fields that are named like a secret or were asked to go, `full`
 * keeps all. Credentials of ours are replaced whatever was asked. Payloads stand in the JSON report or in a side file,
 * which only its owner may read, and in no other format.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as HostileText from "./HostileText.ts"
import { safeJson } from "./internal/json.ts"
import { sha256 } from "./internal/sha256.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * How much of a vendor's own result goes into a report: nothing, all but the fields that are named like a secret or were
 * asked to go, or everything.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RawMode = Schema.Literals(["none", "redacted", "full"])

/**
 * @category models
 * @since 0.1.0
 */
export type RawMode = typeof RawMode.Type

/**
 * The rights of a file that holds payloads: its owner reads and writes it, nobody else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileMode = 0o600

/**
 * What stands where something was cut out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mark = "<redacted>"

const maxDepth = 200

const secretName =
  /^(?:x-)?(?:authorization|cookie|set-cookie|pass(?:word|wd|phrase)|pin|secret|token|jwt|api-?key|credentials?|private-?key|signature)$/

// `clientSecret`, `client_secret` and `client-secret` are one name, and its last words tell.
const namesSecret = (key: string): boolean => {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
  const [last = ""] = words.slice(-1)
  return secretName.test(last) || secretName.test(words.slice(-2).join("-"))
}

type Path = ReadonlyArray<string>

const readPath = (text: string): Path => text.split(".").filter((part) => part !== "")

const leadsTo = (pattern: Path, path: Path): boolean =>
  pattern.length === path.length && pattern.every((part, at) => part === "*" || part === path[at])

/**
 * What `prepare` needs to know.
 *
 * - `scrub`: replaces the credentials this run knows, in any disguise; applied to every text and every key.
 * - `drop`: paths of fields to cut out of a redacted payload, such as `result.enrichment.*`; a `*` stands for any one key
 *   or position.
 *
 * @category models
 * @since 0.1.0
 */
export interface Redaction {
  readonly scrub: (text: string) => string
  readonly drop?: ReadonlyArray<string>
}

/**
 * A vendor's result as JSON that may be kept; null where nothing is. `value` is the encoded form: plain JSON values.
 * What is nested deeper than 200 levels is cut.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepare = (value: unknown, mode: RawMode, redaction: Redaction): Schema.Json => {
  if (mode === "none" || value === null || value === undefined) return null
  const drops = mode === "redacted" ? (redaction.drop ?? []).map(readPath) : []
  const walk = (item: unknown, path: Path): Schema.Json => {
    if (path.length > maxDepth) return "<nested too deep>"
    if (typeof item === "string") return redaction.scrub(item)
    if (typeof item === "number") return Number.isFinite(item) ? item : null
    if (typeof item === "boolean" || item === null) return item
    if (Array.isArray(item)) {
      const list: ReadonlyArray<unknown> = item
      return list.map((one, at) => inside(one, [...path, String(at)], false))
    }
    if (typeof item !== "object") return null
    const out: { [key: string]: Schema.Json } = {}
    for (const [key, one] of Object.entries(item)) {
      // `__proto__` as a plain key, which an assignment would take for something else.
      Object.defineProperty(out, redaction.scrub(key), {
        value: inside(one, [...path, key], mode === "redacted" && namesSecret(key)),
        enumerable: true,
        configurable: true
      })
    }
    return out
  }
  const inside = (item: unknown, path: Path, secret: boolean): Schema.Json =>
    secret || drops.some((drop) => leadsTo(drop, path)) ? mark : walk(item, path)
  return walk(value, [])
}

/**
 * The SHA-256, in hex, of a JSON value as it would be written on one line.
 *
 * @category destructors
 * @since 0.1.0
 */
export const digest = (value: Schema.Json): string => {
  const hash = sha256()
  hash.update(JSON.stringify(value))
  return hash.hex()
}

/**
 * What a report keeps of a vendor's own result: as much as `mode` says, and the digest of all of it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const keep = (
  value: unknown,
  mode: RawMode,
  redaction: Redaction
): { readonly payload: Schema.Json; readonly payloadSha256: string } => {
  const full = prepare(value, "full", redaction)
  return { payload: mode === "full" ? full : prepare(value, mode, redaction), payloadSha256: digest(full) }
}

/**
 * Whether a report holds payloads, so that a file with it must be written with `fileMode`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isIn = (report: ScanReport): boolean => report.scans.some((scan) => scan.payload !== null)

/**
 * The report without its payloads; their digests stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const strip = (report: ScanReport): ScanReport =>
  isIn(report) ? { ...report, scans: report.scans.map((scan) => ({ ...scan, payload: null })) } : report

/**
 * The side file of a report: one JSON line for each payload, with the row it belongs to and its digest. To be written
 * with `fileMode`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sideFile = function* (report: ScanReport): Generator<string, void> {
  for (const { id, key, payload, vendor } of report.scans) {
    if (payload !== null) yield `${safeJson({ schemaVersion: 1, id, key, vendor, sha256: digest(payload), payload })}\n`
  }
}

/**
 * The name of the side file beside the report file of this name: `out/report.html` has `out/report.payloads.ndjson`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sideFileName = (reportFile: string): string =>
  `${reportFile.replace(/(?<=[^/\\])\.[A-Za-z0-9]{1,10}$/, "")}.payloads.ndjson`

/**
 * A name for a file about one row, made of nothing but letters, digits, `-` and `_`: an id of a vendor never forms a
 * path. Different rows get different names.
 *
 * @category constructors
 * @since 0.1.0
 */
export const slug = (scan: { readonly vendor: string; readonly id: HostileText.HostileText }): string => {
  const hash = sha256()
  hash.update(`${scan.vendor}\n${HostileText.toKey(scan.id)}`)
  const readable = HostileText.toLine(scan.id, 60)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "")
  return `scan-${scan.vendor.replace(/[^a-z0-9-]+/g, "-")}-${readable === "" ? "x" : readable}-${hash.hex().slice(0, 12)}`
}
