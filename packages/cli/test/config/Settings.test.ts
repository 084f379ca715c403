import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Settings from "scanpoll/config/Settings"
import { names, settings, variable } from "scanpoll/config/Setting"

const resolve = (given: Partial<Settings.Given>) => Settings.resolve({ flags: {}, environment: {}, plan: {}, ...given })

const planned = (text: string) => ({ texts: [text], where: "scans.yaml:3:15" })

describe("a setting", () => {
  it("comes from the flag, then the environment, then the plan, then the default, and says which", () => {
    const flags = { deadline: ["1m"] }
    const environment = { SCANPOLL_DEADLINE: "2m" }
    const plan = { deadline: planned("3m") }
    const sources = [{ flags, environment, plan }, { environment, plan }, { plan }, {}].map((given) => {
      const { deadline } = resolve(given).settings
      return [deadline.value === null ? null : Duration.toMillis(deadline.value), deadline.source, deadline.where]
    })
    assert.deepStrictEqual(sources, [
      [60_000, "flag", "--deadline"],
      [120_000, "environment", "SCANPOLL_DEADLINE"],
      [180_000, "plan", "scans.yaml:3:15"],
      [null, "default", "default"]
    ])
  })

  it("is checked in every source, also where another one overrules it", () => {
    const { faults, settings } = resolve({
      flags: { deadline: ["1m"] },
      environment: { SCANPOLL_DEADLINE: "soon" },
      plan: { deadline: planned("5") }
    })
    assert.deepStrictEqual(
      faults.map((fault) => fault.where),
      ["SCANPOLL_DEADLINE", "scans.yaml:3:15"]
    )
    assert.strictEqual(settings.deadline.source, "flag")
  })

  it("counts an empty variable as unset, and an empty flag as a fault", () => {
    assert.strictEqual(resolve({ environment: { SCANPOLL_FAIL_ON: "" } }).settings.failOn.source, "default")
    assert.deepStrictEqual(
      resolve({ flags: { failOn: [""] } }).faults.map((fault) => fault.where),
      ["--fail-on"]
    )
  })

  it("takes the last word of a flag that is given twice, and all words of one that may be repeated", () => {
    const given = resolve({
      flags: { failOn: ["low", "high"], minScore: ["70", "appvet=80"], output: ["json=a.json", "text"] }
    })
    assert.deepStrictEqual(given.faults, [])
    assert.strictEqual(given.settings.failOn.value, "high")
    assert.deepStrictEqual(given.settings.minScore.value, [
      { vendor: null, score: 70 },
      { vendor: "appvet", score: 80 }
    ])
    assert.deepStrictEqual(given.settings.output.value, [
      { format: "json", file: "a.json" },
      { format: "text", file: null }
    ])
  })

  it("reads the values of a repeatable flag from its variable, separated by commas", () => {
    const { settings } = resolve({ environment: { SCANPOLL_OUTPUT: "text, json=a.json" } })
    assert.strictEqual(settings.output.shown, "text, json=a.json")
  })

  it("switches a threshold of the plan off with `off`", () => {
    const given = resolve({ flags: { failOn: ["off"] }, plan: { failOn: planned("high") } })
    assert.isNull(given.settings.failOn.value)
    assert.strictEqual(given.settings.failOn.source, "flag")
  })

  it("names the setting of a plan whose line holds several", () => {
    const [fault] = resolve({ plan: { failOn: planned("hgh") } }).faults
    assert.strictEqual(
      fault?.message,
      'failOn must be one of info, low, medium, high, critical, off, not "hgh"; did you mean "high"?'
    )
  })
})

describe("a variable", () => {
  it("that is a slip of one of ours is a fault with the nearest name, a strange one a warning (CL-07)", () => {
    const { faults, warnings } = resolve({
      environment: { SCANPOLL_DEADLNE: "5m", SCANPOLL_PIPELINE_RUN_NUMBER: "7", OTHER: "x" }
    })
    assert.deepStrictEqual(faults, [
      { where: "SCANPOLL_DEADLNE", message: 'unknown variable; did you mean "SCANPOLL_DEADLINE"?' }
    ])
    assert.deepStrictEqual(warnings, ["SCANPOLL_PIPELINE_RUN_NUMBER is not a variable of scanpoll and is ignored"])
  })

  it("exists for every flag", () => {
    assert.deepStrictEqual([...names].sort(), Object.keys(settings).sort())
    const twins = names.map((name) => variable(settings[name]))
    assert.strictEqual(new Set(twins).size, names.length)
    assert.include(twins, "SCANPOLL_FAIL_ON_NEW")
  })
})

describe("a number or duration out of its range is refused with the range", () => {
  it.each([
    ["deadline", "0"],
    ["deadline", "-1s"],
    ["deadline", "NaN"],
    ["deadline", "Infinity"],
    ["deadline", "1e12"],
    ["deadline", "5"],
    ["deadline", "31d"],
    ["deadline", "5 parsecs"],
    ["deadline", "5m 3"],
    ["timeout", "0s"],
    ["timeout", "-5m"],
    ["timeout", "31d"],
    ["timeout", "999999999999999d"],
    ["timeout", "9999999999999999s"],
    ["timeout", "1e3s"],
    ["timeout", "1,5h"],
    ["timeout", "PT1H"],
    ["interval", "31d"],
    ["reuse", "36501d"],
    ["reuse", "90"],
    ["reuse", "999999999999999d"],
    ["interval", ""],
    ["reuse", "-1"],
    ["concurrency", "0"],
    ["concurrency", "-5"],
    ["concurrency", "1.5"],
    ["concurrency", "NaN"],
    ["concurrency", "1e9"],
    ["concurrency", "1000000000"],
    ["minScore", "101"],
    ["minScore", "-1"],
    ["minScore", "appvet=x"],
    ["minGrade", "G"],
    ["maxViolations", "-1"],
    ["progress", "fancy"],
    ["raw", "some"],
    ["output", "=file"],
    ["output", "json="]
  ] as const)("--%s %s is refused (CL-04, TM-02, V-19)", (name, text) => {
    const { faults } = resolve({ flags: { [name]: [text] } })
    assert.strictEqual(faults.length, 1)
    assert.match(faults[0]?.message ?? "", /^must (be|not be)/)
  })

  it.each([
    ["deadline", "90s", 90_000],
    ["deadline", "1h30m", 5_400_000],
    ["deadline", "1.5s", 1_500],
    ["deadline", "5 minutes", 300_000],
    ["deadline", "30d", 2_592_000_000],
    ["reuse", "0", 0],
    ["reuse", "0s", 0],
    ["reuse", "60d", 5_184_000_000],
    ["reuse", "36500d", 3_153_600_000_000]
  ] as const)("--%s %s is %i ms, for an age also beyond the longest wait (V-19)", (name, text, millis) => {
    const given = resolve({ flags: { [name]: [text] } })
    assert.deepStrictEqual(given.faults, [])
    const { value } = given.settings[name]
    assert.strictEqual(value === null ? null : Duration.toMillis(value), millis)
  })
})

describe("what is shown of a setting", () => {
  it.each([
    "postgres://me:hun/ter2@db.example/scans",
    "postgres://me:hun@ter2@db.example/",
    "postgres://me:hun ter2@db.example",
    "postgresql:me:hunter2@db.example/scans",
    "mysql://me:hun@ter2@db.example/scans",
    "me:hunter2@db.example:5432/scans",
    "host=db.example user=me password=hunter2",
    "postgres://db.example?user=me&password=hunter2",
    `postgres://me:${"x".repeat(90)}hunter2@db.example`
  ])("holds no part of a password, and takes no address for a file: %s (S-02)", (journal) => {
    const { faults, settings } = resolve({ flags: { journal: [journal] } })
    assert.strictEqual(faults.length, 1)
    assert.notMatch(JSON.stringify([faults, settings]), /hun|ter2|xxx/)
  })

  it("holds no password of a journal's address", () => {
    const given = resolve({ flags: { journal: ["postgres://me:hunter2@db.example/scans"] } })
    assert.strictEqual(given.settings.journal.shown, "postgres://db.example/scans")
    const refused = resolve({ flags: { journal: ["mysql://me:hunter2@db.example/scans"] } })
    assert.strictEqual(refused.faults.length, 1)
    assert.notInclude(JSON.stringify([given, refused]), "hunter2")
  })
})
