// The call for findings, read page by page.
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Query, VendorResponse } from "../../http/VendorHttp.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { Subject } from "../../model/Subject.ts"
import * as Wire from "../Wire.ts"
import { addressOf, type Asking } from "./asking.ts"
import type { FindingsCall } from "./calls.ts"

/** Reads the findings, page by page. */
export const make = <F>(call: FindingsCall<F>, { broken, get, json }: Asking) => {
  const read = Wire.reader(call.answer)
  const most = call.pages ?? 20
  const queryOf = (
    index: number,
    before: F | null,
    { ticket: { scanId }, vendorStatus }: ScanOutcome.ScanOutcome<unknown>,
    subject: Subject | null
  ): Query | undefined | null => {
    if (call.page !== undefined) return call.page(index, before, scanId, subject, vendorStatus)
    return index === 0 ? undefined : null
  }
  const all = Effect.fnUntraced(function* (
    outcome: ScanOutcome.ScanOutcome<unknown>,
    path: string,
    subject: Subject | null
  ) {
    // What the vendor would answer for a failed scan is not documented, and there is nothing to find in it.
    if (outcome._tag === "Failed") return ScanOutcome.noFindings
    const { scanId } = outcome.ticket
    const pages: Array<F> = []
    let leftOut = 0
    let query = queryOf(0, null, outcome, subject)
    let latest: VendorResponse | null = null
    while (query !== null && pages.length < most) {
      const response: VendorResponse = yield* get("findings", path, query)
      const page = read(yield* json(response))
      if (Result.isFailure(page)) return yield* broken(response, "invalid-answer", page.failure)
      if (call.isAbout?.(page.success.value, scanId) === false) {
        return yield* broken(response, "id-mismatch", "the findings are about another scan than the asked one")
      }
      leftOut += page.success.leftOut
      pages.push(page.success.value)
      latest = response
      query = queryOf(pages.length, page.success.value, outcome, subject)
    }
    const found = call.read(pages, { outcome, leftOut, whole: query === null })
    if (!("_tag" in found)) return found
    if (latest !== null) return yield* broken(latest, found.code, found.message)
    return yield* PollFault.make({ kind: "Broken", code: found.code, message: found.message })
  })
  return {
    address: (scanId: string, subject: Subject | null) => addressOf(call.path, undefined, scanId, subject),
    read: all
  }
}
