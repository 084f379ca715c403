// A vendor that gives scripted answers, and what its definition makes of them: for the traps of the fact sheets.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type ScanOutcome, ScanTicket, type Vendor, VendorHttp } from "@scanpoll/core"
import { type Conformance, type Script, Stage } from "@scanpoll/testkit"
import { Effect, Layer, Redacted, Result } from "effect"
import { assert } from "vitest"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

/** An answer of 200. */
export const ok = (body: unknown): Conformance.Answer => ({ status: 200, body })

/** A vendor that gives these answers in their order, the last one for ever. */
export const world = <T, P>(vendor: Vendor.Vendor<T, P>, ...answers: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const key = vendor.auth === "basic" ? "user:a1a1a1a1a1a1" : "a1".repeat(32)
    const stage = yield* Stage.make({ vendor: vendor.name, credentials: [key], auth: vendor.auth ?? "bearer" })
    const steps = answers.map((step, at) => ({ ...step, times: at === answers.length - 1 ? Infinity : 1 }))
    yield* stage.script({ steps })
    const insecureHosts = [`127.0.0.1:${stage.port}`]
    const services = yield* Layer.build(http)
    const making = vendor.make({ baseUrl: stage.baseUrl, credential: Redacted.make(key), insecureHosts })
    const adapter = yield* Effect.provideContext(making, services)
    const about = { subject: adapter.subject(vendor.sample), request: vendor.sample }
    const ticket = (scanId: string, submittedAt: number | null = null) =>
      ScanTicket.make({ vendor: vendor.name, origin: adapter.origin, account: "default", scanId, submittedAt })
    return { adapter, about, ticket, paths: () => stage.ledger.requests().map(({ path }) => path) }
  })

/** What one poll with this answer shows, in a word or two: an observation, or the kind of a fault. */
export const seen = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, answer: Script.Step) =>
  Effect.gen(function* () {
    const { about, adapter, ticket } = yield* world(vendor, answer)
    const polled = yield* Effect.result(adapter.poll(ticket(scanId), about))
    if (Result.isFailure(polled)) {
      const { kind, message, permanent } = polled.failure
      return { is: permanent ? `${kind} for good` : kind, says: message }
    }
    const { observation } = polled.success
    if (observation._tag === "Settled") return { is: observation.value._tag, says: observation.value.vendorStatus }
    return { is: observation._tag === "Pending" ? observation.phase : observation._tag, says: "" }
  })

/** The outcome of a scan, as the engine comes by it: by its status, and by its result where that is elsewhere. */
export const outcomeOf = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, ...answers: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const { about, adapter, paths, ticket } = yield* world(vendor, ...answers)
    const polled = (yield* adapter.poll(ticket(scanId), about)).observation
    const shown =
      polled._tag === "Ended" && adapter.result !== undefined
        ? (yield* adapter.result(ticket(scanId), polled.vendorStatus, about)).observation
        : polled
    return { outcome: shown._tag === "Settled" ? shown.value : assert.fail(shown._tag), paths: paths() }
  })

/** The outcome, with the findings of a call of their own. */
export const collected = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, ...answers: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const { about, adapter, paths, ticket } = yield* world(vendor, ...answers)
    const polled = (yield* adapter.poll(ticket(scanId), about)).observation
    if (polled._tag !== "Ended" || adapter.result === undefined || adapter.collect === undefined) {
      return assert.fail(polled._tag)
    }
    const { observation } = yield* adapter.result(ticket(scanId), polled.vendorStatus, about)
    if (observation._tag !== "Settled" || observation.value._tag === "Failed") return assert.fail(observation._tag)
    const findings = yield* Effect.result(adapter.collect(observation.value, about))
    return { outcome: observation.value, findings, paths: paths() }
  })

/** The severity of an outcome's assessment; null where it has none. */
export const severityOf = (outcome: ScanOutcome.ScanOutcome<unknown>) =>
  outcome._tag === "Failed" ? null : outcome.assessment.severity
