import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { once } from "./support/command.ts"
import { hurriedVendors } from "./support/vendors.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

const vendors = hurriedVendors()

const disasters: Readonly<Record<string, (file: string) => void>> = {
  deleted: (file) => rmSync(file),
  renamed: (file) => renameSync(file, `${file}.old`),
  "renamed with all that lies beside it": (file) => {
    for (const tail of ["", "-wal", "-shm"]) renameSync(`${file}${tail}`, `${file}.old${tail}`)
  }
}

describe("the file of the command's journal", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    for (const [what, strike] of Object.entries(disasters)) {
      it.effect(`a run whose journal is ${what} buys no more, names what it bought and exits 74 (D-06)`, () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const { appvet } = yield* Simulators.Simulators
            let isScanning = true
            yield* appvet.script({
              match: { route: "status", where: () => isScanning },
              steps: [{ merge: { status: "scanning" }, omit: ["result"], times: 10_000 }]
            })
            const before = yield* posts
            const targets = ["one", "two", "three"].map((name) => `appvet:https://${name}-${what.length}.example`)
            const file = join(folder, "journal.db")
            const ended = yield* runIn(folder, ["run", ...targets, "--concurrency", "1"], {
              watch: once(/submitted|queued|running/, () => strike(file))
            })
            isScanning = false
            assert.strictEqual(ended.code, 74, ended.stderr)
            assert.strictEqual((yield* posts) - before, 1)
            assert.match(ended.stderr, /bought: appvet:scan_\w+.*\(claim clm_\w+\)/)
            assert.match(ended.stderr, /scanpoll wait KEY/)
            assert.include(ended.stderr, file)
          })
        )
      )
    }

    it.effect("status and history look while another process has the journal locked, and change nothing (D-07)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const file = join(folder, "journal.db")
          assert.strictEqual((yield* runIn(folder, ["run", "appvet:https://looked-at.example"])).code, 0)
          const bytes = readFileSync(file)
          const other = new DatabaseSync(file)
          other.exec("BEGIN IMMEDIATE")
          for (const command of ["status", "history"]) {
            const shown = yield* runIn(folder, [command])
            assert.strictEqual(shown.code, 0, shown.stderr)
            assert.include(shown.stdout, "looked-at.example")
          }
          other.exec("ROLLBACK")
          other.close()
          assert.isTrue(readFileSync(file).equals(bytes))
        })
      )
    )

    it.effect("a journal that was named and is not there is refused by every command that reads it (D-08)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* runIn(folder, ["run", "appvet:https://there.example"])).code, 0)
          const before = yield* posts
          const names = readdirSync(folder)
          const wrong = join(folder, "jurnal.db")
          const claim = "clm_01m8mrcm8axn3wa214y9g0ew9p"
          for (const args of [
            ["status"],
            ["status", claim],
            ["history"],
            ["purge", "--older-than", "30d", "--yes"],
            ["resume"],
            ["reconcile", claim],
            ["wait", claim]
          ]) {
            const refused = yield* runIn(folder, [...args, "--journal", wrong])
            assert.deepStrictEqual([refused.code, refused.stdout], [2, ""], args.join(" "))
            assert.include(refused.stderr, `--journal: there is no journal at ${wrong}; its folder has journal.db`)
          }
          assert.deepStrictEqual(readdirSync(folder).toSorted(), names.toSorted())
          assert.strictEqual(yield* posts, before)
        })
      )
    )

    it.effect("a user without a journal is shown an empty one, and none is made by looking (D-08)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const environment = { XDG_STATE_HOME: folder, SCANPOLL_JOURNAL: "" }
          for (const args of [["status"], ["history"], ["purge", "--older-than", "30d", "--yes"]]) {
            const shown = yield* runIn(folder, args, { environment })
            assert.strictEqual(shown.code, 0, args.join(" "))
          }
          assert.isFalse(existsSync(join(folder, "scanpoll")))
        })
      )
    )
  })
})
