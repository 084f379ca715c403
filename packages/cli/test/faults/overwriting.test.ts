// No output may destroy what the command reads or stands on: its journal holds paid scans.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { pathToFileURL } from "node:url"
import { inside } from "../support/inside.ts"
import { inFolder } from "../support/folder.ts"

describe("an output that is the journal", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("is refused, however either of them is named (D-09)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.makeDirectory(`${folder}/sub`)
          const journal = `${folder}/jj.db`
          yield* fs.writeFileString(journal, "what a run has bought")
          yield* fs.symlink(journal, `${folder}/sub/link`)
          yield* fs.link(journal, `${folder}/sub/hard`)
          yield* fs.symlink(`${folder}/later.db`, `${folder}/sub/dangling`)
          yield* fs.symlink(folder, `${folder}/other`)
          const before = yield* fs.readFile(journal)
          const outputs = ["jj.db", "sub/../jj.db", "sub/link", "sub/hard", "other/jj.db", "jj.db-wal", "jj.db-shm"]
          const pairs = [
            ...outputs.map((output) => [journal, `${folder}/${output}`] as const),
            ...["sub/link", "sub/hard", "other/jj.db"].map((named) => [`${folder}/${named}`, journal] as const),
            [`${folder}/sub/link`, `${folder}/jj.db-wal`] as const,
            [pathToFileURL(journal).href, journal] as const,
            // Neither is there yet.
            [`${folder}/later.db`, `${folder}/sub/dangling`] as const,
            [`${folder}/sub/dangling`, `${folder}/later.db`] as const,
            [`${folder}/new.db`, `${folder}/sub/../new.db-wal`] as const
          ]
          for (const [named, output] of pairs) {
            for (const command of [
              ["run", "appvet:https://a.example"],
              ["submit", "appvet:https://a.example"],
              ["status"],
              ["history"],
              ["vendors"]
            ]) {
              const { err, failure } = yield* inside([...command, "-o", `json=${output}`], {
                environment: { SCANPOLL_JOURNAL: named, APPVET_API_KEY: "avk_live_x" }
              })
              const said = `${command.join(" ")} ${named} ${output}: ${err}`
              assert.strictEqual(failure instanceof ProcessExit ? failure.code : null, 2, said)
              assert.include(err, "is the journal: it would be overwritten", said)
            }
          }
          assert.deepStrictEqual(yield* fs.readFile(journal), before)
        })
      )
    )

    it.effect("is refused where the usual journal is meant, there or not yet, also by `baseline write` (D-09)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.makeDirectory(`${folder}/state/scanpoll`, { recursive: true })
          const journal = `${folder}/state/scanpoll/journal.db`
          const environment = { XDG_STATE_HOME: `${folder}/state` }
          for (const file of [journal, `${journal}-wal`]) {
            const written = yield* inside(["history", "-o", `json=${file}`], { environment })
            assert.include(written.err, "is the journal: it would be overwritten")
            const based = yield* inside(["baseline", "write", file, "--from", `${folder}/none.json`], { environment })
            assert.include(based.err, "is the journal: it would be overwritten")
          }
          assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/state/scanpoll`), [])
        })
      )
    )

    it.effect("is refused like one that is a hard link of the plan or the key file (D-09)", () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          yield* fs.writeFileString(`${folder}/scans.yaml`, "version: 1\ntargets: []\n")
          yield* fs.writeFileString(`${folder}/keys.env`, "APPVET_API_KEY=avk_live_x\n", { mode: 0o600 })
          yield* fs.link(`${folder}/scans.yaml`, `${folder}/plan`)
          yield* fs.link(`${folder}/keys.env`, `${folder}/keys`)
          for (const [output, what] of [
            ["plan", "the plan"],
            ["keys", "the key file"]
          ]) {
            const { err, failure } = yield* inside(
              ["run", `${folder}/scans.yaml`, "--key-file", `${folder}/keys.env`, "-o", `json=${folder}/${output}`],
              { environment: { SCANPOLL_JOURNAL: "memory:" } }
            )
            assert.strictEqual(failure instanceof ProcessExit ? failure.code : null, 2, err)
            assert.include(err, `is ${what}: it would be overwritten`)
          }
        })
      )
    )
  })
})
