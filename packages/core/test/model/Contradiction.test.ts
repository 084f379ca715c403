/** Which answers are about something else than was asked for. */
import { assert, describe, it } from "@effect/vitest"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"

const ticket = ScanTicket.make({
  vendor: "any",
  origin: "https://vendor.example",
  account: "default",
  scanId: "scan_1",
  submittedAt: 0
})

const unfetched = { status: "unavailable", reason: "the count cannot be read" } as const

const about = (kind: string, id: string) =>
  ScanOutcome.makeCompleted({
    ticket,
    vendorStatus: "done",
    assessment: { severity: "none", vendorSeverity: null, compliance: null, score: null },
    payload: null,
    subject: { kind, id, name: id }
  })

const why = (kind: string, asked: string, said: string): string | null =>
  Contradiction.between({ subject: { kind, id: asked, name: asked }, scanType: null }, about(kind, said))

describe("an answer about something else", () => {
  it("is known by the id of any kind of subject, not of sites and datasets alone (V-11)", () => {
    const others: ReadonlyArray<readonly [kind: string, asked: string, said: string]> = [
      ["url", "https://mine.example/", "https://other.example/"],
      ["company", "https://mine.example", "https://other.example"],
      ["dataset", "policy=1,upload=2", "policy=1,upload=3"],
      ["repository", "acme/shop refs/heads/main", "acme/till refs/heads/main"],
      ["project", "acme_shop", "acme_till"],
      ["package", "npm=left-pad,version=1", "npm=left-pad,version=2"],
      ["image", "https://registry.example/shop", "https://elsewhere.example/shop"]
    ]
    for (const [kind, asked, said] of others) {
      assert.match(why(kind, asked, said) ?? "nothing", /^the answer is about .*, and .* was asked for$/, kind)
      assert.isNull(why(kind, asked, asked), kind)
    }
  })

  it("is not seen in what only looks different or cannot be compared (V-11)", () => {
    const same: ReadonlyArray<readonly [kind: string, asked: string, said: string]> = [
      ["url", "https://www.mine.example/a", "http://MINE.example:80/b"],
      ["company", "https://mine.example", "Mine Ltd"],
      ["dataset", "policy=1,upload=2", "upload=2"],
      ["repository", "Acme/Shop", "acme/shop"]
    ]
    for (const [kind, asked, said] of same) assert.isNull(why(kind, asked, said), kind)
    const other = { subject: { kind: "project", id: "shop", name: "shop" }, scanType: null }
    assert.isNull(Contradiction.between(other, about("url", "https://mine.example/")))
  })

  it("lacks what its vendor did not give, too, once it is judged by another wish (V-11, V-01)", () => {
    const evidence = { ...ScanOutcome.evidence(about("url", "https://mine.example/")), findings: unfetched }
    const outcome = { ...about("url", "https://mine.example/"), evidence }
    const refused = ScanOutcome.withoutEvidence(outcome, "the answer is about mine.example")
    assert.strictEqual(ScanOutcome.evidence(refused).assessment.status, "unavailable")
    assert.deepStrictEqual(ScanOutcome.evidence(ScanOutcome.withOwnEvidence(refused)).findings, unfetched)
  })
})
