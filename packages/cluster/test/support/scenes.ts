/** How a test of a whole cluster begins and ends. */
import { beforeAll } from "vitest"
import { isShared, type Machine, type Setup, until, type World, world } from "./machines.ts"
import * as Postgres from "@scanpoll/test-support/postgres"

/** A database for the tests of one file. */
export const database = (): (() => Postgres.Database) => {
  let own: Postgres.Database | null = null
  beforeAll(async () => {
    own = await Postgres.database()
  })
  return () => {
    if (own === null) throw new Error("the database has not been made")
    return own
  }
}

/** Vendors, a database, and the workers asked for; all of it is gone after the test, however that ends. */
export const within = async (
  database: Postgres.Database,
  setup: Omit<Setup, "journal">,
  names: ReadonlyArray<string>,
  test: (world: World, workers: ReadonlyArray<Machine>) => Promise<void>
): Promise<void> => {
  const made = await world({ ...setup, journal: await database.schema() })
  try {
    const workers = await Promise.all(names.map((name) => made.worker(name)))
    await until("the slices are shared", async () => isShared(await made.status(), names.length))
    await test(made, workers)
  } finally {
    await made.close()
  }
}

/** Buys that many scans, numbered from `from`, and leaves. */
export const submitted = async (world: World, count: number, from = 0): Promise<void> => {
  const client = world.client({ from, count, waits: false })
  await until("all are submitted", () => client.events.some((event) => event._tag === "Done"))
}

/** Waits until nothing is open any more. */
export const settled = (world: World) =>
  until("every scan is settled", async () => (await world.status()).scans.open === 0)
