// One request and its answer, under one deadline. Touches the client; laws: a request is ended with its answer unless that
// was read to its end, and a client that throws is a client that failed.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { QuotaHeard } from "../../model/internal/quotaHeard.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import type { TransportFault, VendorResponse } from "./client.ts"
import type * as Answers from "./answers.ts"
import * as Settings from "./settings.ts"
import type { TransportFaults } from "./transportFaults.ts"

/** The client that requests leave by, and what it is told of each of them. */
export interface Wire {
  readonly http: HttpClient.HttpClient.With<HttpClientError, Scope.Scope>
  readonly references: Context.Context<never>
}

export type Send = (
  request: HttpClientRequest.HttpClientRequest,
  exchange: Answers.Exchange,
  expected: Answers.Expected
) => Effect.Effect<VendorResponse, TransportFault>

export const sender =
  ({ http, references }: Wire, understand: Answers.Reader, { failed }: TransportFaults): Send =>
  (request, exchange, expected) =>
    Effect.suspend(() => {
      // The client aborts the request when this scope closes: left open for an answer that was read to its end.
      const scope = Scope.makeUnsafe()
      exchange.sent = true
      exchange.answer = null
      return http.execute(request).pipe(
        Effect.flatMap((response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => understand(response, exchange, now, expected))
        ),
        Effect.updateContext((context: Context.Context<never>) =>
          Context.add(Context.merge(context, references), Scope.Scope, scope)
        ),
        Effect.onExit((exit) =>
          Exit.isSuccess(exit) && !exit.value.open ? Effect.void : Scope.close(scope, Exit.void)
        ),
        Effect.matchCauseEffect({
          onFailure: (cause) => {
            const error = Cause.findError(cause)
            if (Result.isSuccess(error)) return Effect.fail(failed(error.success))
            // A client that throws is a client that failed; only an interruption passes as what it is.
            return Cause.hasInterruptsOnly(cause)
              ? Effect.failCause(error.failure)
              : Effect.fail(failed(Cause.squash(cause)))
          },
          onSuccess: ({ answer }) => heard(answer)
        })
      )
    })

const heard = (answer: VendorResponse): Effect.Effect<VendorResponse> => {
  const { quota, status } = answer
  if (quota._tag === "None") return Effect.succeed(answer)
  return Effect.map(QuotaHeard, (tell) => {
    tell(quota.value, status === 429)
    return answer
  })
}

/** Runs an exchange under its deadline: the caller's, or that of the client. */
export type Within = (
  timeout: Duration.Input | undefined,
  work: (exchange: Answers.Exchange) => Effect.Effect<VendorResponse, TransportFault>
) => Effect.Effect<VendorResponse, TransportFault>

export const deadline =
  (settings: Settings.Settings, faults: TransportFaults): Within =>
  (timeout, work) =>
    Effect.suspend(() => {
      const exchange: Answers.Exchange = { sent: false, answer: null }
      const millis = (timeout === undefined ? null : Settings.finiteMillis(timeout)) ?? settings.timeout
      const late = Effect.suspend(() => {
        if (exchange.answer !== null) return Effect.succeed(exchange.answer)
        const what = exchange.sent ? "no complete answer" : "no credential"
        const cause = { sent: exchange.sent, permanent: false, code: "timeout" }
        return Effect.fail(faults.make(cause, `${what} within ${millis} ms (timeout) from ${settings.origin}`))
      })
      return Timeouts.within(work(exchange), millis, late)
    })
