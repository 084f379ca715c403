/**
 * Before the tests of a project that needs PostgreSQL: one server for the whole run, started when a test file first asks for
 * it, and ended with the run. Test files reach it by `database` of `postgres.ts`.
 */
import { once } from "node:events"
import { createServer, type Server as HttpServer } from "node:http"
import process from "node:process"
import type { Server } from "./postgres.ts"

let office: HttpServer | undefined
let server: Promise<Server> | undefined

const started = async (): Promise<Server> => (await import("./postgres.ts")).start()

export const setup = async (): Promise<void> => {
  // Another project of this run has seen to it.
  if (process.env["LAUNCHER_POSTGRES"] !== undefined) return
  office = createServer((_request, response) => {
    server ??= started()
    server.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    )
  }).listen(0, "127.0.0.1")
  await once(office, "listening")
  const address = office.address()
  if (typeof address !== "object" || address === null) throw new Error("the office of PostgreSQL has no port")
  process.env["LAUNCHER_POSTGRES"] = `http://127.0.0.1:${address.port}/`
}

export const teardown = async (): Promise<void> => {
  if (office === undefined) return
  delete process.env["LAUNCHER_POSTGRES"]
  office.close()
  office.closeAllConnections()
  await (await server?.catch(() => undefined))?.end()
}
