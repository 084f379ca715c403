/**
 * A clone that lacks a package: its sources import one that was added after the last install. The published program imports
 * none.
 *
 * @since 0.2.0
 */
import { fileURLToPath } from "node:url"

// The packages of the clone.
const sources = fileURLToPath(new URL("../../../", import.meta.url))

/**
 * What to do about an import that failed for that; null where the error is another one.
 *
 * @category destructors
 * @since 0.2.0
 */
export const wordsOf = (error: unknown): string | null => {
  if (!import.meta.url.endsWith(".ts")) return null
  if (!(error instanceof Error) || Reflect.get(error, "code") !== "ERR_MODULE_NOT_FOUND") return null
  const [, name, importer = ""] = /^Cannot find package '([^']+)' imported from (.*)/.exec(error.message) ?? []
  // A module of somebody else's may lack a package of its own.
  return name !== undefined && importer.startsWith(sources)
    ? `this clone has not installed the package ${name}, which its sources import; run \`npm start\` once in the clone, then try again`
    : null
}
