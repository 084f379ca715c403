/**
 * How a browser gets in: a link that opens once and soon, which leaves a cookie.
 *
 * The cookie carries its own end and is signed with the server's secret, so it outlives a restart and nothing is stored.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

// A link is opened by who reads the terminal, at once.
const linkLasts = 60_000
const sessionLasts = 12 * 3_600_000

/**
 * - `link`: a new code for a link; the one before it opens nothing any more.
 * - `open`: the cookie's value for a code, once; null for any other, and after a minute.
 * - `isOpen`: whether this is the value of a cookie that has not ended.
 * - `lasts`: how long a session lasts, in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export interface Sessions {
  readonly link: Effect.Effect<string>
  readonly open: (code: string) => Effect.Effect<string | null>
  readonly isOpen: (value: string) => Effect.Effect<boolean>
  readonly lasts: number
}

const isEqual = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * Sessions that are signed with a secret.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (secret: string): Sessions => {
  let current: { readonly code: string; readonly until: number } | null = null
  const sign = (end: string): string => createHmac("sha256", secret).update(`session ${end}`).digest("base64url")
  return {
    link: Effect.map(Clock.currentTimeMillis, (now) => {
      const code = randomBytes(24).toString("base64url")
      current = { code, until: now + linkLasts }
      return code
    }),
    open: (code) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (current === null || now > current.until || !isEqual(code, current.code)) return null
        current = null
        const end = String(now + sessionLasts)
        return `${end}.${sign(end)}`
      }),
    isOpen: (value) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const [end = "", signature = "", ...rest] = value.split(".")
        return rest.length === 0 && /^\d{1,15}$/.test(end) && Number(end) > now && isEqual(signature, sign(end))
      }),
    lasts: sessionLasts / 1000
  }
}

/**
 * A secret for `make`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeSecret = (): string => randomBytes(32).toString("base64url")
