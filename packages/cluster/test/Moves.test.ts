import { start } from "@scanpoll/test-support/postgres"
import { assert, describe, it, onTestFinished } from "vitest"
import { audit, isShared, until } from "./support/machines.ts"
import { database, settled, submitted, within } from "./support/scenes.ts"

const own = database()

describe("a cluster that is worked on", () => {
  it("a rolling restart moves every scan and loses none; a worker that is told to end does so of itself", async () => {
    await within(own(), { takes: [1, 3], held: true, pace: 400 }, ["a", "b", "c"], async (world, workers) => {
      await submitted(world, 24)
      for (const worker of workers) {
        const next = await world.worker(`${worker.name}2`)
        await until("four share", async () => isShared(await world.status(), 4))
        await worker.leave()
        assert.deepStrictEqual(worker.exit, { code: 130, signal: null })
        await until("three share", async () => isShared(await world.status(), 3))
        assert.isNull(next.exit)
      }
      assert.strictEqual((await world.status()).scans.open, 24)
      await world.release()
      await settled(world)
      audit(world, 24)
    })
  })

  it("a client that dies leaves its scans to the workers and at most what it was submitting in doubt; nobody buys that again (DU-03)", async () => {
    await within(own(), { takes: [3, 6], pace: 400 }, ["a", "b"], async (world) => {
      const accepted = () => world.ledgers.reduce((sum, ledger) => sum + ledger.accepted().length, 0)
      const client = world.client({ from: 0, count: 120, waits: true })
      await until("a third is bought", () => accepted() >= 40)
      await client.kill()
      const atDeath = accepted()
      await settled(world)
      const again = world.client({ from: 0, count: 120, waits: true })
      await until("the next client is done", () => again.events.some((event) => event._tag === "Done"))
      await settled(world)
      const { inDoubt, open, submitting } = (await world.status()).scans
      assert.deepStrictEqual([open, submitting], [0, 0])
      const states = again.events.flatMap((event) => ("state" in event ? [event.state] : []))
      assert.strictEqual(states.length, 120)
      assert.strictEqual(states.filter((state) => state === "completed").length, 120 - inDoubt)
      assert.strictEqual(states.filter((state) => state === "in-doubt").length, inDoubt)
      // What is in doubt was bought or was not: never twice.
      assert.isAtLeast(accepted(), 120 - inDoubt)
      assert.isAtLeast(atDeath, 40)
      audit(world, accepted(), inDoubt)
    })
  })

  it("PostgreSQL away for seconds: nobody asks a vendor without it, and all goes on when it is back (DU-09)", async () => {
    const server = await start()
    onTestFinished(() => server.end())
    await within(server, { takes: [1, 3], held: true, pace: 300 }, ["a", "b", "c"], async (world, workers) => {
      await submitted(world, 24)
      await until("all are kept", async () => (await world.status()).scans.free === 0)
      await server.stop()
      await until("all have noticed", async () =>
        (await Promise.all(workers.map((worker) => worker.state()))).every((said) => !said.ready)
      )
      const polls = async () =>
        (await Promise.all(workers.map((worker) => worker.state()))).reduce((sum, said) => sum + said.polls, 0)
      const before = await polls()
      const since = performance.now()
      await until("the leases are over", () => performance.now() - since > 4_000)
      // A poll that was on its way when the database went is all there may be.
      assert.isAtMost((await polls()) - before, 3)
      await server.start()
      await until("three share again", async () => isShared(await world.status().catch(() => notYet), 3))
      assert.strictEqual((await world.status()).scans.open, 24)
      await world.release()
      await settled(world)
      audit(world, 24)
    })
  })
})

const notYet = {
  at: 0,
  shards: null,
  workers: [],
  unowned: 1,
  scans: { open: 0, free: 0, resting: 0, submitting: 0, inDoubt: 0, troubled: 0, byReason: {} },
  troubled: [],
  overdue: { count: 0, worstMs: 0 },
  oldestMs: null
}
