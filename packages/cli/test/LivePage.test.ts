/** The page of `serve` in a real browser, with commands as processes beside it, and its server killed. In the nightly run alone. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { executable, launch } from "@scanpoll/test-support/browser"
import { isFull } from "@scanpoll/test-support/length"
import { missing } from "@scanpoll/test-support/tools"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { type Running, scanpoll } from "./support/command.ts"
import { inFolder, posts, runIn } from "./support/folder.ts"

if (executable === null) missing("chromium")

const real = { time: "real" } as const
const floor = 3_000

// A port that was free a moment ago: a server that is started again must be found at the same address.
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

// `serve` as a process of its own, until it is killed or the scope ends; begun once it has printed its link.
const serveProcess = (folder: string, port: number) =>
  Effect.gen(function* () {
    let running: Running | undefined
    let said = ""
    const environment = {
      ...Simulators.environment(yield* Simulators.Simulators),
      HOME: folder,
      XDG_STATE_HOME: folder,
      SCANPOLL_JOURNAL: join(folder, "journal.db")
    }
    const args = ["serve", "--listen", `127.0.0.1:${port}`]
    const ended = yield* Effect.forkScoped(
      scanpoll(args, {
        ...real,
        environment,
        watch: ({ stderr }, process) => {
          said = stderr
          running = process
        }
      })
    )
    const link: Effect.Effect<string> = Effect.suspend(() => {
      const [found] = /http:\S+login\S+/.exec(said) ?? []
      return found === undefined ? Effect.andThen(Effect.sleep("20 millis"), link) : Effect.succeed(found)
    })
    return {
      link: yield* link,
      kill: Effect.suspend(() => {
        running?.kill("SIGKILL")
        return Fiber.join(ended)
      })
    }
  })

const openBrowser = Effect.acquireRelease(
  Effect.promise(() => launch()),
  (browser) => Effect.promise(() => browser.close())
)

describe.skipIf(executable === null || !isFull)("the page of `serve`, beside commands", () => {
  const vendors = Simulators.layer({ appvet: { fate: () => ({ duration: "15 seconds", score: 81 }) } })
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "240 seconds" })((it) => {
    it.effect(
      "shows what they do by itself, and goes on after kill -9 of its server while a run polls: nothing is bought twice or asked too soon (U-15)",
      () =>
        inFolder((folder) =>
          Effect.gen(function* () {
            const run = (...args: ReadonlyArray<string>) => runIn(folder, args, { ...real, directory: folder })
            assert.strictEqual((yield* run("submit", "appvet:https://first.example")).code, 0)
            const port = yield* freePort
            const server = yield* serveProcess(folder, port)
            const browser = yield* openBrowser
            const page = yield* Effect.promise(() => browser.newPage())
            const noise: Array<string> = []
            page.on("pageerror", (error) => noise.push(error.message))
            // While there is no server, requests fail, and a browser says so.
            page.on("console", (message) => {
              if (!/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(message.text())) noise.push(message.text())
            })
            page.on("request", (request) => {
              if (new URL(request.url()).host !== `127.0.0.1:${port}`) noise.push(`asked ${request.url()}`)
            })
            const shows = (text: string) =>
              Effect.promise(() => page.getByText(text, { exact: true }).first().waitFor())
            yield* Effect.promise(() => page.goto(server.link))
            yield* shows("live")
            yield* shows("https://first.example/")

            assert.strictEqual((yield* run("submit", "appvet:https://second.example")).code, 0)
            yield* shows("https://second.example/")

            const plan = join(folder, "scans.yaml")
            const targets = ["a", "b", "c"].map(
              (name) => `  - vendor: appvet\n    url: https://${name}.example\n    type: security\n`
            )
            yield* Effect.promise(() => writeFile(plan, `version: 1\ntargets:\n${targets.join("")}`))
            const running = yield* Effect.forkChild(run("run", plan, "--quiet"))
            yield* shows("https://c.example/")
            yield* server.kill
            yield* shows("reconnecting")
            yield* serveProcess(folder, port)
            yield* shows("live")
            const ended = yield* Fiber.join(running)
            assert.strictEqual(ended.code, 0, ended.stderr)
            // The page that was open all the time tells it, without the link of the second server.
            yield* Effect.promise(() => page.locator('[id^="row-ended-"]').nth(2).waitFor())
            assert.deepStrictEqual(noise, [])

            const { appvet } = yield* Simulators.Simulators
            assert.strictEqual(yield* posts, 5)
            for (const { scanId } of appvet.ledger.accepted()) {
              const soonest = Math.min(...appvet.ledger.gaps(scanId), Number.POSITIVE_INFINITY)
              assert.isAtLeast(soonest, floor - 50, scanId)
            }
          })
        )
    )
  })
})
