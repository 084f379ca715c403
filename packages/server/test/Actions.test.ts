/** Decisions about submissions in doubt: who may make them, on which version, and what no request can do. */
import { assert, describe, it } from "@effect/vitest"
import * as Api from "@scanpoll/server/Api"
import * as Operations from "@scanpoll/server/Operations"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { deciding, doubtful } from "./support/deciding.ts"
import { ask, serving, settled, submitted, tokens } from "./support/serving.ts"

type Deciding = Effect.Success<ReturnType<typeof deciding>>

const promise = (says: string, body: (server: Deciding) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(says, () => Effect.scoped(Effect.flatMap(deciding(), body)))

const etagOf = (server: Pick<Deciding, "port">, claimId: string) =>
  Effect.map(ask(server, `/api/v1/claims/${claimId}`), ({ headers }) => String(headers["etag"]))

const decide = (
  server: Pick<Deciding, "port">,
  claimId: string,
  body: unknown,
  { headers = {}, token = tokens.decider.token }: { headers?: Record<string, string>; token?: string | null } = {}
) => ask(server, `/api/v1/claims/${claimId}/reconcile`, { method: "POST", body, headers, token })

describe("a decision about a submission in doubt", () => {
  promise("is one of many that name the same version: the others get 412 and change nothing", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "raced")
      const headers = { "if-match": yield* etagOf(server, claimId) }
      const body = { action: "release", confirmSubject: "https://raced.test/" }
      const all = yield* Effect.forEach(
        Array.from({ length: 50 }),
        (_, n) => decide(server, claimId, n % 2 === 0 ? body : { action: "adopt", scanId: "s_1" }, { headers }),
        { concurrency: 50 }
      )
      assert.strictEqual(all.filter(({ status }) => status === 200).length, 1)
      assert.strictEqual(all.filter(({ status }) => status === 412).length, 49)
      assert.strictEqual(server.lines.length, 50)
    })
  )

  promise("leaves a line of who decided what about which claim, also where it was refused", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "told")
      const headers = { "if-match": yield* etagOf(server, claimId) }
      yield* decide(server, claimId, { action: "look" }, { headers })
      yield* decide(server, claimId, { action: "release", confirmSubject: "something else" }, { headers })
      yield* decide(server, claimId, { action: "adopt", scanId: "s_1" }, { headers })
      assert.deepStrictEqual(
        server.lines.map(({ action, claimId: about, result, scanId, who }) => ({
          who,
          action,
          claimId: about,
          scanId,
          result
        })),
        [
          { who: "token decider", action: "look", claimId, scanId: null, result: "none" },
          {
            who: "token decider",
            action: "release",
            claimId,
            scanId: null,
            result: "refused: 422 confirmSubject is not the subject of the claim"
          },
          { who: "token decider", action: "adopt", claimId, scanId: "s_1", result: "found" }
        ]
      )
      assert.strictEqual((yield* server.journal.get(claimId))?.ticket?.scanId, "s_1")
    })
  )

  promise("is asked for in words where its body cannot be read, and not in the words of a compiler", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "worded")
      const headers = { "if-match": yield* etagOf(server, claimId) }
      for (const body of [{ action: "settle" }, {}, [], null]) {
        const { json, status } = yield* decide(server, claimId, body, { headers })
        assert.strictEqual(status, 400)
        const [error] = Object(json).errors
        assert.strictEqual(
          error.message,
          "Expected a JSON object whose action is look, adopt with a scanId, or release with a confirmSubject"
        )
      }
      const { json } = yield* ask(server, "/api/v1/claims?limit=0")
      assert.strictEqual(Object(json).errors[0].message, "Expected a whole number from 1 to 200")
    })
  )

  promise("answers what it came to, with the claim and its new version", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "answered")
      const headers = { "if-match": yield* etagOf(server, claimId) }
      const answer = yield* decide(server, claimId, { action: "adopt", scanId: "s_2" }, { headers })
      assert.deepInclude(Object(answer.json), { result: "found", scanId: "s_2" })
      assert.strictEqual(Object(answer.json).claim.state, "submitted")
      assert.strictEqual(answer.headers["etag"], yield* etagOf(server, claimId))
      const other = yield* doubtful(server.journal, "second")
      const taken = yield* decide(
        server,
        other,
        { action: "adopt", scanId: "s_2" },
        { headers: { "if-match": yield* etagOf(server, other) } }
      )
      assert.strictEqual(taken.status, 409)
      assert.strictEqual((yield* server.journal.get(other))?.state, "in-doubt")
    })
  )

  promise(
    "is refused without the scope, a version, a subject that is typed as it is, or a body that can be read",
    (server) =>
      Effect.gen(function* () {
        const claimId = yield* doubtful(server.journal, "kept")
        const open = yield* submitted(server.journal, "open")
        const done = yield* settled(server.journal, "done")
        const version = { "if-match": yield* etagOf(server, claimId) }
        const look = { action: "look" }
        const release = { action: "release", confirmSubject: "https://kept.test/" }
        const refused: ReadonlyArray<readonly [status: number, answer: ReturnType<typeof decide>]> = [
          [401, decide(server, claimId, look, { headers: version, token: null })],
          [403, decide(server, claimId, look, { headers: version, token: tokens.reader.token })],
          [403, decide(server, claimId, look, { headers: { ...version, origin: "https://evil.example" } })],
          [428, decide(server, claimId, release)],
          [412, decide(server, claimId, release, { headers: { "if-match": `"in-doubt.1"` } })],
          [412, decide(server, claimId, release, { headers: { "if-match": "*" } })],
          [422, decide(server, claimId, { ...release, confirmSubject: "https://other.test/" }, { headers: version })],
          [400, decide(server, claimId, { action: "release" }, { headers: version })],
          [400, decide(server, claimId, { ...release, confirmSubject: "" }, { headers: version })],
          [400, decide(server, claimId, { action: "adopt", scanId: "" }, { headers: version })],
          [400, decide(server, claimId, { action: "adopt", scanId: "a b\n" }, { headers: version })],
          [400, decide(server, claimId, { action: "settle" }, { headers: version })],
          [400, decide(server, claimId, "{", { headers: version })],
          [400, decide(server, claimId, "", { headers: version })],
          [415, decide(server, claimId, look, { headers: { ...version, "content-type": "text/plain" } })],
          [413, decide(server, claimId, { ...look, x: "x".repeat(20_000) }, { headers: version })],
          [409, decide(server, open, look, { headers: { "if-match": yield* etagOf(server, open) } })],
          [409, decide(server, done, release, { headers: { "if-match": yield* etagOf(server, done) } })],
          [404, decide(server, "clm_none", look, { headers: version })]
        ]
        const entries = [yield* server.journal.get(open), yield* server.journal.get(done)]
        for (const [at, [status, asking]] of refused.entries()) {
          const answer = yield* asking
          assert.strictEqual(answer.status, status, `${at}: ${answer.text}`)
          assert.strictEqual(answer.headers["content-type"], "application/problem+json", `${at}`)
        }
        assert.strictEqual((yield* server.journal.get(claimId))?.state, "in-doubt")
        assert.deepStrictEqual([yield* server.journal.get(open), yield* server.journal.get(done)], entries)
        assert.deepStrictEqual(server.asked, [])
      })
  )

  it.live("is refused to everybody where the server was started to be read", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serving()
        const claimId = yield* doubtful(server.journal, "kept")
        const headers = { "if-match": yield* etagOf(server, claimId) }
        const answer = yield* decide(server, claimId, { action: "look" }, { headers })
        assert.deepStrictEqual(
          [answer.status, Object(answer.json).detail],
          [403, "this server was started without --allow reconcile"]
        )
      })
    )
  )
})

describe("what no request can do", () => {
  const properties = (schema: unknown, found: Set<string>): Set<string> => {
    if (typeof schema !== "object" || schema === null) return found
    for (const [name, value] of Object.entries(schema)) {
      if (name === "properties") for (const key of Object.keys(Object(value))) found.add(key)
      properties(value, found)
    }
    return found
  }

  it("one operation alone takes a body, and it names no state, outcome, key, address, file, plan or command", () => {
    const bodies = Object.entries(Operations.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== "get")
        .map(([method, operation]) => [`${method} ${path}`, Object(operation).requestBody] as const)
    )
    assert.deepStrictEqual(
      bodies.map(([name]) => name),
      [
        "post /api/v1/claims/{claimId}/reconcile",
        "post /api/v1/claims/{claimId}/park",
        "post /api/v1/claims/{claimId}/unpark"
      ]
    )
    const [[, body] = [], ...others] = bodies
    assert.isTrue(others.every(([, none]) => none === undefined))
    const refs = JSON.stringify(body).match(/#\/components\/schemas\/\w+/g) ?? []
    const named = refs.map((ref) => Object(Operations.document.components.schemas)[ref.split("/").at(-1) ?? ""])
    assert.deepStrictEqual([...properties([body, ...named], new Set())].toSorted(), [
      "action",
      "confirmSubject",
      "scanId"
    ])
    assert.strictEqual(Api.Decide.members.length, 3)
  })

  promise("a body with any other key is refused, and so is any other method or path", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "kept")
      const headers = { "if-match": yield* etagOf(server, claimId) }
      const more = [
        "state",
        "outcome",
        "notBefore",
        "key",
        "apiKey",
        "baseUrl",
        "insecureHosts",
        "file",
        "plan",
        "command"
      ]
      for (const name of more) {
        const answer = yield* decide(server, claimId, { action: "look", [name]: "x" }, { headers })
        assert.strictEqual(answer.status, 400, name)
      }
      for (const action of ["submit", "resubmit", "settle", "poll", "cancel", "purge", "run", "edit"]) {
        assert.strictEqual((yield* decide(server, claimId, { action, scanId: "s" }, { headers })).status, 400, action)
        const path = `/api/v1/claims/${claimId}/${action}`
        const options = { method: "POST", body: {}, headers, token: tokens.decider.token }
        assert.strictEqual((yield* ask(server, path, options)).status, 404, action)
      }
      const paths = [
        "/api/v1/claims",
        "/api/v1/runs",
        "/api/v1/purge",
        "/api/v1/accounts",
        "/scans",
        "/",
        "/openapi.json"
      ]
      for (const path of [...paths, `/api/v1/claims/${claimId}`, `/scans/${claimId}`]) {
        for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
          const { status } = yield* ask(server, path, { method, body: {}, token: tokens.decider.token })
          assert.include([404, 405], status, `${method} ${path}`)
        }
      }
      assert.strictEqual((yield* server.journal.get(claimId))?.state, "in-doubt")
      assert.deepStrictEqual(server.asked, [])
    })
  )
})

describe("the forms of a decision", () => {
  const session = (server: Deciding) =>
    Effect.gen(function* () {
      const { pathname, search } = new URL(yield* server.server.link)
      const opened = yield* ask(server, `${pathname}${search}`, { token: null })
      const [cookie = ""] = [opened.headers["set-cookie"]].flat()
      return { cookie: cookie.split(";")[0] ?? "" }
    })

  const post = (
    server: Deciding,
    claimId: string,
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string>
  ) =>
    ask(server, `/scans/${claimId}/decide`, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      token: null,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "text/html", ...headers }
    })

  promise("release by the subject that is typed, and are taken from pages of this server alone", (server) =>
    Effect.gen(function* () {
      const claimId = yield* doubtful(server.journal, "typed")
      const cookie = yield* session(server)
      const ours = { ...cookie, origin: `http://127.0.0.1:${server.port}` }
      const page = yield* ask(server, "/doubt", { token: null, headers: cookie })
      const [, quoted = ""] = /name="version" value="([^"]+)"/.exec(page.text) ?? []
      const version = quoted.replaceAll("&quot;", `"`)
      assert.strictEqual(version, yield* etagOf(server, claimId))
      const release = { action: "release", version, confirmSubject: " https://typed.test/ " }
      assert.strictEqual((yield* post(server, claimId, release, cookie)).status, 403)
      assert.strictEqual((yield* post(server, claimId, release, { ...cookie, origin: "null" })).status, 403)
      assert.strictEqual((yield* post(server, claimId, { ...release, confirmSubject: "yes" }, ours)).status, 422)
      assert.strictEqual((yield* post(server, claimId, { ...release, version: "" }, ours)).status, 412)
      assert.strictEqual((yield* server.journal.get(claimId))?.state, "in-doubt")
      const done = yield* post(server, claimId, release, ours)
      assert.strictEqual(done.status, 200, done.text)
      assert.include(done.text, "Released")
      assert.strictEqual((yield* server.journal.get(claimId))?.state, "released")
      assert.strictEqual((yield* post(server, claimId, release, ours)).status, 412)
      assert.strictEqual(server.lines.at(-1)?.who, "session")
    })
  )

  it.live("show what the vendor has, each with a button that takes it, and commands to those who may not decide", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* deciding("several")
        const claimId = yield* doubtful(server.journal, "several")
        const ours = { ...(yield* session(server)), origin: `http://127.0.0.1:${server.port}` }
        const version = yield* etagOf(server, claimId)
        const looked = yield* post(server, claimId, { action: "look", version }, ours)
        assert.include(looked.text, "The vendor has several that it may be")
        assert.match(looked.text, /name="scanId" value="s_1"/)
        const taken = yield* post(server, claimId, { action: "adopt", version, scanId: "s_1" }, ours)
        assert.include(taken.text, "The vendor has it")
        const other = yield* doubtful(server.journal, "other")
        const reader = yield* ask(server, `/scans/${other}`)
        assert.notInclude(reader.text, "<form")
        assert.include(reader.text, `scanpoll reconcile ${other} --release`)
        const decider = yield* ask(server, `/scans/${other}`, { token: tokens.decider.token })
        assert.include(decider.text, `action="/scans/${other}/decide"`)
      })
    )
  )
})

describe("that nobody waits for a scan any more", () => {
  promise(
    "is said by its version, undone the same way, leaves a line each, and is said of open scans alone",
    (server) =>
      Effect.gen(function* () {
        const claimId = yield* submitted(server.journal, "open")
        const doubt = yield* doubtful(server.journal, "doubt")
        const say = (id: string, what: string, headers: Record<string, string>, token = tokens.decider.token) =>
          ask(server, `/api/v1/claims/${id}/${what}`, { method: "POST", headers, token })
        const first = { "if-match": yield* etagOf(server, claimId) }
        assert.strictEqual((yield* say(claimId, "park", {})).status, 428)
        assert.strictEqual((yield* say(claimId, "park", first, tokens.reader.token)).status, 403)
        assert.strictEqual((yield* say(doubt, "park", { "if-match": yield* etagOf(server, doubt) })).status, 409)
        const parked = yield* say(claimId, "park", first)
        assert.deepStrictEqual([parked.status, Object(parked.json).result], [200, "parked"], parked.text)
        assert.isString(Object(parked.json).claim.parkedAt)
        const page = yield* ask(server, `/scans/${claimId}`, { token: tokens.decider.token })
        assert.include(page.text, "Nobody waits for it since")
        assert.include(page.text, "Wait again")
        const again = yield* say(claimId, "unpark", { "if-match": String(parked.headers["etag"]) })
        assert.deepStrictEqual([again.status, Object(again.json).claim.parkedAt], [200, null])
        assert.strictEqual((yield* server.journal.get(claimId))?.state, "submitted")
        assert.deepStrictEqual(
          server.lines.map(({ action, result }) => [action, result]),
          [
            ["park", "refused: 428 If-Match is needed: the ETag of the claim, as it was looked at"],
            ["park", "refused: 409 the claim is in-doubt, not submitted"],
            ["park", "parked"],
            ["unpark", "unparked"]
          ]
        )
      })
  )
})
