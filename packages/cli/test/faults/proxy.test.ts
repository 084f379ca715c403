import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import { ProcessContext } from "scanpoll/process/ProcessContext"
import * as VendorClients from "scanpoll/vendors/Http"
import { facts, inside } from "../support/inside.ts"

// A proxy on loopback that answers plain requests itself, and refuses every tunnel.
const proxy = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly asked: ReadonlyArray<string>; readonly close: () => void }>(
    (resume) => {
      const asked: Array<string> = []
      const server = Http.createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`)
        response.setHeader("content-type", "application/json").end('{"ok":true}')
      })
      server.on("connect", (request, socket) => {
        asked.push(`CONNECT ${request.url}`)
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\n\r\n")
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ port, asked, close }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const asking = (baseUrl: string, environment: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const { make } = yield* VendorHttp.VendorHttp
    const client = yield* make({
      vendor: "acme",
      baseUrl,
      insecureHosts: ["vendor.test", "127.0.0.1"],
      credential: Effect.succeed(Redacted.make("canary-of-a-key")),
      timeout: "20 seconds"
    })
    return yield* Effect.result(client.post("/scans", { name: "x" }))
  }).pipe(Effect.provide(VendorClients.layer), Effect.provideService(ProcessContext, facts(environment, "/nowhere")))

describe("a proxy of the environment", () => {
  it.live("carries the requests of the command, in small letters or capitals, with or without its scheme (U-09)", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* proxy
      yield* asking("http://vendor.test", { http_proxy: `http://127.0.0.1:${port}`, HTTP_PROXY: "http://127.0.0.1:9" })
      yield* asking("http://vendor.test", { ALL_PROXY: `127.0.0.1:${port}` })
      assert.deepStrictEqual(asked, ["POST http://vendor.test/scans", "POST http://vendor.test/scans"])
    })
  )

  it.live("that makes no tunnel leaves nothing in doubt: the vendor was never reached (U-09)", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* proxy
      const answer = yield* asking("https://vendor.test", { HTTPS_PROXY: `http://127.0.0.1:${port}` })
      assert.deepStrictEqual(asked, ["CONNECT vendor.test:443"])
      assert.strictEqual(answer._tag, "Failure")
      assert.match(JSON.stringify(answer), /proxy-407/)
    })
  )

  it.live("is passed by for the hosts of NO_PROXY and for this machine (U-09)", () =>
    Effect.gen(function* () {
      const [{ asked, port }, direct] = [yield* proxy, yield* proxy]
      const environment = { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "vendor.test" }
      yield* asking("http://vendor.test", environment)
      yield* asking(`http://127.0.0.1:${direct.port}`, { HTTP_PROXY: `http://127.0.0.1:${port}` })
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual(direct.asked, ["POST /scans"])
    })
  )

  it.effect("that is none is refused before anything is sent, without its password (U-09)", () =>
    Effect.gen(function* () {
      const environment = {
        APPVET_API_KEY: "avk_live_abcdefghijklmnop",
        SCANPOLL_JOURNAL: "memory:",
        HTTPS_PROXY: "socks5://user:canary-pass@proxy.example:1080",
        http_proxy: "http://:80:x"
      }
      const { err } = yield* inside(["run", "appvet:https://a.example"], { environment })
      assert.match(err, /HTTPS_PROXY: names a proxy by socks5, which is not supported/)
      assert.match(err, /http_proxy: must be the address of a proxy/)
      assert.notInclude(err, "canary-pass")
    })
  )
})
