/** What the API answers, by its typed client and by its document. */
import { assert, describe, it } from "@effect/vitest"
import * as Api from "@scanpoll/server/Api"
import * as Operations from "@scanpoll/server/Operations"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { deciding, doubtful } from "./support/deciding.ts"
import { ask, type Serving, serving, settled, subject, submitted, tokens } from "./support/serving.ts"

const clientOf = ({ port }: Serving) =>
  HttpApiClient.make(Api.Api, {
    transformClient: HttpClient.mapRequest((request) =>
      HttpClientRequest.bearerToken(
        HttpClientRequest.prependUrl(request, `http://127.0.0.1:${port}`),
        tokens.reader.token
      )
    )
  }).pipe(Effect.provide(FetchHttpClient.layer))

const promise = (says: string, body: (server: Serving) => Effect.Effect<void, unknown>) =>
  it.live(says, () => Effect.scoped(Effect.flatMap(serving(), body)))

describe("the API of a journal", () => {
  promise("a typed client walks the claims page by page, and filters them by state and subject", (server) =>
    Effect.gen(function* () {
      const client = yield* clientOf(server)
      const ids = yield* Effect.forEach(["a", "b", "c"], (name) => submitted(server.journal, name))
      const done = yield* settled(server.journal, "d")
      const met: Array<string> = []
      let cursor: string | null | undefined
      while (cursor !== null) {
        const query = cursor === undefined ? { limit: "2" } : { limit: "2", cursor }
        const page = yield* client.claims.list({ query })
        met.push(...page.items.map(({ claimId }) => claimId))
        cursor = page.next
      }
      assert.deepStrictEqual(met, [...ids, done].toSorted().reverse())
      const { items } = yield* client.claims.list({ query: { state: "settled" } })
      assert.deepStrictEqual(
        items.map(({ answer, claimId }) => [claimId, answer?.severity]),
        [[done, "low"]]
      )
      const about = yield* client.claims.list({ query: { subject: `${subject.kind}:${subject.id}` } })
      assert.strictEqual(about.items.length, 4)
      const [accounts, targets] = [yield* client.standing.accounts(), yield* client.standing.targets({ query: {} })]
      assert.deepInclude(accounts.items[0], { vendor: "acme", account: "default", open: 3, inDoubt: 0 })
      assert.deepStrictEqual(
        targets.items.map(({ points, subject }) => [subject.id, points.length]),
        [[subject.id, 1]]
      )
      const missing = yield* Effect.flip(client.claims.one({ params: { claimId: "clm_none" } }))
      assert.strictEqual(missing._tag, "NotFound")
    })
  )

  promise("the polls of a claim are told with why each wait is as long as it is", (server) =>
    Effect.gen(function* () {
      const client = yield* clientOf(server)
      const claimId = yield* submitted(server.journal, "polled")
      const note = { kind: "poll", because: "hint", until: 9_000, code: null, percent: 20, message: null } as const
      for (const at of [1_000, 2_000]) server.journal.polled(claimId, { ...note, at, seen: "running" })
      const { items } = yield* client.claims.events({ params: { claimId } })
      assert.deepStrictEqual(items, [
        {
          seq: 1,
          kind: "poll",
          seen: "running",
          code: null,
          percent: 20,
          message: null,
          because: "hint",
          firstAt: "1970-01-01T00:00:01.000Z",
          lastAt: "1970-01-01T00:00:02.000Z",
          count: 2,
          until: "1970-01-01T00:00:09.000Z"
        }
      ])
    })
  )

  promise("no answer has a request, a payload, or a text that could act on a terminal or a reader", (server) =>
    Effect.gen(function* () {
      const hostile = "\u001b[2J ##[error]x \u202e <script>\u0007"
      const claimId = yield* submitted(server.journal, "hostile", { ...subject, name: hostile })
      yield* server.journal.runs.begin({
        runId: "run_hostile",
        command: "run",
        plan: hostile,
        planDigest: null,
        options: { secret: "of the options" },
        startedAt: 1,
        rows: [
          {
            vendor: "acme",
            account: hostile,
            key: null,
            subject: { ...subject, name: hostile },
            kind: null,
            request: { secret: "of the request" },
            forced: false,
            claimId
          }
        ]
      })
      yield* settled(server.journal, "payload")
      for (const path of ["claims", `claims/${claimId}`, "runs", "runs/run_hostile", "targets", "accounts"]) {
        const { json, status, text } = yield* ask(server, `/api/v1/${path}`)
        assert.strictEqual(status, 200, path)
        assert.notMatch(text, /of the request|of the options|the payload/)
        // oxlint-disable-next-line no-control-regex -- they are what must not pass.
        assert.notMatch(JSON.stringify(json), /\\u001b|\\u0007|[\u202e\u001b]|##\[/, path)
      }
    })
  )

  promise("a cursor of another list, or of nobody, is refused, and so is what is out of bounds", (server) =>
    Effect.gen(function* () {
      for (let n = 0; n < 3; n++) {
        const run = { runId: `run_${n}`, command: "run", plan: null, planDigest: null, options: null }
        yield* server.journal.runs.begin({ ...run, startedAt: 5, rows: [] })
        yield* submitted(server.journal, `${n}`)
      }
      const runs = Object((yield* ask(server, "/api/v1/runs?limit=2")).json)
      const more = Object((yield* ask(server, `/api/v1/runs?limit=2&cursor=${runs.next}`)).json)
      assert.deepStrictEqual([runs.items.length, more.items.length, more.next], [2, 1, null])
      const claims = Object((yield* ask(server, "/api/v1/claims?limit=2")).json)
      const bad = [
        `runs?cursor=${claims.next}`,
        `claims?cursor=${runs.next}`,
        "claims?cursor=eA",
        "claims?limit=0",
        "claims?limit=201",
        "claims?limit=1e1",
        "claims?limit=",
        "claims?state=open",
        "claims?subject=nothing",
        "claims/x",
        "runs/run_0/report?format=pdf"
      ]
      for (const path of bad) assert.strictEqual((yield* ask(server, `/api/v1/${path}`)).status, 400, path)
    })
  )

  promise("a report comes in every format, and only its own script may run in the one of HTML", (server) =>
    Effect.gen(function* () {
      const json = yield* ask(server, "/api/v1/runs/run_1/report")
      assert.strictEqual(Object(json.json).run.id, "run_1")
      const html = yield* ask(server, "/api/v1/runs/run_1/report?format=html")
      assert.match(html.text, /^<!DOCTYPE html>/)
      assert.match(String(html.headers["content-security-policy"]), /script-src 'sha256-.*frame-ancestors 'none'$/)
      const sarif = yield* ask(server, "/api/v1/runs/run_1/report?format=sarif")
      assert.strictEqual(sarif.headers["content-disposition"], 'attachment; filename="run_1.sarif"')
      assert.strictEqual((yield* ask(server, "/api/v1/runs/run_2/report")).status, 404)
      assert.strictEqual((yield* ask(server, "/api/v1/claims/clm_2/report")).status, 404)
    })
  )
})

const file = fileURLToPath(new URL("../../../docs/api/openapi.json", import.meta.url))

describe("the document of the API", () => {
  it("is docs/api/openapi.json, which is written anew with DOCS_UPDATE=1", () => {
    const text = JSON.stringify(Operations.document, null, 2)
    if (process.env["DOCS_UPDATE"] === "1") writeFileSync(file, `${text}\n`)
    const kept: unknown = JSON.parse(readFileSync(file, "utf8"))
    assert.deepStrictEqual(kept, JSON.parse(text))
  })

  promise("answers of every operation, to good requests and to bad ones, are what the document says", (server) =>
    Effect.gen(function* () {
      const claimId = yield* settled(server.journal, "whole")
      const run = { runId: "run_1", command: "run", plan: "p", planDigest: null, options: null, startedAt: 5, rows: [] }
      yield* server.journal.runs.begin(run)
      const ajv = new Ajv2020({ strict: false })
      ajv.addSchema({ ...Operations.document, $id: "api" })
      const ids: Readonly<Record<string, string>> = { claimId, runId: "run_1" }
      // Values that no parameter takes, and some that one does.
      const odd = [
        "",
        "0",
        "-1",
        "1",
        "200",
        "settled",
        "x".repeat(201),
        "url:https://a.test/",
        "%00",
        "💥",
        "__proto__",
        "json"
      ]
      let asked = 0
      const checks = new Map<string, ValidateFunction>()
      for (const [path, { get }] of Object.entries(Operations.document.paths)) {
        if (get === undefined || (path.endsWith("/events") && path.startsWith("/api/v1/events"))) continue
        const good = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name)
        const names = get.parameters.flatMap((one) => (one.in === "query" ? [one.name] : []))
        const addresses = [
          good,
          ...names.flatMap((name) =>
            odd.map((value) => `${good}?${name}=${value === "%00" ? value : encodeURIComponent(value)}`)
          ),
          ...(path === good
            ? []
            : odd
                .filter((value) => value !== "" && value !== "%00")
                .map((value) => path.replace(/\{\w+\}/, encodeURIComponent(value))))
        ]
        for (const address of addresses) {
          const { headers, json, status, text } = yield* ask(server, address)
          asked += 1
          assert.isBelow(status, 500, `${address}: ${text}`)
          const answer: { readonly content?: unknown } | undefined = get.responses[status]
          assert.isDefined(answer, `${address}: ${status} is not documented`)
          const type = String(headers["content-type"]).split(";")[0] ?? ""
          assert.property(answer?.content, type, address)
          if (type !== "application/json" && type !== "application/problem+json") continue
          if (address.includes("/report") && status === 200) continue
          const at = `api#/paths/${path.replace(/~/g, "~0").replace(/\//g, "~1")}/get/responses/${status}/content/${type.replace(/\//g, "~1")}/schema`
          const isValid = checks.get(at) ?? ajv.compile({ $ref: at.replace(/[{}]/g, encodeURIComponent) })
          checks.set(at, isValid)
          assert.isTrue(isValid(json), `${address}: ${JSON.stringify(isValid.errors)} ${text.slice(0, 300)}`)
        }
      }
      assert.isAbove(asked, 100)
    })
  )

  it.live("answers to decisions, good ones and bad ones, are what the document says", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* deciding("several")
        const ajv = new Ajv2020({ strict: false })
        ajv.addSchema({ ...Operations.document, $id: "api" })
        const at = "/paths/~1api~1v1~1claims~1{claimId}~1reconcile/post/responses"
        const bodies = [
          { action: "look" },
          { action: "adopt", scanId: "s_unknown" },
          { action: "release", confirmSubject: "wrong" },
          { action: "adopt", scanId: "s_1" },
          { action: "look" },
          { action: "nothing" },
          []
        ]
        const claimId = yield* doubtful(server.journal, "told")
        const known = yield* ask(server, `/api/v1/claims/${claimId}`)
        const met: Array<number> = []
        for (const body of bodies) {
          const answer = yield* ask(server, `/api/v1/claims/${claimId}/reconcile`, {
            method: "POST",
            body,
            token: tokens.decider.token,
            headers: met.length === 4 ? {} : { "if-match": String(known.headers["etag"]) }
          })
          met.push(answer.status)
          const type = String(answer.headers["content-type"]).replace("/", "~1")
          const $ref = `api#${at}/${answer.status}/content/${type}/schema`.replace(/[{}]/g, encodeURIComponent)
          const isValid = ajv.compile({ $ref })
          assert.isTrue(isValid(answer.json), `${answer.text}: ${JSON.stringify(isValid.errors)}`)
        }
        assert.deepStrictEqual(met, [200, 200, 422, 200, 428, 400, 400])
      })
    )
  )
})
