/**
 * Proves the fences: plants one fault of each kind in a copy of the configuration and sees the tool that guards against
 * it turn red, for the reason meant; and sees code that keeps the rules stay green. A guard that a change of its
 * configuration has put to sleep fails here.
 *
 *     node packages/tooling/fences.mjs
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { effectCompiler } from "./compiler.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))

/**
 * @typedef {{ in: string, code: string, rule?: string, says?: string }} Plant a file and the rule that must refuse it;
 *   without a rule the lint must let it pass
 */

/**
 * One import in one place.
 *
 * @param {string} file
 * @param {string} from
 * @param {string} [says] part of the refusal; without it the import is allowed
 * @returns {Plant}
 */
const importing = (file, from, says) => ({
  in: file,
  code: `import * as it from "${from}"\nexport const used = it\n`,
  ...(says === undefined ? {} : { rule: "no-restricted-imports", says })
})

/**
 * One statement in one place.
 *
 * @param {string} file
 * @param {string} rule
 * @param {string} code
 * @returns {Plant}
 */
const writing = (file, rule, code) => ({ in: file, code: `${code}\n`, rule })

const inCore = "inside core"
const ofTheHouse = "of the house only"
const barrel = "import the module itself"
const sealed = "write sealed text"

/** @type {ReadonlyArray<Plant>} */
const plants = [
  writing(
    "packages/core/src/model/Twice.ts",
    "no-duplicate-imports",
    'import type { Severity } from "./Severity.ts"\nimport { order } from "./Severity.ts"\nexport const used: ReadonlyArray<Severity> = order'
  ),
  importing("packages/core/src/model/A.ts", "../policy/PollPolicy.ts", inCore),
  importing("packages/core/src/model/internal/A.ts", "../../engine/Poller.ts", inCore),
  importing("packages/core/src/model/B.ts", "../http/VendorHttp.ts", inCore),
  importing("packages/core/src/model/C.ts", "./Severity.ts"),
  importing("packages/core/src/model/M.ts", "../time/SteadyClock.ts", inCore),
  importing("packages/core/src/time/A.ts", "../model/Severity.ts", inCore),
  importing("packages/core/src/time/internal/A.ts", "../../policy/PollPolicy.ts", inCore),
  importing("packages/core/src/time/B.ts", "../engine/Poller.ts", inCore),
  importing("packages/core/src/time/C.ts", "../http/VendorHttp.ts", inCore),
  importing("packages/core/src/policy/W.ts", "../time/Waits.ts"),
  importing("packages/core/src/http/J.ts", "../time/internal/timeouts.ts"),
  importing("packages/core/src/engine/X.ts", "../time/internal/alarm.ts"),
  importing("packages/core/src/policy/A.ts", "../engine/Poller.ts", inCore),
  importing("packages/core/src/policy/B.ts", "../http/VendorHttp.ts", inCore),
  importing("packages/core/src/policy/C.ts", "../model/Severity.ts"),
  importing("packages/core/src/engine/A.ts", "../http/VendorHttp.ts", inCore),
  importing("packages/core/src/engine/B.ts", "../policy/PollPolicy.ts"),
  importing("packages/core/src/engine/internal/A.ts", "../../model/Severity.ts"),
  importing("packages/core/src/http/A.ts", "../engine/Poller.ts", inCore),
  importing("packages/core/src/http/K.ts", "../vendor/Vendor.ts", inCore),
  importing("packages/core/src/engine/S.ts", "../vendor/Vendor.ts", inCore),
  importing("packages/core/src/vendor/A.ts", "../engine/ScanAdapter.ts"),
  importing("packages/core/src/vendor/B.ts", "../http/VendorHttp.ts"),
  importing("packages/core/src/vendor/C.ts", "effect/http/HttpClient", "only core's http folder"),
  importing("packages/core/src/http/B.ts", "../policy/VendorLimits.ts"),
  importing("packages/core/src/http/C.ts", "effect/http/HttpClient"),
  importing("packages/core/src/engine/C.ts", "effect/http/HttpClient", "only core's http folder"),
  importing("packages/core/src/engine/D.ts", "effect/http/FetchHttpClient", "only core's http folder"),
  importing("packages/core/src/engine/E.ts", "effect/http/Headers"),
  importing("packages/core/src/engine/F.ts", "@scanpoll/exona/ExonaVendor", ofTheHouse),
  importing("packages/core/src/engine/G.ts", "../../../vendors/exona/src/ExonaVendor.ts", "imported by its name"),
  importing("packages/core/src/http/D.ts", "@effect/platform-node/NodeHttpClient", "the platform is chosen"),
  importing("packages/core/test/A.test.ts", "@effect/platform-node/NodeHttpClient"),
  importing("packages/core/test/B.test.ts", "effect"),
  importing("packages/core/test/C.test.ts", "@scanpoll/exona", ofTheHouse),
  ...["exona", "compliance", "appvet"].flatMap((name) => [
    importing(`packages/vendors/${name}/src/A.ts`, "@scanpoll/core/engine/ScanAdapter"),
    importing(`packages/vendors/${name}/src/B.ts`, "@scanpoll/core", ofTheHouse),
    importing(
      `packages/vendors/${name}/src/C.ts`,
      `@scanpoll/${name === "exona" ? "appvet" : "exona"}/deep/Module`,
      ofTheHouse
    ),
    importing(`packages/vendors/${name}/src/D.ts`, "@scanpoll/report/Report", ofTheHouse),
    importing(`packages/vendors/${name}/src/E.ts`, "@scanpoll/testkit/Simulator", ofTheHouse),
    importing(`packages/vendors/${name}/src/F.ts`, "effect/http/HttpClientRequest", "only core's http folder"),
    importing(`packages/vendors/${name}/src/G.ts`, "effect", barrel),
    importing(`packages/vendors/${name}/test/A.test.ts`, "@scanpoll/testkit"),
    importing(`packages/vendors/${name}/test/B.test.ts`, "@effect/platform-node/NodeHttpClient"),
    importing(
      `packages/vendors/${name}/test/C.test.ts`,
      `@scanpoll/${name === "exona" ? "appvet" : "exona"}`,
      ofTheHouse
    )
  ]),
  importing("packages/promise/src/A.ts", "@scanpoll/exona/ExonaVendor"),
  importing("packages/promise/src/B.ts", "effect/http/FetchHttpClient"),
  importing("packages/promise/src/C.ts", "@effect/platform-node/NodeHttpClient", "the platform is chosen"),
  importing("packages/promise/src/D.ts", "@scanpoll/journal/SqlJournal", ofTheHouse),
  importing("packages/promise/src/E.ts", "effect/sql/SqlClient", "only journal and cluster touch"),
  importing("packages/promise/test/A.test.ts", "@scanpoll/testkit"),
  importing("packages/promise/test/B.test.ts", "@scanpoll/report", ofTheHouse),
  importing("packages/report/src/A.ts", "@scanpoll/core/model/ScanRecord"),
  importing("packages/report/src/B.ts", "@scanpoll/appvet/AppVetSchema", ofTheHouse),
  importing("packages/report/src/C.ts", "scanpoll", ofTheHouse),
  importing("packages/report/src/D.ts", "effect/cli/Command", "only cli touches"),
  importing("packages/server/src/A.ts", "effect/sql/SqlClient", "only journal and cluster touch"),
  importing("packages/server/src/B.ts", "@effect/platform-node/NodeHttpServer", "the platform is chosen"),
  importing("packages/server/src/C.ts", "@scanpoll/appvet/AppVetAdapter", ofTheHouse),
  importing("packages/server/src/D.ts", "@scanpoll/cluster/ClusterStatus", ofTheHouse),
  importing("packages/server/src/E.ts", "effect/http-api/HttpApiClient", "only core's http folder"),
  importing("packages/server/src/F.ts", "effect/http/HttpServerResponse", "only Answer of server"),
  importing("packages/server/src/Answer.ts", "effect/http/HttpServerResponse"),
  importing("packages/cli/src/I.ts", "effect/http/HttpServerResponse", "only Answer of server"),
  importing("packages/vendors/appvet/src/I.ts", "effect/Console", sealed),
  importing("packages/journal/src/I.ts", "node:child_process", sealed),
  importing("packages/journal/src/A.ts", "effect/sql/SqlClient"),
  importing("packages/journal/src/B.ts", "@scanpoll/exona/ExonaVendor", ofTheHouse),
  importing("packages/core/src/engine/H.ts", "effect/sql/SqlClient", "only journal and cluster touch"),
  importing("packages/cli/src/A.ts", "node:sqlite", "only journal and cluster touch"),
  importing("packages/cluster/src/A.ts", "effect/cluster/Entity"),
  importing("packages/cluster/src/B.ts", "effect/sql/SqlClient"),
  importing("packages/cluster/src/C.ts", "@scanpoll/journal/SqlJournal"),
  importing("packages/cluster/src/D.ts", "@scanpoll/appvet/AppVetVendor", ofTheHouse),
  importing("packages/cluster/src/E.ts", "effect/cli/Command", "only cli touches"),
  importing("packages/core/src/engine/I.ts", "effect/cluster/Entity", "only cluster touches"),
  importing("packages/journal/src/C.ts", "@scanpoll/core/unstable/time/Waits"),
  importing("docs/examples/A.ts", "@scanpoll/core/engine/Scans"),
  importing("docs/examples/B.ts", "@scanpoll/core/unstable/engine/Keeper", "uses what its reader may use"),
  importing("packages/testkit/src/A.ts", "@scanpoll/core/engine/ScanAdapter"),
  importing("packages/testkit/src/B.ts", "@effect/platform-node/NodeHttpServer"),
  importing("packages/testkit/src/C.ts", "@scanpoll/appvet/AppVetVendor", ofTheHouse),
  importing("packages/testkit/src/D.ts", "@effect/platform-node/NodeHttpClient", "only core's http folder"),
  importing("packages/journal/test/A.test.ts", "@scanpoll/test-support/postgres"),
  importing("packages/core/test/E.test.ts", "@scanpoll/test-support/conversation"),
  importing("packages/journal/test/B.test.ts", "../../core/test/support/worlds.ts", "another package is imported"),
  importing(
    "packages/core/test/engine/F.test.ts",
    "../../../cli/test/support/command.ts",
    "another package is imported"
  ),
  importing(
    "packages/vendors/exona/test/F.test.ts",
    "../../../core/src/engine/Scans.ts",
    "another package is imported"
  ),
  importing("packages/core/test/engine/G.test.ts", "../../src/engine/Scans.ts"),
  importing("packages/core/test/engine/H.test.ts", "../support/worlds.ts"),
  importing("packages/test-support/src/B.ts", "@scanpoll/core/model/Severity"),
  importing("packages/test-support/src/A.ts", "@scanpoll/journal/SqlJournal", ofTheHouse),
  importing("packages/bench/src/A.ts", "@scanpoll/appvet/AppVetVendor"),
  importing("packages/bench/src/B.ts", "undici"),
  importing("packages/bench/src/C.ts", "@scanpoll/testkit/Simulator", ofTheHouse),
  importing("packages/bench/src/D.ts", "effect", barrel),
  importing("packages/cli/src/B.ts", "@scanpoll/testkit/Simulator"),
  importing("packages/cli/src/C.ts", "effect/cli/Command"),
  importing("packages/cli/src/D.ts", "@effect/platform-node/NodeHttpClient"),
  importing("packages/cli/src/E.ts", "effect/cli", barrel),
  importing("packages/cli/src/F.ts", "@effect/platform-node", barrel),
  importing("packages/core/src/engine/J.ts", "effect", barrel),
  {
    in: "packages/core/src/model/D.ts",
    code: `export { make } from "../policy/PollPolicy.ts"\n`,
    rule: "no-restricted-imports",
    says: inCore
  },
  {
    in: "packages/core/src/model/E.ts",
    code: `export const later = () => import("../policy/PollPolicy.ts")\n`,
    rule: "no-restricted-imports",
    says: inCore
  },
  {
    in: "packages/core/src/policy/D.ts",
    code: `import type { it } from "../engine/Poller.ts"\nexport type It = it\n`,
    rule: "no-restricted-imports",
    says: inCore
  },

  {
    in: "packages/report/src/Ring.ts",
    code: `import { b } from "./Round.ts"\nexport const a = () => b\n`,
    rule: "no-cycle"
  },
  {
    in: "packages/report/src/Round.ts",
    code: `import { a } from "./Ring.ts"\nexport const b = () => a\n`,
    rule: "no-cycle"
  },

  {
    in: "packages/report/src/TypeRing.ts",
    code: `import type { B } from "./TypeRound.ts"\nexport type A = B | 1\n`,
    rule: "no-cycle"
  },
  {
    in: "packages/report/src/TypeRound.ts",
    code: `import { type A } from "./TypeRing.ts"\nexport type B = A | 2\n`,
    rule: "no-cycle"
  },
  {
    in: "packages/core/src/engine/PassedRing.ts",
    code: `export type { B } from "./internal/passedRound.ts"\nexport type A = 1\n`,
    rule: "no-cycle"
  },
  {
    in: "packages/core/src/engine/internal/passedRound.ts",
    code: `import type { A } from "../PassedRing.ts"\nexport type B = A | 2\n`,
    rule: "no-cycle"
  },

  writing("packages/core/src/engine/K.ts", "no-restricted-properties", "export const now = () => Date.now()"),
  writing("packages/vendors/exona/src/H.ts", "no-restricted-properties", "export const dice = () => Math.random()"),
  writing("packages/report/src/E.ts", "no-restricted-properties", "export const end = () => process.exit(1)"),
  writing("packages/cli/src/H.ts", "no-restricted-properties", `process.stdout.write("hello")`),
  writing("packages/report/src/F.ts", "no-restricted-properties", `process.stderr.write("hello")`),
  writing(
    "packages/cli/src/J.ts",
    "no-restricted-properties",
    `import other from "node:process"\nother.stdout.write("hello")`
  ),
  writing(
    "packages/cli/src/K.ts",
    "no-restricted-properties",
    `import process from "node:process"\nconst { stderr } = process\nstderr.write("hello")`
  ),
  writing(
    "packages/server/src/J.ts",
    "no-restricted-imports",
    `import { stdout } from "node:process"\nstdout.write("hello")`
  ),
  writing(
    "packages/cli/src/L.ts",
    "no-restricted-properties",
    `import * as Effect from "effect/Effect"\nimport * as FileSystem from "effect/FileSystem"\nexport const f = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString("a", "hello"))`
  ),
  writing(
    "packages/journal/src/J.ts",
    "no-restricted-properties",
    `import * as Fs from "node:fs"\nFs.appendFileSync("a", "hello")`
  ),
  {
    in: "packages/cli/src/output/WholeFile.ts",
    code: `import * as Fs from "node:fs"\nFs.writeFileSync("a", "hello")\n`
  },
  writing("packages/core/src/engine/L.ts", "no-restricted-properties", "export const t = () => performance.now()"),
  writing("packages/core/src/engine/M.ts", "no-restricted-properties", "globalThis.setTimeout(() => undefined, 1)"),
  writing("packages/core/src/engine/N.ts", "no-restricted-globals", "setTimeout(() => undefined, 1)"),
  writing("packages/testkit/src/E.ts", "no-restricted-globals", "setInterval(() => undefined, 1)"),
  writing("packages/cli/src/G.ts", "no-console", `console.log("hello")`),
  { in: "packages/cli/src/main.ts", code: "process.exit(0)\n" },

  writing("packages/core/src/engine/O.ts", "no-explicit-any", "export const size = (value: any): number => value.size"),
  writing(
    "packages/core/src/engine/P.ts",
    "no-non-null-assertion",
    "export const one = (list: Array<number>): number => list[0]!"
  ),
  writing("packages/core/src/engine/Q.ts", "ban-ts-comment", `// @ts-ignore\nexport const wrong: number = "one"`),
  writing("packages/core/test/D.test.ts", "no-floating-promises", "const go = async () => 1\ngo()"),
  writing(
    "packages/core/src/engine/R.ts",
    "switch-exhaustiveness-check",
    `export const f = (word: "a" | "b"): void => {\n  switch (word) {\n    case "a":\n      break\n  }\n}`
  )
]

/** @type {ReadonlyArray<{ in: string, code: string, says: string }>} */
const effectPlants = [
  {
    in: "packages/core/src/engine/Floating.ts",
    code: `import * as Effect from "effect/Effect"\nexport const f = () => {\n  Effect.log("never said")\n}\n`,
    says: "floatingEffect"
  },
  {
    in: "packages/core/src/engine/Keyed.ts",
    code: `import * as Context from "effect/Context"\nexport class Keyed extends Context.Service<Keyed, { readonly a: number }>()("Other") {}\n`,
    says: "deterministicKeys"
  }
]

/** @type {ReadonlyArray<{ in: string, code: string, says: string }>} */
const wordPlants = [
  { in: "packages/core/src/engine/WordA.ts", code: "// as Exona does\n", says: "core knows no vendor" },
  {
    in: "packages/core/src/engine/WordB.ts",
    code: `export const vendor = "compliance"\n`,
    says: "core knows no vendor"
  },
  { in: "packages/core/src/engine/WordC.ts", code: "export const appvetLimit = 1\n", says: "core knows no vendor" },
  {
    in: "packages/core/src/engine/WordD.ts",
    code: "export const now = () => new Date().getTime()\n",
    says: "Effect's Clock"
  },
  { in: "packages/core/test/Word.test.ts", code: `it.effect.only("one", () => one)\n`, says: "left out" },
  {
    in: "packages/core/src/engine/WordE.ts",
    code: 'import * as Severity from "../model/Severity.ts"\nimport type { Trend } from "../model/Severity.ts"\n',
    says: "by name or as a namespace"
  }
]

// A package of its own, as the type check would have built it, and what the reference says of it.
const apiHead = "/**\n * A module.\n *\n * @since 0.1.0\n */\n"
const apiDoc = (/** @type {string} */ tags) => `/**\n * An export.\n *\n${tags} */\n`
const apiGood = apiDoc(" * @category models\n * @since 0.1.0\n")

/** @type {ReadonlyArray<{ module: string, code: string, then?: string, says: string }>} */
const apiPlants = [
  { module: "Kept", code: `${apiHead}${apiGood}export declare const kept: 1;\n`, says: "" },
  {
    module: "Hidden",
    code: `${apiHead}${apiDoc(" * @internal\n")}export declare const hidden: 1;\n`,
    says: ""
  },
  {
    module: "Mute",
    code: `${apiHead}import "node:path";\nexport declare const mute: 1;\n`,
    says: "mute: has no doc comment"
  },
  {
    module: "Ageless",
    code: `${apiHead}${apiDoc(" * @category models\n")}export declare const ageless: 1;\n`,
    says: "ageless: has no @since"
  },
  {
    module: "Misc",
    code: `${apiHead}${apiDoc(" * @category misc\n * @since 0.1.0\n")}export declare const misc: 1;\n`,
    says: "misc: wants one @category"
  },
  { module: "Headless", code: `${apiGood}export declare const headless: 1;\n`, says: "does not open with what it is" },
  {
    module: "Changed",
    code: `${apiHead}${apiGood}export declare const changed: () => string;\n`,
    then: `${apiHead}${apiGood}export declare const changed: () => string | null;\n`,
    says: "+export const changed: () => string | null"
  }
]

const copy = mkdtempSync(join(tmpdir(), "scanpoll-fences-"))

/** @type {Array<string>} */
const failures = []

/** @param {ReadonlyArray<{ in: string, code: string }>} files */
const plant = (files) => {
  for (const file of files) {
    mkdirSync(dirname(join(copy, file.in)), { recursive: true })
    writeFileSync(join(copy, file.in), file.code)
  }
}

/**
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 */
const ask = (command, args) => {
  const answer = spawnSync(command, [...args], { cwd: copy, encoding: "utf8", timeout: 60_000, killSignal: "SIGKILL" })
  if (answer.error !== undefined) throw answer.error
  return answer
}

const proveLint = () => {
  plant(plants)
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint")
  const answer = ask(process.execPath, [
    oxlint,
    "-c",
    ".oxlintrc.mjs",
    "--type-aware",
    "-f",
    "json",
    "packages",
    "docs"
  ])
  /** @type {ReadonlyArray<{ filename: string, code: string, help?: string, message: string }>} */
  const found = JSON.parse(answer.stdout).diagnostics
  for (const fault of plants) {
    const here = found.filter((one) => one.filename === fault.in)
    const seen = here.map((one) => `${one.code} ${one.help ?? ""}`).join("; ") || "nothing"
    if (fault.rule === undefined) {
      if (here.length > 0) failures.push(`${fault.in} keeps the rules, but the lint says: ${seen}\n${fault.code}`)
      continue
    }
    const { rule, says = "" } = fault
    if (!here.some((one) => one.code.endsWith(`(${rule})`) && `${one.message} ${one.help ?? ""}`.includes(says))) {
      failures.push(`${fault.in} should be refused by ${rule} (${says}), but the lint says: ${seen}\n${fault.code}`)
    }
  }
  return plants.length
}

const proveCompiler = () => {
  const compiler = effectCompiler()
  if (compiler === undefined) {
    console.error("fences: no @effect/tsgo for this platform; its diagnostics are not proven here")
    return 0
  }
  plant(effectPlants)
  const { stdout } = ask(compiler, ["-p", "packages/core", "--noEmit", "--composite", "false", "--pretty", "false"])
  for (const fault of effectPlants) {
    const lines = stdout.split("\n").filter((line) => line.includes(fault.in.replace("packages/core/", "")))
    if (!lines.some((line) => line.includes(": error ") && line.includes(fault.says))) {
      failures.push(`${fault.in} should be refused with ${fault.says}, but the compiler says: ${lines.join("; ")}`)
    }
  }
  return effectPlants.length
}

const proveWords = () => {
  plant(wordPlants)
  const { stderr } = ask(process.execPath, [join(root, "packages/tooling/words.mjs"), copy])
  for (const fault of wordPlants) {
    if (!stderr.split("\n").some((line) => line.startsWith(`${fault.in}:`) && line.includes(fault.says))) {
      failures.push(`${fault.in} should be refused (${fault.says}): ${fault.code}`)
    }
  }
  return wordPlants.length
}

const proveApi = () => {
  const root = join(copy, "api")
  const tool = fileURLToPath(new URL("api.mjs", import.meta.url))
  const manifest = { name: "@scanpoll/planted", version: "0.1.0", exports: { "./*": "./src/*.ts" } }
  plant([{ in: "api/packages/planted/package.json", code: JSON.stringify(manifest) }])
  /** @param {ReadonlyArray<{ module: string, code: string, then?: string }>} modules */
  const build = (modules) =>
    plant(
      modules.flatMap(({ code, module }) => [
        { in: `api/packages/planted/src/${module}.ts`, code },
        { in: `api/packages/planted/dist/${module}.d.ts`, code }
      ])
    )
  build([{ module: "index", code: apiHead }, ...apiPlants])
  const written = ask(process.execPath, [tool, root])
  build(apiPlants.flatMap(({ module, then }) => (then === undefined ? [] : [{ module, code: then }])))
  const { stderr } = ask(process.execPath, [tool, "--check", root])
  const page = readFileSync(join(root, "docs/api/planted.md"), "utf8")
  for (const { module, says } of apiPlants) {
    const word = module.toLowerCase()
    const seen = says === "" ? !`${written.stderr}${stderr}`.includes(`: ${word}`) : stderr.includes(says)
    if (!seen) failures.push(`the reference should say ${says || "nothing"} of ${module}, but says: ${stderr}`)
  }
  if (!page.includes("export const kept") || page.includes("hidden: 1"))
    failures.push("the reference shows the wrong exports")
  return apiPlants.length
}

try {
  for (const file of [".oxlintrc.mjs", "tsconfig.base.json", "packages/core/tsconfig.json"]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  writeFileSync(join(copy, "package.json"), `{ "type": "module" }\n`)
  writeFileSync(join(copy, "packages/core/package.json"), `{ "name": "@scanpoll/core", "type": "module" }\n`)
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction")
  const proven = proveLint() + proveCompiler() + proveWords() + proveApi()
  for (const failure of failures) console.error(`fences: ${failure}`)
  console.error(`fences: ${proven - failures.length} of ${proven} proven`)
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exitCode = failures.length === 0 ? 0 : 1
