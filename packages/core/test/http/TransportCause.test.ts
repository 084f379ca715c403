import { assert, describe, it } from "@effect/vitest"
import * as TransportCause from "@scanpoll/core/unstable/http/TransportCause"
import * as Schema from "effect/Schema"

const error = (fields: Record<string, unknown>, message = "x"): Error => Object.assign(new Error(message), fields)
const fetchFailed = (cause: unknown): Error => new TypeError("fetch failed", { cause })

describe("classify", () => {
  it.each([
    [{ code: "ECONNREFUSED", syscall: "connect" }],
    [{ code: "ECONNREFUSED" }],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }],
    [{ code: "EAI_AGAIN", syscall: "getaddrinfo" }],
    [{ code: "EAI_FAIL" }],
    [{ code: "ETIMEDOUT", syscall: "connect" }],
    [{ code: "ECONNRESET", syscall: "connect" }],
    [{ code: "EHOSTUNREACH", syscall: "connect" }],
    [{ code: "ENETUNREACH" }],
    [{ code: "EMFILE", syscall: "connect" }],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }],
    [{ code: "ERR_TLS_HANDSHAKE_TIMEOUT" }]
  ])("is certain that nothing was sent, and that asking again may help, after %j", (fields) => {
    assert.deepStrictEqual(TransportCause.classify(error(fields)), {
      sent: false,
      permanent: false,
      code: fields.code.toLowerCase()
    })
  })

  it("is certain that nothing was sent where a proxy makes no tunnel (U-09)", () => {
    const refused = error({ code: "UND_ERR_ABORTED" }, "Proxy response (407) !== 200 when HTTP Tunneling")
    assert.deepStrictEqual(TransportCause.classify(refused), { sent: false, permanent: false, code: "proxy-407" })
    assert.deepStrictEqual(TransportCause.classify(error({ code: "UND_ERR_PRX_TLS" })), {
      sent: false,
      permanent: true,
      code: "proxy-tls"
    })
  })

  it.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_REVOKED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "HOSTNAME_MISMATCH",
    "ERR_TLS_CERT_ALTNAME_INVALID"
  ])("is certain that nothing was sent, and that asking again cannot help, after %s", (code) => {
    assert.deepStrictEqual(TransportCause.classify(fetchFailed(error({ code }))), {
      sent: false,
      permanent: true,
      code: code.toLowerCase()
    })
  })

  it.each([
    [{ code: "ECONNRESET", syscall: "read" }],
    [{ code: "ECONNRESET" }],
    [{ code: "EPIPE", syscall: "write" }],
    [{ code: "ETIMEDOUT", syscall: "read" }],
    [{ code: "ETIMEDOUT" }],
    [{ code: "EHOSTUNREACH", syscall: "read" }],
    [{ code: "UND_ERR_SOCKET" }],
    [{ code: "UND_ERR_HEADERS_TIMEOUT" }],
    [{ code: "UND_ERR_BODY_TIMEOUT" }],
    [{ code: "UND_ERR_ABORTED" }],
    [{ code: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" }],
    [{ code: "HPE_INVALID_CONSTANT" }],
    [{ code: "EPROTO", syscall: "write" }],
    [{ code: "ERR_SSL_WRONG_VERSION_NUMBER" }],
    [{ code: "SOMETHING_NEW" }]
  ])("does not rule out that the request was sent after %j", (fields) => {
    assert.deepStrictEqual(TransportCause.classify(error(fields)), {
      sent: true,
      permanent: false,
      code: fields.code.toLowerCase()
    })
  })

  it("tells a handshake that broke off from a connection that did", () => {
    const handshake = "Client network socket disconnected before secure TLS connection was established"
    assert.isFalse(TransportCause.classify(error({ code: "ECONNRESET" }, handshake)).sent)
    assert.isTrue(TransportCause.classify(error({ code: "ECONNRESET" }, "socket hang up")).sent)
  })

  it("finds the code at the bottom of a chain of causes and reasons", () => {
    const deep = error({ code: "ECONNREFUSED", syscall: "connect" })
    const chain = { _tag: "HttpClientError", reason: { _tag: "TransportError", cause: fetchFailed(deep) } }
    assert.strictEqual(TransportCause.classify(chain).code, "econnrefused")
    assert.isFalse(TransportCause.classify(chain).sent)
  })

  it("is certain of an aggregate only when it is certain of every part", () => {
    const refused = error({ code: "ECONNREFUSED", syscall: "connect" })
    const reset = error({ code: "ECONNRESET", syscall: "read" })
    const untrusted = error({ code: "CERT_HAS_EXPIRED" })
    const both = Object.assign(new AggregateError([refused, refused]), { code: "ECONNREFUSED" })
    assert.deepStrictEqual(TransportCause.classify(fetchFailed(both)), {
      sent: false,
      permanent: false,
      code: "econnrefused"
    })
    const mixed = Object.assign(new AggregateError([refused, reset]), { code: "ECONNREFUSED" })
    assert.deepStrictEqual(TransportCause.classify(mixed), { sent: true, permanent: false, code: "econnreset" })
    assert.isFalse(TransportCause.classify(new AggregateError([refused, untrusted])).permanent)
    assert.isTrue(TransportCause.classify(new AggregateError([untrusted, untrusted])).permanent)
    assert.isTrue(TransportCause.classify(new AggregateError([refused, "text"])).sent)
  })

  it.each([
    [undefined],
    [null],
    ["text"],
    [42],
    [{}],
    [new Error("secret")],
    [error({ code: 42 })],
    [error({ code: "not a code: secret" })],
    [new AggregateError([])]
  ])("counts %s as sent, with no code of its own", (failure) => {
    assert.deepStrictEqual(TransportCause.classify(failure), { sent: true, permanent: false, code: "no-answer" })
  })

  it("survives causes in a circle and getters that throw", () => {
    const circle = new Error("circle")
    circle.cause = circle
    assert.strictEqual(TransportCause.classify(circle).code, "no-answer")
    const hostile = {
      get code() {
        throw new Error("no")
      },
      get cause() {
        throw new Error("no")
      }
    }
    assert.strictEqual(TransportCause.classify(hostile).code, "no-answer")
  })

  it.prop("gives a short, harmless code for any code", [Schema.String, Schema.String], ([code, message]) => {
    const found = TransportCause.classify(error({ code }, message))
    assert.match(found.code, /^[a-z][a-z0-9_-]{0,63}$/)
    assert.isTrue(found.sent || TransportCause.describe(found).length > 0)
  })
})
