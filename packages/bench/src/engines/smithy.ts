/**
 * `createWaiter` of `@smithy/util-waiter`, its least and longest delay the same.
 */
import { createWaiter, WaiterState } from "@smithy/util-waiter"
import { countdown, type Engine, type Vendor } from "../Engine.ts"

const acceptor = async (vendor: Vendor, id: number): Promise<{ readonly state: WaiterState }> => {
  const answer = await vendor.poll(id)
  return { state: answer.status === "running" ? WaiterState.RETRY : WaiterState.SUCCESS }
}

export const waiter: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const controllers: Array<AbortController> = []
  const delay = everyMs / 1000
  for (let id = 0; id < scans; id++) {
    const controller = new AbortController()
    controllers.push(controller)
    const options = {
      client: vendor,
      minDelay: delay,
      maxDelay: delay,
      maxWaitTime: 30 * 24 * 3600,
      abortSignal: controller.signal
    }
    void createWaiter(options, id, acceptor).then(ended, ended)
  }
  return {
    done,
    cancel: () => {
      for (const controller of controllers.splice(0)) controller.abort()
      return done
    }
  }
}
