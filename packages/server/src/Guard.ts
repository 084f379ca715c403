/**
 * Who may ask, and by which name of this server: passed by every request before anything else happens.
 *
 * A page of another site can send requests to loopback, and a name of its own can lead there: the host must be one of ours, and
 * the browser must say that the request is from here. Then it takes a token or a session. Every answer, whatever it is, has the
 * headers that keep a browser from guessing, framing, storing or fetching anything.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as Scope from "effect/Scope"
import * as Answer from "./Answer.ts"
import * as Page from "./internal/pages/page.ts"
import * as Operations from "./Operations.ts"
import * as Principal from "./Principal.ts"
import type { Sessions } from "./Sessions.ts"
import * as Tokens from "./Tokens.ts"

/**
 * - `hosts`: the values of `Host` that are answered, in small letters. `origins`: those of `Origin`.
 * - `cookie`: the name of the session's cookie; it has the port, for cookies know none. `isSecure`: it is sent over TLS alone.
 * - `tokens`: asked for each request.
 *
 * @category models
 * @since 0.2.0
 */
export interface Doors {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly cookie: string
  readonly isSecure: boolean
  readonly sessions: Sessions
  readonly tokens: Effect.Effect<ReadonlyArray<Tokens.Token>>
}

/**
 * Requests under way that one token or the sessions together may have.
 *
 * @category constructors
 * @since 0.2.0
 */
export const mostConnections = 64

const longestUrl = 4_096

/**
 * What every answer says to a browser. An answer that brings a policy of its own keeps it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const headers: Headers.Input = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  // A browser without a referrer sends no origin with a form, and a form is taken from our own pages alone.
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin"
}

const refused = (detail: string) => Answer.problem(403, detail)

type Request = HttpServerRequest.HttpServerRequest

// Null where the request may have come from a page of ours, or from no page.
const foreign = ({ hosts, origins }: Doors, request: Request): string | null => {
  const host = request.headers["host"]
  const origin = request.headers["origin"]
  const site = request.headers["sec-fetch-site"]
  if (host === undefined || !hosts.has(host.toLowerCase())) {
    return "this name is not one of this server's; --public-url adds one"
  }
  if (origin !== undefined && !origins.has(origin.toLowerCase())) return "requests of other origins are refused"
  return site === undefined || site === "same-origin" || site === "none" ? null : "requests of other sites are refused"
}

// A session belongs to a browser, and any page may make a browser send a form: a page of ours says so.
const isOfOurPage = ({ headers }: Request): boolean =>
  headers["sec-fetch-site"] === "same-origin" || headers["origin"] !== undefined

const bearer = /^bearer +([\x21-\x7e]{1,512})$/i

const sessionName = "session"

// Null where nobody is known by what the request has.
const whoAsks = (doors: Doors, request: Request): Effect.Effect<Principal.Principal | null> =>
  Effect.gen(function* () {
    const header = request.headers["authorization"]
    if (header !== undefined) {
      const [, token] = bearer.exec(header) ?? []
      const sha256 = token === undefined ? null : Tokens.digest(token)
      const known = (yield* doors.tokens).find((one) => one.sha256 === sha256)
      return known === undefined ? null : { name: `token ${known.name}`, scopes: known.scopes }
    }
    const cookie = request.cookies[doors.cookie]
    const isOpen = cookie !== undefined && (yield* doors.sessions.isOpen(cookie))
    return isOpen ? { name: sessionName, scopes: Tokens.scopes } : null
  })

// Null where it is not the address of a path here, written as everybody writes it: the router and this guard must not read
// it in two ways.
const readUrl = (request: Request): URL | null => {
  if (request.url.length > longestUrl) return null
  const url = URL.parse(request.url, "http://here.invalid")
  if (url === null || url.host !== "here.invalid" || url.pathname !== request.url.split(/[?#]/, 1)[0]) return null
  try {
    decodeURIComponent(url.pathname)
    decodeURIComponent(url.search)
    return url
  } catch {
    return null
  }
}

// A path that only looks like one of ours, such as one whose id is too long for any.
const isUnrouted = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause)
  return HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"
}

// A person's browser, not a program.
const wantsPage = (request: Request): boolean => (request.headers["accept"] ?? "").includes("text/html")

const login = ({ cookie, isSecure, sessions }: Doors, request: Request, code: string | null) =>
  Effect.gen(function* () {
    const value = yield* sessions.open(code ?? "")
    if (value === null) {
      const detail = "this link has been used, or is older than a minute; start `scanpoll serve` again for a new one"
      return wantsPage(request) ? Answer.withHeaders(Page.signIn, challenge) : Answer.problem(401, detail, challenge)
    }
    return Answer.seeOther("/", {
      name: cookie,
      value,
      options: {
        httpOnly: true,
        sameSite: "strict",
        secure: isSecure,
        path: "/",
        maxAge: `${sessions.lasts} seconds`
      }
    })
  })

const challenge = { "www-authenticate": 'Bearer realm="scanpoll"' }

/**
 * An app behind the guard.
 *
 * @category combinators
 * @since 0.2.0
 */
export const make = <E, R>(
  doors: Doors,
  app: Effect.Effect<Answer.Answer, E, R>
): Effect.Effect<Answer.Answer, never, R | Request | Scope.Scope> => {
  const underWay = new Map<string, number>()
  const enter = (name: string): boolean => {
    const count = underWay.get(name) ?? 0
    if (count >= mostConnections) return false
    underWay.set(name, count + 1)
    return true
  }
  const leave = (name: string): void => {
    const left = (underWay.get(name) ?? 1) - 1
    if (left === 0) underWay.delete(name)
    else underWay.set(name, left)
  }

  const answered = (who: Principal.Principal) =>
    app.pipe(
      Effect.provideService(Principal.Principal, who),
      Effect.catchCause((cause) =>
        isUnrouted(cause)
          ? Effect.succeed(Answer.problem(404, "there is nothing here"))
          : Effect.as(
              Effect.logError("a request could not be answered", cause),
              Answer.problem(500, "a defect of scanpoll; its log says more")
            )
      )
    )

  const inside = (request: Request, url: URL) =>
    Effect.gen(function* () {
      const fault = Operations.faultOf(request.method, url.pathname, url.searchParams, request.headers)
      if (url.pathname === "/login" && fault === null) {
        // Who only looks at the link, as a preview does, must not use it up.
        return request.method === "HEAD" ? Answer.nothing : yield* login(doors, request, url.searchParams.get("code"))
      }
      const who = yield* whoAsks(doors, request)
      if (who === null) {
        return wantsPage(request) && !url.pathname.startsWith("/api/")
          ? Answer.withHeaders(Page.signIn, challenge)
          : Answer.problem(401, "a token or a session is needed", challenge)
      }
      if (fault !== null) return Answer.problem(fault.status, fault.detail, fault.headers)
      if (!Principal.may(who, "read")) return refused("the token lacks the scope read")
      if (request.method === "POST" && who.name === sessionName && !isOfOurPage(request)) {
        return refused("a session is taken from pages of this server alone; send a token")
      }
      const name = who.name ?? ""
      // Until the answer has been sent, which for a stream is when it ends.
      const entered = yield* Effect.acquireRelease(
        Effect.sync(() => enter(name)),
        (isIn) => Effect.sync(() => (isIn ? leave(name) : undefined))
      )
      return entered
        ? yield* answered(who)
        : Answer.problem(429, `at most ${mostConnections} requests at once`, { "retry-after": "1" })
    })

  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const reason = foreign(doors, request)
    const url = readUrl(request)
    const answer = Answer.gated(
      reason !== null
        ? refused(reason)
        : url === null
          ? Answer.problem(400, "the address cannot be read")
          : yield* inside(request, url)
    )
    return Answer.withHeaders(answer, { ...headers, ...answer.headers })
  })
}
