import { assert, describe, it } from "@effect/vitest"
import * as Login from "scanpoll/config/Login"

describe("a text of the user's in a message", () => {
  it.each([
    ["https://me:secret@a.example/x", "https://…@a.example/x"],
    ["postgres://me:se/cr?et@h:5432/db", "postgres://…@h:5432/db"],
    ["see http://me@a.example and http://b.example:8080/x", "see http://…@a.example and http://b.example:8080/x"],
    ["https://a.example:8080/@user", "https://a.example:8080/@user"],
    ["me@a.example", "me@a.example"]
  ])("shows %j without the login of an address (S-05)", (text, shown) => {
    assert.strictEqual(Login.hide(text), shown)
  })

  // Searched anew to its end from each address, it takes minutes.
  it.each(["", "@"])(
    "is gone through once, however long it is and however many addresses it has (%j before them) (S-10)",
    (at) => {
      const text = "://a:b ".repeat(150_000)
      assert.isTrue(Login.hide(`${at}${text}`).endsWith(text))
    }
  )
})
