/**
 * Decides where requests may go: the checked base of a vendor, and paths that cannot lead out of it.
 *
 * The base is https; plain http only for hosts named for it. All faults are reported at once and without the
 * text of the URL, which may hold a password. A path is appended as it is, so it may only hold characters that no URL
 * parser rewrites; `VendorHttp.segment` makes any text into such a part, or into one that every client refuses to send.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/**
 * `origin` as browsers write it (`https://host[:port]`); `prefix` is the path before every request's own, without a
 * slash at its end.
 *
 * @category models
 * @since 0.1.0
 */
export interface BaseUrl {
  readonly origin: string
  readonly prefix: string
}

// Control characters and white space: URL parsers cut them silently.
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]/

const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)

/**
 * `host` or `host:port` in the form that a URL's own host has; null for anything else.
 */
const hostEntry = (entry: string): { readonly hostname: string; readonly port: string | null } | null => {
  const text = entry.trim()
  if (text === "" || invisible.test(text) || /[/?#@\\*]/.test(text)) return null
  const bracketed = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? `[${text}]` : text
  const url = parseUrl(`http://${bracketed}`)
  if (url === null || url.hostname === "") return null
  const explicit = /:(\d+)$/.exec(bracketed)
  return { hostname: url.hostname, port: explicit === null ? null : portOf(url) }
}

const portOf = (url: URL): string => (url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port)

/**
 * The base of a vendor, or every reason why it cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const check = (
  baseUrl: string,
  insecureHosts: ReadonlyArray<string>
): Result.Result<BaseUrl, ReadonlyArray<string>> => {
  const faults: Array<string> = []
  const insecure = insecureHosts.flatMap((entry, index) => {
    const host = hostEntry(entry)
    if (host === null) faults.push(`insecureHosts[${index}] is not of the form host or host:port`)
    return host === null ? [] : [host]
  })
  const text = baseUrl.trim()
  const url = parseUrl(text)
  if (text === "") {
    faults.push("baseUrl is empty")
  } else if (invisible.test(text)) {
    faults.push("baseUrl holds white space or a control character")
  } else if (url === null) {
    faults.push("baseUrl is not a URL")
  } else {
    const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)/i.exec(text)?.[1]
    if (url.protocol === "http:") {
      const port = portOf(url)
      if (!insecure.some((host) => host.hostname === url.hostname && (host.port === null || host.port === port))) {
        faults.push(
          `baseUrl must be https: plain http is only for hosts named in insecureHosts, and ${url.host} is not`
        )
      }
    } else if (url.protocol !== "https:") {
      faults.push("baseUrl must be https")
    }
    if (authority === undefined && /^https?:$/.test(url.protocol)) faults.push("baseUrl must have // after its scheme")
    if (url.username !== "" || url.password !== "" || authority?.includes("@") === true) {
      faults.push("baseUrl must not hold a user or password")
    }
    if (text.includes("?")) faults.push("baseUrl must not hold a query")
    if (text.includes("#")) faults.push("baseUrl must not hold a fragment")
  }
  return faults.length > 0 || url === null
    ? Result.fail(faults)
    : Result.succeed({ origin: url.origin, prefix: url.pathname.replace(/\/+$/, "") })
}

// The characters of RFC 3986's pchar, which a URL parser leaves as they are.
const plain = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+$/
const dots = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * Whether a path can be appended to a base without a URL parser changing it or leaving the base: it starts with a
 * slash, every odd character is percent-encoded, and no part is `.` or `..` in any spelling.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPath = (path: string): boolean => plain.test(path) && !dots.test(path)
