/**
 * The loops people write by hand.
 */
import { countdown, type Engine, type Vendor } from "../Engine.ts"

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

const loop = async (vendor: Vendor, id: number, everyMs: number): Promise<void> => {
  for (;;) {
    const answer = await vendor.poll(id)
    if (answer.status !== "running") return
    await sleep(everyMs)
  }
}

/** The shortest loop there is; nothing can stop it. */
export const bare: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  for (let id = 0; id < scans; id++) void loop(vendor, id, everyMs).then(ended)
  return { done, cancel: null }
}

const abortableSleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort)
      resolve()
    }, ms)
    signal.addEventListener("abort", onAbort, { once: true })
  })

const abortableLoop = async (vendor: Vendor, id: number, everyMs: number, signal: AbortSignal): Promise<void> => {
  for (;;) {
    const answer = await vendor.poll(id)
    if (answer.status !== "running") return
    await abortableSleep(everyMs, signal)
  }
}

/** The loop with an `AbortController` per scan: what the aims are measured against. */
export const abortable: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const controllers: Array<AbortController> = []
  for (let id = 0; id < scans; id++) {
    const controller = new AbortController()
    controllers.push(controller)
    void abortableLoop(vendor, id, everyMs, controller.signal).then(ended, ended)
  }
  return {
    done,
    cancel: () => {
      for (const controller of controllers.splice(0)) controller.abort()
      return done
    }
  }
}
