import { assert, describe, it } from "@effect/vitest"
import * as Scrubber from "@scanpoll/core/http/Scrubber"
import * as Schema from "effect/Schema"

const key = `sk-live/0123+45=67&"<'\\>89~(a)`

const knowing = (...credentials: ReadonlyArray<string>): Scrubber.Scrubber => {
  const scrubber = Scrubber.make()
  credentials.forEach(scrubber.learn)
  return scrubber
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64")
const base64url = (text: string): string => Buffer.from(text, "utf8").toString("base64url")

describe("text", () => {
  it.each([
    ["as it is", key],
    ["in JSON", JSON.stringify(key)],
    ["in JSON with escaped slashes", JSON.stringify(key).replaceAll("/", "\\/")],
    [
      "in JSON made safe for HTML",
      JSON.stringify(key).replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
    ],
    ["percent-encoded", encodeURIComponent(key)],
    ["percent-encoded in lower case", encodeURIComponent(key).replace(/%../g, (code) => code.toLowerCase())],
    ["percent-encoded throughout", Array.from(key, (char) => `%${char.charCodeAt(0).toString(16)}`).join("")],
    ["in a form", new URLSearchParams({ key }).toString().slice(4)],
    [
      "in HTML",
      key
        .replace(/&/g, "&amp;")
        .replace(/</g, "&lt;")
        .replace(/>/g, "&gt;")
        .replace(/"/g, "&quot;")
        .replace(/'/g, "&#39;")
    ],
    ["in base64", base64(key)],
    ["in base64url", base64url(key)]
  ])("replaces a credential %s", (_how, form) => {
    const scrubbed = knowing(key).text(`before ${form} after`)
    assert.include(scrubbed, Scrubber.mark)
    assert.isTrue(scrubbed.startsWith("before ") && scrubbed.endsWith(" after"))
    assert.notInclude(scrubbed, form)
    assert.notInclude(scrubbed, "0123")
  })

  it.each(["", "a", "ab", "abc", "Bearer ", "user:"])(
    "finds it in the base64 of a longer text that begins with %j",
    (before) => {
      for (const encode of [base64, base64url]) {
        const scrubbed = knowing(key).text(encode(`${before}${key} and more`))
        assert.include(scrubbed, Scrubber.mark)
        const rest = Buffer.from(scrubbed.replace(Scrubber.mark, ""), "base64").toString("latin1")
        assert.notInclude(rest, "0123")
      }
    }
  )

  it("replaces every credential it has seen, longest first", () => {
    const scrubber = knowing("sk-old-1", "sk-old-1-and-longer", "sk-new-2")
    assert.strictEqual(
      scrubber.text("sk-old-1, sk-old-1-and-longer, sk-new-2"),
      [Scrubber.mark, Scrubber.mark, Scrubber.mark].join(", ")
    )
  })

  it("remembers the last 64, counted from their last use", () => {
    const scrubber = knowing("credential-first", "credential-again")
    for (let i = 0; i < 63; i++) {
      scrubber.learn(`credential-${i}`)
      scrubber.learn("credential-again")
    }
    assert.strictEqual(scrubber.text("credential-first"), "credential-first")
    assert.strictEqual(scrubber.text("credential-again"), Scrubber.mark)
    assert.strictEqual(scrubber.text("credential-62"), Scrubber.mark)
  })

  it("replaces a short credential only where it stands alone", () => {
    const scrubber = knowing("low")
    assert.strictEqual(scrubber.text("key low: the flow is slower"), `key ${Scrubber.mark}: the flow is slower`)
    assert.strictEqual(scrubber.data("low"), "low")
    assert.isFalse(scrubber.finds("low"))
  })

  it("changes nothing before it has seen a credential", () => {
    assert.strictEqual(knowing().text("sk-live"), "sk-live")
    assert.isFalse(knowing().finds("sk-live"))
  })

  it("does the same to one text however often it is asked", () => {
    const scrubber = knowing(key)
    for (let i = 0; i < 3; i++) {
      assert.isTrue(scrubber.finds(`x ${key}`))
      assert.strictEqual(scrubber.text(key), Scrubber.mark)
    }
  })

  const credentials = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{6,40}$/))
  it.prop(
    "leaves no credential of six characters or more in any text around it",
    [credentials, Schema.String, Schema.String],
    ([credential, before, after]) => {
      const scrubber = knowing(credential)
      for (const form of [credential, JSON.stringify(credential).slice(1, -1), encodeURIComponent(credential)]) {
        const scrubbed = scrubber.data(before + form + after)
        // What is put in its place may together with its surroundings spell out a mark-like credential.
        if (!Scrubber.mark.includes(credential.slice(0, 3))) assert.notInclude(scrubbed, form)
      }
    }
  )
})
