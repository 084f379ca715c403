/**
 * The known name a misspelt one probably meant.
 *
 * @since 0.1.0
 */

// Optimal string alignment: insert, delete, replace, and swap of two neighbours count one each.
const distance = (a: string, b: string): number => {
  let beforeLast: Array<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

// What people write for the same name: fail_on, FailOn, fail-on.
const plain = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, "")

/**
 * The candidate nearest to a name, or null when none is near enough to be meant: about one typo per three letters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const nearest = (name: string, candidates: Iterable<string>): string | null => {
  const wanted = plain(name.slice(0, 64))
  let best: string | null = null
  let least = Infinity
  for (const candidate of candidates) {
    const known = plain(candidate)
    const cost = distance(wanted, known)
    const bound = Math.max(1, Math.floor(Math.max(wanted.length, known.length) / 3))
    if (cost <= bound && cost < least) {
      best = candidate
      least = cost
    }
  }
  return best
}

/**
 * `; did you mean "x"?`, or nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const didYouMean = (name: string, candidates: Iterable<string>): string => {
  const found = nearest(name, candidates)
  return found === null ? "" : `; did you mean ${JSON.stringify(found)}?`
}
