/** What a definition can say beyond the usual, over a scripted client: each knob and what it is refused for. */
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Definition } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"

const Target = Schema.Struct({ set: Schema.String, list: Schema.optionalKey(Schema.String) })
const Answer = Schema.Struct({
  score: Schema.optionalKey(Schema.Number),
  cached: Schema.optionalKey(Schema.Boolean),
  ended: Schema.optionalKey(Wire.text())
})

type Acme = Definition<typeof Target.Type, typeof Answer.Type, typeof Answer.Type, never, { readonly id: string }>

const definition: Acme = {
  name: "acme",
  title: "Acme",
  scans: "scans of datasets",
  docs: "https://acme.example/docs",
  baseUrl: "https://api.acme.example",
  key: { variable: "ACME_KEY" },
  probe: "p-0",
  target: Target,
  sample: { set: "a" },
  line: "set",
  subject: ({ set }) => ({ kind: "dataset", id: set, name: set }),
  submit: { path: "/scans", id: ["id"] },
  answer: Answer,
  payload: Answer,
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["state"],
    completed: ["ended"],
    words: {
      running: { running: (body) => ({ done: Number(Wire.get(body, ["done"])) }) },
      done: {
        completed: ({ cached = false, ended, score }, { submittedAt }) => ({
          payload: {},
          assessment: Vendor.assessment({}),
          cached,
          ageMs: submittedAt !== null && ended !== undefined ? submittedAt - Date.parse(ended) : null,
          ...(score === undefined ? { unavailable: { findings: "no score" } } : {})
        })
      },
      broke: { failed: () => ({ message: "it broke", requestId: "req_body" }) }
    }
  },
  errors: { code: ["code"], message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
}

const response = (
  status: number,
  body: unknown,
  hint = Option.none<Duration.Duration>()
): VendorHttp.VendorResponse => ({
  status,
  body: body === undefined ? { _tag: "Unreadable", why: "not-json", detail: "a page" } : { _tag: "Json", value: body },
  hint,
  quota: Option.none(),
  requestId: "req_header",
  warnings: []
})

const origin = "https://api.acme.example"

/** The adapter of a changed definition in front of scripted answers, and what reaches its vendor. */
const world = (
  change: Partial<Acme>,
  replies: ReadonlyArray<VendorHttp.VendorResponse>,
  options: Partial<Vendor.Options> = {}
) => {
  const sent: Array<string> = []
  const made: Array<VendorHttp.Options> = []
  const next = (method: string) => (path: string) =>
    Effect.suspend(() => {
      const reply = replies[sent.length]
      sent.push(`${method} ${path}`)
      return reply === undefined ? Effect.die(new Error(`no answer for ${path}`)) : Effect.succeed(reply)
    })
  const layer = Layer.succeed(VendorHttp.VendorHttp, {
    make: (given) => {
      made.push(given)
      return Effect.succeed({
        origin,
        scrub: (text) => text.replaceAll("sk-acme", "[key]"),
        get: next("GET"),
        post: next("POST")
      })
    }
  })
  const vendor = Vendor.define({ ...definition, ...change })
  return vendor.make({ credential: Redacted.make("sk-acme-0123456789"), ...options }).pipe(
    Effect.provide(layer),
    Effect.map((adapter) => ({ adapter, sent, made }))
  )
}

const ticket = ScanTicket.make({ vendor: "acme", origin, account: "default", scanId: "s-1", submittedAt: 0 })

const target = { set: "a" }

const errorOf = (
  errors: Partial<Acme["errors"]>,
  reply: VendorHttp.VendorResponse,
  given: typeof Target.Type = target
) =>
  Effect.flatMap(world({ errors: { ...definition.errors, ...errors } }, [reply]), ({ adapter }) =>
    Effect.flip(adapter.submit(given))
  )

const faultOf = (errors: Partial<Acme["errors"]>, reply: VendorHttp.VendorResponse) =>
  Effect.flatMap(world({ errors: { ...definition.errors, ...errors } }, [reply]), ({ adapter }) =>
    Effect.flip(adapter.poll(ticket))
  )

const settled = (change: Partial<Acme>, body: object) =>
  Effect.gen(function* () {
    const { adapter } = yield* world(change, [response(200, { id: "s-1", ...body })])
    const { observation } = yield* adapter.poll(ticket)
    return observation._tag === "Settled" ? observation.value : assert.fail(observation._tag)
  })

describe("a submission that a definition describes", () => {
  it.effect("ends within its own answer, with what a word means there, and warns of what was found", () =>
    Effect.gen(function* () {
      const already = {
        words: ["done", "broke"],
        meanings: {
          broke: Vendor.when(Schema.Struct({ message: Wire.words() }), { failed: ({ message }) => message })
        },
        warnings: (body: unknown, { set }: typeof target, { ageMs }: ScanOutcome.ScanOutcome<unknown>) => [
          `${set} ${String(Wire.get(body, ["state"]))} ${ageMs}`
        ]
      }
      const submitted = (body: object, status = 200) =>
        Effect.gen(function* () {
          const { adapter } = yield* world({ submit: { ...definition.submit, already } }, [
            response(status, { id: "s-1", ...body })
          ])
          const answer = yield* adapter.submit(target)
          return answer._tag === "Already" ? answer.outcome : assert.fail(answer._tag)
        })
      const done = yield* submitted({ state: "done", score: 1, cached: true, ended: "1970-01-01T00:00:00Z" })
      assert.deepStrictEqual([done.cached, done.ageMs, done.warnings], [true, 0, ["a done 0"]])
      const broke = yield* submitted({ state: "broke", message: "no disk" }, 500)
      assert.strictEqual(broke._tag === "Failed" ? broke.reason.message : null, "no disk")
    })
  )

  it.effect("is polled at once where its answer says that the scan has ended and not how", () =>
    Effect.gen(function* () {
      const submit = { ...definition.submit, pollAtOnce: ["done"] }
      for (const [state, hint] of [
        ["done", Option.none()],
        ["running", Option.some(Duration.seconds(9))]
      ] as const) {
        const { adapter } = yield* world({ submit }, [
          response(201, { id: "s-1", state }, Option.some(Duration.seconds(9)))
        ])
        assert.deepInclude(yield* adapter.submit(target), { _tag: "Submitted", hint })
      }
    })
  )

  it.effect("is refused by a status alone only with an error of the vendor's own", () =>
    Effect.gen(function* () {
      const rows = { "402": { submit: "Refused", advice: "buy credits" } } as const
      assert.deepInclude(yield* errorOf({ rows }, response(402, { code: "X", message: "No." })), {
        kind: "Refused",
        advice: "buy credits"
      })
      for (const body of [undefined, {}, "Payment required"]) {
        assert.strictEqual((yield* errorOf({ rows }, response(402, body))).kind, "InDoubt")
      }
    })
  )

  it.effect("keeps an answer that nobody can judge for the person who has to find the scan, without the key", () =>
    Effect.gen(function* () {
      const error = yield* errorOf({}, response(201, { ticket: 7, echo: "sk-acme" }))
      assert.deepInclude(error, {
        kind: "InDoubt",
        code: "no-scan-id",
        message: 'HTTP 201 without a usable scan id: {"ticket":7,"echo":"[key]"}'
      })
    })
  )

  it.effect("in doubt or odd is explained by what was asked for", () =>
    Effect.gen(function* () {
      const errors: Partial<Acme["errors"]> = {
        doubt: ({ list = "your history" }) => `look into ${list}`,
        odd: (_, code, { list }) =>
          code === "NO_LIST" && list === undefined ? { submit: "Refused!", advice: "name a list" } : null
      }
      assert.strictEqual((yield* errorOf(errors, response(503, undefined))).advice, "look into your history")
      assert.strictEqual(
        (yield* errorOf(errors, response(503, undefined), { set: "a", list: "l-1" })).advice,
        "look into l-1"
      )
      const odd = response(400, { code: "NO_LIST", message: "No." })
      assert.deepInclude(yield* errorOf(errors, odd), { kind: "Refused", permanent: true, advice: "name a list" })
      assert.deepInclude(yield* errorOf(errors, odd, { set: "a", list: "l-1" }), { permanent: false, advice: null })
    })
  )
})

describe("an error that a definition describes", () => {
  it.effect("has several meanings at one status, told apart by the vendor's message", () =>
    Effect.gen(function* () {
      const rows = {
        "404": [
          { poll: "Transient", says: /still being indexed/ },
          { poll: "Missing", submit: "Refused", advice: "the id may be wrong" }
        ]
      } as const
      const soon = yield* faultOf({ rows }, response(404, { code: "N", message: "It is still being indexed." }))
      assert.deepStrictEqual([soon.kind, soon.message], ["Transient", "It is still being indexed (HTTP 404)"])
      const gone = yield* faultOf({ rows }, response(404, { code: "N", message: "No such scan." }))
      assert.deepStrictEqual([gone.kind, gone.message], ["Missing", "No such scan (HTTP 404); the id may be wrong"])
      assert.strictEqual((yield* faultOf({ rows }, response(404, undefined))).kind, "Missing")
    })
  )

  it.effect("carries the vendor's details, advice and request id", () =>
    Effect.gen(function* () {
      const errors: Partial<Acme["errors"]> = {
        details: (body) => [`field ${String(Wire.get(body, ["field"]))}`],
        advice: ["hint"],
        requestId: ["request"],
        rows: { "400 BAD": { poll: "Broken!", submit: "Refused", advice: "ours" } }
      }
      const body = { code: "BAD", message: "Wrong.", field: "set", hint: "use a name", request: "req_body" }
      assert.deepInclude(yield* errorOf(errors, response(400, body)), {
        message: "Wrong; field set",
        advice: "use a name",
        requestId: "req_body"
      })
      const fault = yield* faultOf(errors, response(400, { ...body, hint: null, request: "" }))
      assert.deepStrictEqual([fault.message, fault.requestId], ["Wrong (HTTP 400); field set; ours", "req_header"])
    })
  )

  it.effect("is the vendor's own by a code or a message alone, where the definition says that either will do", () =>
    Effect.gen(function* () {
      for (const body of [{ code: "BAD" }, { message: "Wrong." }]) {
        assert.strictEqual((yield* errorOf({}, response(400, body))).kind, "InDoubt")
        assert.strictEqual((yield* errorOf({ either: true }, response(400, body))).kind, "Refused")
      }
      assert.strictEqual((yield* errorOf({ either: true }, response(400, {}))).kind, "InDoubt")
    })
  )
})

describe("an outcome that a definition describes", () => {
  it.effect("names evidence that this answer has not, and keeps the request's id of the body", () =>
    Effect.gen(function* () {
      const evidence = ScanOutcome.evidence(yield* settled({}, { state: "done" })).findings
      assert.deepStrictEqual(evidence, { status: "unavailable", reason: "no score" })
      assert.strictEqual(
        ScanOutcome.evidence(yield* settled({}, { state: "done", score: 1 })).findings.status,
        "not-offered"
      )
      const failed = yield* settled({}, { state: "broke" })
      assert.strictEqual(failed.requestId, "req_body")
      assert.strictEqual(failed._tag === "Failed" ? failed.reason.requestId : null, "req_body")
    })
  )

  it.effect("carries each warning once and fifty at most, and says how many more there were", () =>
    Effect.gen(function* () {
      const status: Acme["status"] = {
        ...definition.status,
        words: {
          done: {
            completed: (_, { warn }) => {
              for (let n = 0; n < 120; n++) warn(`w ${n % 60} sk-acme`)
              return { payload: {}, assessment: Vendor.assessment({}) }
            }
          }
        }
      }
      const { warnings } = yield* settled({ status }, { state: "done" })
      assert.deepStrictEqual([warnings.length, warnings[0], warnings[50]], [51, "w 0 [key]", "and 10 more warnings"])
    })
  )

  it.effect("counts what is done of an unknown total, and drops counts that contradict each other", () =>
    Effect.gen(function* () {
      const progress = (running: () => object) =>
        Effect.gen(function* () {
          const words = { ...definition.status.words, running: { running } }
          const { adapter } = yield* world({ status: { ...definition.status, words } }, [
            response(200, { id: "s-1", state: "running" })
          ])
          const { observation } = yield* adapter.poll(ticket)
          return observation._tag === "Pending" ? Option.getOrNull(observation.progress) : null
        })
      assert.deepStrictEqual(yield* progress(() => ({ done: 3 })), { fraction: null, done: 3, total: null })
      assert.isNull(yield* progress(() => ({ done: 3, total: 2 })))
      assert.isNull(yield* progress(() => ({ done: 3, total: Number.NaN })))
      assert.isNull(yield* progress(() => ({ done: -1 })))
    })
  )
})

describe("a word that says that a scan failed", () => {
  const words = { broke: { failed: () => "it broke" }, done: { completed: () => Vendor.unusable("none", "none") } }

  it.effect(
    "decides alone: what cannot be read beside it costs the reason, with a warning that names it (issue 14)",
    () =>
      Effect.gen(function* () {
        const change = {
          answer: Schema.Struct({ score: Wire.decides(Schema.Number) }),
          status: { ...definition.status, words }
        }
        const failed = yield* settled(change, { state: "broke", score: "none" })
        assert.strictEqual(failed._tag === "Failed" ? failed.reason.message : null, "none given")
        assert.lengthOf(failed.warnings, 1)
        assert.include(failed.warnings[0], "the answer of the failed scan could not be read: score")
        assert.notInclude(failed.warnings[0], '"none"')
      })
  )
})

describe("a vendor whose scans are hard to find", () => {
  it.effect("may spell one scan's id in two ways", () =>
    Effect.gen(function* () {
      const sameId = (asked: string, answered: string) => asked.toLowerCase() === answered.toLowerCase()
      const poll = (change: Partial<Acme>) =>
        Effect.gen(function* () {
          const { adapter } = yield* world(change, [response(200, { id: "S-1", state: "done" })])
          return yield* Effect.result(adapter.poll(ticket))
        })
      assert.strictEqual((yield* poll({ sameId }))._tag, "Success")
      assert.strictEqual((yield* poll({}))._tag, "Failure")
    })
  )

  it.effect("is asked whether it takes the key, by a question that needs no scan", () =>
    Effect.gen(function* () {
      const keyProbe = { path: "/me", passes: [200, 404] }
      for (const [status, kind] of [
        [200, null],
        [404, null],
        [401, "Denied"],
        [503, "Transient"]
      ] as const) {
        const { adapter, sent } = yield* world({ keyProbe }, [response(status, {})])
        const asked = yield* Effect.result(adapter.probe ?? Effect.die("no probe"))
        assert.strictEqual(asked._tag === "Failure" ? asked.failure.kind : null, kind)
        assert.deepStrictEqual(sent, ["GET /me"])
      }
      const { adapter } = yield* world({}, [])
      assert.isUndefined(adapter.probe)
    })
  )

  const list: NonNullable<Acme["list"]> = {
    path: ({ list }) => (list === undefined ? Vendor.unusable("no-list", "name a list") : `/lists/${list}`),
    isAbout: (body, { list }) => Wire.get(body, ["list"]) === list,
    rows: ["scans"],
    row: Schema.Struct({ id: Schema.String }),
    scan: ({ id }) => ({ id, createdAt: null }),
    look: { same: (answer, { set }) => Wire.get(answer, ["set"]) === set, most: 2 }
  }

  const reconciled = (given: typeof Target.Type, ...bodies: ReadonlyArray<readonly [number, unknown]>) =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world(
        { list },
        bodies.map(([status, body]) => response(status, body))
      )
      const found = yield* Effect.result(adapter.reconcile?.(given, 0, new Set(["s-0"])) ?? Effect.die("no list"))
      const told = found._tag === "Success" ? found.success.map(({ scanId }) => scanId) : found.failure.code
      return { sent, told }
    })

  it.effect("is looked through by the scans themselves, where its list does not say what they are of", () =>
    Effect.gen(function* () {
      const scans = [{ id: "s-0" }, { id: "s-1" }, { id: "s-2" }]
      const inList = { set: "a", list: "l-1" }
      const found = yield* reconciled(
        inList,
        [200, { list: "l-1", scans }],
        [200, { id: "s-1", set: "a" }],
        [404, { code: "GONE", message: "gone" }]
      )
      assert.deepStrictEqual(found, { told: ["s-1"], sent: ["GET /lists/l-1", "GET /scans/s-1", "GET /scans/s-2"] })
      assert.deepStrictEqual(yield* reconciled({ set: "a" }), { told: "no-list", sent: [] })
      assert.strictEqual((yield* reconciled(inList, [200, { list: "l-2", scans }])).told, "id-mismatch")
      assert.strictEqual(
        (yield* reconciled(inList, [200, { list: "l-1", scans: [...scans, { id: "s-3" }] }])).told,
        "too-many-scans"
      )
      assert.strictEqual(
        (yield* reconciled(inList, [200, { list: "l-1", scans }], [200, { id: "s-9" }])).told,
        "id-mismatch"
      )
    })
  )
})

describe("the configuration of a vendor", () => {
  const settings = { ACME_TEAM: { header: "X-Team", form: /^\d+$/, words: "the team is not a number" } }

  it.effect("sends its further variables as headers, and refuses a wrong value beside a missing address", () =>
    Effect.gen(function* () {
      const { made } = yield* world({ settings }, [], { settings: { ACME_TEAM: " 7 " } })
      assert.deepStrictEqual(made[0]?.headers, { "X-Team": "7" })
      const error = yield* Effect.flip(world({ settings, baseUrl: null }, [], { settings: { ACME_TEAM: "x" } }))
      assert.deepStrictEqual(error._tag === "VendorConfigError" ? error.faults : [], [
        "there is no base URL (ACME_BASE_URL), and Acme has no default address",
        "the team is not a number"
      ])
    })
  )

  it.effect("reads its further variables from the environment", () =>
    Effect.gen(function* () {
      const made: Array<VendorHttp.Options> = []
      const http = Layer.succeed(VendorHttp.VendorHttp, {
        make: (given) => {
          made.push(given)
          return Effect.succeed({
            origin,
            scrub: (text: string) => text,
            get: () => Effect.never,
            post: () => Effect.never
          })
        }
      })
      yield* Vendor.fromConfig(Vendor.define({ ...definition, settings })).pipe(
        Effect.provide(http),
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ACME_KEY: "sk-1", ACME_TEAM: "12" } })))
      )
      assert.deepStrictEqual(made[0]?.headers, { "X-Team": "12" })
    })
  )
})

describe("an address", () => {
  it("can be reached by everybody, or the target says why not, without a name server", () => {
    const faults = (text: string) => Vendor.urlFault(text, { public: true })
    for (const url of [
      "https://example.com/a?b=c",
      "http://8.8.8.8:8080",
      "https://localhost.example.com",
      "http://[2606:4700::6810:84e5]",
      "http://[64:ff9b::8.8.8.8]"
    ]) {
      assert.isNull(faults(url), url)
    }
    for (const url of [
      "http://localhost",
      "http://printer.local",
      "http://127.1",
      "http://2130706433",
      "http://169.254.169.254/latest",
      "http://[::ffff:10.0.0.1]/",
      "http://[::127.0.0.1]/",
      "http://[64:ff9b::10.0.0.1]/",
      "http://[2002:7f00:1::]/",
      "http://[fe80::1]/",
      "http://[fec0::1]/",
      "http://[fd12:3456::1]/",
      "http://[::]/",
      "http://[::1]/",
      "http://[::ffff:0:10.0.0.1]/",
      "http://[64:ff9b:1::8.8.8.8]/",
      "http://[2002:a00::1]/",
      "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
      "http://[2a00::5efe:192.168.0.1]/",
      "http://0xa9fea9fe/",
      "http://0251.0376.0251.0376/",
      "http://169.254.169.254./",
      "http://localhost../",
      "http://metadata.google.internal./",
      "http://nas.home.arpa/",
      "http://１６９.254.169。254/"
    ]) {
      assert.strictEqual(faults(url), "must be publicly reachable, and this is a local or private host", url)
      assert.isNull(Vendor.urlFault(url))
      assert.isFalse(Schema.is(Vendor.publicUrl)(url))
      assert.isTrue(Schema.is(Vendor.url)(url))
    }
    assert.strictEqual(faults("https://u:p@example.com"), "must not hold a user name or password")
    for (const text of ["", "example.com", "ftp://example.com", "https://exam\nple.com", " https://example.com"]) {
      assert.isNotNull(faults(text), text)
      assert.isFalse(Schema.is(Vendor.url)(text))
    }
  })

  it("is refused where readers disagree on its host, as before a backslash (S-07)", () => {
    for (const text of [
      "https://example.com\\@mallory.example/",
      "https:\\\\example.com/",
      "https://example.com/a\\b",
      "https://example.com?x=\\@mallory.example"
    ]) {
      assert.strictEqual(Vendor.urlFault(text), "must not hold a backslash", text)
      assert.isFalse(Schema.is(Vendor.url)(text))
      assert.isFalse(Schema.is(Vendor.publicUrl)(text))
    }
  })
})

describe("how old an answer may be", () => {
  it.effect("is what the target says, and nothing where that is no duration", () =>
    Effect.gen(function* () {
      const { adapter } = yield* world({ maxAge: ({ list, set }) => (list === undefined ? null : Number(set)) }, [])
      assert.isNull(adapter.maxAge?.({ set: "5" }) ?? null)
      assert.deepStrictEqual(adapter.maxAge?.({ set: "5", list: "l" }), Duration.millis(5))
      assert.isUndefined((yield* world({}, [])).adapter.maxAge)
    })
  )
})

describe("a definition is refused", () => {
  const faults = (change: Partial<Acme>): ReadonlyArray<string> => {
    try {
      Vendor.define({ ...definition, ...change })
      return []
    } catch (error) {
      return error instanceof TypeError ? error.message.split("\n  - ").slice(1) : ["another error"]
    }
  }

  it.each<readonly [string, Partial<Acme>]>([
    [
      'errors.rows: "404": a row without `says` hides the rows after it',
      { errors: { ...definition.errors, rows: { "404": [{ poll: "Missing" }, { poll: "Transient", says: /x/ }] } } }
    ],
    [
      'submit.already.meanings: "late" is not in submit.already.words',
      {
        submit: {
          ...definition.submit,
          already: { words: ["done"], meanings: { late: Vendor.when(Answer, { failed: () => null }) } }
        }
      }
    ],
    ['settings: "team" must be of A-Z, 0-9 and _, a letter first', { settings: { team: { header: "X-Team" } } }],
    ['settings.TEAM: "host" cannot be set', { settings: { TEAM: { header: "host" } } }],
    ['keyProbe.path: "me" must start with a slash', { keyProbe: { path: "me" } }],
    [
      "list.pages: further pages need list.query",
      {
        list: {
          path: "/l",
          rows: ["s"],
          row: Schema.Struct({ id: Schema.String }),
          scan: ({ id }) => ({ id, createdAt: 0 }),
          pages: 2
        }
      }
    ]
  ])("because %s", (fault, change) => {
    assert.deepStrictEqual(faults(change), [fault])
  })
})

describe("what an answer of 200 or none at all can say", () => {
  const words = {
    ...definition.status,
    words: { ...definition.status.words, lost: "missing", erased: "gone" }
  } as const
  const polled = (change: Partial<Acme>, reply: VendorHttp.VendorResponse) =>
    Effect.flatMap(world(change, [reply]), ({ adapter }) => Effect.flip(adapter.poll(ticket)))

  it.effect("a word may mean that the vendor does not know the scan, for now or for good (issue 18)", () =>
    Effect.gen(function* () {
      for (const [state, permanent] of [
        ["lost", false],
        ["erased", true]
      ] as const) {
        const fault = yield* polled({ status: words }, response(200, { id: "s-1", state }))
        assert.deepInclude(fault, { kind: "Missing", permanent, code: "unknown-scan" })
        assert.include(fault.message, state)
      }
    })
  )

  it.effect("an end that tested nothing has failed, whatever its word says (issue 18)", () =>
    Effect.gen(function* () {
      const done = { completed: () => Vendor.failed({ code: "nothing-tested", message: "no host" }) }
      const status = { ...definition.status, words: { ...definition.status.words, done } }
      const outcome = yield* settled({ status }, { state: "done" })
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : outcome._tag, "nothing-tested")
    })
  )

  it.effect(
    "a scan that its vendor may have forgotten is not asked for where a poll would start another (issue 18)",
    () =>
      Effect.gen(function* () {
        const status = { ...definition.status, until: () => 1_000 }
        const running = response(200, { id: "s-1", state: "running" })
        const { adapter, sent } = yield* world({ status }, [running])
        yield* TestClock.adjust(999)
        assert.strictEqual((yield* adapter.poll(ticket)).observation._tag, "Pending")
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Effect.flip(adapter.poll(ticket)), {
          kind: "Missing",
          permanent: true,
          code: "too-late"
        })
        assert.lengthOf(sent, 1)
      })
  )

  it.effect("a throttled answer without a wait has that of the vendor's documentation (issue 18)", () =>
    Effect.gen(function* () {
      const rows = { "529": { poll: "Throttled", submit: "Throttled", wait: "30 minutes" } } as const
      const wait = ({ hint }: { readonly hint: Option.Option<Duration.Duration> }) =>
        Option.getOrNull(Option.map(hint, Duration.toMinutes))
      assert.strictEqual(wait(yield* faultOf({ rows }, response(529, {}))), 30)
      assert.strictEqual(wait(yield* errorOf({ rows }, response(529, {}))), 30)
      const told = response(529, {}, Option.some(Duration.minutes(2)))
      assert.strictEqual(wait(yield* faultOf({ rows }, told)), 2)
    })
  )

  it.effect("a list that is whole is looked through without a further page (issue 18)", () =>
    Effect.gen(function* () {
      const list = {
        path: "/scans",
        query: () => ({ set: "a" }),
        rows: ["scans"],
        whole: true,
        row: Schema.Struct({ id: Schema.String }),
        scan: ({ id }: { readonly id: string }) => ({ id, createdAt: 5 })
      }
      const { adapter } = yield* world({ list }, [response(200, { scans: [{ id: "s-1" }] })])
      assert.deepStrictEqual(yield* adapter.reconcile?.(target, 0, new Set(["s-1"])) ?? Effect.die(0), [])
    })
  )
})
