/** A bare HTTP client: the tests see what is on the wire, and an interrupted request closes its socket. */
import { Data, Effect } from "effect"
import * as Http from "node:http"
import type { Simulator } from "@scanpoll/testkit"

export class WireError extends Data.TaggedError("WireError")<{ readonly code: string; readonly received: string }> {}

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly rawHeaders: ReadonlyArray<string>
  readonly bytes: Buffer
  readonly text: string
  readonly json: unknown
}

export interface RequestOptions {
  readonly body?: unknown
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Http.Agent
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const request = (
  simulator: Pick<Simulator.Simulator, "baseUrl" | "key">,
  method: string,
  path: string,
  options: RequestOptions = {}
): Effect.Effect<Answer, WireError> =>
  Effect.callback((resume) => {
    const key = options.key === undefined ? simulator.key : options.key
    const chunks: Array<Buffer> = []
    const text = () => Buffer.concat(chunks).toString("utf8")
    const fail = (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new WireError({ code: error.code ?? error.message, received: text() })))
    const outgoing = Http.request(
      simulator.baseUrl + path,
      {
        method,
        agent: options.agent ?? false,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(options.body === undefined ? {} : { "content-type": "application/json" }),
          ...options.headers
        }
      },
      (incoming) => {
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", fail)
        incoming.on("end", () => {
          if (!incoming.complete) return
          resume(
            Effect.succeed({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              rawHeaders: incoming.rawHeaders,
              bytes: Buffer.concat(chunks),
              text: text(),
              json: parse(text())
            })
          )
        })
      }
    )
    outgoing.on("error", fail)
    outgoing.end(
      options.body === undefined
        ? undefined
        : typeof options.body === "string"
          ? options.body
          : JSON.stringify(options.body)
    )
    return Effect.sync(() => outgoing.destroy())
  })

export const get = (simulator: Simulator.Simulator, path: string, options?: RequestOptions) =>
  request(simulator, "GET", path, options)

export const post = (simulator: Simulator.Simulator, path: string, body: unknown, options?: RequestOptions) =>
  request(simulator, "POST", path, { body, ...options })

/** A field of a JSON answer, by its path. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (found, key) => (typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined),
    value
  )

export const text = (value: unknown, ...path: ReadonlyArray<string | number>): string => String(at(value, ...path))

/** A clock that stands until it is moved. */
export const clockAt = (iso: string) => {
  let now = Date.parse(iso)
  return {
    clock: () => now,
    pass: (seconds: number) => {
      now += seconds * 1000
    }
  }
}
