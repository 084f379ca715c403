import { assert, describe, it } from "@effect/vitest"
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import { TransportFault } from "@scanpoll/core/http/VendorHttp"

describe("pollFault", () => {
  it.each([
    [0, "Broken", true],
    [201, "Broken", false],
    [204, "Broken", false],
    [301, "Broken", true],
    [302, "Broken", true],
    [304, "Broken", true],
    [308, "Broken", true],
    [400, "Broken", true],
    [401, "Denied", false],
    [402, "Broken", true],
    [403, "Denied", false],
    [404, "Missing", false],
    [405, "Broken", true],
    [408, "Transient", false],
    [410, "Broken", true],
    [418, "Broken", true],
    [422, "Broken", true],
    [425, "Transient", false],
    [429, "Throttled", false],
    [451, "Broken", true],
    [500, "Transient", false],
    [501, "Broken", true],
    [502, "Transient", false],
    [503, "Transient", false],
    [504, "Transient", false],
    [505, "Broken", true],
    [599, "Transient", false]
  ] as const)("takes %i for %s, permanent: %s", (status, kind, permanent) => {
    assert.deepStrictEqual(StatusClass.pollFault(status), { kind, permanent })
  })
})

describe("submitFault", () => {
  it.each([
    [400, true, "Refused"],
    [402, true, "Refused"],
    [404, true, "Refused"],
    [422, true, "Refused"],
    [400, false, "InDoubt"],
    [422, false, "InDoubt"],
    [401, false, "Denied"],
    [403, true, "Denied"],
    [408, true, "InDoubt"],
    [429, false, "Throttled"],
    [0, false, "InDoubt"],
    [200, true, "InDoubt"],
    [302, false, "InDoubt"],
    [500, true, "InDoubt"],
    [503, false, "InDoubt"]
  ] as const)("takes %i, in the vendor's shape: %s, for %s", (status, vendorShaped, kind) => {
    assert.strictEqual(StatusClass.submitFault(status, vendorShaped), kind)
  })
})

describe("without an answer", () => {
  const lost = (sent: boolean, code: string, permanent = false) =>
    new TransportFault({ sent, code, permanent, message: "the key k3y was not heard" })
  const scrub = (text: string) => text.replaceAll("k3y", "<redacted>")

  it("calls a poll passing, or denied where there was no credential, and shows no key", () => {
    const fault = StatusClass.pollTransport(lost(true, "econnreset"), scrub)
    assert.deepStrictEqual(
      [fault.kind, fault.code, fault.message],
      ["Transient", "econnreset", "the key <redacted> was not heard"]
    )
    assert.isTrue(StatusClass.pollTransport(lost(false, "cert_has_expired", true), scrub).permanent)
    assert.strictEqual(StatusClass.pollTransport(lost(false, "no-credential"), scrub).kind, "Denied")
  })

  it("calls a submission in doubt as soon as a byte of it may have left, with the advice for it", () => {
    const doubt = StatusClass.submitTransport(lost(true, "timeout"), scrub, "look in the list")
    assert.deepStrictEqual([doubt.kind, doubt.advice], ["InDoubt", "look in the list"])
    const unsent = StatusClass.submitTransport(lost(false, "econnrefused"), scrub, "look in the list")
    assert.deepStrictEqual([unsent.kind, unsent.advice], ["NotSent", null])
    assert.strictEqual(StatusClass.submitTransport(lost(false, "no-credential"), scrub).kind, "Denied")
  })
})
