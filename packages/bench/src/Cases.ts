/**
 * Everything that is measured, by area. A case is loaded in the process that measures it, so that no peer weighs on
 * another.
 */
import * as Format from "@scanpoll/report/Format"
import type { Answer } from "./answers.ts"
import type { Client } from "./Client.ts"
import type { Engine } from "./Engine.ts"
import type { Watch } from "./lateness.ts"
import type { Sleeping } from "./openScans.ts"
import type { Run } from "./runs.ts"

/**
 * - `key`: names the case for the process that runs it.
 * - `label`: names it in tables.
 * - `ours`: it is held to the aims.
 */
export interface Case<Subject> {
  readonly key: string
  readonly label: string
  readonly ours: boolean
  readonly load: () => Promise<Subject>
}

/** The loop that the aims are measured against. */
export const handLoop = "hand-abortable"

/** The same loop without a way to stop it. */
export const bareLoop = "hand"

/** The case of many open scans that the aims name. */
export const crowd = "fleet"

/** The peer that the aims for full features are measured against. */
export const coreLro = "core-lro"

/** Engines, over a vendor in the same process. */
export const engines: ReadonlyArray<Case<Engine>> = [
  {
    key: "fleet-add",
    label: "**scanpoll `Fleet.add`**",
    ours: true,
    load: () => import("./engines/scanpoll.ts").then((it) => it.add)
  },
  {
    key: "fleet-wait",
    label: "**scanpoll `Fleet.wait`**, a fiber waits for each scan",
    ours: true,
    load: () => import("./engines/scanpoll.ts").then((it) => it.wait)
  },
  {
    key: "fleet-add-full",
    label: "**scanpoll `Fleet.add`** with metrics, span, decoded answer",
    ours: true,
    load: () => import("./engines/scanpoll.ts").then((it) => it.addFull)
  },
  {
    key: "poller",
    label: "**scanpoll `Poller`**, scans that wait alone",
    ours: true,
    load: () => import("./engines/scanpoll.ts").then((it) => it.poller)
  },
  {
    key: bareLoop,
    label: "hand loop, cannot be cancelled",
    ours: false,
    load: () => import("./engines/hand.ts").then((it) => it.bare)
  },
  {
    key: handLoop,
    label: "hand loop + AbortSignal",
    ours: false,
    load: () => import("./engines/hand.ts").then((it) => it.abortable)
  },
  {
    key: "gax",
    label: "google-gax `Operation`, cannot be cancelled",
    ours: false,
    load: () => import("./engines/gax.ts").then((it) => it.operation)
  },
  {
    key: "smithy",
    label: "@smithy/util-waiter",
    ours: false,
    load: () => import("./engines/smithy.ts").then((it) => it.waiter)
  },
  {
    key: coreLro,
    label: "@azure/core-lro `createHttpPoller`",
    ours: false,
    load: () => import("./engines/azure.ts").then((it) => it.pollUntilDone)
  },
  {
    key: "effect-repeat",
    label: "`Effect.repeat(Schedule)`",
    ours: false,
    load: () => import("./engines/effectLoops.ts").then((it) => it.repeated)
  },
  {
    key: "effect-loop",
    label: "`Effect.gen` loop + `Effect.sleep`",
    ours: false,
    load: () => import("./engines/effectLoops.ts").then((it) => it.sleeping)
  },
  {
    key: "effect-retry",
    label: "`Effect.retry(Schedule)`",
    ours: false,
    load: () => import("./engines/effectLoops.ts").then((it) => it.retried)
  },
  {
    key: "p-wait-for",
    label: "p-wait-for with a signal",
    ours: false,
    load: () => import("./engines/pWaitFor.ts").then((it) => it.signalled)
  }
]

/** What a program uses that has few scans at once. */
export const few: ReadonlyArray<Case<Engine>> = engines.filter(({ key }) =>
  ["poller", bareLoop, handLoop, coreLro].includes(key)
)

/** Open scans as people run them, asleep. */
export const openScans: ReadonlyArray<Case<Sleeping>> = [
  {
    key: "run-all-file",
    label: "**scanpoll `Scans.runAll`**, journal in a file",
    ours: true,
    load: () => import("./openScans.ts").then((it) => it.allInFile)
  },
  {
    key: "run-all-memory",
    label: "**scanpoll `Scans.runAll`**, journal in memory",
    ours: true,
    load: () => import("./openScans.ts").then((it) => it.allInMemory)
  },
  {
    key: "run-file",
    label: "**scanpoll `Scans.run`** for each, journal in a file",
    ours: true,
    load: () => import("./openScans.ts").then((it) => it.eachInFile)
  }
]

/** The loop that whole runs are measured against. */
export const handRun = "hand-run"

/** Whole scans, over loopback. */
export const runs: ReadonlyArray<Case<Run>> = [
  {
    key: "run-all-file",
    label: "**scanpoll `Scans.runAll`**, journal in a file",
    ours: true,
    load: () => import("./runs.ts").then((it) => it.inFile)
  },
  {
    key: "run-all-memory",
    label: "**scanpoll `Scans.runAll`**, journal in memory",
    ours: true,
    load: () => import("./runs.ts").then((it) => it.inMemory)
  },
  {
    key: handRun,
    label: "hand loop, 32 at once, undici `request`, nothing stored",
    ours: false,
    load: () => import("./runs.ts").then((it) => it.handLoop)
  }
]

/** Every format a report is rendered in. */
export const formats: ReadonlyArray<Case<string>> = Format.names.map((name) => ({
  key: name,
  label: name,
  ours: true,
  load: () => Promise.resolve(name)
}))

/** The HTTP client that the aims are measured against. */
export const undiciRequest = "undici"

/** What everybody has at hand. */
export const builtInFetch = "fetch"

/** HTTP polls, over loopback. */
export const clients: ReadonlyArray<Case<Client>> = [
  {
    key: "scanpoll",
    label: "**scanpoll: a poll of the AppVet adapter**, over `DispatchClient`",
    ours: true,
    load: () => import("./clients/scanpoll.ts").then((it) => it.silent)
  },
  {
    key: "scanpoll-traced",
    label: "**scanpoll: the same, traced**",
    ours: true,
    load: () => import("./clients/scanpoll.ts").then((it) => it.traced)
  },
  {
    key: "scanpoll-undici",
    label: "scanpoll over `NodeHttpClient.layerUndici`",
    ours: true,
    load: () => import("./clients/scanpoll.ts").then((it) => it.overUndici)
  },
  {
    key: "scanpoll-fetch",
    label: "scanpoll over `FetchHttpClient`",
    ours: true,
    load: () => import("./clients/scanpoll.ts").then((it) => it.overFetch)
  },
  {
    key: "effect-client",
    label: "Effect `HttpClient` over undici, span, `schemaBodyJson`",
    ours: false,
    load: () => import("./clients/effectClient.ts").then((it) => it.overUndici)
  },
  {
    key: "node-http",
    label: "`node:http`, keep-alive",
    ours: false,
    load: () => import("./clients/nodeHttp.ts").then((it) => it.keptAlive)
  },
  {
    key: undiciRequest,
    label: "undici `request`",
    ours: false,
    load: () => import("./clients/undici.ts").then((it) => it.bare)
  },
  {
    key: "undici-signal",
    label: "undici `request` + AbortSignal",
    ours: false,
    load: () => import("./clients/undici.ts").then((it) => it.abortable)
  },
  {
    key: builtInFetch,
    label: "built-in fetch",
    ours: false,
    load: () => import("./clients/fetch.ts").then((it) => it.builtIn)
  }
]

/** Many open scans, over loopback. */
export const watches: ReadonlyArray<Case<Watch>> = [
  {
    key: "fleet",
    label: "**scanpoll `Fleet.add`**, AppVet adapter",
    ours: true,
    load: () => import("./lateness.ts").then((it) => it.fleet)
  },
  {
    key: handLoop,
    label: "hand loop + AbortSignal, undici `request`",
    ours: false,
    load: () => import("./lateness.ts").then((it) => it.handLoop)
  }
]

const answerOf = (
  vendor: "AppVet" | "compliance" | "Exona",
  state: "running" | "completed" | "failed"
): Case<Answer> => ({
  key: `${vendor}-${state}`,
  label: `${vendor}, ${state}`,
  ours: true,
  load: () => import("./answers.ts").then((it) => it.load(vendor, state))
})

/** Answers to polls, read without HTTP. */
export const answers: ReadonlyArray<Case<Answer>> = (["AppVet", "compliance", "Exona"] as const).flatMap((vendor) =>
  (["running", "completed", "failed"] as const).map((state) => answerOf(vendor, state))
)
