// The vendor's list, read for scans that a submission with a lost answer may have made.
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as WireFields from "../../http/WireFields.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import * as Wire from "../Wire.ts"
import { type Asking, unaskable } from "./asking.ts"
import type { ListCall } from "./calls.ts"

/** How much earlier than our own clock the vendor's may date a submission of ours. */
const clockSkew = 60_000

/** What is asked of the status of one scan, and what a target is about. */
interface Look<in T> {
  readonly answer: (scanId: string, subject: Subject) => Effect.Effect<unknown, PollFault>
  readonly subject: (target: T) => Subject
}

/** Looks through the vendor's list for scans that a submission with a lost answer may have made. */
export const make = <T, L>(
  call: ListCall<T, L>,
  { broken, get, json }: Asking,
  idOf: (raw: unknown) => string | null,
  ticketOf: (scanId: string, submittedAt: number | null) => ScanTicket,
  { answer, subject }: Look<T>
) => {
  const read = Wire.reader(call.row)
  const { isAbout, look, pages = 1, same } = call
  const most = look?.most ?? 50

  /** The scans that rows may be of the target, by their own status answers. */
  const looked = Effect.fnUntraced(function* (target: T, found: ReadonlyMap<string, number | null>) {
    if (look === undefined) return Array.from(found)
    if (found.size > most) {
      return yield* unaskable(
        "too-many-scans",
        `the list has ${found.size} scans that may be the one; at most ${most} are looked at`
      )
    }
    return yield* Effect.filter(Array.from(found), ([scanId]) =>
      answer(scanId, subject(target)).pipe(
        Effect.map((body) => look.same(body, target)),
        Effect.catch((fault) => (fault.kind === "Missing" ? Effect.succeed(false) : Effect.fail(fault)))
      )
    )
  })

  return Effect.fnUntraced(function* (target: T, since: number, known: ReadonlySet<string>) {
    const from = since - clockSkew
    const found = new Map<string, number | null>()
    const path = typeof call.path === "string" ? call.path : call.path(target)
    // An empty list would read as "nothing was bought", which is unknown here.
    if (typeof path !== "string") return yield* unaskable(path.code, path.message)
    let received = 0
    for (let page = 0; page < pages; page++) {
      const response = yield* get("list", path, call.query?.(target, { page, received }))
      const body = yield* json(response)
      const rows = typeof call.rows === "function" ? call.rows(body) : Wire.get(body, call.rows)
      if (isAbout?.(body, target) === false) {
        return yield* broken(response, "id-mismatch", "the answer is another list than the one asked for")
      }
      if (!Array.isArray(rows)) {
        const what = rows === null ? "missing" : "not a list"
        const where = typeof call.rows === "function" ? "the list" : call.rows.join(".")
        return yield* broken(response, "invalid-answer", `${where} is ${what}`)
      }
      let reachesBack = false
      for (const raw of rows) {
        const row = read(raw)
        if (Result.isFailure(row)) continue
        const { createdAt, id: rawId } = call.scan(row.success.value)
        const id = idOf(rawId)
        if (id === null || (createdAt === null && look === undefined)) continue
        if (createdAt !== null && createdAt < from) reachesBack = true
        else if (!known.has(id) && same?.(row.success.value, target) !== false) found.set(id, createdAt)
      }
      received += rows.length
      const total = call.total === undefined ? null : WireFields.count.read(Wire.get(body, call.total))
      // Newest first: behind an older scan there is none of ours. A page may be shorter than was asked for.
      const isWhole =
        call.whole === true || call.query === undefined || (total === null ? rows.length === 0 : received >= total)
      if (isWhole || reachesBack) break
      if ((rows.length === 0 || page === pages - 1) && found.size === 0) {
        const words = `the newest ${received} scans do not reach back to the submission`
        return yield* broken(response, "list-too-long", words)
      }
      if (rows.length === 0) break
    }
    return (yield* looked(target, found)).map(([scanId, createdAt]) => ticketOf(scanId, createdAt))
  })
}
