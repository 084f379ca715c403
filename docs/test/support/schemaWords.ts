// What schemas of our own are made of.
export const text = { type: "string", minLength: 1 }

/** An object with these properties and no other. */
export const closed = (required: ReadonlyArray<string>, properties: Readonly<Record<string, unknown>>) => ({
  type: "object",
  additionalProperties: false,
  required,
  properties
})

export const texts = { type: "array", minItems: 1, items: text }
