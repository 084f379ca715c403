/**
 * What a vendor's answer means, written from the vendors' pages and the promises alone: it shares no code with the
 * adapters it judges.
 */

export type Vendor = "exona" | "appvet" | "compliance"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** `settled` tells the outcome and, where the vendor gives one, the score and the vendor's own severity word. */
export type Verdict =
  | {
      readonly is: "settled"
      readonly as: "Completed" | "Partial" | "Failed"
      readonly score: number | null
      readonly word: string | null
    }
  | { readonly is: "queued" | "running" }
  | { readonly is: "unknown" }
  | { readonly is: "fault"; readonly kinds: ReadonlyArray<string> }

type Fields = Readonly<Record<string, unknown>>

const fields = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null

const own = (from: Fields, name: string): unknown =>
  Object.prototype.propertyIsEnumerable.call(from, name) ? from[name] : undefined

const isBlank = (value: unknown): boolean => typeof value !== "string" || /^\s*$/.test(value)

// Brackets outside of texts, counted one by one.
const depthOf = (text: string): number => {
  let deepest = 0
  let depth = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (inText) {
      if (char === "\\") i++
      else if (char === '"') inText = false
    } else if (char === '"') inText = true
    else if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth)
    else if (char === "]" || char === "}") depth--
  }
  return deepest
}

/** The document in an answer; undefined where there is none that may be read. */
export const document = ({ bytes, headers, status }: Answer): unknown => {
  if (status === 204 || status === 205 || status === 304) return undefined
  const announced = headers["content-length"] ?? ""
  if (/^\d{1,15}$/.test(announced) && headers["transfer-encoding"] === undefined && Number(announced) > 10_485_760) {
    return undefined
  }
  const encodings = (headers["content-encoding"] ?? "").split(",").map((one) => one.trim().toLowerCase())
  if (encodings.some((one) => one !== "" && one !== "identity")) return undefined
  const text = new TextDecoder().decode(bytes)
  if (depthOf(text) > 100) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const protocol: Verdict = { is: "fault", kinds: ["Broken"] }

const ended = (
  as: "Completed" | "Partial" | "Failed",
  score: number | null = null,
  word: string | null = null
): Verdict => ({
  is: "settled",
  as,
  score,
  word
})

const exona = (scan: Fields, status: string): Verdict => {
  if (status === "processing") return { is: "running" }
  if (status === "failed") return ended("Failed")
  if (status !== "completed") return { is: "unknown" }
  const result = fields(own(scan, "result"))
  if (result === null) return protocol
  const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
    enrichment: (value) => fields(value) !== null,
    risk_assessment: (value) => fields(value) !== null,
    matched_incidents: Array.isArray,
    data_freshness: (value) => fields(value) !== null
  }
  // A documented block of another type says nothing; what is null is there.
  const said = Object.entries(result).filter(
    ([name, value]) => value === null || !Object.hasOwn(kinds, name) || kinds[name]?.(value)
  )
  if (said.length === 0) return protocol
  const level = own(fields(own(result, "risk_assessment")) ?? {}, "overall_risk_level")
  return ended("Completed", null, typeof level === "string" ? level : null)
}

const appvet = (scan: Fields, status: string): Verdict => {
  if (status === "queued") return { is: "queued" }
  if (status === "scanning") return { is: "running" }
  if (status === "failed") return ended("Failed")
  if (status !== "completed" && status !== "partial") return { is: "unknown" }
  const as = status === "completed" ? "Completed" : "Partial"
  const result = fields(own(scan, "result"))
  if (result === null) return as === "Partial" ? ended(as) : protocol
  const score = own(result, "score") ?? null
  const grade = own(result, "grade")
  const word = isBlank(grade) ? null : String(grade)
  if (score !== null && !(typeof score === "number" && score >= 0 && score <= 100)) return protocol
  if (score === null && word === null && as === "Completed") return protocol
  return ended(as, typeof score === "number" ? score : null, word)
}

const compliance = (scan: Fields, status: string): Verdict => {
  if (status === "pending") return { is: "queued" }
  if (status === "running") return { is: "running" }
  if (status === "failed") return ended("Failed")
  if (status !== "completed") return { is: "unknown" }
  const score = own(scan, "compliance_score")
  if (typeof score !== "number" || !(score >= 0 && score <= 100)) return protocol
  if ((own(scan, "violation_count") ?? null) === null) return protocol
  for (const name of ["violation_count", "rules_processed", "rules_total", "record_count"]) {
    const count = own(scan, name) ?? null
    if (count !== null && typeof count !== "number") return protocol
  }
  const created = own(scan, "created_at") ?? null
  if (created !== null && typeof created !== "string") return protocol
  return ended("Completed", score)
}

const readers = { exona, appvet, compliance } as const

const faultOf = (status: number): ReadonlyArray<string> => {
  if (status === 401 || status === 403) return ["Denied"]
  if (status === 404) return ["Missing"]
  if (status === 429) return ["Throttled"]
  if ([408, 425, 500, 502, 503, 504].includes(status)) return ["Transient"]
  if (status >= 500) return ["Transient", "Broken"]
  return ["Broken"]
}

/** What an answer to a poll of `scanId` means. */
export const ofPoll = (vendor: Vendor, scanId: string, answer: Answer): Verdict => {
  if (answer.status !== 200) return { is: "fault", kinds: faultOf(answer.status) }
  const scan = fields(document(answer))
  if (scan === null) return protocol
  const id = own(scan, "id")
  const status = own(scan, "status")
  if (typeof id !== "string" || typeof status !== "string") return protocol
  // Only UUIDs are one id in both cases.
  const isUuid = vendor === "compliance" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
  if (id !== scanId && !(isUuid && id.toLowerCase() === scanId.toLowerCase())) return protocol
  if (isBlank(status)) return protocol
  return readers[vendor](scan, status)
}

/** What may be said of a submission that was answered like this; without `heedsId`, as if it had no id. */
export const ofSubmission = (
  vendor: Vendor,
  answer: Answer,
  heedsId = true
): { readonly scanId: string | null; readonly kinds: ReadonlyArray<string> } => {
  const body = fields(document(answer))
  const id = body === null ? undefined : own(body, vendor === "compliance" ? "scan_id" : "id")
  if (heedsId && typeof id === "string" && /^[A-Za-z0-9_.~-]{1,200}$/.test(id) && id !== "." && id !== "..") {
    return { scanId: id, kinds: ["accepted"] }
  }
  const { status } = answer
  const says = (name: string): boolean => body !== null && (own(body, name) ?? null) !== null
  if (status === 429) return { scanId: null, kinds: vendor === "appvet" ? ["Throttled", "Refused"] : ["Throttled"] }
  if (status === 401 || status === 403)
    return { scanId: null, kinds: says("error") ? ["Denied", "Refused"] : ["Denied"] }
  if (status >= 400 && status < 500 && status !== 408 && says("error"))
    return { scanId: null, kinds: ["Refused", "InDoubt"] }
  return { scanId: null, kinds: ["InDoubt"] }
}
