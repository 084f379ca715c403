/**
 * Scans as people run them, asleep: `Scans.runAll` and `Scans.run` of the AppVet adapter with a journal. No HTTP: the client
 * answers in this process, each scan runs for ever, and the account has no limits.
 */
import * as AppVet from "@scanpoll/appvet/AppVetVendor"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import { VendorHttp, type VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Journal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { unlimited } from "./unlimited.ts"

/**
 * - `polls`: how many polls were answered.
 * - `end`: ends all scans, and all that belongs to them.
 */
export interface Asleep {
  readonly polls: () => number
  readonly end: () => Promise<void>
}

/** Begins so many scans, each to be polled once and to sleep for an hour then. */
export type Sleeping = (scans: number) => Asleep

const answer = (body: unknown): VendorResponse => ({
  status: 200,
  body: { _tag: "Json", value: body },
  hint: Option.none(),
  quota: Option.none(),
  requestId: "req_1",
  warnings: []
})

const scan = { type: "security", url: "https://shop.example/", created_at: "2026-11-22T10:00:00Z" }

const vendorOf = (tell: { polls: number }) => {
  let submitted = 0
  const client = {
    origin: "https://vendor.example",
    post: () => Effect.sync(() => answer({ ...scan, id: `scan_${submitted++}`, status: "queued", progress: 0 })),
    get: (path: string) =>
      Effect.sync(() => {
        tell.polls += 1
        return answer({ ...scan, id: path.slice(path.lastIndexOf("/") + 1), status: "scanning", progress: 45 })
      }),
    scrub: (said: string) => said
  }
  return Layer.succeed(VendorHttp, { make: () => Effect.succeed(client) })
}

const journals = {
  memory: () => ScanJournal.layerMemory,
  sqlite: (folder: string) => Layer.orDie(Journal.layerSqlite(join(folder, "journal.db")))
} as const

const sleeping =
  (journal: keyof typeof journals, way: "runAll" | "run"): Sleeping =>
  (scans) => {
    const tell = { polls: 0 }
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-bench-"))
    const policy = PollPolicy.make({ first: 0, pace: "1 hour", floor: 0, spread: 0, deadline: "30 days" })
    const runtime = ManagedRuntime.make(Layer.mergeAll(vendorOf(tell), journals[journal](folder), Logger.layer([])))
    const fiber = runtime.runFork(
      Effect.gen(function* () {
        const credential = Redacted.make("avk_live_bench0123456789")
        const adapter = unlimited(yield* AppVet.vendor.make({ credential }))
        const wanted = (at: number) => ({ url: `https://shop-${at}.example/`, type: "security" }) as const
        if (way === "run") {
          return yield* Effect.forEach(
            Array.from({ length: scans }).keys(),
            (at) => Scans.run(adapter, wanted(at), { policy: () => policy }),
            { concurrency: "unbounded", discard: true }
          )
        }
        return yield* Stream.runDrain(
          Scans.runAll(
            Array.from({ length: scans }, (_, at) => Scans.request(adapter, wanted(at), { policy: () => policy }))
          )
        )
      })
    )
    return {
      polls: () => tell.polls,
      end: async () => {
        await Effect.runPromise(Fiber.interrupt(fiber))
        await runtime.dispose()
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }

/** `Scans.runAll` with a journal in a file. */
export const allInFile: Sleeping = sleeping("sqlite", "runAll")

/** `Scans.runAll` with a journal in memory. */
export const allInMemory: Sleeping = sleeping("memory", "runAll")

/** Many calls of `Scans.run` with a journal in a file. */
export const eachInFile: Sleeping = sleeping("sqlite", "run")
