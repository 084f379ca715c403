/** A gate over findings that the vendor does not give: by the command, with a journal, against a vendor that heals later. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hurriedVendors } from "../support/vendors.ts"
import { inFolder, posts, runIn } from "../support/folder.ts"

const vendors = hurriedVendors()

const withJournal = <A, E, R>(
  use: (run: (...args: ReadonlyArray<string>) => ReturnType<typeof runIn>) => Effect.Effect<A, E, R>
) => inFolder((folder) => use((...args) => runIn(folder, args, { directory: folder })))

describe("findings that cannot be fetched", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("leave a gate on severity without a verdict: exit 3, and 0 with --allow-incomplete (V-01)", () =>
      withJournal((run) =>
        Effect.gen(function* () {
          const bought = yield* posts
          const first = yield* run("run", "appvet:https://noreport.example", "--fail-on", "high")
          assert.strictEqual(first.code, 3, first.stdout + first.stderr)
          assert.match(first.stdout, /findings could not be fetched \(500\)/)
          assert.match(first.stdout, /fail-on high: no verdict/)
          const again = ["run", "appvet:https://noreport.example", "--fail-on", "high", "--reuse", "1h"]
          const allowed = yield* run(...again, "--allow-incomplete")
          assert.strictEqual(allowed.code, 0, allowed.stdout + allowed.stderr)
          assert.strictEqual(yield* posts, bought + 1)
        })
      )
    )

    it.effect("are fetched by a wait once the vendor gives them, and judged, and nothing is bought (V-01)", () =>
      withJournal((run) =>
        Effect.gen(function* () {
          const bought = yield* posts
          const first = yield* run("run", "appvet:https://latereport.example", "--fail-on", "high", "-o", "json")
          assert.strictEqual(first.code, 3, first.stderr)
          const key: string = JSON.parse(first.stdout).scans[0].key
          const waited = yield* run("wait", key, "--fail-on", "high", "-o", "json")
          assert.strictEqual(waited.code, 1, waited.stderr)
          assert.isAbove(JSON.parse(waited.stdout).scans[0].findings.items.length, 0)
          assert.strictEqual(yield* posts, bought + 1)
          const repeated = yield* run("wait", key, "--fail-on", "high")
          assert.strictEqual(repeated.code, 1, repeated.stderr)
        })
      )
    )
  })
})
