// What a vendor says it does while a scan runs, as lines for people. Whatever is odd about it is left out.
import * as WireFields from "../../http/WireFields.ts"
import * as Wire from "../Wire.ts"
import type { Status } from "./calls.ts"

const most = 20
const longest = 300

const none = (): ReadonlyArray<string> => []

const lineOf = (row: unknown, fields: ReadonlyArray<string>): string => {
  if (typeof row === "string") return WireFields.cut(row, longest)
  if (!WireFields.isRecord(row)) return ""
  let line = ""
  for (const field of fields) {
    const part = Object.hasOwn(row, field) ? row[field] : null
    if (typeof part !== "string" && typeof part !== "number") continue
    line += `${line === "" ? "" : " "}${WireFields.cut(String(part), longest)}`
  }
  return WireFields.cut(line, longest)
}

/** Reads the messages of an answer that is not the end, oldest first. */
export const reader = (messages: Status<never, unknown>["messages"]): ((body: unknown) => ReadonlyArray<string>) => {
  if (messages === undefined) return none
  const tidy = (rows: ReadonlyArray<unknown>, fields: ReadonlyArray<string>): ReadonlyArray<string> => {
    const lines: Array<string> = []
    for (let at = Math.max(0, rows.length - most); at < rows.length; at++) {
      const line = lineOf(rows[at], fields)
      if (line.trim() !== "") lines.push(line)
    }
    return lines
  }
  if (typeof messages === "function") return (body) => tidy(messages(body), [])
  return (body) => {
    const rows = Wire.get(body, messages.rows)
    return Array.isArray(rows) ? tidy(rows, messages.line) : []
  }
}
