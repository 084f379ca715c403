/**
 * `p-wait-for` with a signal.
 */
import pWaitFor from "p-wait-for"
import { countdown, type Engine } from "../Engine.ts"

export const signalled: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const controllers: Array<AbortController> = []
  for (let id = 0; id < scans; id++) {
    const controller = new AbortController()
    controllers.push(controller)
    const isOver = async (): Promise<boolean> => (await vendor.poll(id)).status !== "running"
    void pWaitFor(isOver, { interval: everyMs, signal: controller.signal }).then(ended, ended)
  }
  return {
    done,
    cancel: () => {
      for (const controller of controllers.splice(0)) controller.abort()
      return done
    }
  }
}
