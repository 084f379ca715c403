// The known name that a misspelt one probably meant.

/** How far two words are apart: letters to add, drop, change or swap. */
const distance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (rows[i - 1]?.[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (rows[i - 1]?.[j - 1] ?? 0) + changed,
          swapped ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : Infinity
        )
      )
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? Infinity
}

/** What a misspelt name was probably meant to be; without such a name, all that are known. */
export const meant = (name: string, known: ReadonlyArray<string>): string => {
  const near = known.find((one) => distance(name.toLowerCase().slice(0, 64), one.toLowerCase()) <= 2)
  return near === undefined ? `; known are ${known.join(", ")}` : `; did you mean ${near}?`
}
