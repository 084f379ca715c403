// Rules about what is sent: the documented request, and the key to nobody else. Reads the ledger of the stage.
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import type { Kit, Sent } from "./kitFacts.ts"
import type { Entry } from "../Ledger.ts"
import * as bench from "./conformanceBench.ts"
import * as wire from "./conformanceWire.ts"

const contentTypes: Readonly<Record<NonNullable<Sent["as"]>, string | null>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  multipart: "multipart/form-data",
  text: "text/plain",
  none: null
}

/** The address without the key's own parameter, its query in order. */
const addressOf = (
  path: string
): { readonly path: string; readonly query: ReadonlyArray<readonly [string, string]> } => {
  const [pathname = "", search = ""] = path.split("?", 2)
  const pairs = [...new URLSearchParams(search)].filter(([, value]) => value !== "{key}")
  return { path: pathname, query: pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : String(value))

/** In words how the body is not the documented one; null where it is. */
const bodyFault = (as: NonNullable<Sent["as"]>, wanted: unknown, sent: string): string | null => {
  const shown = `${JSON.stringify(sent.slice(0, 200))}, must be ${JSON.stringify(wanted)}`
  switch (as) {
    case "none":
      return sent === "" ? null : `a body is sent: ${JSON.stringify(sent.slice(0, 200))}`
    case "text":
      return sent === textOf(wanted) ? null : `the body is ${shown}`
    case "json":
      return isDeepStrictEqual(jsonOf(sent), wanted) ? null : `the body is ${shown}`
    case "form": {
      const fields = wire.isRecord(wanted) ? wanted : {}
      const given = new URLSearchParams(sent)
      const isSame =
        given.size === Object.keys(fields).length &&
        Object.entries(fields).every(([name, value]) => given.get(name) === textOf(value))
      return isSame ? null : `the form is ${shown}`
    }
    case "multipart": {
      const fields = wire.isRecord(wanted) ? Object.entries(wanted) : []
      const missing = fields.filter(
        ([name, value]) => !sent.includes(`name="${name}"`) || !sent.includes(textOf(value))
      )
      return missing.length === 0 ? null : `parts are missing or wrong: ${missing.map(([name]) => name).join(", ")}`
    }
  }
}

/** What is wrong with a request, by the documented one. */
export const faultsOf = <Request, Payload>(
  kit: Kit<Request, Payload>,
  entry: Entry,
  wanted: Sent,
  scanId: string
): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const { basePath = "" } = kit
  if (entry.method !== wanted.method) faults.push(`the method is ${entry.method}, must be ${wanted.method}`)
  const sent = addressOf(entry.path)
  const asked = addressOf(basePath + wanted.path.replaceAll("{id}", encodeURIComponent(scanId)))
  if (!isDeepStrictEqual(sent, asked)) {
    faults.push(`the address is ${entry.path}, must be ${basePath + wanted.path.replace(/[?&][^?&=]+=\{key\}/, "")}`)
  }
  for (const [name, value] of Object.entries(wanted.headers ?? {})) {
    if (value.includes("{key}")) continue
    const found = entry.headers[name.toLowerCase()]
    if (found !== value) faults.push(`the header ${name} is ${JSON.stringify(found ?? null)}, must be "${value}"`)
  }
  const as = wanted.as ?? (wanted.body === undefined ? "none" : "json")
  const type = entry.headers["content-type"]?.split(";")[0]?.trim() ?? null
  if (as !== "none" && type !== contentTypes[as])
    faults.push(`the content type is ${type}, must be ${contentTypes[as]}`)
  const body = bodyFault(as, wanted.body, entry.body ?? "")
  if (body !== null) faults.push(body)
  return faults
}

/** What `{id}` stands for in a request that a preparation comes before: what its last call returned. */
const preparedFor = <Request, Payload>({ prepare }: Kit<Request, Payload>): string =>
  String(Object.values(prepare?.returns ?? {}).at(-1) ?? "")

export const sentRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const { poll, submit } = kit
  const rules: ReadonlyArray<bench.Rule> = [
    {
      group: "submit",
      name: "MUST submit with the request that the vendor documents: its method, address, headers, encoding and body",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        yield* scene.submit(submit.accepted[0])
        const [entry] = scene.requests()
        if (entry === undefined) note("no request was sent")
        else if (submit.sends !== undefined) faultsOf(kit, entry, submit.sends, preparedFor(kit)).forEach(note)
      })
    },
    {
      group: "poll",
      name: "MUST poll with the request that the vendor documents: its method, address and headers",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const { answer } = bench.completedOf(kit)
        yield* scene.poll(answer)
        const [entry] = scene.requests()
        if (entry === undefined) note("no request was sent")
        else if (poll.sends !== undefined) faultsOf(kit, entry, poll.sends, bench.idIn(kit, answer)).forEach(note)
      })
    }
  ]
  return rules.filter(({ group }) => (group === "submit" ? submit.sends : poll.sends) !== undefined)
}
