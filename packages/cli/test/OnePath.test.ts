// Every command that takes a plan refuses what `run` refuses before it buys, in the same words.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { inside } from "./support/inside.ts"

// One mistake: in the plan, in the flags, or in the environment.
interface Mistake {
  readonly defaults?: string
  readonly gate?: string
  readonly account?: string
  readonly vendor?: string
  readonly variable?: string
  // Files of the folder that holds the plan, by name. FOLDER in a flag or a variable is that folder.
  readonly files?: Readonly<Record<string, string>>
  readonly target?: string
  readonly noTargets?: boolean
  readonly flags?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
}

const mistakes: Readonly<Record<string, Mistake>> = {
  "an unknown format in the plan": { defaults: "output: [sarf=x]" },
  "an unknown format as a flag": { flags: ["-o", "sarf"] },
  "an unknown format in a variable": { environment: { SCANPOLL_OUTPUT: "jsn" } },
  "two formats for standard output": { flags: ["-o", "text", "-o", "json"] },
  "an output in a folder that is not there": { flags: ["-o", "json=nowhere/x.json"] },
  "one file for two outputs": { flags: ["-o", "json=x", "-o", "sarif=./x"] },
  "an output that is the plan": { flags: ["-o", "json=PLAN"] },
  "a baseline that is not there": { flags: ["--baseline", "missing.json"] },
  "a baseline of the plan that is not there": { gate: "baseline: missing.json" },
  "a baseline that is a folder": { flags: ["--baseline", "."] },
  "a threshold that is none": { gate: "failOn: severe" },
  "a deadline that is none": { environment: { SCANPOLL_DEADLINE: "soon" } },
  "a variable that is misspelt": { environment: { SCANPOLL_DEADLIN: "5m" } },
  "a deadline before the first poll": { flags: ["--deadline", "1ms"] },
  "a target without a sound address": { target: "{ vendor: appvet, url: nowhere }" },
  "a target of an account that is not there": { target: "{ vendor: appvet, url: https://b.example, account: nobody }" },
  "a target of an unknown vendor": { target: "{ vendor: apvet, url: https://b.example }" },
  "a key with a line break in it": { environment: { APPVET_API_KEY: "avk_live_abc\ndef_ghi_jkl" } },
  "a base address that is none": { environment: { APPVET_BASE_URL: "ftp://appvet.example" } },
  "a base address by plain http": { environment: { APPVET_BASE_URL: "http://appvet.example" } },
  "a key file that is not there": { flags: ["--key-file", "keys.env"] },
  "a variable of a shell in an address": { target: '{ vendor: appvet, url: "https://${HOST}.example/" }' },
  "a variable of a template in a name": {
    target: '{ vendor: exona, company: { name: "{{ company }}", website: https://acme.ai } }'
  },
  "no target at all": { noTargets: true },
  "an address of what a program did not have": { target: "{ vendor: appvet, url: https://undefined/ }" },
  "a percent sign that escapes nothing": { target: "{ vendor: appvet, url: https://a.example/100%/x }" },

  "a type that is none": { target: "{ vendor: appvet, url: https://b.example, type: securty }" },
  "a field that is none": { target: "{ vendor: appvet, url: https://b.example, type: seo, tpye: seo }" },
  "a dataset without an upload": {
    target: "{ vendor: compliance, policyId: nowhere }",
    environment: {
      COMPLIANCE_TOKEN: "aaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccc",
      COMPLIANCE_BASE_URL: "https://compliance.example"
    }
  },
  "one name for two subjects": {
    target:
      "{ vendor: appvet, url: https://b.example, type: seo, name: shop }\n  - { vendor: appvet, url: https://c.example, type: seo, name: shop }"
  },

  "an account of an unknown vendor": { account: "team: { vendor: apvet, variable: APPVET_API_KEY_TEAM }" },
  "an account with the key of another vendor": { account: "team: { vendor: appvet, variable: EXONA_API_KEY }" },
  "an account with the key of something else": { account: "team: { vendor: appvet, variable: AWS_SECRET_ACCESS_KEY }" },
  "an account with the name of every first one": { account: "default: { vendor: appvet, variable: APPVET_API_KEY_B }" },
  "an account without a variable": { account: "team: { vendor: appvet }" },
  "a target of another vendor's account": {
    account: "lab: { vendor: exona, variable: EXONA_API_KEY_LAB }",
    target: "{ vendor: appvet, url: https://b.example, type: seo, account: lab }"
  },
  "a second key that no header can carry": {
    account: "team: { vendor: appvet, variable: APPVET_API_KEY_TEAM }",
    target: "{ vendor: appvet, url: https://b.example, type: seo, account: team }",
    environment: { APPVET_API_KEY_TEAM: "avk_live_abc\u0000def_ghi" }
  },
  "a key file that is a folder": { flags: ["--key-file", "FOLDER"] },

  "settings of an unknown vendor": { vendor: "apvet: { pace: bulk }" },
  "a pace that is none": { vendor: "appvet: { pace: soon }" },
  "a deadline of a vendor that is none": { vendor: "exona: { deadline: later }" },
  "an option that a vendor does not have": { vendor: "appvet: { speed: 11 }" },
  "an organization that is none": {
    target:
      "{ vendor: compliance, policyId: 550e8400-e29b-41d4-a716-446655440000, uploadId: 550e8400-e29b-41d4-a716-446655440000, mappingId: 550e8400-e29b-41d4-a716-446655440000 }",
    environment: {
      COMPLIANCE_TOKEN: "aaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccc",
      COMPLIANCE_BASE_URL: "https://compliance.example",
      COMPLIANCE_ORGANIZATION_ID: "acme"
    }
  },

  "a list that is not there": { flags: ["--targets", "FOLDER/nowhere.txt"] },
  "a list that holds no target": { files: { "none.txt": "# nothing\n" }, flags: ["--targets", "FOLDER/none.txt"] },
  "a list with a line that is no target": {
    files: { "list.txt": "appvet:https://c.example\nhttps://d.example\n" },
    flags: ["--targets", "FOLDER/list.txt"]
  },
  "a list in columns that are none": {
    files: { "list.csv": "vendor,adress\nappvet,https://c.example\n" },
    flags: ["--targets", "FOLDER/list.csv"]
  },
  "a list with an address of a template": {
    files: { "list.ndjson": '{"vendor":"appvet","url":"https://${HOST}.example","type":"seo"}\n' },
    flags: ["--targets", "FOLDER/list.ndjson"]
  },
  "a value for a variable that is not declared": { flags: ["--var", "HOST=shop"] },
  "a variable without a value": {
    variable: "[HOST]",
    target: '{ vendor: appvet, url: "https://${HOST}.example/", type: seo }'
  },

  "an output that is the baseline": {
    files: { "known.json": '{"baselineVersion":2,"subjects":[]}' },
    flags: ["--baseline", "FOLDER/known.json", "-o", "json=FOLDER/known.json"]
  },
  "an output that is the key file": {
    files: { "keys.env": "APPVET_API_KEY=avk_live_abcdefghijklmnop\n" },
    flags: ["--key-file", "FOLDER/keys.env", "-o", "json=FOLDER/keys.env"]
  },
  "an output that is a folder": { flags: ["-o", "html=FOLDER"] },
  "an output of the plan that leaves its folder": { defaults: "output: [json=../../outside.json]" },
  "an output with a name that no file has": { flags: ["-o", `json=FOLDER/${"n".repeat(300)}`] },
  "a baseline that cannot be read": {
    files: { "odd.json": '{"baselineVersion":7}' },
    flags: ["--baseline", "FOLDER/odd.json"]
  },

  "no purchase at all where it is a number": { flags: ["--max-purchases", "many"] },
  "an untrusted plan without a limit": { flags: ["--untrusted-plan"] },
  "no scan at a time": { flags: ["--concurrency", "0"] },
  "an interval that is none": { flags: ["--interval", "often"] },
  "a run of no time": { flags: ["--timeout", "0s"] },
  "a score that is none": { flags: ["--min-score", "good"] },
  "a score of an unknown vendor": { flags: ["--min-score", "apvet=80"] }
}

const sections = { defaults: "defaults", gate: "gate", account: "accounts", vendor: "vendors" } as const

const planOf = (all: ReadonlyArray<Mistake>): string => {
  const lines = (name: keyof typeof sections) => {
    const found = all.flatMap((one) => (one[name] === undefined ? [] : [`  ${one[name]}`]))
    return found.length === 0 ? [] : [`${sections[name]}:`, ...found]
  }
  const variables = all.flatMap(({ variable }) => (variable === undefined ? [] : [`variables: ${variable}`]))
  const targets = all.flatMap((one) => (one.target === undefined ? [] : [`  - ${one.target}`]))
  return [
    "version: 1",
    ...variables,
    ...lines("defaults"),
    ...lines("gate"),
    ...lines("account"),
    ...lines("vendor"),
    ...(all.some((one) => one.noTargets === true)
      ? ["targets: []", ""]
      : ["targets:", "  - { vendor: appvet, url: https://a.example, type: seo }", ...targets, ""])
  ].join("\n")
}

// What a template, a shell or a program leaves behind where a value is missing, and what only looks like it (V-15).
const leftBehind: ReadonlyArray<readonly [target: string, fault: RegExp | null]> = [
  ["appvet:https://${HOST}.example/", /url holds "\$\{HOST\}": only `\$\{NAME\}` of a plan/],
  ["appvet:https://a.example/$(id)", /url holds "\$\(id\)"/],
  ["appvet:https://{{host}}.example/", /url holds "\{\{host\}\}"/],
  ["appvet:https://%HOST%/", /url holds "%HOST%"/],
  ["appvet:https://undefined/", /url has the host "undefined"/],
  ["appvet:https://preview.null/x", /url has the host "preview.null"/],
  ["appvet:https://a.example/%E4bc%2", /url holds "%2", which is no percent-escape; a percent sign itself is %25/],
  ["exona:${COMPANY}=https://acme.ai", /company.name holds "\$\{COMPANY\}"/],
  ["exona:undefined=https://acme.ai", /company.name is "undefined"/],
  ["exona:Acme=https://null", /company.website has the host "null"/],
  ["appvet:https://$HOST.example/", /url holds "\$HOST": only `\$\{NAME\}` of a plan/],
  ["appvet:https://shop.$DOMAIN/x", /url holds "\$DOMAIN"/],
  ["exona:$COMPANY=https://acme.ai", /company.name holds "\$COMPANY"/],
  ["exona:#{name}=https://acme.ai", /company.name holds "#\{name\}"/],
  ["appvet:https://a.example/$HOST/?price=$5", null],
  ["exona:Ca$h Ltd=https://acme.ai", null],
  ["exona:$ave Ltd=https://acme.ai", null],
  ["appvet:https://a.example/%E4bc%20", null],
  ["appvet:https://a.example/%AB%CD%ED%", /no percent-escape/],
  ["exona:100% AI Ltd=https://acme.ai", null],
  ["exona:Null & Void=https://nullandvoid.ai", null]
]

const commands = {
  run: ["run"],
  "run --dry-run": ["run", "--dry-run"],
  "config validate": ["config", "validate"]
} as const

// The plan and the other files of mistakes, in a folder.
const written = Effect.fnUntraced(function* (folder: string, all: ReadonlyArray<Mistake>) {
  const fs = yield* FileSystem.FileSystem
  const plan = `${folder}/scans.yaml`
  const files = Object.assign({ "scans.yaml": planOf(all) }, ...all.map((one) => one.files ?? {}))
  for (const [name, text] of Object.entries<string>(files)) yield* fs.writeFileString(`${folder}/${name}`, text)
  return plan
})

const refusals = Effect.fnUntraced(function* (all: ReadonlyArray<Mistake>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const plan = yield* written(folder, all)
  const environment = Object.assign(
    {
      APPVET_API_KEY: "avk_live_abcdefghijklmnop",
      EXONA_API_KEY: "exo_test_abcdefghijklmnop",
      // Nobody answers there, should one of them not be refused.
      APPVET_BASE_URL: "https://127.0.0.1:9",
      SCANPOLL_JOURNAL: "memory:"
    },
    ...all.map((one) => one.environment ?? {})
  )
  const flags = all
    .flatMap((one) => one.flags ?? [])
    .map((text) => text.replace("PLAN", plan).replace("FOLDER", folder))
  return yield* Effect.forEach(Object.entries(commands), ([name, words]) =>
    Effect.map(inside([...words, plan, ...flags], { environment }), ({ err, failure, out }) => ({
      name,
      out,
      err,
      code: failure instanceof ProcessExit ? failure.code : failure
    }))
  )
})

// What `run` says of mistakes, and what `doctor` says of them.
const doctored = Effect.fnUntraced(function* (all: ReadonlyArray<Mistake>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const plan = yield* written(folder, all)
  const environment = Object.assign(
    {
      APPVET_API_KEY: "avk_live_abcdefghijklmnop",
      // Nobody answers there, so that `doctor` asks no vendor.
      APPVET_BASE_URL: "https://127.0.0.1:9",
      SCANPOLL_JOURNAL: "memory:"
    },
    ...all.map((one) => one.environment ?? {})
  )
  // `doctor` has the flags of a run in the environment alone, and outputs and values of variables of its own.
  const flags = all.flatMap(({ flags: texts = [] }) =>
    texts.flatMap((name, at) => {
      if (!name.startsWith("--") || name === "--var") return []
      const value = texts[at + 1] ?? "true"
      return [
        [`SCANPOLL_${name.slice(2).replaceAll("-", "_").toUpperCase()}`, value.replace("FOLDER", folder)] as const
      ]
    })
  )
  const surroundings = { environment: { ...environment, ...Object.fromEntries(flags) } }
  const { err } = yield* inside(["run", plan], surroundings)
  const doctor = yield* inside(["doctor", plan], surroundings)
  // What is wrong with its own output, `doctor` refuses itself.
  return { err, out: doctor.out + doctor.err }
})

const same = Effect.fnUntraced(function* (all: ReadonlyArray<Mistake>, title: string) {
  const [run, ...others] = yield* Effect.scoped(refusals(all))
  assert.strictEqual(run?.code, 2, `${title}: ${run?.err}`)
  for (const other of others) {
    assert.strictEqual(other.err, run?.err, `${title}: ${other.name}`)
    assert.deepStrictEqual([other.code, other.out], [2, ""], `${title}: ${other.name}`)
  }
})

describe("the input of a run", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "is refused by `run --dry-run` and `config validate` in the words of `run`, whatever is wrong (V-18)",
      () => Effect.forEach(Object.entries(mistakes), ([title, mistake]) => same([mistake], title))
    )

    it.effect("is refused with all its faults at once by each of them, whichever they are together (V-18)", () =>
      Effect.gen(function* () {
        const names = Object.keys(mistakes)
        const known = Object.values(mistakes)
        // Each mistake meets others that are near and far from it.
        for (const step of [1, 7, 23]) {
          for (let at = step % 3; at < names.length; at += 3) {
            const second = (at + step) % names.length
            const pair = [known[at], known[second]].filter((one) => one !== undefined)
            yield* same(pair, `${names[at]} and ${names[second]}`)
          }
        }
      })
    )

    it.effect("is refused by `doctor` as well, in the words of `run`, for any set of mistakes (V-15, V-18)", () =>
      Effect.gen(function* () {
        const known = Object.values(mistakes)
        let seed = 15
        const draw = (below: number): number => {
          seed = (seed * 48_271) % 2_147_483_647
          return seed % below
        }
        for (let round = 0; round < 12; round++) {
          const drawn = new Set(Array.from({ length: 2 + draw(5) }, () => draw(known.length)))
          const all = known.filter((_, at) => drawn.has(at))
          const title = Object.keys(mistakes)
            .filter((_, at) => drawn.has(at))
            .join(" and ")
          yield* same(all, title)
          const { err, out } = yield* Effect.scoped(doctored(all))
          const faults = err.split("\n").flatMap((line) => /^ {2}(?<fault>\S.*)$/.exec(line)?.groups?.["fault"] ?? [])
          assert.isAbove(faults.length, 0, err)
          for (const fault of faults) assert.include(out, fault.slice(fault.indexOf(": ") + 2), title)
        }
      })
    )

    it.effect("is refused where a template left something behind, and what only looks like it is not (V-15)", () =>
      Effect.gen(function* () {
        const environment = {
          APPVET_API_KEY: "avk_live_abcdefghijklmnop",
          EXONA_API_KEY: "exo_test_abcdefghijklmnop",
          SCANPOLL_JOURNAL: "memory:"
        }
        for (const [target, fault] of leftBehind) {
          const { err, failure } = yield* inside(["run", "--dry-run", target], { environment })
          if (fault === null) assert.strictEqual(failure, null, err)
          else {
            assert.strictEqual(failure instanceof ProcessExit ? failure.code : failure, 2, target)
            assert.match(err, fault)
          }
        }
      })
    )

    it.effect("needs no key and no base address for `config validate`", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const plan = `${yield* fs.makeTempDirectoryScoped()}/scans.yaml`
          yield* fs.writeFileString(
            plan,
            "version: 1\ntargets:\n  - { vendor: appvet, url: https://a.example, type: seo }\n  - { vendor: compliance, policyId: 550e8400-e29b-41d4-a716-446655440000, uploadId: 123e4567-e89b-12d3-a456-426614174000, mappingId: 789e0123-e45b-67c8-d901-234567890123 }\n"
          )
          const { err, failure } = yield* inside(["config", "validate", plan])
          assert.strictEqual(failure, null, err)
          assert.match(err, /scans\.yaml is valid: 2 targets \(1 for compliance, 1 for appvet\)\n$/)
        })
      )
    )

    it.effect("is called 1 target where it is one, by `config validate` and `doctor` (V-18)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const plan = `${yield* fs.makeTempDirectoryScoped()}/scans.yaml`
          yield* fs.writeFileString(plan, planOf([]))
          assert.match((yield* inside(["config", "validate", plan])).err, /is valid: 1 target \(1 for appvet\)\n$/)
          assert.match((yield* inside(["config", "show", plan])).out, /, 1 target\n/)
          assert.match((yield* inside(["doctor", plan])).out, /scans\.yaml: 1 target\n/)
        })
      )
    )

    it.effect(
      "that is a key no header can carry fails `doctor` without a plan, where a missing key does not (V-18)",
      () =>
        Effect.gen(function* () {
          const environment = { APPVET_API_KEY: "avk_live_abc\ndef_ghi_jkl" }
          const { out } = yield* inside(["doctor"], { environment })
          assert.match(out, /^FAIL appvet +APPVET_API_KEY /m)
          assert.match(out, /^- +exona +EXONA_API_KEY is not set/m)
        })
    )

    it.effect("is told by `doctor` in the words of `run` (V-18)", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const plan = `${yield* fs.makeTempDirectoryScoped()}/scans.yaml`
          yield* fs.writeFileString(plan, planOf([{ defaults: "output: [sarf=x]", gate: "baseline: missing.json" }]))
          const { out } = yield* inside(["doctor", plan])
          assert.match(out, /FAIL output +\S+:3:\d+: unknown format "sarf"; did you mean "sarif"\?\n/)
          assert.match(out, /FAIL config +\S+:5:\d+ missing\.json: there is no such file\n/)
        })
      )
    )
  })
})

describe("a word that is nearly right", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("gets the target or the flag that was meant (V-18)", () =>
      Effect.gen(function* () {
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
          [["run", "https://a.example"], /names its vendor; did you mean "appvet:https:\/\/a\.example"/],
          [["submit", "HTTPS://a.example/x?y=1"], /did you mean "appvet:HTTPS:\/\/a\.example\/x\?y=1"/],
          [["run", "a.example/x"], /no such plan.*did you mean "appvet:https:\/\/a\.example\/x"/],
          [["run", "Acme=https://acme.ai"], /no such plan.*did you mean "exona:Acme=https:\/\/acme\.ai"\?/],
          [["run", "scan.yaml"], /no such plan, and it is no target either[^;]*\n/],
          [["run", "--format", "sarif"], /no flag --format; did you mean `-o FORMAT\[=FILE\]`\?/],
          [["wait", "appvet:scan_abc", "--sarif"], /no flag --sarif; did you mean `-o sarif`\?/],
          [["run", "--verbose"], /no flag --verbose; did you mean `--log-level debug`\?/],
          [["purge", "--format", "json"], /purge has no flag --format\n/]
        ]
        for (const [words, said] of cases) assert.match((yield* inside(words)).err, said, words.join(" "))
      })
    )

    it.effect("is told which formats a command writes (V-18)", () =>
      Effect.gen(function* () {
        for (const words of [
          ["status"],
          ["status", "appvet:scan_abc"],
          ["submit", "appvet:https://a.example"],
          ["vendors"],
          ["doctor"]
        ]) {
          const { err } = yield* inside([...words, "-o", "sarif"])
          assert.include(err, `--output: \`${words[0]}\` writes text or json, not sarif\n`)
        }
      })
    )
  })
})
