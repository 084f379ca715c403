// Moments as a report writes them.
const maxTime = 8_640_000_000_000_000

// A moment in milliseconds since 1970.
export const format = (at: number): string => {
  const text = new Date(Math.min(Math.max(Math.round(Number.isFinite(at) ? at : 0), 0), maxTime)).toISOString()
  // Years past 9999 have a sign and six digits, which no reader of RFC 3339 takes.
  return text.length === 24 ? text : "9999-12-31T23:59:59.999Z"
}

export const formatOrNull = (at: number | null): string | null => (at === null ? null : format(at))
