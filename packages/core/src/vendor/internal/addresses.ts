// Addresses of the web as targets, subjects and links. Passed on by `Vendor`.
import * as Schema from "effect/Schema"
import type { Subject } from "../../model/Subject.ts"
import * as WebAddress from "./webAddress.ts"

/**
 * An http(s) address in the WHATWG form without its fragment: two addresses with one form are one page. Null for what is
 * no such address.
 *
 * @category destructors
 * @since 0.2.0
 */
export const sameUrl = (text: string): string | null => {
  const parsed = URL.parse(text)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null
  parsed.hash = ""
  return parsed.href
}

/**
 * Why a text is not an http or https address, in words that follow the name of its field; null where it is one. With
 * `public`, also why not everybody can reach it: it holds a user name or password, or names a local or private host. No
 * name server is asked.
 *
 * @category destructors
 * @since 0.2.0
 */
export const urlFault = (text: string, options: { readonly public?: boolean } = {}): string | null =>
  WebAddress.fault(text, { isPublic: options.public === true })

/**
 * A target that is an http or https address.
 *
 * @category schemas
 * @since 0.2.0
 */
export const url = Schema.String.annotate({
  description: "An http or https address.",
  examples: ["https://example.com"]
}).check(
  Schema.makeFilter((text: string) => urlFault(text) === null, {
    expected: "an http or https address"
  })
)

/**
 * A target that is an http or https address which anybody can reach: without a user name or password, and not of a local
 * or private host, as far as its text tells. For vendors that scan from the internet.
 *
 * @category schemas
 * @since 0.2.0
 */
export const publicUrl = Schema.String.annotate({
  description: "An http or https address that can be reached from the internet.",
  examples: ["https://example.com"]
}).check(
  Schema.makeFilter((text: string) => urlFault(text, { public: true }) === null, {
    expected: "an http or https address that can be reached from the internet, without a user name or password"
  })
)

/**
 * The subject of an address.
 *
 * @category constructors
 * @since 0.2.0
 */
export const urlSubject = (text: string): Subject => {
  const id = sameUrl(text) ?? text
  return { kind: "url", id, name: id }
}

/**
 * The address on the vendor's own origin, under its scheme, without a user name or password; null for every other. A
 * relative one is resolved against the origin.
 *
 * @category destructors
 * @since 0.2.0
 */
export const linkOn = (origin: string, address: string): string | null => {
  const base = URL.parse(origin)
  const found = base === null ? null : URL.parse(address, base)
  if (base === null || found === null) return null
  // A blob: address has the origin of the page that made it, so the scheme is compared as well.
  const ours = found.origin === base.origin && found.protocol === base.protocol
  return ours && found.username === "" && found.password === "" && found.href.length <= 2048 ? found.href : null
}
