/**
 * Says what a failed request means from the codes of its cause: did a byte leave, and can asking again help?
 *
 * `sent` is false only where the code proves that the request had not begun: no name, no connection, no trust in the
 * certificate. Every other code, and an unknown one, counts as sent. Texts of foreign errors are never passed on: some
 * of them quote header values.
 *
 * @since 0.1.0
 */

/**
 * What is known about a request that brought no answer. `code` is the cause's code in lower case, `no-answer` where it
 * has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface TransportCause {
  readonly sent: boolean
  readonly permanent: boolean
  readonly code: string
}

// The codes of Node's certificate check: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const untrusted = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "CERT_SIGNATURE_FAILURE",
  "CRL_SIGNATURE_FAILURE",
  "CERT_NOT_YET_VALID",
  "CERT_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_HAS_EXPIRED",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CRL_LAST_UPDATE_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_CHAIN_TOO_LONG",
  "CERT_REVOKED",
  "INVALID_CA",
  "PATH_LENGTH_EXCEEDED",
  "INVALID_PURPOSE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "HOSTNAME_MISMATCH",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_CERT_ALTNAME_FORMAT"
])

const unconnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "ENODATA",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_HANDSHAKE_TIMEOUT",
  "ERR_SOCKET_CONNECTION_TIMEOUT"
])

// The client turned the request itself down.
const unsendable = new Set([
  "UND_ERR_INVALID_ARG",
  "ERR_INVALID_URL",
  "ERR_INVALID_PROTOCOL",
  "ERR_INVALID_CHAR",
  "ERR_INVALID_HTTP_TOKEN",
  "ERR_UNESCAPED_CHARACTERS",
  "ERR_INVALID_ARG_TYPE",
  "ERR_INVALID_ARG_VALUE"
])

const connecting = new Set(["connect", "getaddrinfo"])
const established = new Set(["read", "write"])
const usable = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const unfinishedHandshake = /^Client network socket disconnected before secure TLS connection was established/

// A proxy that makes no tunnel: the vendor was never reached.
const noTunnel = /^Proxy response \((\d{3})\)/

const unknown: TransportCause = { sent: true, permanent: false, code: "no-answer" }

/**
 * Classifies whatever a client failed with. Follows `cause` and `reason` inwards to the first code it knows; of an
 * `AggregateError` (one try per address of a host) all parts must be certain for the whole to be.
 *
 * @category destructors
 * @since 0.1.0
 */
export const classify = (failure: unknown): TransportCause => visit(failure, 16) ?? unknown

// Foreign objects may have getters that throw.
const field = (value: object, name: string): unknown => {
  try {
    return Reflect.get(value, name)
  } catch {
    return undefined
  }
}

const text = (value: object, name: string): string => {
  const found = field(value, name)
  return typeof found === "string" ? found : ""
}

const visit = (failure: unknown, depth: number): TransportCause | null => {
  if (typeof failure !== "object" || failure === null || depth === 0) return null
  const parts = field(failure, "errors")
  if (Array.isArray(parts) && parts.length > 0) {
    const found = parts.slice(0, 16).map((part) => visit(part, depth - 1) ?? unknown)
    const first = found.find((part) => part.sent) ?? found[0] ?? unknown
    return {
      sent: parts.length > 16 || found.some((part) => part.sent),
      permanent: found.every((part) => part.permanent),
      code: first.code
    }
  }
  const own = known(failure)
  if (own !== null) return own
  return visit(field(failure, "cause"), depth - 1) ?? visit(field(failure, "reason"), depth - 1) ?? named(failure)
}

const known = (failure: object): TransportCause | null => {
  const code = text(failure, "code")
  const syscall = text(failure, "syscall")
  const as = (sent: boolean, permanent: boolean): TransportCause => ({ sent, permanent, code: code.toLowerCase() })
  if (untrusted.has(code)) return as(false, true)
  if (code === "UND_ERR_PRX_TLS") return { sent: false, permanent: true, code: "proxy-tls" }
  const refusal = noTunnel.exec(text(failure, "message"))?.[1]
  if (code === "UND_ERR_ABORTED" && refusal !== undefined) {
    return { sent: false, permanent: false, code: `proxy-${refusal}` }
  }
  if (unsendable.has(code)) return as(false, true)
  if (connecting.has(syscall) && usable.test(code)) return as(false, false)
  if (unconnected.has(code) || code.startsWith("EAI_")) return as(established.has(syscall), false)
  if (code === "ECONNRESET" && unfinishedHandshake.test(text(failure, "message"))) return as(false, false)
  if (text(failure, "_tag") === "InvalidUrlError") return { sent: false, permanent: true, code: "invalid-url" }
  if (text(failure, "_tag") === "EncodeError") return { sent: false, permanent: true, code: "invalid-body" }
  return null
}

// Nothing here proves that no byte left; what remains is to give the child a name.
const named = (failure: object): TransportCause | null => {
  const code = text(failure, "code")
  if (usable.test(code)) return { ...unknown, code: code.toLowerCase() }
  switch (text(failure, "name")) {
    case "AbortError":
      return { ...unknown, code: "aborted" }
    case "TimeoutError":
      return { ...unknown, code: "timeout" }
    case "HTTPParserError":
      return { ...unknown, code: "not-http" }
    default:
      return null
  }
}

/**
 * The cause in words, for people.
 *
 * @category destructors
 * @since 0.1.0
 */
export const describe = (cause: TransportCause): string => {
  const code = cause.code.toUpperCase()
  if (untrusted.has(code)) return `the certificate cannot be trusted (${cause.code})`
  if (unsendable.has(code)) return `the request cannot be sent (${cause.code})`
  switch (cause.code) {
    case "econnrefused":
      return "the connection was refused (econnrefused)"
    case "enotfound":
      return "the host name was not found (enotfound)"
    case "econnreset":
    case "epipe":
    case "und_err_socket":
      return `the connection broke off (${cause.code})`
    default:
      return cause.sent ? `no answer came (${cause.code})` : `no connection was made (${cause.code})`
  }
}
