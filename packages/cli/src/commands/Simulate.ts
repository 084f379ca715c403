/**
 * `scanpoll simulate`: the simulated vendors as servers on loopback, until Ctrl-C.
 *
 * Standard output has the variables under which another terminal speaks to them.
 *
 * @since 0.1.0
 */
import type * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as SimulatedVendor from "@scanpoll/testkit/SimulatedVendor"
import type { Simulator } from "@scanpoll/testkit/Simulator"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import { type InputFault, quote, usage, UsageError } from "../config/InputFault.ts"
import { say, Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { Shutdown } from "../process/Shutdown.ts"
import * as Simulated from "../vendors/Simulated.ts"
import type { Vendors } from "../vendors/Vendors.ts"

interface Own {
  readonly simulated: Simulator
  readonly vendor: Vendor.Vendor<unknown, unknown>
}

const variablesOf = (
  shipped: Readonly<Record<string, string>>,
  own: ReadonlyArray<Own>
): ReadonlyArray<readonly [name: string, value: string]> => [
  ...Object.entries(shipped).filter(([name]) => name !== Simulated.hosts),
  ...own.flatMap(({ simulated, vendor }) => Simulated.variables(vendor, simulated)),
  [Simulated.hosts, [shipped[Simulated.hosts], ...own.map(({ simulated }) => `127.0.0.1:${simulated.port}`)].join(",")]
]

/**
 * The line that sets a variable in the shell of a system: PowerShell on Windows, else a POSIX shell. No value has a quote.
 *
 * @category destructors
 * @since 0.2.0
 */
export const setting = (platform: string, name: string, value: string): string =>
  platform === "win32" ? `$env:${name} = '${value}'` : `export ${name}='${value}'`

// On a terminal the lines to paste follow. Elsewhere they are in a file or a pipe, not on this screen.
const heading = (stdoutIsTerminal: boolean): ReadonlyArray<string> =>
  stdoutIsTerminal
    ? ["The simulated vendors are listening. In another terminal:", ""]
    : [
        "The simulated vendors are listening. The lines for another terminal went to standard output, which is no terminal."
      ]

/**
 * `scanpoll simulate`: with `port`, the vendors get that port and the next ones; otherwise any free ones.
 *
 * @category constructors
 * @since 0.1.0
 */
export const simulate = Effect.fnUntraced(function* (input: {
  readonly port: string | null
  readonly speed: string | null
  readonly seed: string | null
  readonly vendor: ReadonlyArray<string>
}): Effect.fn.Return<number, UsageError, Streams | Shutdown | Vendors> {
  const faults: Array<InputFault> = []
  const port = input.port === null ? 0 : /^\d{1,5}$/.test(input.port) ? Number(input.port) : NaN
  if (!(port === 0 || (port >= 1 && port <= 65_500))) {
    faults.push({ where: "--port", message: `must be a whole number from 1 to 65500, not ${quote(input.port ?? "")}` })
  }
  const speed = input.speed === null ? 1 : /^\d{1,7}(\.\d{1,6})?$/.test(input.speed) ? Number(input.speed) : NaN
  if (!(speed > 0 && speed <= 1_000_000)) {
    faults.push({
      where: "--speed",
      message: `must be a number above 0, at most 1000000, not ${quote(input.speed ?? "")}`
    })
  }
  if (faults.length > 0) return yield* Effect.fail(new UsageError({ faults }))

  const streams = yield* Streams
  const { platform, stdoutIsTerminal } = yield* ProcessContext
  const shutdown = yield* Shutdown
  const at = (offset: number) => (port === 0 ? {} : { port: port + offset })
  const playables = [...(yield* Simulated.shipped), ...(yield* Simulated.brought(input.vendor))]
  const serving = Effect.scoped(
    Effect.gen(function* () {
      const simulators = yield* Effect.mapError(
        Simulators.make({
          speed,
          ...(input.seed === null ? {} : { seed: input.seed }),
          exona: { ...at(0), retryAfter: Math.max(1, Math.round(10 / speed)) },
          compliance: at(1),
          appvet: at(2)
        }),
        (error) => usage(`simulate ${error.vendor}`, error.message)
      )
      const own = yield* Effect.forEach(playables, ({ samples, vendor }, index) =>
        SimulatedVendor.make(vendor, samples, {
          speed,
          ...(input.seed === null ? {} : { seed: input.seed }),
          ...at(3 + index)
        }).pipe(
          Effect.mapError((error) => usage(`simulate ${error.vendor}`, error.message)),
          Effect.map((simulated) => ({ simulated, vendor }))
        )
      )
      const variables = variablesOf(Simulators.environment(simulators), own)
      yield* say(...heading(stdoutIsTerminal))
      yield* Effect.ignore(
        streams.out(SafeText.linesWithKeys(...variables.map(([name, value]) => setting(platform, name, value))))
      )
      yield* say(
        ...(stdoutIsTerminal ? [""] : []),
        "Then, for instance: scanpoll run appvet:https://shop.example 'exona:Acme AI Ltd=https://acme.example'",
        "The first label of a host under .example or .test picks a fate: failed, partial, never, slow, busy, flaky, lost, risky, clean, cached, noreport, latereport.",
        "Ctrl-C ends them."
      )
      yield* shutdown.requested
      const all = [simulators.exona, simulators.compliance, simulators.appvet, ...own.map((one) => one.simulated)]
      const total = all.map(({ ledger, vendor }) => {
        const { accepted, cacheHits, requests } = ledger.totals()
        return `${vendor}: ${requests} requests, ${accepted} scans bought, ${cacheHits} from the cache`
      })
      yield* say("", ...total)
      return 0
    })
  )
  return yield* shutdown.soft(serving)
})
