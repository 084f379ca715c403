// What the body of an error says, and the row of the vendor's table that it falls under.
import type { VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import type { ErrorRow, Errors } from "../Definition.ts"
import * as Wire from "../Wire.ts"

/**
 * An error as its body tells it.
 *
 * - `message`: the vendor's own, null where the body is not one of its errors. `said`: what to tell people in any case.
 * - `isOwn`: the body is an error of the vendor, not a page of a gateway before it.
 */
export interface Heard {
  readonly code: string | null
  readonly message: string | null
  readonly said: string
  readonly details: ReadonlyArray<string>
  readonly advice: string | null
  readonly requestId: string | null
  readonly isOwn: boolean
}

const text = ({ body }: VendorResponse, place: Wire.Place | undefined): string | null =>
  place === undefined || body._tag !== "Json" ? null : WireFields.nonEmptyText.read(Wire.get(body.value, place))

export const read = <T>(errors: Errors<T>, response: VendorResponse): Heard => {
  const { body, status } = response
  const code = text(response, errors.code)
  const message = text(response, errors.message)
  // Where the vendor's errors have codes, a text beside no code is not one of them.
  const known = errors.code === undefined || errors.either === true || code !== null
  const said = known ? message : null
  return {
    code,
    message: said,
    said: said ?? (body._tag === "Unreadable" ? body.detail : `HTTP ${status}`),
    details: known && body._tag === "Json" ? (errors.details?.(body.value) ?? []) : [],
    advice: known ? text(response, errors.advice) : null,
    requestId: (known ? text(response, errors.requestId) : null) ?? response.requestId,
    isOwn: known && (message !== null || (errors.either === true && code !== null))
  }
}

/** The first row that is wanted: of the status with the code, else of the status alone, which is `isBare`. */
export type RowOf = (
  status: number,
  heard: Pick<Heard, "code" | "message">,
  wanted: (row: ErrorRow, isBare: boolean) => boolean
) => ErrorRow | undefined

export const table = <T>(errors: Errors<T>): RowOf => {
  const rows: ReadonlyMap<string, ReadonlyArray<ErrorRow>> = new Map(
    Object.entries(errors.rows).map(([key, row]) => [key, "length" in row ? row : [row]])
  )
  return (status, { code, message }, wanted) => {
    const says = ({ says }: ErrorRow): boolean => says === undefined || (message !== null && says.test(message))
    return (
      (code === null ? undefined : rows.get(`${status} ${code}`)?.find((row) => says(row) && wanted(row, false))) ??
      rows.get(String(status))?.find((row) => says(row) && wanted(row, true))
    )
  }
}
