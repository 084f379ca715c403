// Which scan an answer is about, and its status word.
import * as Result from "effect/Result"
import * as WireFields from "../../http/WireFields.ts"
import type { Facts } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import type { Status } from "./calls.ts"

/** The status word in the body of an answer, or why there is none. */
export const wordOf = (
  { numeric, word: place }: Pick<Status<never, unknown>, "numeric" | "word">,
  body: unknown,
  scanId: string
): Result.Result<string, string> => {
  if (typeof place === "function") {
    const word = place(body, scanId)
    return word === null ? Result.fail("the answer holds no status") : Result.succeed(word)
  }
  const word = Wire.get(body, place)
  if (word === null) return Result.fail(`${place.join(".")} is missing`)
  if (numeric === true) {
    const number = WireFields.integer.read(word)
    return number === null ? Result.fail(`${place.join(".")} is not a whole number`) : Result.succeed(String(number))
  }
  if (typeof word !== "string") return Result.fail(`${place.join(".")} is not a text`)
  return word.trim() === "" ? Result.fail(`${place.join(".")} is empty`) : Result.succeed(word)
}

/**
 * Why an answer is not about the scan, as a code and words; null where it is, or does not say. `place`: where the answer has
 * the scan's id.
 */
export const notAbout = (
  { ids, sameId }: Pick<Facts, "ids" | "sameId">,
  place: Wire.Place | null,
  body: unknown,
  scanId: string
): readonly [code: string, message: string] | null => {
  if (!WireFields.isRecord(body)) return ["invalid-answer", "the answer is not an object"]
  if (place === null) return null
  const id = Wire.get(body, place)
  if (typeof id !== (ids === "number" ? "number" : "string")) {
    const what = id === null ? "is missing" : `is not ${ids === "number" ? "a number" : "a text"}`
    return ["invalid-answer", `${place.join(".")} ${what}`]
  }
  const found = String(id)
  return found === scanId || sameId?.(scanId, found) === true
    ? null
    : ["id-mismatch", "the answer is about another scan than the asked one"]
}
