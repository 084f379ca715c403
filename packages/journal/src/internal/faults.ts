// What a failure of the database means for the journal: one table over the codes of SQLite and PostgreSQL.
import * as Cause from "effect/Cause"
import { hasProperty } from "effect/Predicate"
import { type SqlError, isSqlError } from "effect/sql/SqlError"
import { type JournalFault, JournalError } from "@scanpoll/core/engine/ScanJournal"

// `again`: the database undid the transaction because of another one; the same one may succeed at once.
export type Fault = JournalFault | "again"

const sqlite: Readonly<Record<number, Fault>> = {
  3: "unavailable",
  5: "busy",
  6: "busy",
  8: "read-only",
  10: "unavailable",
  11: "unreadable",
  13: "full",
  14: "unavailable",
  19: "again",
  23: "unavailable",
  26: "foreign"
}

// The longest prefix of the SQLSTATE decides.
const postgres: Readonly<Record<string, Fault>> = {
  "08": "unavailable",
  "22": "unreadable",
  "23": "again",
  "25006": "read-only",
  "28": "unavailable",
  "3D": "unavailable",
  "40": "again",
  "42": "foreign",
  "42501": "unavailable",
  "53": "unavailable",
  "53100": "full",
  "55P03": "busy",
  "57": "unavailable",
  "57014": "busy",
  "58": "unavailable"
}

const ofSqlState = (code: string): Fault | null => {
  for (let length = code.length; length >= 2; length--) {
    const found = postgres[code.slice(0, length)]
    if (found !== undefined) return found
  }
  return null
}

export const faultOf = (error: SqlError): Fault => {
  const { reason } = error
  const { cause } = reason
  if (hasProperty(cause, "errno") && typeof cause.errno === "number") {
    const known = sqlite[cause.errno & 0xff]
    if (known !== undefined) return known
  }
  if (hasProperty(cause, "code") && typeof cause.code === "string") {
    const known = ofSqlState(cause.code)
    if (known !== null) return known
  }
  switch (reason._tag) {
    case "UniqueViolation":
    case "ConstraintError":
    case "DeadlockError":
    case "SerializationError":
      return "again"
    case "LockTimeoutError":
    case "StatementTimeoutError":
      return "busy"
    case "SqlSyntaxError":
      return "foreign"
    case "ConnectionError":
    case "AuthenticationError":
    case "AuthorizationError":
    case "UnknownError":
      return "unavailable"
  }
}

const words: Readonly<Record<JournalFault, string>> = {
  unavailable: "cannot be reached",
  busy: "is locked by another process",
  full: "has no room left",
  "read-only": "may not be written",
  unknown: "did not say whether it kept the last write",
  foreign: "belongs to another program",
  newer: "was made by a newer version of this program",
  replaced: "is not the one that was opened",
  missing: "does not exist",
  unreadable: "holds something that cannot be read",
  conflict: "has no such move",
  lost: "gave the claim to another process"
}

export const errorOf = (reason: JournalFault, detail: string, cause?: unknown): JournalError =>
  new JournalError({
    reason,
    message: `the journal ${words[reason]}${detail === "" ? "" : `: ${detail}`}`,
    ...(cause === undefined ? {} : { cause })
  })

// Why a server cannot be reached, in the driver's words. One that has several addresses has a reason for each.
export const whyNot = (error: SqlError): string => {
  const { cause } = error.reason
  const causes: ReadonlyArray<unknown> = cause instanceof AggregateError ? cause.errors : [cause]
  const said = causes.flatMap((each) => (each instanceof Error && each.message !== "" ? [each.message] : []))
  return said.length === 0 ? error.message : [...new Set(said)].join("; ")
}

export const ofSqlError = (error: SqlError): JournalError => {
  const fault = faultOf(error)
  if (fault === "unavailable") return errorOf(fault, whyNot(error), error)
  return errorOf(fault === "again" ? "conflict" : fault, error.message, error)
}

// The failure inside a cause, also where the client made a defect of it: a connection that dies inside a transaction
// cannot be rolled back.
export const failureIn = <E>(cause: Cause.Cause<E | SqlError>): E | SqlError | null => {
  for (const reason of cause.reasons) {
    if (Cause.isFailReason(reason)) return reason.error
  }
  for (const reason of cause.reasons) {
    if (Cause.isDieReason(reason) && isSqlError(reason.defect)) return reason.defect
  }
  return null
}
