/** Which of several values is in force, down to what runs: seen in a dry run, which asks nobody. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { inside } from "./support/inside.ts"

const plan = [
  "version: 1",
  "defaults: { deadline: 9m }",
  "vendors:",
  "  appvet: { pace: 41s, deadline: 8m }",
  "targets:",
  "  - { vendor: appvet, url: https://own.example, type: security, pace: 43s, deadline: 7m }",
  "  - { vendor: appvet, url: https://vendors.example, type: security }",
  "  - { vendor: exona, company: { name: A, website: https://a.example } }",
  ""
].join("\n")

const keys = {
  APPVET_API_KEY: "avk_live_0123456789",
  EXONA_API_KEY: "exo_live_0123456789",
  SCANPOLL_JOURNAL: "memory:"
}

// The words of each target's policy, by its name.
const policies = (text: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  let words = ""
  for (const line of text.split("\n")) {
    if (/^ {12}\S/.test(line)) words = line.trim()
    else if (/^ {4}\S/.test(line)) found.set(line.trim(), words)
  }
  return found
}

describe("the policy that runs", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    const dry = (flags: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const file = `${yield* fs.makeTempDirectoryScoped()}/scans.yaml`
          yield* fs.writeFileString(file, plan)
          const { err, failure, out } = yield* inside(["run", file, "--dry-run", ...flags], {
            environment: { ...keys, ...environment }
          })
          assert.isNull(failure, err)
          const all = policies(out)
          return ["https://own.example/ (security)", "https://vendors.example/ (security)", "A"].map((name) => {
            const words = all.get(name) ?? out
            return [/every ([\dms.]+)/.exec(words)?.[1], /after (\d+m?s?)[^\d]*$/.exec(words)?.[1]] as const
          })
        })
      )

    it.effect("is the target's own before its vendor's, and that before the plan's (CL-09)", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* dry([]), [
          ["43s", "7m"],
          ["41s", "8m"],
          ["10s", "9m"]
        ])
      })
    )

    for (const [how, flags, environment] of [
      ["a flag", ["--interval", "47s", "--deadline", "6m"], {}],
      ["a variable", [], { SCANPOLL_INTERVAL: "47s", SCANPOLL_DEADLINE: "6m" }],
      [
        "a flag before a variable",
        ["--interval", "47s", "--deadline", "6m"],
        { SCANPOLL_INTERVAL: "53s", SCANPOLL_DEADLINE: "5m" }
      ]
    ] as const) {
      it.effect(`is what ${how} says, before anything in the plan (CL-09)`, () =>
        Effect.gen(function* () {
          for (const one of yield* dry(flags, environment)) assert.deepStrictEqual(one, ["47s", "6m"])
        })
      )
    }
  })
})
