import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll } from "vitest"
import * as Postgres from "@scanpoll/test-support/postgres"
import { type Ended, once, type Running, scanpoll } from "./support/command.ts"
import { printedIn, wordsOf } from "./support/printed.ts"

const canary = "avk_live_canary4444444444444444444444444444444444"
const password = "secret"

const vendors = (speed: number) =>
  Simulators.layer({
    speed,
    exona: { retryAfter: null },
    appvet: { credentials: [canary] },
    compliance: { credentials: [canary] }
  })

// As often as a vendor bears: it is raised to the floor.
const pace = ["--interval", "3s"]

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

interface Answer {
  readonly status: number
  readonly text: string
}

const get = (port: number, path: string): Effect.Effect<Answer | null> =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      async (answer): Promise<Answer> => ({ status: answer.status, text: await answer.text() }),
      () => null
    )
  )

const until = <A>(ask: Effect.Effect<A>, is: (answer: A) => boolean): Effect.Effect<A> =>
  Effect.flatMap(ask, (answer) =>
    is(answer) ? Effect.succeed(answer) : Effect.andThen(Effect.sleep("100 millis"), until(ask, is))
  )

const environmentOf = (journal: string) =>
  Effect.map(Simulators.Simulators, (simulators) => ({
    ...Simulators.environment(simulators),
    SCANPOLL_JOURNAL: journal,
    SCANPOLL_PROGRESS: "plain"
  }))

const holdsNoSecret = ({ stderr, stdout }: Pick<Ended, "stdout" | "stderr">): void => {
  assert.notInclude(stdout + stderr, canary)
  assert.notInclude(stdout + stderr, password)
  assert.notMatch(stderr, /^\s+at .*\.[jt]s:\d+/m)
}

const command = Effect.fnUntraced(function* (journal: string, args: ReadonlyArray<string>) {
  const ended = yield* scanpoll(args, { environment: yield* environmentOf(journal), time: "real" })
  holdsNoSecret(ended)
  return ended
})

// A worker that is ready, and how to reach it. Its settings are in its environment: the words are those that a person types.
const startWorker = Effect.fnUntraced(function* (journal: string, name: string, line = "scanpoll worker") {
  const port = yield* freePort
  const environment = {
    ...(yield* environmentOf(journal)),
    SCANPOLL_NAME: name,
    SCANPOLL_LEASE: "3s",
    SCANPOLL_LISTEN: `127.0.0.1:${port}`,
    SCANPOLL_INTERVAL: "3s"
  }
  let running: Running | null = null
  const fiber = yield* Effect.forkChild(
    scanpoll(wordsOf(line), {
      environment,
      time: "real",
      watch: (_, process) => {
        running = process
      }
    })
  )
  yield* until(get(port, "/readyz"), (answer) => answer?.status === 200)
  return {
    port,
    kill: (signal: NodeJS.Signals) => running?.kill(signal),
    ended: Fiber.join(fiber)
  }
})

describe("workers as commands", () => {
  let own: Postgres.Database
  beforeAll(async () => {
    own = await Postgres.database()
  })
  const database = Effect.promise(() => own.schema())

  const within = (speed: number) =>
    layer(Layer.merge(vendors(speed), NodeServices.layer), { excludeTestServices: true, timeout: "300 seconds" })

  // Scans that are still open when one of the workers has been killed and all have been asked.
  within(5)((it) => {
    it.effect("a run leaves its polls to the workers, and ends complete though one of them is killed", () =>
      Effect.gen(function* () {
        const { appvet, exona } = yield* Simulators.Simulators
        const journal = yield* database
        const [first, second, third] = yield* Effect.forEach(["a", "b", "c"], (name) => startWorker(journal, name))
        if (first === undefined || second === undefined || third === undefined) return assert.fail()
        const folder = mkdtempSync(join(tmpdir(), "scanpoll-cluster-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
        const plan = join(folder, "scans.json")
        const targets = [
          ...Array.from({ length: 8 }, (_, n) => ({
            vendor: "appvet",
            type: "security",
            url: `https://shop${n}.example/`
          })),
          ...Array.from({ length: 8 }, (_, n) => ({
            vendor: "exona",
            company: { name: `Company ${n}`, website: `https://company${n}.example` }
          }))
        ]
        writeFileSync(plan, JSON.stringify({ version: 1, defaults: { deadline: "3m" }, targets }))
        const client = yield* Effect.forkChild(
          command(journal, ["run", plan, "-o", `json=${join(folder, "out.json")}`])
        )
        const open = Effect.map(get(second.port, "/readyz"), (answer) => JSON.parse(answer?.text ?? "{}").open)
        yield* until(open, (count) => count > 0)
        second.kill("SIGKILL")

        const json = yield* command(journal, ["cluster", "status", "-o", "json"])
        const status = JSON.parse(json.stdout)
        assert.deepStrictEqual(
          status.workers.map(({ name }: { readonly name: string }) => name),
          ["a", "b", "c"]
        )
        assert.strictEqual(status.slices, 60)
        assert.isAbove(status.scans.open, 0)

        const ran = yield* Fiber.join(client)
        assert.include(ran.stderr, "the 3 workers of this journal poll")
        const report = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"))
        assert.deepStrictEqual(report.summary.byState, { completed: 16 })
        assert.strictEqual(ran.code, 0, ran.stderr)
        const posts = [appvet, exona].map(({ ledger }) => ledger.requests({ method: "POST" }).length)
        assert.deepStrictEqual(posts, [8, 8])

        const text = yield* command(journal, ["cluster", "status"])
        assert.match(text.stdout, /2 workers alive(, \d of them cut off)?; 60 slices, 0 of them without an owner\n/)
        assert.match(text.stdout, /b {2}gone, last seen/)
        assert.strictEqual(text.code, 0)
        const metrics = yield* get(first.port, "/metrics")
        assert.match(metrics?.text ?? "", /^scanpoll_cluster_slices \d+$/m)
        assert.match(metrics?.text ?? "", /^scanpoll_polls\{vendor="appvet",seen="[a-z]+"\} \d+$/m)
        assert.strictEqual((yield* get(first.port, "/healthz"))?.text, "ok\n")
        assert.strictEqual((yield* get(first.port, "/anything"))?.status, 404)

        // A signal hands over and is no failure.
        first.kill("SIGTERM")
        const handed = yield* first.ended
        assert.strictEqual(handed.code, 0)
        assert.strictEqual(handed.stdout, "")
        assert.include(handed.stderr, "worker a polls for exona, compliance, appvet")
        assert.include(handed.stderr, "handing over to the other workers")
        holdsNoSecret(handed)
        yield* until(get(third.port, "/readyz"), (answer) => JSON.parse(answer?.text ?? "{}").slices === 60)
        third.kill("SIGTERM")
        holdsNoSecret(yield* third.ended)
        holdsNoSecret(yield* second.ended)
        holdsNoSecret({ stdout: metrics?.text ?? "", stderr: "" })
      })
    )
  })

  within(20)((it) => {
    it.effect(
      "without a worker a run on PostgreSQL polls itself; with open scans and no worker the cluster is not well, and the worker that `cluster status` prints starts as printed and takes them (U-05)",
      () =>
        Effect.gen(function* () {
          const journal = yield* database
          const none = yield* command(journal, ["cluster", "status"])
          assert.strictEqual(none.code, 0)
          assert.match(none.stdout, /0 workers alive; no slices yet\n/)
          const alone = yield* command(journal, ["run", "appvet:https://alone.example/", "-o", "json", ...pace])
          assert.strictEqual(alone.code, 0, alone.stderr)
          assert.notInclude(alone.stderr, "workers")
          assert.strictEqual(JSON.parse(alone.stdout).scans[0].state, "completed")

          const submitted = yield* command(journal, ["submit", "appvet:https://later.example/"])
          assert.strictEqual(submitted.code, 0)
          const unkept = yield* command(journal, ["cluster", "status"])
          assert.strictEqual(unkept.code, 3)
          // A worker that comes later, started by the line that is printed, finds it; whoever waits hears of it.
          const printed = printedIn(unkept.stdout)
          assert.deepStrictEqual(printed, ["scanpoll worker"], unkept.stdout)
          const worker = yield* startWorker(journal, "late", printed[0])
          const waited = yield* command(journal, ["wait", submitted.stdout.trim(), "-o", "json", "--deadline", "1m"])
          assert.include(waited.stderr, "the worker of this journal polls")
          assert.strictEqual(JSON.parse(waited.stdout).scans[0].state, "completed")
          const asked = yield* command(journal, ["status", submitted.stdout.trim()])
          assert.strictEqual(asked.code, 0)
          worker.kill("SIGTERM")
          assert.strictEqual((yield* worker.ended).code, 0)
        })
    )

    it.effect("while PostgreSQL is away a worker is alive and not ready; it is again once it is back", () =>
      Effect.gen(function* () {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => Postgres.start()),
          ({ end }) => Effect.promise(() => end())
        )
        const journal = yield* Effect.promise(() => server.schema())
        const worker = yield* startWorker(journal, "patient")
        yield* Effect.promise(() => server.stop())
        yield* until(get(worker.port, "/readyz"), (answer) => answer?.status === 503)
        assert.strictEqual((yield* get(worker.port, "/healthz"))?.status, 200)
        yield* Effect.promise(() => server.start())
        yield* until(get(worker.port, "/readyz"), (answer) => answer?.status === 200)
        worker.kill("SIGTERM")
        const ended = yield* worker.ended
        assert.strictEqual(ended.code, 0)
        holdsNoSecret(ended)
      })
    )

    it.effect("what a worker cannot do is said before it joins, and no password with it", () =>
      Effect.gen(function* () {
        const journal = yield* database
        const environment = { ...(yield* environmentOf(journal)), SCANPOLL_LISTEN: "off" }
        const refused = Effect.fnUntraced(function* (
          args: ReadonlyArray<string>,
          more: Readonly<Record<string, string>>
        ) {
          const ended = yield* scanpoll(["worker", ...args], {
            environment: { ...environment, ...more },
            time: "real"
          })
          assert.strictEqual(ended.stdout, "")
          assert.notMatch(ended.stderr, /^\s+at .*\.[jt]s:\d+/m)
          return [ended.code, ended.stderr] as const
        })
        const [file, fileSays] = yield* refused([], { SCANPOLL_JOURNAL: "journal.db" })
        assert.deepStrictEqual([file, fileSays.includes("a worker needs the journal of its cluster")], [2, true])
        const keyless = { EXONA_API_KEY: "", APPVET_API_KEY: "", COMPLIANCE_TOKEN: "" }
        const [keys, keysSay] = yield* refused([], keyless)
        assert.deepStrictEqual([keys, keysSay.includes("there is no key in the environment")], [2, true])
        const [bounds, boundsSay] = yield* refused(["--slices", "0", "--lease", "1s", "--listen", "nowhere"], {})
        assert.strictEqual(bounds, 2)
        for (const flag of ["--slices", "--lease", "--listen"]) assert.include(boundsSay, flag)
        const wrong = journal.replace(`:${password}@`, ":wrongcanary@")
        const [denied, deniedSays] = yield* refused([], { SCANPOLL_JOURNAL: wrong })
        assert.strictEqual(denied, 74)
        assert.notInclude(deniedSays, "wrongcanary")
        const [port, portSays] = yield* Effect.acquireUseRelease(
          Effect.callback<ReturnType<typeof createServer>>((resume) => {
            const other = createServer()
            other.listen(0, "127.0.0.1", () => resume(Effect.succeed(other)))
          }),
          (other) => {
            const address = other.address()
            const taken = typeof address === "object" && address !== null ? address.port : 0
            return refused(["--listen", `127.0.0.1:${taken}`], {})
          },
          (other) => Effect.sync(() => other.close())
        )
        assert.deepStrictEqual([port, portSays.includes("EADDRINUSE")], [2, true], portSays)
        // A password on the command line is visible to every user.
        const warned = yield* scanpoll(["worker", "--journal", journal], {
          environment,
          time: "real",
          watch: once(/polls for/, (running) => running.kill("SIGTERM"))
        })
        assert.match(warned.stderr, /^warning: --journal: its password is visible in `ps`/m)
        assert.notInclude(warned.stderr, password)
        assert.strictEqual(warned.code, 0)
      })
    )
  })
})
