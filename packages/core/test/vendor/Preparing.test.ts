/** Definitions whose submission needs something first, and those whose scans can be cancelled. */
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { CancelCall, Definition } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"

const Target = Schema.Struct({ url: Schema.String })
const Answer = Schema.Struct({})

type Probe = Definition<typeof Target.Type, typeof Answer.Type, typeof Answer.Type, never, never, "task" | "upload">

// The shape of sqlmap's API: a task first, its scan has the task's id, and the task tells whether it was started.
const definition: Probe = {
  name: "probe",
  title: "Probe",
  scans: "scans of web sites",
  docs: "https://probe.example/docs",
  baseUrl: "https://api.probe.example",
  auth: "none",
  probe: "t-0",
  target: Target,
  sample: { url: "https://a.example/" },
  line: "url",
  subject: ({ url }) => ({ kind: "url", id: url, name: url }),
  prepare: {
    task: { method: "GET", path: "/task/new", take: ["taskid"] },
    upload: { path: "/task/{task}/files", body: ({ url }) => ({ url }), take: { location: /\/files\/(.+)$/ } }
  },
  submit: {
    path: "/scan/{task}/start",
    body: ({ url }, { upload }) => ({ url, file: upload }),
    id: { prepared: "task" }
  },
  recover: {
    path: "/scan/{task}/status",
    none: [404],
    scan: (body, { task }) => {
      const word = Wire.get(body, ["status"])
      if (word === "not running") return null
      return typeof word === "string" ? task : Vendor.unusable("no-status", "the answer holds no status")
    }
  },
  cancel: { path: "/scan/{id}/stop" },
  answer: Answer,
  payload: Answer,
  status: {
    path: "/scan/{id}/status",
    id: null,
    word: ["status"],
    words: { running: "running", terminated: { completed: () => ({ payload: {}, assessment: Vendor.assessment({}) }) } }
  },
  errors: { message: ["message"], rows: { "409": { poll: "Broken!", on: ["cancel"], advice: "it has ended" } } },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
}

interface Reply {
  readonly status?: number
  readonly body?: unknown
  readonly location?: string
}

const origin = "https://api.probe.example"

const world = (replies: ReadonlyArray<Reply | VendorHttp.TransportFault>, change: Partial<Probe> = {}) => {
  const sent: Array<string> = []
  const next = (line: string) =>
    Effect.suspend(() => {
      const reply = replies[sent.length]
      sent.push(line)
      if (reply === undefined) return Effect.die(new Error(`no answer for ${line}`))
      if (reply instanceof VendorHttp.TransportFault) return Effect.fail(reply)
      const { body, location, status = 200 } = reply
      return Effect.succeed<VendorHttp.VendorResponse>({
        status,
        body:
          body === undefined
            ? { _tag: "Unreadable", why: "not-json", detail: "a page" }
            : { _tag: "Json", value: body },
        hint: Option.none(),
        quota: Option.none(),
        requestId: null,
        ...(location === undefined ? {} : { location }),
        warnings: []
      })
    })
  const layer = Layer.succeed(VendorHttp.VendorHttp, {
    make: () =>
      Effect.succeed({
        origin,
        scrub: (text) => text.replaceAll("sk-secret", "[key]"),
        get: (path) => next(`GET ${path}`),
        post: (path, body, options) =>
          next(`${options?.method ?? "POST"} ${path}${options?.as === "none" ? "" : ` ${JSON.stringify(body)}`}`)
      })
  })
  return Vendor.define({ ...definition, ...change })
    .make({})
    .pipe(
      Effect.provide(layer),
      Effect.map((adapter) => ({ adapter, sent }))
    )
}

// The shape of a spider: it is started, and runs for a while.
const crawling = (within: Duration.Input): NonNullable<Probe["prepare"]> => ({
  task: { method: "GET", path: "/task/new", take: ["taskid"] },
  upload: {
    method: "GET",
    path: "/spider/{task}",
    take: (body) => (Wire.get(body, ["status"]) === "100" ? "100" : null),
    pending: { says: (body) => Wire.get(body, ["status"]) !== "100", every: "5 seconds", within }
  }
})

const target = { url: "https://a.example/" }
const ready = { task: "t 1", upload: "f-1" }
const made: ReadonlyArray<Reply> = [
  { body: { taskid: "t 1" } },
  { status: 201, body: {}, location: "https://x/files/f-1" }
]

const prepare = (replies: ReadonlyArray<Reply | VendorHttp.TransportFault>) =>
  Effect.gen(function* () {
    const { adapter, sent } = yield* world(replies)
    if (adapter.prepare === undefined) return assert.fail("it prepares nothing")
    return { result: yield* Effect.result(adapter.prepare(target)), sent }
  })

const recover = (reply: Reply, prepared: unknown = { task: "t-1", upload: "f-1" }) =>
  Effect.gen(function* () {
    const { adapter, sent } = yield* world([reply])
    if (adapter.recover === undefined) return assert.fail("it recovers nothing")
    return { result: yield* Effect.result(adapter.recover(prepared)), sent }
  })

describe("a definition that prepares", () => {
  it.effect("makes its calls in their order, and a path has what earlier ones returned, encoded", () =>
    Effect.gen(function* () {
      const { result, sent } = yield* prepare(made)
      assert.deepStrictEqual(result._tag === "Success" ? result.success : result.failure, ready)
      assert.deepStrictEqual(sent, ["GET /task/new", 'POST /task/t%201/files {"url":"https://a.example/"}'])
    })
  )

  it.effect("asks a call that is not there yet again, at its own pace, and submits nothing before (issue 18)", () =>
    Effect.gen(function* () {
      const percent = (status: string): Reply => ({ body: { status } })
      const { adapter, sent } = yield* world([{ body: { taskid: "7" } }, percent("0"), percent("40"), percent("100")], {
        prepare: crawling("1 minute")
      })
      if (adapter.prepare === undefined) return assert.fail("it prepares nothing")
      assert.strictEqual(Duration.toMillis(adapter.prepareTimeout ?? Duration.zero), 60_000 + 2 * 15_000)
      const fiber = yield* Effect.forkChild(adapter.prepare(target), { startImmediately: true })
      yield* TestClock.adjust("9 seconds")
      assert.lengthOf(sent, 3)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { task: "7", upload: "100" })
      assert.deepStrictEqual(sent, ["GET /task/new", ...Array.from({ length: 3 }, () => "GET /spider/7")])
    })
  )

  it.effect("gives up what never comes, without a doubt: nothing was submitted (issue 18)", () =>
    Effect.gen(function* () {
      const never = Array.from({ length: 9 }, (): Reply => ({ body: { status: "3" } }))
      const { adapter, sent } = yield* world([{ body: { taskid: "7" } }, ...never], { prepare: crawling("20 seconds") })
      const fiber = yield* Effect.forkChild(Effect.flip(adapter.prepare?.(target) ?? Effect.die(0)), {
        startImmediately: true
      })
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { kind: "NotSent", code: "not-prepared" })
      assert.include(error.message, "within 20s")
      assert.lengthOf(sent, 6)
    })
  )

  it.effect("submits with what was prepared, and its scan may have the id of what was", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world([{ body: { success: true } }])
      const answer = yield* adapter.submit(target, { task: "t-1", upload: "f-1" })
      assert.strictEqual(answer._tag === "Submitted" ? answer.ticket.scanId : answer._tag, "t-1")
      assert.deepStrictEqual(sent, ['POST /scan/t-1/start {"url":"https://a.example/","file":"f-1"}'])
    })
  )

  it.effect("does not take what was prepared for the id of a scan where the vendor turned the submission down", () =>
    Effect.gen(function* () {
      const { adapter } = yield* world([{ status: 400, body: { message: "no such option" } }, { status: 502 }])
      const prepared = { task: "t-1", upload: "f-1" }
      assert.strictEqual((yield* Effect.flip(adapter.submit(target, prepared))).kind, "Refused")
      assert.strictEqual((yield* Effect.flip(adapter.submit(target, prepared))).kind, "InDoubt")
    })
  )

  it.effect("sends no submission without what it needs, whatever a journal gave back", () =>
    Effect.gen(function* () {
      for (const stored of [
        undefined,
        null,
        {},
        { task: "t-1" },
        { task: "t-1", upload: { a: 1 } },
        { task: "", upload: 1 }
      ]) {
        const { adapter, sent } = yield* world([])
        const error = yield* Effect.flip(adapter.submit(target, stored))
        assert.deepStrictEqual([error.kind, error.permanent, sent], ["NotSent", true, []])
      }
    })
  )

  it.effect("leaves no doubt, whatever becomes of a call: nothing was bought by it", () =>
    Effect.gen(function* () {
      const lost = new VendorHttp.TransportFault({
        sent: true,
        permanent: false,
        code: "timeout",
        message: "no answer"
      })
      const kinds: Array<string> = []
      for (const reply of [
        lost,
        { status: 500 },
        { status: 200, body: {} },
        { status: 200 },
        { status: 200, body: { taskid: { a: 1 } } },
        { status: 302 },
        { status: 429, body: { message: "slower" } },
        { status: 401, body: { message: "who?" } },
        { status: 422, body: { message: "not that" } },
        { body: { taskid: "sk-secret" } }
      ]) {
        const { result, sent } = yield* prepare([reply])
        kinds.push(result._tag === "Failure" ? result.failure.kind : "Success")
        assert.strictEqual(sent.length, 1)
      }
      assert.deepStrictEqual(kinds, [
        ...Array.from({ length: 6 }, () => "NotSent"),
        "Throttled",
        "Denied",
        "Refused",
        "NotSent"
      ])
    })
  )

  it.effect("prepares nothing for a target with a fault", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world([], { check: () => [{ path: ["url"], message: "is taken" }] })
      const error = yield* Effect.flip(adapter.prepare?.(target) ?? Effect.void)
      assert.deepStrictEqual([error, sent.length], [error, 0])
    })
  )
})

describe("a submission whose answer was lost, by what was prepared for it", () => {
  it.effect("is found, is surely not there, or cannot be told", () =>
    Effect.gen(function* () {
      const found = yield* recover({ body: { status: "running" } })
      assert.deepStrictEqual(found.sent, ["GET /scan/t-1/status"])
      assert.strictEqual(found.result._tag === "Success" ? found.result.success?.scanId : null, "t-1")
      for (const reply of [{ body: { status: "not running" } }, { status: 404, body: { message: "no such task" } }]) {
        const { result } = yield* recover(reply)
        assert.deepStrictEqual(result._tag === "Success" ? result.success : "a fault", null)
      }
      for (const reply of [{ body: {} }, { status: 404 }, { status: 500 }, { status: 401 }]) {
        assert.strictEqual((yield* recover(reply)).result._tag, "Failure", JSON.stringify(reply))
      }
    })
  )

  it.effect("is not asked about with what a journal has lost", () =>
    Effect.gen(function* () {
      for (const stored of [null, {}, "t-1", { task: 1.5, upload: "f" }]) {
        const { result, sent } = yield* recover({}, stored)
        assert.deepStrictEqual([result._tag, sent], ["Failure", []])
      }
    })
  )
})

describe("a scan that can be cancelled", () => {
  const ticket = ScanTicket.make({ vendor: "probe", origin, account: "default", scanId: "t-1", submittedAt: null })
  const cancel = (reply: Reply, call?: CancelCall) =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world([reply], call === undefined ? {} : { cancel: call })
      if (adapter.cancel === undefined) return assert.fail("it cancels nothing")
      return { result: yield* Effect.result(adapter.cancel(ticket)), sent }
    })

  it.effect("is asked for in one request, and any 2xx takes the wish", () =>
    Effect.gen(function* () {
      const asked = [
        yield* cancel({ status: 202 }),
        yield* cancel({ status: 204 }, { method: "DELETE", path: "/scan/{id}" }),
        yield* cancel(
          { body: {} },
          { method: "PUT", path: "/x", query: (id) => ({ id }), body: () => ({ state: "off" }) }
        )
      ]
      assert.deepStrictEqual(
        asked.map(({ result, sent }) => [result._tag, ...sent]),
        [
          ["Success", "POST /scan/t-1/stop"],
          ["Success", "DELETE /scan/t-1"],
          ["Success", 'PUT /x {"state":"off"}']
        ]
      )
    })
  )

  it.effect("says why where the vendor does not take it, by the table of errors", () =>
    Effect.gen(function* () {
      const kinds: Array<string> = []
      for (const status of [404, 409, 401, 429, 500]) {
        const { result } = yield* cancel({ status, body: { message: "no" } })
        kinds.push(result._tag === "Failure" ? result.failure.kind : "Success")
      }
      assert.deepStrictEqual(kinds, ["Missing", "Broken", "Denied", "Throttled", "Transient"])
    })
  )
})

describe("a definition that prepares wrongly", () => {
  it("is refused with everything that is wrong with it", () => {
    const call = { path: "/task", take: ["id"] }
    const wrong: ReadonlyArray<readonly [Partial<Probe>, ReadonlyArray<string>]> = [
      [
        { prepare: { task: { ...call, path: "task/{upload}" }, upload: { ...call, as: "form" } } },
        [
          'prepare.task.path: "task/{upload}" must start with a slash',
          "prepare.task.path: {upload} is not the name of an earlier call in prepare",
          "prepare.upload.as: there is no prepare.upload.body"
        ]
      ],
      [
        { prepare: { task: { ...call, method: "GET", body: () => 1 }, upload: { ...call, take: [] } } },
        [
          "prepare.task.body: a GET has none: use prepare.task.query",
          "prepare.upload.take must name at least one field"
        ]
      ],
      [
        { submit: { path: "/scan/{tsk}/start", id: ["id"] } },
        ["submit.path: {tsk} is not the name of an earlier call in prepare"]
      ],
      [
        { recover: { path: "/status", scan: () => null, none: [200] } },
        [
          'recover.path: "/status" names nothing of prepare, such as {task}',
          "recover.none: a 200 is read by recover.scan"
        ]
      ],
      [{ cancel: { path: "stop", method: "GET", as: "json" } }, ["cancel.path", "cancel.body: a GET has none"]]
    ]
    for (const [change, faults] of wrong) {
      let said = ""
      try {
        Vendor.define({ ...definition, ...change })
      } catch (error) {
        said = String(error)
      }
      for (const fault of faults) assert.include(said, fault)
    }
    const { prepare: _, ...without } = definition
    assert.throws(
      // As a program without types may.
      () => void Reflect.apply(Vendor.define, undefined, [without]),
      /\{task\} is not the name[\s\S]*"task" is not the name[\s\S]*recover: it asks by what was prepared/
    )
  })
})
