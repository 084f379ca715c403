// The package as it is published, which is the bundle that the other tests start.
import { assert, describe, it } from "@effect/vitest"
import { program } from "@scanpoll/test-support/programs"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { scanpoll } from "./support/command.ts"
import { fields, folderOf } from "./support/harbour.ts"

const home = dirname(dirname(program))
const root = fileURLToPath(new URL("../../../", import.meta.url))
const read = (name: string): string => Fs.readFileSync(join(home, name), "utf8")
// An import of types is a line of a text that the command writes.
const imported = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^(?:import|export) (?!type )(?:[^"'\n]* from )?"([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    ([, name, loaded]) => name ?? loaded ?? ""
  )
const codes = (): ReadonlyArray<string> =>
  ["bin", "dist"].flatMap((folder) =>
    Fs.readdirSync(join(home, folder))
      .filter((name) => name.endsWith(".js"))
      .map((name) => `${folder}/${name}`)
  )

// A definition that imports what it is made of.
const definition = (imports: string): string => `${imports}
export default Vendor.define(${fields})
`

const parts = 'import { Vendor, Wire } from "@scanpoll/core"\nimport { Schema, Duration } from "effect"'

describe("the published package", () => {
  it("imports nothing but its own files and Node's modules, and asks for no other package (S-01)", () => {
    const manifest: unknown = JSON.parse(read("package.json"))
    assert.isFalse(Reflect.has(Object(manifest), "dependencies"))
    assert.isFalse(Reflect.has(Object(manifest), "scripts"))
    assert.isAbove(codes().length, 10)
    for (const file of codes()) {
      const text = read(file)
      for (const name of imported(text)) assert.match(name, /^(?:node:|\.{1,2}\/)/, file)
      assert.notInclude(text, root, `${file} names the folder that it was built in`)
    }
  })

  it("brings the licence of every package whose code it holds", () => {
    const licences = read("THIRD-PARTY-LICENSES.txt")
    for (const name of ["effect", "undici", "yaml", "preact", "lodash", "xmlbuilder"])
      assert.match(licences, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, (?:MIT|ISC)$`, "m"))
    assert.isAbove(licences.match(/Permission (?:is hereby granted|to use)/g)?.length ?? 0, 50)
  })

  it("maps its code to the files of the repository, and to no folder of the machine that built it", () => {
    const maps = Fs.readdirSync(join(home, "dist")).filter((name) => name.endsWith(".map"))
    const sources = maps.flatMap((name): ReadonlyArray<string> => JSON.parse(read(`dist/${name}`)).sources)
    assert.include(sources, "packages/core/src/engine/Scans.ts")
    for (const source of sources) assert.match(source, /^(?:packages|node_modules)\/|^\0?rolldown/)
  })

  it.live("answers --version with the version of its manifest, without the code of the command", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({ "package.json": '{"type":"module","version":"7.8.9"}' })
        Fs.cpSync(join(home, "bin"), join(directory, "bin"), { recursive: true })
        for (const flag of ["--version", "-v"]) {
          const said = execFileSync(process.execPath, [join(directory, "bin/scanpoll.js"), flag], { encoding: "utf8" })
          assert.strictEqual(said, "scanpoll v7.8.9\n")
        }
      })
    )
  )

  it.live("gives a vendor's module its own Effect, whichever copy lies beside the module (S-01)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const trap = "throw new Error('a copy of the folder was loaded')"
        const packages = {
          "node_modules/effect/package.json":
            '{"name":"effect","version":"4.0.0","type":"module","exports":{"./*":"./*.js"}}',
          "node_modules/effect/Schema.js": trap,
          "node_modules/effect/Duration.js": trap
        }
        const byPath =
          'import * as Vendor from "@scanpoll/core/vendor/Vendor"\nimport * as Wire from "@scanpoll/core/vendor/Wire"\nimport * as Schema from "effect/Schema"\nimport * as Duration from "effect/Duration"'
        const directory = yield* folderOf({
          ...packages,
          "path.ts": definition(byPath),
          "name.mjs": definition(parts)
        })
        for (const file of ["./path.ts", "./name.mjs"]) {
          const { code, stderr, stdout } = yield* scanpoll(["vendors", "--vendor", file], { directory })
          assert.strictEqual(code, 0, stderr)
          assert.include(stdout, "harbour  Harbour: scans of datasets")
        }
      })
    )
  )

  it.live("takes what it does not share with a vendor's module from where the module lies", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({
          "node_modules/effect/package.json":
            '{"name":"effect","version":"4.9.0","type":"module","exports":{".":"./index.js","./*":"./*.js"}}',
          "node_modules/effect/index.js": "export const Tide = 'high'\nexport const Schema = null",
          "node_modules/effect/Tide.js": "export const high = 'high'",
          "own.mjs": definition(
            'import { Vendor, Wire } from "@scanpoll/core"\nimport { Schema, Duration, Tide } from "effect"\nimport { high } from "effect/Tide"\nif (Tide !== high) throw new Error("another one")'
          )
        })
        const { code, stderr } = yield* scanpoll(["vendors", "--vendor", "./own.mjs"], { directory })
        assert.strictEqual(code, 0, stderr)
      })
    )
  )

  it.live("keeps compiled code in a folder of this user alone, and none where others may write (S-01)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* folderOf({})
        const own = join(directory, "own")
        const open = join(directory, "open")
        for (const folder of [own, open]) Fs.mkdirSync(join(folder, "scanpoll"), { recursive: true })
        Fs.chmodSync(join(open, "scanpoll"), 0o777)
        for (const cache of [own, open]) {
          const environment = { XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: "", TMPDIR: directory }
          const { code } = yield* scanpoll(["vendors"], { directory, environment })
          assert.strictEqual(code, 0)
        }
        assert.isNotEmpty(Fs.readdirSync(join(own, "scanpoll/compiled")))
        assert.isEmpty(Fs.readdirSync(join(open, "scanpoll/compiled")))
        assert.isFalse(Fs.existsSync(join(directory, "node-compile-cache")))
      })
    )
  )

  it.live("repeats no key in what Node itself writes of an error that nobody caught, or as a warning (S-02)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const key = "avk_live_CANARY2+a/b=~Zq0123456789ABCDEFGHIJKLMNOP"
        const words =
          "`${key} ${encodeURIComponent(key)} ${Buffer.from(key).toString('hex')}\\n##vso[task.complete]done`"
        const module = (text: string) => `const key = process.env.APPVET_API_KEY\nconst words = ${words}\n${text}\n`
        const forever = "export default () => new Promise((resolve) => setTimeout(resolve, 60000))"
        const directory = yield* folderOf({
          "thrown.mjs": module(`setImmediate(() => { throw new Error(words) })\n${forever}`),
          "text.mjs": module(`setImmediate(() => { throw words })\n${forever}`),
          "rejected.mjs": module(`Promise.reject(new Error(words))\n${forever}`),
          "warned.mjs": module(`process.emitWarning(words)\n${definition(parts)}`)
        })
        for (const [file, wanted] of [
          ["thrown", 70],
          ["text", 70],
          ["rejected", 70],
          ["warned", 0]
        ] as const) {
          const { code, stderr, stdout } = yield* scanpoll(["vendors", "--vendor", `./${file}.mjs`], {
            directory,
            environment: { APPVET_API_KEY: key },
            time: "real"
          })
          assert.strictEqual(code, wanted, `${file}: ${stderr}`)
          assert.include(stderr, "<redacted>", file)
          assert.notMatch(stdout + stderr, /CANARY2|##vso\[/, file)
          assert.notInclude(stderr, Buffer.from(key).toString("hex"))
        }
      })
    )
  )
})
