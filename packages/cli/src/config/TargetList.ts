/**
 * Lists of targets as people have them: a target a line, CSV whose header names the keys of a plan, or a plan's target as
 * JSON on each line.
 *
 * Every value knows its line, and each entry is read as a target of a plan is, so a list and a plan refuse the same input
 * in the same words.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { CsvError, parse as parseCsv } from "csv-parse/sync"
import type { Vendor } from "../vendors/Vendor.ts"
import { quote } from "./InputFault.ts"
import * as Located from "./Located.ts"
import { maxTargets } from "./PlanTargets.ts"

/**
 * The forms of a list.
 *
 * @category models
 * @since 0.2.0
 */
export type Form = "lines" | "csv" | "ndjson"

/**
 * The form of a list, by the ending of its file's name. Standard input has lines.
 *
 * @category destructors
 * @since 0.2.0
 */
export const formOf = (file: string): Form => {
  if (/\.csv$/i.test(file)) return "csv"
  return /\.(?:ndjson|jsonl)$/i.test(file) ? "ndjson" : "lines"
}

/**
 * What a list holds: entries as a plan has them, or words as the command line has them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Listed {
  readonly entries: ReadonlyArray<Located.Located>
  readonly words: ReadonlyArray<{ readonly line: number; readonly text: string }>
  readonly faults: ReadonlyArray<Located.LocatedFault>
}

const maxColumns = 200

const nothing: Listed = { entries: [], words: [], faults: [] }

const refused = (line: number, message: string): Listed => ({
  ...nothing,
  faults: [{ at: { line, column: 1 }, message }]
})

const linesOf = (text: string): ReadonlyArray<{ readonly line: number; readonly text: string }> =>
  text.split(/\r\n|\n|\r/).map((one, at) => ({ line: at + 1, text: one.trim() }))

const words = (text: string): Listed => ({
  ...nothing,
  words: linesOf(text).filter((one) => one.text !== "" && !one.text.startsWith("#"))
})

const moved = (located: Located.Located, line: number): Located.Located => {
  const at = { ...located.at, line }
  switch (located._tag) {
    case "Scalar":
      return { ...located, at }
    case "List":
      return { ...located, at, items: located.items.map((item) => moved(item, line)) }
    case "Map":
      return {
        ...located,
        at,
        entries: located.entries.map((entry) => ({
          ...entry,
          keyAt: { ...entry.keyAt, line },
          value: moved(entry.value, line)
        }))
      }
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const ndjson = (text: string): Listed => {
  const entries: Array<Located.Located> = []
  const faults: Array<Located.LocatedFault> = []
  for (const { line, text: one } of linesOf(text)) {
    if (one === "") continue
    // YAML takes more than JSON has, and a typo would be read as something else.
    const tree = isJson(one) && Located.excess(one) === null ? Located.parse(one) : null
    if (tree === null) faults.push({ at: { line, column: 1 }, message: "is no JSON object on one line" })
    else if (Result.isSuccess(tree)) entries.push(moved(tree.success, line))
    else faults.push(...tree.failure.map(({ at, message }) => ({ at: { ...at, line }, message })))
  }
  return { ...nothing, entries, faults }
}

// A text that also reads as a number or as true or false.
const literal = (text: string): number | boolean | null => {
  if (text === "true" || text === "false") return text === "true"
  return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : null
}

interface Cell {
  readonly path: ReadonlyArray<string>
  readonly text: string
  readonly value: string | number | boolean
}

const isSame = (a: ReadonlyArray<PropertyKey>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((step, at) => String(step) === b[at])

// The cells of a row as the map that a plan would have. A step that is a number is a place in a list.
const treeOf = (cells: ReadonlyArray<Cell>, at: Located.Place): Located.Located => {
  const heads = [...new Set(cells.map(({ path }) => path[0] ?? ""))]
  const inside = (head: string): Located.Located => {
    const mine = cells.filter(({ path }) => path[0] === head)
    const own = mine.find(({ path }) => path.length === 1)
    if (own !== undefined) return { _tag: "Scalar", at, value: own.value }
    return treeOf(
      mine.map((cell) => ({ ...cell, path: cell.path.slice(1) })),
      at
    )
  }
  if (heads.length > 0 && heads.every((head) => /^\d{1,4}$/.test(head))) {
    return { _tag: "List", at, items: heads.map(inside) }
  }
  return { _tag: "Map", at, entries: heads.map((key) => ({ key, keyAt: at, value: inside(key) })) }
}

// A cell is a text. Where its vendor takes no text there and the cell reads as a number or a switch, it is that.
const typed = (cells: ReadonlyArray<Cell>, at: Located.Place, vendors: ReadonlyArray<Vendor>): Located.Located => {
  const vendor = vendors.find(({ name }) => cells.some(({ path, text }) => isSame(path, ["vendor"]) && text === name))
  const own = cells.filter(({ path }) => vendor?.keys.includes(path[0] ?? "") ?? false)
  if (vendor === undefined) return treeOf(cells, at)
  const wrong = own.length === 0 ? [] : vendor.faults(Located.toPlain(treeOf(own, at)))
  const isGate = ({ path }: Cell): boolean => path[0] === "gate" && !vendor.keys.includes("gate")
  return treeOf(
    cells.map((cell) => {
      const value = isGate(cell) || wrong.some(({ path }) => isSame(path, cell.path)) ? literal(cell.text) : null
      return value === null ? cell : { ...cell, value }
    }),
    at
  )
}

// The sign between two names of the header: a spreadsheet writes a semicolon or a tab in some countries.
const delimiterOf = (text: string): string => {
  const header = text.split(/\r\n|\n|\r/, 1)[0] ?? ""
  const count = (sign: string) => header.split(sign).length
  return [",", ";", "\t"].reduce((best, sign) => (count(sign) > count(best) ? sign : best))
}

const headerFaults = (header: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (header.length > maxColumns) return [`has more than ${maxColumns} columns`]
  const twice = header.filter((name, at) => header.indexOf(name) !== at)
  const under = header.filter((name) => header.some((other) => other !== name && other.startsWith(`${name}.`)))
  return [
    ...(header.includes("vendor")
      ? []
      : ["has no column vendor; the first line names a plan's keys, such as vendor,url"]),
    ...[...new Set(twice)].map((name) => `has the column ${quote(name)} twice`),
    ...under.map((name) => `has the column ${quote(name)} beside columns below it`),
    ...(header.some((name) => name === "" || name.split(".").some((step) => step === ""))
      ? ["has a column without a name"]
      : [])
  ]
}

interface Row {
  readonly line: number
  readonly record: ReadonlyArray<string>
}

const rowsOf = (text: string): Result.Result<ReadonlyArray<Row>, Located.LocatedFault> => {
  const rows: Array<Row> = []
  try {
    parseCsv(text, {
      delimiter: delimiterOf(text),
      max_record_size: 1024 * 1024,
      on_record: (record: ReadonlyArray<string>, { lines }) => {
        rows.push({ line: lines, record })
        return null
      },
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true
    })
    return Result.succeed(rows)
  } catch (error) {
    const line = error instanceof CsvError && typeof error["lines"] === "number" ? error["lines"] : 1
    const why = error instanceof Error ? error.message : "not CSV"
    return Result.fail({ at: { line, column: 1 }, message: `cannot be read as CSV: ${why}` })
  }
}

const csv = (text: string, vendors: ReadonlyArray<Vendor>): Listed => {
  const rows = rowsOf(text)
  if (Result.isFailure(rows)) return { ...nothing, faults: [rows.failure] }
  const [first, ...rest] = rows.success
  if (first === undefined) return refused(1, "is empty; the first line names a plan's keys, such as vendor,url")
  const header = first.record
  const wrong = headerFaults(header)
  if (wrong.length > 0) return { ...nothing, faults: wrong.map((message) => ({ at: { line: 1, column: 1 }, message })) }
  const faults: Array<Located.LocatedFault> = []
  const entries = rest.flatMap(({ line, record }) => {
    const at = { line, column: 1 }
    if (record.every((cell) => cell === "")) return []
    if (record.length > header.length) {
      faults.push({
        at,
        message: `has ${record.length} cells for ${header.length} columns; a cell with a comma stands in quotes`
      })
      return []
    }
    const cells = record.flatMap((cell, column): ReadonlyArray<Cell> => {
      const path = (header[column] ?? "").split(".")
      return cell === "" ? [] : [{ path, text: cell, value: cell }]
    })
    return [typed(cells, at, vendors)]
  })
  return { ...nothing, entries, faults }
}

/**
 * Reads a list.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string, form: Form, vendors: ReadonlyArray<Vendor>): Listed => {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const listed = form === "lines" ? words(source) : form === "csv" ? csv(source, vendors) : ndjson(source)
  return listed.entries.length + listed.words.length > maxTargets
    ? refused(1, `has more than ${maxTargets} targets`)
    : listed
}
