/**
 * `scanpoll vendors new NAME`: writes a definition to start from, what its vendor says, and a test of both.
 *
 * The three files are whole: they pass their own check, and can be simulated and scanned before a line is changed.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { usage, type UsageError } from "../config/InputFault.ts"
import { say, type Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { Vendors } from "../vendors/Vendors.ts"

const titleOf = (name: string): string =>
  name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ")

const variableOf = (name: string): string => `${name.toUpperCase().replaceAll("-", "_")}_API_KEY`

const definition = (name: string): string => `/**
 * ${titleOf(name)}, as a vendor of scanpoll. Change every line that the vendor's documentation has otherwise, then:
 *
 *     npx scanpoll vendors --check ./${name}.ts
 *
 * The function is given all it needs, so this file works without a node_modules. Every part is described in
 * https://github.com/scanpoll/scanpoll/blob/main/docs/guides/adapters.md
 */
// Types alone, for editors: npm install --save-dev @scanpoll/core effect
import type { Vendor as Vendors } from "@scanpoll/core"

export default ({ Vendor, Wire, Schema, Duration }: Vendors.Parts) => {
  // What is kept of a finished scan: the payload of its outcome.
  const Verdict = Schema.Struct({ score: Wire.percent, grade: Schema.optionalKey(Wire.words(16)) })

  return Vendor.define({
    name: "${name}",
    title: "${titleOf(name)}",
    scans: "scans of web sites",
    docs: "https://${name}.example/docs",
    // The default address. null: the user says it with ${name.toUpperCase().replaceAll("-", "_")}_BASE_URL.
    baseUrl: "https://api.${name}.example",
    // How the key is shown: "bearer", "basic", "none", { header: "X-Api-Key" }, { query: "key" } ...
    auth: "bearer",
    key: { variable: "${variableOf(name)}" },
    // An id that no scan has: \`scanpoll doctor\` asks for it.
    probe: "none",

    // What is scanned: the fields of a target in a plan. \`line\` is the field of "${name}:..." on a command line.
    target: Schema.Struct({ url: Vendor.url }),
    sample: { url: "https://shop.example/" },
    line: "url",
    subject: ({ url }) => Vendor.urlSubject(url),
    // Two targets with one fingerprint are one purchase.
    fingerprint: ({ url }) => Vendor.sameUrl(url) ?? url,

    // The one request that buys. \`id\`: where its answer has the id of the new scan.
    submit: { path: "/v1/scans", body: ({ url }) => ({ url }), id: ["id"] },

    // What is read of a finished scan. A missing optional key is left out; a missing other one makes the answer broken.
    answer: Schema.Struct({ verdict: Schema.optionalKey(Verdict), error: Schema.optionalKey(Wire.words(1000)) }),
    payload: Verdict,

    // The one request of a poll, and what each status word means. Words are compared exactly.
    status: {
      path: "/v1/scans/{id}",
      id: ["id"],
      word: ["status"],
      words: {
        queued: "queued",
        running: "running",
        done: {
          completed: ({ verdict }) =>
            verdict === undefined
              ? Vendor.unusable("no-verdict", "done, but without a verdict")
              : { payload: verdict, assessment: Vendor.scored(verdict.score, { grade: verdict.grade ?? null }) }
        },
        failed: { failed: ({ error }) => error }
      }
    },

    // Where an error has its code and its words, and what the documented ones mean for a poll and for a submission.
    errors: {
      code: ["code"],
      message: ["message"],
      rows: { "429 quota_used_up": { submit: "Refused!", advice: "the scans of this month are used up" } }
    },

    // How often to ask, and how much the vendor allows.
    pacing: {
      limits: { floor: "2 seconds" },
      every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
      deadline: "10 minutes",
      budget: { requests: 60, typicalDuration: Duration.seconds(60) }
    }
  })
}
`

const samples = (name: string): string => `/**
 * What ${titleOf(name)} says: its requests and answers, copied from its documentation and not from the definition, or a
 * mistake is made twice and seen by nobody. \`vendors --check\` holds the definition against it, \`simulate\` plays it.
 */
const id = "scan-1001"
const key = { authorization: "Bearer {key}" }
const scan = (fields: object) => ({ body: { id, ...fields } })
const error = (status: number, code: string) => ({ status, body: { code, message: "in the vendor's words" } })

export const samples = {
  // Pairs of targets that are one purchase, pairs that are two, and targets with a fault at \`path\`.
  requests: {
    equal: [[{ url: "https://shop.example/" }, { url: "https://SHOP.example:443/" }]],
    different: [
      [{ url: "https://shop.example/" }, { url: "https://shop.example/cart" }],
      [{ url: "https://shop.example/" }, { url: "https://blog.example/" }]
    ],
    invalid: [{ request: { url: "shop.example" }, path: ["url"] }]
  },
  // The documented request, with {key} where the key goes, and the answers that take it.
  submit: {
    sends: { method: "POST", path: "/v1/scans", headers: key, body: { url: "https://shop.example/" } },
    accepted: [{ status: 202, body: { id, status: "queued" } }]
  },
  // One answer for each documented word. \`result\`: where the verdict lies. \`reason\`: where a failed scan says why.
  poll: {
    sends: { method: "GET", path: "/v1/scans/{id}", headers: key },
    otherId: "scan-2002",
    scans: [
      { means: "queued", answer: scan({ status: "queued" }) },
      { means: "running", answer: scan({ status: "running" }) },
      { means: "Completed", answer: scan({ status: "done", verdict: { score: 81, grade: "B" } }), result: [["verdict"]] },
      { means: "Failed", answer: scan({ status: "failed", error: "the site did not answer" }), reason: [["error"]] }
    ]
  },
  // Documented errors, and what they mean for a submission and for a poll.
  errors: [
    { answer: error(400, "bad_url"), submit: "Refused" },
    { answer: error(401, "bad_key"), submit: "Denied", poll: "Denied" },
    { answer: error(404, "no_such_scan"), poll: "Missing" },
    { answer: error(429, "slow_down"), submit: "Throttled", poll: "Throttled" }
  ]
}
`

const test = (name: string): string => `/** Run it with: node --test ${name}.test.ts */
import { execFileSync } from "node:child_process"
import process from "node:process"
import { test } from "node:test"

test("${name} keeps every rule of conformance", () => {
  execFileSync("npx", ["scanpoll", "vendors", "--check", "./${name}.ts"], {
    cwd: import.meta.dirname,
    // On Windows npx is a file of commands.
    shell: process.platform === "win32",
    stdio: "inherit"
  })
})
`

/**
 * `scanpoll vendors new NAME`. Files that are there are not replaced.
 *
 * @category constructors
 * @since 0.2.0
 */
export const create = Effect.fnUntraced(function* (
  name: string
): Effect.fn.Return<number, UsageError, FileSystem.FileSystem | Path.Path | Streams | Vendors> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { directory } = yield* ProcessContext
  const vendors = yield* Vendors
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    return yield* Effect.fail(usage("NAME", "must be 1 to 32 of a-z, 0-9 and -, a letter first"))
  }
  if (vendors.byName(name) !== null) return yield* Effect.fail(usage("NAME", `${name} is a shipped vendor already`))
  const files = [
    [`${name}.ts`, definition(name)],
    [`${name}.samples.ts`, samples(name)],
    [`${name}.test.ts`, test(name)]
  ] as const
  for (const [file, text] of files) {
    yield* Effect.mapError(fs.writeFileString(path.join(directory, file), text, { flag: "wx" }), () =>
      usage(file, "cannot be written, or is there already")
    )
  }
  yield* say(
    `${files.map(([file]) => file).join(", ")} written. Change them to what the vendor documents, then:`,
    `  scanpoll vendors --check ./${name}.ts    # is the definition right?`,
    `  scanpoll demo --vendor ./${name}.ts      # a whole run of it in seconds, without a key`,
    `  scanpoll simulate --vendor ./${name}.ts  # a server that plays it`,
    `  scanpoll run --vendor ./${name}.ts ${name}:https://shop.example/`
  )
  return 0
})
