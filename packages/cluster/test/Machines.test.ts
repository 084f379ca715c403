import { assert, describe, it } from "vitest"
import { askedSince, audit, isShared, until } from "./support/machines.ts"
import { database, settled, submitted, within } from "./support/scenes.ts"

const own = database()

describe("workers that die or freeze", () => {
  it("kill -9 of one of three with its scans in flight: the others go on, nothing is bought or asked twice (DU-15, RL-05)", async () => {
    await within(own(), { takes: [1, 3], held: true, pace: 500, rate: 250 }, ["a", "b", "c"], async (world, [a]) => {
      await submitted(world, 24)
      await until("all are kept", async () => (await world.status()).scans.free === 0)
      assert.strictEqual((await world.status()).scans.open, 24)
      await a?.kill()
      await until("two have all slices", async () => isShared(await world.status(), 2))
      await world.release()
      await settled(world)
      audit(world, 24)
    })
  })

  it("a worker frozen past its lease loses its scans, and when it comes back asks for none that others have (DU-16)", async () => {
    await within(own(), { takes: [1, 3], held: true, pace: 300, rate: 250 }, ["a", "b", "c"], async (world, [a]) => {
      await submitted(world, 24)
      await until("all are kept", async () => (await world.status()).scans.free === 0)
      a?.signal("SIGSTOP")
      const frozen = Date.now()
      await until("two have all slices", async () => isShared(await world.status(), 2))
      // What the frozen one had counts as kept until somebody takes it: only requests show that it was taken.
      await until("the two others ask for every scan", () => askedSince(world, frozen + 1_000) === 24)
      const others = (await world.status()).workers.filter((worker) => worker.name !== "a")
      assert.strictEqual(others.length, 2)
      assert.strictEqual((await world.status()).scans.open, 24)
      a?.signal("SIGCONT")
      await until("three share again", async () => isShared(await world.status(), 3))
      await world.release()
      await settled(world)
      audit(world, 24)
      // It is as good as new.
      await until("it works", async () => (await a?.state())?.ready === true)
    })
  })
})
