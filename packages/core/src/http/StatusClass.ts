/**
 * What an HTTP status, or the lack of an answer, means for a poll or a submission when the vendor's own table does not
 * say: the undocumented rest.
 *
 * Adapters look into their table of documented codes first and fall back to these functions, so that all vendors behave
 * alike where none of them promises anything.
 *
 * @since 0.1.0
 */
import * as PollFault from "../model/PollFault.ts"
import * as SubmitError from "../model/SubmitError.ts"
import type { TransportFault } from "./internal/client.ts"
import { cut } from "./WireFields.ts"

/**
 * A poll answered with a status other than 200.
 *
 * 408, 425 and 5xx are passing; 429 is throttling; 401 and 403 refuse the credential; 404 is a missing id; everything
 * else (a redirect, 400, 402, 405, 410, 422, 451) is an answer that asking again will not change. Other 2xx cannot be
 * understood, but may be a mistake of ours.
 *
 * @category destructors
 * @since 0.1.0
 */
export const pollFault = (status: number): { readonly kind: PollFault.PollFaultKind; readonly permanent: boolean } => {
  if (status === 401 || status === 403) return { kind: "Denied", permanent: false }
  if (status === 404) return { kind: "Missing", permanent: false }
  if (status === 429) return { kind: "Throttled", permanent: false }
  if (status === 408 || status === 425) return { kind: "Transient", permanent: false }
  if (status >= 500) {
    // 501 and 505 say that the server will never do this.
    return status === 501 || status === 505
      ? { kind: "Broken", permanent: true }
      : { kind: "Transient", permanent: false }
  }
  if (status >= 200 && status < 300) return { kind: "Broken", permanent: false }
  return { kind: "Broken", permanent: true }
}

/**
 * Whether a status can say that a submission was refused: 4xx without 408.
 *
 * @category guards
 * @since 0.2.0
 */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408

/**
 * A submission that was answered without an id. `vendorShaped` tells whether the body is the vendor's own error: only
 * then is a 4xx its no. Everything that is not surely a refusal is in doubt.
 *
 * @category destructors
 * @since 0.1.0
 */
export const submitFault = (status: number, vendorShaped: boolean): SubmitError.SubmitErrorKind => {
  if (status === 401 || status === 403) return "Denied"
  if (status === 429) return "Throttled"
  if (isRefusal(status) && vendorShaped) return "Refused"
  return "InDoubt"
}

/**
 * A poll without an answer: passing, unless there was no credential to send. `scrub` takes the credential out of a text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollTransport = (
  { code, message, permanent }: TransportFault,
  scrub: (text: string) => string
): PollFault.PollFault =>
  PollFault.make({
    kind: code === "no-credential" ? "Denied" : "Transient",
    permanent,
    code,
    message: cut(scrub(message))
  })

/**
 * A submission without an answer: surely not accepted when no byte of it left, in doubt otherwise. Without a credential
 * it is denied, as with a refused one: both are fixed in the same place. `advice` is what a person can do about one in
 * doubt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitTransport = (
  { code, message, permanent, sent }: TransportFault,
  scrub: (text: string) => string,
  advice: string | null = null
): SubmitError.SubmitError =>
  SubmitError.make({
    kind: sent ? "InDoubt" : code === "no-credential" ? "Denied" : "NotSent",
    permanent,
    code,
    message: cut(scrub(message)),
    advice: sent ? advice : null
  })
