/** Who is let in, and what every answer says to a browser. */
import { assert, describe, it } from "@effect/vitest"
import * as Guard from "@scanpoll/server/Guard"
import * as Tokens from "@scanpoll/server/Tokens"
import * as Effect from "effect/Effect"
import { type Answer, ask, listen, type Serving, serving, tokens, until } from "./support/serving.ts"

const isProblem = ({ headers, json, status, text }: Answer): void => {
  assert.strictEqual(headers["content-type"], "application/problem+json", text)
  const { detail, title, type, status: told } = Object(json)
  assert.deepStrictEqual([told, typeof detail, typeof title, typeof type], [status, "string", "string", "string"])
}

describe("the guard of a server", () => {
  const promise = (says: string, body: (server: Serving) => Effect.Effect<void>) =>
    it.live(says, () => Effect.scoped(Effect.flatMap(serving(), body)))

  promise("who has no token and no session gets 401 for every path, with the scheme that is wanted", (server) =>
    Effect.gen(function* () {
      for (const path of ["/", "/api/v1/claims", "/api/v1/events", "/openapi.json", "/nothing"]) {
        for (const headers of [
          {},
          { authorization: "Bearer wrong" },
          { authorization: "Basic eDp5" },
          { cookie: `scanpoll-${server.port}=1.x` }
        ]) {
          const answer = yield* ask(server, path, { token: null, headers })
          assert.strictEqual(answer.status, 401, path)
          assert.match(String(answer.headers["www-authenticate"]), /^Bearer/)
          isProblem(answer)
        }
      }
    })
  )

  promise("another host's name, another origin and a request of another site are refused, whoever asks", (server) =>
    Effect.gen(function* () {
      const foreign = [
        { host: "evil.example" },
        { host: `evil.example:${server.port}` },
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" }
      ]
      for (const headers of foreign) {
        for (const path of ["/", "/login?code=x", "/api/v1/claims"]) {
          const answer = yield* ask(server, path, { headers })
          assert.strictEqual(answer.status, 403, JSON.stringify(headers))
          isProblem(answer)
        }
      }
      const ours = [
        { host: `localhost:${server.port}` },
        { host: `[::1]:${server.port}` },
        { origin: `http://127.0.0.1:${server.port}`, "sec-fetch-site": "same-origin" },
        { "sec-fetch-site": "none" }
      ]
      for (const headers of ours) {
        assert.strictEqual((yield* ask(server, "/api/v1/claims", { headers })).status, 200, JSON.stringify(headers))
      }
    })
  )

  promise(
    "an answer of any kind forbids to guess, frame, store and fetch, and brings nothing of another origin",
    (server) =>
      Effect.gen(function* () {
        const asked: ReadonlyArray<readonly [path: string, method: string]> = [
          ["/", "GET"],
          ["/api/v1/claims", "GET"],
          ["/api/v1/claims", "HEAD"],
          ["/api/v1/claims", "POST"],
          ["/nothing", "GET"],
          ["/%ff", "GET"]
        ]
        for (const [path, method] of asked) {
          const { headers } = yield* ask(server, path, { method })
          assert.match(String(headers["content-security-policy"]), /^default-src 'none';.*frame-ancestors 'none'$/)
          assert.strictEqual(headers["x-content-type-options"], "nosniff")
          assert.strictEqual(headers["cache-control"], "no-store")
          assert.isUndefined(headers["access-control-allow-origin"])
        }
      })
  )

  promise("what is not there, cannot be done or cannot be read is a problem, and none of it is a defect", (server) =>
    Effect.gen(function* () {
      const refused: ReadonlyArray<readonly [path: string, method: string, status: number]> = [
        ["/nothing", "GET", 404],
        ["/api/v1", "GET", 404],
        ["/api/v1/claims/clm_1/nothing", "GET", 404],
        ["/api/v1/claims", "POST", 405],
        ["/api/v1/claims", "DELETE", 405],
        ["/", "PUT", 405],
        ["/api/v1/claims", "OPTIONS", 405],
        ["/%ff", "GET", 400],
        ["/api/v1/claims/%ff", "GET", 400],
        ["/api/v1/claims?state=%ff", "GET", 400],
        ["//evil.example/api/v1/claims", "GET", 400],
        [`/api/v1/claims?cursor=${"x".repeat(5_000)}`, "GET", 400],
        ["/api/v1/claims?stat=settled", "GET", 400],
        ["/api/v1/claims?vendor=a&vendor=b", "GET", 400],
        ["/api/v1/accounts?vendor=a", "GET", 400],
        ["/?x", "GET", 400],
        ["/api/v1/claims/../claims", "GET", 400],
        [`/api/v1/claims/clm_${"1".repeat(300)}`, "GET", 404],
        ["/api/v1/claims/", "GET", 404],
        ["/api//v1/claims", "GET", 404],
        ["/API/v1/claims", "GET", 404]
      ]
      for (const [path, method, status] of refused) {
        const answer = yield* ask(server, path, { method })
        assert.strictEqual(answer.status, status, `${method} ${path.slice(0, 60)}: ${answer.text}`)
        isProblem(answer)
        if (status === 405) assert.strictEqual(answer.headers["allow"], "GET, HEAD")
      }
    })
  )

  promise("a link opens once, leaves a cookie named after the port, and the cookie lets in", (server) =>
    Effect.gen(function* () {
      const link = new URL(yield* server.server.link)
      const path = `${link.pathname}${link.search}`
      const wrong = yield* ask(server, "/login?code=wrong", { token: null })
      assert.strictEqual(wrong.status, 401)
      isProblem(wrong)
      // A preview of the link looks at its head.
      assert.strictEqual((yield* ask(server, path, { token: null, method: "HEAD" })).status, 204)
      const opened = yield* ask(server, path, { token: null })
      assert.deepStrictEqual([opened.status, opened.headers["location"]], [303, "/"])
      const [cookie = ""] = [opened.headers["set-cookie"]].flat()
      assert.match(cookie, new RegExp(`^scanpoll-${server.port}=`))
      assert.match(cookie, /HttpOnly/)
      assert.match(cookie, /SameSite=Strict/)
      assert.strictEqual((yield* ask(server, path, { token: null })).status, 401)
      const headers = { cookie: cookie.split(";")[0] ?? "" }
      assert.strictEqual((yield* ask(server, "/api/v1/claims", { token: null, headers })).status, 200)
      const forged = { cookie: headers.cookie.replace(/=\d/, "=9") }
      assert.strictEqual((yield* ask(server, "/api/v1/claims", { token: null, headers: forged })).status, 401)
    })
  )

  promise("a token without the scope read gets 403", (server) =>
    Effect.gen(function* () {
      const answer = yield* ask(server, "/api/v1/claims", { token: tokens.mute.token })
      assert.strictEqual(answer.status, 403)
      isProblem(answer)
    })
  )

  promise("a token may have 64 requests under way, and not one more until one of them ends", (server) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const all = yield* Effect.forEach(Array.from({ length: Guard.mostConnections }), () => listen(server), {
              concurrency: 16
            })
            yield* until(() => all.every(({ text }) => text().includes("event: hello")))
            const refused = yield* ask(server, "/api/v1/claims")
            assert.deepStrictEqual([refused.status, refused.headers["retry-after"]], [429, "1"])
            isProblem(refused)
            assert.strictEqual((yield* ask(server, "/api/v1/claims", { token: tokens.payer.token })).status, 200)
          })
        )
        yield* until(() => server.server.listeners() === 0)
        assert.strictEqual((yield* ask(server, "/api/v1/claims")).status, 200)
      })
    )
  )
})

describe("a file of tokens", () => {
  it("has a name, scopes and a digest in each line, and says which line has not", () => {
    const { line, token } = Tokens.make("grafana", ["read", "payload"])
    assert.notInclude(line, token)
    const read = Tokens.parse(`# ours\n\n${line}\n`)
    assert.deepStrictEqual(read, {
      tokens: [{ name: "grafana", scopes: ["read", "payload"], sha256: Tokens.digest(token) }],
      faults: []
    })
    const { faults, tokens } = Tokens.parse([line, line, "x", "a write 00", `b write ${"0".repeat(64)}`].join("\n"))
    assert.strictEqual(tokens.length, 1)
    assert.deepStrictEqual(
      faults.map((fault) => fault.slice(0, 7)),
      ["line 2 ", "line 3 ", "line 4 ", "line 5 "]
    )
  })
})
