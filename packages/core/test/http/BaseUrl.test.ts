import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as BaseUrl from "@scanpoll/core/unstable/http/BaseUrl"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const check = (text: string, ...insecureHosts: ReadonlyArray<string>) => BaseUrl.check(text, insecureHosts)
const faults = (text: string, ...insecureHosts: ReadonlyArray<string>): ReadonlyArray<string> =>
  Result.match(check(text, ...insecureHosts), { onFailure: (found) => found, onSuccess: () => [] })

describe("check", () => {
  it.each([
    ["https://api.example.com", "https://api.example.com", ""],
    ["https://api.example.com/", "https://api.example.com", ""],
    ["https://API.example.com:443/api/v1/", "https://api.example.com", "/api/v1"],
    ["https://api.example.com:8443//api//", "https://api.example.com:8443", "//api"],
    [" https://api.example.com/api\n", "https://api.example.com", "/api"],
    ["https://[::1]:8443/a/../b", "https://[::1]:8443", "/b"]
  ])("accepts %j", (text, origin, prefix) => {
    assert.deepStrictEqual(check(text), Result.succeed({ origin, prefix }))
  })

  it.each([
    ["", "baseUrl is empty"],
    ["  ", "baseUrl is empty"],
    ["api.example.com", "baseUrl is not a URL"],
    ["https://", "baseUrl is not a URL"],
    ["https:api.example.com", "baseUrl must have // after its scheme"],
    ["https:\\\\api.example.com", "baseUrl must have // after its scheme"],
    ["https://api.exa\nmple.com", "baseUrl holds white space or a control character"],
    ["https://api.example.com/a b", "baseUrl holds white space or a control character"],
    [
      "http://api.example.com:8080/x",
      "baseUrl must be https: plain http is only for hosts named in insecureHosts, and api.example.com:8080 is not"
    ],
    ["ftp://api.example.com", "baseUrl must be https"],
    ["file:///etc/passwd", "baseUrl must be https"],
    ["data:application/json,{}", "baseUrl must be https"],
    ["javascript:alert(1)", "baseUrl must be https"],
    ["https://user:hunter2@api.example.com", "baseUrl must not hold a user or password"],
    ["https://user@api.example.com", "baseUrl must not hold a user or password"],
    ["https://@api.example.com", "baseUrl must not hold a user or password"],
    ["https://api.example.com?", "baseUrl must not hold a query"],
    ["https://api.example.com/?key=hunter2", "baseUrl must not hold a query"],
    ["https://api.example.com/#", "baseUrl must not hold a fragment"]
  ])("refuses %j (CL-06)", (text, fault) => {
    assert.deepStrictEqual(faults(text), [fault])
  })

  it("finds a user or password that only a lenient parser sees", () => {
    assert.deepStrictEqual(faults("https:me:hunter2@api.example.com"), [
      "baseUrl must have // after its scheme",
      "baseUrl must not hold a user or password"
    ])
  })

  it("tells all faults at once and none of the secrets (CL-06)", () => {
    const found = faults("ftp://user:hunter2@api.example.com/?key=hunter2#hunter2", "http://x", "")
    assert.deepStrictEqual(found, [
      "insecureHosts[0] is not of the form host or host:port",
      "insecureHosts[1] is not of the form host or host:port",
      "baseUrl must be https",
      "baseUrl must not hold a user or password",
      "baseUrl must not hold a query",
      "baseUrl must not hold a fragment"
    ])
    assert.notInclude(found.join(), "hunter2")
  })

  it.each([
    ["http://localhost:8080", "localhost"],
    ["http://localhost:8080", "LOCALHOST:8080"],
    ["http://localhost", "localhost:80"],
    ["http://127.0.0.1:3000/api", "127.0.0.1:3000"],
    ["http://[::1]:3000", "[::1]:3000"],
    ["http://[::1]:3000", "::1"],
    ["http://0x7f.1:3000", "127.0.0.1"]
  ])("lets plain http to %s through when %s is named", (text, host) => {
    assert.deepStrictEqual(faults(text, host), [])
  })

  it.each([
    ["http://localhost:8080", "localhost:8081"],
    ["http://localhost.evil.example", "localhost"],
    ["http://evil.example/localhost", "localhost"],
    ["http://localhost@evil.example", "localhost"],
    ["http://127.0.0.1.evil.example", "127.0.0.1"]
  ])("does not take %s for %s", (text, host) => {
    assert.isAbove(faults(text, host).length, 0)
  })

  it.each(["*", "http://localhost", "localhost/", "localhost:99999", "user@localhost", "a b", "localhost:8080:1"])(
    "refuses %j as the name of an insecure host",
    (host) => {
      assert.deepStrictEqual(faults("https://api.example.com", host), [
        "insecureHosts[0] is not of the form host or host:port"
      ])
    }
  )

  it.prop(
    "gives a base or faults for any text, and a base is https",
    [Schema.String, Schema.String],
    ([text, host]) => {
      for (const candidate of [text, `https://${text}`, `http://${text}`, `https://api.example.com/${text}`]) {
        const checked = check(candidate, host)
        if (Result.isFailure(checked)) {
          assert.isAbove(checked.failure.length, 0)
        } else {
          const { origin, prefix } = checked.success
          assert.match(origin, /^https?:\/\//)
          assert.strictEqual(new URL(origin + prefix + "/x").pathname, `${prefix}/x`)
        }
      }
    }
  )
})

describe("isPath", () => {
  it.each(["/", "/scans", "/scans/", "/scans/a%2Fb", "/scans/a.b", "/scans/...", "/a:b@c", "/scans/..a"])(
    "accepts %s",
    (path) => {
      assert.isTrue(BaseUrl.isPath(path))
    }
  )

  it.each([
    "",
    "scans",
    "//evil.example\\x",
    "/..",
    "/.",
    "/a/../b",
    "/a/./b",
    "/%2e%2E/b",
    "/a/.%2e",
    "/a?x=1",
    "/a#b",
    "/a b",
    "/a\nb",
    "/ü",
    "/a\\b",
    "/%",
    "/%2",
    "/a%zz",
    "/a\u0000"
  ])("refuses %j", (path) => {
    assert.isFalse(BaseUrl.isPath(path))
  })
})

describe("segment", () => {
  it.each([
    ["scan_abc-1.2~3", "scan_abc-1.2~3"],
    ["a/b", "a%2Fb"],
    ["a?x=1", "a%3Fx%3D1"],
    ["a#b", "a%23b"],
    ["a\\b", "a%5Cb"],
    ["a\r\nX: 1", "a%0D%0AX%3A%201"],
    ["ü", "%C3%BC"],
    ["%41", "%2541"],
    ["...", "..."]
  ])("encodes %j", (text, expected) => {
    assert.strictEqual(VendorHttp.segment(text), expected)
  })

  it.each(["", ".", "..", "%2e", "%2E%2e", ".%2e", "%2e.", "\ud800"])(
    "makes %j into a part that is never sent (CL-01)",
    (text) => {
      assert.isFalse(BaseUrl.isPath(`/scans/${VendorHttp.segment(text)}`))
      assert.isFalse(BaseUrl.isPath(`/scans/${VendorHttp.segment(text)}/report`))
    }
  )

  const piece = Schema.Literals([
    ".",
    "/",
    "\\",
    "%2e",
    "%2F",
    "%",
    "?",
    "#",
    "@",
    ":",
    "a",
    " ",
    "\n",
    "\t",
    "ü",
    "\ud800",
    "//evil.example"
  ])
  it.prop(
    "never leads a request out of the configured origin and path, for any text",
    [Arbitrary.array(Arbitrary.schema(piece), { maxLength: 8 }), Schema.String],
    ([pieces, text]) => {
      for (const part of [pieces.join(""), text]) {
        for (const path of [
          `/scans/${VendorHttp.segment(part)}`,
          `/scans/${VendorHttp.segment(part)}/report`,
          part,
          `/${part}`
        ]) {
          if (!BaseUrl.isPath(path)) continue
          const url = new URL(`https://api.example.com/v1${path}`)
          assert.strictEqual(url.origin, "https://api.example.com")
          assert.strictEqual(url.pathname, `/v1${path}`)
          assert.strictEqual(url.search + url.hash + url.username, "")
        }
      }
    },
    { arbitrary: { runs: 2000 } }
  )
})
