/**
 * A canary in every secret that a process may hold, and every command that reads one: in no stream at any level, no report of
 * any format, no byte of the journal and its log, no span, metric or log line of telemetry, no metric of a worker's port.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Format from "@scanpoll/report/Format"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"
import { formsOf, hitsOf } from "../support/canary.ts"
import { collector } from "../support/collector.ts"
import { scanpollInside } from "../support/inside.ts"
import { moduleOf } from "../support/ownVendor.ts"
import { hurriedVendors } from "../support/vendors.ts"

const random = "+a/b=~Zq0123456789ABCDEFGH"
const keys = {
  appvet: `avk_live_CANARY5${random}`,
  team: `avk_live_CANARY6${random}`,
  auk: `CANARY7-secret${random}`,
  tokenOne: "CANARY8-first.0123456789abcdefghij",
  tokenTwo: "CANARY9-second.0123456789abcdefghij",
  telemetry: "CANARY10-collector-0123456789",
  database: "CANARY11-database-0123456789",
  proxy: "CANARY12-proxy-0123456789"
}
// What the process knows from its beginning; a token it knows once it was given it.
const { tokenOne, tokenTwo, ...environmental } = keys
const everything = Object.values(environmental)

const told = (text: string) => ({
  hint: text,
  note: `Bearer ${text}`,
  link: `https://example.com/?key=${encodeURIComponent(text)}`,
  basic: Buffer.from(`user:${text}`).toString("base64"),
  [`field ${text}`]: [text]
})

const vendors = hurriedVendors({
  appvet: {
    credentials: [keys.appvet, keys.team],
    rateLimit: null,
    fate: ({ url }) =>
      url.includes("failed")
        ? { outcome: "failed", error: everything.join(" "), merge: told(everything.join("|")) }
        : { merge: told(everything.join("|")) }
  }
})

// A vendor that wants tokens.
const auk = moduleOf(
  "auk",
  `auth: { clientCredentials: { tokenUrl: "/token", client: "body" } }, key: { variable: "AUK_CLIENT" },
  target: Schema.Struct({ site: Schema.String }), sample: { site: "a" }`
)

// Its server says back everything that it was sent and has given out; the first token is refused once it has polled.
const aukServer = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly host: string; readonly shown: Array<string>; end: () => void }>(
    (resume) => {
      const shown: Array<string> = []
      const given: Array<string> = []
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (text: string) => (body += text))
        request.on("end", () => {
          const sent = request.headers.authorization ?? ""
          shown.push(sent, body)
          const say = (status: number, more: object) =>
            response
              .writeHead(status, { "content-type": "application/json", "x-request-id": keys.auk, "x-echo": sent })
              .end(JSON.stringify({ ...told([sent, ...given, ...everything].join("|")), ...more }))
          if (request.url === "/token") {
            const token = given.length === 0 ? tokenOne : tokenTwo
            given.push(token)
            return say(200, { access_token: token, token_type: "bearer" })
          }
          if (request.method === "POST") return say(202, { id: "auk_1" })
          return sent.includes(tokenOne)
            ? say(401, { message: `${sent} is over` })
            : say(200, { id: "auk_1", state: "done", score: 90 })
        })
      }).listen(0, "127.0.0.1", () => {
        const address = server.address()
        const host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
        const end = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://${host}`, host, shown, end }))
      })
    }
  ),
  ({ end }) => Effect.sync(end)
)

describe("a canary in every secret of a process", () => {
  layer(Layer.merge(vendors, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.effect(
      "is in nothing that any command says, writes, keeps or sends elsewhere (SE-01, SE-05, SE-06, S-02, S-05)",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const simulators = yield* Simulators.Simulators
            const fs = yield* FileSystem.FileSystem
            const directory = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
            yield* fs.chmod(directory, 0o700)
            const server = yield* aukServer
            const { heard, url: otel } = yield* collector
            const base = Simulators.environment(simulators)
            const journal = `${directory}/j.db`
            const environment = {
              ...base,
              HOME: directory,
              XDG_STATE_HOME: `${directory}/state`,
              APPVET_API_KEY_TEAM: keys.team,
              AUK_CLIENT: `client:${keys.auk}`,
              AUK_BASE_URL: server.url,
              SCANPOLL_ALLOW_INSECURE_HOSTS: `${base["SCANPOLL_ALLOW_INSECURE_HOSTS"] ?? ""},${server.host}`,
              SCANPOLL_VENDOR: `${directory}/auk.mjs`,
              SCANPOLL_JOURNAL: journal,
              SCANPOLL_LOG_LEVEL: "all",
              DATABASE_URL: `postgres://app:${keys.database}@db.example/x`,
              HTTPS_PROXY: `http://me:${keys.proxy}@127.0.0.1:9`,
              OTEL_EXPORTER_OTLP_ENDPOINT: otel,
              OTEL_EXPORTER_OTLP_HEADERS: `api-key=${keys.telemetry}`
            }
            yield* fs.writeFileString(`${directory}/auk.mjs`, auk, { mode: 0o600 })
            yield* fs.writeFileString(
              `${directory}/scans.yaml`,
              [
                "version: 1",
                "accounts: { team: { vendor: appvet, variable: APPVET_API_KEY_TEAM } }",
                "targets:",
                "  - { vendor: appvet, url: https://shop.example, type: seo }",
                "  - { vendor: appvet, account: team, url: https://failed.example, type: seo }",
                "  - { vendor: auk, site: skomer }",
                ""
              ].join("\n")
            )
            yield* simulators.appvet.script({
              match: { route: "status" },
              steps: [
                Script.respond(503, { error: { code: keys.appvet, message: everything.join(" ") } }),
                { headers: { "X-Request-Id": keys.team, "X-Echo": keys.appvet } }
              ]
            })
            const found: Array<string> = []
            const told: Array<string> = []
            const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
              const ended = yield* scanpollInside(args, { directory, environment })
              const name = args.join(" ")
              told.push(`${name}: ${ended.code}\n${ended.stderr}`)
              found.push(...hitsOf(keys, `stdout of ${name}`, ended.stdout))
              found.push(...hitsOf(keys, `stderr of ${name}`, ended.stderr))
              return ended
            })
            yield* run("submit", "appvet:https://first.example")
            // While another connection is open, what is written stays in the log beside the file as well.
            const held = yield* Effect.acquireRelease(
              Effect.sync(() => new DatabaseSync(journal)),
              (database) => Effect.sync(() => database.close())
            )
            held.exec("SELECT 1 FROM sqlite_schema")
            const files = Format.names.filter((name) => name !== "text").flatMap((name) => ["-o", `${name}=r.${name}`])
            const ran = yield* run("run", "scans.yaml", "--raw", "full", "-o", "text", ...files)
            for (const args of [
              ["run", "scans.yaml", "--dry-run", "-o", "json"],
              ["config", "show", "scans.yaml", "-o", "json"],
              ["config", "validate", "scans.yaml"],
              ["vendors", "-o", "json"],
              ["doctor", "scans.yaml"],
              ["status", "auk:auk_1", "-o", "json"],
              ["wait", "auk:auk_1", "--fresh", "-o", "json"],
              ["wait", "appvet:scan_nobody"],
              ["resume"],
              ["history", "-o", "json"],
              ["diff", "r.json", "r.json", "-o", "json"],
              ["baseline", "write", "known.json", "--from", "r.json"],
              ["purge", "--older-than", "1d", "--dry-run"],
              ["schema", "report"]
            ]) {
              yield* run(...args)
            }
            for (const file of yield* fs.readDirectory(directory, { recursive: true })) {
              const path = `${directory}/${file}`
              if ((yield* fs.stat(path)).type !== "File") continue
              found.push(...hitsOf(keys, file, Buffer.from(yield* fs.readFile(path)).toString("latin1")))
            }
            // What a worker of this process answers at /metrics.
            const metrics = yield* PrometheusMetrics.format()
            found.push(...hitsOf(keys, "metrics", metrics))
            for (const { body, path } of heard) found.push(...hitsOf(keys, `telemetry ${path}`, body))
            assert.deepStrictEqual(found, [])

            // The canary sang: vendors had the keys and said them back, and everything was on.
            assert.strictEqual(ran.code, 3, told.join("\n"))
            const sent = server.shown.join("\n")
            for (const key of [keys.auk, tokenOne, tokenTwo]) {
              assert.isTrue(
                formsOf(key).some((form) => sent.includes(form)),
                key
              )
            }
            assert.isTrue(yield* fs.exists(`${journal}-wal`))
            assert.include(yield* fs.readFileString(`${directory}/r.json`), "<redacted>")
            const paths = new Set(heard.map(({ path }) => path))
            for (const signal of ["traces", "metrics", "logs"]) assert.isTrue(paths.has(`/v1/${signal}`), signal)
            assert.match(ran.stderr, /level=INFO/)
            assert.match(metrics, /scanpoll_polls.*vendor="auk"/)
          })
        )
    )
  })
})
