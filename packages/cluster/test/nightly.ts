/**
 * A cluster under blows, for as long as it is told: workers are killed, frozen, ended and started, the database is
 * stopped, clients are killed while they buy. Afterwards every scan must settle and the vendors' books must be in order.
 *
 *     node packages/tooling/launch.mjs exec pnpm --filter @scanpoll/cluster nightly [--minutes 10] [--seed 1]
 *
 * The seed chooses the blows; when they fall is the machine's. Exits with 1 and the seed when a promise was broken.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { audit, isShared, type Machine, until, world } from "./support/machines.ts"
import { start } from "@scanpoll/test-support/postgres"
import { seeded } from "@scanpoll/test-support/seeded"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: "1" } }
})

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const main = async (): Promise<void> => {
  const chance = seeded(Number(values.seed))
  const between = (low: number, high: number) => low + chance() * (high - low)
  const server = await start()
  const made = await world({ journal: await server.schema(), takes: [10, 40], pace: 700, rate: 1_000 })
  const workers: Array<Machine> = []
  let named = 0
  let wished = 0
  const hire = async () => workers.push(await made.worker(`w${++named}`))
  const oneOf = (): Machine | undefined => workers.splice(Math.floor(chance() * workers.length), 1)[0]
  const blows: Record<string, () => Promise<unknown>> = {
    kill: async () => {
      await oneOf()?.kill()
      await hire()
    },
    freeze: async () => {
      const worker = workers[Math.floor(chance() * workers.length)]
      worker?.signal("SIGSTOP")
      await pause(between(500, 9_000))
      worker?.signal("SIGCONT")
    },
    replace: async () => {
      await hire()
      await oneOf()?.leave()
    },
    database: async () => {
      await server.stop()
      await pause(between(500, 6_000))
      await server.start()
    },
    buy: async () => {
      const client = made.client({ from: wished, count: 60, waits: false })
      wished += 60
      // Turns that killed workers took with them count for a minute and more.
      await until("a client is done", () => client.exit !== null, 300)
      if (client.exit?.code !== 0) throw new Error(`a client that bought ended with ${JSON.stringify(client.exit)}`)
    },
    die: async () => {
      const client = made.client({ from: wished, count: 60, waits: true })
      wished += 60
      await until("a client buys", () => client.events.length > 0)
      await pause(between(0, 800))
      await client.kill()
    }
  }
  const tally: Record<string, number> = {}
  const story: Array<string> = []
  const began = performance.now()
  try {
    for (let i = 0; i < 3; i++) await hire()
    const last = performance.now() + Number(values.minutes) * 60_000
    while (performance.now() < last) {
      const names = Object.keys(blows)
      const name = names[Math.floor(chance() * names.length)] ?? "buy"
      tally[name] = (tally[name] ?? 0) + 1
      story.push(`${Math.round((performance.now() - began) / 1000)} s ${name}`)
      await blows[name]?.()
      await pause(between(0, 2_000))
    }
    await until("the workers share", async () => isShared(await made.status(), workers.length), 120)
    await until("every scan is settled", async () => (await made.status()).scans.open === 0, 240)
    const accepted = made.ledgers.reduce((sum, ledger) => sum + ledger.accepted().length, 0)
    const { inDoubt } = (await made.status()).scans
    audit(made, accepted, inDoubt)
    process.stdout.write(`${JSON.stringify({ seed: values.seed, wished, accepted, inDoubt, ...tally })}\n`)
  } catch (error) {
    const state = await made.status().catch(String)
    process.stderr.write(`seed ${values.seed}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.stderr.write(`${story.join(", ")}\n${JSON.stringify(state)}\n`)
    process.exitCode = 1
  } finally {
    await made.close()
    await server.end()
  }
}

await main()
