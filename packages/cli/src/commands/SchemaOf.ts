/**
 * `scanpoll schema`: the JSON Schemas of what scanpoll writes and reads.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { paceNames } from "../config/Pace.ts"
import { settings } from "../config/Setting.ts"
import type { PlanKind } from "../config/Setting.ts"
import { names } from "../config/Setting.ts"
import { Streams } from "../output/Streams.ts"
import { say } from "../output/Streams.ts"
import * as Vendors from "../vendors/Vendors.ts"

type Json = { readonly [key: string]: unknown }

const duration = {
  type: "string",
  pattern: "^\\s*(\\d+(\\.\\d+)?\\s*[a-zA-Z]+\\s*)+$",
  examples: ["30s", "5m", "1h30m"]
}
const durationOrZero = { anyOf: [duration, { const: 0 }, { const: "0" }] }
const pace = { anyOf: [{ enum: paceNames }, duration] }

const ofKind = (kind: PlanKind): Json => {
  switch (kind) {
    case "text":
      return { type: "string" }
    case "duration":
      return duration
    case "number":
      return { type: "integer", minimum: 0 }
    case "switch":
      return { type: "boolean" }
    case "list":
      return { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] }
    case "scores":
      return {
        anyOf: [
          { type: "number", minimum: 0, maximum: 100 },
          {
            type: "object",
            propertyNames: { enum: Vendors.names },
            additionalProperties: { type: "number", minimum: 0, maximum: 100 }
          }
        ]
      }
  }
}

const section = (name: "defaults" | "gate"): Record<string, Json> =>
  Object.fromEntries(
    names.flatMap((setting) => {
      const { choices, kind, plan, words } = settings[setting]
      if (plan === null || plan[0] !== name) return []
      const schema = plan[1] === "reuse" ? durationOrZero : choices === null ? ofKind(kind) : { enum: choices }
      return [[plan[1], { description: words, ...schema }] as const]
    })
  )

const closed = (properties: Record<string, unknown>, required: ReadonlyArray<string> = []): Json => ({
  type: "object",
  properties,
  required,
  additionalProperties: false
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const documents = () => Vendors.all.map((vendor) => ({ vendor, document: Schema.toJsonSchemaDocument(vendor.schema) }))

const target = ({ document: { schema }, vendor }: ReturnType<typeof documents>[number]): Json => {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {}
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : []
  return {
    ...closed(
      { vendor: { const: vendor.name }, account: { type: "string" }, pace, deadline: duration, ...properties },
      ["vendor", ...required]
    ),
    title: `${vendor.title}: ${vendor.scans}`
  }
}

const planSchema = (vendors: ReturnType<typeof documents>): Json => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "scanpoll plan",
  ...closed(
    {
      version: { const: 1 },
      defaults: closed({ ...section("defaults"), pace }),
      gate: closed(section("gate")),
      vendors: closed(
        Object.fromEntries(Vendors.names.map((name) => [name, closed({ pace, deadline: duration })] as const))
      ),
      accounts: {
        type: "object",
        propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", not: { const: "default" } },
        additionalProperties: closed(
          { vendor: { enum: Vendors.names }, variable: { type: "string", pattern: "^[A-Z_][A-Z0-9_]{0,127}$" } },
          ["vendor", "variable"]
        )
      },
      targets: { type: "array", items: { oneOf: vendors.map(target) } }
    },
    ["version", "targets"]
  ),
  $defs: Object.assign({}, ...vendors.map(({ document }) => document.definitions))
})

const print = Effect.fnUntraced(function* (schema: unknown): Effect.fn.Return<number, never, Streams> {
  const streams = yield* Streams
  return yield* Effect.matchEffect(streams.out(`${JSON.stringify(schema, null, 2)}\n`), {
    onFailure: (why) => Effect.as(say(`error: standard output failed: ${why}`), 74),
    onSuccess: () => Effect.succeed(0)
  })
})

/**
 * `scanpoll schema plan`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan: Effect.Effect<number, never, Streams> = Effect.suspend(() => print(planSchema(documents())))

/**
 * `scanpoll schema report`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const report: Effect.Effect<number, never, Streams> = Effect.flatMap(
  Effect.promise(() => import("@scanpoll/report/ScanReport")),
  (module) => print(module.jsonSchema())
)
