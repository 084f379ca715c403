/**
 * What a process is told to measure.
 */
export type Order =
  | { readonly area: "engine"; readonly key: string; readonly scans: number; readonly polls: number }
  | { readonly area: "memory"; readonly key: string; readonly scans: number }
  | { readonly area: "answers"; readonly key: string; readonly polls: number }
  | {
      readonly area: "http"
      readonly key: string
      readonly base: string
      readonly polls: number
      readonly atOnce: number
    }
  | { readonly area: "asleep"; readonly key: string; readonly scans: number }
  | { readonly area: "runs"; readonly key: string; readonly base: string; readonly scans: number }
  | { readonly area: "reports"; readonly key: string; readonly scans: number; readonly findings: number }
  | {
      readonly area: "lateness"
      readonly key: string
      readonly base: string
      readonly scans: number
      readonly everyMs: number
      readonly forMs: number
    }

/** The numbers a process measured, by name. */
export type Sample = Readonly<Record<string, number>>
