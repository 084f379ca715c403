import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"
import { inspect } from "node:util"

const read = (text: string) => PlanFile.parse(text, "scans.yaml", Shipped.all)

const faults = (text: string): ReadonlyArray<string> =>
  read(text).faults.map(({ message, where }) => `${where} ${message}`)

const target = "targets: [{ vendor: appvet, url: https://example.com, type: security }]"

describe("a plan file", () => {
  it("is read with targets of all vendors, settings, paces, accounts and the line of each target", () => {
    const { faults, plan } = read(`version: 1
defaults: { deadline: 5m, reuse: 0, pace: background }
vendors:
  appvet: { pace: learned, deadline: 2m }
accounts:
  team-b: { vendor: appvet, variable: APPVET_API_KEY_TEAM_B }
gate: { failOn: high, allowPartial: false, minScore: { appvet: 70 }, maxViolations: 0 }
targets:
  - vendor: exona
    company: { name: Acme AI Ltd, website: https://acme.ai }
    maxAgeDays: 30
  - vendor: appvet
    account: team-b
    url: https://example.com
    type: security
    pace: 10s
  - vendor: compliance
    policyId: 550e8400-e29b-41d4-a716-446655440000
    uploadId: 123e4567-e89b-12d3-a456-426614174000
    mappingId: 789e0123-e45b-67c8-d901-234567890123
`)
    assert.deepStrictEqual(faults, [])
    assert.deepStrictEqual(
      plan.targets.map((one) => [one.vendor.name, one.account, one.declaredAt?.line]),
      [
        ["exona", "default", 9],
        ["appvet", "team-b", 12],
        ["compliance", "default", 17]
      ]
    )
    assert.deepStrictEqual(plan.settings.deadline, { texts: ["5m"], where: "scans.yaml:2:23" })
    assert.deepStrictEqual(plan.settings.reuse?.texts, ["0"])
    assert.deepStrictEqual(plan.settings.minScore?.texts, ["appvet=70"])
    assert.deepStrictEqual(plan.settings.allowPartial?.texts, ["false"])
    assert.deepStrictEqual(plan.targets[1]?.pace?.value, { _tag: "Every", interval: Duration.seconds(10) })
    assert.deepStrictEqual(plan.vendors.get("appvet")?.pace?.value, { _tag: "Named", name: "learned" })
    assert.deepStrictEqual(
      plan.accounts.map((one) => [one.name, one.vendor.name, one.variable]),
      [["team-b", "appvet", "APPVET_API_KEY_TEAM_B"]]
    )
  })

  it("is the same plan as JSON, with tabs, a byte order mark and Windows line ends (CL-05)", () => {
    const json = `\ufeff{\r\n\t"version": 1,\r\n\t"targets": [\r\n\t\t{"vendor": "appvet", "url": "https://example.com", "type": "seo"}\r\n\t]\r\n}\r\n`
    const { faults, plan } = read(json)
    assert.deepStrictEqual(faults, [])
    assert.deepStrictEqual(plan.targets[0]?.declaredAt, { line: 4, column: 3 })
  })

  it.each([
    ["", "scans.yaml:1:1 the plan is empty; `scanpoll config init` writes one to start from"],
    [target, "scans.yaml:1:1 version is missing; this program reads version: 1"],
    [`version: 2\n${target}`, "scans.yaml:1:10 version must be the number 1, not the number 2"],
    [`version: "1"\n${target}`, 'scans.yaml:1:10 version must be the number 1, not the text "1"'],
    ["version: 1", "scans.yaml:1:1 targets is missing: the list of what to scan"],
    ["version: 1\ntargets: 3", "scans.yaml:2:10 targets must be a list, not the number 3"],
    ["- 1", "scans.yaml:1:1 the plan must be a map, not a list"],
    [`version: 1\nversion: 1\n${target}`, "scans.yaml:2:1 the key version is there twice"],
    [`version: 1\n---\nversion: 1`, "scans.yaml:2:1 there is a second document; one file holds one plan"],
    [`version: 1\ngates: {}\n${target}`, 'scans.yaml:2:1 unknown key "gates" in the plan; did you mean "gate"?'],
    [
      `version: 1\ngate: { fail_on: high }\n${target}`,
      'scans.yaml:2:9 unknown key "fail_on" in gate; did you mean "failOn"?'
    ],
    [
      `version: 1\ngate: { allowPartial: "yes" }\n${target}`,
      'scans.yaml:2:23 allowPartial must be true or false, not the text "yes"'
    ],
    [
      `version: 1\nvendors: { apvet: {} }\n${target}`,
      'scans.yaml:2:12 unknown key "apvet" in vendors; did you mean "appvet"?'
    ],
    [
      "version: 1\ntargets: [{ vendor: appvet, urll: https://example.com, type: security }]",
      'scans.yaml:2:29 unknown key "urll" of a target of appvet; did you mean "url"?'
    ],
    [
      "version: 1\ntargets: [{ vendor: appvet, url: https://example.com, type: security, acount: x }]",
      'scans.yaml:2:71 unknown key "acount" of a target of appvet; did you mean "account"?'
    ],
    [
      "version: 1\ntargets:\n  - vendor: exona\n    company: { nme: Acme, website: https://acme.ai }",
      'scans.yaml:4:16 unknown key "nme" in company; did you mean "name"?'
    ],
    [
      "version: 1\ntargets: [{ vendor: appvet, url: https://example.com, type: securty }]",
      "scans.yaml:2:55 type must be one of security, performance, accessibility, seo"
    ],
    [
      "version: 1\ntargets: [{ url: https://example.com }]",
      `scans.yaml:2:11 vendor is missing; it is one of ${Shipped.all.map(({ name }) => name).join(", ")}`
    ],
    [`version: 1\na: *b\n${target}`, "scans.yaml:2:4 there is no anchor &b before this"],
    [`version: 1\na: &b [*b]\n${target}`, "scans.yaml:2:8 nested deeper than 64 levels"]
  ])("says what is wrong with %j and where (CL-05, CL-07)", (text, expected) => {
    assert.include(faults(text), expected)
  })

  it("lets a field that cannot be read hide nothing that is wrong with the others", () => {
    const text = "version: 1\ntargets: [{ vendor: appvet, url: not a url, type: securty }]"
    assert.deepStrictEqual(
      faults(text).map((fault) => fault.split(" ")[1]),
      ["url", "type"]
    )
  })

  it("tells all its faults at once, in the order of its lines (CL-05)", () => {
    const found = faults(
      "version: 3\ngate: { failon: low }\ntargets:\n  - { vendor: appvet, url: ftp://x, type: seo, pace: 5 }\n  - 7\n"
    )
    assert.deepStrictEqual(
      found.map((fault) => fault.split(" ", 1)[0]),
      ["scans.yaml:1:10", "scans.yaml:2:9", "scans.yaml:4:23", "scans.yaml:4:54", "scans.yaml:5:5"]
    )
  })

  it("never repeats a key that was pasted where the name of a variable belongs", () => {
    const secret = "avk_live_canary0000000000000000000000000000000000"
    const found = read(`version: 1\naccounts: { b: { vendor: appvet, variable: ${secret} } }\n${target}`).faults
    assert.strictEqual(found.length, 1)
    assert.notInclude(inspect(found), secret)
  })

  it("takes the keys of a prototype as plain unknown keys", () => {
    const found = faults(`version: 1\n__proto__: { polluted: 1 }\nconstructor: 2\n${target}`)
    assert.strictEqual(found.length, 2)
    assert.isUndefined(Reflect.get({}, "polluted"))
  })

  it("reads anchors, and leaves an empty section out", () => {
    const { faults, plan } = read(`version: 1\ndefaults:\nvendors:\ntargets:
  - &site { vendor: appvet, url: https://example.com, type: security }
  - *site
`)
    assert.deepStrictEqual(faults, [])
    assert.strictEqual(plan.targets.length, 2)
  })
})

const words = [
  "version: 1",
  "targets:",
  "  - vendor: appvet",
  "  - vendor: exona",
  "    url: https://example.com",
  "    type: security",
  "    company: { name: A, website: https://a.example }",
  "    deadline: ",
  "    pace: ",
  "gate: { failOn: high, minScore: ",
  "defaults:",
  "vendors: { appvet: ",
  "accounts: ",
  "{",
  "}",
  "[",
  "]",
  "&a",
  "*a",
  "? ",
  "|\n",
  ">-\n",
  "!!str ",
  "---\n",
  "...",
  "%YAML 1.1\n",
  "<<: ",
  "'",
  '"',
  "\\ud800",
  "\u0000",
  "\ufeff",
  "\t",
  "#",
  "1e999",
  ".nan",
  "~",
  "null",
  "5m",
  ",",
  ": ",
  "\n",
  "\r\n",
  "  "
]

describe("any text", () => {
  const piece = Arbitrary.schema(Schema.Union([Schema.Literals(words), Schema.String]))
  it.prop(
    "is a plan, or faults that each name a line and a column inside it",
    [Arbitrary.array(piece, { maxLength: 24 })],
    ([pieces]) => {
      const text = pieces.join("")
      const { faults } = read(text)
      const lines = text.split(/\r\n|\n|\r/).length
      for (const { message, where } of faults) {
        const place = /^scans\.yaml:(\d+):(\d+)$/.exec(where)
        assert.isNotNull(place, where)
        assert.isAtLeast(Number(place?.[1]), 1)
        assert.isAtMost(Number(place?.[1]), lines)
        assert.isAtLeast(Number(place?.[2]), 1)
        assert.notStrictEqual(message.trim(), "")
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop("any JSON is a plan or faults", [Schema.Json], ([value]) => {
    const { faults, plan } = read(JSON.stringify(value))
    assert.isTrue(faults.length > 0 || plan.targets.length >= 0)
  })
})

const mebi = 1024 * 1024
const full = (piece: string): string => piece.repeat(Math.floor((8 * mebi) / piece.length))
const hostile: ReadonlyArray<readonly [name: string, text: () => string, fault: RegExp]> = [
  ["beginnings of lists", () => full("["), /1:65 nested deeper than 64 levels/],
  ["beginnings of objects", () => full('{"a":'), /nested deeper than 64 levels/],
  ["dashes", () => full("- "), /nested deeper than 64 levels/],
  ["question marks", () => full("? "), /nested deeper than 64 levels/],
  ["one member a line", () => full("a: b\n"), /200001:1 more than 200000 values/],
  ["comments", () => "#\n".repeat(700_000), /more than 1200000 words/],
  ["one word", () => full("a"), /a text of more than 1048576 characters/],
  ["one text of many lines", () => full("a\n"), /a text of more than 1048576 characters/],
  ["one quoted text", () => `"${full("\\u0041")}"`, /a text of more than 1048576 characters/]
]

describe("a text of 8 MiB", () => {
  it.each(hostile)("of %s is no plan, and that is found before anything is built from it (S-10)", (_, text, fault) => {
    const { faults, unread } = read(text())
    assert.lengthOf(faults, 1)
    assert.match(`${faults[0]?.where} ${faults[0]?.message}`, fault)
    assert.isTrue(unread)
  })
})

describe("aliases and names", () => {
  it("are looked up once each, and the last anchor before an alias counts (S-10)", () => {
    const accounts = (first: string) => `version: 1\n${target.replace("example.com", first)}`
    assert.deepStrictEqual(faults(accounts("a.example")), [])
    const plan = read(
      "version: 1\ndefaults: { output: &x text, deadline: &y 5m }\nvendors: { appvet: { deadline: *y } }\n" +
        "targets: [{ vendor: appvet, url: &x https://a.example, type: seo }, { vendor: appvet, url: *x, type: seo }]"
    )
    assert.deepStrictEqual(plan.faults, [])
    assert.deepInclude(plan.plan.targets[1]?.input, { url: "https://a.example" })
    assert.deepStrictEqual(faults("version: 1\ntargets: *later"), [
      "scans.yaml:2:10 there is no anchor &later before this"
    ])
  })

  it("may all stand on one long line, as a program writes JSON (S-10)", () => {
    const one = { vendor: "appvet", url: `https://a.example/${"x".repeat(1_000)}`, type: "seo" }
    const { faults, plan } = read(JSON.stringify({ version: 1, targets: Array.from({ length: 1_500 }, () => one) }))
    assert.deepStrictEqual([faults.length, plan.targets.length], [0, 1_500])
  })

  it("are told where they are there twice, each of them (S-10)", () => {
    assert.deepStrictEqual(faults(`version: 1\nversion: 1\ngate: { failOn: high, failOn: low }\n${target}`), [
      "scans.yaml:2:1 the key version is there twice",
      "scans.yaml:3:23 the key failOn is there twice"
    ])
  })
})
