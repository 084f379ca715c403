import { assert, describe, it } from "@effect/vitest"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Json from "../src/internal/formats/json.ts"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Schema from "effect/Schema"
import { completed, info } from "./fixtures.ts"
import { render } from "./formats.ts"
import * as Sample from "./sample.ts"

const often = { arbitrary: { runs: 2_000, size: 14 } }

// Fragments that mean something to some reader, in any order: what one of them cuts out may join two others.
const Fragments = Schema.Array(
  Schema.Literals([
    "\u001b",
    "[",
    "]",
    "]8;;",
    "2J",
    "m",
    "\u0007",
    "\u001b\\",
    "\u009b",
    "\u009c",
    "\u009d",
    "\r",
    "\n",
    "\t",
    " ",
    "\u2028",
    "\u0085",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u{e0041}",
    "\ud83d",
    "\ude00",
    "\u0000",
    ":",
    "::",
    "error",
    "##",
    "#",
    "[add-mask]",
    "=",
    "-",
    "@",
    "＝",
    "<",
    ">",
    "]]>",
    "]]",
    "&",
    "%0A",
    ",",
    "12",
    "a",
    "é",
    "汉",
    "😀"
  ])
).check(Schema.isMaxLength(14))

const isActive = (text: string): boolean =>
  Array.from(text, (char) => char.codePointAt(0) ?? 0).some(
    (code) =>
      (code < 32 && code !== 10) ||
      (code >= 127 && code <= 159) ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069) ||
      (code >= 0xe0000 && code <= 0xe007f) ||
      [0x200b, 0x200e, 0x200f, 0xfeff, 0x2028, 0x2029].includes(code)
  )

const isCommand = (text: string): boolean =>
  text.includes("##[") || text.split("\n").some((line) => line.trimStart().startsWith("::"))

describe("whatever a text is made of", () => {
  it.prop(
    "one line of it is one line, inert, well-formed and within its limit",
    [Fragments, Schema.Literals([3, 10, 200])],
    ([fragments, max]) => {
      const line = HostileText.toLine(HostileText.of(fragments.join("")), max)
      assert.isFalse(line.includes("\n"))
      assert.isFalse(isActive(line), JSON.stringify(line))
      assert.isFalse(isCommand(line), JSON.stringify(line))
      assert.isTrue(line.isWellFormed())
      // The marks that break a command up come on top.
      assert.isAtMost(line.replaceAll("\u2060", "").length, max)
    },
    often
  )

  it.prop(
    "a block of it is inert and well-formed",
    [Fragments],
    ([fragments]) => {
      const block = HostileText.toBlock(HostileText.of(fragments.join("")))
      assert.isFalse(isActive(block), JSON.stringify(block))
      assert.isFalse(isCommand(block), JSON.stringify(block))
      assert.isTrue(block.isWellFormed())
    },
    often
  )

  it.prop(
    "it is made harmless once: doing it again changes nothing",
    [Fragments],
    ([fragments]) => {
      const once = HostileText.toLine(HostileText.of(fragments.join("")))
      // A second pass takes the marks of the first away and sets them again.
      assert.strictEqual(HostileText.toLine(HostileText.of(once)), once)
    },
    often
  )

  it.prop(
    "a cell of it starts no formula, a node of it ends no section",
    [Fragments],
    ([fragments]) => {
      const text = HostileText.of(fragments.join(""))
      assert.notMatch(HostileText.toCell(text), /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/)
      assert.notInclude(HostileText.toXml(text), "]]>")
    },
    often
  )

  it.each(["a;=1+1", "a; @SUM(1)", 'a;"=1"', "a | -1+1", "a;\uff1d1"])(
    "a cell of it starts no formula where %j is read with another separator (S-08)",
    (text) => {
      const cells = HostileText.toCell(HostileText.of(text)).split(/[;|]/)
      for (const cell of cells) assert.notMatch(cell, /^[\s"]*[=+\-@\uff1d]/)
    }
  )

  it.each(["/close", "/assign @me", "see group/site!12", "&7 and #3"])(
    "a node of Markdown gives no command and links nothing: %j (S-08)",
    (text) => {
      assert.notMatch(HostileText.toMarkdown(HostileText.of(text)), /^\/[a-z]|[!&#]\d|@[a-z]/)
    }
  )

  it("a whole report in Markdown notifies nobody and links nothing, wherever it stands (S-08)", async () => {
    const report = ScanReport.fromRecords(Sample.saying("@octocat fixes #12 and !3", 0), info({}))
    // In a span of code nothing is linked.
    const prose = (await render("markdown", report)).replaceAll(/`[^`]*`/g, "")
    assert.include(prose, "octocat")
    assert.notMatch(prose, /@octocat|#12|!3/)
  })

  const whole = (format: string, text: string) =>
    render(format, ScanReport.fromRecords(Sample.saying(text, 0), info({})))

  it("a whole report in CSV starts no formula in any cell (S-08)", async () => {
    const csv = await whole("csv", "=cmd|' /C calc'!A0")
    assert.include(csv, "calc")
    assert.notMatch(csv, /(?:^|[,\n])"?=/)
  })

  it("a whole report in JUnit and in HTML has no element and no entity out of a text (S-08)", async () => {
    const text = "]]></failure><img src=x onerror=alert(1)>&evil;"
    // Inside of a section, and of the data of the page, a text is text.
    const junit = (await whole("junit", text)).replaceAll(/<!\[CDATA\[.*?\]\]>/gs, "")
    assert.include(junit, "onerror")
    assert.notMatch(junit, /<img|&evil;|\]\]>/)
    const html = await whole("html", text)
    assert.include(html, "onerror")
    assert.notMatch(html, /<img/)
  })

  it.each(["sarif", "ocsf"])("a whole report in %s says each text in harmless lines (S-08)", async (format) => {
    const values: Array<string> = []
    const json = await whole(format, "a\u001b[2J\u009b\u202eb ##[add-mask]x")
    JSON.parse(format === "sarif" ? json : `[${json.trim().split("\n").join(",")}]`, (_, value: unknown) => {
      if (typeof value === "string") values.push(value)
      return value
    })
    assert.isAbove(values.filter((value) => value.includes("add-mask")).length, 0)
    for (const value of values) assert.isFalse(isActive(value) || isCommand(value), JSON.stringify(value))
  })

  it("a whole report as annotations gives the commands of its own notes alone (S-08)", async () => {
    const lines = (await whole("github", "a\n::error::forged")).trim().split("\n")
    assert.include(lines.join(""), "forged")
    for (const line of lines) assert.match(line, /^::(?:error|warning|notice) (?:file=[^:]*,)?title=[^:]*::/)
  })

  it.prop(
    "a property of a command ends where it ends",
    [Fragments],
    ([fragments]) => {
      const text = HostileText.of(fragments.join(""))
      assert.notMatch(HostileText.toCommandProperty(text), /[:,\r\n]/)
      assert.notMatch(HostileText.toCommandData(text), /[\r\n]/)
    },
    often
  )

  it.prop(
    "plain words stay what they are",
    [Schema.String.check(Schema.isPattern(/^[A-Za-z0-9.,;!?()/_'"-]{0,40}$/))],
    ([text]) => {
      assert.strictEqual(HostileText.toLine(HostileText.of(text)), text)
    },
    often
  )

  it.prop(
    "the JSON keeps every value as it is, and shows none of it to a terminal or a runner",
    [Fragments],
    ([fragments]) => {
      const name = fragments.join("")
      const json = [...Json.render(ScanReport.fromRecords([completed(0, { name })], info()))].join("")
      const read: { readonly scans: ReadonlyArray<{ readonly subject: { readonly name: string } }> } = JSON.parse(json)
      assert.strictEqual(read.scans[0]?.subject.name, name)
      assert.isFalse(isActive(json))
      assert.isFalse(isCommand(json))
    },
    often
  )
})
