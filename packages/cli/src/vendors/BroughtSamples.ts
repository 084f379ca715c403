/**
 * What the vendor of a user's module says: its export `samples`, or that of `NAME.samples` beside it.
 *
 * @since 0.2.0
 */
import * as Samples from "@scanpoll/testkit/Samples"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { existsSync } from "node:fs"
import type { Loaded } from "./Brought.ts"
import * as Modules from "./Modules.ts"

/**
 * The samples of a module, or of the one beside it; a failure says in words why there are none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const of = Effect.fnUntraced(function* ({
  exports,
  path
}: Loaded): Effect.fn.Return<Samples.Samples<unknown>, string> {
  const beside = [".ts", ".mts", ".js", ".mjs"].map(
    (ending) => path.replace(/\.[cm]?[jt]s$/i, "") + `.samples${ending}`
  )
  const found = beside.find((one) => existsSync(one))
  const from =
    exports["samples"] === undefined && found !== undefined
      ? yield* Effect.mapError(Modules.load(found), (why) => `its samples, ${found.split(/[\\/]/).at(-1)}: ${why}`)
      : exports
  const value = from["samples"]
  if (value === undefined) {
    const file = beside[0]?.split(/[\\/]/).at(-1) ?? "NAME.samples.ts"
    return yield* Effect.fail(
      `has no samples of what its vendor says: export const samples = { ... }, here or from ${file} beside it; \`scanpoll vendors new NAME\` writes them to start from`
    )
  }
  const samples = Samples.read(value)
  return yield* Result.isSuccess(samples) ? Effect.succeed(samples.success) : Effect.fail(samples.failure.join("; "))
})
