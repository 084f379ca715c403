/** What people and vendors write beside bodies: waits in headers, ids, addresses, durations, key files and plans. */
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as BaseUrl from "@scanpoll/core/unstable/http/BaseUrl"
import * as RateLimitHeaders from "@scanpoll/core/unstable/http/RateLimitHeaders"
import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import { isScanId } from "@scanpoll/core/model/ScanTicket"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Key from "scanpoll/config/Key"
import * as Keys from "scanpoll/config/Keys"
import * as Pace from "scanpoll/config/Pace"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"
import * as Vendors from "scanpoll/vendors/Vendors"
import { infoOf } from "../support/fileInfo.ts"
import type { Chance } from "./Chance.ts"
import * as Mutate from "./Mutate.ts"

const month = 30 * 86_400_000
const clock = Date.UTC(1994, 10, 6, 8, 49, 7)

const near = (chance: Chance, from: ReadonlyArray<string>): string => {
  const text = chance.pick(from)
  return chance.once(5) ? text : Mutate.text(chance, text)
}

const waits = [
  "10",
  "0",
  "007",
  "2147484",
  "9999999999",
  "9".repeat(400),
  "-5",
  "+3",
  "1.5",
  "1e3",
  "0x10",
  "NaN",
  "10, 20",
  "abc",
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
  "\u0661\u0660",
  "Sun, 06 Nov 9999 08:49:37 GMT",
  "1994-11-06T08:49:37Z",
  "10;x",
  "10 s"
]

/** Any text of a header gives a wait from 0 to 30 days, or none; a plain number gives itself. */
export const header = (chance: Chance): string | null => {
  const text = near(chance, waits)
  const hint = RetryAfter.parse(text, () => clock)
  const millis = Option.isSome(hint) ? Duration.toMillis(hint.value) : null
  if (millis !== null && !(millis >= 0 && millis <= month)) return `a wait of ${millis} ms from ${JSON.stringify(text)}`
  const plain = /^[ \t]*([0-9]+)[ \t]*$/.exec(text)
  if (plain !== null && millis !== Math.min(Number(plain[1]) * 1000, month))
    return `${millis} ms from ${JSON.stringify(text)}`
  // Without a digit there is neither a number nor a date.
  if (!/[0-9]/.test(text) && millis !== null) return `a wait of ${millis} ms from ${JSON.stringify(text)}`
  const quota = RateLimitHeaders.parse(
    {
      "x-ratelimit-limit": near(chance, waits),
      "x-ratelimit-remaining": text,
      "x-ratelimit-reset": near(chance, ["784111837", ...waits]),
      date: near(chance, waits)
    },
    clock
  )
  if (Option.isNone(quota)) return null
  const { limit, remaining, resetAt } = quota.value
  const isCount = (count: number | null): boolean => count === null || (Number.isSafeInteger(count) && count >= 0)
  const isSoon = resetAt === null || (resetAt > clock && resetAt <= clock + month)
  return isCount(limit) && isCount(remaining) && isSoon
    ? null
    : `a quota of ${JSON.stringify(quota.value)} from ${JSON.stringify(text)}`
}

const someIds = [
  "scan_abc123",
  "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
  "550e8400-e29b-41d4-a716-446655440000",
  "..",
  ".",
  "%2e%2e",
  "a/b",
  "a?x=1",
  "a#b",
  "a\\b",
  "a b",
  "a\nX: 1",
  "...",
  "~",
  "@",
  ":",
  "a;b",
  "\u0430",
  "\uff0e\uff0e",
  "%2F",
  ""
]

const base = "https://vendor.example/api/v1"

/** An id that is accepted comes back from the path that it is sent in, and every other text changes no path. */
export const id = (chance: Chance): string | null => {
  const text = near(chance, someIds)
  const shown = JSON.stringify(text)
  const asKey = Key.parse(`appvet:${text}`, ["appvet"])
  if (Result.isSuccess(asKey) !== isScanId(text)) return `the key and the id disagree about ${shown}`
  // eslint-disable-next-line no-control-regex
  if (Result.isFailure(asKey) && /[\u0000-\u001f\u007f\u009b\u202e]/.test(asKey.failure))
    return `control characters are shown for ${shown}`
  if (isScanId(text) && (!/^[!-~]{1,200}$/.test(text) || /^(?:\.|%2e){1,2}$/i.test(text)))
    return `${shown} is taken for an id`
  const path = `/scans/${VendorHttp.segment(text)}`
  if (!BaseUrl.isPath(path)) return isScanId(text) ? `${shown} is an id and cannot be sent` : null
  const url = URL.parse(base + path)
  if (url === null || url.origin !== "https://vendor.example" || url.search !== "" || url.hash !== "")
    return `${shown} leads to ${url?.href}`
  const parts = url.pathname.split("/")
  if (parts.length !== 5 || parts.slice(0, 4).join("/") !== "/api/v1/scans") return `${shown} leads to ${url.pathname}`
  return decodeURIComponent(parts[4] ?? "") === text ? null : `${shown} becomes ${parts[4]}`
}

const addresses = [
  "https://vendor.example",
  "https://vendor.example/api/v1/",
  "http://vendor.example",
  "http://127.0.0.1:8080",
  "https://me:secret@vendor.example",
  "https://vendor.example?x",
  "https://vendor.example#x",
  "ftp://x",
  "data:text/plain,x",
  "javascript:alert(1)",
  "https:vendor.example",
  "https:\\\\vendor.example",
  "https://[::1]:80/",
  "https://vendor.example:99999",
  "//vendor.example",
  "https://\u0432endor.example",
  "https://vendor.example@evil.example"
]

/** A base that is accepted is https, holds nobody's password, and is the origin that every parser sees. */
export const address = (chance: Chance): string | null => {
  const text = near(chance, addresses)
  const insecure = chance.once(2) ? [] : ["127.0.0.1:8080"]
  const checked = BaseUrl.check(text, insecure)
  if (Result.isFailure(checked)) {
    return checked.failure.some((fault) => fault.includes("secret"))
      ? `a password is shown for ${JSON.stringify(text)}`
      : null
  }
  const url = URL.parse(checked.success.origin + checked.success.prefix)
  const isAllowed = url?.protocol === "https:" || (url?.host === "127.0.0.1:8080" && insecure.length > 0)
  if (url === null || !isAllowed || url.username !== "" || url.password !== "")
    return `${JSON.stringify(text)} is accepted`
  return url.origin === checked.success.origin ? null : `${JSON.stringify(text)} is another origin`
}

const durations = [
  "30s",
  "5m",
  "1h30m",
  "1.5s",
  "0",
  "30d",
  "31d",
  "-5s",
  "NaN",
  "1e3s",
  "5",
  "Infinity",
  "1d24h",
  "0.0001ms",
  "10 s",
  "learned",
  "bulk"
]

/** A duration that is accepted is within its bounds and is written back as one of the same length. */
export const duration = (chance: Chance): string | null => {
  const text = near(chance, durations)
  const least = chance.pick([0, 1, 1000])
  const pace = Pace.parse(text)
  if (Result.isSuccess(pace) && pace.success._tag === "Every") {
    const every = Duration.toMillis(pace.success.interval)
    if (!(every >= 1 && every <= month)) return `a pace of ${every} ms from ${JSON.stringify(text)}`
  }
  const parsed = Durations.parse(text, least)
  if (Result.isFailure(parsed)) return null
  const millis = Duration.toMillis(parsed.success)
  if (!(Number.isInteger(millis) && millis >= least && millis <= month))
    return `${millis} ms from ${JSON.stringify(text)}`
  const again = Durations.parse(Durations.format(parsed.success), 0)
  return Result.isSuccess(again) && Duration.toMillis(again.success) === millis
    ? null
    : `${JSON.stringify(text)} is written as ${Durations.format(parsed.success)}`
}

const secret = "exo_live_canary_in_a_file_4711"

const keyFiles = [
  `EXONA_API_KEY=${secret}\nAPPVET_API_KEY="avk_live_${secret}"\n`,
  `# a comment\r\nexport EXONA_API_KEY='${secret}'\r\n`,
  `\ufeffEXONA_API_KEY=${secret}`,
  `EXONA_API_KEY="${secret}\nsecond"\n`,
  `EXONA_APIKEY=${secret}\n`
]

/** A key file gives a key or words that do not hold one. */
export const keyFile = (chance: Chance): Effect.Effect<string | null> => {
  const text = near(chance, keyFiles)
  const fs = FileSystem.layerNoop({
    stat: () => Effect.succeed(infoOf(text)),
    readFileString: () => Effect.succeed(text)
  })
  return Effect.gen(function* () {
    const keys = yield* Keys.make({}, "keys.env")
    const state = yield* keys.check("EXONA_API_KEY")
    if (state._tag !== "Set" && state.message.includes("canary")) return `a key is shown for ${JSON.stringify(text)}`
    const given = yield* Effect.exit(keys.credential("exona", "EXONA_API_KEY"))
    if (Exit.isSuccess(given) !== (state._tag === "Set"))
      return `the check and the key disagree about ${JSON.stringify(text)}`
    return JSON.stringify(given).includes("canary") ? `a key is shown for ${JSON.stringify(text)}` : null
  }).pipe(Effect.provide(fs), Effect.provideService(Vendors.Vendors, Vendors.make(Shipped.all)))
}

const key = "exo_live_canary+/=&<4711>'\"~*()"

const disguise: ReadonlyArray<(text: string) => string> = [
  (text) => text,
  encodeURIComponent,
  (text) => encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase()),
  (text) => Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join(""),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(text).toString("base64url")
]

/** A text that holds the key in some disguise does not hold it any more, and the rest of it stays. */
export const secretText = (chance: Chance): string | null => {
  const scrubber = Scrubber.make()
  scrubber.learn(key)
  const hidden = chance.pick(disguise)(key)
  const before = Mutate.text(chance, "token: ")
  const after = Mutate.text(chance, " was refused")
  const out = scrubber.text(before + hidden + after)
  if (out.includes(hidden)) return `${hidden} stays in ${JSON.stringify(out)}`
  if (!out.startsWith(before) || !out.endsWith(after))
    return `more than the key is gone from ${JSON.stringify(before + hidden + after)}`
  const offset = chance.below(9)
  const within = Buffer.from("x".repeat(offset) + key + "y".repeat(chance.below(9))).toString("base64")
  const middle = within.slice(Math.ceil((offset * 4) / 3), Math.ceil((offset * 4) / 3) + 24)
  return scrubber.text(within).includes(middle) ? `base64 of the key stays in ${within}` : null
}

const plans: ReadonlyArray<Mutate.Json> = [
  {
    version: 1,
    defaults: { deadline: "5m", reuse: "1h", concurrency: 5, pace: "background" },
    vendors: { appvet: { pace: "learned" }, exona: { deadline: "10m" } },
    accounts: { "team-b": { vendor: "appvet", variable: "APPVET_API_KEY_TEAM_B" } },
    gate: { failOn: "high", allowPartial: false, minScore: { appvet: 70 } },
    targets: [
      { vendor: "exona", company: { name: "Acme AI Ltd", website: "https://acme.ai" }, maxAgeDays: 30 },
      { vendor: "appvet", account: "team-b", url: "https://example.com", type: "security", pace: "10s" },
      {
        vendor: "compliance",
        policyId: "550e8400-e29b-41d4-a716-446655440000",
        uploadId: "123e4567-e89b-12d3-a456-426614174000",
        mappingId: "789e0123-e45b-67c8-d901-234567890123"
      }
    ]
  },
  { version: 1, targets: [{ vendor: "appvet", url: "https://example.com", type: "seo" }] }
]

const yaml = `version: 1
defaults: { deadline: 5m }
vendors:
  appvet: { pace: learned }   # a comment
gate: { failOn: high, allowPartial: false }
targets:
  - vendor: exona
    company: { name: Acme AI Ltd, website: "https://acme.ai" }
    maxAgeDays: 30
  - &site
    vendor: appvet
    url: https://example.com
    type: security
  - { <<: *site, url: "https://other.example" }
`

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Any text is a plan without a fault, or faults with a place each; a plan has the targets that its text has. */
export const plan = (chance: Chance): string | null => {
  const isYaml = chance.once(3)
  const text = isYaml ? Mutate.text(chance, yaml) : new TextDecoder().decode(Mutate.body(chance, chance.pick(plans)))
  const { faults, plan: read } = PlanFile.parse(text, "scans.yaml", Shipped.all)
  for (const fault of faults) {
    if (!/^scans\.yaml:[1-9]\d*:[1-9]\d*$/.test(fault.where))
      return `a fault at ${fault.where} of ${JSON.stringify(text)}`
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f\u009b\u202e]/.test(fault.message))
      return `control characters in a fault of ${JSON.stringify(text)}`
  }
  if (faults.length > 0) return null
  if (read.targets.some((target) => !target.isSound || target.vendor.faults(target.input).length > 0))
    return `a target with faults in ${JSON.stringify(text)}`
  let plain: unknown
  try {
    plain = JSON.parse(text.replace(/^\ufeff/, ""))
  } catch {
    return null
  }
  // What is JSON must have been understood as JSON.
  if (!isRecord(plain) || plain["version"] !== 1 || !Array.isArray(plain["targets"]))
    return `a plan was made of ${JSON.stringify(text)}`
  if (plain["targets"].length !== read.targets.length)
    return `${read.targets.length} targets in ${JSON.stringify(text)}`
  for (const [at, target] of read.targets.entries()) {
    const asked: unknown = plain["targets"][at]
    if (!isRecord(asked) || asked["vendor"] !== target.vendor.name) return `another vendor in ${JSON.stringify(text)}`
    for (const name of ["url", "type", "policyId", "maxAgeDays"]) {
      const got = isRecord(target.input) ? target.input[name] : undefined
      if (asked[name] !== got) return `another ${name} in ${JSON.stringify(text)}`
    }
  }
  return null
}
