/**
 * What one machine bears, measured: take-over time, polls per second, memory per open scan; and what a poll costs the database.
 *
 *     node packages/tooling/launch.mjs exec pnpm --filter @scanpoll/cluster measure [memory|polls|takeover|statements ...]
 *
 * A vendor that answers at once, a real PostgreSQL that writes to disk as in a test, and workers as processes of their
 * own share this machine. Claims are put into the journal's table as if clients had bought them.
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import * as Journal from "@scanpoll/journal/Journal"
import { Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer, type Server as HttpServer } from "node:http"
import { cpus } from "node:os"
import process from "node:process"
import { Machine, type Said } from "./support/machines.ts"
import { connect, type Server, start } from "@scanpoll/test-support/postgres"
import type { Told } from "./support/workerProcess.ts"

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const until = async (isSo: () => Promise<boolean>, every = 50): Promise<void> => {
  while (!(await isSo())) await pause(every)
}

/** Answers every status with "scanning". Each answer is the same, so it costs little. */
const vendor = async (): Promise<{
  readonly url: string
  readonly server: HttpServer
  readonly count: () => number
}> => {
  let count = 0
  const server = createServer((request, response) => {
    count += 1
    const id = (request.url ?? "").split("/").at(-1) ?? ""
    const body = `{"id":"${id}","status":"scanning","type":"security","url":"https://a.example/","progress":5}`
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length) })
    response.end(body)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, server, count: () => count }
}

/** CPU seconds of a server of PostgreSQL, by the process that keeps it. */
const cpuOfDatabase = (keeper: number): number => {
  const listed = execFileSync("ps", ["-eo", "pid,ppid"], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
  const childrenOf = (parent: number) => listed.flatMap(([pid = 0, of]) => (of === parent ? [pid] : []))
  const [main = 0] = childrenOf(keeper)
  // The first one tells what its children have used that are gone.
  const ticksOf = (pid: number, fields: ReadonlyArray<number>): number => {
    try {
      const told = readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\)\s*/s, "")
        .split(" ")
      return fields.reduce((sum, at) => sum + Number(told[at] ?? 0), 0)
    } catch {
      return 0
    }
  }
  return (ticksOf(main, [11, 12, 13, 14]) + sum(childrenOf(main).map((pid) => ticksOf(pid, [11, 12])))) / 100
}

interface Cluster {
  /** Scans whose next polls are spread over that time from now on. */
  readonly plant: (count: number, spreadMs: number, fromMs?: number) => Promise<void>
  readonly worker: (name: string, flags?: ReadonlyArray<string>) => Promise<Machine>
  readonly status: () => Promise<ClusterStatus.ClusterStatus>
  /** Bytes of the table of claims, with its indexes. */
  readonly size: () => Promise<number>
  readonly asked: () => number
  readonly close: () => Promise<void>
}

const cluster = async (schema: string, pace: number): Promise<Cluster> => {
  const place = await vendor()
  const runtime = ManagedRuntime.make(ClusterDatabase.layer(schema, { maxConnections: 1 }))
  const machines: Array<Machine> = []
  const told: Omit<Told, "name"> = {
    journal: schema,
    lease: 12_000,
    shards: 60,
    look: 1_000,
    places: { appvet: place.url, exona: place.url, pace, rate: null },
    keys: {
      appvet: "avk_live_simulated0000000000000000000000000000000",
      exona: "exa_live_0000000000000000000000000000"
    }
  }
  const ask = <A>(effect: Effect.Effect<A, unknown, SqlClient>) => runtime.runPromise(effect)
  // The tables are made by whoever opens the journal.
  await Effect.runPromise(Effect.scoped(Layer.build(Journal.layerPostgres(schema))))
  return {
    plant: (count, spreadMs, fromMs = 0) =>
      ask(
        Effect.flatMap(
          SqlClient,
          (sql) => sql`
          INSERT INTO scanpoll_claims (claim_id, key_hash, vendor, origin, account, environment, fingerprint, subject_hash,
            subject, state, owner, epoch, stamp, scan_id, submitted_at, not_before, claimed_at, changed_at)
          SELECT 'clm_' || lpad(i::text, 24, '0') || substr(letters, 1 + (i / 32) % 32, 1) || substr(letters, 1 + i % 32, 1),
            encode(sha256(convert_to('["appvet","' || ${place.url}::text || '","default","","m' || i || '"]', 'UTF8')), 'hex'),
            'appvet', ${place.url}, 'default', '', '"m' || i || '"', 'h' || i,
            '{"kind":"url","id":"https://shop-' || i || '.example/","name":"https://shop-' || i || '.example/"}',
            'submitted', NULL, 1, 'planted', 'scan_' || i, now_ms, now_ms + ${fromMs}::int + random() * ${spreadMs}, now_ms, now_ms
          FROM generate_series(1, ${count}::int) AS i,
            (SELECT '0123456789abcdefghjkmnpqrstvwxyz' AS letters, extract(epoch FROM now()) * 1000 AS now_ms) AS c`
        )
      )
        .then(() => ask(Effect.flatMap(SqlClient, (sql) => sql`ANALYZE scanpoll_claims`)))
        .then(() => undefined),
    worker: async (name, flags) => {
      const machine = new Machine(name, "workerProcess.ts", "WORKER", { ...told, name }, flags)
      machines.push(machine)
      await until(async () => machine.began)
      return machine
    },
    status: () => ask(ClusterStatus.read),
    size: () =>
      ask(
        Effect.flatMap(
          SqlClient,
          (sql) => sql<{ size: unknown }>`SELECT pg_total_relation_size('scanpoll_claims') AS size`
        )
      ).then(([row]) => Number(row?.size ?? 0)),
    asked: place.count,
    close: async () => {
      await Promise.all(machines.map((machine) => machine.kill()))
      await runtime.dispose()
      place.server.closeAllConnections()
      place.server.close()
    }
  }
}

const names = ["a", "b", "c"]
const sum = (values: ReadonlyArray<number>): number => values.reduce((all, value) => all + value, 0)
const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))

const print = (row: Readonly<Record<string, string | number>>): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

const states = (machines: ReadonlyArray<Machine>): Promise<ReadonlyArray<Said>> =>
  Promise.all(machines.map((machine) => machine.state()))

type Place = () => Promise<string>

/** `OPEN=10000` measures with that many open scans alone. */
const isWanted = (open: number): boolean => process.env.OPEN === undefined || open === Number(process.env.OPEN)

/** Heap of a worker with so many sleeping scans, above what it has with none. */
const memory = async (schema: Place): Promise<void> => {
  for (const open of [1_000, 10_000, 100_000]) {
    const made = await cluster(await schema(), 600_000)
    const worker = await made.worker("a", ["--expose-gc"])
    await until(async () => (await worker.state()).slices === 60)
    const before = await worker.state()
    // Due as late as scans are that are taken at all.
    await made.plant(open, 2_000, 57_000)
    const began = performance.now()
    await until(async () => (await worker.state()).open === open, 250)
    const took = performance.now() - began
    const after = await worker.state()
    print({
      what: "memory",
      open,
      bytesOfHeapPerScan: rounded((after.heap - before.heap) / open),
      heapMB: rounded(after.heap / 1e6, 1),
      rssMB: rounded(after.rss / 1e6),
      takenPerSecond: rounded((open / took) * 1000),
      bytesOfDatabasePerScan: rounded((await made.size()) / open)
    })
    await made.close()
  }
}

/** Polls per second, CPU per poll and lateness at one load. */
const load = async (schema: Place, keeper: number, workers: number, open: number, pace: number): Promise<void> => {
  const made = await cluster(await schema(), pace)
  const machines = await Promise.all(names.slice(0, workers).map((name) => made.worker(name)))
  await until(async () => sum((await states(machines)).map((said) => said.slices)) === 60)
  await made.plant(open, pace)
  await until(async () => (await made.status()).scans.free === 0, 250)
  await pause(2_000)
  const seconds = 8
  const [from, cpuFrom, began] = [await states(machines), cpuOfDatabase(keeper), performance.now()]
  const askedFrom = made.asked()
  await pause(seconds * 1000)
  const took = (performance.now() - began) / 1000
  const polls = made.asked() - askedFrom
  const [to, cpuTo] = [await states(machines), cpuOfDatabase(keeper)]
  const cpu = (sum(to.map((said) => said.cpu)) - sum(from.map((said) => said.cpu))) / 1e6
  print({
    what: "polls",
    workers,
    open,
    paceSeconds: pace / 1000,
    wanted: rounded(open / (pace / 1000)),
    pollsPerSecond: rounded(polls / took),
    perWorker: rounded(polls / took / workers),
    workerCpuPerPollMicros: rounded((cpu / polls) * 1e6),
    databaseCpuPerPollMicros: rounded(((cpuTo - cpuFrom) / polls) * 1e6),
    latenessP99Ms: Math.max(...to.map((said) => said.lateness?.p99 ?? 0)),
    latenessMaxMs: Math.max(...to.map((said) => said.lateness?.max ?? 0))
  })
  await made.close()
}

const polls = async (schema: Place, keeper: number): Promise<void> => {
  for (const workers of [1, 2, 3]) {
    for (const [open, pace] of [
      [1_000, 10_000],
      [10_000, 10_000],
      [100_000, 300_000],
      [10_000, 1_000]
    ] as const) {
      if (isWanted(open)) await load(schema, keeper, workers, open, pace)
    }
  }
}

/** From the end of one of the workers to the moment when the others keep all of its scans. */
const takeover = async (schema: Place): Promise<void> => {
  for (const [workers, open] of [
    [2, 1_000],
    [3, 1_000],
    [3, 10_000],
    [3, 100_000]
  ] as const) {
    if (!isWanted(open)) continue
    for (const how of ["SIGKILL", "SIGSTOP", "SIGTERM"] as const) {
      const made = await cluster(await schema(), open > 10_000 ? 300_000 : 10_000)
      const machines = await Promise.all(names.slice(0, workers).map((name) => made.worker(name)))
      await until(async () => sum((await states(machines)).map((said) => said.slices)) === 60)
      await made.plant(open, open > 10_000 ? 300_000 : 10_000)
      await until(async () => (await made.status()).scans.free === 0, 250)
      const [one, ...others] = machines
      const had = (await one?.state())?.open ?? 0
      const began = performance.now()
      one?.signal(how)
      let slices = 0
      await until(async () => {
        const said = await states(others)
        if (slices === 0 && sum(said.map((each) => each.slices)) === 60) slices = performance.now() - began
        return slices > 0 && sum(said.map((each) => each.open)) >= open
      })
      print({
        what: "takeover",
        workers,
        open,
        how,
        scansMoved: had,
        slicesSeconds: rounded(slices / 1000, 1),
        scansSeconds: rounded((performance.now() - began) / 1000, 1)
      })
      one?.signal("SIGCONT")
      await made.close()
    }
  }
}

/** From now on the server counts statements. */
const countStatements = async (server: Server): Promise<void> => {
  await Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(connect(server.url), (sql) =>
        sql.unsafe("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
      )
    )
  )
  await server.stop()
  await server.start()
}

/** Statements and bytes of the write-ahead log for each poll; counts, so a machine may do other work meanwhile. */
const statements = async (schema: Place): Promise<void> => {
  const [open, pace, seconds] = [2_000, 10_000, 60]
  const address = await schema()
  const made = await cluster(address, pace)
  await made.worker("a")
  await until(async () => (await made.status()).workers.some((worker) => worker.slices.length === 60))
  await made.plant(open, pace)
  await until(async () => (await made.status()).scans.free === 0, 250)
  // Pages that are written for the first time since the last checkpoint are in the log as a whole.
  await pause(3 * pace)
  const runtime = ManagedRuntime.make(ClusterDatabase.layer(address, { maxConnections: 1 }))
  const ask = <A extends object>(text: string) =>
    runtime.runPromise(Effect.flatMap(SqlClient, (sql) => sql.unsafe<A>(text)))
  await ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public")
  const lsn = async () =>
    Number((await ask<{ at: unknown }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS at"))[0]?.at ?? 0)
  await ask("SELECT public.pg_stat_statements_reset()")
  const [from, askedFrom] = [await lsn(), made.asked()]
  await pause(seconds * 1000)
  const [to, askedTo] = [await lsn(), made.asked()]
  const rows = await ask<{ query: string; calls: unknown; wal: unknown }>(
    `SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 60) AS query, calls::float8 AS calls, wal_bytes::float8 AS wal
     FROM public.pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE '%pg_current_wal%'
     ORDER BY calls DESC`
  )
  const polls = askedTo - askedFrom
  print({
    what: "statements",
    workers: 1,
    open,
    paceSeconds: pace / 1000,
    seconds,
    polls,
    statementsPerPoll: rounded(sum(rows.map(({ calls }) => Number(calls))) / polls, 3),
    walBytesPerPoll: rounded((to - from) / polls)
  })
  for (const { calls, query, wal } of rows) {
    if (Number(calls) / polls >= 0.001) {
      print({
        query,
        callsPerPoll: rounded(Number(calls) / polls, 4),
        walBytesPerPoll: rounded(Number(wal) / polls, 1)
      })
    }
  }
  await runtime.dispose()
  await made.close()
}

const parts = { memory, polls, takeover, statements } as const

const main = async (): Promise<void> => {
  const wanted = process.argv.slice(2).filter((word) => word !== "--")
  const server = await start()
  try {
    if (wanted.includes("statements")) await countStatements(server)
    const [cpu] = cpus()
    print({ what: "machine", cores: cpus().length, cpu: cpu?.model ?? "", node: process.version })
    for (const [name, part] of Object.entries(parts)) {
      const isAsked = wanted.includes(name) || (wanted.length === 0 && name !== "statements")
      if (isAsked) await part(() => server.schema(), server.pid)
    }
  } finally {
    await server.end()
  }
}

await main()
