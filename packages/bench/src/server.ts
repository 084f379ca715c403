/**
 * A vendor over HTTP in a process of its own: answers every status request with a scan that runs. Prints its port, and
 * ends when its stdin does.
 */
import { createServer } from "node:http"
import process from "node:process"

const answer = (id: string): string =>
  JSON.stringify({
    id,
    status: "scanning",
    type: "security",
    url: "https://example.com",
    progress: 45,
    events: [
      { time: "12:00:05", message: "Starting HSTS check" },
      { time: "12:00:08", message: "Starting CSP check" },
      { time: "12:00:12", message: "Starting cookie analysis" }
    ],
    created_at: "2026-03-30T12:00:00Z"
  })

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const id = /^\/v1\/scan\/([\w-]+)$/.exec(request.url ?? "")?.[1]
  const body = id === undefined ? "{}" : answer(id)
  response.writeHead(id === undefined ? 404 : 200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body)
  })
  response.end(body)
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`)
})
process.stdin.resume()
process.stdin.on("end", () => {
  server.closeAllConnections()
  server.close()
})
