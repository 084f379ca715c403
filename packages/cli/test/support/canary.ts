/** A canary key in the forms in which somebody may repeat it, and where one of them stands. */

const base64 = (key: string): ReadonlyArray<string> =>
  ["", "x", "xy"].flatMap((before) =>
    (["base64", "base64url"] as const).map((form) => {
      const whole = Buffer.from(before + key).toString(form)
      // What lies across the edges of the key depends on its neighbours; the middle does not.
      return whole.slice(before.length === 0 ? 0 : 4, -6)
    })
  )

export const formsOf = (key: string): ReadonlyArray<string> => [
  key,
  encodeURIComponent(key),
  encodeURIComponent(key).toLowerCase(),
  new URLSearchParams({ key }).toString().slice(4),
  JSON.stringify(key).slice(1, -1),
  key.replaceAll("/", "\\/"),
  Buffer.from(key).toString("hex"),
  ...base64(key)
]

/** Every form of every key that stands in a text: `where`, and whose key it is. */
export const hitsOf = (keys: Readonly<Record<string, string>>, where: string, text: string): ReadonlyArray<string> =>
  Object.entries(keys).flatMap(([vendor, key]) =>
    formsOf(key)
      .filter((form) => text.includes(form))
      .map((form) => `${where}: a form of ${vendor}'s key (${form.length} characters)`)
  )
