/** A collector of telemetry on loopback that keeps what it hears. */
import * as Effect from "effect/Effect"
import { createServer, type Server } from "node:http"

interface Heard {
  readonly path: string
  readonly body: string
}

export const collector = Effect.acquireRelease(
  Effect.callback<{ readonly server: Server; readonly url: string; readonly heard: Array<Heard> }>((resume) => {
    const heard: Array<Heard> = []
    const server = createServer((request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (text: string) => (body += text))
      request.on("end", () => {
        heard.push({ path: request.url ?? "", body })
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    }).listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ server, heard, url: `http://127.0.0.1:${port}` }))
    })
  }),
  ({ server }) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)
