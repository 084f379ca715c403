/**
 * The type check: every package and its references, then all tests, examples and scripts.
 *
 * The compiler is `@effect/tsgo`, TypeScript with Effect's own diagnostics (a floating effect, a `Date.now`, a wrong
 * service key are compile errors; `tsconfig.base.json` names them). It is called where it lies instead of being patched
 * over `tsc`, so an install changes no file of another package. On a platform it is not built for, plain `tsc` checks
 * the types alone and says so.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const require = createRequire(import.meta.url)

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"))

/** @returns {string | undefined} */
const effectCompiler = () => {
  const suffix = process.platform === "win32" ? ".exe" : ""
  try {
    const version = readJson(require.resolve("typescript/package.json")).version
    const platform = createRequire(require.resolve("@effect/tsgo/package.json")).resolve(
      `@effect/tsgo-${process.platform}-${process.arch}/package.json`
    )
    const compiler = join(dirname(platform), "artifacts", "typescript", version, `tsc${suffix}`)
    return existsSync(compiler) ? compiler : undefined
  } catch {
    return undefined
  }
}

const compiler = effectCompiler()
const [command, ...prefix] =
  compiler === undefined ? [process.execPath, require.resolve("typescript/lib/tsc.js")] : [compiler]
if (compiler === undefined) console.error("check: no @effect/tsgo for this platform; plain tsc checks the types alone")

/** @param {ReadonlyArray<string>} args */
const compile = (args) =>
  spawnSync(command ?? "tsc", [...prefix, ...args], { cwd: root, stdio: "inherit" }).status === 0

// A package that the solution forgets would be checked by nobody.
const referenced = () => {
  /** @type {ReadonlyArray<{ path: string }>} */
  const references = readJson(join(root, "packages/tsconfig.json")).references
  const listed = new Set(references.map((reference) => reference.path))
  const forgotten = new Set(
    globSync("packages/*/src/**/*.ts", { cwd: root })
      .map((file) => file.split(/[\\/]/)[1] ?? "")
      .filter((name) => !listed.has(name))
  )
  for (const name of forgotten) console.error(`check: packages/tsconfig.json does not reference ${name}`)
  return forgotten.size === 0
}

const emittedIntoSource = () => {
  const files = globSync(["packages/*/src/**/*.js", "packages/*/src/**/*.js.map", "packages/*/src/**/*.d.ts"], {
    cwd: root
  })
  for (const file of files) console.error(`check: compiler output among the sources: ${file}`)
  return files.length > 0
}

const results = [
  referenced(),
  compile(["-b", "packages"]),
  compile(["-p", "packages/tsconfig.tests.json"]),
  !emittedIntoSource()
]
process.exitCode = results.every(Boolean) ? 0 : 1
