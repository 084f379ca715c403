/**
 * The type check of everything: the packages, and all tests, examples, scripts and the code in texts.
 *
 * The compiler is TypeScript with Effect's own diagnostics (see `compiler.mjs`). On a platform it is not built for, plain
 * `tsc` checks the types alone, and says so.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { effectCompiler } from "./compiler.mjs"
import { writeSnippets } from "./snippets.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))
const compiler = effectCompiler()
const plain = join(root, "node_modules/typescript/bin/tsc")
const [command, ...prefix] = compiler === undefined ? [process.execPath, plain] : [compiler]
if (compiler === undefined) console.error("check: no @effect/tsgo for this platform; plain tsc checks the types alone")

/** @param {ReadonlyArray<string>} args */
const compile = (args) =>
  spawnSync(command ?? "tsc", [...prefix, ...args], { cwd: root, stdio: "inherit" }).status === 0

// A package that the solution forgets would be checked by nobody.
const referenced = () => {
  /** @type {ReadonlyArray<{ path: string }>} */
  const references = JSON.parse(readFileSync(join(root, "packages/tsconfig.json"), "utf8")).references
  const listed = new Set(references.map((reference) => reference.path))
  const forgotten = new Set(
    globSync("packages/{*,vendors/*}/src/**/*.ts", { cwd: root })
      .map((file) => /^packages\/(.+?)\/src\//.exec(file.replaceAll("\\", "/"))?.[1] ?? "")
      .filter((name) => !listed.has(name))
  )
  for (const name of forgotten) console.error(`check: packages/tsconfig.json does not reference ${name}`)
  return forgotten.size === 0
}

const emittedIntoSource = () => {
  const files = globSync(
    [
      "packages/{*,vendors/*}/src/**/*.js",
      "packages/{*,vendors/*}/src/**/*.js.map",
      "packages/{*,vendors/*}/src/**/*.d.ts"
    ],
    {
      cwd: root
    }
  )
  for (const file of files) console.error(`check: compiler output among the sources: ${file}`)
  return files.length > 0
}

// What was built from a source that is gone would be published, and seen by nobody here.
const prune = () => {
  for (const file of globSync("packages/{*,vendors/*}/dist/**/*.{js,js.map,d.ts,d.ts.map}", { cwd: root })) {
    const source = file.replace(/([\\/])dist([\\/])/, "$1src$2").replace(/\.(js|d\.ts)(\.map)?$/, ".ts")
    if (!existsSync(join(root, source))) rmSync(join(root, file))
  }
}

writeSnippets(root)
const results = [referenced(), compile(["-b", "packages"]), !emittedIntoSource()]
prune()
process.exitCode = results.every(Boolean) ? 0 : 1
