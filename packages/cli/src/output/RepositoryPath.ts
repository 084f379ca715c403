/**
 * Where a file is in its repository: code scanning and annotations know files by that path, wherever a command was started.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { Target } from "../config/Plan.ts"
import { ProcessContext } from "../process/ProcessContext.ts"

/**
 * The path of a file below the root of the repository that holds it, with slashes; null where there is no such file or no
 * repository. `file` is a path as it was given, from the working folder.
 *
 * @category constructors
 * @since 0.2.0
 */
export const of = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<string | null, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { directory } = yield* ProcessContext
  const there = (name: string) => Effect.orElseSucceed(fs.exists(name), () => false)
  const whole = path.resolve(directory, file)
  if (!(yield* there(whole))) return null
  for (let folder = path.dirname(whole); ; folder = path.dirname(folder)) {
    // A work tree beside others has a file of that name.
    if (yield* there(path.join(folder, ".git"))) return path.relative(folder, whole).split(path.sep).join("/")
    if (path.dirname(folder) === folder) return null
  }
})

/**
 * The paths of files by the names they were given; a file without one keeps its name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofAll = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, string>, never, FileSystem.FileSystem | Path.Path> {
  const named = yield* Effect.forEach(new Set(files), (file) => Effect.map(of(file), (path) => [file, path] as const))
  return new Map(named.map(([file, path]) => [file, path ?? file]))
})

/**
 * Where a row of a report is asked for, with its plan as its repository names it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const placed = (
  one: Pick<Target, "plan" | "declaredAt"> | undefined,
  paths: ReadonlyMap<string, string>
): { readonly declaredAt: Target["declaredAt"]; readonly plan?: string } => {
  const { declaredAt = null, plan = null } = one ?? {}
  return { declaredAt, ...(plan === null ? {} : { plan: paths.get(plan) ?? plan }) }
}
