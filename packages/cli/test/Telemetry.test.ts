import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { endpointOf } from "scanpoll/process/Telemetry"
import { collector } from "./support/collector.ts"
import { scanpoll } from "./support/command.ts"
import { hurriedVendors } from "./support/vendors.ts"

const dataset =
  "compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-42d3-a456-426614174000,mapping=789e0123-e45b-47c8-9901-234567890123,name=clean: Q1"

describe("telemetry", () => {
  layer(Layer.merge(hurriedVendors({ speed: 100 }), NodeServices.layer), { excludeTestServices: true })((it) => {
    it.effect("goes to the collector the environment names: a span per scan, a child per poll, metrics, no key", () =>
      Effect.gen(function* () {
        const { heard, url } = yield* collector
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const ended = yield* scanpoll(["run", dataset, "--quiet"], {
          environment: { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: url }
        })
        assert.strictEqual(ended.code, 0, ended.stderr)
        const all = heard.map((each) => each.body).join("\n")
        assert.include(all, '"scanpoll.scan"')
        assert.include(all, '"scanpoll.poll"')
        assert.include(all, "scanpoll.because")
        assert.include(all, "scanpoll_polls")
        for (const name of ["EXONA_API_KEY", "APPVET_API_KEY", "COMPLIANCE_TOKEN"]) {
          assert.notInclude(all, environment[name] ?? "?")
        }
      }).pipe(Effect.scoped)
    )

    it.effect("a collector that is away changes neither the report nor the exit code", () =>
      Effect.gen(function* () {
        const environment = Simulators.environment(yield* Simulators.Simulators)
        const ended = yield* scanpoll(["run", dataset, "--quiet", "--reuse", "0"], {
          environment: { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" }
        })
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.match(ended.stdout, /1 scan: 1 completed/)
      })
    )

    it.effect("reads the standard variables, and nothing that is no http address", () =>
      Effect.sync(() => {
        const headers = { OTEL_EXPORTER_OTLP_HEADERS: "x-team = a, x-b=c=d,broken" }
        assert.deepStrictEqual(endpointOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c.example/otlp", ...headers }), {
          url: "https://c.example/otlp",
          headers: { "x-team": "a", "x-b": "c=d" },
          service: "scanpoll"
        })
        for (const url of ["", "collector", "file:///etc", "javascript:1"]) {
          assert.isNull(endpointOf({ OTEL_EXPORTER_OTLP_ENDPOINT: url }))
        }
      })
    )
  })
})
