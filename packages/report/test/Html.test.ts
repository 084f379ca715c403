import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Payload from "@scanpoll/report/Payload"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { FileSystemConfigLoader, HtmlValidate } from "html-validate"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { executable, launch } from "@scanpoll/test-support/browser"
import { isFull } from "@scanpoll/test-support/length"
import { missing } from "@scanpoll/test-support/tools"
import { assessment, completed, finding, inState, info, partial, score, start } from "./fixtures.ts"
import { render } from "./formats.ts"
import { make, makeHostile, many } from "./sample.ts"

const day = 24 * 3_600_000

const withTrend = () =>
  make({
    row: (record) => ({
      declaredAt: { line: 1 + record.index, column: 1 },
      trend: Array.from({ length: record.index % 4 }, (_, at) => ({
        at: new Date(start - (5 - at) * day).toISOString(),
        scanId: HostileText.of(`old_${record.index}_${at}`),
        severity: "medium" as const,
        score: 60 + at * 5,
        findings: 3
      }))
    })
  })

const everyState = () =>
  ScanReport.fromRecords(
    ScanRecord.states.map((state, at) => inState(at, state)),
    info({ policy: { ...Gate.none, failOn: "critical" } })
  )

const thousand = () => ScanReport.fromRecords(many(100, 10), info({ policy: { ...Gate.none, failOn: "high" } }))

const reports = {
  "a usual run": withTrend,
  "hostile texts": makeHostile,
  "every state": everyState,
  "a clean run": () => ScanReport.fromRecords([completed(0)], info({ policy: { ...Gate.none, failOn: "high" } })),
  "no scans": () => ScanReport.fromRecords([], info()),
  "1 000 findings": thousand
} as const

const names = ["a usual run", "hostile texts", "every state", "a clean run", "no scans", "1 000 findings"] as const

describe("the text of the page", () => {
  it.each(names.filter((name) => name !== "1 000 findings"))("of %s is valid HTML", async (name) => {
    const validator = new HtmlValidate(
      new FileSystemConfigLoader({
        root: true,
        extends: ["html-validate:recommended"],
        rules: {
          // A hash of the content policy covers them; there is no server that could give a nonce.
          "require-csp-nonce": "off",
          "no-inline-style": "error",
          // The renderer writes void elements and attributes its own way.
          "void-style": "off",
          "attribute-boolean-style": "off",
          "attribute-empty-style": "off",
          "no-trailing-whitespace": "off",
          "long-title": "off"
        }
      })
    )
    const report = await validator.validateString(await render("html", reports[name]()))
    const found = report.results.flatMap((result) =>
      result.messages.map((one) => `${one.ruleId} ${one.line}: ${one.message}`)
    )
    assert.deepStrictEqual(found.slice(0, 10), [])
  })

  it("has no listener, no inline style, no address that loads and nothing of the payload", async () => {
    const text = await render("html", makeHostile())
    const markup = text.replace(/<script[^>]*>[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, "")
    const tags = markup.match(/<[a-z][^>]*>/gi) ?? []
    for (const tag of tags) {
      assert.notMatch(
        tag.replace(/"[^"]*"/g, '""'),
        /\s(?:on[a-z]+|style|src|srcset|srcdoc|action|formaction|background|poster|ping)\s*=/i
      )
    }
    const elements = new Set(tags.map((tag) => /^<([a-z0-9]+)/i.exec(tag)?.[1]?.toLowerCase()))
    for (const name of [
      "img",
      "iframe",
      "object",
      "embed",
      "link",
      "base",
      "form",
      "video",
      "audio",
      "foreignobject"
    ]) {
      assert.isFalse(elements.has(name), name)
    }
  })

  it("gives the same bytes for the same report", async () => {
    assert.strictEqual(await render("html", withTrend()), await render("html", withTrend()))
  })

  it("stays under 2 MB at 1 000 findings", async () => {
    assert.isBelow(Buffer.byteLength(await render("html", thousand())), 2 * 1024 * 1024)
  })

  it("can be read back as the report it shows, without payloads", async () => {
    const report = make({ row: () => ({ payload: { canary: "PAYLOAD" } }) })
    const text = await render("html", report)
    assert.notInclude(text, "PAYLOAD")
    const read = await Effect.runPromise(ScanReport.parse(text))
    assert.strictEqual(JSON.stringify(read), JSON.stringify(Payload.strip(report)))
    const hostile = makeHostile()
    assert.strictEqual(
      JSON.stringify(await Effect.runPromise(ScanReport.parse(await render("html", hostile)))),
      JSON.stringify(hostile)
    )
  })

  it("shows a part of a huge report and says how much is left out", async () => {
    const report = ScanReport.fromRecords(many(2_500, 3), info())
    const text = await render("html", report)
    assert.isBelow(Buffer.byteLength(text), 16 * 1024 * 1024)
    assert.include(text, "500 more scans in the canonical report")
    assert.include(text, "1 500 more scans in the canonical report")
    const error = await Effect.runPromise(Effect.flip(ScanReport.parse(text)))
    assert.include(error.message, "carries no report")
  })
})

// Two hundred scans: 60 fail for one reason, 30 are critical, one is partial, and the others are quiet.
const crowd = (): ScanReport.ScanReport => {
  const csp = finding({ findingId: "csp", ruleId: "headers/csp", severity: "critical", title: "CSP is missing" })
  const rows = Array.from({ length: 200 }, (_, at) => {
    const name = `https://quiet-${at}.example/`
    if (at < 60) return inState(at, "unreachable")
    if (at < 90) {
      return completed(at, {
        name,
        assessment: assessment("high"),
        findings: { coverage: "full", total: 2, items: [csp, finding({ findingId: "caa", severity: "low" })] }
      })
    }
    if (at > 90) return completed(at, { name })
    return partial(at, {
      assessment: assessment("high", { score: score(61) }),
      findings: { coverage: "partial", total: 1, items: [{ ...csp, severity: "high" }] }
    })
  })
  return ScanReport.fromRecords(rows, info({ policy: { ...Gate.none, failOn: "high" } }))
}

if (executable === null) missing("chromium")

describe.skipIf(executable === null)("the page in a browser, off the network", () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"))
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    for (const name of names) writeFileSync(join(folder, `${name}.html`), await render("html", reports[name]()))
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const visit = async <A>(
    name: string,
    options: BrowserContextOptions,
    use: (page: Page, noise: ReadonlyArray<string>) => Promise<A>
  ): Promise<A> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const noise: Array<string> = []
    try {
      const page = await context.newPage()
      const address = pathToFileURL(join(folder, `${name}.html`)).href
      await context.route("**", (route) => {
        if (route.request().url() === address) return route.continue()
        noise.push(`asked for ${route.request().url()}`)
        return route.abort()
      })
      page.on("dialog", (dialog) => {
        noise.push(`dialog ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on("console", (message) => noise.push(`console ${message.text()}`))
      page.on("pageerror", (error) => noise.push(`error ${error.message}`))
      page.on("popup", () => noise.push("popup"))
      await page.goto(address)
      return await use(page, noise)
    } finally {
      await context.close()
    }
  }

  it.each(names)(
    "%s: asks for nothing, runs nothing of a vendor, breaks no rule of its policy (RP-04)",
    async (name) => {
      await visit(name, {}, async (page, noise) => {
        await page.waitForTimeout(50)
        const scripts = await page.locator("script").count()
        assert.isAtMost(scripts, 2)
        assert.strictEqual(await page.locator("img, iframe, object, embed, form, base, link").count(), 0)
        const links = await page
          .locator("a[href]")
          .evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""))
        for (const link of links) assert.match(link, /^(#[\w-]+|https:\/\/)/)
        assert.deepStrictEqual(noise, [])
      })
    }
  )

  const looks = [
    ["a usual run", "light", 1280],
    ["every state", "dark", 360],
    ["hostile texts", "light", 360],
    ["a clean run", "light", 1280],
    ["no scans", "dark", 1280]
  ] as const
  // The nightly run looks at the rest: other widths and colours of these, and a page that takes half a minute.
  const rest = [
    ["a usual run", "dark", 1280],
    ["a usual run", "light", 360],
    ["every state", "light", 1280],
    ["hostile texts", "light", 1280],
    ["1 000 findings", "light", 1280]
  ] as const
  it.each(isFull ? [...looks, ...rest] : looks)(
    "%s, %s, %i wide: no violation of accessibility and nothing wider than the page",
    async (name, colorScheme, width) => {
      await visit(name, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
        await page.evaluate(() => {
          for (const one of document.querySelectorAll("details"))
            if (document.querySelectorAll("details").length < 60) one.open = true
        })
        assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth), width)
        await page.evaluate(axe)
        const violations = await page.evaluate<ReadonlyArray<string>>(
          `axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")))`
        )
        assert.deepStrictEqual(violations, [])
      })
    }
  )

  it("reads without JavaScript: every scan, every finding, no dead controls", async () => {
    await visit("a usual run", { javaScriptEnabled: false }, async (page) => {
      const report = withTrend()
      assert.strictEqual(await page.locator("#list tbody tr:visible").count(), report.summary.total)
      assert.isFalse(await page.locator("#tools").isVisible())
      const scan = page.locator("details.scan").filter({ hasText: "shop.example.com" }).first()
      await scan.locator("summary").click()
      assert.isTrue(await scan.getByText("Content-Security-Policy is missing", { exact: true }).isVisible())
    })
  })

  it("filters and sorts with JavaScript", async () => {
    await visit("a usual run", {}, async (page) => {
      const rows = page.locator("#list tbody tr:visible")
      await page.locator("#sev").selectOption("high")
      assert.strictEqual(await rows.count(), 2)
      assert.strictEqual(await page.locator(".scan:visible").count(), 2)
      assert.strictEqual(await page.locator("#shown").textContent(), "2 of 10 scans")
      await page.locator("#sev").selectOption("")
      await page.locator("#sta").selectOption("open")
      assert.strictEqual(await rows.count(), 4)
      await page.locator("#sta").selectOption("")
      await page.locator("#ven").selectOption("compliance")
      assert.strictEqual(await rows.count(), 2)
      await page.locator("#ven").selectOption("")
      await page.locator("#q").fill("  ACME ")
      await page.waitForFunction(() => document.querySelector("#shown")?.textContent === "1 of 10 scans")
      await page.locator("#q").fill("")
      await page.waitForFunction(() => document.querySelector("#shown")?.textContent === "10 of 10 scans")
      const scores = () =>
        page
          .locator("#list tbody tr td:nth-child(4)")
          .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("data-v")))
      await page.locator("#list thead button", { hasText: "Score" }).click()
      assert.deepStrictEqual((await scores()).slice(0, 3), ["72", "77.5", "84"])
      await page.locator("#list thead button", { hasText: "Score" }).click()
      assert.deepStrictEqual((await scores()).slice(0, 3), ["100", "97", "84"])
    })
  })

  it("puts equal reasons together, keeps room for the worst, and shows what a partial scan found (U-11)", async () => {
    const page = await render("html", crowd())
    const [, todo = ""] = page.split('<h2 id="todo">')
    const [worst = "", open = ""] = (todo.split("</section>")[0] ?? "").split("Incomplete: ")
    assert.strictEqual(worst.match(/class="badge critical"/g)?.length, 8)
    assert.include(worst, "22 more in the list below")
    assert.match(open, /<b>60 scans of appvet<\/b>/)
    assert.include(open, "and 55 more")
    assert.match(open, /badge high[^]*badge warn[^]*partial[^]*score 61 of 100[^]*CSP is missing/)
    assert.match(page, /<dd class="note">30 critical, /)
    assert.match(page, /<summary><h2>Findings by rule<\/h2>/)
  })

  it("says how many findings are counted and not listed, names a sixth scan, and draws no median of one scan (U-11)", async () => {
    const counted = finding({ findingId: "all", severity: "low" })
    const findings = { coverage: "counts-only", total: 23, items: [counted] } as const
    const rows = Array.from({ length: 6 }, (_, at) =>
      completed(at, { name: `https://site-${at}.example/`, assessment: assessment("high"), findings })
    )
    const page = await render(
      "html",
      ScanReport.fromRecords(
        [...rows, completed(6, { vendor: "urlscan" })],
        info({ policy: { ...Gate.none, failOn: "high" } })
      )
    )
    assert.match(page, />138<\/dd><dd class="note">6 low; 132 not listed one by one[;<]/)
    assert.match(page, /site-5\.example\/<\/bdi><\/a><\/span>\. <a [^>]*>Show them in the list/)
    assert.notInclude(page, "and 1 more")
    assert.strictEqual(page.match(/median [^<]* a scan/g)?.length, 1)
  })

  it("gives each scan that lacks something a badge, its reason once, and counts them all (U-11)", async () => {
    const lost = { status: "unavailable", reason: "the vendor's findings could not be fetched (500)" } as const
    const there = { status: "there", reason: null } as const
    const delta = { status: "not-offered", reason: null } as const
    const none = { coverage: "unavailable", total: null, items: [] } as const
    const other = { status: "unavailable", reason: "the answer is about another page" } as const
    const rows = [
      completed(0, { findings: none, evidence: { assessment: there, findings: lost, delta } }),
      completed(1, { findings: none, evidence: { assessment: other, findings: other, delta } })
    ]
    const report = ScanReport.fromRecords(rows, info())
    const [, todo = ""] = (await render("html", report)).split('<h2 id="todo">')
    const list = todo.split("</section>")[0] ?? ""
    assert.include(list, "Incomplete: 2 scans")
    assert.strictEqual(list.match(/class="badges"><span class="badge /g)?.length, 2)
    assert.strictEqual(list.match(/findings could not be fetched/g)?.length, 1)
  })

  it("leads from a line of the gate to the scans that break it, with the filter in the address (U-11)", async () => {
    writeFileSync(join(folder, "a crowd.html"), await render("html", crowd()))
    await visit("a crowd", {}, async (page) => {
      const shown = page.locator("#shown")
      assert.strictEqual(await page.locator(".rules a[href^='#scan-']").count(), 5)
      await page.getByText("Show them in the list").first().click()
      assert.strictEqual(await shown.textContent(), "31 of 200 scans")
      assert.match(page.url(), /#show\?rul=0$/)
      await page.locator("#q").fill("csp is MISSING")
      await page.waitForFunction(() => location.hash.includes("q="))
      assert.strictEqual(await shown.textContent(), "31 of 200 scans")
      assert.match(page.url(), /#show\?rul=0&q=csp\+is\+MISSING$/)
      // The same address shows the same scans.
      await page.reload()
      assert.strictEqual(await shown.textContent(), "31 of 200 scans")
      await page.locator("#q").fill("nothing of the kind")
      await page.waitForFunction(() => document.querySelector("#shown")?.textContent === "0 of 200 scans")
      assert.strictEqual(await page.locator(".scan:visible").count(), 0)
      await page.locator("#clear").click()
      assert.strictEqual(await shown.textContent(), "200 of 200 scans")
      assert.match(page.url(), /#all$/)
    })
  })

  it("folds the scans that nobody has to look at, and opens them for a link or a filter (U-11)", async () => {
    writeFileSync(join(folder, "a crowd.html"), await render("html", crowd()))
    await visit("a crowd", {}, async (page) => {
      assert.strictEqual(await page.locator(".scan:visible").count(), 91)
      assert.isBelow(await page.evaluate(() => document.documentElement.scrollHeight), 12_000)
      await page.locator("#list a", { hasText: "quiet-150" }).click()
      // A browser tells the page of its new address a moment later.
      const facts = page.locator("#scan-151 .facts").first()
      await facts.waitFor({ state: "visible" })
      assert.isTrue(await facts.isVisible())
    })
  })

  it("opens the details a link leads to", async () => {
    await visit("a usual run", {}, async (page) => {
      await page.locator("#list a", { hasText: "Acme AI Ltd" }).click()
      await page.locator("#scan-1[open]").waitFor({ state: "visible" })
      assert.strictEqual(await page.locator("#scan-1[open]").count(), 1)
    })
  })

  it("prints every detail", async () => {
    await visit("a usual run", { viewport: { width: 718, height: 1000 } }, async (page) => {
      await page.emulateMedia({ media: "print" })
      assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth), 718)
      assert.isTrue(await page.getByText("Content-Security-Policy is missing", { exact: true }).last().isVisible())
      assert.isFalse(await page.locator("#tools").isVisible())
    })
  })
})
