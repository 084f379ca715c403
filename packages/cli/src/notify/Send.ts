/**
 * One try of one notification: a request that is signed as Standard Webhooks has it, or a program. What went wrong is told without
 * the address, the secret, or what the receiver said.
 *
 * @since 0.2.0
 */
import * as Proxies from "@scanpoll/core/unstable/http/Proxies"
import type { Due } from "@scanpoll/journal/Notifications"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { createHmac } from "node:crypto"
import { lookup } from "node:dns"
import { isIP, type LookupFunction } from "node:net"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as NotifyFile from "./NotifyFile.ts"
import * as PrivateAddress from "./PrivateAddress.ts"

/**
 * What became of a try. `Gone`: the receiver wants nothing any more.
 *
 * @category models
 * @since 0.2.0
 */
export type Sent =
  | { readonly _tag: "Delivered" }
  | { readonly _tag: "Failed"; readonly why: string }
  | { readonly _tag: "Gone"; readonly why: string }

const patience = 10_000

/**
 * The headers of Standard Webhooks for a notification: its id, the time in seconds, and the signature of both with the body.
 *
 * @category constructors
 * @since 0.2.0
 */
export const headers = (
  secret: Redacted.Redacted,
  due: Pick<Due, "id" | "body">,
  seconds: number
): Readonly<Record<string, string>> => {
  const key = NotifyFile.bytesOf(Redacted.value(secret)) ?? new Uint8Array()
  const signature = createHmac("sha256", key).update(`${due.id}.${seconds}.${due.body}`).digest("base64")
  return {
    "content-type": "application/json",
    "user-agent": "scanpoll",
    "webhook-id": due.id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`
  }
}

const refused = "its address is of this machine or a private network; allowPrivate: true allows that"

class PrivateAddressError extends Error {
  readonly code = "private-address"
}

const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "failed"
  if ("name" in error && (error.name === "TimeoutError" || error.name === "AbortError")) return "no answer in 10 s"
  const { cause, code } = { cause: undefined, code: undefined, ...error }
  if (code === "private-address") return refused
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code)
    ? code
    : cause === undefined
      ? "failed"
      : codeOf(cause)
}

// Every address of a name must be a public one: a name may lead to several, and to another one later.
const publicOnly: LookupFunction = (host, options, done) =>
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    const [first] = addresses
    if (first === undefined || addresses.some(({ address }) => PrivateAddress.is(address))) {
      return done(new PrivateAddressError(), [])
    }
    return options.all === true ? done(null, addresses) : done(null, first.address, first.family)
  })

const webhook = (way: Extract<NotifyFile.Way, { readonly _tag: "Webhook" }>, due: Due) =>
  Effect.gen(function* () {
    const url = new URL(Redacted.value(way.url))
    const host = url.hostname.replace(/^\[|\]$/g, "")
    if (!way.allowPrivate && isIP(host) !== 0 && PrivateAddress.is(host)) {
      return { _tag: "Failed", why: refused } satisfies Sent
    }
    const { environment } = yield* ProcessContext
    const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const proxies = Proxies.fromEnvironment(environment)
    const { Agent, EnvHttpProxyAgent, request } = yield* Effect.promise(() => import("@effect/platform-node/Undici"))
    const connect = way.allowPrivate ? {} : { connect: { lookup: publicOnly } }
    const dispatcher = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Result.isSuccess(proxies) && proxies.success !== null
          ? new EnvHttpProxyAgent(Proxies.agentOptions(proxies.success))
          : new Agent(connect)
      ),
      (agent) => Effect.promise(() => agent.destroy())
    )
    // Redirects are not followed: what is signed for one place is not for another.
    const status = yield* Effect.result(
      Effect.tryPromise({
        try: async (signal) => {
          const answer = await request(url, {
            method: "POST",
            headers: headers(way.secret, due, seconds),
            body: due.body,
            dispatcher,
            signal: AbortSignal.any([signal, AbortSignal.timeout(patience)])
          })
          // What the receiver says is not read. To leave it unread is an error to the body, and none to us.
          answer.body.on("error", () => undefined).destroy()
          return answer.statusCode
        },
        catch: codeOf
      })
    )
    if (Result.isFailure(status)) return { _tag: "Failed", why: status.failure } satisfies Sent
    const code = status.success
    if (code >= 200 && code < 300) return { _tag: "Delivered" } satisfies Sent
    return code === 410
      ? ({ _tag: "Gone", why: "HTTP 410: it wants no more" } satisfies Sent)
      : ({ _tag: "Failed", why: `HTTP ${code}` } satisfies Sent)
  })

// What a program is started with beside the notification: where programs and homes are, and no key of ours.
const kept = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "SystemRoot"]

const exec = ({ command, words }: Extract<NotifyFile.Way, { readonly _tag: "Exec" }>, due: Due) =>
  Effect.gen(function* () {
    const { environment } = yield* ProcessContext
    const own = Object.fromEntries(
      kept.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]))
    )
    return yield* Effect.callback<Sent>((resume) => {
      const child = spawn(command, words, {
        shell: false,
        stdio: ["pipe", "ignore", "ignore"],
        timeout: patience,
        killSignal: "SIGKILL",
        env: { ...own, WEBHOOK_ID: due.id, WEBHOOK_TYPE: due.type }
      })
      const failed = (why: string): void => resume(Effect.succeed({ _tag: "Failed", why }))
      child.on("error", (error) => failed(`the program could not be started: ${codeOf(error)}`))
      child.on("close", (code, signal) => {
        if (code === 0) resume(Effect.succeed({ _tag: "Delivered" }))
        else
          failed(
            code === null ? `the program ended by ${signal ?? "a signal"}` : `the program ended with exit code ${code}`
          )
      })
      // A program that does not read what it is told is none of our errors.
      child.stdin.on("error", () => undefined)
      child.stdin.end(due.body)
      return Effect.sync(() => child.kill("SIGKILL"))
    })
  })

/**
 * Tries a notification once.
 *
 * @category constructors
 * @since 0.2.0
 */
export const send = (receiver: NotifyFile.Receiver, due: Due): Effect.Effect<Sent> => {
  const sending: Effect.Effect<Sent, never, Scope.Scope> =
    receiver.way._tag === "Webhook" ? webhook(receiver.way, due) : exec(receiver.way, due)
  return Effect.scoped(sending)
}
