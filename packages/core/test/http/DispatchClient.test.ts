import { assert, describe, it } from "@effect/vitest"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A dispatcher whose events the test sends itself. */
const puppet = () => {
  const calls: Array<string> = []
  let sent: DispatchClient.DispatchHandler | null = null
  const controller: DispatchClient.DispatchController = {
    abort: (reason) => {
      calls.push("abort")
      sent?.onResponseError(controller, reason)
    },
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume")
  }
  const dispatcher: DispatchClient.Dispatcher = {
    dispatch: (options, handler) => {
      calls.push(`${options.method} ${options.origin} ${options.path}`)
      sent = handler
      return true
    }
  }
  const handler = (): DispatchClient.DispatchHandler => {
    if (sent === null) throw new Error("nothing was sent")
    return sent
  }
  return {
    calls,
    client: DispatchClient.make(dispatcher),
    begin: () => handler().onRequestStart(controller),
    head: (status = 200, headers: Record<string, string | Array<string>> = {}) =>
      handler().onResponseStart(controller, status, headers),
    data: (chunk: string | Uint8Array) =>
      handler().onResponseData(controller, typeof chunk === "string" ? Buffer.from(chunk) : chunk),
    end: () => handler().onResponseEnd(),
    error: (error: Error) => handler().onResponseError(controller, error)
  }
}

const reasonOf = <A>(exit: Exit.Exit<A, unknown>): string => {
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : null
  return error !== null && typeof error === "object" && "reason" in error
    ? String(Reflect.get(Object(error.reason), "_tag"))
    : "none"
}

describe("DispatchClient", () => {
  it.effect("answers with status and headers before the body is there, and after whatever came first", () =>
    Effect.gen(function* () {
      const { begin, calls, client, data, end, head } = puppet()
      const asking = yield* Effect.forkChild(client.get("https://vendor.test:8443/a?b=c"), { startImmediately: true })
      assert.deepStrictEqual(calls, ["GET https://vendor.test:8443 /a?b=c"])
      begin()
      head(103)
      head(200, { "x-a": "1", "set-cookie": ["a=1", "b=2"] })
      const response = yield* Fiber.join(asking)
      assert.deepStrictEqual([response.status, response.headers["x-a"]], [200, "1"])
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "b"])
      const reading = yield* Effect.forkChild(response.json, { startImmediately: true })
      data('{"a":')
      data("1}")
      end()
      assert.deepStrictEqual(yield* Fiber.join(reading), { a: 1 })
      assert.deepStrictEqual(yield* response.json, { a: 1 })
    })
  )

  it.effect("takes no more from the socket while nobody takes the body, and goes on when somebody does", () =>
    Effect.gen(function* () {
      const { begin, calls, client, data, end, head } = puppet()
      const asking = yield* Effect.forkChild(client.get("https://vendor.test/"), { startImmediately: true })
      begin()
      head()
      const response = yield* Fiber.join(asking)
      const chunk = new Uint8Array(40_000)
      data(chunk)
      assert.notInclude(calls, "pause")
      data(chunk)
      assert.strictEqual(calls.at(-1), "pause")
      const sizes: Array<number> = []
      const reading = yield* Effect.forkChild(
        Stream.runForEach(response.stream, (part) => Effect.sync(() => sizes.push(part.byteLength))),
        { startImmediately: true }
      )
      yield* Effect.promise(() => Promise.resolve())
      assert.strictEqual(calls.at(-1), "resume")
      data(chunk)
      end()
      yield* Fiber.join(reading)
      assert.deepStrictEqual(sizes, [40_000, 40_000, 40_000])
      assert.strictEqual(calls.filter((call) => call === "pause").length, 1)
    })
  )

  it.effect("runs nobody's code while the dispatcher tells of an answer", () =>
    Effect.gen(function* () {
      const { begin, client, data, end, head } = puppet()
      const seen: Array<string> = []
      const reading = yield* Effect.forkChild(
        Effect.gen(function* () {
          const response = yield* client.get("https://vendor.test/")
          seen.push("answer")
          yield* Stream.runForEach(response.stream, () => Effect.sync(() => void seen.push("data")))
          seen.push("end")
        }),
        { startImmediately: true }
      )
      const told = (tell: () => void, expected: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const before = seen.length
          tell()
          assert.strictEqual(seen.length, before)
          yield* Effect.promise(() => Promise.resolve())
          assert.deepStrictEqual(seen.slice(before), expected)
        })
      begin()
      yield* told(() => head(), ["answer"])
      yield* told(() => data("a"), ["data"])
      yield* told(() => data("b"), ["data"])
      yield* told(end, ["end"])
      yield* Fiber.join(reading)
    })
  )

  it.effect("aborts a request that its scope gives up, also before it has begun, and then its body fails", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { begin, calls, client, head } = puppet()
      const scoped = HttpClient.withScope(client)
      const early = yield* Effect.forkChild(Scope.provide(scope)(scoped.get("https://vendor.test/")), {
        startImmediately: true
      })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(reasonOf(yield* Fiber.await(early)), "TransportError")
      begin()
      assert.strictEqual(calls.at(-1), "abort")

      const second = yield* Scope.make()
      const late = yield* Effect.forkChild(Scope.provide(second)(scoped.get("https://vendor.test/")), {
        startImmediately: true
      })
      begin()
      head()
      const response = yield* Fiber.join(late)
      const reading = yield* Effect.forkChild(response.text, { startImmediately: true })
      yield* Scope.close(second, Exit.void)
      assert.strictEqual(calls.at(-1), "abort")
      assert.strictEqual(reasonOf(yield* Fiber.await(reading)), "DecodeError")
    })
  )

  it.effect("leaves a request alone that is over when its scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { begin, calls, client, data, end, head } = puppet()
      const asking = yield* Effect.forkChild(
        Scope.provide(scope)(HttpClient.withScope(client).get("https://vendor.test/")),
        { startImmediately: true }
      )
      begin()
      head()
      data("done")
      end()
      const response = yield* Fiber.join(asking)
      yield* Scope.close(scope, Exit.void)
      assert.notInclude(calls, "abort")
      assert.strictEqual(yield* response.text, "done")
    })
  )

  it.effect("gives a body that was read in parts to nobody as a whole, and loses nothing to a reader who left", () =>
    Effect.gen(function* () {
      const { begin, client, data, end, head } = puppet()
      // A client without a scope aborts the request with its reader.
      const asking = yield* Effect.forkChild(HttpClient.withScope(client).get("https://vendor.test/"), {
        startImmediately: true
      })
      begin()
      head()
      const response = yield* Fiber.join(asking)
      const left = yield* Effect.forkChild(Stream.runDrain(response.stream), { startImmediately: true })
      yield* Fiber.interrupt(left)
      data("all")
      end()
      assert.deepStrictEqual(yield* Stream.mkString(Stream.decodeText(response.stream)), "all")
      assert.strictEqual(reasonOf(yield* Effect.exit(response.text)), "DecodeError")
    })
  )

  it.effect("fails with what the dispatcher throws or tells, and does not send a body that is not bytes", () =>
    Effect.gen(function* () {
      const throwing = DispatchClient.make({
        dispatch: () => {
          throw new TypeError("invalid argument")
        }
      })
      assert.strictEqual(reasonOf(yield* Effect.exit(throwing.get("https://vendor.test/"))), "TransportError")

      const { calls, client, error } = puppet()
      const refused = yield* Effect.forkChild(client.get("https://vendor.test/"), { startImmediately: true })
      error(new Error("connect ECONNREFUSED"))
      assert.strictEqual(reasonOf(yield* Fiber.await(refused)), "TransportError")
      const streaming = HttpClientRequest.post("https://vendor.test/").pipe(
        HttpClientRequest.setBody(HttpBody.stream(Stream.empty))
      )
      assert.strictEqual(reasonOf(yield* Effect.exit(client.execute(streaming))), "EncodeError")
      assert.strictEqual(calls.length, 1)
    })
  )
})
