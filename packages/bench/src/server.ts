/**
 * A vendor over HTTP in a process of its own, in AppVet's words. It answers a status request with a scan that runs, or, for
 * one that was submitted here, with a scan that completed. Prints its port, and ends when its stdin does.
 */
import { createServer, type IncomingMessage } from "node:http"
import { text } from "node:stream/consumers"
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

const created = "2026-03-30T12:00:00Z"
const result = { score: 82, grade: "B" }
const submitted = new Map<string, { readonly type: unknown; readonly url: unknown }>()

const submit = async (request: IncomingMessage): Promise<string> => {
  const { type, url } = JSON.parse(await text(request))
  const id = `done_${submitted.size}`
  submitted.set(id, { type, url })
  return JSON.stringify({ id, status: "queued", type, url, created_at: created })
}

const statusOf = (id: string): string => {
  const scan = submitted.get(id)
  if (scan === undefined) return answer(id)
  const completed = "2026-03-30T12:01:15Z"
  return JSON.stringify({
    id,
    ...scan,
    status: "completed",
    progress: 100,
    created_at: created,
    completed_at: completed,
    result
  })
}

const reportOf = (id: string): string => JSON.stringify({ id, ...submitted.get(id), ...result, categories: [] })

const answerTo = (request: IncomingMessage): Promise<string> | string | null => {
  const [, what, id] = /^\/v1\/(scan|report)(?:\/([\w-]+))?$/.exec(request.url ?? "") ?? []
  if (what === undefined) return null
  if (id === undefined) return request.method === "POST" ? submit(request) : null
  return what === "scan" ? statusOf(id) : reportOf(id)
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  void Promise.resolve(answerTo(request)).then((answered) => {
    const body = answered ?? "{}"
    response.writeHead(answered === null ? 404 : 200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body)
    })
    response.end(body)
  })
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
