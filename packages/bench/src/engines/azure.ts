/**
 * `createHttpPoller` of `@azure/core-lro`, spoken to in the words it knows.
 */
import { createHttpPoller, type OperationResponse } from "@azure/core-lro"
import { countdown, type Engine } from "../Engine.ts"

const submitted: OperationResponse = {
  flatResponse: {},
  rawResponse: {
    statusCode: 202,
    headers: { "operation-location": "/operations/1" },
    body: { status: "running" },
    request: { method: "POST", url: "/scans" }
  }
}

export const pollUntilDone: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const controllers: Array<AbortController> = []
  for (let id = 0; id < scans; id++) {
    const controller = new AbortController()
    controllers.push(controller)
    const poller = createHttpPoller(
      {
        sendInitialRequest: () => Promise.resolve(submitted),
        sendPollRequest: async (path) => {
          const answer = await vendor.poll(id)
          const body = { ...answer, status: answer.status === "running" ? "running" : "succeeded" }
          return {
            flatResponse: body,
            rawResponse: { statusCode: 200, headers: {}, body, request: { method: "GET", url: path } }
          }
        }
      },
      { intervalInMs: everyMs }
    )
    void poller.pollUntilDone({ abortSignal: controller.signal }).then(ended, ended)
  }
  return {
    done,
    cancel: () => {
      for (const controller of controllers.splice(0)) controller.abort()
      return done
    }
  }
}
