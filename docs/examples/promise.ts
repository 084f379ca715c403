/**
 * Scans for code without Effect: a promise per scan, an async iterable per batch.
 *
 * Needs `EXONA_API_KEY` and `APPVET_API_KEY` in the environment. `await using` takes Node 24 or a compiler; on Node 22,
 * call `scanpoll.dispose()` in a `finally`.
 */
import process from "node:process"
import {
  AbortError,
  createScanpoll,
  type PolicyOptions,
  PollStopped,
  type Scanpoll,
  SubmitError
} from "@scanpoll/promise"

/** Impatient at first, patient later, for ten minutes. Policies are data: compose them by spreading. */
export const patient = {
  pace: [{ every: "4 seconds", lasts: "20 seconds" }, { every: "30 seconds" }],
  failures: { from: "2 seconds", upTo: "1 minute" },
  deadline: "10 minutes"
} as const satisfies PolicyOptions

/** One scan, in a line. The signal ends the wait, never the scan that was paid for. */
export const one = async (scanpoll: Scanpoll<"appvet">, signal?: AbortSignal): Promise<string> => {
  try {
    const request = { url: "https://shop.example/", type: "security" } as const
    const outcome = await scanpoll.appvet.run(request, { policy: patient, signal })
    switch (outcome._tag) {
      case "Completed":
        return `score ${outcome.payload.result?.score ?? "none"}, severity ${outcome.assessment.severity}`
      case "Partial":
        return `only some checks ran: ${outcome.reason.message}`
      case "Failed":
        return `the scan failed: ${outcome.reason.message}`
    }
  } catch (error) {
    // Every bought scan can be resumed: `scanpoll.wait(ticket)`, today or in another process.
    if (error instanceof PollStopped) return `${error.reason}; resume it with appvet:${error.ticket.scanId}`
    if (error instanceof AbortError) return error.message
    if (error instanceof SubmitError) return `not bought (${error.kind}): ${error.message}`
    throw error
  }
}

/** A batch: one record per request, whatever happens to it. `record.vendor` tells what its payload is. */
export const batch = async (scanpoll: Scanpoll<"exona" | "appvet">): Promise<ReadonlyArray<string>> => {
  const requests = [
    scanpoll.exona.request({ company: { name: "Acme AI Ltd", website: "https://acme.example" }, maxAgeDays: 30 }),
    scanpoll.appvet.request({ url: "https://shop.example/", type: "security" }, { policy: patient })
  ]
  const records = await scanpoll.runAll(requests, { timeout: "15 minutes" }).collect()
  return records.map((record) => {
    switch (record.vendor) {
      case "exona":
        return `exona ${record.state}: ${record.outcome?.payload?.risk_assessment?.overall_risk_level ?? "no"} risk`
      case "appvet":
        return `appvet ${record.state}: grade ${record.outcome?.payload?.result?.grade ?? "none"}`
    }
  })
}

/** The same as it happens. Leaving the loop ends the batch: nothing more is sent. */
export const steps = async (scanpoll: Scanpoll<"appvet">): Promise<ReadonlyArray<string>> => {
  const seen: Array<string> = []
  const request = scanpoll.appvet.request({ url: "https://blog.example/", type: "seo" }, { policy: patient })
  for await (const event of scanpoll.watch(request)) {
    if (event._tag === "Submitted") seen.push(`bought as ${event.ticket?.vendor}`)
    if (event._tag === "Polled" && event.seen._tag === "Pending") seen.push(event.seen.phase)
    if (event._tag === "Ended") seen.push(event.record.state)
  }
  return seen
}

if (import.meta.main) {
  // A missing key is reported here, with everything else that is wrong, before anything is sent.
  await using scanpoll = createScanpoll({
    exona: { apiKey: process.env["EXONA_API_KEY"] },
    appvet: { apiKey: process.env["APPVET_API_KEY"] }
  })
  const controller = new AbortController()
  process.once("SIGINT", () => controller.abort())
  console.log(await one(scanpoll, controller.signal))
  console.log((await batch(scanpoll)).join("\n"))
}
