// Names and numbers for what a vendor gives no ids. Passed on by `Vendor`.

/**
 * A text as a part of a rule's name: letters and digits of any script in lower case, everything else a hyphen, at most `max`
 * characters; "" where nothing is left.
 *
 * @category destructors
 * @since 0.2.0
 */
export const slug = (text: string, max = 100): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, max)

/**
 * Numbers things that look alike, each kind from 1 in the order of what they say. The order in which a vendor lists them decides
 * nothing: it may be another in the next answer.
 *
 * @category destructors
 * @since 0.2.0
 */
export const numbered = <A>(
  things: ReadonlyArray<A>,
  kind: (thing: A) => string,
  says: (thing: A) => string
): ReadonlyMap<A, number> =>
  new Map(
    Array.from(Map.groupBy(things, kind).values()).flatMap((alike) =>
      alike
        .map((thing) => ({ thing, text: says(thing) }))
        .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
        .map(({ thing }, at) => [thing, at + 1] as const)
    )
  )
