/**
 * Finds and imports a module that brings a vendor: a file, or a package that is installed where the command runs.
 *
 * A file needs no `node_modules`: what it exports may be a function that is given what definitions are made of. Nothing is
 * fetched, and every failure is said in words.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { inert } from "../output/Streams.ts"
import * as Shared from "./Shared.ts"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

// A name with an ending, or with a dot or a slash in front, is a file; `@scope/name` and `name` are packages.
const looksLikeFile = (name: string): boolean =>
  isAbsolute(name) || /^\.{1,2}[\\/]/.test(name) || /\.[cm]?[jt]s$/i.test(name)

// The entry of a package by its `exports`, as `import` reads them, or its `main`.
const entryOf = (value: unknown): string | null => {
  if (typeof value === "string") return value
  if (Array.isArray(value)) return value.map(entryOf).find((one) => one !== null) ?? null
  if (!isRecord(value)) return null
  if (Object.hasOwn(value, ".")) return entryOf(value["."])
  for (const condition of ["node", "import", "module-sync", "default"]) {
    const found = entryOf(value[condition])
    if (found !== null) return found
  }
  return null
}

const packageFile = (name: string, directory: string): string | null => {
  for (let folder = directory; ; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name)
    const manifest = join(home, "package.json")
    if (existsSync(manifest)) {
      const read: unknown = JSON.parse(readFileSync(manifest, "utf8"))
      const { exports, main } = isRecord(read) ? read : {}
      return join(home, entryOf(exports) ?? (typeof main === "string" ? main : "index.js"))
    }
    if (dirname(folder) === folder) return null
  }
}

/**
 * The path of the module that a name stands for; a failure says why there is none.
 *
 * @category destructors
 * @since 0.2.0
 */
export const locate = (name: string, directory: string): Effect.Effect<string, string> =>
  Effect.suspend(() => {
    const file = resolve(directory, name)
    if (looksLikeFile(name) || isFile(file)) {
      if (isFile(file)) return Effect.succeed(file)
      return Effect.fail(existsSync(file) ? "is a folder: name the file in it" : "there is no such file")
    }
    if (!/^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/.test(name)) {
      return Effect.fail("is neither a file nor the name of a package")
    }
    return Effect.flatMap(
      Effect.try({ try: () => packageFile(name, directory), catch: () => "its package.json cannot be read" }),
      (found) =>
        found === null
          ? Effect.fail(
              existsSync(file)
                ? "is a folder: name the file in it"
                : `is not installed here; write ./${name} for a file, or run: npm install ${name}`
            )
          : Effect.succeed(found)
    )
  })

// A place in a module, as a stack tells it.
const placeIn = (text: string, path: string): string | null => {
  const place = pathToFileURL(path).href
  const at = [place, path].map((name) => text.split(name)[1]).find((rest) => rest !== undefined)
  return /^:(\d+)/.exec(at ?? "")?.[1] ?? null
}

/**
 * The line of a module in which an error came up, by its stack; null where that does not say.
 *
 * @category destructors
 * @since 0.2.0
 */
export const lineOf = (error: unknown, path: string): string | null =>
  error instanceof Error ? placeIn(error.stack ?? "", path) : null

const codeOf = (error: unknown): unknown => (isRecord(error) ? error["code"] : undefined)

const bare =
  "a file that stands alone exports a function: export default ({ Vendor, Wire, Schema, Duration }) => ({ ... })"

// What an import fails with, for a person who wrote the module.
const why = (error: unknown, path: string): string => {
  const line = lineOf(error, path)
  const where = line === null ? "" : ` in line ${line}`
  const words = inert(error instanceof Error ? error.message : String(error), 300)
  switch (codeOf(error)) {
    case "ERR_MODULE_NOT_FOUND":
    case "MODULE_NOT_FOUND":
      return `imports what is not there: ${words}; ${bare}`
    case "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING":
      return "is TypeScript inside node_modules, which Node does not run: its package must hold JavaScript"
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `has TypeScript that Node cannot run${where}: ${words}`
    case "ERR_UNKNOWN_FILE_EXTENSION":
    case "ERR_IMPORT_ATTRIBUTE_MISSING":
      return "is not a JavaScript or TypeScript module"
    default:
      return error instanceof SyntaxError
        ? `cannot be read${where}: ${words}`
        : `fails when it is loaded${where}: ${words}`
  }
}

/**
 * The exports of a module; a failure says in words what is wrong with it. What it imports of the parts of
 * definitions is this command's own.
 *
 * @category constructors
 * @since 0.2.0
 */
export const load = (path: string): Effect.Effect<Readonly<Record<string, unknown>>, string> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: async (): Promise<unknown> => {
        Shared.share()
        const loaded: unknown = await import(pathToFileURL(path).href)
        return loaded
      },
      catch: (error) => why(error, path)
    }),
    (loaded) => (isRecord(loaded) ? Effect.succeed(loaded) : Effect.fail("exports nothing"))
  )
