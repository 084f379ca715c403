/**
 * Finds `@effect/tsgo`: the installed TypeScript with Effect's own diagnostics built in, so that an effect nobody runs
 * or a service key that does not match its class is a compile error. `tsconfig.base.json` names the diagnostics.
 *
 * It is called where it lies. Its own `patch` command would put it in the place of `tsc`, which changes a file of
 * another package at each install; its own look-up reads an older layout of itself and fails.
 */
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"

const require = createRequire(import.meta.url)

/**
 * The path of the compiler, or `undefined` on a platform it is not built for.
 *
 * @returns {string | undefined}
 */
export const effectCompiler = () => {
  const name = process.platform === "win32" ? "tsc.exe" : "tsc"
  try {
    const { version } = JSON.parse(readFileSync(require.resolve("typescript/package.json"), "utf8"))
    const platform = createRequire(require.resolve("@effect/tsgo/package.json")).resolve(
      `@effect/tsgo-${process.platform}-${process.arch}/package.json`
    )
    const compiler = join(dirname(platform), "artifacts", "typescript", version, name)
    return existsSync(compiler) ? compiler : undefined
  } catch {
    return undefined
  }
}
