/**
 * What a buyer is told by whoever starts it, and what it says back: one JSON object in its environment, one a line on its
 * standard output. And how one end of a life is spelt, so that a story can be told again.
 */
export const vendors = ["exona", "appvet", "compliance"] as const
export type VendorName = (typeof vendors)[number]

export interface Access {
  readonly baseUrl: string
  readonly key: string
  readonly port: number
}

/** The calls of the journal and of the adapters: before and after each of them a buyer can be killed. */
export const calls = [
  "claim",
  "prepare",
  "prepared",
  "submit",
  "refused",
  "released",
  "inDoubt",
  "submitted",
  "take",
  "poll",
  "moved",
  "ended",
  "result",
  "collect",
  "settled"
] as const
export type Call = (typeof calls)[number]

/** The id that a scan was bought under: the buyer goes on with some under another one. */
export const rootOf = (scanId: string): string => scanId.replace(/~$/, "")

export const sides = ["before", "after"] as const
export type Side = (typeof sides)[number]

/** When a buyer ends itself, as if by the power switch. */
export type Death =
  | { readonly _tag: "Call"; readonly when: Side; readonly call: Call; readonly nth: number }
  | { readonly _tag: "Statement"; readonly when: Side; readonly nth: number }

/**
 * How a life ends: by itself at a point, or from outside: so many milliseconds after it began, or when the vendors have
 * taken so many submissions more.
 */
export type End =
  | Death
  | { readonly _tag: "Moment"; readonly after: number }
  | { readonly _tag: "Accepted"; readonly nth: number }

export const faults = ["fails", "hangs", "lost"] as const

/** What becomes of each statement whose number is a multiple of `every`. */
export interface Trouble {
  readonly every: number
  readonly fault: (typeof faults)[number]
}

/** One life of a story: how it ends, and what its database does meanwhile. */
export interface Chapter {
  readonly end: End
  readonly trouble: Trouble | null
}

/** As text, such as `before-submit-1` or `after-statement-40+lost-13`. */
export const spell = ({ end, trouble }: Chapter): string => {
  const spelt = (): string => {
    switch (end._tag) {
      case "Call":
        return `${end.when}-${end.call}-${end.nth}`
      case "Statement":
        return `${end.when}-statement-${end.nth}`
      case "Moment":
        return `moment-${end.after}`
      case "Accepted":
        return `accepted-${end.nth}`
    }
  }
  return trouble === null ? spelt() : `${spelt()}+${trouble.fault}-${trouble.every}`
}

const numeral = (text: string | undefined): number => (/^\d{1,6}$/.test(text ?? "") ? Number(text) : NaN)

const readEnd = (text: string): End | null => {
  const [first, second, third] = text.split("-")
  const nth = numeral(third ?? second)
  if (!(nth >= 0)) return null
  if (first === "moment") return { _tag: "Moment", after: nth }
  if (first === "accepted") return { _tag: "Accepted", nth }
  const when = sides.find((side) => side === first)
  const call = calls.find((name) => name === second)
  if (when === undefined) return null
  if (second === "statement") return { _tag: "Statement", when, nth }
  return call === undefined ? null : { _tag: "Call", when, call, nth }
}

/** Null for a text that spells none. */
export const read = (text: string): Chapter | null => {
  const [spelt = "", with_] = text.split("+")
  const end = readEnd(spelt)
  if (end === null) return null
  if (with_ === undefined) return { end, trouble: null }
  const [name, count] = with_.split("-")
  const fault = faults.find((each) => each === name)
  const every = numeral(count)
  return fault === undefined || !(every > 0) ? null : { end, trouble: { every, fault } }
}

export interface Order {
  readonly journal: string
  /** Buys without a journal, the way that loses money: submits, then writes down the id. */
  readonly naive: boolean
  /** The fast clock: what the wall said when it began, and how fast it runs. */
  readonly began: number
  readonly speed: number
  readonly access: Readonly<Record<VendorName, Access>>
  readonly requests: ReadonlyArray<{ readonly vendor: VendorName; readonly n: number }>
  readonly concurrency: number
  readonly death: Death | null
  readonly trouble: Trouble | null
  /** Goes on with what is open before it buys. */
  readonly resume: boolean
}

/** `after`: milliseconds since the process was started. */
export type Saying =
  | { readonly said: "begun" }
  | { readonly said: "polled"; readonly after: number }
  | { readonly said: "ended"; readonly states: Readonly<Record<string, number>> }

/** The number of a request, in whatever words the vendor or the adapter names its subject. */
export const numberOf = (subject: string): number => {
  const found = /(?:acme|shop)-(\d+)\.example/.exec(subject) ?? /426614(\d{6})/.exec(subject)
  return found === null ? NaN : Number(found[1])
}
