/**
 * `scanpoll config`: writes a plan to start from, shows the settings in force with their sources, and checks a plan.
 *
 * @since 0.1.0
 */
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as SafeText from "@scanpoll/report/SafeText"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { type UsageError, quote, usage } from "../config/InputFault.ts"
import * as Keys from "../config/Keys.ts"
import * as Login from "../config/Login.ts"
import type { Plan } from "../config/Plan.ts"
import * as PlanSchema from "../config/PlanSchema.ts"
import { names, settings as catalogue, variable } from "../config/Setting.ts"
import * as Output from "../output/Output.ts"
import { type Streams, inert, say } from "../output/Streams.ts"
import * as WholeFile from "../output/WholeFile.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { Vendors } from "../vendors/Vendors.ts"
import { plural } from "../output/Plural.ts"

// A base may have been given a password or a key, which is then refused elsewhere; it is not shown here either.
const baseShown = (base: string | null): string | null => (base === null ? null : Login.hideAll(base))

type Services = FileSystem.FileSystem | Path.Path | Streams

/**
 * The plan that `config init` writes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const template = `# yaml-language-server: $schema=${PlanSchema.address}
# A scanpoll plan: what to scan, at which vendors, and when a run fails.
# Check it with \`scanpoll config validate\`, see its cost with \`scanpoll run --dry-run\`, run it with \`scanpoll run\`.
# Keys are in the environment, never here, such as APPVET_API_KEY; \`scanpoll vendors\` names each.
version: 1

defaults:
  timeout: 1h          # the whole run
  # deadline: 5m       # each scan; default: the vendor's own

gate:
  failOn: high         # info, low, medium, high, critical or off
  allowPartial: false

# vendors:
#   appvet: { pace: background }     # interactive, default, background, bulk, learned, or an interval such as 10s

# accounts:                          # a second credential at a vendor
#   team-b: { vendor: appvet, variable: APPVET_API_KEY_TEAM_B }

targets:
  - vendor: appvet
    url: https://example.com
    type: security     # security, performance, accessibility or seo

  # - vendor: exona
  #   company: { name: Acme AI Ltd, website: https://acme.ai }
  #   maxAgeDays: 30   # take a cached scan that is not older

  # - vendor: compliance             # needs COMPLIANCE_BASE_URL
  #   policyId: 550e8400-e29b-41d4-a716-446655440000
  #   uploadId: 123e4567-e89b-12d3-a456-426614174000
  #   mappingId: 789e0123-e45b-67c8-d901-234567890123

  # - vendor: urlscan
  #   url: https://example.com/
  #   visibility: unlisted           # public shows the address to everybody

  # - vendor: virustotal             # shows the address to its partners
  #   url: https://example.com/

  # - vendor: sonarqube              # waits for an analysis; needs SONARQUBE_BASE_URL
  #   project: acme_shop
  #   task: AZq1vT0eTASK00000001     # ceTaskId in report-task.txt
`

/**
 * `scanpoll config init [FILE]`: refuses to overwrite.
 *
 * @category constructors
 * @since 0.1.0
 */
export const init = Effect.fnUntraced(function* (input: {
  readonly file: string | null
}): Effect.fn.Return<number, UsageError, Services> {
  const file = input.file ?? ReadPlan.defaultPlan
  const fs = yield* FileSystem.FileSystem
  if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) {
    return yield* Effect.fail(usage(quote(file), "is there already and is not overwritten"))
  }
  const why = yield* WholeFile.obstacle(file)
  if (why !== null) return yield* Effect.fail(usage(quote(file), why))
  const failure = yield* Effect.match(WholeFile.write(file, [SafeText.seal("text", template)]), {
    onFailure: (message) => message,
    onSuccess: () => null
  })
  if (failure !== null) {
    yield* say(`error: ${inert(failure)}`)
    return 74
  }
  yield* say(
    `${inert(file)} written; edit it, then: scanpoll run ${file === ReadPlan.defaultPlan ? "" : ShellWord.quote(file)}`.trimEnd()
  )
  return 0
})

// The usual plan is shown where it is there.
const planOf = Effect.fnUntraced(function* (
  word: string | null
): Effect.fn.Return<Checked.Checked<Plan>, never, FileSystem.FileSystem | Vendors> {
  if (word !== null) return yield* ReadPlan.read(word, { looksOnly: true })
  const fs = yield* FileSystem.FileSystem
  const there = yield* Effect.orElseSucceed(fs.exists(ReadPlan.defaultPlan), () => false)
  return yield* ReadPlan.optional(there ? ReadPlan.defaultPlan : null)
})

/**
 * `scanpoll config show [PLAN]`: every setting, its value and where it came from. Keys are never shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const show = Effect.fnUntraced(function* (input: {
  readonly plan: string | null
  readonly flags: Resolve.FlagTexts
}): Effect.fn.Return<number, UsageError, Services | Vendors> {
  const { environment } = yield* ProcessContext
  const read = yield* planOf(input.plan)
  const resolved = yield* Resolve.settings(input.flags, read.value, environment)
  const settings = yield* Checked.accept(Checked.andThen(read, () => resolved))
  const { value: plan } = read
  const rows = names.map((name) => {
    const { shown, source, where } = settings[name]
    const setting = catalogue[name]
    return { name: setting.flag, variable: variable(setting), value: shown, source, where }
  })
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const known = yield* Vendors
  const vendors = yield* Effect.forEach(known.all, (vendor) =>
    Effect.map(vendor.keyVariable === null ? Effect.succeed(null) : keys.check(vendor.keyVariable), (key) => ({
      name: vendor.name,
      key: {
        variable: vendor.keyVariable,
        state: key === null ? "needs no key" : key._tag === "Set" ? "set" : key.message
      },
      base: {
        variable: vendor.baseVariable,
        value: baseShown(Accounts.baseOf(vendor, environment)),
        source: (environment[vendor.baseVariable]?.trim() ?? "") === "" ? "default" : "environment"
      },
      pace: plan.vendors.get(vendor.name)?.pace?.where ?? null
    }))
  )
  // The report formats of a run may be set; here they are only shown.
  const flagged = input.flags.output ?? []
  const format = flagged.some((text) => text.split("=", 1)[0] === "json") ? "json" : "text"
  const width = Math.max(...rows.map((row) => row.name.length))
  const valueWidth = Math.min(44, Math.max(...rows.map((row) => row.value.length)))
  const own = {
    ...settings,
    output: { value: [{ format, file: null }], texts: [], shown: format, source: "default" as const, where: "default" }
  }
  const failed = yield* Output.write(own, {
    text: () => [
      `plan${" ".repeat(Math.max(1, width - 2))}${plan.file === null ? "none" : `${inert(plan.file)}, ${plural(plan.targets.length, "target")}`}\n`,
      ...rows.map(
        (row) =>
          `${row.name.padEnd(width)}  ${inert(row.value).padEnd(valueWidth)}  ${row.source === "default" ? "default" : `${row.source}, ${inert(row.where)}`}\n`
      ),
      "\n",
      ...vendors.map(
        (vendor) =>
          `${vendor.name.padEnd(width)}  ${vendor.key.variable === null ? vendor.key.state : `${vendor.key.variable} ${vendor.key.state}`}; ${vendor.base.variable} ${vendor.base.value === null ? "not set" : `${inert(vendor.base.value)} (${vendor.base.source})`}\n`
      )
    ],
    json: () => ({ schemaVersion: 1, plan: plan.file, settings: rows, vendors })
  })
  return failed ? 74 : 0
})

/**
 * `scanpoll config validate [PLAN]`: every fault of a plan, without asking any vendor. Keys need not be set.
 *
 * @category constructors
 * @since 0.1.0
 */
export const validate = Effect.fnUntraced(function* (input: {
  readonly plan: string | null
  readonly flags: Resolve.FlagTexts
}): Effect.fn.Return<number, UsageError, Services | VendorHttp | Vendors> {
  const plan = yield* ReadPlan.fromWords(input.plan === null ? [] : [input.plan], input.flags)
  const asked = { name: "config validate", plan, flags: input.flags }
  const ready = yield* Effect.flatMap(Command.prepareTargets(asked, true), Checked.accept)
  const vendors = yield* Vendors
  const byVendor = vendors.all.flatMap((vendor) => {
    const count = ready.plan.targets.filter((target) => target.vendor.name === vendor.name).length
    return count === 0 ? [] : [`${count} for ${vendor.name}`]
  })
  const { file, targets } = ready.plan
  const what = file === null ? "what is given" : inert(file)
  yield* say(`${what} is valid: ${plural(targets.length, "target")} (${byVendor.join(", ")})`)
  return 0
})
