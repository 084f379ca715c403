// Targets as people have them: lists, several types, variables of a plan, another account's.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { ProcessExit } from "scanpoll/process/ProcessExit"
import { inside } from "./support/inside.ts"

const Forecast = Schema.Struct({
  purchases: Schema.Number,
  accounts: Schema.Array(
    Schema.Struct({
      vendor: Schema.String,
      account: Schema.String,
      policies: Schema.Array(Schema.Struct({ names: Schema.Array(Schema.String) }))
    })
  )
})

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Forecast))

const keys = {
  APPVET_API_KEY: "avk_live_abcdefghijklmnop",
  APPVET_API_KEY_TEAM_B: "avk_live_qrstuvwxyzabcdef",
  EXONA_API_KEY: "exo_test_abcdefghijklmnop",
  SCANPOLL_JOURNAL: "memory:"
}

// What a dry run would ask for: `vendor@account name` of each target; or the faults, with the folder's path left out.
const asked = Effect.fnUntraced(function* (
  files: Readonly<Record<string, string>>,
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  yield* Effect.forEach(Object.entries(files), ([name, text]) => fs.writeFileString(`${folder}/${name}`, text))
  const args = ["run", "--dry-run", "-o", "json", ...words.map((word) => word.replace("./", `${folder}/`))]
  const { err, failure, out } = yield* inside(args, { environment: { ...keys, ...environment } })
  if (failure !== null) {
    assert.strictEqual(failure instanceof ProcessExit ? failure.code : failure, 2, err)
    return err
      .replaceAll(`${folder}/`, "")
      .split("\n")
      .slice(1)
      .map((line) => line.trim())
  }
  const { accounts } = decode(out)
  return accounts.flatMap((one) =>
    one.policies.flatMap(({ names }) =>
      names.map((name) => `${one.vendor}${one.account === "default" ? "" : `@${one.account}`} ${name}`)
    )
  )
})

const plan = (targets: string, more = ""): string => `version: 1\n${more}targets:\n${targets}`

describe("targets", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect("come from a list with a target a line, blank lines and comments left out (U-06)", () =>
      Effect.gen(function* () {
        const text = "\uFEFF# sites\r\nappvet:https://a.example\r\n\r\nexona:Acme=https://acme.ai\r\n"
        assert.deepStrictEqual(yield* asked({ "t.txt": text }, ["--targets", "./t.txt"]), [
          "appvet https://a.example/ (security)",
          "exona Acme"
        ])
      })
    )

    it.effect("that are bare addresses need the vendor they are for, and may be given a type (U-06)", () =>
      Effect.gen(function* () {
        const files = { "t.txt": "https://a.example\nappvet:https://b.example\n" }
        assert.deepStrictEqual(yield* asked(files, ["--targets", "./t.txt", "--targets-as", "appvet:seo"]), [
          "appvet https://a.example/ (seo)",
          "appvet https://b.example/ (security)"
        ])
        const [bare] = yield* asked(files, ["--targets", "./t.txt"])
        assert.match(bare ?? "", /^t\.txt:1: a target names its vendor; did you mean "appvet:https:\/\/a\.example"/)
        const [type] = yield* asked(files, ["--targets", "./t.txt", "--targets-as", "appvet:sea"])
        assert.match(type ?? "", /^t\.txt:1: type must be one of security/)
        const vendor = yield* asked(files, ["--targets", "./t.txt", "--targets-as", "apvet"])
        assert.match(vendor.join("\n"), /--targets-as: unknown vendor "apvet"; did you mean "appvet"\?/)
      })
    )

    it.effect(
      "come from CSV whose header names the keys of a plan, with numbers and switches where the vendor has them (U-06)",
      () =>
        Effect.gen(function* () {
          const text = [
            "vendor,url,type,company.name,company.website,maxAgeDays,forceRefresh,name",
            "appvet,https://a.example,seo,,,,,shop",
            'exona,,,"Acme, Ltd",https://acme.ai,30,true,',
            ",,,,,,,",
            "exona,,,2024,https://twenty.example,,,",
            ""
          ].join("\n")
          assert.deepStrictEqual(yield* asked({ "t.csv": text }, ["--targets", "./t.csv"]), [
            "appvet shop (seo)",
            "exona Acme, Ltd",
            "exona 2024"
          ])
        })
    )

    it.effect("come from CSV as a spreadsheet of another country writes it (U-06)", () =>
      Effect.gen(function* () {
        const files = { "t.csv": "\uFEFFvendor;url;type\r\nappvet;https://a.example/?a=1,2;security\r\n" }
        assert.deepStrictEqual(yield* asked(files, ["--targets", "./t.csv"]), [
          "appvet https://a.example/?a=1,2 (security)"
        ])
      })
    )

    it.effect("of a list are refused with their lines, all faults at once (U-06)", () =>
      Effect.gen(function* () {
        const text =
          "vendor,url,type,tpye\nappvet,nowhere,seo,\nappvet,https://a.example,sea,\napvet,https://b.example,,\na,b,c,d,e\n"
        const said = (yield* asked({ "t.csv": text }, ["--targets", "./t.csv"])).join("\n")
        assert.match(said, /t\.csv:2: url /)
        assert.match(said, /t\.csv:3: type /)
        assert.match(said, /t\.csv:4: unknown vendor "apvet"; did you mean "appvet"\?/)
        assert.match(said, /t\.csv:5: has 5 cells for 4 columns/)
        const none = yield* asked({ "t.csv": "url,type\nhttps://a.example,seo\n" }, ["--targets", "./t.csv"])
        assert.match(none.join("\n"), /t\.csv:1: has no column vendor/)
        const broken = yield* asked({ "t.csv": 'vendor,url\nappvet,"https://a.example\n' }, ["--targets", "./t.csv"])
        assert.match(broken.join("\n"), /t\.csv:\d+: cannot be read as CSV/)
        assert.match(
          (yield* asked({ "t.txt": "# none\n" }, ["--targets", "./t.txt"])).join(),
          /t\.txt: holds no target/
        )
        assert.match((yield* asked({}, ["--targets", "./t.txt"])).join(), /t\.txt: there is no such list of targets/)
      })
    )

    it.effect("come from NDJSON with a plan's target on each line, several types in one of them (U-06)", () =>
      Effect.gen(function* () {
        const text =
          '{"vendor":"appvet","url":"https://a.example","type":["seo","security"]}\n\n{"vendor":"exona","company":{"name":"Acme","website":"https://acme.ai"}}\n'
        assert.deepStrictEqual(yield* asked({ "t.ndjson": text }, ["--targets", "./t.ndjson"]), [
          "appvet https://a.example/ (seo)",
          "appvet https://a.example/ (security)",
          "exona Acme"
        ])
        const wrong = yield* asked({ "t.ndjson": "vendor: appvet\n[]\n{}\n" }, ["--targets", "./t.ndjson"])
        assert.deepStrictEqual(
          wrong.slice(0, 3).map((line) => line.slice(0, 14)),
          ["t.ndjson:1: is", "t.ndjson:2: a ", "t.ndjson:3: ve"]
        )
      })
    )

    it.effect("of a plan may name several types, one scan each (U-06)", () =>
      Effect.gen(function* () {
        const text = plan("  - { vendor: appvet, url: https://a.example, type: [security, seo] }\n")
        assert.deepStrictEqual(yield* asked({ "s.yaml": text }, ["./s.yaml"]), [
          "appvet https://a.example/ (security)",
          "appvet https://a.example/ (seo)"
        ])
        const wrong = plan(
          "  - { vendor: appvet, url: https://a.example, type: [security, sea] }\n  - { vendor: appvet, url: https://a.example, type: [] }\n"
        )
        const said = (yield* asked({ "s.yaml": wrong }, ["./s.yaml"])).join("\n")
        assert.match(said, /s\.yaml:3:\d+: type /)
        assert.match(said, /s\.yaml:4:\d+: type is an empty list/)
      })
    )

    it.effect("of another account are named on the command line and in lists as in keys (U-06)", () =>
      Effect.gen(function* () {
        const accounts = "accounts:\n  team-b: { vendor: appvet, variable: APPVET_API_KEY_TEAM_B }\n"
        const files = {
          "s.yaml": plan("  - { vendor: appvet, url: https://a.example, type: seo }\n", accounts),
          "t.txt": "appvet@team-b:https://c.example\n"
        }
        assert.deepStrictEqual(
          yield* asked(files, ["./s.yaml", "appvet@team-b:https://b.example", "--targets", "./t.txt"]),
          [
            "appvet https://a.example/ (seo)",
            "appvet@team-b https://b.example/ (security)",
            "appvet@team-b https://c.example/ (security)"
          ]
        )
        assert.match(
          (yield* asked(files, ["./s.yaml", "appvet@team-c:https://b.example"])).join(),
          /appvet@team-c: there is no such account in the plan; did you mean "team-b"\?/
        )
      })
    )

    it.effect(
      "have the variables that their plan declares filled in, from the flag, the variable or the default, in that order (U-07)",
      () =>
        Effect.gen(function* () {
          const text = plan(
            '  - { vendor: appvet, url: "${SITE}/a", type: "${TYPE:-seo}" }\n',
            "variables: [SITE, TYPE]\n"
          )
          const files = { "s.yaml": text }
          const environment = { SCANPOLL_VAR_SITE: "https://env.example" }
          assert.deepStrictEqual(yield* asked(files, ["./s.yaml"], environment), ["appvet https://env.example/a (seo)"])
          assert.deepStrictEqual(yield* asked(files, ["./s.yaml", "--var", "SITE=https://flag.example"], environment), [
            "appvet https://flag.example/a (seo)"
          ])
          assert.deepStrictEqual(yield* asked(files, ["./s.yaml"]), [
            "s.yaml:4:28: the variable SITE has no value; give it with --var SITE=VALUE or SCANPOLL_VAR_SITE, or write ${SITE:-VALUE}",
            ""
          ])
          assert.match((yield* asked(files, ["./s.yaml", "--var", "SITE="])).join(), /SITE has no value/)
          assert.match(
            (yield* asked(files, ["./s.yaml", "--var", "SITTE=x"], environment)).join(),
            /--var: the plan declares no variable "SITTE"; did you mean "SITE"\?/
          )
        })
    )

    it.effect("cannot be given what the environment holds under another name (U-07, S-06)", () =>
      Effect.gen(function* () {
        const target = '  - { vendor: appvet, url: "https://${APPVET_API_KEY}.example/", type: seo }\n'
        const undeclared = yield* asked({ "s.yaml": plan(target) }, ["./s.yaml"])
        assert.match(undeclared.join(), /holds "\$\{APPVET_API_KEY\}"/)
        const declared = yield* asked({ "s.yaml": plan(target, "variables: [APPVET_API_KEY]\n") }, ["./s.yaml"])
        assert.match(declared.join(), /the variable APPVET_API_KEY has no value/)
        assert.notInclude([...undeclared, ...declared].join(), "abcdefghijklmnop")
      })
    )

    it.effect("are not added by what a variable's value holds (U-07)", () =>
      Effect.gen(function* () {
        const text = plan(
          '  - { vendor: exona, company: { name: "${NAME}", website: https://acme.ai } }\n',
          "variables: [NAME]\n"
        )
        const given = (value: string) => asked({ "s.yaml": text }, ["./s.yaml", "--var", `NAME=${value}`])
        const value = 'Acme" } }, { vendor: appvet, url: https://b.example, type: seo, x: "'
        assert.deepStrictEqual(yield* given(value), [`exona ${value}`])
        assert.deepStrictEqual(yield* given("Acme }\n  - { vendor: appvet"), [
          "s.yaml:4:33: company.name must be one line without control characters, of 1 to 500 characters",
          ""
        ])
      })
    )

    it.effect("that are wrong are told what each field must be, whatever its schema asks for (U-07)", () =>
      Effect.gen(function* () {
        const targets = [
          '{ vendor: exona, company: { name: "Acme", website: "http://acme.example" }, maxAgeDays: 400 }',
          '{ vendor: urlscan, url: "http://127.0.0.1/" }',
          '{ vendor: sonarqube, project: acme_shop, task: "a b" }'
        ].map((target) => `  - ${target}\n`)
        const faults = (yield* asked({ "s.yaml": plan(targets.join("")) }, ["./s.yaml"])).filter((line) => line !== "")
        assert.lengthOf(faults, 4)
        for (const fault of faults) assert.match(fault, /^s\.yaml:\d+:\d+: [\w.]+ must be [a-z]/)
      })
    )

    it.effect("are foreseen by a dry run without any key or address, which says what a run would need (U-08)", () =>
      Effect.gen(function* () {
        const compliance =
          "compliance:policy=550e8400-e29b-41d4-a716-446655440000,upload=123e4567-e89b-12d3-a456-426614174000,mapping=789e0123-e45b-67c8-d901-234567890123"
        const words = ["run", "--dry-run", "appvet:https://a.example", compliance]
        const { failure, out } = yield* inside(words, { environment: { SCANPOLL_JOURNAL: "memory:" } })
        assert.strictEqual(failure, null)
        assert.include(out, "In all: 2 purchases for 2 targets")
        assert.match(out, /vendor +https:\/\/appvet\.dev with the key in APPVET_API_KEY; not set: APPVET_API_KEY/)
        assert.match(
          out,
          /A run needs what is not set: COMPLIANCE_TOKEN, COMPLIANCE_BASE_URL, APPVET_API_KEY\.|A run needs what is not set: APPVET_API_KEY, COMPLIANCE_TOKEN, COMPLIANCE_BASE_URL\./
        )
        assert.notInclude(out, "not-set.invalid")
        const { err } = yield* inside(["run", "appvet:https://a.example"], {
          environment: { SCANPOLL_JOURNAL: "memory:" }
        })
        assert.include(err, "APPVET_API_KEY: is not set")
      })
    )

    it.effect("of a long list are counted by a dry run, and named in its JSON alone (U-08)", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const list = `${yield* fs.makeTempDirectoryScoped()}/t.txt`
        const lines = Array.from({ length: 300 }, (_, at) => `appvet:https://site-${at}.example`)
        yield* fs.writeFileString(list, lines.join("\n"))
        const { out } = yield* inside(["run", "--dry-run", "--targets", list], { environment: keys })
        assert.include(out, "300 purchases for 300 targets")
        assert.include(out, "and 290 more (all are named with -o json)")
        assert.isBelow(out.split("\n").length, 40)
      })
    )

    it.effect("are those that --only names, which need no values and no keys of the others (issue 19)", () =>
      Effect.gen(function* () {
        const text = plan(
          "  - { vendor: appvet, name: shop, url: https://a.example, type: security }\n  - { vendor: appvet, name: preview, url: 'https://${SITE}', type: security }\n  - { vendor: exona, company: { name: Acme AI, website: https://acme.ai } }\n",
          "variables: [SITE]\n"
        )
        const only = (...words: ReadonlyArray<string>) =>
          asked({ "p.yaml": text }, ["./p.yaml", ...words.flatMap((word) => ["--only", word])])
        assert.deepStrictEqual(yield* only("shop"), ["appvet shop (security)"])
        assert.deepStrictEqual(yield* only("exona"), ["exona Acme AI"])
        assert.deepStrictEqual(yield* only("Acme AI", "https://a.example/"), [
          "appvet shop (security)",
          "exona Acme AI"
        ])
        assert.match((yield* only("appvet"))[0] ?? "", /^p\.yaml:\d+:\d+: the variable SITE has no value/)
        assert.deepStrictEqual(
          (yield* only("shopp")).filter((line) => line !== ""),
          ['--only: no target has the name, subject or vendor "shopp"; did you mean "shop"?']
        )
        assert.include((yield* only("exona@team-b"))[0] ?? "", '"exona@team-b"')
      })
    )

    it.effect(
      "come from several plans, each with its own accounts, variables, gate and deadline (issue 19, U-06)",
      () =>
        Effect.gen(function* () {
          const site = "  - { vendor: appvet, url: 'https://${SITE}.example', type: security }\n"
          const files = {
            "a.yaml": plan(
              site,
              "variables: [SITE]\ngate: { failOn: high }\ndefaults: { deadline: 1m, timeout: 20m }\n"
            ),
            "b.yaml": plan(
              "  - { vendor: appvet, account: team-b, url: https://b.example, type: security }\n",
              "accounts: { team-b: { vendor: appvet, variable: APPVET_API_KEY_TEAM_B } }\ngate: { failOn: critical }\n"
            )
          }
          const both = ["./a.yaml", "./b.yaml", "--var", "SITE=a"]
          assert.deepStrictEqual(yield* asked(files, both), [
            "appvet https://a.example/ (security)",
            "appvet@team-b https://b.example/ (security)"
          ])
          const faults = yield* asked(
            {
              "a.yaml": plan(
                "  - { vendor: appvet, name: x, url: https://a.example, type: security }\n",
                "defaults: { timeout: 20m }\ngate: { exitZero: true, failOn: hgh }\n"
              ),
              "b.yaml": plan(
                "  - { vendor: appvet, name: x, url: https://b.example, type: security }\n",
                "defaults: { timeout: 30m }\n"
              )
            },
            ["./a.yaml", "./b.yaml", "./a.yaml", "--var", "SITE=a"]
          )
          const text = faults.join("\n")
          assert.match(text, /a\.yaml": is named twice; name each plan once/)
          assert.match(text, /^a\.yaml:3:\d+: failOn must be one of/m)
          assert.match(
            text,
            /^b\.yaml:2:\d+: timeout holds for the whole run, and a\.yaml:2:\d+ says otherwise; set it alike in all plans, or for this run with --timeout/m
          )
          assert.match(text, /^a\.yaml:3:\d+: exitZero holds for the whole run, and the other plans do not set it/m)
          assert.match(
            text,
            /^b\.yaml:4:\d+: the name "x" stands for two subjects: "https:\/\/a\.example\/" \(a\.yaml:5:\d+\) and "https:\/\/b\.example\/"/m
          )
          assert.match(text, /^--var: the plan declares no variable "SITE"/m)
        })
    )

    it.effect("may have gates of their own, which only make a gate stricter (issue 19)", () =>
      Effect.gen(function* () {
        const gated = (gate: string, more = "") =>
          plan(`  - { vendor: appvet, url: https://a.example, type: security, gate: ${gate} }\n`, more)
        assert.deepStrictEqual(
          yield* asked(
            { "p.yaml": gated("{ failOn: low, minScore: 80, minGrade: b, maxViolations: 0, allowPartial: false }") },
            ["./p.yaml"]
          ),
          ["appvet https://a.example/ (security)"]
        )
        const wrong = yield* asked(
          {
            "p.yaml": gated(
              "{ failOn: off, failon: high, minScore: { appvet: 3 }, allowPartial: true, exitZero: true }"
            )
          },
          ["./p.yaml"]
        )
        assert.match(wrong[0] ?? "", /failOn cannot be off here: the stricter of two gates wins/)
        assert.match(wrong.join("\n"), /unknown key "failon" in the gate of a target; did you mean "failOn"\?/)
        assert.match(wrong.join("\n"), /minScore must be a number here/)
        assert.match(wrong.join("\n"), /allowPartial can only be false here/)
        assert.match(wrong.join("\n"), /unknown key "exitZero" in the gate of a target/)
        const looser = ["./p.yaml", "--untrusted-plan", "--max-purchases", "1", "--fail-on", "medium"]
        assert.match(
          (yield* asked({ "p.yaml": gated("{ failOn: high }") }, looser))[0] ?? "",
          /failOn high is looser than the gate of the run, which asks medium; remove it/
        )
        assert.lengthOf(yield* asked({ "p.yaml": gated("{ failOn: low }") }, looser), 1)
        // A cell of a list is a text.
        assert.deepStrictEqual(
          yield* asked(
            { "t.csv": "vendor,url,type,gate.minScore,gate.failOn\nappvet,https://a.example,security,80,high\n" },
            ["--targets", "./t.csv"]
          ),
          ["appvet https://a.example/ (security)"]
        )
      })
    )

    it.effect(
      "show in a dry run the gate of the run, what each asks beside it, and how much of the plan it is (issue 19)",
      () =>
        Effect.gen(function* () {
          const text = plan(
            "  - { vendor: appvet, url: https://a.example, type: security, gate: { failOn: low, allowPartial: false } }\n  - { vendor: appvet, url: https://b.example, type: security }\n  - { vendor: exona, company: { name: Acme AI, website: https://acme.ai } }\n",
            "gate: { failOn: high, minScore: { appvet: 70 }, allowPartial: true }\nvendors: { appvet: { gate: { minGrade: B } } }\n"
          )
          const fs = yield* FileSystem.FileSystem
          const file = `${yield* fs.makeTempDirectoryScoped()}/p.yaml`
          yield* fs.writeFileString(file, text)
          const dry = (...words: ReadonlyArray<string>) =>
            inside(["run", file, "--dry-run", ...words], { environment: keys })
          assert.include(
            (yield* dry()).out,
            [
              "Gate:",
              "  run       fail-on high, min-score appvet=70, allow-partial",
              "  also      fail-on low, min-grade B, no partial scan, for 1 target:",
              "    appvet https://a.example/ (security)",
              "  also      min-grade B, for 1 target:",
              "    appvet https://b.example/ (security)",
              ""
            ].join("\n")
          )
          const part = yield* dry("--only", "exona")
          assert.include(part.out, "A part of the plan: 1 of 3 targets (--only exona).\n")
          assert.notInclude(part.out, "  also ")
          const { gate, part: told } = JSON.parse((yield* dry("-o", "json", "--only", "appvet")).out)
          assert.deepStrictEqual(told, { only: ["appvet"], of: 3 })
          assert.strictEqual(gate.run.failOn, "high")
          assert.deepStrictEqual(
            gate.own.map(({ names }: { readonly names: unknown }) => names),
            [["appvet https://a.example/ (security)"], ["appvet https://b.example/ (security)"]]
          )
        })
    )

    it.effect("of several untrusted plans are bound as those of one (issue 19, S-06)", () =>
      Effect.gen(function* () {
        const target = "  - { vendor: appvet, url: https://a.example, type: security }\n"
        const files = {
          "a.yaml": plan(target, "vendors: { appvet: { pace: bulk } }\n"),
          "b.yaml": plan(
            "  - { vendor: appvet, url: https://b.example, type: security }\n",
            "gate: { failOn: critical }\ndefaults: { deadline: 1m }\n"
          )
        }
        const text = (yield* asked(files, [
          "./a.yaml",
          "./b.yaml",
          "--untrusted-plan",
          "--max-purchases",
          "2",
          "--fail-on",
          "high"
        ])).join("\n")
        assert.match(text, /a\.yaml:2:\d+: an untrusted plan may not set the pace of appvet/)
        assert.match(text, /b\.yaml:3:\d+: an untrusted plan may not set deadline/)
        assert.match(text, /b\.yaml:2:\d+: failOn critical is looser than the gate of the run, which asks high/)
      })
    )
  })
})
