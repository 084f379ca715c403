/** The pages, as text and in a real browser. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Operations } from "@scanpoll/core/engine/ScanJournal"
import * as HtmlParts from "@scanpoll/report/HtmlParts"
import * as Format from "@scanpoll/report/Format"
import * as Handlers from "@scanpoll/server/Handlers"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { executable, launch } from "@scanpoll/test-support/browser"
import { isFull } from "@scanpoll/test-support/length"
import { missing } from "@scanpoll/test-support/tools"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Browser, Page } from "playwright-core"
import { ask, type Serving, serving, settled, subject, submitted, until } from "./support/serving.ts"

const hostile = "\u001b[2J<img src=x onerror=alert(1)> \u202e##[error]x"

// A claim of each kind that a page tells of, and a run that waits for one of them.
const filled = (journal: Operations) =>
  Effect.gen(function* () {
    const done = yield* settled(journal, "done")
    const open = yield* submitted(journal, "open")
    const doubt = yield* submitted(journal, "lost-1", { ...subject, id: "https://lost.test/", name: hostile })
    const lost = yield* journal.claim(
      { vendor: "acme", origin: "https://acme.test", account: "default", environment: "", fingerprint: "lost" },
      { subject: { kind: "url", id: "https://lost.test/", name: "https://lost.test/" }, reuseFrom: 0 }
    )
    const lostId = lost._tag === "Fresh" ? lost.claimId : ""
    yield* journal.inDoubt(lostId, { code: "lost", message: "no answer in 15 s", advice: null, requestId: null })
    const note = {
      kind: "poll",
      because: "hint",
      until: Date.now() + 60_000,
      code: null,
      percent: 20,
      message: null
    } as const
    journal.polled(open, { ...note, at: Date.now(), seen: "running" })
    yield* journal.runs.begin({
      runId: "run_1",
      command: "run",
      plan: "scans.yaml",
      planDigest: null,
      options: null,
      startedAt: Date.now(),
      rows: [
        {
          vendor: "acme",
          account: "default",
          key: null,
          subject,
          kind: null,
          request: null,
          forced: false,
          claimId: open
        }
      ]
    })
    return { done, open, doubt, lost: lostId }
  })

const report = ScanReport.fromRecords([], { version: "0", id: "run_1", startedAt: 0, finishedAt: 1, plan: null })
const sources = {
  ...Handlers.none,
  journal: "scans.db",
  tail: " --journal scans.db",
  reportOfRun: () => Effect.succeed(report)
}

const pathsOf = ({ done, lost, open }: Effect.Success<ReturnType<typeof filled>>): ReadonlyArray<string> => [
  "/",
  "/doubt",
  "/scans",
  `/scans/${open}`,
  `/scans/${done}`,
  `/scans/${lost}`,
  "/runs",
  "/runs/run_1",
  "/targets",
  "/target?subject=url:https://a.test/",
  "/accounts",
  "/cluster"
]

const promise = (says: string, body: (server: Serving) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(says, () => Effect.scoped(Effect.flatMap(serving({ sources }), body)))

describe("the pages of a journal", () => {
  promise("each is one whole document, tells its facts without a script, and lets no text of others act", (server) =>
    Effect.gen(function* () {
      const ids = yield* filled(server.journal)
      for (const path of pathsOf(ids)) {
        const { headers, status, text } = yield* ask(server, path)
        assert.strictEqual(status, 200, `${path}: ${text.slice(0, 400)}`)
        assert.strictEqual(headers["content-type"], "text/html; charset=utf-8", path)
        assert.match(text, /^<!DOCTYPE html>[^]*<h1>[^<]+<\/h1>[^]*<\/html>\n$/, path)
        // oxlint-disable-next-line no-control-regex -- they are what must not pass.
        assert.notMatch(text, /<img|\u001b|\u202e|##\[|of the request|the payload|undefined|\[object/, path)
        assert.notMatch(text.replaceAll("&lt;img src=x onerror=alert(1)>", ""), /\s(?:on[a-z]+|style)=/, path)
      }
      const now = (yield* ask(server, "/")).text
      assert.include(now, "Needs you")
      assert.include(now, `/doubt#doubt-${ids.lost}`)
      const scan = (yield* ask(server, `/scans/${ids.open}`)).text
      assert.include(scan, "Why it is still waiting")
      assert.include(scan, "the vendor asked to wait this long")
      const doubt = (yield* ask(server, "/doubt")).text
      assert.include(doubt, `scanpoll reconcile ${ids.lost} --release --journal scans.db`)
    })
  )

  promise("filters stand in the address, and one that is not known is refused", (server) =>
    Effect.gen(function* () {
      const { lost, open } = yield* filled(server.journal)
      const { text } = yield* ask(server, "/scans?state=in-doubt&vendor=&account=&subject=")
      assert.include(text, lost)
      assert.notInclude(text, open)
      assert.strictEqual((yield* ask(server, "/targets?trend=unknown&q=a&vendor=acme")).status, 200)
      for (const path of [
        "/scans?stat=x",
        "/scans?state=x",
        "/scans?cursor=x",
        "/targets?trend=x",
        "/target?subject=x"
      ]) {
        assert.strictEqual((yield* ask(server, path)).status, 400, path)
      }
      for (const path of ["/scans/clm_none", "/runs/none", "/target?subject=url:none", "/nothing"]) {
        assert.strictEqual((yield* ask(server, path)).status, 404, path)
      }
    })
  )

  promise(
    "the page of a target says what its trend rests on: score, severity or findings, of complete answers",
    (server) =>
      Effect.gen(function* () {
        const score = (value: number, direction: "higher-is-better" | "lower-is-better" = "higher-is-better") =>
          ({ value, min: 0, max: 100, direction, grade: null, basis: "vendor" }) as const
        const rated = (severity: "low" | "high", its: ReturnType<typeof score> | null = null) => ({
          assessment: { severity, vendorSeverity: null, compliance: null, score: its }
        })
        const found = (total: number) => ({ findings: { coverage: "full", total, items: [] } }) as const
        const answers = [
          [rated("low"), "There is no earlier complete answer to compare with."],
          [found(2), "It got worse: severity low as before, 2 findings, were 0."],
          [found(2), "As before: severity low as before."],
          [rated("high", score(80)), "It got worse: severity high, was low."],
          [rated("low", score(20, "lower-is-better")), "It got better: severity low, was high."],
          [rated("high", score(10, "lower-is-better")), "It got better: score 10, was 20."],
          [rated("high", score(10, "lower-is-better")), "As before: score 10, was 10."]
        ] as const
        for (const [at, [said, words]] of answers.entries()) {
          yield* settled(server.journal, `trend-${at}`, said)
          yield* Effect.sleep("2 millis")
          assert.include((yield* ask(server, `/target?subject=url:${encodeURIComponent(subject.id)}`)).text, words)
        }
      })
  )

  promise("the page of a run has the same sections as its saved report", (server) =>
    Effect.gen(function* () {
      yield* filled(server.journal)
      const html = Format.byName("html")
      const saved = html === undefined ? "" : yield* Format.renderText(html, report)
      const [, main = ""] = /<main class="page-in">\n([^]*)<\/main>/.exec(saved) ?? []
      assert.isAbove(main.length, 200)
      assert.strictEqual(HtmlParts.sections(report), main)
      assert.include((yield* ask(server, "/runs/run_1")).text, main)
    })
  )

  promise("what they load is below 100 KB, and nothing of it comes from elsewhere", (server) =>
    Effect.gen(function* () {
      let bytes = 0
      for (const path of ["/assets/style.css", "/assets/live.js", "/assets/report.js"]) {
        const { status, text } = yield* ask(server, path)
        assert.strictEqual(status, 200, path)
        assert.notMatch(text, /https?:|@import|url\(/, path)
        bytes += Buffer.byteLength(text)
      }
      assert.isBelow(bytes, 100_000)
    })
  )

  promise("a browser without a session is told where the link is, and nothing else", (server) =>
    Effect.gen(function* () {
      yield* filled(server.journal)
      const { headers, status, text } = yield* ask(server, "/", { token: null, headers: { accept: "text/html" } })
      assert.strictEqual(status, 401)
      assert.strictEqual(headers["content-type"], "text/html; charset=utf-8")
      assert.include(text, "scanpoll serve")
      assert.notInclude(text, "scans.db")
    })
  )
})

if (executable === null) missing("chromium")

describe.skipIf(executable === null)("the pages in a browser", () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
  })

  afterAll(() => browser.close())

  const open = (server: Serving, options: { readonly javaScriptEnabled?: boolean; readonly width?: number } = {}) =>
    Effect.gen(function* () {
      const link = yield* server.server.link
      const noise: Array<string> = []
      const context = yield* Effect.acquireRelease(
        Effect.promise(() =>
          browser.newContext({
            viewport: { width: options.width ?? 1280, height: 900 },
            javaScriptEnabled: options.javaScriptEnabled ?? true
          })
        ),
        (made) => Effect.promise(() => made.close())
      )
      const page = yield* Effect.promise(() => context.newPage())
      page.on("console", (message) => noise.push(`console ${message.text()}`))
      page.on("pageerror", (error) => noise.push(`error ${error.message}`))
      page.on("request", (request) => {
        if (new URL(request.url()).host !== `127.0.0.1:${server.port}`) noise.push(`asked ${request.url()}`)
      })
      yield* Effect.promise(() => page.goto(link))
      const visit = (path: string) => Effect.promise(() => page.goto(`http://127.0.0.1:${server.port}${path}`))
      return { page, noise, visit }
    })

  const violations = (page: Page) =>
    Effect.promise(async () => {
      await page.evaluate(axe)
      return page.evaluate<ReadonlyArray<string>>(
        `axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")))`
      )
    })

  promise("no page has a violation of accessibility, an error, or anything wider than a phone", (server) =>
    Effect.gen(function* () {
      const paths = pathsOf(yield* filled(server.journal)).filter(
        (path, at) => isFull || at % 3 === 0 || path === "/doubt"
      )
      const { noise, page, visit } = yield* open(server, { width: 390 })
      for (const [at, path] of paths.entries()) {
        yield* Effect.promise(() => page.emulateMedia({ colorScheme: at % 2 === 0 ? "dark" : "light" }))
        yield* visit(path)
        assert.deepStrictEqual(yield* violations(page), [], path)
        assert.isAtMost(
          yield* Effect.promise(() => page.evaluate(() => document.documentElement.scrollWidth)),
          390,
          path
        )
      }
      assert.deepStrictEqual(noise, [])
    })
  )

  promise(
    "a change appears by itself, and neither focus nor the element under it is lost; Pause stops that (U-15)",
    (server) =>
      Effect.gen(function* () {
        const { open: claimId } = yield* filled(server.journal)
        const { noise, page } = yield* open(server)
        yield* Effect.promise(() => page.getByText("live", { exact: true }).waitFor())
        const link = page.locator(`#row-${claimId} a`)
        yield* Effect.promise(() => link.focus())
        yield* Effect.promise(() => link.evaluate((one) => one.setAttribute("class", "name marked")))
        const shown = yield* Effect.promise(() => page.evaluateHandle(() => document.activeElement))
        const added = yield* submitted(server.journal, "added")
        yield* Effect.promise(() => page.locator(`#row-${added}`).waitFor())
        assert.isTrue(yield* Effect.promise(() => page.evaluate((one) => document.activeElement === one, shown)))
        yield* Effect.promise(() => page.getByRole("button", { name: "Pause" }).click())
        yield* Effect.promise(() => page.getByText("paused", { exact: true }).waitFor())
        yield* until(() => server.server.listeners() === 0)
        assert.deepStrictEqual(noise, [])
      })
  )

  promise("without its script it tells the same facts, and says that it is not live (U-15)", (server) =>
    Effect.gen(function* () {
      const { lost, open: claimId } = yield* filled(server.journal)
      const { page } = yield* open(server, { javaScriptEnabled: false })
      const text = yield* Effect.promise(() => page.locator("body").innerText())
      assert.include(text, "not live: reload for newer facts")
      assert.isTrue(yield* Effect.promise(() => page.locator(`#row-${claimId}`).isVisible()))
      assert.isTrue(yield* Effect.promise(() => page.locator(`#need-${lost}`).isVisible()))
      assert.isFalse(yield* Effect.promise(() => page.getByRole("button", { name: "Pause" }).isVisible()))
    })
  )
})
