import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as RepositoryPath from "scanpoll/output/RepositoryPath"
import { ProcessContext } from "scanpoll/process/ProcessContext"

describe("the path of a plan in its repository", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("is the same from every folder it is named in, and none outside of a repository (U-03)", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
        yield* fs.makeDirectory(`${root}/work/.git`, { recursive: true })
        yield* fs.makeDirectory(`${root}/work/sub/deep`, { recursive: true })
        yield* fs.writeFileString(`${root}/work/sub/scans.yaml`, "")
        yield* fs.writeFileString(`${root}/other.yaml`, "")
        const facts = yield* ProcessContext
        const from = (directory: string, file: string) =>
          Effect.provideService(RepositoryPath.of(file), ProcessContext, {
            ...facts,
            directory: `${root}/${directory}`
          })
        assert.strictEqual(yield* from("work/sub", "scans.yaml"), "sub/scans.yaml")
        assert.strictEqual(yield* from("work/sub/deep", "../scans.yaml"), "sub/scans.yaml")
        assert.strictEqual(yield* from("work", `${root}/work/sub/scans.yaml`), "sub/scans.yaml")
        assert.strictEqual(yield* from("work", "scans.yaml"), null)
        // The folder of this test is in no repository.
        assert.strictEqual(yield* from("", "other.yaml"), null)
      })
    )
  })
})
