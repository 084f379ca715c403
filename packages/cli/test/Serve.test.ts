/** `serve`: the journal of a run in a browser and by the API, as `report --run` tells it. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Program from "scanpoll/Program"
import { Streams } from "scanpoll/output/Streams"
import { ProcessContext } from "scanpoll/process/ProcessContext"
import * as Shutdown from "scanpoll/process/Shutdown"
import { inFolder, posts, runIn } from "./support/folder.ts"
import { facts } from "./support/inside.ts"
import { hurriedVendors } from "./support/vendors.ts"

const vendors = hurriedVendors({ appvet: { fate: () => ({ duration: "1 second", score: 81 }) } })

// Serves the journal of a folder inside this process, on a port of its own, until `stop`.
const serveIn = (folder: string, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let said = ""
    const shutdown = Shutdown.make()
    const streams = {
      out: () => Effect.void,
      err: (text: string) => Effect.sync(() => void (said += text)),
      errUnsafe: (text: string) => void (said += text),
      interpose: () => Effect.void,
      readerGone: Effect.never
    }
    const environment = {
      ...Simulators.environment(yield* Simulators.Simulators),
      HOME: folder,
      XDG_STATE_HOME: folder
    }
    const serving = yield* Program.run(["serve", "--listen", "127.0.0.1:0", ...args]).pipe(
      Effect.provideService(Streams, streams),
      Effect.provideService(ProcessContext, facts(environment, folder)),
      Effect.provideService(Shutdown.Shutdown, shutdown.operations),
      Effect.exit,
      Effect.forkScoped
    )
    const link: Effect.Effect<string> = Effect.suspend(() => {
      const [found] = /http:\S+login\S+/.exec(said) ?? []
      return found === undefined ? Effect.andThen(Effect.sleep("5 millis"), link) : Effect.succeed(found)
    })
    const stop = Effect.suspend(() => {
      shutdown.request()
      return Fiber.join(serving)
    })
    return { link: yield* link, stop, said: () => said }
  })

// When a run began and ended is told by the process that did it, and for all of its processes by the journal.
const told = (text: string): unknown => {
  const { digest: _, ...report } = JSON.parse(text)
  return report
}

describe("`serve`", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("lets one browser in by its link, and tells of a run what `report --run` tells (U-15)", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          yield* runIn(folder, ["run", "appvet:https://shop.example", "--quiet"], { directory: folder })
          const again = yield* runIn(folder, ["report", "--run", "last", "-o", "json", "--raw", "redacted"], {
            directory: folder
          })
          const { link, stop } = yield* serveIn(folder, ["--journal", join(folder, "journal.db")])
          const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
            Effect.promise(() => fetch(new URL(path, link), { headers, redirect: "manual" }))
          const opened = yield* get(link)
          assert.strictEqual(opened.status, 303)
          assert.strictEqual((yield* get(link)).status, 401)
          assert.strictEqual((yield* get("/")).status, 401)
          const cookie = { cookie: (opened.headers.get("set-cookie") ?? "").split(";")[0] ?? "" }
          const now = yield* get("/", cookie)
          assert.strictEqual(now.status, 200)
          assert.include(yield* Effect.promise(() => now.text()), "shop.example")
          const { run } = JSON.parse(again.stdout)
          const report = yield* get(`/api/v1/runs/${run.id}/report`, cookie)
          assert.deepStrictEqual(told(yield* Effect.promise(() => report.text())), told(again.stdout))
          yield* stop
        })
      )
    )

    it.effect(
      "with --allow reconcile, people decide in the browser as `reconcile` does: nothing is bought, and a line is kept",
      () =>
        inFolder((folder, fs) =>
          Effect.gen(function* () {
            const { appvet, exona } = yield* Simulators.Simulators
            yield* appvet.script({ match: { route: "submit" }, steps: [Script.acceptedAnswerLost] })
            yield* exona.script({ match: { route: "submit" }, steps: [Script.acceptedThen(503)] })
            const lost = Effect.fnUntraced(function* (target: string) {
              const first = yield* runIn(folder, ["run", target], { directory: folder })
              return /scanpoll reconcile (clm_\w+)/.exec(first.stderr)?.[1] ?? `none: ${first.stderr}`
            })
            const [found, gone] = [
              yield* lost("appvet:https://lost.example"),
              yield* lost("exona:Gone=https://gone.example")
            ]
            const bought = yield* posts
            const serving = yield* serveIn(folder, ["--journal", join(folder, "journal.db"), "--allow", "reconcile"])
            const { origin } = new URL(serving.link)
            const opened = yield* Effect.promise(() => fetch(serving.link, { redirect: "manual" }))
            const cookie = (opened.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
            const decide = (claimId: string, fields: Readonly<Record<string, string>>) =>
              Effect.promise(async () => {
                const claim = await fetch(`${origin}/api/v1/claims/${claimId}`, { headers: { cookie } })
                const body = new URLSearchParams({ ...fields, version: claim.headers.get("etag") ?? "" })
                const headers = { cookie, origin, accept: "text/html" }
                const said = await fetch(`${origin}/scans/${claimId}/decide`, { method: "POST", headers, body })
                return `${said.status} ${await said.text()}`
              })
            assert.match(yield* decide(found, { action: "look" }), /^200 [^]*The vendor has it/)
            assert.match(yield* decide(gone, { action: "look" }), /^200 [^]*no list to look in/)
            assert.match(yield* decide(gone, { action: "adopt", scanId: "exo_nobody" }), /^200 [^]*That is not it/)
            assert.match(yield* decide(gone, { action: "release", confirmSubject: "Gone" }), /^200 [^]*Released/)
            yield* serving.stop
            assert.strictEqual(yield* posts, bought)
            const state = yield* runIn(folder, ["status", found, "-o", "json"], { directory: folder })
            assert.include(state.stdout, "appvet:scan_")
            const lines = (yield* fs.readFileString(join(folder, "scanpoll", "serve.audit"))).trim().split("\n")
            assert.deepStrictEqual(
              lines.map((line) => {
                const { action, claimId, result, who } = JSON.parse(line)
                return [who, action, claimId, result]
              }),
              [
                ["session", "look", found, "found"],
                ["session", "look", gone, "unlisted"],
                ["session", "adopt", gone, "not-it"],
                ["session", "release", gone, "released"]
              ]
            )
            assert.include(serving.said(), `decided by session: release ${gone}: released`)
            assert.include(serving.said(), `asked for by session: adopt ${gone}: not-it`)
            assert.notInclude(serving.said(), `decided by session: look ${gone}`)
          })
        )
    )

    it.effect(
      "refuses what it cannot allow, a journal that is not there, one beside --demo, and a port that is taken, before it makes anything",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const missing = yield* runIn(folder, ["serve", "--journal", "none.db"], { directory: folder })
            assert.strictEqual(missing.code, 2)
            const both = yield* runIn(folder, ["serve", "--demo", "--journal", "none.db"], { directory: folder })
            assert.strictEqual(both.code, 2)
            assert.include(both.stderr, "leave out --journal")
            const taken = yield* Effect.acquireRelease(
              Effect.callback<Server>((resume) => {
                const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
              }),
              (server) => Effect.sync(() => server.close())
            )
            const address = taken.address()
            const port = typeof address === "object" && address !== null ? address.port : 0
            const late = yield* runIn(folder, ["serve", "--demo", "--listen", `127.0.0.1:${port}`], {
              directory: folder
            })
            assert.deepStrictEqual([late.code, /cannot listen there/.test(late.stderr)], [2, true])
            assert.notInclude(late.stderr, "simulated vendors")
            const brief = yield* runIn(folder, ["serve", "--keep", "soon"], { directory: folder })
            assert.deepStrictEqual(
              [brief.code, /--keep: must be a duration/.test(brief.stderr)],
              [2, true],
              brief.stderr
            )
            const more = yield* runIn(folder, ["serve", "--allow", "purge"], { directory: folder })
            assert.strictEqual(more.code, 2)
            assert.include(more.stderr, "knows reconcile alone")
          })
        )
    )
  })
})
