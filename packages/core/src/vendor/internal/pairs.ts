// A target of several fields on a command line. Passed on by `Vendor`.
import * as Result from "effect/Result"
import { meant } from "./nearest.ts"

/**
 * Reads `policy=P,upload=U`, for a vendor whose targets have several fields: the `line` of a definition.
 *
 * **Details**
 *
 * `names` has the field of each short name; a field may be given by its own name too. `form` is what a faulty line is answered with, after
 * the nearest name there is. A comma inside a value separates nothing.
 *
 * **Example** (Short names of fields)
 *
 * ```ts
 * import { Vendor } from "@scanpoll/core"
 * import { Result } from "effect"
 *
 * const line = Vendor.pairs({ policy: "policyId", name: "auditName" }, "compliance:policy=ID")
 * Result.getOrThrow(line("policy=p-1,name=Q1, Q2")) // => { policyId: "p-1", auditName: "Q1, Q2" }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const pairs =
  (names: Readonly<Record<string, string>>, form: string) =>
  (text: string): Result.Result<Readonly<Record<string, string>>, string> => {
    const known = new Map([...Object.values(names).map((field) => [field, field] as const), ...Object.entries(names)])
    const found = new Map<string, string>()
    for (const part of text.split(/,(?=\s*[A-Za-z]+\s*=)/)) {
      const [, name = "", value = ""] = /^\s*([^=]*?)\s*=(.*)$/s.exec(part) ?? []
      const field = known.get(name)
      if (field === undefined) {
        return Result.fail(`is written ${JSON.stringify(form)}${name === "" ? "" : meant(name, [...known.keys()])}`)
      }
      if (found.has(field)) return Result.fail(`names ${name} twice`)
      found.set(field, value.trim())
    }
    return Result.succeed(Object.fromEntries(found))
  }
