/**
 * A journal whose every text is hostile: a key in a disguise, commands to build runners, markup, sequences of a terminal. In nothing
 * that the server says, to whoever asks, by any path, in any format.
 */
import type { Operations } from "@scanpoll/core/engine/ScanJournal"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Format from "@scanpoll/report/Format"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Handlers from "@scanpoll/server/Handlers"
import { bare, readings } from "@scanpoll/test-support/readings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ask, listen, serving, tokens, until } from "./support/serving.ts"

const key = "avk_live_CANARY1+a/b=~Zq0123456789ABCDEFGH"

const split = (text: string, by: string): string => `${text.slice(0, 17)}${by}${text.slice(17)}`

// Each place has another disguise, so that a place that forgets the gate is told by what it shows.
const disguises = [
  key,
  split(key, "\u200b"),
  split(key, "\u001b[0m"),
  encodeURIComponent(encodeURIComponent(key)),
  Buffer.from(`user:${key}`).toString("base64"),
  Buffer.from(key).toString("hex"),
  JSON.stringify(key).replaceAll("/", "\\/"),
  Array.from(key, (char) => `&#${char.charCodeAt(0)};`).join(""),
  split(key, "&ZeroWidthSpace;"),
  key.toUpperCase()
]
let next = 0
const said = (): string => {
  next += 1
  return `<img src=x onerror=alert(1)> ${disguises[next % disguises.length]} \u001b[2J\u202e\u0007\n##vso[task.complete]x\n::add-mask::x ##teamcity[x] section_start:1:x\r`
}

// An id has no blanks and no signs beyond ASCII.
const idOf = (name: string): string => `${name}##vso[x]<img>${encodeURIComponent(key)}`

const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const
const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Unknown))

const outcomeOf = (scanId: string) =>
  ScanOutcome.makeCompleted({
    ticket: ScanTicket.make({ ...account, scanId, submittedAt: 1 }),
    vendorStatus: said(),
    assessment: { severity: "high", vendorSeverity: said(), compliance: null, score: null },
    warnings: [said()],
    links: { report: `https://acme.test/${encodeURIComponent(said())}` },
    findings: {
      coverage: "full",
      total: 1,
      items: [
        {
          findingId: said(),
          ruleId: said(),
          title: said(),
          description: said(),
          severity: "high",
          vendorSeverity: said(),
          status: "new",
          resource: said(),
          remediation: said(),
          references: [`https://acme.test/?k=${encodeURIComponent(key)}`]
        }
      ]
    },
    payload: { [said()]: said() }
  })

const claimed = (journal: Operations, fingerprint: string) =>
  journal.claim(
    { ...account, environment: "", fingerprint },
    {
      subject: { kind: "url", id: `https://a.test/${said()}`, name: said() },
      reuseFrom: 0,
      kind: said(),
      request: { note: said() }
    }
  )

// A claim in every state, with polls, faults and a pause, and runs that hold them.
const filled = (journal: Operations) =>
  Effect.gen(function* () {
    const [done, open, lost] = yield* Effect.forEach(["done", "open", "lost"], (name) =>
      Effect.map(claimed(journal, name), ({ claimId }) => claimId)
    )
    for (const [claimId = "", name] of [
      [done, "done"],
      [open, "open"]
    ] as const) {
      const ticket = ScanTicket.make({ ...account, scanId: idOf(name), submittedAt: 1 })
      yield* journal.submitted(claimId, ticket, 0)
    }
    yield* journal.settled(done ?? "", Schema.encodeSync(codec)(outcomeOf(idOf("done"))))
    yield* journal.inDoubt(lost ?? "", { code: said(), message: said(), advice: said(), requestId: said() })
    journal.polled(open ?? "", {
      at: Date.now(),
      kind: "poll",
      seen: "fault",
      because: "hint",
      until: Date.now() + 60_000,
      code: said(),
      percent: 20,
      message: said()
    })
    yield* journal.runs.begin({
      runId: "run_1",
      command: said(),
      plan: said(),
      planDigest: null,
      options: null,
      startedAt: Date.now(),
      rows: [
        {
          vendor: "acme",
          account: "default",
          key: null,
          subject: { kind: "url", id: said(), name: said() },
          kind: said(),
          request: null,
          forced: false,
          claimId: open ?? null
        }
      ]
    })
    return { done: done ?? "", open: open ?? "", lost: lost ?? "" }
  })

const report = () =>
  ScanReport.fromRecords([], {
    version: "0",
    id: "run_1",
    startedAt: 0,
    finishedAt: 1,
    plan: said(),
    faults: [{ code: 74, message: said() }]
  })

const sources = (): Handlers.Sources => ({
  ...Handlers.none,
  reportOfRun: () => Effect.sync(report),
  reportOfClaim: () => Effect.sync(report),
  cluster: Effect.sync(() => ({ workers: [{ name: said(), [said()]: said() }] })),
  journal: said(),
  tail: ` --journal ${said()}`,
  doubtOf: () => [said()],
  budgetOf: () => said()
})

const active = /##(?:vso|teamcity)?\[|^\s*::add-mask|section_start:\d|travis_fold:/m
// oxlint-disable-next-line no-control-regex -- they are what must not pass.
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]/

const forms = disguises.map(bare)

const faultsOf = (where: string, text: string): ReadonlyArray<string> => {
  const all = readings(text)
  const kept = forms.flatMap((form, at) => (all.some((reading) => reading.includes(form)) ? [at] : []))
  return [
    ...(kept.length === 0 ? [] : [`${where}: a key in the disguises ${kept.join(", ")}`]),
    ...(active.test(text) ? [`${where}: ${active.exec(text)?.[0]}`] : []),
    ...(controls.test(text) ? [`${where}: a control character`] : [])
  ]
}

describe("a journal whose every text is hostile", () => {
  it.live("is told by no page, answer, event or report with a key or anything active in it (S-02, S-05, S-08)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        Scrubber.ofProcess.learn(key)
        const server = yield* serving({ sources: sources() })
        const events = yield* listen(server)
        const { done, lost, open } = yield* filled(server.journal)
        const found: Array<string> = []
        const seen: Array<string> = []
        const look = (path: string, headers: Readonly<Record<string, string>> = {}) =>
          Effect.gen(function* () {
            const answer = yield* ask(server, path, { token: tokens.payer.token, headers })
            seen.push(`${answer.status} ${path.slice(0, 60)}`)
            found.push(...faultsOf(path.slice(0, 80), answer.text), ...faultsOf(path, JSON.stringify(answer.headers)))
            const type = String(answer.headers["content-type"])
            if (/html|xml/.test(type) && answer.text.includes("<img")) found.push(`${path}: markup`)
          })
        const pages = ["/", "/doubt", "/scans", "/runs", "/runs/run_1", "/targets", "/accounts", "/cluster"]
        const claims = [done, lost, open]
        const paths = [
          ...pages,
          ...claims.map((id) => `/scans/${id}`),
          ...["claims", "runs", "runs/run_1", "targets", "accounts", "cluster"].map((name) => `/api/v1/${name}`),
          ...claims.flatMap((id) => [`/api/v1/claims/${id}`, `/api/v1/claims/${id}/events`]),
          ...Format.names.map((name) => `/api/v1/runs/run_1/report?format=${name}`),
          `/api/v1/claims/${done}/report`
        ]
        for (const path of paths) yield* look(path)
        assert.isTrue(
          seen.every((line) => line.startsWith("200 ")),
          seen.join("\n")
        )
        // Who asks gets nothing back that acts, whatever the address says.
        const text = encodeURIComponent(said())
        for (const path of [
          ...["state", "vendor", "account", "subject", "cursor", "q", "trend"].map((name) => `/scans?${name}=${text}`),
          ...["state", "vendor", "account", "subject", "cursor", "limit"].map(
            (name) => `/api/v1/claims?${name}=${text}`
          ),
          `/targets?q=${text}`,
          `/target?subject=url:${text}`,
          `/api/v1/runs/run_1/report?format=${text}`,
          `/scans/${text.slice(0, 60)}`,
          `/api/v1/claims/${text.slice(0, 60)}`,
          `/${text}`
        ]) {
          yield* look(path)
          yield* look(path, { accept: "text/html" })
        }
        yield* until(() => events.text().includes("event: change"))
        found.push(...faultsOf("events", events.text()))
        assert.deepStrictEqual(found, [])
      })
    )
  )
})
