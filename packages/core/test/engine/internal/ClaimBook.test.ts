import { assert, describe, it } from "@effect/vitest"
import { ClaimBook } from "../../../src/engine/internal/claimBook.ts"
import * as ScanTicket from "../../../src/model/ScanTicket.ts"

const account = { vendor: "acme", origin: "https://api.acme.example", account: "default" }
const ticket = ScanTicket.make({ ...account, scanId: "s1", submittedAt: 0 })
const entry = (claimId: string, fingerprint: string, scan: ScanTicket.ScanTicket | null = null) => ({
  claimId,
  key: { ...account, environment: "live" as const, fingerprint },
  ticket: scan
})
const ids = (entries: ReadonlyArray<{ readonly claimId: string }>) => entries.map(({ claimId }) => claimId)

describe("the claims of a journal in memory", () => {
  it("lists the claims of one key with the newest first, and those of no other key", () => {
    const book = new ClaimBook<ReturnType<typeof entry>>()
    for (const [claimId, wish] of [
      ["1", "a"],
      ["2", "b"],
      ["3", "a"]
    ] as const)
      book.begin(entry(claimId, wish))
    assert.deepStrictEqual(ids(book.ofKey(entry("", "a").key)), ["3", "1"])
  })

  it("finds a claim by its scan as soon as its ticket is written, and no longer once it is removed", () => {
    const book = new ClaimBook<ReturnType<typeof entry>>()
    book.begin(entry("1", "a"))
    assert.isUndefined(book.ofScan(ticket))
    book.write(entry("1", "a", ticket))
    assert.strictEqual(book.ofScan(ticket)?.claimId, "1")
    book.remove(entry("1", "a", ticket))
    assert.isUndefined(book.ofScan(ticket))
    assert.deepStrictEqual(ids(book.all), [])
  })

  it("keeps a scan with its present claim when a former claim of it is removed", () => {
    const book = new ClaimBook<ReturnType<typeof entry>>()
    book.begin(entry("1", "a", ticket))
    book.begin(entry("2", "a", ticket))
    book.remove(entry("1", "a", ticket))
    assert.strictEqual(book.ofScan(ticket)?.claimId, "2")
  })
})
