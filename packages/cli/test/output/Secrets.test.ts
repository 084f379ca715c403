/** What else a process holds beside the keys of vendors, and what is hidden of it. */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { quote } from "scanpoll/config/InputFault"
import * as Secrets from "scanpoll/output/Secrets"
import { inertLines } from "scanpoll/output/Streams"
import * as Resolve from "scanpoll/prepare/Resolve"
import * as Plans from "scanpoll/config/Plan"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"

describe("a secret that is no key of a vendor", () => {
  it.each([
    ["the password of another program's database", "DATABASE_URL", "postgres://app:CANARY-a1-0123456789@db/x"],
    ["the password of a proxy", "all_proxy", "http://me:CANARY%2Fa2-0123456789@proxy:3128"],
    ["a header to the collector of telemetry", "OTEL_EXPORTER_OTLP_HEADERS", "x=1,api-key=CANARY-a3-0123456789"],
    ["a token in a header to it", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20CANARY-a4-0123456789"]
  ])("is found in every text of this process: %s (S-02)", (_, name, value) => {
    Secrets.learn({ [name]: value })
    const canary = /CANARY[^@]*/.exec(decodeURIComponent(value))?.[0] ?? ""
    assert.strictEqual(Scrubber.ofProcess.data(`before ${canary} after`), "before <redacted> after")
    assert.notInclude(Scrubber.ofProcess.data(Buffer.from(canary).toString("hex")), "43414e415259")
  })

  it("is the password of the journal's database, unless it is a word or a part of the address (S-02)", () => {
    const read = (text: string) => assert.isTrue(Result.isSuccess(JournalAddress.parse(text)))
    read("postgres://me:hush%2Fhush1@db.example/scans")
    assert.strictEqual(Scrubber.ofProcess.data("for hush/hush1"), "for <redacted>")
    for (const word of ["postgres", "secretsecret", "db1.example"]) {
      read(`postgres://postgres:${word}@db1.example/scans`)
      assert.strictEqual(Scrubber.ofProcess.data(`a ${word} of ours`), `a ${word} of ours`)
    }
  })

  it.effect("may stand in the address of the journal, which is no wrong place for it (S-05)", () =>
    Effect.gen(function* () {
      const address = "postgres://me:CANARY-b1-0123456789@db.example/scans"
      Secrets.learn({ DATABASE_URL: address, APPVET_API_KEY: "avk_live_CANARY-b2-0123456789" })
      const misplaced = (environment: Readonly<Record<string, string>>) =>
        Effect.map(Resolve.settings({ journal: [address] }, Plans.empty, environment), ({ given }) =>
          given.flatMap(({ text, where }) => (Secrets.misplaced(text) === null ? [] : [where]))
        )
      assert.deepStrictEqual(yield* misplaced({ SCANPOLL_JOURNAL: address }), [])
      const wrong = { SCANPOLL_OUTPUT: "json=avk_live_CANARY-b2-0123456789" }
      assert.deepStrictEqual(yield* misplaced(wrong), ["SCANPOLL_OUTPUT"])
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

describe("an address in a message", () => {
  it("has no name and password, also where it is cut, and is else what it was (SE-04)", () => {
    for (const text of [
      "https://me:hunter2@never.example",
      "appvet:https://me:hun/ter2@never.example/x",
      `https://me:${"hunter2".repeat(20)}@never.example`
    ]) {
      assert.notMatch(quote(text), /hun|ter2/)
      assert.match(quote(text), /:\/\/…@never\.example/)
    }
    for (const text of ["https://a.example/@me", "https://a.example:8080/x@y", "me@a.example"]) {
      assert.strictEqual(quote(text), `"${text}"`)
    }
  })
})

describe("the stack of an error", () => {
  it("moves no terminal and gives no command, whatever its message repeats, and keeps its lines (S-08)", () => {
    const stack = "Error: \u001b]0;x\u0007\u001b[2J\u202e\u0085::error::x\n##vso[task.complete]\n    at a.js:1:2\n"
    const lines = inertLines(stack)
    assert.notMatch(lines, /[\p{Cc}\u202e](?<!\n)|##vso|^::/mu)
    assert.match(lines, /\n {4}at a\.js:1:2$/)
  })
})
