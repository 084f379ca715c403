/**
 * What a buyer is told by whoever starts it, and what it says back: one JSON object in its environment, one a line on its
 * standard output.
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
  "submitted",
  "settled",
  "inDoubt",
  "refused",
  "released",
  "take",
  "submit",
  "poll",
  "collect"
] as const
export type Call = (typeof calls)[number]

/** When a buyer ends itself, as if by the power switch. */
export type Death =
  | { readonly _tag: "Call"; readonly when: "before" | "after"; readonly call: Call; readonly nth: number }
  | { readonly _tag: "Statement"; readonly when: "before" | "after"; readonly nth: number }

/** What becomes of each statement whose number is a multiple of `every`. */
export interface Trouble {
  readonly every: number
  readonly fault: "fails" | "hangs" | "lost"
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

export type Saying =
  | { readonly said: "polled"; readonly after: number }
  | { readonly said: "ended"; readonly states: Readonly<Record<string, number>> }

/** The number of a request, in whatever words the vendor or the adapter names its subject. */
export const numberOf = (subject: string): number => {
  const found = /(?:acme|shop)-(\d+)\.example/.exec(subject) ?? /426614(\d{6})/.exec(subject)
  return found === null ? NaN : Number(found[1])
}
