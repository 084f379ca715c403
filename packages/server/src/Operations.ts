/**
 * The paths of the API, their methods and their query keys, as its document lists them: what is not listed is refused.
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
  // Of GET, the one method there is.
  readonly queryKeys: ReadonlySet<string>
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^{}]+\}/g, "[^/]+")}$`)

const operations: ReadonlyArray<Operation> = [
  ...Object.entries(document.paths).map(([path, { get }]) => ({
    path: patternOf(path),
    queryKeys: new Set((get?.parameters ?? []).flatMap((one) => (one.in === "query" ? [one.name] : [])))
  })),
  ...Pages.routes.map(({ path, query }) => ({
    path: patternOf(path.replace(/:\w+/g, "{id}")),
    queryKeys: new Set(query)
  })),
  ...Pages.assets.map(([path]) => ({ path: patternOf(path), queryKeys: new Set<string>() })),
  { path: /^\/openapi\.json$/, queryKeys: new Set() },
  { path: /^\/login$/, queryKeys: new Set(["code"]) }
]

/**
 * What is wrong with a request, before anything is asked: its status and words; null where nothing is.
 *
 * @category constructors
 * @since 0.2.0
 */
export const faultOf = (
  method: string,
  path: string,
  query: URLSearchParams
): { readonly status: 400 | 404 | 405; readonly detail: string } | null => {
  const operation = operations.find((one) => one.path.test(path))
  if (operation === undefined)
    return { status: 404, detail: "there is nothing here; /openapi.json lists what there is" }
  if (method !== "GET" && method !== "HEAD") return { status: 405, detail: "this can only be read: GET" }
  const keys = [...query.keys()]
  const known = [...operation.queryKeys].join(", ")
  if (keys.some((key) => !operation.queryKeys.has(key))) {
    const detail = known === "" ? "there are no query keys here" : `an unknown query key; known are ${known}`
    return { status: 400, detail }
  }
  return new Set(keys).size < keys.length ? { status: 400, detail: "a query key is given twice" } : null
}
