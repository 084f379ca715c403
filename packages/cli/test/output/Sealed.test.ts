/** What writes at last takes sealed text alone, and text is sealed in one module: by the types, and by what the sources hold. */
import type { SafeText } from "@scanpoll/report/SafeText"
import type * as Answer from "@scanpoll/server/Answer"
import type { Stream } from "effect/Stream"
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Writers } from "scanpoll/output/Streams"
import type * as WholeFile from "scanpoll/output/WholeFile"
import type * as Uncaught from "scanpoll/process/Uncaught"

const root = join(import.meta.dirname, "../../../..")
const published = "packages/{cli,core,journal,cluster,report,promise,server,testkit,vendors/*}/src/**/*.ts"
const sources = globSync(published, { cwd: root }).map((file) => ({
  file: file.replaceAll("\\", "/"),
  code: readFileSync(join(root, file), "utf8")
    .replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "")
}))
const holding = (code: RegExp): ReadonlyArray<string> =>
  sources.flatMap((source) => (code.test(source.code) ? [source.file] : [])).toSorted()

type Pieces<F> = F extends (file: never, pieces: Iterable<infer A>, ...rest: never) => unknown ? A : never

// The one module that makes a plain text of a hostile one.
const readersOfRaw = ["packages/report/src/HostileText.ts"]

describe("a sink", () => {
  it("takes no text that is not sealed: both streams, every file, answers, telemetry (S-02, S-08)", () => {
    // The type check of the tests fails where one of these is true.
    const streams: string extends Parameters<Writers["out" | "err" | "errUnsafe"]>[0] ? true : false = false
    const answers: string extends Parameters<typeof Answer.text>[0] ? true : false = false
    const events: Stream<string> extends Parameters<typeof Answer.stream>[0] ? true : false = false
    const uncaught: string extends Parameters<Parameters<typeof Uncaught.listen>[0]>[0] ? true : false = false
    const files: string extends Pieces<typeof WholeFile.write> ? true : false = false
    const forged: string extends SafeText ? true : false = false
    const found = [streams, answers, events, uncaught, files, forged]
    assert.isTrue(found.every((isLoose) => !isLoose))
  })

  it("is one of few: no other module writes to a stream or a file (S-02, S-08)", () => {
    assert.include(sources.map(({ file }) => file).join("\n"), "packages/cli/src/main.ts")
    // The lint refuses most of these; a function that is imported by its own name passes it.
    const writing =
      /\bconsole\.|writeFile|write(?:v|All|Sync|vSync)\b|appendFile|createWriteStream|emitWarning|_rawDebug/
    assert.deepStrictEqual(holding(writing), [
      // Texts of our own into a new folder: the plans of the demonstrations, the first draft of a vendor.
      "packages/cli/src/commands/Demo.ts",
      "packages/cli/src/commands/NewVendor.ts",
      // Sealed lines of audit.
      "packages/cli/src/commands/ServeActions.ts",
      "packages/cli/src/commands/ServeDemo.ts",
      // Files of their owner alone: hashes of tokens, and the secret that signs sessions.
      "packages/cli/src/commands/ServeFiles.ts",
      "packages/cli/src/output/WholeFile.ts"
    ])
    assert.deepStrictEqual(holding(/effect\/http\/HttpServerResponse"|PrometheusMetrics\.layerHttp|Otlp\.layerJson/), [
      "packages/server/src/Answer.ts"
    ])
    // What was not caught goes out by `main.ts`, through the gate of `Uncaught`.
    assert.deepStrictEqual(holding(/process\.(?:stdout|stderr)\.write\(|stream\.write\(/), [
      "packages/cli/src/main.ts",
      "packages/cli/src/output/Streams.ts"
    ])
  })

  it("trusts one module: no other says that a text is sealed, or hostile, without passing its gate (S-02, S-08)", () => {
    assert.deepStrictEqual(holding(/\b(?:is|as) (?:\w+\.)?SafeText\b(?! from)|<SafeText>\s*[\w(]/), [
      "packages/report/src/SafeText.ts"
    ])
    assert.deepStrictEqual(holding(/\b(?:is|as) (?:\w+ & )?(?:\w+\.)?HostileText\b(?! from)/), [
      "packages/report/src/HostileText.ts"
    ])
    // The one way around the search for keys: simulated vendors' keys and a new token, for whom asked for them.
    assert.deepStrictEqual(holding(/linesWithKeys/), [
      "packages/cli/src/commands/ServeToken.ts",
      "packages/cli/src/commands/Simulate.ts",
      "packages/report/src/SafeText.ts"
    ])
    assert.deepStrictEqual(holding(/\/raw\.ts/), readersOfRaw)
  })
})
