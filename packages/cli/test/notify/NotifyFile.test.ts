/** The file of receivers: what it may say, and that no fault repeats what is secret in it. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import * as NotifyFile from "scanpoll/notify/NotifyFile"

const secret = `whsec_${randomBytes(32).toString("base64")}`
const parse = (receivers: unknown) => NotifyFile.parse(JSON.stringify({ receivers }), "notify.yaml")

describe("the file of receivers", () => {
  it("has webhooks with a secret and programs with their arguments, and each hears what it asks for", () => {
    const { faults, value } = NotifyFile.parse(
      `receivers:
  - name: ops
    url: https://hooks.example.com/x
    secret: ${secret}
    events: [scan.in-doubt, account.denied]
  - { name: mail, exec: [/usr/bin/mail, -s, "a scan", ops@example.com] }
  - { name: near, url: "http://127.0.0.1:9/", secret: ${secret}, allowPrivate: true }
`,
      "notify.yaml"
    )
    assert.deepStrictEqual(faults, [])
    assert.deepStrictEqual(
      value.map(({ events, name, way }) => [
        name,
        events.size,
        way._tag === "Webhook" ? Redacted.value(way.url) : [way.command, ...way.words]
      ]),
      [
        ["ops", 2, "https://hooks.example.com/x"],
        ["mail", 5, ["/usr/bin/mail", "-s", "a scan", "ops@example.com"]],
        ["near", 5, "http://127.0.0.1:9/"]
      ]
    )
  })

  it("is refused with every fault at its place, and none of them repeats an address or a secret", () => {
    const bad: ReadonlyArray<readonly [receiver: unknown, fault: RegExp]> = [
      [{ name: "x", url: "http://canary.example/", secret }, /http needs allowPrivate/],
      [{ name: "x", url: "https://u:canary@e.example/", secret }, /no name and no password/],
      [{ name: "x", url: "canary", secret }, /must be an address/],
      [{ name: "x", url: "https://e.example/canary", secret: "canary" }, /secret is needed/],
      [{ name: "x", url: "https://e.example/canary" }, /secret is needed/],
      [
        { name: "x", url: "https://e.example/canary", secret: `whsec_${Buffer.from("canary").toString("base64")}` },
        /24 to 64/
      ],
      [{ name: "x", url: "https://e.example/", secret, exec: ["/bin/canary"] }, /either url or exec/],
      [{ name: "x" }, /either url or exec/],
      [{ name: "x", exec: "canary | sh" }, /must be a list/],
      [{ name: "x", exec: ["canary"] }, /absolute path/],
      [{ name: "x", exec: ["/bin/canary", 5] }, /must be a list/],
      [{ name: "a canary", exec: ["/bin/x"] }, /name must be/],
      [{ name: "x", exec: ["/bin/x"], events: ["scan.end"] }, /did you mean "scan.ended"/],
      [{ name: "x", exec: ["/bin/x"], events: [] }, /must be a list/],
      [{ name: "x", exec: ["/bin/x"], event: ["scan.ended"] }, /did you mean "events"/],
      [{ name: "x", url: "https://e.example/", secret, allowPrivate: "yes" }, /true or false/],
      ["canary", /a receiver has a name/]
    ]
    for (const [receiver, fault] of bad) {
      const { faults } = parse([receiver])
      const text = faults.map(({ message, where }) => `${where} ${message}`).join("\n")
      assert.match(text, fault)
      assert.match(text, /^notify\.yaml:1:/)
      assert.notInclude(text, "canary")
      assert.notInclude(text, secret.slice(8, 20))
    }
    assert.isAbove(parse([]).faults.length, 0)
    assert.match(
      parse([
        { name: "x", exec: ["/a"] },
        { name: "x", exec: ["/a"] }
      ]).faults[0]?.message ?? "",
      /two receivers/
    )
    for (const text of ["", "[]", "receivers: canary: x", "other: []", "receivers: []\nmore: 1"]) {
      const { faults } = NotifyFile.parse(text, "f")
      assert.isAbove(faults.length, 0, text)
      assert.notInclude(JSON.stringify(faults), "canary")
    }
  })
})
