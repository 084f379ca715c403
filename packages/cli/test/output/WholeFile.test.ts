import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import * as Net from "node:net"
import * as WholeFile from "scanpoll/output/WholeFile"
import { inFolder } from "../support/folder.ts"

const sealed = (...pieces: ReadonlyArray<string>) => SafeText.sealAll("text", pieces)

const names = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readDirectory(folder)
})

const failingAfter = function* (text: string) {
  yield text
  throw new Error("the renderer broke")
}

describe("a file that is written whole", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("takes the place of the old one, and leaves nothing else behind", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const file = `${folder}/report.json`
          yield* fs.writeFileString(file, "old")
          yield* WholeFile.write(file, sealed("new", " ", "text"))
          assert.strictEqual(yield* fs.readFileString(file), "new text")
          assert.deepStrictEqual(yield* names(folder), ["report.json"])
        })
      )
    )

    it.effect("stays the old one when the new one breaks off, and leaves no half file (RP-07)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const file = `${folder}/report.json`
          yield* fs.writeFileString(file, "old")
          yield* Effect.exit(WholeFile.write(file, SafeText.sealAll("text", failingAfter("x".repeat(1_000_000)))))
          assert.strictEqual(yield* fs.readFileString(file), "old")
          assert.deepStrictEqual(yield* names(folder), ["report.json"])
        })
      )
    )

    it.effect("is written wherever the check says that it can be, and only there (D-10)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* fs.symlink(`${folder}/made-later.json`, `${folder}/dangling.json`)
          yield* fs.symlink(`${folder}/round.json`, `${folder}/round.json`)
          for (const [name, why] of [
            ["missing/../report.json", null],
            ["dangling.json", null],
            [`${"é".repeat(120)}.json`, null],
            [`${"漢".repeat(80)}.json`, null],
            [`${"x".repeat(300)}.json`, "has a name that is too long"],
            ["missing/report.json", "its folder is not there"]
          ] as const) {
            const file = `${folder}/${name}`
            assert.strictEqual(yield* WholeFile.obstacle(file), why, name)
            const isWritten = yield* Effect.isSuccess(WholeFile.write(file, sealed("text")))
            assert.strictEqual(isWritten, why === null, name)
          }
          assert.strictEqual(yield* WholeFile.obstacle(`${folder}/round.json`), "is a link that leads to itself")
          assert.strictEqual(yield* fs.readFileString(`${folder}/report.json`), "text")
          assert.strictEqual(yield* fs.readFileString(`${folder}/made-later.json`), "text")
          assert.strictEqual(yield* fs.readLink(`${folder}/dangling.json`), `${folder}/made-later.json`)
          assert.isFalse((yield* names(folder)).some((name) => name.endsWith(".tmp")))
        })
      )
    )

    it.effect("is written in place where it cannot be replaced, as a file that is mounted (D-10)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const file = `${folder}/report.json`
          yield* fs.writeFileString(file, "a longer old text")
          const cause = Object.assign(new Error("busy"), { code: "EBUSY" })
          const busy = PlatformError.systemError({ _tag: "Busy", module: "FileSystem", method: "rename", cause })
          const mounted = { ...fs, rename: () => Effect.fail(busy) }
          yield* Effect.provideService(WholeFile.write(file, sealed("new")), FileSystem.FileSystem, mounted)
          assert.strictEqual(yield* fs.readFileString(file), "new")
          assert.deepStrictEqual(yield* names(folder), ["report.json"])
        })
      )
    )

    it.effect("is refused where a socket is (D-10)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const file = `${folder}/socket`
          yield* Effect.acquireRelease(
            Effect.callback<Net.Server>((resume) => {
              const server = Net.createServer()
              server.listen(file, () => resume(Effect.succeed(server)))
            }),
            (server) => Effect.sync(() => server.close())
          )
          assert.include((yield* WholeFile.obstacle(file)) ?? "", "is a socket")
        })
      )
    )

    it.effect("keeps the target of a link a file of the same name", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* fs.writeFileString(`${folder}/real.json`, "old")
          yield* fs.symlink(`${folder}/real.json`, `${folder}/link.json`)
          yield* WholeFile.write(`${folder}/link.json`, sealed("new"))
          assert.strictEqual(yield* fs.readFileString(`${folder}/real.json`), "new")
          assert.strictEqual(yield* fs.readLink(`${folder}/link.json`), `${folder}/real.json`)
        })
      )
    )

    it.effect("is written to a device directly: the device stays what it is", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* WholeFile.write("/dev/null", sealed("text"))
        assert.strictEqual((yield* fs.stat("/dev/null")).type, "CharacterDevice")
      })
    )

    it.effect("keeps the rights of the file it replaces, and never opens up one that is to be private (S-12)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const rights = (name: string) => Effect.map(fs.stat(`${folder}/${name}`), ({ mode }) => mode & 0o777)
          for (const mode of [0o600, 0o640, 0o666, 0o755]) {
            yield* fs.writeFileString(`${folder}/report.json`, "old")
            yield* fs.chmod(`${folder}/report.json`, mode)
            yield* WholeFile.write(`${folder}/report.json`, sealed("new"))
            assert.strictEqual(yield* rights("report.json"), mode)
          }
          yield* WholeFile.write(`${folder}/report.json`, sealed("private"), 0o600)
          assert.strictEqual(yield* rights("report.json"), 0o600)
        })
      )
    )

    it.effect(
      "is not written where a link of the working folder leads out of it, to a file or past a folder (S-12)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const here = yield* fs.makeTempDirectoryScoped({ directory: ".", prefix: ".scanpoll-links-" })
            yield* fs.writeFileString(`${folder}/victim`, "old")
            yield* fs.symlink(`${folder}/victim`, `${here}/file`)
            yield* fs.symlink(`${folder}/later`, `${here}/dangling`)
            yield* fs.symlink(folder, `${here}/folder`)
            yield* fs.writeFileString(`${here}/real`, "old")
            yield* fs.symlink("real", `${here}/own`)
            for (const way of ["file", "dangling", "folder/victim", "folder/new"]) {
              assert.include(yield* WholeFile.obstacle(`${here}/${way}`), "leads out of the working folder", way)
              assert.include(yield* Effect.flip(WholeFile.write(`${here}/${way}`, sealed("new"))), "leads out", way)
            }
            assert.deepStrictEqual(yield* names(folder), ["victim"])
            assert.strictEqual(yield* fs.readFileString(`${folder}/victim`), "old")
            assert.strictEqual(yield* WholeFile.obstacle(`${here}/own`), null)
            yield* WholeFile.write(`${here}/own`, sealed("new"))
            assert.strictEqual(yield* fs.readFileString(`${here}/real`), "new")
          })
        )
    )

    it.effect("has the rights it was asked to have", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* WholeFile.write(`${folder}/private.json`, sealed("x"), 0o600)
          assert.strictEqual((yield* fs.stat(`${folder}/private.json`)).mode & 0o777, 0o600)
        })
      )
    )

    it.effect("is refused beforehand where its folder is missing or it is a folder itself (RP-10)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* WholeFile.obstacle(folder), "is a folder")
          assert.strictEqual(yield* WholeFile.obstacle(`${folder}/no/report.json`), "its folder is not there")
          assert.isNull(yield* WholeFile.obstacle(`${folder}/report.json`))
        })
      )
    )

    it.effect("is the same file under every spelling of its path", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const paths = yield* Path.Path
          const straight = yield* WholeFile.identity(`${folder}/a.json`)
          assert.strictEqual(yield* WholeFile.identity(`${folder}/../${paths.basename(folder)}/./a.json`), straight)
          assert.notStrictEqual(yield* WholeFile.identity(`${folder}/b.json`), straight)
        })
      )
    )
  })
})
