/**
 * The paths of the API and the pages, their methods, query keys and bodies, as the document lists them: what is not listed is
 * refused.
 *
 * @since 0.2.0
 */
import * as OpenApi from "effect/http-api/OpenApi"
import { Api } from "./Api.ts"
import * as Pages from "./internal/pages/pages.ts"

/**
 * The OpenAPI document of the API.
 *
 * @category constructors
 * @since 0.2.0
 */
export const document = OpenApi.fromApi(Api)

interface Operation {
  readonly path: RegExp
  // Those of GET, which answers HEAD too; null where it cannot be read.
  readonly queryKeys: ReadonlySet<string> | null
  // The type of what is sent to it, empty where that is nothing; null where nothing can be sent.
  readonly body: string | null
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^{}]+\}/g, "[^/]+")}$`)

const reads = (path: RegExp, keys: Iterable<string> = []): Operation => ({
  path,
  queryKeys: new Set(keys),
  body: null
})

const operations: ReadonlyArray<Operation> = [
  ...Object.entries(document.paths).map(([path, { get, post }]) => ({
    path: patternOf(path),
    queryKeys:
      get === undefined
        ? null
        : new Set((get.parameters ?? []).flatMap((one) => (one.in === "query" ? [one.name] : []))),
    body: post === undefined ? null : post.requestBody === undefined ? "" : "application/json"
  })),
  ...Pages.routes.map(({ path, query }) => reads(patternOf(path.replace(/:\w+/g, "{id}")), query)),
  ...Pages.forms.map(({ path }) => ({
    path: patternOf(path.replace(/:\w+/g, "{id}")),
    queryKeys: null,
    body: "application/x-www-form-urlencoded"
  })),
  ...Pages.assets.map(([path]) => reads(patternOf(path))),
  reads(/^\/openapi\.json$/),
  reads(/^\/login$/, ["code"])
]

/**
 * The longest body of a request, in bytes.
 *
 * @category constructors
 * @since 0.2.0
 */
export const longestBody = 16_384

/**
 * What is wrong with a request.
 *
 * @category models
 * @since 0.2.0
 */
export interface Fault {
  readonly status: 400 | 404 | 405 | 411 | 413 | 415
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}

const wrongMethod = ({ body, queryKeys }: Operation): Fault => {
  const allow = [...(queryKeys === null ? [] : ["GET", "HEAD"]), ...(body === null ? [] : ["POST"])].join(", ")
  return { status: 405, detail: `this takes ${allow} alone`, headers: { allow } }
}

const bodyFault = (wanted: string, headers: Readonly<Record<string, string | undefined>>): Fault | null => {
  if (wanted === "") {
    const isEmpty = (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined
    return isEmpty ? null : { status: 413, detail: "this takes no body" }
  }
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase()
  if (type !== wanted) return { status: 415, detail: `this takes ${wanted}` }
  const length = headers["content-length"]
  if (length === undefined || !/^\d{1,15}$/.test(length)) return { status: 411, detail: "Content-Length is needed" }
  return Number(length) > longestBody ? { status: 413, detail: `at most ${longestBody} bytes` } : null
}

/**
 * What is wrong with a request, before anything is asked; null where nothing is.
 *
 * @category constructors
 * @since 0.2.0
 */
export const faultOf = (
  method: string,
  path: string,
  query: URLSearchParams,
  headers: Readonly<Record<string, string | undefined>>
): Fault | null => {
  const operation = operations.find((one) => one.path.test(path))
  if (operation === undefined)
    return { status: 404, detail: "there is nothing here; /openapi.json lists what there is" }
  const isRead = method === "GET" || method === "HEAD"
  if (isRead ? operation.queryKeys === null : method !== "POST" || operation.body === null)
    return wrongMethod(operation)
  const queryKeys = (isRead ? operation.queryKeys : null) ?? new Set<string>()
  const keys = [...query.keys()]
  const known = [...queryKeys].join(", ")
  if (keys.some((key) => !queryKeys.has(key))) {
    const detail = known === "" ? "there are no query keys here" : `an unknown query key; known are ${known}`
    return { status: 400, detail }
  }
  if (new Set(keys).size < keys.length) return { status: 400, detail: "a query key is given twice" }
  return isRead || operation.body === null ? null : bodyFault(operation.body, headers)
}
