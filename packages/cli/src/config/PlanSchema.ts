/**
 * The JSON Schema of a plan, for editors: made from the settings, the vendors' own request schemas and the words of this
 * program, so that an editor completes what a run understands and marks what it would refuse.
 *
 * It is draft 07, which every editor takes. A plan that is accepted here may still be refused by what no schema can say:
 * an account that is not declared, a duration that is too long, an address a vendor does not scan.
 *
 * @since 0.1.0
 */
import * as Format from "@scanpoll/report/Format"
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { version } from "../process/Version.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import type { Known } from "../vendors/Vendors.ts"
import { paceNames } from "./Pace.ts"
import { type SettingName, names, settings } from "./Setting.ts"
import * as Settings from "./Settings.ts"

/**
 * A JSON Schema, or a part of one.
 *
 * @category models
 * @since 0.1.0
 */
export type Json = { readonly [key: string]: unknown }

/**
 * Where the schema of this version is published.
 *
 * @category constructors
 * @since 0.1.0
 */
export const address = `https://unpkg.com/scanpoll@${version}/plan.schema.json`

const units = "ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?"

const spans = `\\s*(\\d{1,15}(\\.\\d{1,6})?\\s*(${units})\\s*)+$`
const duration = { type: "string", pattern: `^(?=.*[1-9])${spans}` }
const durationExamples = ["30s", "5m", "1h30m"]
const words = { type: "string", pattern: "\\S" }
const deadline = {
  description: "How long to wait for each scan. Default: the vendor's own, 2 to 5 minutes.",
  ...duration,
  examples: durationExamples
}
const pace = {
  description:
    "How often to poll: what the vendor recommends for a purpose, `learned` from earlier scans, or an interval, which is raised to the vendor's least. Default: default.",
  anyOf: [{ enum: paceNames }, { ...duration, examples: ["10s", "1m"] }]
}
const vendorOf = ({ names }: Known): Json => ({ description: "Who scans.", enum: names })

const severity = { enum: ["info", "low", "medium", "high", "critical"] }
const ownGate = {
  description:
    "What is asked beside the gate of the run. For each rule the stricter of the two wins, so it can only make the gate stricter.",
  type: ["object", "null"],
  properties: {
    failOn: { description: "Fail the gate at this severity or worse.", ...severity },
    failOnNew: { description: "Fail the gate at what is new, at this severity or worse.", ...severity },
    minScore: { description: "Fail the gate below this score.", type: "number", minimum: 0, maximum: 100 },
    minGrade: { description: "Fail the gate below this grade.", type: "string", pattern: "^\\s*[A-Fa-f][+-]?\\s*$" },
    maxViolations: {
      description: "Fail the gate above this many violations.",
      type: "integer",
      minimum: 0,
      maximum: 1_000_000_000
    },
    allowMissing: {
      description: "A scan without the value does not break minScore, minGrade and maxViolations. Default: false.",
      type: "boolean"
    },
    allowPartial: { description: "False: a partial scan is no verdict here, whatever the run allows.", const: false },
    allowIncomplete: { description: "False: a scan without a verdict fails the run, whatever it allows.", const: false }
  },
  additionalProperties: false,
  examples: [{ failOn: "medium" }, { minScore: 80 }]
}

const examples: { readonly [K in SettingName]?: ReadonlyArray<unknown> } = {
  output: ["text", ["text", "json=scans.json", "sarif=scans.sarif"]],
  deadline: durationExamples,
  timeout: ["30m", "2h"],
  interval: ["10s", "1m"],
  concurrency: [10],
  lane: ["team-b"],
  reuse: [0, "1h", "1d"],
  journal: ["scans.db", "postgres://db.example/scanpoll", "memory:"],
  minScore: [70, { appvet: 80 }],
  minGrade: ["B", "A-"],
  maxViolations: [0],
  maxPurchases: [20],
  baseline: ["known.json"]
}

const output = {
  anyOf: [{ enum: Format.names }, { type: "string", pattern: `^(${Format.names.join("|")})=.*\\S` }]
}

const score = { type: "number", minimum: 0, maximum: 100 }

const shapeOf = (name: SettingName, setting: (typeof settings)[SettingName], vendors: Known): Json => {
  const { choices, kind, range } = setting
  if (choices !== null) return { enum: choices }
  switch (kind) {
    case "text":
      if (name === "lane") return { type: "string", pattern: "^\\s*[A-Za-z0-9][A-Za-z0-9._-]{0,63}\\s*$" }
      return name === "minGrade" ? { type: "string", pattern: "^\\s*[A-Fa-f][+-]?\\s*$" } : words
    case "duration":
      return name === "reuse" ? { anyOf: [{ type: "string", pattern: `^${spans}` }, { enum: [0, "0"] }] } : duration
    case "number":
      return { type: "integer", ...(range === null ? {} : { minimum: range[0], maximum: range[1] }) }
    case "switch":
      return { type: "boolean" }
    case "list":
      return { anyOf: [...output.anyOf, { type: "array", items: output }] }
    case "scores":
      return {
        anyOf: [score, { type: "object", propertyNames: { enum: vendors.names }, additionalProperties: score }]
      }
  }
}

const defaults = Settings.resolve({ flags: {}, environment: {}, plan: {} }).settings

// What stands in a plan for the value that is in force without one; none where it is not a text of a plan.
const defaultOf = (name: SettingName): Json => {
  const { choices, kind } = settings[name]
  const { shown, value } = defaults[name]
  if (kind === "switch") return { default: false }
  return choices !== null || kind === "list" || (kind === "duration" && value !== null) ? { default: shown } : {}
}

const section = (name: "defaults" | "gate", vendors: Known): Record<string, Json> =>
  Object.fromEntries(
    names.flatMap((setting) => {
      const { flag, plan, words } = settings[setting]
      if (plan === null || plan[0] !== name) return []
      const shown = examples[setting]
      const described = {
        description: `${words}. As a flag: --${flag}.`,
        ...shapeOf(setting, settings[setting], vendors),
        ...defaultOf(setting),
        ...(shown === undefined ? {} : { examples: shown })
      }
      return [[plan[1], described] as const]
    })
  )

const closed = (properties: Record<string, unknown>, required: ReadonlyArray<string> = []): Json => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false
})

// A section that is there and empty, as while somebody is writing it, is no section.
const optional = (description: string, schema: Json): Json => ({ description, ...schema, type: ["object", "null"] })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// JSON has no "absent" and no numbers beyond numbers, so an encoded schema lets null and "NaN" stand for them; a plan does not.
// And an unknown key is a mistake at every depth.
const strict = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(strict)
  if (!isObject(schema)) return schema
  const { anyOf, ...rest } = schema
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, strict(value)]))
  const out = isObject(inner["properties"]) ? { ...inner, additionalProperties: false } : inner
  if (!Array.isArray(anyOf)) return out
  const members = anyOf.filter(
    (member) =>
      isObject(member) &&
      member["type"] !== "null" &&
      !(Array.isArray(member["enum"]) && member["enum"].includes("NaN"))
  )
  const [only] = members
  return members.length === 1 && isObject(only)
    ? { ...Object(strict(only)), ...out }
    : { ...out, anyOf: members.map(strict) }
}

const variable = { type: "string", pattern: "\\$\\{[A-Z_][A-Z0-9_]*(:-[^}]*)?\\}" }

// A text that is bound to some form may have it once its variables are filled in.
const fillable = (schema: unknown): unknown => {
  if (!isObject(schema)) return schema
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "properties" && isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fillable(one)]))
        : value
    ])
  )
  const isBound = ["pattern", "format", "enum", "allOf"].some((key) => key in inner)
  const { description, ...rest } = inner
  return inner["type"] === "string" && isBound
    ? { ...(description === undefined ? {} : { description }), anyOf: [rest, variable] }
    : inner
}

// `type: [security, seo]` stands for a target of each.
const severalTypes = (properties: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { type } = properties
  if (!isObject(type) || type["type"] === "array") return properties
  const { description, ...one } = type
  const list = { type: "array", items: one, minItems: 1 }
  const forms = Array.isArray(one["anyOf"]) ? [...one["anyOf"], list] : [one, list]
  return { ...properties, type: { ...(description === undefined ? {} : { description }), anyOf: forms } }
}

const targetOf = ({ name, scans, schema, title }: Vendor): Json => {
  const document = JsonSchema.toDocumentDraft07(Schema.toJsonSchemaDocument(schema))
  if (Object.keys(document.definitions).length > 0) throw new TypeError(`${name}: a request schema with references`)
  const own = fillable(strict(document.schema))
  const properties = isObject(own) && isObject(own["properties"]) ? own["properties"] : {}
  const required = isObject(own) && Array.isArray(own["required"]) ? own["required"].map(String) : []
  return {
    title: `${title}: ${scans}`,
    ...closed({ vendor: { const: name, description: `${title}: ${scans}.` }, ...common, ...severalTypes(properties) }, [
      "vendor",
      ...required
    ])
  }
}

// What every target has beside its vendor's own fields.
const common = {
  account: {
    description: "Whose key is used: a label of `accounts`. Default: the account of the vendor's own variable.",
    ...words,
    default: "default"
  },
  name: {
    description:
      "The subject's name from run to run, also when its address changes: a baseline, a diff and the history go by it. Default: the subject itself.",
    ...words,
    maxLength: 200,
    examples: ["shop preview"]
  },
  pace,
  deadline,
  gate: ownGate
}

// An editor then complains about the vendor that is meant, and not about all the others that it might have been.
const cased = (one: Vendor): Json => ({
  if: { properties: { vendor: { const: one.name } }, required: ["vendor"] },
  then: targetOf(one)
})

/**
 * The schema of plans for these vendors.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (vendors: Known): Json => {
  const vendor = vendorOf(vendors)
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: address,
    title: "scanpoll plan",
    description: "What to scan, at which vendors, and when a run fails. Keys are in the environment, never in a plan.",
    ...closed(
      {
        $schema: { description: "The schema of this file, for editors of JSON.", ...words },
        version: { description: "The version of the plan's form.", const: 1, default: 1 },
        defaults: optional(
          "Settings of every target and of the run as a whole.",
          closed({ ...section("defaults", vendors), pace })
        ),
        gate: optional("When a run fails: exit code 1 where a rule fails.", closed(section("gate", vendors))),
        vendors: optional(
          "Settings of every target of a vendor.",
          closed(
            Object.fromEntries(
              vendors.all.map(({ name, scans, title }) => [
                name,
                { description: `${title}: ${scans}.`, ...closed({ pace, deadline, gate: ownGate }) }
              ])
            )
          )
        ),
        accounts: optional("Further credentials: a label for each, its vendor, and the variable that holds the key.", {
          propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", not: { const: "default" } },
          additionalProperties: closed(
            {
              vendor,
              variable: {
                description:
                  "The NAME of the environment variable that holds the key, never the key itself. It begins with the vendor's own, such as APPVET_API_KEY, or SCANPOLL_ALLOW_KEY_VARIABLES lists it.",
                type: "string",
                pattern: "^[A-Z_][A-Z0-9_]{0,127}$",
                examples: ["APPVET_API_KEY_TEAM_B"]
              }
            },
            ["vendor", "variable"]
          ),
          examples: [{ "team-b": { vendor: "appvet", variable: "APPVET_API_KEY_TEAM_B" } }]
        }),
        variables: {
          description:
            "The names that targets may hold as ${NAME} or ${NAME:-other}. Their values come from --var NAME=VALUE or SCANPOLL_VAR_NAME.",
          type: ["array", "null"],
          items: { type: "string", pattern: "^[A-Z_][A-Z0-9_]{0,63}$" },
          examples: [["SITE"]]
        },
        targets: {
          description: "What to scan, one entry a scan.",
          type: "array",
          maxItems: 100_000,
          items: {
            type: "object",
            properties: { vendor },
            required: ["vendor"],
            allOf: vendors.all.map(cased)
          }
        }
      },
      ["version", "targets"]
    )
  }
}
