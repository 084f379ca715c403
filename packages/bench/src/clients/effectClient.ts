/**
 * Effect's own client as its guide shows it: over undici, a span for each request, the body decoded by a schema.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { type Client, statusPath } from "../Client.ts"
import "effect/schema/SchemaJITCompiler/enable"

const Status = Schema.Struct({
  id: Schema.String,
  status: Schema.Literals(["queued", "scanning", "completed", "partial", "failed"]),
  type: Schema.String,
  url: Schema.String,
  progress: Schema.Number,
  events: Schema.Array(Schema.Struct({ time: Schema.String, message: Schema.String })),
  created_at: Schema.String
})

const decode = HttpClientResponse.schemaBodyJson(Status)

export const overUndici: Client = (base) => {
  const runtime = ManagedRuntime.make(NodeHttpClient.layerUndici)
  return (count, atOnce) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const client = (yield* HttpClient.HttpClient).pipe(
          HttpClient.mapRequest((request) =>
            request.pipe(HttpClientRequest.acceptJson, HttpClientRequest.bearerToken("bench-key"))
          )
        )
        let next = 0
        const lane = Effect.whileLoop({
          while: () => next < count,
          body: () => Effect.flatMap(client.get(base.origin + statusPath(next++)), decode),
          step: ({ status }) => {
            if (status !== "scanning") throw new Error(`unexpected status: ${status}`)
          }
        })
        yield* Effect.forEach(Array.from({ length: atOnce }), () => lane, { concurrency: "unbounded", discard: true })
      })
    )
}
