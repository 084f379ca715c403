/**
 * Whole scans against a vendor on loopback that answers at once: submitted, polled once, its report
 * fetched, recorded.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { AppVet } from "@scanpoll/appvet/AppVetAdapter"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Journal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { request } from "undici"
import { appvet } from "./clients/scanpoll.ts"
import { unlimited } from "./unlimited.ts"

/** Runs so many scans of the vendor at `base`, 32 at once. Rejected when one of them does not complete. */
export type Run = (base: URL, scans: number) => Promise<void>

const atOnce = 32

const target = (at: number) => ({ url: `https://shop-${at}.example/`, type: "security" }) as const

const journals = {
  memory: () => ScanJournal.layerMemory,
  sqlite: (folder: string) => Layer.orDie(Journal.layerSqlite(join(folder, "journal.db")))
} as const

const running =
  (journal: keyof typeof journals): Run =>
  async (base, scans) => {
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-bench-"))
    const policy = PollPolicy.make({ first: 0, pace: "1 second", floor: 0, spread: 0 })
    const program = Effect.gen(function* () {
      const adapter = unlimited(yield* AppVet)
      const wanted = Array.from({ length: scans }, (_, at) =>
        Scans.request(adapter, target(at), { policy: () => policy })
      )
      const records = yield* Stream.runCollect(Scans.runAll(wanted, { concurrency: atOnce }))
      const left = records.find(({ state }) => state !== "completed")
      if (left !== undefined) throw new Error(`a scan is ${left.state}: ${left.reason?.message ?? "no reason"}`)
    })
    const client = DispatchClient.layer(NodeHttpClient.makeDispatcher)
    const layer = Layer.mergeAll(appvet(base, client), journals[journal](folder), Logger.layer([]))
    try {
      await Effect.runPromise(Effect.provide(program, layer))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

/** `Scans.runAll` with a journal in a file. */
export const inFile: Run = running("sqlite")

/** `Scans.runAll` with a journal in memory. */
export const inMemory: Run = running("memory")

const headers = { accept: "application/json", authorization: "Bearer bench-key", "content-type": "application/json" }

const ask = async (url: string, body?: unknown): Promise<unknown> => {
  const answered = await request(
    url,
    body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) }
  )
  if (answered.statusCode >= 300) throw new Error(`the vendor answered ${answered.statusCode}`)
  return answered.body.json()
}

const textOf = (body: unknown, field: "id" | "status"): string => {
  const text: unknown = typeof body === "object" && body !== null ? Reflect.get(body, field) : undefined
  if (typeof text !== "string") throw new Error(`the answer has no ${field}`)
  return text
}

/** What people write: so many at once, undici's `request`, and nothing that outlives the process. */
export const handLoop: Run = async ({ origin }, scans) => {
  const records: Array<{ readonly id: string; readonly answer: unknown; readonly report: unknown }> = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < scans) {
      const id = textOf(await ask(`${origin}/v1/scan`, target(next++)), "id")
      for (;;) {
        const answer = await ask(`${origin}/v1/scan/${id}`)
        if (textOf(answer, "status") === "completed") {
          records.push({ id, answer, report: await ask(`${origin}/v1/report/${id}`) })
          break
        }
        await new Promise((resolve) => {
          setTimeout(resolve, 1000)
        })
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  if (records.length !== scans) throw new Error(`${records.length} of ${scans} scans completed`)
}
