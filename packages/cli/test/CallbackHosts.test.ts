import { assert, describe, it } from "@effect/vitest"
import * as PlanBounds from "scanpoll/prepare/PlanBounds"

describe("the hosts that a vendor is asked to send results to", () => {
  it.each(["callbackUrl", "call_back", "webhook", "web_hook", "hooks", "notifyUrl", "notification", "postback"])(
    "are found under the name %s, also in lists and deeper (S-07)",
    (name) => {
      const input = { url: "https://a.example/", options: [{ [name]: ["https://Mallory.example:8443/x"] }] }
      assert.deepStrictEqual(PlanBounds.callbackHosts({ input }), ["mallory.example:8443"])
    }
  )

  it("are those of every reading where readers disagree (S-07)", () => {
    for (const [webhook, hosts] of [
      ["https://a.example\\@mallory.example/x", ["a.example", "mallory.example"]],
      ["https://a.example\\@Mallory.example", ["a.example", "mallory.example"]],
      ["https://a.example@mallory.example/x", ["mallory.example"]],
      ["https://a.example\\b/", ["a.example", "a.example\\b"]]
    ] as const)
      assert.deepStrictEqual(PlanBounds.callbackHosts({ input: { webhook } }), [...hosts])
  })
})
