// Finds what nobody can mean in the options of one call, before anything is sent. A name that is not read would
// otherwise be a wish that is silently not followed, and the scan is bought all the same.
import { hasProperty } from "effect/Predicate"

/** Everything that a policy written as data can say. */
export const policyParts: ReadonlyArray<string> = [
  "preset",
  "first",
  "pace",
  "failures",
  "deadline",
  "floor",
  "spread",
  "pollTimeout",
  "missingGrace"
]

// Calls share one set of names: options that are kept in one place may be handed to each of them.
const single = ["policy", "lane", "signal", "onEvent", "reuse"]
const names = {
  single,
  // A signal or a listener of a request would be of no batch.
  request: ["policy", "lane"],
  batch: ["signal", "concurrency", "timeout", "reuse", "onEvent"]
}

const isSignal = (value: unknown): boolean =>
  hasProperty(value, "aborted") &&
  hasProperty(value, "addEventListener") &&
  typeof value.addEventListener === "function" &&
  hasProperty(value, "removeEventListener")

/** Throws one `TypeError` that names every fault. */
export const checkOptions = (kind: keyof typeof names, options: unknown): void => {
  if (options === undefined) return
  if (typeof options !== "object" || options === null) throw new TypeError("the options are not an object")
  const known = names[kind]
  const faults = Object.entries(options).flatMap(([name, value]) => {
    if (!known.includes(name)) {
      const place = policyParts.includes(name) && known.includes("policy")
      return [`there is no option ${name}: ${place ? `write policy: { ${name}: ... }` : known.join(", ")}`]
    }
    if (value === undefined) return []
    if (name === "signal" && !isSignal(value)) return ["signal is not an AbortSignal, such as a controller's `signal`"]
    if (name === "onEvent" && typeof value !== "function") return ["onEvent is not a function"]
    return []
  })
  if (faults.length > 0) throw new TypeError(faults.join("; "))
}
