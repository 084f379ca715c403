/**
 * Scans of several vendors, for code without Effect: promises, async iteration, `AbortSignal`, `await using`.
 *
 * A vendor's "failed" is an outcome; a promise rejects when there is none, and the error carries the ticket of what was
 * bought. Equal requests are one purchase and one poll loop, and all scans of an account share its budget. Aborting
 * closes the socket of a poll and sends nothing more; a submission in flight is awaited for up to ten seconds, because
 * it may already have been accepted.
 *
 * @since 0.1.0
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { PayloadOf, TargetOf } from "@scanpoll/core/vendor/Vendor"
import * as Clock from "effect/Clock"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { Across, AnyPayload, Known, Vendor, Vendors, WaitOptions } from "./Client.ts"
import type { ScanpollOptions, VendorName, VendorOptions } from "./Config.ts"
import { makeBatches } from "./internal/batches.ts"
import { configure } from "./internal/configure.ts"
import * as Logging from "./internal/logging.ts"
import { vendorNameOf } from "./internal/known.ts"
import * as Runs from "./internal/runs.ts"
import { type Entry, makeVendor } from "./internal/vendorClient.ts"

/**
 * A client with these vendors; `Maybe` are those that its options may or may not have configured, `Payload` is that of any
 * of its vendors.
 *
 * @category models
 * @since 0.1.0
 */
export type Scanpoll<
  Names extends VendorName,
  Maybe extends VendorName = never,
  Payload = AnyPayload
> = Across<Payload> & Pick<Vendors, Names> & Partial<Pick<Vendors, Exclude<Maybe, Names>>>

type Configured<Options> = {
  [Name in keyof Options & VendorName]: undefined extends Options[Name] ? never : Name
}[keyof Options & VendorName]

// Of an option that the types do not know, and of a vendor whose name is taken, nothing can be given.
type Unconfigured<Options> = { readonly [Name in Exclude<keyof Options, keyof ScanpollOptions>]: never } & {
  readonly vendors?: { readonly [Name in keyof Across | keyof Vendors]?: never } | undefined
}

/**
 * The vendors of a user's own that options configure, each under its name.
 *
 * @category models
 * @since 0.2.0
 */
export type Brought<Options> = Options extends { readonly vendors: infer Own }
  ? {
      readonly [Name in keyof Own & string]: Own[Name] extends VendorOptions<infer V>
        ? Vendor<Name, TargetOf<V>, PayloadOf<V>>
        : never
    }
  : unknown

type BroughtPayload<Options> = Options extends { readonly vendors: infer Own }
  ? { [Name in keyof Own]: Own[Name] extends VendorOptions<infer V> ? PayloadOf<V> : never }[keyof Own]
  : never

const timeOf = ({ time }: Pick<ScanpollOptions, "time">): Layer.Layer<never> =>
  time === undefined ? Layer.empty : Layer.succeed(Clock.Clock, time.clock)

/**
 * Makes a client. Nothing is sent; options that cannot be used throw one `ConfigError` with every fault.
 *
 * **Example** (Scanning at one vendor)
 *
 * ```ts
 * import { createScanpoll } from "@scanpoll/promise"
 *
 * await using scanpoll = createScanpoll({ appvet: { apiKey: process.env["APPVET_API_KEY"] } })
 * const outcome = await scanpoll.appvet.run({ url: "https://create.example", type: "security" })
 * outcome._tag // => "Completed"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export function createScanpoll<Options extends ScanpollOptions>(
  options: Options & Unconfigured<Options>
): Scanpoll<Configured<Options>, keyof Options & VendorName, AnyPayload | BroughtPayload<Options>> & Brought<Options>
export function createScanpoll(options: ScanpollOptions): Across<unknown> & Partial<Vendors> {
  const handles = configure(options)
  const surroundings = Layer.merge(Logging.layer(options), timeOf(options))
  const runtime = ManagedRuntime.make(Layer.provideMerge(options.journal ?? ScanJournal.layerMemory, surroundings))
  const runs = Runs.make(runtime)
  const client = { runs, entries: new WeakMap<object, Entry>() }
  const vendors: Partial<Vendors> = {
    ...(handles.exona === null ? {} : { exona: makeVendor(client, "exona", handles.exona) }),
    ...(handles.compliance === null ? {} : { compliance: makeVendor(client, "compliance", handles.compliance) }),
    ...(handles.appvet === null ? {} : { appvet: makeVendor(client, "appvet", handles.appvet) }),
    ...(handles.urlscan === null ? {} : { urlscan: makeVendor(client, "urlscan", handles.urlscan) }),
    ...(handles.virustotal === null ? {} : { virustotal: makeVendor(client, "virustotal", handles.virustotal) }),
    ...(handles.sonarqube === null ? {} : { sonarqube: makeVendor(client, "sonarqube", handles.sonarqube) })
  }
  const brought = Object.fromEntries(handles.brought.map(([name, handle]) => [name, makeVendor(client, name, handle)]))
  const byName = new Map<string, Vendor<string, never, unknown>>(Object.entries({ ...brought, ...vendors }))
  const named = (known: Known) => {
    const name = vendorNameOf(known)
    const found = byName.get(name)
    if (found === undefined) throw new TypeError(`${JSON.stringify(name)} is not a vendor of this client`)
    return found
  }

  return Object.freeze({
    ...brought,
    ...vendors,
    ...makeBatches(runs, client.entries),
    wait: async (known: Known, options?: WaitOptions) => named(known).wait(known, options),
    status: async (known: Known, options?: Pick<WaitOptions, "signal">) => named(known).status(known, options),
    cancel: async (known: Known, options?: Pick<WaitOptions, "signal">) => named(known).cancel(known, options),
    dispose: runs.dispose,
    [Symbol.asyncDispose]: runs.dispose
  })
}
