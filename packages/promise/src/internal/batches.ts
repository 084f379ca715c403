// Many requests of a client at once, as records or as events.
import * as Scans from "@scanpoll/core/engine/Scans"
import type { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Across, Batch, BatchOptions, RecordOf, ScanRecord, ScanRequest } from "../Client.ts"
import type { WatchEvent } from "../Events.ts"
import { plainEvent } from "./plain.ts"
import { checkOptions } from "./options.ts"
import type { Runs } from "./runs.ts"
import type { Observer } from "./single.ts"
import type { Entries } from "./vendorClient.ts"
import { timeOf } from "./times.ts"

const isList = (requests: ScanRequest | ReadonlyArray<ScanRequest>): requests is ReadonlyArray<ScanRequest> =>
  Array.isArray(requests)

// Reads everything before anything is sent: what is wrong throws at once.
const readBatch = (entries: Entries, requests: ReadonlyArray<ScanRequest>, options: BatchOptions) => {
  checkOptions("batch", options)
  if (!isList(requests)) throw new TypeError("requests is not a list of requests")
  const wanted = requests.map((request, index) => {
    const entry = entries.get(request)
    if (entry === undefined) {
      const how = "make it with this client's vendor, as in scanpoll.appvet.request(...)"
      throw new TypeError(`requests[${index}] was not made by this client: ${how}`)
    }
    return entry
  })
  const { concurrency } = options
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    throw new TypeError("concurrency is not a whole number from 1")
  }
  const reuse = timeOf("reuse", options.reuse)
  const timeout = timeOf("timeout", options.timeout)
  const settings = {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(reuse === undefined ? {} : { reuse }),
    ...(timeout === undefined ? {} : { timeout })
  }
  return (observer: Observer, until: Effect.Effect<void>) => {
    // A key that is never given must not outlast the batch.
    const prepared = Effect.raceFirst(
      Effect.forEach(new Set(wanted.map(({ ready }) => ready)), (ready) => ready, {
        concurrency: "unbounded",
        discard: true
      }),
      until
    )
    const requests = Effect.map(prepared, () => wanted.map(({ build }) => build()))
    return Stream.unwrap(Effect.map(requests, (requests) => Scans.runAll(requests, { ...settings, observer, until })))
  }
}

/** `runAll` and `watch` of a client, over the requests it has made. */
export const makeBatches = (runs: Runs<ScanJournal>, entries: Entries): Pick<Across<unknown>, "runAll" | "watch"> => {
  function runAll<Request extends ScanRequest>(
    requests: ReadonlyArray<Request>,
    options?: BatchOptions
  ): Batch<RecordOf<Request>>
  function runAll(requests: ReadonlyArray<ScanRequest>, options: BatchOptions = {}): Batch<ScanRecord> {
    const run = readBatch(entries, requests, options)
    const records = runs.stream<ScanRecord, unknown>(
      (emit, until) =>
        Stream.runForEach(
          run((event) => options.onEvent?.(plainEvent(event)), until),
          (record) => Effect.sync(() => emit(record))
        ),
      options.signal
    )
    return {
      [Symbol.asyncIterator]: () => records[Symbol.asyncIterator](),
      collect: async () => {
        const all: Array<ScanRecord> = []
        for await (const record of records) all.push(record)
        return all.sort((a, b) => a.index - b.index)
      }
    }
  }

  function watch<Request extends ScanRequest>(
    requests: Request | ReadonlyArray<Request>,
    options?: Omit<BatchOptions, "onEvent">
  ): AsyncIterable<WatchEvent<RecordOf<Request>>>
  function watch(
    requests: ScanRequest | ReadonlyArray<ScanRequest>,
    options: Omit<BatchOptions, "onEvent"> = {}
  ): AsyncIterable<WatchEvent> {
    const run = readBatch(entries, isList(requests) ? requests : [requests], options)
    return runs.stream<WatchEvent, unknown>(
      (emit, until) =>
        Stream.runDrain(
          run((event) => emit(plainEvent(event), event._tag === "Scheduled" || event._tag === "Polled"), until)
        ),
      options.signal
    )
  }

  return { runAll, watch }
}
