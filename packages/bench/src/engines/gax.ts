/**
 * `Operation` of `google-gax` over a client that asks our vendor: its loop, without gRPC. Nothing stops it but its end.
 */
import { createRequire } from "node:module"
import { countdown, type Engine } from "../Engine.ts"

// The part of the module that is used: its own types want a whole gRPC client.
interface State {
  readonly name: string
  readonly done: boolean
  readonly response?: { readonly value: number }
}
interface Client {
  readonly getOperationInternal: (request: { readonly name: string }) => Promise<readonly [State]>
}
interface Descriptor {
  readonly operationsClient: Client
  readonly responseDecoder: (value: number) => number
  readonly metadataDecoder: (value: number) => number
}
interface BackOff {
  readonly initialRetryDelayMillis: number
  readonly retryDelayMultiplier: number
  readonly maxRetryDelayMillis: number
}
interface LongRunning {
  readonly Operation: new (
    state: State,
    descriptor: Descriptor,
    backOff: BackOff
  ) => { readonly promise: () => Promise<unknown> }
}

const { Operation }: LongRunning = createRequire(import.meta.url)("google-gax")

const same = (value: number): number => value

export const operation: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const descriptor: Descriptor = {
    operationsClient: {
      getOperationInternal: async ({ name }) => {
        const { status } = await vendor.poll(Number(name))
        return status === "running" ? [{ name, done: false }] : [{ name, done: true, response: { value: 1 } }]
      }
    },
    responseDecoder: same,
    metadataDecoder: same
  }
  const backOff = { initialRetryDelayMillis: everyMs, retryDelayMultiplier: 1, maxRetryDelayMillis: everyMs }
  for (let id = 0; id < scans; id++) {
    void new Operation({ name: String(id), done: false }, descriptor, backOff).promise().then(ended, ended)
  }
  return { done, cancel: null }
}
