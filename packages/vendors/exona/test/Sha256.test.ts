import { assert, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { sha256 } from "../src/internal/Sha256.ts"

const expected = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

it("agrees with the platform around every block boundary", () => {
  for (let length = 0; length <= 200; length++) {
    const text = "é".repeat(length % 3) + "x".repeat(length)
    assert.strictEqual(sha256(text), expected(text))
  }
  assert.strictEqual(sha256("x".repeat(100_000)), expected("x".repeat(100_000)))
})

it.prop("agrees with the platform on any text", [Schema.String], ([text]) => {
  assert.strictEqual(sha256(text), expected(text))
})
